"""How a layer changes from the command line: import, check, draft, publish, discard."""

from __future__ import annotations

import json
import zipfile

import geopandas
import pytest
import shapely

from layers.gcj02 import to_gcj02
from layers.geojson import write_features
from layers.model import Feature
from layers.store import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "home" / "atlas.sqlite")


@pytest.fixture
def parcels_atlas(atlas, parcels):
    """Run the command line with a layer of parcels."""

    def run(*arguments):
        return atlas(*arguments, ATLAS_DATA=str(parcels))

    return run


@pytest.fixture
def file(tmp_path):
    def write(features, name="parcels.geojson"):
        path = tmp_path / name
        write_features(path, features)
        return str(path)

    return write


@pytest.fixture
def published(parcels_atlas, file, grid):
    """Publish the twelve parcels as revision 2."""
    done = parcels_atlas("publish", "parcels", file(grid, "first.geojson"), "-m", "首次入库")
    assert done.returncode == 0, done.stderr
    return parcels_atlas


def overlapping(grid):
    wide = shapely.box(116.95, 36.55, 116.9600002, 36.56)
    return [Feature("Z001", wide, grid[0].properties), *grid[1:]]


def test_an_imported_file_is_a_draft_until_it_is_published(parcels_atlas, file, grid, store):
    imported = parcels_atlas("import", "parcels", file(grid))
    assert imported.returncode == 0, imported.stderr
    assert "12 added, 0 removed" in imported.stdout
    assert store.head("parcels").number == 1
    assert "draft 1 (open) of parcels.geojson" in parcels_atlas("drafts").stdout
    done = parcels_atlas("publish", "parcels", "--message", "首次入库", "--json")
    assert json.loads(done.stdout)["added"] == 12
    assert [f.id for f in store.features(store.head("parcels"))] == [f.id for f in grid]
    assert parcels_atlas("drafts").stdout.strip() == "No draft waits."
    everything = json.loads(parcels_atlas("drafts", "--all", "--json").stdout)
    assert [(each["status"], each["revision"]) for each in everything] == [("published", 2)]
    actions = [entry.action for entry in store.log()][-3:]
    assert actions == ["import", "publish", "draft published"]


def test_a_draft_holds_changes_only(published, file, grid, store):
    fewer = [Feature("Z001", grid[0].geometry, {**grid[0].properties, "用地代码": "B1"}), *grid[2:]]
    published("import", "parcels", file(fewer))
    (draft,) = store.drafts.list()
    changes = store.drafts.changes(draft)
    assert [f.id for f in changes.put] == ["Z001"]
    assert changes.removed == ("Z002",)


def test_a_file_with_an_error_is_reported_and_not_kept(parcels_atlas, file, grid, store):
    broken = [
        Feature("Z001", grid[0].geometry, {**grid[0].properties, "用地代码": "X9"}),
        *grid[1:],
    ]
    refused = parcels_atlas("import", "parcels", file(broken))
    assert refused.returncode == 3
    assert "attribute-code" in refused.stderr
    assert "row 1, feature Z001" in refused.stderr
    assert store.drafts.list() == []
    assert parcels_atlas("publish", "parcels", file(broken), "-m", "x").returncode == 3
    assert store.head("parcels").number == 1


def test_a_warning_needs_a_reason_which_is_logged(published, file, grid, store):
    path = file(overlapping(grid))
    refused = published("publish", "parcels", path, "-m", "改一块")
    assert refused.returncode == 2
    assert "sliver-overlap" in refused.stderr
    assert "need a reason" in refused.stderr
    done = published("publish", "parcels", path, "-m", "改一块", "--reason", "旧图如此")
    assert done.returncode == 0, done.stderr
    assert "accepted sliver-overlap 1: 旧图如此" in store.log()[-1].detail


def test_a_draft_on_an_old_revision_is_refused_and_the_head_named(published, file, grid, store):
    published("import", "parcels", file(grid[:11]))
    published("publish", "parcels", file(grid[1:]), "-m", "别人先发布了")
    refused = published("publish", "parcels", "-m", "晚了")
    assert refused.returncode == 6
    assert "at revision 3" in refused.stderr
    assert store.head("parcels").number == 3


def test_several_drafts_must_be_named_and_can_be_discarded(published, file, grid):
    for count in (11, 10):
        published("import", "parcels", file(grid[:count]))
    assert "say which with --draft" in published("publish", "parcels", "-m", "x").stderr
    assert published("discard", "parcels", "1").returncode == 0
    assert published("publish", "parcels", "-m", "x").returncode == 0
    assert published("publish", "parcels", "-m", "x", "--draft", "1").returncode == 2
    assert published("publish", "parcels", "-m", "x").returncode == 4


def test_shifted_coordinates_are_held_until_somebody_decides(published, file, grid, store):
    shifted = [Feature(f.id, shapely.transform(f.geometry, to_gcj02), f.properties) for f in grid]
    path = file(shifted)
    held = published("publish", "parcels", path, "-m", "x")
    assert held.returncode == 3
    assert "suspected-gcj02" in held.stderr
    assert "--crs GCJ-02" in held.stderr
    converted = published("import", "parcels", path, "--crs", "GCJ-02", "--json")
    assert converted.returncode == 0, converted.stderr
    report = json.loads(converted.stdout)
    assert report["difference"]["changed"] == []
    assert [each["rule"] for each in report["report"]["findings"]] == ["shift-removed"]
    insisted = published("publish", "parcels", path, "-m", "x", "--crs", "4490")
    assert insisted.returncode == 2, "a person's word makes the suspicion a warning"
    assert store.head("parcels").number == 2


