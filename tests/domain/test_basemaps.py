"""What an operator may let the map be drawn upon, and what is refused before the port answers."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.basemaps import read_basemaps
from layers.errors import BasemapUnavailable, DataInvalid

OFFICE = {
    "id": "office", "title": "局里底图", "title_en": "Office map", "datum": "cgcs2000",
    "attribution": "市中区", "xyz": "https://tiles.example/{z}/{x}/{y}.png",
}  # fmt: skip
LIKE = {key: value for key, value in OFFICE.items() if key != "xyz"}


def png(colour="red"):
    file = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def declare(tmp_path):
    def write_file(*basemaps):
        path = tmp_path / "basemaps.json"
        path.write_text(json.dumps(basemaps), encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def archive(tmp_path):
    """Write an archive of one picture, at zoom 3; return its name."""

    def write_archive(kind=TileType.PNG):
        with write(str(tmp_path / "base.pmtiles")) as out:
            out.write_tile(zxy_to_tileid(3, 6, 3), png())
            header = {
                "tile_type": kind, "tile_compression": Compression.NONE, "min_zoom": 3,
                "max_zoom": 3, "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 0, "max_lat_e7": 0,
                "center_zoom": 3, "center_lon_e7": 0, "center_lat_e7": 0,
            }  # fmt: skip
            out.finalize(header, {})
        return "base.pmtiles"

    return write_archive


def test_tianditu_is_two_layers_in_spherical_mercator_from_eight_hosts(declare):
    (basemap,) = read_basemaps(declare(LIKE | {"tianditu": "vec", "key": "0123456789abcdef"}))
    pictures, names = basemap.urls
    assert "T=vec_w&" in pictures
    assert "T=cva_w&" in names
    assert all(url.endswith("tk=0123456789abcdef") for url in basemap.urls)
    assert basemap.origins[0] == "https://t0.tianditu.gov.cn"
    assert len(basemap.origins) == 8


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://gis.example/wmts",
            "https://gis.example/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=base"
            "&STYLE=default&TILEMATRIXSET=GoogleMapsCompatible&FORMAT=image%2Fpng"
            "&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}",
        ),
        (
            "https://gis.example/{Layer}/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png",
            "https://gis.example/base/default/GoogleMapsCompatible/{z}/{y}/{x}.png",
        ),
    ],
)
def test_a_wmts_is_asked_by_parameters_or_by_its_template(declare, url, expected):
    (basemap,) = read_basemaps(declare(LIKE | {"wmts": {"url": url, "layer": "base"}}))
    assert basemap.urls == (expected,)
    assert basemap.origins == ("https://gis.example",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"datum": "gcj02"}, "basemap office, field datum: GCJ-02 lies about 520 m off"),
        ({"datum": "bd09", "convert": True}, "basemap office, field datum: BD-09 cannot be drawn"),
        ({"datum": "beijing54"}, "basemap office, field datum: 'beijing54' is not one of"),
        ({"xyz": "https://tiles.example/all.png"}, "basemap office, field xyz"),
        ({"xyz": "https://a; script-src *//{z}"}, "basemap office, field xyz"),
        ({"xyz": "https://tiles.example/{z}.png"}, "field xyz: the address has no {x}, {y}"),
        ({"xyz": "https://{s}.example/{z}/{x}/{y}"}, "field subdomains: say what stands for {s}"),
        ({"subdomains": "a; "}, "basemap office, field subdomains"),
        (
            {"xyz": None, "wmts": {"url": "https://a.example/{TileMatrix}", "layer": "base"}},
            "field wmts: the address has no {x}, {y}",
        ),
        ({"wmts": {"url": "https://a/"}}, "basemap office"),
        ({"tianditu": "vec"}, "basemap office"),
        ({"surprise": 1}, "basemap office: Additional properties"),
        ({"pmtiles": "nowhere.pmtiles", "xyz": None}, "basemap office"),
    ],
)
def test_what_cannot_be_drawn_is_named_with_file_basemap_and_field(declare, change, reason):
    path = declare({key: each for key, each in (OFFICE | change).items() if each is not None})
    with pytest.raises(DataInvalid, match=r"^basemaps\.json, ") as refused:
        read_basemaps(path)
    assert reason in refused.value.sentence


def test_gcj02_is_taken_where_somebody_has_said_to_convert_it(declare):
    (basemap,) = read_basemaps(declare(OFFICE | {"datum": "gcj02", "convert": True}))
    assert basemap.datum == "gcj02"


@pytest.mark.parametrize("twice", [{}, {"id": "other", "default": True}])
def test_two_that_are_called_the_same_or_both_shown_first_are_refused(declare, twice):
    with pytest.raises(DataInvalid, match="two basemaps have the same"):
        read_basemaps(declare(OFFICE | {"default": True}, OFFICE | twice))


def test_an_archive_gives_its_pictures_and_nothing_elsewhere(declare, archive):
    (basemap,) = read_basemaps(declare(LIKE | {"pmtiles": archive()}))
    assert basemap.archive.tile(3, 6, 3) == png()
    assert basemap.archive.tile(3, 0, 0) is None
    assert basemap.archive.tile(9, 0, 0) is None
    assert basemap.archive.tile(3, 8, -1) is None
    assert basemap.max_zoom == 3
    assert basemap.origins == ()


@pytest.mark.parametrize("left", [0, 130, None])
def test_an_archive_that_goes_while_it_is_used_is_named(declare, archive, left):
    (basemap,) = read_basemaps(declare(LIKE | {"pmtiles": archive()}))
    path = basemap.archive.path
    if left is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(BasemapUnavailable, match=r"base.pmtiles cannot be read any more"):
        basemap.archive.tile(3, 6, 3)


def test_a_wrong_key_is_not_repeated(declare):
    with pytest.raises(DataInvalid, match="field key") as refused:
        read_basemaps(declare(LIKE | {"tianditu": "vec", "key": "secret key!"}))
    assert "secret" not in refused.value.sentence


def test_tiles_of_an_archive_are_answered_from_here(declare, archive, tmp_path):
    path = declare(LIKE | {"pmtiles": archive()})
    with TestClient(create_app(Settings(home=tmp_path / "home", basemaps=path))) as client:
        tile = client.get("/basemaps/office/3/6/3")
        assert (tile.content, tile.headers["content-type"]) == (png(), "image/png")
        assert client.get("/basemaps/office/3/0/0").status_code == 204
        assert client.get("/basemaps/office/3/0/x").status_code == 400
        assert client.get("/basemaps/nowhere/3/0/0").status_code == 404
        (tmp_path / "base.pmtiles").unlink()
        gone = client.get("/basemaps/office/3/6/3")
        assert gone.status_code == 503
        assert "base.pmtiles cannot be read any more" in gone.text


def test_an_archive_of_vectors_is_refused(declare, archive):
    with pytest.raises(DataInvalid, match="no pictures"):
        read_basemaps(declare(LIKE | {"pmtiles": archive(TileType.MVT)}))


@pytest.mark.parametrize("content", [b"", b"not an archive at all", b"PMTiles\x03short"])
def test_a_file_that_is_no_archive_is_named(declare, tmp_path, content):
    (tmp_path / "broken.pmtiles").write_bytes(content)
    with pytest.raises(DataInvalid, match=r"broken.pmtiles is no PMTiles archive"):
        read_basemaps(declare(LIKE | {"pmtiles": "broken.pmtiles"}))


def test_an_atlas_with_a_broken_file_does_not_start(tmp_path):
    path = tmp_path / "basemaps.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataInvalid, match=r"basemaps.json: it cannot be read as JSON"):
        create_app(Settings(home=tmp_path / "home", basemaps=path))
