"""The public's pages over the published seed, asked for as a browser does."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Visitor(TestClient):
    """Asks for pages, and follows no redirect by itself."""

    def __init__(self, application: Any) -> None:
        super().__init__(application, raise_server_exceptions=False, follow_redirects=False)
        self.headers["accept"] = "text/html"

    def read(self, path: str, **params: Any) -> str:
        """Return a page that must be there."""
        answer = self.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    return create_app(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture
def visitor(application) -> Iterator[Visitor]:
    with Visitor(application) as visitor:
        yield visitor


@pytest.fixture
def over() -> Iterator[Callable[[Any], Visitor]]:
    """Return what makes a visitor of an application of the test's own."""
    with ExitStack() as stack:
        yield lambda application: stack.enter_context(Visitor(application))


@pytest.fixture
def own(tmp_path) -> Iterator[tuple[Visitor, Store]]:
    """Return a visitor over a store of the test's own."""
    application = create_app(Settings(home=tmp_path / "home"))
    with Visitor(application) as visitor:
        yield visitor, Store(tmp_path / "home" / "atlas.sqlite")


@pytest.fixture
def publish(own) -> Callable[..., None]:
    """Publish the projects without some, and some with other properties; the pages know it then."""
    visitor, _ = own

    def change(
        store: Store, message: str, remove: tuple[str, ...] = (), **changed: dict[str, Any]
    ) -> None:
        head = store.head("projects")
        features = [
            replace(each, properties={**each.properties, **changed.get(each.id, {})})
            for each in store.features(head)
            if each.id not in remove
        ]
        revision = store.publish(
            "projects", features, base=head, kind="publish", author="a", message=message
        )
        asked = {"min_seq": revision.sequence}
        while visitor.get("/api", params=asked).status_code == 503:
            # The state is being taken, which a busy machine takes longer for than one may wait.
            pass

    return change
