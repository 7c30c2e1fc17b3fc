"""The application over the published seed, called without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    return create_app(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture
def client(application) -> Iterator[TestClient]:
    with TestClient(application, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def get(client) -> Callable[..., Any]:
    """Get a JSON document that must be there."""

    def fetch(path: str, **params: Any) -> Any:
        answer = client.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return fetch


@pytest.fixture
def assert_problem(client) -> Callable[..., dict[str, Any]]:
    """Get a refusal as RFC 9457 has it."""

    def fetch(path: str, status: int, *, method: str = "GET", **kwargs: Any) -> dict[str, Any]:
        answer = client.request(method, path, **kwargs)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"].endswith((".", "。"))
        assert "Traceback" not in answer.text
        return problem

    return fetch
