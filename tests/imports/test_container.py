"""A file is what its content says, and a ZIP is looked through before it is unpacked."""

from __future__ import annotations

import contextlib
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.imports.container import Limits, Refused, open_upload

SHARED = Path(__file__).parents[3] / "shared" / "files"
PARTS = {"甲.shp": b"\0\0\x27\x0a", "甲.shx": b"x", "甲.dbf": b"d", "甲.prj": b"p"}


@pytest.fixture
def pack(tmp_path):
    """Write a ZIP of entries by name."""

    def pack(entries, name="sent.zip"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries.items():
                archive.writestr(entry, content)
        return path

    return pack


def refused(path, folder, **limits) -> str:
    folder.mkdir(exist_ok=True)
    with pytest.raises(Refused) as caught:
        open_upload(path, folder, Limits(**limits))
    assert caught.value.sentence.endswith(".")
    return caught.value.reason


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"type": "FeatureCollection"}', "geojson"),
        (b"\xef\xbb\xbf\r\n {}", "geojson"),
        (b"SQLite format 3\0" + bytes(100), "gpkg"),
        (b"fgb\x03fgb\x00" + bytes(8), "flatgeobuf"),
        (b'<?xml version="1.0"?><kml xmlns="x"></kml>', "kml"),
        (b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", "dxf"),
        ("编号,经度,纬度\n1,117,36\n".encode(), "csv"),
    ],
)
@pytest.mark.parametrize("name", ["x.geojson", "x.shp", "x"])
def test_the_kind_is_told_by_the_content_and_not_by_the_name(tmp_path, content, kind, name):
    path = tmp_path / name
    path.write_bytes(content)
    assert open_upload(path, tmp_path / "out").kind == kind


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>Please log in</body></html>",
        b"<OGRVRTDataset><OGRVRTLayer/></OGRVRTDataset>",
        b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>',
        b"\x89PNG\r\n\x1a\n",
        b"",
    ],
)
def test_what_is_no_layer_is_refused(tmp_path, content):
    path = tmp_path / "x.geojson"
    path.write_bytes(content)
    assert refused(path, tmp_path / "out") == "format-unsupported"


def test_a_shapefile_is_found_whatever_its_names_are_written_in(pack, tmp_path):
    upper = {name.upper(): content for name, content in PARTS.items()}
    (tmp_path / "out").mkdir()
    upload = open_upload(pack(upper), tmp_path / "out")
    assert (upload.kind, upload.name) == ("shapefile", "甲.SHP")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "layer.shp",
        "layer.shx",
        "layer.dbf",
        "layer.prj",
    }


@pytest.mark.parametrize("missing", [".shx", ".dbf", ".shp"])
def test_a_shapefile_without_a_part_is_refused(pack, tmp_path, missing):
    parts = {name: content for name, content in PARTS.items() if not name.endswith(missing)}
    assert refused(pack(parts), tmp_path / "out") == "shapefile-incomplete"


@pytest.mark.parametrize(
    "name", ["../../tmp/pwned", "/etc/passwd", "a/../../b", "..\\..\\x", "C:/x"]
)
def test_an_entry_that_leaves_its_folder_is_refused(pack, tmp_path, name):
    assert refused(pack(PARTS | {name: b"x"}), tmp_path / "out") == "zip-path"
    assert list((tmp_path / "out").iterdir()) == []


def test_a_symbolic_link_is_refused(tmp_path):
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("z.prj")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert refused(path, tmp_path / "out") == "zip-symlink"


def test_a_zip_within_a_zip_and_two_layers_are_refused(pack, tmp_path):
    assert refused(pack({"inner.zip": b"PK"}), tmp_path / "out") == "zip-nested"
    two = {"a.geojson": b"{}", "b.geojson": b"{}"}
    assert refused(pack(two), tmp_path / "out") == "layer-ambiguous"


def test_a_bomb_is_refused_before_anything_is_written(pack, tmp_path):
    assert refused(pack({"a.geojson": bytes(50_000_000)}), tmp_path / "out") == "zip-ratio"
    assert list((tmp_path / "out").iterdir()) == []


def test_too_many_entries_or_bytes_are_refused(pack, tmp_path):
    many = {f"{i}.txt": b"" for i in range(20)}
    assert refused(pack(many), tmp_path / "out", entries=10) == "zip-entries"
    assert refused(pack(PARTS), tmp_path / "out", bytes=100) == "file-too-large"


@given(st.binary(max_size=600), st.integers(0, 600))
def test_damage_is_refused_and_never_anything_else(tmp_path_factory, noise, at):
    folder = tmp_path_factory.mktemp("noise")
    path = folder / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.geojson", b"{}")
    content = bytearray(path.read_bytes())
    content[at : at + len(noise)] = noise
    path.write_bytes(content)
    (folder / "out").mkdir()
    with contextlib.suppress(Refused):
        assert open_upload(path, folder / "out").path.is_file()


CONTAINER_CASES = {
    "zip_traversal.zip": "zip-path",
    "zip_backslash.zip": "zip-path",
    "zip_symlink.zip": "zip-symlink",
    "zip_nested.zip": "zip-nested",
    "zip_truncated.zip": "zip-corrupt",
    "zip_many.zip": "zip-entries",
    "no_shx.zip": "shapefile-incomplete",
    "no_dbf.zip": "shapefile-incomplete",
    "xxe.kml": "format-unsupported",
    "vrt.geojson": "format-unsupported",
    "html.json": "format-unsupported",
    "utf16.geojson": "encoding-not-utf8",
    "SHP_UPPER.ZIP": None,
    "shp_gbknames.zip": None,
    "shp_gbk_cpg.zip": None,
    "gpkg_4490.gpkg": None,
}


@pytest.mark.parametrize(("file", "reason"), CONTAINER_CASES.items())
def test_the_files_that_offices_and_attackers_send(tmp_path, file, reason):
    path = SHARED / file
    if not path.is_file():
        assert reason is None or "-" in reason
        return
    if reason is not None:
        assert refused(path, tmp_path / "out") == reason
        return
    (tmp_path / "out").mkdir()
    assert open_upload(path, tmp_path / "out").path.is_file()
