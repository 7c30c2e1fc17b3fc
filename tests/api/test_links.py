"""Links name the atlas as clients know it, whichever way an answer is put together."""

from __future__ import annotations

import json
import re

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

KNOWN_AS = "https://atlas.example"
PLACE = "116.99,36.65"
SLOW = [
    "/api?f=json",
    "/api/collections?f=json",
    "/api/collections/projects?f=json",
    "/api/collections/projects/items?limit=2&f=json",
    "/api/collections/projects/items/laoshangbu",
    "/api/collections/projects/revisions?f=json",
    "/api/collections/projects/stats",
    f"/api/at?point={PLACE}&within=100",
    "/api/stats",
    "/robots.txt",
    "/sitemap.xml",
]
FAST = [b"/api/collections/projects/items?limit=2", b"/api/collections/projects/items/laoshangbu"]
FORWARDED = (b"x-forwarded-proto", b"https")


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Return an atlas that was told under which address it is known."""
    return create_app(Settings(home=tmp_path_factory.mktemp("known"), public_url=KNOWN_AS))


def own_links(text: str) -> set[str]:
    """Return scheme and host of every link that leads to the atlas."""
    return set(re.findall(r"(https?://[^/\"<>]+)/(?:api|sitemap|nearby)", text))


@pytest.mark.parametrize("headers", [{}, {"x-forwarded-proto": "http"}, {"host": "10.0.0.9:8000"}])
@pytest.mark.parametrize("path", SLOW)
def test_links_have_the_address_that_is_set(known, path, headers):
    with TestClient(known) as client:
        answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    assert own_links(answer.text) == {KNOWN_AS}


@pytest.mark.parametrize(
    "path",
    ["/api/stats?collections=projects&lang=en", "/api/collections/projects/stats?name=老商埠"],
)
def test_a_document_links_to_itself_as_it_was_asked_for(known, path):
    with TestClient(known) as client:
        answer = client.get(path)
    (own,) = (each["href"] for each in answer.json()["links"] if each["rel"] == "self")
    assert own == KNOWN_AS + str(answer.request.url).removeprefix("http://testserver")


@pytest.mark.parametrize("path", FAST)
@pytest.mark.parametrize("more", [[], [FORWARDED]])
def test_what_is_answered_at_once_has_it_too_whatever_a_proxy_says(known, path, more):
    with TestClient(known) as client:
        reads = client.app_state["reads"]
        ready = reads.answer(path, [(b"host", b"10.0.0.9:8000"), *more])
        slow = client.get(path.decode()).json()
    text = b"".join(ready.body).decode()
    assert own_links(text) == {KNOWN_AS}
    assert slow["links"] == json.loads(text)["links"]


@pytest.mark.parametrize("path", FAST)
def test_without_it_the_application_reads_what_a_proxy_says(client, path):
    reads, host = client.app_state["reads"], (b"host", b"testserver")
    ready = reads.answer(path, [host])
    assert own_links(b"".join(ready.body).decode()) == {"http://testserver"}
    assert reads.answer(path, [host, FORWARDED]) is None
