"""What offices send is read as it is, brought to WGS 84, or refused with a reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas
import pyogrio
import pytest
from shapely.geometry import box

from layers.imports.child import read_upload
from layers.imports.container import Refused, open_upload
from layers.imports.crs import to_wgs84

SHARED = Path(__file__).parents[3] / "shared" / "files"
SQUARE = box(116.95, 36.55, 116.96, 36.56)

REFUSED = {
    "shp_utf8_cut.zip": "field-name-truncated",
    "geojson_metres.geojson": "coordinates-out-of-range",
    "noprj_metres.zip": "crs-missing",
    "noprj_zone39.zip": "crs-missing",
    "prj_local.zip": "crs-unknown",
    "prj_4548_39.zip": "crs-coordinates-mismatch",
    "xian80.zip": "datum-transformation-unknown",
    "beijing54.zip": "datum-transformation-unknown",
    "swapped.geojson": "axis-swapped",
    "swapped_4548.zip": "axis-swapped",
    "ring_open.geojson": "ring-not-closed",
    "ring_short.geojson": "ring-too-short",
    "empty.geojson": "geometry-empty",
    "collection.geojson": "geometry-type",
    "nan.geojson": "coordinate-not-finite",
    "nan.gpkg": "coordinate-not-finite",
    "string_coords.geojson": "coordinate-not-a-number",
    "hugeint.geojson": "attribute-range",
    "topo.json": "format-unsupported",
    "gbk.geojson": "encoding-not-utf8",
    "truncated.geojson": "json-invalid",
    "dupkeys.geojson": "json-duplicate-key",
    "deep.geojson": "json-too-deep",
    "deep_coords.geojson": "json-too-deep",
    "two_layers.gpkg": "layer-ambiguous",
    "plain.gpkg": "gpkg-invalid",
    "truncated.gpkg": "gpkg-invalid",
}
TAKEN = {
    "ok.geojson": set(),
    "shp_gbk_cpg.zip": set(),
    "shp_gbk_cpg936.zip": set(),
    "shp_gbk_nothing.zip": {"encoding-guessed"},
    "SHP_UPPER.ZIP": set(),
    "shp_gbknames.zip": set(),
    "shp_longfield.zip": {"field-name-truncated"},
    "shp_dates.zip": set(),
    "gpkg_4490.gpkg": set(),
    "gpkg_mixed.gpkg": set(),
    "z.geojson": {"z-dropped"},
    "shp_4548.zip": set(),
    "shp_4527.zip": set(),
    "shp_4326.zip": set(),
    "geojson_crs4548.geojson": set(),
}


def read(path, folder, **options):
    folder.mkdir(exist_ok=True)
    raw = read_upload(open_upload(path, folder), **options)
    return raw, to_wgs84(raw)


@pytest.mark.parametrize(("file", "reason"), REFUSED.items())
def test_what_cannot_be_taken_is_refused_with_its_reason(tmp_path, file, reason):
    path = SHARED / file
    if not path.is_file():
        assert "-" in reason
        return
    with pytest.raises(Refused) as caught:
        read(path, tmp_path / "out")
    assert caught.value.reason == reason
    assert caught.value.sentence.endswith(".")
    assert "passwd" not in caught.value.sentence


@pytest.mark.parametrize(("file", "notes"), TAKEN.items())
def test_what_offices_send_is_read_and_lies_where_it_should(tmp_path, file, notes):
    path = SHARED / file
    if not path.is_file():
        assert isinstance(notes, set)
        return
    raw, placed = read(path, tmp_path / "out")
    assert len(placed.records) == 12
    assert {note.code for note in [*raw.notes, *placed.notes]} == notes
    for record in placed.records:
        west, south, east, north = record.geometry.bounds
        assert 116.9 < west < east < 117.1
        assert 36.5 < south < north < 36.7
        assert not record.geometry.has_z
        for value in record.properties.values():
            assert "�" not in str(value)


@pytest.fixture
def shapefile(tmp_path):
    """Write a zipped Shapefile of one square."""

    def write(encoding="GBK", crs=4490, **columns):
        frame = geopandas.GeoDataFrame(
            {name: [value] for name, value in columns.items()}, geometry=[SQUARE], crs=4490
        )
        folder = tmp_path / "shp"
        folder.mkdir()
        if crs:
            frame = frame.to_crs(crs)
        pyogrio.write_dataframe(frame, folder / "x.shp", encoding=encoding)
        return Path(shutil.make_archive(str(tmp_path / "sent"), "zip", folder))

    return write


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
@pytest.mark.parametrize("crs", [4490, 4326, 4548, 4527])
def test_a_shapefile_is_read_in_its_encoding_and_system(shapefile, tmp_path, encoding, crs):
    raw, placed = read(shapefile(encoding, crs, 名称="老商埠"), tmp_path / "out")
    assert raw.records[0].properties == {"名称": "老商埠"}
    assert placed.crs == f"EPSG:{crs}"
    difference = placed.records[0].geometry.symmetric_difference(SQUARE).area
    assert difference == pytest.approx(0, abs=1e-10)


def test_a_person_may_say_the_system_where_the_file_does_not(shapefile, tmp_path):
    path = shapefile(crs=4548, n="x")
    (tmp_path / "out").mkdir()
    upload = open_upload(path, tmp_path / "out")
    (tmp_path / "out" / "layer.prj").unlink()
    raw = read_upload(upload)
    with pytest.raises(Refused, match="look like EPSG:4548"):
        to_wgs84(raw)
    assert to_wgs84(raw, "4548").records[0].geometry.bounds[0] == pytest.approx(116.95, abs=1e-7)
    with pytest.raises(Refused) as caught:
        to_wgs84(raw, "4527")
    assert caught.value.reason == "crs-coordinates-mismatch"


def test_a_ring_of_millions_is_refused(tmp_path):
    path = tmp_path / "ring.geojson"
    ring = [[116.9 + i / 1e8, 36.5] for i in range(1_000_001)]
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "LineString", "coordinates": ring},
    }
    document = {"type": "FeatureCollection", "features": [feature]}
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Refused) as caught:
        read(path, tmp_path / "out")
    assert caught.value.reason == "too-many-vertices"


def test_reading_is_given_up_after_its_time(tmp_path):
    path = tmp_path / "x.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    with pytest.raises(Refused) as caught:
        read(path, tmp_path / "out", seconds=0)
    assert caught.value.reason == "too-slow"
