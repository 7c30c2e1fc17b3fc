"""Every address has a declared right, and each role has what it has and no more."""

from __future__ import annotations

import io
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount

from layers.people import issue_token
from layers.roles import RIGHTS, ROLES, has_right
from layers.store import ChangeSet, new_draft

SAFE = {"GET", "HEAD", "OPTIONS"}
OPEN_TO_CHANGES = {
    "/areas", "/nearby", "/opinions", "/opinions/erase", "/opinions/follow", "/studio/login",
}  # fmt: skip
"""What anybody may send something to: what lets them in, what the public may say, and what answers
and keeps nothing."""


def load_table():
    path = Path(__file__).parents[2] / "docs" / "rights.py"
    spec = spec_from_file_location("rights", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = load_table()
routes = TABLE.routes


def declared(route: Any) -> set[str]:
    return {each.right for each in TABLE.declarations(route)}


def test_the_page_of_rights_is_what_the_code_declares(application):
    assert TABLE.PAGE.read_text("utf-8") == TABLE.table(application)


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


def filled(path: str, upload: str = "nothing") -> str:
    """Return a path whose ids are there: what is refused is refused for the role alone."""
    layer = "places" if "/features/" in path else "projects"
    known = {
        "name": "the-auditor",
        "number": "1",
        "layer": "projects",
        "layer_id": layer,
        "feature_id": "laoshangbu",
        "feature_id:path": "laoshangbu",
        "upload_id": upload,
    }
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, path
    return path


def studio_routes(application, upload: str = "nothing") -> list[tuple[str, str, set[str]]]:
    return [
        (method, filled(route.path, upload), declared(route))
        for route in routes(application)
        if not isinstance(route, Mount) and route.path.startswith("/studio")
        for method in sorted(route.methods - {"HEAD"})
    ]


@pytest.fixture
def upload(application, store):
    """Return the id of an upload of the editor; there is a draft and a token of theirs too."""
    editor = store.people.get("the-editor")
    draft = new_draft(
        "projects", store.head("projects").number, author="the-editor", source="a.geojson",
        crs="EPSG:4490", notes=(), findings=(), context="",
    )  # fmt: skip
    feature = store.features(store.head("projects"))[0]
    store.drafts.add(draft, ChangeSet((feature,), (), {}))
    issue_token(store, application.state.published.bundle, editor, "QGIS", ["*:read"], 1)
    parts = [("a.geojson", io.BytesIO(b'{"type": "FeatureCollection", "features": []}'))]
    return application.state.uploads.add(parts, layer_id="projects", by=editor)[0].id


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_let_in_where_it_has_the_right_and_nowhere_else(
    application, visit, role, upload
):
    browser = visit(role)
    token = {"x-csrf-token": browser.csrf, "accept": "application/json"}
    wrong = []
    for method, path, rights in studio_routes(application, upload):
        if rights == {"public"} or path == "/studio/logout":
            continue
        answer = browser.request(method, path, headers=token)
        # Whose a draft is matters too; what is asked here is what the role may do.
        refused = answer.status_code == 403 and f"The role {role} may not" in answer.text
        if refused == all(has_right(role, right) for right in rights):
            wrong.append((method, path, rights, answer.status_code))
        assert answer.status_code < 500, path
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
