"""Addresses and headers of our own files."""

from __future__ import annotations

import mimetypes
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.assets import STATIC_DIRECTORY, StaticTree
from app.scripts import imported, plain_script

TYPES = {
    "a.css": "text/css; charset=utf-8",
    "a.js": "text/javascript; charset=utf-8",
    "a.mjs": "text/javascript; charset=utf-8",
    "a.svg": "image/svg+xml",
    "a.woff2": "font/woff2",
}


@pytest.fixture
def folder(tmp_path):
    for name in TYPES:
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def client(folder):
    application = FastAPI()
    StaticTree(folder, {}).mount(application)
    return TestClient(application)


@pytest.mark.parametrize("name", TYPES)
def test_file_is_kept_for_ever_and_has_its_type(name, client, folder, monkeypatch):
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_, **__: ("text/plain", None))

    answer = client.get(StaticTree(folder, {}).href(name))

    assert answer.text == name
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == TYPES[name]


def test_unknown_file_is_refused_when_a_page_is_built(folder):
    with pytest.raises(FileNotFoundError, match=r"no file b\.js"):
        StaticTree(folder, {}).href("b.js")


def test_addresses_change_with_any_file(folder):
    before = StaticTree(folder, {}).href("a.js")
    (folder / "a.css").write_text("changed")

    assert StaticTree(folder, {}).href("a.js") != before


def test_nothing_outside_the_tree_is_served(client, folder):
    (folder.parent / "secret").write_text("secret")
    address = StaticTree(folder, {}).href("a.js").replace("a.js", "%2e%2e/secret")

    assert client.get(address).status_code == 404


def test_a_joined_file_is_made_of_others_and_its_address_changes_with_it(folder):
    one = StaticTree(folder, {"both.css": lambda files: (files / "a.css").read_bytes() * 2})
    application = FastAPI()
    one.mount(application)
    client = TestClient(application)

    answer = client.get(one.href("both.css"))

    assert answer.text == "a.cssa.css"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    again = client.get(one.href("both.css"), headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(one.href("both.css")).headers["content-length"] == "10"
    assert client.post(one.href("both.css")).status_code == 405
    other = StaticTree(folder, {"both.css": lambda _: b"other"})
    assert other.href("a.css") != one.href("a.css")


def test_what_the_map_page_loads_later_brings_nothing_that_is_joined_already():
    joined = imported(STATIC_DIRECTORY, "atlas/main.js")
    names = {path.name for path in (STATIC_DIRECTORY / "atlas").glob("*.js")}
    source = plain_script(STATIC_DIRECTORY, "atlas/main.js", is_alone=False)
    later = {f"atlas/{name}" for name in re.findall(r'import\("\./([^"]+)"\)', source)}

    assert len(joined) > 10
    assert {"atlas/large.js", "atlas/tools.js"} <= later
    assert {each.removeprefix("atlas/") for each in later} <= names
    for each in later:
        assert not imported(STATIC_DIRECTORY, each) & joined, each
