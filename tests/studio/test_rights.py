"""Every address has a declared right, and each role has what it has and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Mount

from app.access import Declared
from layers.roles import RIGHTS, ROLES, has_right

if TYPE_CHECKING:
    from collections.abc import Iterator

SAFE = {"GET", "HEAD", "OPTIONS"}
OPEN_TO_CHANGES = {"/areas", "/nearby", "/studio/login"}
"""What anybody may send something to: it lets them in, or answers and keeps nothing."""


def routes(application: Any) -> Iterator[Any]:
    """Yield every route with the path and the dependencies that it has in the end."""
    for route in application.routes:
        if isinstance(route, Mount):
            yield route
        else:
            yield from route.effective_route_contexts()


def declared(route: Any) -> set[str]:
    found, waiting = set(), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Declared):
            found.add(dependant.call.right)
        waiting += dependant.dependencies
    return found


def test_every_route_declares_a_right(application):
    undeclared = [
        route.path
        for route in routes(application)
        if not isinstance(route, Mount) and not declared(route)
    ]
    assert undeclared == []


def test_what_is_mounted_holds_our_own_files_only(application):
    mounts = [route.path for route in routes(application) if isinstance(route, Mount)]
    assert [path.split("/")[1] for path in mounts] == ["static"]


def test_whatever_changes_something_needs_more_than_nothing(application):
    open_ = {
        route.path
        for route in routes(application)
        if not isinstance(route, Mount)
        and not route.methods <= SAFE
        and not declared(route) - {"public"}
    }
    assert open_ == OPEN_TO_CHANGES


def filled(path: str) -> str:
    for name, value in {"name": "the-auditor", "number": "1"}.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def studio_routes(application) -> list[tuple[str, str, set[str]]]:
    return [
        (method, filled(route.path), declared(route))
        for route in routes(application)
        if not isinstance(route, Mount) and route.path.startswith("/studio")
        for method in sorted(route.methods - {"HEAD"})
    ]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_let_in_where_it_has_the_right_and_nowhere_else(application, visit, role):
    browser = visit(role)
    token = {"x-csrf-token": browser.csrf}
    wrong = []
    for method, path, rights in studio_routes(application):
        if path in {"/studio/login", "/studio/logout"}:
            continue
        answer = browser.request(method, path, headers=token)
        refused = answer.status_code == 403
        if refused == all(has_right(role, right) for right in rights):
            wrong.append((method, path, rights, answer.status_code))
    assert wrong == []


def test_the_table_of_roles_and_routes_is_not_empty(application):
    assert len(studio_routes(application)) > 10


def test_nobody_is_let_in_without_logging_in(application, visit):
    browser = visit(None)
    for method, path, rights in studio_routes(application):
        if rights != {"public"}:
            answer = browser.request(method, path)
            assert answer.status_code == (303 if method == "GET" else 401), path


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("editor", {"public", "own", "view", "draft"}),
        ("reviewer", {"public", "own", "view", "draft", "review", "publish", "answer"}),
        ("administrator", set(RIGHTS)),
        ("auditor", {"public", "own", "view", "audit"}),
    ],
)
def test_the_rights_of_a_role(role, rights):
    assert {right for right in RIGHTS if has_right(role, right)} == rights


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-csrf-token": ""},
        {"x-csrf-token": "0" * 64},
        {"x-csrf-token": "right", "origin": "https://evil.example"},
        {"x-csrf-token": "right", "sec-fetch-site": "cross-site"},
        {"x-csrf-token": "right", "sec-fetch-site": "same-site"},
    ],
)
def test_a_request_that_no_page_of_ours_sent_changes_nothing(visit, store, headers):
    browser = visit("administrator")
    if headers.get("x-csrf-token") == "right":
        headers = headers | {"x-csrf-token": browser.csrf}
    before = store.log()

    answer = browser.post("/studio/people/the-auditor", data={"what": "disable"}, headers=headers)

    assert answer.status_code == 403
    assert store.people.get("the-auditor").disabled is None
    assert store.log() == before


def test_the_token_of_one_session_is_worth_nothing_in_another(visit, store):
    stranger, browser = visit("editor"), visit("administrator")
    answer = browser.post(
        "/studio/people/the-auditor", data={"what": "disable", "csrf": stranger.csrf}
    )
    assert answer.status_code == 403
    assert store.people.get("the-auditor").disabled is None
