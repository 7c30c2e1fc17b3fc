"""Everything at a place, by collection."""

from __future__ import annotations

import pytest
from pyproj import Geod

AT = "/api/at"
GEOD = Geod(ellps="GRS80")


def ids(document, collection):
    (found,) = [each for each in document["collections"] if each["id"] == collection]
    return [each["id"] for each in found["features"]]


@pytest.fixture
def point_of(get):
    """Return the position of a feature that is drawn as a point."""

    def find(collection):
        page = get(f"/api/collections/{collection}/items", limit=1000)
        return next(
            (each["id"], each["geometry"]["coordinates"])
            for each in page["features"]
            if each["geometry"] and each["geometry"]["type"] == "Point"
        )

    return find


def test_a_place_in_the_district_is_in_one_zone(get):
    document = get(AT, point="116.98,36.6")
    assert [each["id"] for each in document["collections"]] == [
        "district", "zones", "places", "projects",
    ]  # fmt: skip
    assert ids(document, "district") == ["shizhong"]
    assert len(ids(document, "zones")) == 1
    assert document["point"] == {"type": "Point", "coordinates": [116.98, 36.6]}


def test_a_place_elsewhere_is_in_nothing(get):
    document = get(AT, point="0,0", within=1000)
    assert all(each["numberMatched"] == 0 for each in document["collections"])


def test_each_says_how_sure_its_place_is_and_where_it_is(client, get):
    document = get(AT, point="116.98,36.6", collections="zones")
    (collection,) = document["collections"]
    (feature,) = collection["features"]
    links = {each["rel"]: each["href"] for each in feature["links"]}
    item = client.get(links["item"]).json()
    for name in ("precision", "uncertainty_m", "name"):
        assert feature[name] == item["properties"][name]
    assert feature["distance_m"] == 0


def test_points_and_lines_need_a_distance(get, point_of):
    feature_id, (longitude, latitude) = point_of("projects")
    east, north, _ = GEOD.fwd(longitude, latitude, 45, 30)
    point = f"{east},{north}"
    assert feature_id not in ids(get(AT, point=point), "projects")
    assert feature_id not in ids(get(AT, point=point, within=29.9), "projects")
    near = get(AT, point=point, within=30.1)
    assert feature_id in ids(near, "projects")
    (found,) = [
        each
        for collection in near["collections"]
        for each in collection["features"]
        if each["id"] == feature_id
    ]
    assert found["distance_m"] == pytest.approx(30, abs=0.02)


def test_the_exact_place_of_a_point_is_at_it(get, point_of):
    feature_id, position = point_of("projects")
    assert feature_id in ids(get(AT, point=",".join(map(str, position))), "projects")


def test_the_nearest_comes_first_and_all_are_counted(get):
    (collection,) = get(AT, point="116.99,36.66", within=1000, collections="projects", limit=2)[
        "collections"
    ]
    assert collection["numberReturned"] == 2 < collection["numberMatched"]
    distances = [each["distance_m"] for each in collection["features"]]
    assert distances == sorted(distances)


def test_a_place_is_given_in_any_system_in_the_order_of_its_axes(get):
    expected = get(AT, point="116.975,36.55")["collections"]
    uri = "http://www.opengis.net/def/crs/EPSG/0/"
    for code, point in ((4490, "36.55,116.975"), (4548, "4046573.221,497761.663")):
        found = get(AT, point=point, crs=f"{uri}{code}")
        assert found["collections"] == expected
        assert found["point"]["coordinates"] == pytest.approx([116.975, 36.55], abs=1e-7)


def test_the_edge_of_an_area_belongs_to_it(get):
    ring = get("/api/collections/zones/items/beibu-hexinqu")["geometry"]["coordinates"][0]
    corner = ring[0] if isinstance(ring[0][0], float) else ring[0][0]
    assert "beibu-hexinqu" in ids(get(AT, point=f"{corner[0]},{corner[1]}"), "zones")


def test_the_words_are_those_of_the_language(get):
    document = get(AT, point="116.98,36.6", lang="en", collections="district")
    assert document["collections"][0]["features"][0]["name"].isascii()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "point"),
        ("point=", "point"),
        ("point=116.98", "point"),
        ("point=116.98,36.6,0", "point"),
        ("point=116.98,north", "point"),
        ("point=nan,36", "point"),
        ("point=inf,36", "point"),
        ("point=1e999,36", "point"),
        ("point=36.65,116.98", "point"),
        ("point=181,0", "point"),
        ("point=1,2&point=1,2", "point"),
        ("point=116,36&crs=EPSG:9999", "crs"),
        ("point=1e300,1e300&crs=EPSG:4548", "point"),
        ("point=116,36&within=-1", "within"),
        ("point=116,36&within=1001", "within"),
        ("point=116,36&within=x", "within"),
        ("point=116,36&limit=0", "limit"),
        ("point=116,36&f=xml", "f"),
        ("point=116,36&radius=1", "radius"),
        ("point=%ff,36", "query"),
    ],
)
def test_what_is_malformed_is_named(assert_problem, query, parameter):
    problem = assert_problem(f"{AT}?{query}", 400)
    assert problem["errors"][0]["parameter"] == parameter


def test_a_collection_that_is_none_is_not_found(assert_problem):
    assert_problem(f"{AT}?point=116,36&collections=zones,nothing", 404)


@pytest.mark.parametrize("point", ["0,90", "0,-90", "180,0", "-180,36", "179.9999,-36"])
def test_the_ends_of_the_earth_are_places(get, point):
    assert len(get(AT, point=point, within=1000)["collections"]) == 4
