"""OGC API - Features Part 3 and CQL2: the classes that are declared, and what is refused."""

from __future__ import annotations

import json

import pytest
from pyproj import Transformer
from shapely.geometry import box, shape

PROJECTS = "/api/collections/projects/items"


@pytest.fixture
def every(get):
    return get(PROJECTS, limit=10_000)["features"]


@pytest.fixture
def found(get):
    def fetch(text, language=None):
        params = {"filter": text if isinstance(text, str) else json.dumps(text), "limit": 10_000}
        if language or not isinstance(text, str):
            params["filter-lang"] = language or "cql2-json"
        document = get(PROJECTS, **params)
        assert document["numberMatched"] == document["numberReturned"] == len(document["features"])
        return [feature["id"] for feature in document["features"]]

    return fetch


def having(every, test):
    return [f["id"] for f in every if test(f["properties"])]


CASES = {
    "basic-cql2: =": ("kind = '产业园区'", lambda p: p["kind"] == "产业园区"),
    "basic-cql2: <>": ("kind <> '产业园区'", lambda p: p["kind"] != "产业园区"),
    "basic-cql2: a missing value is neither": (
        "zone <> '北部核心区'",
        lambda p: p["zone"] not in {None, "北部核心区"},
    ),
    "basic-cql2: and, or, not": (
        "(zone = '北部核心区' OR zone = '南部生态区') AND NOT stage = '完成'",
        lambda p: p["zone"] in {"北部核心区", "南部生态区"} and p["stage"] not in {None, "完成"},
    ),
    "basic-cql2: numbers": (
        "uncertainty_m >= 300",
        lambda p: p["uncertainty_m"] is not None and p["uncertainty_m"] >= 300,
    ),
    "basic-cql2: is null": ("precision IS NULL", lambda p: p["precision"] is None),
    "basic-cql2: is not null": ("precision IS NOT NULL", lambda p: p["precision"] is not None),
    "advanced-comparison-operators: like": ("name LIKE '%公园%'", lambda p: "公园" in p["name"]),
    "advanced-comparison-operators: in": (
        "kind IN ('产业园区', '产业基地')",
        lambda p: p["kind"] in {"产业园区", "产业基地"},
    ),
    "advanced-comparison-operators: not in": (
        "stage NOT IN ('建设', '完成')",
        lambda p: p["stage"] not in {None, "建设", "完成"},
    ),
    "advanced-comparison-operators: between": (
        "uncertainty_m BETWEEN 100 AND 500",
        lambda p: p["uncertainty_m"] is not None and 100 <= p["uncertainty_m"] <= 500,
    ),
    "case-insensitive-comparison": (
        "CASEI(name_en) LIKE CASEI('%PARK%')",
        lambda p: "park" in p["name_en"].lower(),
    ),
    "accent-insensitive-comparison": (
        "ACCENTI(name_en) LIKE ACCENTI('%Pârk%')",
        lambda p: "Park" in p["name_en"],
    ),
    "property-property": ("zone = parent", lambda p: p["zone"] == p["parent"] is not None),
    "arithmetic": (
        "uncertainty_m / 2 + 50 > 200",
        lambda p: p["uncertainty_m"] is not None and p["uncertainty_m"] / 2 + 50 > 200,
    ),
    "arithmetic: by nothing": ("uncertainty_m / 0 > 1", lambda p: False),
    "array-functions: contains": (
        "A_CONTAINS(industries, ('文化旅游'))",
        lambda p: "文化旅游" in p["industries"],
    ),
    "array-functions: overlaps": (
        "A_OVERLAPS(industries, ('文化旅游', '总部经济'))",
        lambda p: bool({"文化旅游", "总部经济"} & set(p["industries"])),
    ),
    "temporal-functions: after": (
        "T_AFTER(valid_from, DATE('2020-01-01'))",
        lambda p: p["valid_from"] is not None and p["valid_from"] > "2020-01-01",
    ),
    "temporal-functions: intervals": (
        "T_INTERSECTS(INTERVAL(valid_from, '..'), INTERVAL('2021-01-01', '2025-12-31'))",
        lambda p: p["valid_from"] is not None and p["valid_from"] <= "2025-12-31",
    ),
    "cql2-text: quoted names": ("\"kind\" = '产业园区'", lambda p: p["kind"] == "产业园区"),
}


