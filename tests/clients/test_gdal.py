"""GDAL's OAPIF driver reads layers: Debian's by its programs, the newest one through pyogrio."""

from __future__ import annotations

import json
import subprocess
import urllib.request

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

BOX = (116.9502, 36.5502, 116.9518, 36.5518)


@pytest.fixture(scope="module")
def parcels(server):
    """The parcels as the API has them."""
    with urllib.request.urlopen(f"{server.api}/collections/parcels/items?limit=1000") as answer:
        return {each["id"]: each for each in json.load(answer)["features"]}


@pytest.fixture
def convert(server, tmp_path):
    """Let ogr2ogr write a layer as GeoJSON, and return its features."""

    def run(*options):
        target = tmp_path / "out.geojson"
        source = [f"OAPIF:{server.api}", "parcels", "-oo", "PAGE_SIZE=100"]
        subprocess.run(
            ["ogr2ogr", "-f", "GeoJSON", target, *source, *options], check=True, timeout=120
        )
        return json.loads(target.read_text(encoding="utf-8"))["features"]

    return run


def test_ogrinfo_lists_every_layer(server):
    shown = subprocess.run(
        ["ogrinfo", "-ro", "-q", f"OAPIF:{server.api}"],
        check=True, timeout=120, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    for each in ("district", "zones", "places", "projects", "parcels", "edited"):
        assert f": {each} " in shown.stdout


def test_ogr2ogr_reads_every_feature_over_all_pages(convert, parcels):
    found = {each["properties"]["地块编号"]: each["properties"] for each in convert()}
    assert found.keys() == parcels.keys()
    assert found["Z001"]["用地名称"] == parcels["Z001"]["properties"]["用地名称"]
    assert found["Z002"]["面积"] is None


def test_ogr2ogr_asks_for_a_box_and_for_a_value(convert):
    boxed = convert("-spat", *map(str, BOX))
    assert [each["properties"]["地块编号"] for each in boxed] == ["Z001", "Z002", "Z011", "Z012"]
    assert len(convert("-where", "\"用地代码\" = 'G1'")) == 23
    assert len(convert("-where", "\"地块编号\" = 'Z007'")) == 1


def test_gdal_writes_nothing(server, parcels):
    refused = subprocess.run(
        ["ogr2ogr", "-update", "-append", f"OAPIF:{server.api}", f"OAPIF:{server.api}", "parcels"],
        check=False, timeout=120, capture_output=True,
    )  # fmt: skip
    assert refused.returncode != 0
    with urllib.request.urlopen(f"{server.api}/collections/parcels") as answer:
        assert json.load(answer)["numberOfItems"] == len(parcels)


@pytest.mark.parametrize("layer", ["district", "zones", "places", "projects", "parcels"])
def test_pyogrio_reads_every_layer(server, layer):
    info = pyogrio.read_info(f"OAPIF:{server.api}", layer=layer)
    frame = pyogrio.read_dataframe(f"OAPIF:{server.api}", layer=layer, PAGE_SIZE="50")
    with urllib.request.urlopen(f"{server.api}/collections/{layer}") as answer:
        assert len(frame) == json.load(answer)["numberOfItems"]
    assert set(info["fields"]) <= {*frame.columns, "id"}


def test_a_page_has_as_many_features_as_the_api_allows(server):
    info = pyogrio.read_info(f"OAPIF:{server.api}/collections/parcels")
    assert info["features"] == 230


@pytest.mark.parametrize(
    ("system", "tolerance"), [("EPSG:4548", 1e-3), ("EPSG:4490", 1e-7), ("EPSG:4527", 1e-3)]
)
def test_coordinates_in_another_system_land_where_they_belong(server, parcels, system, tolerance):
    """GDAL asks in the system of the open option CRS and trusts the order of its axes."""
    frame = pyogrio.read_dataframe(f"OAPIF:{server.api}", layer="parcels", CRS=system)
    assert frame.crs.to_string() == system
    project = Transformer.from_crs("EPSG:4490", system, always_xy=True).transform
    expected = np.array(
        [
            project(*shapely.geometry.shape(parcels[each]["geometry"]).centroid.coords[0])
            for each in frame["地块编号"]
        ]
    )
    found = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    # The centre of a degree square is not the centre of its image, by less than a tenth of this.
    assert np.abs(found - expected).max() < tolerance


def test_a_box_in_another_system_finds_the_same(server):
    project = Transformer.from_crs("EPSG:4490", "EPSG:4548", always_xy=True).transform
    west, south = project(*BOX[:2])
    east, north = project(*BOX[2:])
    frame = pyogrio.read_dataframe(
        f"OAPIF:{server.api}", layer="parcels", CRS="EPSG:4548", bbox=(west, south, east, north)
    )
    assert sorted(frame["地块编号"]) == ["Z001", "Z002", "Z011", "Z012"]


def test_a_condition_finds_what_it_says(server):
    read = pyogrio.read_dataframe
    source = f"OAPIF:{server.api}"
    assert len(read(source, layer="parcels", where="\"用地代码\" = 'G1'")) == 23
    assert len(read(source, layer="parcels", where='"面积" > 100')) == 30


def test_geopandas_reads_a_page_by_address_and_the_layer_through_the_driver(server):
    page = gpd.read_file(f"{server.api}/collections/parcels/items?limit=230")
    layer = gpd.read_file(f"OAPIF:{server.api}", layer="parcels")
    assert len(page) == len(layer) == 230
    assert page["用地名称"][0] == layer["用地名称"][0] == '“示范”"引号"与\\反斜杠\\'
    assert shapely.equals_exact(page.geometry.values, layer.geometry.values, 1e-9).all()
    boxed = gpd.read_file(f"OAPIF:{server.api}", layer="parcels", bbox=BOX)
    assert len(boxed) == 4
