"""``atlas layers``, ``history``, ``diff``, ``publish``, ``rollback``, ``export``, ``verify``."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from contextlib import closing

import geopandas
import pytest

from layers.catalogue import bundled_data


@pytest.fixture
def changed(tmp_path):
    """Return a file in which one project is renamed, one moved and one gone."""
    document = json.loads(
        (bundled_data() / "geojson" / "projects.geojson").read_text(encoding="utf-8")
    )
    features = {feature["id"]: feature for feature in document["features"]}
    features["kemayu"]["properties"]["name"] = "渴马峪（更名）"
    longitude, latitude = features["laopoyu"]["geometry"]["coordinates"]
    features["laopoyu"]["geometry"]["coordinates"] = [longitude, round(latitude + 0.001, 7)]
    document["features"].remove(features["shuzihua-shequ"])
    path = tmp_path / "changed.geojson"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_file_is_published_shown_and_rolled_back(atlas, changed):
    done = atlas("publish", "projects", changed, "--message", "更正")
    assert done.returncode == 0, done.stderr
    assert re.search(r"revision 2 \(publish\).*\+0 -1 ~2", done.stdout)

    shown = atlas("diff", "projects", "1", "2").stdout
    assert "- shuzihua-shequ" in shown
    assert "name: '渴马峪' → '渴马峪（更名）'" in shown
    assert re.search(r"~ laopoyu moved 11[01]\.\d m", shown)

    back = atlas("rollback", "projects", "1")
    assert back.returncode == 0, back.stderr
    assert re.search(r"revision 3 \(rollback\).*\+1 -0 ~2", back.stdout)
    revisions = json.loads(atlas("history", "projects", "--json").stdout)
    assert [each["revision"] for each in revisions] == [3, 2, 1]
    assert revisions[0]["digest"] == revisions[2]["digest"]
    assert atlas("verify").stdout.startswith("All as published")


def test_a_rollback_to_what_is_there_already_is_refused(atlas):
    done = atlas("rollback", "projects", "1")
    assert done.returncode == 2
    assert "already" in done.stderr


def test_a_publish_needs_a_message(atlas, changed):
    done = atlas("publish", "projects", changed)
    assert done.returncode == 2
    assert "message" in done.stderr


def test_a_repeated_key_publishes_once(atlas, changed):
    for _ in range(2):
        done = atlas("publish", "projects", changed, "-m", "更正", "--key", "one")
        assert done.returncode == 0, done.stderr
    assert len(json.loads(atlas("history", "projects", "--json").stdout)) == 2


def test_a_file_that_breaks_a_rule_is_refused_and_nothing_stored(atlas, changed):
    changed.write_text(changed.read_text(encoding="utf-8").replace('"P3"', '"P9"'), "utf-8")
    done = atlas("publish", "projects", changed, "-m", "x")
    assert done.returncode == 3
    assert 'field "precision"' in done.stderr
    assert len(json.loads(atlas("history", "projects", "--json").stdout)) == 1


def test_an_unknown_layer_or_revision_is_named(atlas):
    for command in (("history", "nothing"), ("diff", "projects", "1", "9")):
        done = atlas(*command)
        assert done.returncode == 4
        assert "There is no layer nothing" in done.stderr or "no revision 9" in done.stderr


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "fgb", "parquet", "kml"])
def test_a_layer_is_exported_whole(atlas, tmp_path, ending):
    path = tmp_path / f"projects.{ending}"
    done = atlas("export", "projects", "--to", path)
    assert done.returncode == 0, done.stderr
    read = geopandas.read_parquet if ending == "parquet" else geopandas.read_file
    frame = read(path)
    assert len(frame) == 264
    assert frame.geometry.notna().sum() == 18
    assert list(tmp_path.glob(".atlas-*")) == []


def test_an_export_written_back_is_the_published_file(atlas, tmp_path):
    path = tmp_path / "zones.geojson"
    atlas("export", "zones", "--to", path)
    assert path.read_bytes() == (bundled_data() / "geojson" / "zones.geojson").read_bytes()


def test_an_export_in_metres_says_so(atlas, tmp_path):
    path = tmp_path / "zones.gpkg"
    atlas("export", "zones", "--to", path, "--crs", "4548")
    frame = geopandas.read_file(path)
    assert frame.crs.to_epsg() == 4548
    assert 480_000 < frame.total_bounds[0] < 520_000


def test_a_shapefile_is_packed_in_utf_8_one_file_for_each_kind(atlas, tmp_path):
    done = atlas("export", "projects", "--to", tmp_path / "projects.shp")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "projects.zip") as archive:
        names = archive.namelist()
        assert archive.read("projects-polygon.cpg") == b"UTF-8"
    assert {name for name in names if name.endswith(".shp")} >= {
        "projects-polygon.shp",
        "projects-point.shp",
        "projects-linestring.shp",
    }


def test_csv_opens_in_a_spreadsheet_with_its_characters(atlas, tmp_path):
    path = tmp_path / "projects.csv"
    atlas("export", "projects", "--to", path)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert "老商埠" in content.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("to", "crs", "said"),
    [("x.pdf", "4326", "ending"), ("x.gpkg", "2000", "EPSG:2000"), ("x.kml", "4548", "WGS 84")],
)
def test_an_export_that_cannot_be_is_refused(atlas, tmp_path, to, crs, said):
    done = atlas("export", "zones", "--to", tmp_path / to, "--crs", crs)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / to).exists()


def test_a_backup_is_restored_and_a_flipped_bit_is_refused(atlas, changed, tmp_path):
    atlas("layers")
    copy = tmp_path / "copy.sqlite"
    assert atlas("backup", copy).returncode == 0
    atlas("publish", "projects", changed, "-m", "更正")

    done = atlas("restore", copy, "--yes")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(atlas("history", "projects", "--json").stdout)) == 1

    content = bytearray(copy.read_bytes())
    at = content.index("渴马峪".encode())
    content[at + 2] ^= 1
    copy.write_bytes(content)
    refused = atlas("restore", copy, "--yes")
    assert refused.returncode == 3
    assert "copy.sqlite" in refused.stderr
    assert atlas("verify").returncode == 0


def test_verify_names_what_was_edited(atlas, environment):
    atlas("layers")
    path = f"{environment['ATLAS_HOME']}/atlas.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE feature_version SET properties = '{}' WHERE id = 'yufuhe'")
    done = atlas("verify")
    assert done.returncode == 3
    assert "feature yufuhe" in done.stderr


@pytest.mark.parametrize("ending", ["gpkg", "fgb"])
def test_an_export_that_was_edited_is_published_again(atlas, tmp_path, ending):
    path = tmp_path / f"projects.{ending}"
    atlas("export", "projects", "--to", path, "--crs", "4548")
    same = atlas("publish", "projects", path, "-m", "nothing changed", "--json")
    assert same.returncode == 0, same.stderr
    revision = json.loads(same.stdout)
    assert (revision["added"], revision["removed"]) == (0, 0)

    frame = geopandas.read_file(path)
    frame.loc[frame["id"] == "kemayu", "name"] = "渴马峪（更名）"
    options = {"SPATIAL_INDEX": "NO"} if ending == "fgb" else {}
    frame.to_file(path, layer_options=options)
    done = atlas("publish", "projects", path, "-m", "更名")
    assert done.returncode == 0, done.stderr
    shown = atlas("diff", "projects", "2", "3").stdout
    assert "'渴马峪' → '渴马峪（更名）'" in shown
    assert "1 changed" in shown


def test_a_file_that_cannot_be_taken_is_refused_with_its_reason(atlas, tmp_path):
    path = tmp_path / "login.geojson"
    path.write_text("<html>Please log in</html>", encoding="utf-8")
    done = atlas("publish", "projects", path, "-m", "x")
    assert done.returncode == 3
    assert "is of no kind that can be read" in done.stderr
    assert len(json.loads(atlas("history", "projects", "--json").stdout)) == 1


def test_the_store_may_be_a_postgresql_database(atlas, database, changed):
    done = atlas("publish", "projects", changed, "-m", "更正", ATLAS_STORE=database)
    assert done.returncode == 0, done.stderr
    assert "revision 2" in atlas("history", "projects", ATLAS_STORE=database).stdout
    assert atlas("verify", ATLAS_STORE=database).returncode == 0
    refused = atlas("backup", "copy.sqlite", ATLAS_STORE=database)
    assert refused.returncode == 7
    assert "pg_dump" in refused.stderr


@pytest.mark.parametrize("address", ["mysql://x/y", "nonsense", "postgresql://127.0.0.1:1/x"])
def test_a_database_that_cannot_be_used_is_said_in_one_sentence(atlas, address):
    done = atlas("layers", ATLAS_STORE=address)
    assert done.returncode == 7
    assert len(done.stderr.strip().splitlines()) == 1
