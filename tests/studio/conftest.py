"""The studio over the published seed, with one person of each role."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account
from layers.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI
    from httpx2 import Response

PASSWORD = "十四五规划 studio 2035"  # noqa: S105  of nobody
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Person(TestClient):
    """A browser in which somebody is logged in; it sends what the pages' forms send."""

    def __init__(self, application: FastAPI, name: str | None) -> None:
        super().__init__(application, raise_server_exceptions=False, follow_redirects=False)
        self.headers["accept"] = "text/html"
        if name is not None:
            answer = self.post("/studio/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text

    @property
    def csrf(self) -> str:
        """What the forms carry."""
        found = _CSRF.search(self.get("/studio/account").text)
        assert found is not None
        return found.group(1)

    def submit(self, path: str, **fields: Any) -> Response:
        """Send a form."""
        return self.post(path, data={"csrf": self.csrf, **fields})


@pytest.fixture
def password() -> str:
    """The password of everybody."""
    return PASSWORD


@pytest.fixture(scope="session")
def person():
    """What logs somebody in, for fixtures that outlast a test."""
    return Person


@pytest.fixture(scope="session")
def accounts():
    """Return one account of each role; to hash a password takes time, as it should."""
    return [new_account(f"the-{role}", f"某{role}", role, PASSWORD) for role in ROLES]


@pytest.fixture(scope="session")
def home(tmp_path_factory, accounts):
    """Return a home with everything published, which tests copy."""
    home = tmp_path_factory.mktemp("home")
    people = create_app(Settings(home=home)).state.published.store.people
    for account in accounts:
        people.add(account, author="root")
    return home


@pytest.fixture
def application(tmp_path, home):
    shutil.copytree(home, tmp_path / "home")
    return create_app(Settings(home=tmp_path / "home"))


@pytest.fixture
def store(application):
    return application.state.published.store


@pytest.fixture
def visit(application) -> Iterator[Callable[[str | None], Person]]:
    """Return a browser in which somebody of a role is logged in, or nobody."""
    with TestClient(application):
        yield lambda role: Person(application, role and f"the-{role}")


@pytest.fixture
def own_home(tmp_path, home):
    """Return a home of its own, for an application with other settings."""
    return shutil.copytree(home, tmp_path / "own")
