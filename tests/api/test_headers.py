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


def test_what_is_published_now_may_be_kept_for_seconds_but_an_item_is_asked_for_anew(client):
    items = "/api/collections/projects/items"
    for path in ("/api/collections", "/api/collections/projects", items):
        cache = client.get(path).headers["cache-control"]
        assert "max-age=5" in cache, path
        assert "stale-while-revalidate" in cache
    assert client.get(f"{items}/yufuhe").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["items", "items/yufuhe"])
def test_who_has_an_answer_is_told_so_with_its_headers(client, path):
    path = f"/api/collections/projects/{path}"
    answer = client.get(path)
    again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control"):
        assert again.headers[name] == answer.headers[name]
    assert "Accept-Encoding" in again.headers["vary"]


def test_the_pages_around_a_page_are_in_its_headers_too(client):
    first = client.get("/api/collections/projects/items", params={"limit": 2})
    second = client.get(first.links["next"]["url"])
    assert second.json()["features"][0]["id"] != first.json()["features"][0]["id"]
    assert {"next", "prev"} <= second.links.keys()
    assert "prev" not in first.links


@pytest.mark.parametrize(
    "path",
    [
        "/api/collections/projects/items",
        "/api/collections/projects/items/nothing",
        "/api/collections/projects",
        "/api/collections/projects/download.csv",
        "/api/tiles/WebMercatorQuad/11/799/1689",
    ],
)
def test_what_scripts_of_other_sites_may_read_is_the_same_everywhere(client, path):
    answer = client.get(path, headers={"origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert len(exposed) == len(set(exposed))
    assert {"etag", "link", "location", "content-crs", "content-disposition"} <= set(exposed)
    assert {"retry-after", "content-range", "www-authenticate", "allow"} <= set(exposed)
