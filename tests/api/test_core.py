"""OGC API - Features Part 1: the abstract tests of the standard, by their names."""

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


def test_core_root_success(get):
    landing = get("/api")
    assert landing["title"] == "市中规划图集"
    assert rels(landing) >= {"self", "alternate", "service-desc", "conformance", "data"}


def test_every_link_of_the_landing_page_answers_with_its_type(client, get):
    for link in get("/api")["links"]:
        answer = client.get(path_of(link["href"]))
        assert answer.status_code == 200, link
        assert answer.headers["content-type"].startswith(link["type"].split(";")[0]), link


def test_core_conformance_success(get):
    declared = set(get("/api/conformance")["conformsTo"])
    core = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert declared >= {core + name for name in ("core", "geojson", "html", "oas30")}


def test_core_fc_md_success(get):
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


@pytest.mark.parametrize("collection_id", ["district", "zones", "places", "projects"])
def test_core_sfc_md_success(get, collection_id):
    alone = get(f"/api/collections/{collection_id}")
    listed = get("/api/collections")["collections"]
    assert alone in listed


def test_core_fc_response(client, get):
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


def test_core_fc_limit_response(get):
    everything = get("/api/collections/projects")["numberOfItems"]
    assert len(get(PROJECTS)["features"]) == 100 < everything
    assert len(get(PROJECTS, limit=10_000_000)["features"]) == everything


def test_an_offset_beyond_the_end_is_an_empty_page(get):
    page = get(PROJECTS, offset=10_000)
    assert page["features"] == []
    everything = get("/api/collections/projects")["numberOfItems"]
    assert (page["numberMatched"], page["numberReturned"]) == (everything, 0)


def test_core_fc_bbox_response(get):
    hits = get(PROJECTS, bbox="116.98,36.65,117.0,36.67")["features"]
    ids = {feature["id"] for feature in hits}
    assert "laoshangbu" in ids
    assert "yufuhe" not in ids
    assert all(feature["geometry"] for feature in hits)
    assert get(PROJECTS, bbox="0,0,1,1")["numberMatched"] == 0


def test_a_bbox_with_heights_is_read_without_them(get):
    flat = get(PROJECTS, bbox="116.98,36.65,117.0,36.67")["features"]
    assert get(PROJECTS, bbox="116.98,36.65,-10,117.0,36.67,100")["features"] == flat


def test_core_fc_time_response(get):
    for interval in ("2021-06-01", "2021-06-01T00:00:00Z/..", "../2025-12-31", "/2025-12-31"):
        everything = get("/api/collections/projects")["numberOfItems"]
        assert get(PROJECTS, datetime=interval)["numberMatched"] == everything


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


def test_core_f_success(client, get):
    answer = client.get(f"{PROJECTS}/laoshangbu")
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()
    assert rels(feature) == {"self", "alternate", "collection"}
    listed = get(PROJECTS, name="老商埠")["features"][0]
    assert {key: value for key, value in feature.items() if key != "links"} == listed


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
