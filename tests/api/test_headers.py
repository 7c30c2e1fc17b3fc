"""What every answer carries."""

from __future__ import annotations

import pytest

PAGES = ["/", "/maps/zones", "/api?f=html", "/nothing"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_load_nothing_but_our_own_files(client, path):
    policy = client.get(path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_only_maps_may_be_embedded_elsewhere(client):
    def ancestors(path):
        return client.get(path).headers["content-security-policy"].rpartition("frame-ancestors ")[2]

    assert ancestors("/maps/zones") == "*"
    assert ancestors("/") == "'self'"


@pytest.mark.parametrize("path", ["/", "/maps/projects", "/api/collections/projects/items"])
def test_an_answer_is_compressed_for_those_who_can_read_it(client, path):
    for encoding in ("br", "gzip"):
        answer = client.get(path, headers={"accept-encoding": encoding})
        assert answer.headers["content-encoding"] == encoding
        assert "accept-encoding" in answer.headers["vary"].lower()


def test_no_page_has_a_script_or_a_style_in_it(client):
    for path in PAGES:
        page = client.get(path, headers={"accept": "text/html"}).text
        scripts = [tag for tag in page.split("<script")[1:] if "src=" not in tag.split(">")[0]]
        assert all('type="application/json"' in tag.split(">")[0] for tag in scripts), path
        assert "<style" not in page
        assert " style=" not in page


def test_no_page_names_another_host(client):
    for path in ["/", "/?lang=en", "/maps/zones", "/maps/projects", "/api?f=html"]:
        page = client.get(path).text
        for attribute in ("src", "href"):
            for value in (part.split('"')[0] for part in page.split(f' {attribute}="')[1:]):
                assert value.startswith(("/", "#", "?", "http://testserver/")), (path, value)
