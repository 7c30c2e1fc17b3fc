"""What is guessed of a file, and the reason for it."""

from __future__ import annotations

import pytest
from shapely.geometry import Point

from layers.catalogue import read_bundle
from layers.imports import Refused, guess_crs, guess_id_column, match_columns
from layers.imports.records import RawLayer, Record

JINAN = Point(116.975, 36.55)


def raw(columns=("id",), *, crs=None, kind="shapefile", at=JINAN, own_id=None):
    record = Record(1, dict.fromkeys(columns, "x"), at, own_id)
    return RawLayer("a", kind, tuple(columns), (record,), crs)


@pytest.fixture
def layer(parcels):
    layers = read_bundle(parcels).catalogue.layers
    return next(each for each in layers if each.id == "parcels")


@pytest.mark.parametrize(
    ("file", "told", "guess"),
    [
        (raw(crs="EPSG:4548"), None, ("4548", "prj")),
        (raw(crs="EPSG:4490", kind="gpkg"), None, ("4490", "file")),
        (raw(crs="OGC:CRS84", kind="geojson"), None, ("4326", "standard")),
        (raw(crs="EPSG:4326", kind="kml"), None, ("4326", "standard")),
        (raw(crs="EPSG:4548"), "epsg:4527", ("4527", "told")),
        (raw(), "GCJ-02", ("GCJ-02", "told")),
        (raw(), None, ("4490", "looks")),
        (raw(at=Point(497_761, 4_046_573)), None, ("4548", "looks")),
        (raw(at=Point(39_497_761, 4_046_573)), None, ("4527", "looks")),
        (raw(at=Point(1, 2)), None, (None, "unknown")),
        (raw(at=None), None, (None, "unknown")),
        (raw(crs="EPSG:4610"), None, (None, "unknown")),
        (raw(crs="nonsense"), None, (None, "unknown")),
    ],
)
def test_the_reference_system_has_a_reason(file, told, guess):
    assert guess_crs(file, told) == guess


@pytest.mark.parametrize(
    ("file", "told", "guess"),
    [
        (raw(["id", "地块编号"]), None, ("地块编号", "layer")),
        (raw(["FID", "x"]), None, ("FID", "usual")),
        (raw(["id", "x"]), "x", ("x", "told")),
        (raw(["x"], own_id="7"), None, (None, "file")),
        (raw(["x"]), None, (None, "none")),
    ],
)
def test_the_column_of_ids_has_a_reason(layer, file, told, guess):
    assert guess_id_column(file, layer, told) == guess


def test_every_column_has_a_reason(layer):
    columns = ["id", "用地代码", "MJ", "备注", "面积"]
    assert match_columns(raw(columns), layer, None, {"MJ": "面积", "备注": ""}) == {
        "id": (None, "id"),
        "用地代码": ("用地代码", "name"),
        "MJ": ("面积", "told"),
        "备注": (None, "told"),
        "面积": (None, "none"),
    }


@pytest.mark.parametrize(
    "told", [{"nothing": "面积"}, {"id": "nothing"}, {"id": "面积", "x": "面积"}]
)
def test_columns_cannot_be_told_what_is_not_there_or_twice(layer, told):
    with pytest.raises(Refused) as refused:
        match_columns(raw(["id", "x"]), layer, None, told)
    assert refused.value.reason == "columns-unclear"
