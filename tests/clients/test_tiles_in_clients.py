"""GDAL reads our vector tiles: Debian's by its command line, a later one through pyogrio."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import geopandas
import morecantile
import pyogrio
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

TMS = morecantile.tms.get("WebMercatorQuad")


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("tiled")))) as client:
        yield client


@pytest.fixture
def download(api, tmp_path):
    """Put the tiles of a collection at a zoom where GDAL looks for them: zoom, column, row."""

    def fetch(collection: str, z: int) -> str:
        document = api.get(
            f"/api/collections/{collection}/tiles/WebMercatorQuad", params={"f": "tilejson"}
        ).json()
        for tile in TMS.tiles(*document["bounds"], zooms=[z]):
            address = document["tiles"][0]
            for name, value in (("{z}", tile.z), ("{x}", tile.x), ("{y}", tile.y)):
                address = address.replace(name, str(value))
            answer = api.get(address)
            if answer.status_code == 200:
                path = tmp_path / str(tile.z) / str(tile.x) / f"{tile.y}.pbf"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(answer.content)
        return f"MVT:{tmp_path / str(z)}"

    return fetch


def items(api, collection):
    document = api.get(f"/api/collections/{collection}/items", params={"limit": 10_000}).json()
    drawn = [each for each in document["features"] if each["geometry"]]
    return geopandas.GeoDataFrame.from_features(
        [
            each | {"properties": {"id": each["id"], "name": each["properties"]["name"]}}
            for each in drawn
        ],
        crs=4326,
    ).to_crs(3857)


def test_a_tileset_in_gdal_is_the_collection(api, download):
    stored = items(api, "zones").set_index("id")
    read = pyogrio.read_dataframe(download("zones", 12), layer="zones", METADATA_FILE="")
    assert read.crs == 3857
    parts = read.dissolve("id")
    assert set(parts.index) == set(stored.index)
    for zone in stored.index:
        # To the tenth of a percent: each tile is rounded to its units.
        missed = parts.geometry[zone].symmetric_difference(stored.geometry[zone]).area
        assert missed < stored.geometry[zone].area / 1000
        assert parts.name[zone] == stored.name[zone]


def test_every_name_is_in_a_tileset_once(api, download):
    stored = items(api, "projects")
    read = pyogrio.read_dataframe(
        download("projects", 12), layer="projects_labels", METADATA_FILE=""
    )
    assert sorted(read["id"]) == sorted(stored["id"])
    assert sorted(read["name"]) == sorted(stored["name"])


@pytest.mark.parametrize("scheme", ["WorldCRS84Quad", "WebMercatorQuad"])
def test_the_driver_for_ogc_apis_finds_the_tiles_by_itself(server, api, scheme):
    """From the collection by its links to tilesets, tile matrix set and tiles."""
    options = {"API": "TILES", "TILEMATRIXSET": scheme, "CACHE": "NO"}
    if scheme == "WebMercatorQuad":
        # GDAL 3.12 takes the extent of the collection, in degrees, for metres.
        sides = zip(("MINX", "MINY", "MAXX", "MAXY"), items(api, "zones").total_bounds, strict=True)
        options |= {name: str(value) for name, value in sides}
    tiled = pyogrio.read_dataframe(
        f"OGCAPI:{server.api}/collections/zones", layer="Zoom level 11", **options
    )
    stored = items(api, "zones").set_index("id").to_crs(tiled.crs)
    parts = tiled[tiled["geometry"].geom_type.str.endswith("Polygon")].dissolve("id")
    assert set(parts.index) == set(stored.index)
    for zone in stored.index:
        missed = parts.geometry[zone].symmetric_difference(stored.geometry[zone]).area
        assert missed < stored.geometry[zone].area / 500


def test_ogrinfo_describes_a_tile(api, tmp_path):
    index = TMS.tile(117.0, 36.6, 9)
    path = tmp_path / "tile.pbf"
    address = f"/api/tiles/WebMercatorQuad/9/{index.y}/{index.x}"
    path.write_bytes(api.get(address).content)
    options = [f"-oo=X={index.x}", f"-oo=Y={index.y}", "-oo=Z=9"]
    arguments = [part for each in options for part in each.split("=", 1)]
    done = subprocess.run(
        ["ogrinfo", "-ro", "-so", "-al", f"MVT:{path}", *arguments],
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stderr == ""
    for name in ("zones", "zones_labels", "projects", "places"):
        assert f"Layer name: {name}\n" in done.stdout
    assert "WGS 84 / Pseudo-Mercator" in done.stdout
    assert "uncertainty_m: Real" in done.stdout
