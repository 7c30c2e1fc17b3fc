"""GDAL and geopandas read what is downloaded, and find exactly what was asked for."""

from __future__ import annotations

import io
import zipfile

import geopandas
import pandas as pd
import pyogrio
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

COLLECTION = "/api/collections/projects"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("home")))) as client:
        yield client


@pytest.fixture
def download(client, tmp_path):
    def fetch(ending, **query):
        answer = client.get(f"{COLLECTION}/download.{ending}", params=query)
        assert answer.status_code == 200, answer.text
        path = tmp_path / f"projects.{ending}"
        path.write_bytes(answer.content)
        return path

    return fetch


def items(client, **query):
    return client.get(f"{COLLECTION}/items", params={"limit": 1000, **query}).json()["features"]


FILTERS = {
    "everything": {},
    "box": {"bbox": "116.95,36.6,117.0,36.68"},
    "property": {"zone": "北部核心区"},
    "filter": {"filter": "kind IN ('产业园区', '片区') AND name LIKE '%城%'"},
    "facet": {"chapter": "4", "mapped": "true"},
}


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("ending", ["geojson", "gpkg", "fgb", "parquet"])
def test_a_file_holds_exactly_what_is_filtered(client, download, ending, filters):
    expected = items(client, **filters)
    path = download(ending, **filters)
    read = geopandas.read_parquet if ending == "parquet" else geopandas.read_file
    frame = read(path)
    assert sorted(frame["id"]) == sorted(each["id"] for each in expected)
    assert frame.geometry.notna().sum() == sum(each["geometry"] is not None for each in expected)
    assert frame.crs.equals(4326, ignore_axis_order=True) or frame.crs.to_string() == "OGC:CRS84"
    names = {each["id"]: each["properties"]["name"] for each in expected}
    assert dict(zip(frame["id"], frame["name"], strict=True)) == names


def test_a_shapefile_has_a_file_for_each_kind_of_geometry(client, download):
    path = download("shp.zip")
    with zipfile.ZipFile(path) as archive:
        tables = [name for name in archive.namelist() if name.endswith(".dbf")]
    layers = [name for name, _ in pyogrio.list_layers(path)]
    read = [geopandas.read_file(path, layer=layer) for layer in layers]
    assert len(tables) == len(layers) > 1
    assert sum(map(len, read)) == len(items(client))
    assert "老商埠" in set(pd.concat(frame["name"] for frame in read))


def test_kml_and_dxf_are_read_by_gdal(client, download):
    expected = items(client, zone="北部核心区")
    kml = geopandas.read_file(download("kml", zone="北部核心区"))
    assert set(kml["Name"]) == {each["properties"]["name"] for each in expected}
    drawn = geopandas.read_file(download("dxf", zone="北部核心区"))
    assert len(drawn) >= sum(each["geometry"] is not None for each in expected)


def test_a_table_opens_in_excel(client):
    answer = client.get(f"{COLLECTION}/download.csv", params={"sortby": "-name"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(io.BytesIO(answer.content))
    assert list(table["id"]) == [each["id"] for each in items(client, sortby="-name")]


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "parquet", "shp.zip"])
def test_coordinates_are_in_the_system_that_is_asked_for(download, ending):
    path = download(ending, crs="http://www.opengis.net/def/crs/EPSG/0/4548", name="老商埠")
    read = geopandas.read_parquet if ending == "parquet" else geopandas.read_file
    frame = read(path)
    assert frame.crs.to_epsg() == 4548
    west, south, east, north = frame.total_bounds
    assert 490_000 < west < east < 505_000
    assert 4_040_000 < south < north < 4_065_000


def test_only_the_properties_that_are_asked_for_are_written(download):
    frame = geopandas.read_file(download("gpkg", properties="name,kind"))
    assert set(frame.columns) == {"id", "name", "kind", "geometry"}
    bare = geopandas.read_file(download("gpkg", properties="name", skipGeometry="true"))
    assert set(bare.columns) - {"geometry"} == {"id", "name"}


def test_a_part_is_counted_as_pages_are(client, download):
    expected = [each["id"] for each in items(client)][10:15]
    for ending in ("geojson", "gpkg"):
        frame = geopandas.read_file(download(ending, limit=5, offset=10))
        assert list(frame["id"]) == expected