@pytest.mark.parametrize(("text", "test"), CASES.values(), ids=CASES)
def test_a_condition_finds_what_it_says(found, every, text, test):
    assert found(text) == having(every, test)


def test_cql2_json_says_the_same(found):
    document = {
        "op": "and",
        "args": [
            {"op": "=", "args": [{"property": "zone"}, "北部核心区"]},
            {"op": "like", "args": [{"property": "name"}, "%商埠%"]},
        ],
    }
    assert found(document) == found("zone = '北部核心区' AND name LIKE '%商埠%'")
    assert found(document)


SPATIAL = {
    "S_INTERSECTS(geometry, BBOX(116.9, 36.6, 117.0, 36.7))": lambda g, b: g.intersects(b),
    "S_WITHIN(geometry, POLYGON((116.9 36.6, 117 36.6, 117 36.7, 116.9 36.7, 116.9 36.6)))": (
        lambda g, b: g.within(b)
    ),
    "S_DISJOINT(geometry, BBOX(116.9, 36.6, 117.0, 36.7))": lambda g, b: g.disjoint(b),
    "S_OVERLAPS(geometry, BBOX(116.9, 36.6, 117.0, 36.7))": lambda g, b: g.overlaps(b),
    "S_CONTAINS(BBOX(116.9, 36.6, 117.0, 36.7), geometry)": lambda g, b: b.contains(g),
    "S_TOUCHES(geometry, BBOX(116.9, 36.6, 117.0, 36.7))": lambda g, b: g.touches(b),
    "S_CROSSES(geometry, BBOX(116.9, 36.6, 117.0, 36.7))": lambda g, b: g.crosses(b),
    "S_EQUALS(geometry, BBOX(116.9, 36.6, 117.0, 36.7))": lambda g, b: g.equals(b),
}


@pytest.mark.parametrize(("text", "test"), SPATIAL.items())
def test_a_spatial_condition_finds_what_it_says(found, every, text, test):
    area = box(116.9, 36.6, 117.0, 36.7)
    drawn = [(f["id"], shape(f["geometry"])) for f in every if f["geometry"]]
    assert found(text) == [id_ for id_, geometry in drawn if test(geometry, area)]


def test_shapes_of_a_filter_can_be_in_another_system(get, found):
    text = "S_INTERSECTS(geometry, BBOX(4050000, 490000, 4056000, 500000))"
    crs = "http://www.opengis.net/def/crs/EPSG/0/4548"
    document = get(PROJECTS, filter=text, limit=10_000, **{"filter-crs": crs})
    back = Transformer.from_crs(4548, 4490)
    corners = [(4050000, 490000), (4050000, 500000), (4056000, 500000), (4056000, 490000)]
    places = [back.transform(*corner) for corner in [*corners, corners[0]]]
    ring = ", ".join(f"{longitude} {latitude}" for latitude, longitude in places)
    near = found(f"S_INTERSECTS(geometry, POLYGON(({ring})))")
    assert [f["id"] for f in document["features"]] == near
    assert near


def test_a_filter_narrows_what_the_other_parameters_choose(get):
    both = get(PROJECTS, filter="stage IS NOT NULL", zone="北部核心区", limit=1000)["features"]
    ids = {f["id"] for f in both}
    assert ids == {
        f["id"]
        for f in get(PROJECTS, zone="北部核心区", limit=1000)["features"]
        if f["properties"]["stage"] is not None
    }


def test_a_property_of_a_name_filters_by_equality(get, every):
    found = get(PROJECTS, commitment="谋划", limit=1000)["features"]
    assert [f["id"] for f in found] == having(every, lambda p: p["commitment"] == "谋划")


def test_items_can_be_sorted_by_several_properties(get, every):
    found = get(PROJECTS, sortby="-uncertainty_m,+name", limit=1000)["features"]

    def key(feature):
        properties = feature["properties"]
        size = properties["uncertainty_m"]
        return (size is None, -(size or 0), properties["name"])

    assert [f["id"] for f in found] == [f["id"] for f in sorted(every, key=key)]


