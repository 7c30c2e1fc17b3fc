"""OGC API - Features Part 2: other reference systems, with the axes as the registry orders them."""

from __future__ import annotations

import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import shape

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ZONES = "/api/collections/zones/items"
NORTH_FIRST = (4326, 4490, 4548, 4527)


def first_position(document):
    ring = document["features"][0]["geometry"]["coordinates"][0]
    return ring[0] if isinstance(ring[0][0], float) else ring[0][0]


def test_crs_md_list_and_storage_crs(get):
    collection = get("/api/collections/zones")
    assert collection["storageCrs"] == CRS84
    offered = [CRS84, *(f"{EPSG}{code}" for code in (4490, 4548, 4527, 3857, 4326))]
    assert collection["crs"] == offered


@pytest.mark.parametrize("code", [4326, 4490, 4548, 4527, 3857])
def test_coordinates_are_those_of_the_registry(client, code):
    there = client.get(ZONES, params={"crs": f"{EPSG}{code}"})
    assert there.headers["content-crs"] == f"<{EPSG}{code}>"
    longitude, latitude = first_position(client.get(ZONES).json())
    # pyproj follows the registry's axes unless it is told otherwise.
    source = 4326 if code in {4326, 3857} else 4490
    expected = Transformer.from_crs(source, code).transform(latitude, longitude)
    assert first_position(there.json()) == pytest.approx(
        expected, abs=2e-7 if code in {4326, 4490} else 2e-2
    )


def test_crs84_is_the_default_and_is_named(client):
    for params in ({}, {"crs": CRS84}):
        answer = client.get(ZONES, params=params)
        assert answer.headers["content-crs"] == f"<{CRS84}>"
        assert first_position(answer.json())[0] > 100


def test_one_item_can_be_asked_for_in_another_system(client):
    answer = client.get(f"{ZONES}/beibu-hexinqu", params={"crs": f"{EPSG}4548"})
    assert answer.headers["content-crs"] == f"<{EPSG}4548>"
    bounds = shape(answer.json()["geometry"]).bounds
    assert 4_000_000 < bounds[0] < 4_100_000
    assert 450_000 < bounds[1] < 550_000


@pytest.mark.parametrize("written", [f"<{EPSG}4548>", "urn:ogc:def:crs:EPSG::4548", "[EPSG:4548]"])
def test_other_spellings_of_a_system_are_understood(client, written):
    answer = client.get(ZONES, params={"crs": written})
    assert answer.headers["content-crs"] == f"<{EPSG}4548>"


@pytest.mark.parametrize("parameter", ["crs", "bbox-crs", "filter-crs"])
@pytest.mark.parametrize("value", [f"{EPSG}2154", f"{EPSG}99999999999", "x", ""])
def test_an_unknown_system_is_refused(assert_problem, parameter, value):
    params = {parameter: value, "bbox": "1,1,2,2"}
    problem = assert_problem(ZONES, 400, params=params)
    assert problem["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("code", [4326, 4490, 4548, 4527, 3857])
def test_the_same_box_in_another_system_finds_the_same(get, code):
    west, south, east, north = 116.95, 36.56, 116.99, 36.6
    here = get("/api/collections/projects/items", bbox=f"{west},{south},{east},{north}", limit=1000)
    change = Transformer.from_crs(4490 if code > 4400 else 4326, code)
    corners = [*change.transform(south, west), *change.transform(north, east)]
    params = {"bbox": ",".join(f"{each:.6f}" for each in corners), "bbox-crs": f"{EPSG}{code}"}
    there = get("/api/collections/projects/items", limit=1000, **params)
    # The box of another system is a little askew here; nothing of the atlas lies in between.
    assert here["numberMatched"] > 0
    assert [f["id"] for f in there["features"]] == [f["id"] for f in here["features"]]


def test_rings_run_the_same_way_on_the_ground_whatever_the_axes(get):
    for code in (None, 4490, 4548, 3857):
        params = {} if code is None else {"crs": f"{EPSG}{code}"}
        document = get(f"{ZONES}/beibu-hexinqu", **params)
        polygon = shapely.get_parts(shape(document["geometry"]))[0]
        counter_clockwise = polygon.exterior.is_ccw
        assert counter_clockwise == (code not in NORTH_FIRST)


def test_an_etag_of_one_system_is_none_of_another(client):
    here = client.get(ZONES).headers["etag"]
    there = client.get(ZONES, params={"crs": f"{EPSG}4548"}, headers={"if-none-match": here})
    assert there.status_code == 200
    assert there.headers["etag"] != here