def test_a_table_is_asked_which_column_is_north(parcels_atlas, tmp_path, edit_catalogue):
    edit_catalogue("parcels", geometry_types=["Point"], checks=[])
    table = tmp_path / "parcels.csv"
    table.write_text(
        "地块编号,用地名称,用地代码,面积,X,Y\nA1,甲,R2,12.5,4046573.221,497761.663\n",
        encoding="gb18030",
    )
    asked = parcels_atlas("import", "parcels", str(table), "--crs", "4548")
    assert asked.returncode == 3
    assert "which of X and Y is north?" in asked.stderr
    done = parcels_atlas("import", "parcels", str(table), "--crs", "4548", "--north", "X", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["difference"]["added"] == ["A1"]
    assert [n["code"] for n in document["draft"]["notes"]] == ["encoding-guessed"]
    swapped = parcels_atlas("import", "parcels", str(table), "--crs", "4548", "--north", "Y")
    assert "axis" in swapped.stderr or "northing comes first" in swapped.stderr


def test_a_table_without_a_system_is_refused(parcels_atlas, tmp_path, edit_catalogue):
    edit_catalogue("parcels", geometry_types=["Point"], checks=[])
    table = tmp_path / "parcels.csv"
    table.write_text("地块编号,用地代码,经度,纬度\nA1,R2,116.975,36.55\n", encoding="utf-8-sig")
    refused = parcels_atlas("import", "parcels", str(table))
    assert "say which with --crs" in refused.stderr
    assert parcels_atlas("import", "parcels", str(table), "--crs", "4490").returncode == 0


def test_a_drawing_moves_features_that_are_known(published, tmp_path, store):
    drawing = tmp_path / "parcels.dxf"
    drawing.write_text(
        "0\nSECTION\n2\nENTITIES\n0\nLWPOLYLINE\n8\nZ001\n90\n4\n70\n1\n"
        "10\n116.95\n20\n36.55\n10\n116.96\n20\n36.55\n10\n116.96\n20\n36.559\n"
        "10\n116.95\n20\n36.559\n0\nENDSEC\n0\nEOF\n"
    )
    done = published(
        "publish", "parcels", str(drawing), "--id-column", "Layer", "--crs", "4490",
        "-m", "按图修改", "--reason", "CAD 图",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    features = {f.id: f for f in store.features(store.head("parcels"))}
    assert len(features) == 12
    assert features["Z001"].geometry.bounds[3] == pytest.approx(36.559)
    assert features["Z001"].properties["用地代码"] == "R2"


def test_an_old_datum_needs_a_transformation_that_is_stored_nowhere(
    parcels_atlas, tmp_path, grid, store
):
    frame = geopandas.GeoDataFrame(
        [dict(f.properties) for f in grid], geometry=[f.geometry for f in grid], crs=4490
    ).to_crs(4548)
    frame = frame.set_crs(2384, allow_override=True)
    frame.to_file(tmp_path / "old.shp", encoding="GBK")
    archive = tmp_path / "parcels.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for part in ("shp", "shx", "dbf", "prj", "cpg"):
            packed.write(tmp_path / f"old.{part}", f"old.{part}")
    held = parcels_atlas("import", "parcels", str(archive))
    assert held.returncode == 3
    assert "Xian 1980" in held.stderr
    assert "--transformation" in held.stderr
    pipeline = tmp_path / "secret.txt"
    steps = "+step +inv +proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80"
    pipeline.write_text(
        f"+proj=pipeline {steps} +step +proj=unitconvert +xy_in=rad +xy_out=deg", encoding="utf-8"
    )
    done = parcels_atlas(
        "publish", "parcels", str(archive), "--transformation", str(pipeline), "-m", "x",
        "--reason", "测绘院提供参数",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert store.features(store.head("parcels"))[0].geometry.bounds[0] == pytest.approx(116.95)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").iterdir())
    assert b"tmerc" not in kept
    pipeline.write_text("+proj=nonsense +secret=42", encoding="utf-8")
    wrong = parcels_atlas("import", "parcels", str(archive), "--transformation", str(pipeline))
    assert wrong.returncode == 3
    assert "42" not in wrong.stderr


class TestCheck:
    def test_a_layer_is_checked_as_it_is_published(self, published):
        done = published("check", "parcels")
        assert done.returncode == 0
        assert done.stdout.strip() == "parcels: 12 features, no faults"

    def test_a_file_is_checked_before_it_is_imported(self, published, file, grid, store):
        done = published("check", file(overlapping(grid)), "--format", "json")
        assert done.returncode == 0, "a warning is no error"
        (finding,) = json.loads(done.stdout)["findings"]
        assert (finding["rule"], finding["feature"], finding["row"]) == (
            "sliver-overlap",
            "Z001",
            1,
        )
        assert store.head("parcels").number == 2
        assert store.drafts.list() == []

    def test_the_report_can_be_written_as_table_and_places(self, published, file, grid, tmp_path):
        path = file(overlapping(grid), "other.geojson")
        for form, start in (("csv", "\ufeffseverity,rule"), ("geojson", '{\n  "type": "Feature')):
            to = tmp_path / f"report.{form}"
            done = published(
                "check", path, "--layer", "parcels", "--format", form, "--output", str(to)
            )
            assert done.returncode == 0, done.stderr
            assert to.read_text(encoding="utf-8").startswith(start)

    def test_a_file_that_cannot_be_read_is_refused_with_its_reason(self, published, tmp_path):
        path = tmp_path / "parcels.geojson"
        path.write_text("<html>", encoding="utf-8")
        refused = published("check", str(path), "--json")
        assert refused.returncode == 3
        assert json.loads(refused.stdout)["reason"] == "format-unsupported"

    def test_an_unknown_layer_is_named(self, published, file, grid):
        refused = published("check", file(grid, "roads.geojson"))
        assert refused.returncode == 4
        assert "There is no layer roads" in refused.stderr