def test_pages_of_a_sorted_filter_yield_each_item_once(get):
    seen = []
    for offset in range(0, 300, 7):
        document = get(PROJECTS, sortby="name_en", filter="zone IS NULL", limit=7, offset=offset)
        seen += [feature["id"] for feature in document["features"]]
    assert len(seen) == len(set(seen)) == document["numberMatched"]


def test_only_the_properties_that_are_asked_for_are_answered(get):
    document = get(PROJECTS, properties="name,zone", skipGeometry="true", limit=3)
    for feature in document["features"]:
        assert list(feature["properties"]) == ["name", "zone"]
        assert feature["geometry"] is None
        assert feature["id"]


def nested(depth):
    return "(" * depth + "kind = 'x'" + ")" * depth


REFUSED = {
    "an empty filter": "",
    "a half": "kind =",
    "no condition": "kind",
    "a constant": "'x'",
    "an unknown property": "colour = 'red'",
    "kinds that do not compare": "name > 5",
    "a text as geometry": "S_INTERSECTS(name, POINT(1 1))",
    "an unknown function": "soundex(name) = 'x'",
    "another language": "name ILIKE 'x'",
    "no date": "valid_from > DATE('2021-13-01')",
    "an invalid polygon": "S_WITHIN(geometry, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))",
    "an open ring": "S_WITHIN(geometry, POLYGON((0 0, 1 1, 1 0)))",
    "an upside-down box": "S_INTERSECTS(geometry, BBOX(1, 2, 0, 1))",
    "deep parentheses": nested(2_000),
    "many negations": "NOT " * 4_000 + "kind = 'x'",
    "a long sum": "uncertainty_m = " + "+".join(["1"] * 4_000),
    "a deep sum": "uncertainty_m = " + "+".join(["1"] * 450),
    "a long chain": "kind" + " = kind" * 4_000,
    "nested functions": "CASEI(" * 2_000 + "name" + ")" * 2_000 + " = 'x'",
    "a statement": "kind = 'x'; DROP TABLE revision",
    "a reversed interval": "T_DURING(valid_from, INTERVAL('2025-01-01', '2021-01-01'))",
    "an array against a text": "industries = 'x'",
    "a huge one": "kind = '" + "x" * 60_000 + "'",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_a_filter_is_refused_with_a_reason(assert_problem, text):
    problem = assert_problem(PROJECTS, 400, params={"filter": text})
    assert problem["errors"][0]["parameter"] == "filter"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "5",
        "{}",
        '{"op":"="}',
        '{"op":"=","args":[]}',
        '{"op":"and","args":[]}',
        '{"op":"like","args":[{"property":"name"},{"property":"kind"}]}',
        '{"op":"=","args":[{"property":"name"},{"date":5}]}',
        '{"op":"s_within","args":[{"property":"geometry"},{"type":"Polygon","coordinates":"x"}]}',
        '{"op":"not","args":[' * 500 + "true" + "]}" * 500,
    ],
)
def test_json_that_is_no_filter_is_refused_with_a_reason(assert_problem, text):
    params = {"filter": text, "filter-lang": "cql2-json"}
    problem = assert_problem(PROJECTS, 400, params=params)
    assert problem["errors"][0]["parameter"] == "filter"


def test_a_long_list_is_read(found):
    names = ", ".join(f"'name{number}'" for number in range(2_000))
    assert found(f"name IN ({names}, '老商埠')") == ["laoshangbu"]


def test_a_polygon_of_many_corners_is_read(found):
    ring = box(116.9, 36.6, 117.0, 36.7).segmentize(0.0005).exterior.coords
    corners = ", ".join(f"{x:.5f} {y:.5f}" for x, y in ring)
    assert found(f"S_INTERSECTS(geometry, POLYGON(({corners})))") == found(
        "S_INTERSECTS(geometry, BBOX(116.9, 36.6, 117.0, 36.7))"
    )
