"""OGC API - Features Part 1 beyond its abstract tests, which `test_abstract_core` has."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
PROJECTS = "/api/collections/projects/items"


def rels(document):
    return {link["rel"] for link in document["links"]}


def href(document, rel, media_type=None):
    return next(
        link["href"]
        for link in document["links"]
        if link["rel"] == rel and media_type in (None, link["type"])
    )


def path_of(address):
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_collections_are_listed_in_the_order_of_drawing_with_their_extents(get):
    document = get("/api/collections")
    assert [each["id"] for each in document["collections"]] == [
        "district",
        "zones",
        "places",
        "projects",
    ]
    assert rels(document) >= {"self", "alternate"}
    for collection in document["collections"]:
        assert rels(collection) >= {"self", "items"}
        assert collection["itemType"] == "feature"
        assert collection["crs"][0] == CRS84
        ((west, south, east, north),) = collection["extent"]["spatial"]["bbox"]
        assert 116.8 < west < east < 117.2
        assert 36.4 < south < north < 36.7


def test_a_page_tells_how_many_there_are_and_leads_on(client, get):
    answer = client.get(PROJECTS, params={"limit": 5})
    assert answer.headers["content-type"] == "application/geo+json"
    document = answer.json()
    assert document["type"] == "FeatureCollection"
    assert document["numberReturned"] == len(document["features"]) == 5
    assert document["numberMatched"] == get("/api/collections/projects")["numberOfItems"]
    assert rels(document) == {"self", "alternate", "collection", "next"}


@pytest.mark.parametrize("limit", [3, 48, 261, 1000])
def test_a_walk_over_the_pages_yields_each_item_once(get, limit):
    seen, path = [], f"{PROJECTS}?limit={limit}"
    while path:
        page = get(path)
        seen += [feature["id"] for feature in page["features"]]
        path = path_of(href(page, "next")) if "next" in rels(page) else None
    everything = [feature["id"] for feature in get(PROJECTS, limit=1000)["features"]]
    assert seen == everything
    assert len(seen) == len(set(seen)) >= 29


def test_the_way_back_leads_to_the_page_before(get):
    first = get(PROJECTS, limit=5, zone="北部核心区")
    second = get(path_of(href(first, "next")))
    back = get(path_of(href(second, "prev")))
    assert back["features"] == first["features"]
    assert {f["properties"]["zone"] for f in second["features"]} == {"北部核心区"}


def test_an_offset_beyond_the_end_is_an_empty_page(get):
    page = get(PROJECTS, offset=10_000)
    assert page["features"] == []
    everything = get("/api/collections/projects")["numberOfItems"]
    assert (page["numberMatched"], page["numberReturned"]) == (everything, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zone", "南部生态区"),
        ("kind", "产业园区"),
        ("stage", "储备"),
        ("name", "老商埠"),
        ("precision", "P4"),
        ("parent", "nanbu-kechuang-xincheng"),
    ],
)
def test_a_property_filter_gives_exactly_what_has_the_value(get, name, value):
    everything = get(PROJECTS, limit=1000)["features"]
    expected = [f for f in everything if f["properties"][name] == value]
    assert expected
    assert get(PROJECTS, **{name: value})["features"] == expected


def test_filters_go_together_and_lists_match_by_member(client, get):
    hits = get(PROJECTS, zone="中部崛起区", industries="数字经济")["features"]
    assert hits
    for feature in hits:
        assert feature["properties"]["zone"] == "中部崛起区"
        assert "数字经济" in feature["properties"]["industries"]
    assert get(PROJECTS, uncertainty_m="2000")["features"][0]["id"] == "yufuhe"
    refused = client.get(PROJECTS, params={"uncertainty_m": "far"})
    assert refused.json()["errors"][0]["parameter"] == "uncertainty_m"


def test_a_feature_without_a_place_has_a_null_geometry(get):
    feature = get(f"{PROJECTS}/kemayu")
    assert feature["geometry"] is None
    assert feature["properties"]["geometry_method"]


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/conformance",
        "/api/collections",
        "/api/collections/zones",
        "/api/collections/projects/items",
        "/api/collections/projects/items/kemayu",
    ],
)
def test_every_resource_has_a_page(client, path):
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for answer in (client.get(path, headers=browser), client.get(path, params={"f": "html"})):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert '<html lang="zh-CN"' in answer.text
    english = client.get(path, params={"f": "html", "lang": "en"})
    assert '<html lang="en"' in english.text
    for accept in ("*/*", "application/json", "nonsense", ""):
        kind = client.get(path, headers={"accept": accept}).headers["content-type"]
        assert "json" in kind


def test_a_revision_is_kept_for_ever_and_has_a_strong_etag(client, get):
    address = path_of(href(get("/api/collections/projects"), "enclosure"))
    answer = client.get(address)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.json()["features"] == get(PROJECTS, limit=1000)["features"]
    tag = answer.headers["etag"]
    assert not tag.startswith("W/")
    again = client.get(address, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_client_that_has_the_items_is_told_so(client):
    answer = client.get(PROJECTS)
    same = client.get(PROJECTS, headers={"if-none-match": answer.headers["etag"]})
    other = client.get(
        PROJECTS, params={"limit": 1}, headers={"if-none-match": answer.headers["etag"]}
    )
    assert (same.status_code, other.status_code) == (304, 200)


def test_head_answers_as_get_without_a_body(client):
    for path in ("/", "/api", PROJECTS, f"{PROJECTS}/laoshangbu", "/maps/zones"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == got.headers["etag"]


def test_any_site_may_read(client):
    answer = client.get(PROJECTS, headers={"origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
