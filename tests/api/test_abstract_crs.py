"""The abstract tests of OGC API - Features Part 2.0.1 (18-058r1, annex A), by their ids.

`test_crs_crs_uri` is ``/conf/crs/crs-uri``. Each runs over every collection that the public sees,
in every reference system that it is offered in.
"""

from __future__ import annotations

import re

import pytest
from pyproj import Transformer
from shapely import get_parts, transform
from shapely.geometry import shape

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
COLLECTIONS = ["district", "zones", "places", "projects"]
URI = re.compile(r"http://www\.opengis\.net/def/crs/(OGC/1\.3/CRS84|EPSG/0/[0-9]+)")
CORNERS = (116.95, 36.55, 117.0, 36.6)


@pytest.fixture(params=COLLECTIONS)
def path(request) -> str:
    return f"/api/collections/{request.param}"


@pytest.fixture
def offered(get, path) -> list[str]:
    return get(path)["crs"]


def ids(document):
    return [each["id"] for each in document["features"]]


def to_crs84(uri):
    """Return what takes coordinates in the order of a system's axes to longitude and latitude."""
    if uri == CRS84:
        return lambda first, second: (first, second)
    change = Transformer.from_crs(f"EPSG:{uri.rpartition('/')[2]}", "OGC:CRS84")
    return change.transform


def from_crs84(uri):
    if uri == CRS84:
        return lambda longitude, latitude: (longitude, latitude)
    change = Transformer.from_crs("OGC:CRS84", f"EPSG:{uri.rpartition('/')[2]}")
    return change.transform


def written(uri):
    """Return the corners of a box in a system, as `bbox` has them."""
    west, south, east, north = CORNERS
    if uri == CRS84:
        return f"{west},{south},{east},{north}"
    corners = [*from_crs84(uri)(west, south), *from_crs84(uri)(east, north)]
    return ",".join(f"{each:.9f}" for each in corners)


def test_crs_crs_uri(get, path, offered):
    listed = {each["id"]: each for each in get("/api/collections")["collections"]}
    for collection in (get(path), listed[path.rpartition("/")[2]]):
        for uri in (*collection["crs"], collection["storageCrs"]):
            assert URI.fullmatch(uri), uri
    assert len(offered) == len(set(offered))


def test_crs_default_crs(get, path, offered):
    assert CRS84 in offered
    listed = {each["id"]: each["crs"] for each in get("/api/collections")["collections"]}
    assert listed[path.rpartition("/")[2]] == offered


def test_crs_storage_crs(get, path, offered):
    assert get(path)["storageCrs"] in offered


def test_crs_crs_parameter(client, get, path, offered):
    first = get(f"{path}/items", limit=1)["features"][0]["id"]
    for place in ("/items", f"/items/{first}"):
        for uri in offered:
            answer = client.get(f"{path}{place}", params={"crs": uri})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/geo+json"
            assert answer.headers["content-crs"] == f"<{uri}>"


def test_crs_crs_parameter_default(client, get, path):
    first = get(f"{path}/items", limit=1)["features"][0]["id"]
    for place in ("/items", f"/items/{first}"):
        here, there = (client.get(f"{path}{place}", params=given) for given in ({}, {"crs": CRS84}))
        assert here.headers["content-crs"] == there.headers["content-crs"] == f"<{CRS84}>"
        one, other = ({**each.json(), "links": None} for each in (here, there))
        assert one == other


@pytest.mark.parametrize("uri", ["http://www.opengis.net/def/crs/0/unknown", "EPSG:2154", "x"])
def test_crs_crs_parameter_invalid(assert_problem, get, path, uri):
    first = get(f"{path}/items", limit=1)["features"][0]["id"]
    for place in ("/items", f"/items/{first}"):
        problem = assert_problem(f"{path}{place}", 400, params={"crs": uri})
        assert problem["errors"][0]["parameter"] == "crs"


def test_crs_crs_parameter_transform(get, path, offered):
    here = {each["id"]: each for each in get(f"{path}/items", limit=300)["features"]}
    for uri in offered:
        there = get(f"{path}/items", limit=300, crs=uri)
        assert ids(there) == list(here)
        change = to_crs84(uri)
        for feature in filter(lambda each: each["geometry"], there["features"]):
            back = transform(shape(feature["geometry"]), change, interleaved=False)
            stored = shape(here[feature["id"]]["geometry"])
            for one, other in zip(get_parts(back), get_parts(stored), strict=True):
                # 4 cm: coordinates in metres are given to the centimetre.
                assert one.hausdorff_distance(other) < 4e-7, (uri, feature["id"])
    (feature,) = get(f"{path}/items", limit=1, crs=offered[1])["features"]
    alone = get(f"{path}/items/{feature['id']}", crs=offered[1])
    assert alone["geometry"] == feature["geometry"]


def test_crs_bbox_crs_parameter(client, get, path, offered):
    """A box in metres is a little askew in degrees; nothing published lies in between."""
    expected = ids(get(f"{path}/items", bbox=written(CRS84), limit=10_000))
    for uri in offered:
        given = {"bbox": written(uri), "bbox-crs": uri, "limit": 10_000}
        answer = client.get(f"{path}/items", params=given)
        assert answer.headers["content-crs"] == f"<{CRS84}>"
        assert ids(answer.json()) == expected, uri


def test_crs_bbox_crs_parameter_default(get, path):
    given = {"bbox": written(CRS84), "limit": 10_000}
    assert ids(get(f"{path}/items", **given)) == ids(
        get(f"{path}/items", **given, **{"bbox-crs": CRS84})
    )


@pytest.mark.parametrize("uri", ["http://www.opengis.net/def/crs/0/unknown", "EPSG:2154", "x"])
def test_crs_bbox_crs_parameter_invalid(assert_problem, path, uri):
    given = {"bbox": written(CRS84), "bbox-crs": uri}
    problem = assert_problem(f"{path}/items", 400, params=given)
    assert problem["errors"][0]["parameter"] == "bbox-crs"
