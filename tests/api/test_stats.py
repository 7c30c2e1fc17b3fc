"""Counts, areas and lengths of collections, by zone."""

from __future__ import annotations

import pytest
from shapely.geometry import shape

from layers.measure import area_m2

PROJECTS = "/api/collections/projects"
STATS = f"{PROJECTS}/stats"


def test_a_collection_is_counted_and_measured(get):
    items = get(f"{PROJECTS}/items", limit=1000)["features"]
    stats = get(STATS)
    drawn = [shape(each["geometry"]) for each in items if each["geometry"]]
    assert stats["numberMatched"] == len(items)
    assert (stats["mapped"], stats["unmapped"]) == (len(drawn), len(items) - len(drawn))
    areas = sum(area_m2(each) for each in drawn if "Polygon" in each.geom_type)
    assert stats["area_m2"] == pytest.approx(areas, rel=1e-6)
    assert stats["area_km2"] == pytest.approx(areas / 1e6, rel=1e-6)
    assert stats["length_m"] > 0
    assert stats["revision"] == 1


def test_the_area_inside_each_zone_is_exact(get):
    zones = get("/api/collections/zones/items")["features"]
    items = get(f"{PROJECTS}/items", limit=1000)["features"]
    drawn = [shape(each["geometry"]) for each in items if each["geometry"]]
    stats = {each["id"]: each for each in get(STATS)["zones"]}
    for zone in zones:
        area = shape(zone["geometry"])
        inside = sum(area_m2(each & area) for each in drawn if "Polygon" in each.geom_type)
        assert stats[zone["id"]]["area_m2"] == pytest.approx(inside, rel=1e-6, abs=0.2)
        assert stats[zone["id"]]["name"] == zone["properties"]["name"]


def test_the_zones_cover_the_district_and_nothing_of_it_is_outside(get):
    stats = get("/api/collections/district/stats")
    inside = sum(each["area_m2"] for each in stats["zones"])
    assert inside == pytest.approx(stats["area_m2"], rel=1e-6)
    assert stats["outside"]["area_m2"] == 0


@pytest.mark.parametrize(
    "filters",
    [
        {"bbox": "116.95,36.6,117.0,36.68"},
        {"zone": "北部核心区"},
        {"filter": "kind = '产业园区'"},
        {"stage": "储备", "mapped": "true"},
        {"datetime": "2021-06-01/.."},
        {"chapter": "4"},
    ],
)
def test_every_filter_of_the_items_narrows_it_down(get, filters):
    expected = get(f"{PROJECTS}/items", **filters)["numberMatched"]
    stats = get(STATS, **filters)
    assert stats["numberMatched"] == expected
    assert stats["mapped"] + stats["unmapped"] == expected


def test_all_collections_are_counted_at_once(get):
    document = get("/api/stats")
    counts = {each["id"]: each["numberMatched"] for each in document["collections"]}
    for name, count in counts.items():
        assert get(f"/api/collections/{name}")["numberOfItems"] == count
    some = get("/api/stats", collections="zones,projects", bbox="116.95,36.6,117.0,36.68")
    assert [each["id"] for each in some["collections"]] == ["zones", "projects"]
    inside = get(f"{PROJECTS}/items", bbox="116.95,36.6,117.0,36.68")["numberMatched"]
    assert some["collections"][1]["numberMatched"] == inside


def test_an_older_revision_is_counted_too(get):
    assert get(STATS, revision=1) == get(STATS) | {"links": get(STATS, revision=1)["links"]}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=5", "limit"),
        ("offset=5", "offset"),
        ("crs=EPSG:4490", "crs"),
        ("sortby=name", "sortby"),
        ("properties=name", "properties"),
        ("bbox=1,2,3", "bbox"),
        ("filter=((((", "filter"),
        ("filter=" + "(" * 3000, "filter"),
        ("nonsense=1", "nonsense"),
        ("revision=x", "revision"),
    ],
)
def test_what_is_malformed_is_named(assert_problem, query, parameter):
    assert assert_problem(f"{STATS}?{query}", 400)["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("query", ["filter=kind='x'", "zone=x", "bbox=x", "revision=1"])
def test_all_collections_know_only_what_each_has(assert_problem, query):
    name = query.split("=")[0]
    assert assert_problem(f"/api/stats?{query}", 400)["errors"][0]["parameter"] == name


def test_what_is_not_there_is_not_found(assert_problem):
    assert_problem("/api/collections/nothing/stats", 404)
    assert_problem("/api/stats?collections=nothing", 404)
    assert_problem(f"{STATS}?revision=9", 404)
