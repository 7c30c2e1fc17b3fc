"""Files that are sent: understood, checked, mended, and kept as a draft."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import geopandas
import pytest
from shapely.geometry import Polygon, box, mapping
from starlette.testclient import TestClient

from app.main import create_app
from app.refusals import REFUSALS
from app.settings import Settings
from layers.checks import RULES
from layers.imports import Limits
from layers.uploads import Uploads

FILES = Path(__file__).resolve().parents[3] / "shared" / "files"
CASES = (
    [case for case in json.loads((FILES / "corpus.json").read_text())["cases"] if "big" not in case]
    if (FILES / "corpus.json").is_file()
    else []
)
HOSTILE = "<script>alert(1)</script>\"'\\{{7*7}}.geojson"
LONG = 120.0
"""Seconds after which a file of a test is given up."""


@pytest.fixture
def application(tmp_path, home, parcels):
    shutil.copytree(home, tmp_path / "home")
    return create_app(Settings(home=tmp_path / "home", data=parcels))


@pytest.fixture
def folder(tmp_path):
    """Where uploads are kept."""
    return tmp_path / "home" / "uploads"


@pytest.fixture
def untouched(store):
    """Return a check that nothing has been stored since."""
    before = state_of(store)

    def check():
        assert state_of(store) == before

    return check


def state_of(store):
    return store.heads(), len(store.drafts.list(waiting=False))


@pytest.fixture
def send(application):
    """Send files as the form does; returns the address of the page when the work is over."""

    def send_files(browser, *files, layer="parcels"):
        return sent(application, browser, *files, layer=layer)

    return send_files


def sent(application, browser, *files, layer="parcels"):
    answer = browser.post(
        "/studio/uploads",
        data={"csrf": browser.csrf, "layer": layer},
        files=[("files", each) for each in files],
    )
    assert answer.status_code == 303, answer.text
    return over(application, answer.headers["location"])


@pytest.fixture(scope="module")
def standing(tmp_path_factory, home, declare):
    """Return an atlas that is not changed by those who use it: only uploads come and go."""
    folder = tmp_path_factory.mktemp("standing")
    shutil.copytree(home, folder / "home")
    return create_app(Settings(home=folder / "home", data=declare(folder / "data", {})))


@pytest.fixture(scope="module")
def clerk(standing, person):
    """Return a browser in which an editor is logged in to it."""
    with TestClient(standing):
        yield person(standing, "the-editor")


def over(application, path):
    """Wait until the work on an upload is over."""
    uploads = application.state.uploads
    upload = uploads._folder.get(path.rpartition("/")[2].partition("?")[0])
    assert uploads.wait(upload, LONG).is_over
    return path


def frame(features):
    return geopandas.GeoDataFrame(
        [dict(each.properties) for each in features],
        geometry=[each.geometry for each in features],
        crs="EPSG:4490",
    )


@pytest.fixture
def shapefile(grid, tmp_path):
    """Return the parts of a Shapefile as an office has them: GBK, EPSG:4548, no .cpg."""
    path = tmp_path / "地块.shp"
    frame(grid).to_crs(4548).to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    return {each.name: each.read_bytes() for each in tmp_path.glob("地块.*")}


def zipped(parts):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()


def geojson(features, **changed):
    documents = [
        {
            "type": "Feature",
            "id": each.id,
            "geometry": mapping(each.geometry),
            "properties": dict(each.properties) | changed,
        }
        for each in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": documents}).encode()


def bowties(grid):
    """Return two parcels whose boundaries cross themselves, and what is sound."""
    broken = []
    for each in grid[:2]:
        west, south, east, north = each.geometry.bounds
        ring = [(west, south), (east, north), (east, south), (west, north), (west, south)]
        broken.append(type(each)(each.id, Polygon(ring), each.properties))
    return [*broken, *grid[4:]]


def test_a_gbk_shapefile_in_epsg_4548_goes_from_upload_to_draft(visit, store, send, shapefile):
    browser = visit("editor")
    path = send(browser, ("地块.zip", zipped(shapefile)))

    page = browser.get(path).text
    assert "居住用地（1号）" in page
    assert "自动：GB18030" in page
    assert "内容不是 UTF-8，按国标编码读" in page
    assert "自动：EPSG:4548" in page
    assert "压缩包里的 .prj 这样写。" in page
    assert "自动：地块编号" in page
    assert "新增 12，改动 0，删除 0，不变 0" in page

    answer = browser.submit(f"{path}/draft")

    assert answer.headers["location"] == "/studio/drafts/parcels/1"
    draft = store.drafts.get("parcels", 1)
    assert (draft.author, draft.source, draft.crs) == ("the-editor", "地块.zip", "EPSG:4548")
    put = {each.id: each for each in store.drafts.changes(draft).put}
    assert put["Z001"].properties["用地名称"] == "居住用地（1号）"
    assert put["Z001"].geometry.hausdorff_distance(box(116.95, 36.55, 116.96, 36.56)) < 1e-6
    assert store.head("parcels").number == 1


def test_the_parts_of_a_shapefile_that_are_dropped_together_are_one_file(visit, send, shapefile):
    browser = visit("editor")
    path = send(browser, *shapefile.items())
    assert "新增 12" in browser.get(path).text


def test_several_files_become_an_upload_each(visit, application, grid):
    browser = visit("editor")
    answer = browser.post(
        "/studio/uploads",
        data={"layer": "parcels"},
        files=[("files", ("a.geojson", geojson(grid))), ("files", ("b.geojson", geojson(grid)))],
        headers={"x-csrf-token": browser.csrf, "accept": "application/json"},
    )
    assert answer.status_code == 201
    for path in answer.json()["uploads"]:
        assert browser.get(over(application, path)).status_code == 200
    page = browser.get("/studio/uploads").text
    assert "a.geojson" in page
    assert "b.geojson" in page


def test_a_file_that_became_a_draft_is_gone_and_its_page_leads_there(
    visit, send, store, folder, grid
):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(grid)))
    for _ in range(2):
        answer = browser.submit(f"{path}/draft")
        assert answer.headers["location"] == "/studio/drafts/parcels/1"
    assert browser.get(path).headers["location"] == "/studio/drafts/parcels/1"
    assert len(store.drafts.list("parcels")) == 1
    assert [each.name for each in folder.rglob("*") if each.is_file()] == ["upload.json"]
    assert "a.geojson" not in browser.get("/studio/uploads").text


def test_findings_are_grouped_with_cause_cure_row_value_and_place(visit, send, grid, untouched):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(bowties(grid))))
    page = browser.get(path).text
    assert "2 个错误" in page
    assert "边界自相交" in page
    assert "2 处" in page
    assert "顶点顺序错了，或有零宽度的尖刺。" in page
    assert "重画该处；报告附有建议的修复。" in page
    assert page.count('data-place="116.9') == 2
    assert "保存为草稿" not in page
    assert "A boundary that crosses itself" in browser.get(f"{path}?lang=en").text

    table = browser.get(f"{path}/findings.csv")
    assert "a-检查.csv" in unquote(table.headers["content-disposition"])
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [(each["rule"], each["row"], each["feature"]) for each in rows] == [
        ("self-intersection", "1", "Z001"),
        ("self-intersection", "2", "Z002"),
    ]
    untouched()


def test_what_has_an_error_is_not_kept_whoever_asks(visit, send, grid, untouched):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(bowties(grid))))
    assert browser.submit(f"{path}/draft").status_code == 400
    untouched()


def test_repairs_are_taken_one_by_one_and_noted_in_the_draft(visit, application, send, store, grid):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(bowties(grid))))

    browser.submit(f"{path}/repairs", rule="self-intersection", feature="Z001")
    page = browser.get(over(application, path)).text
    assert "1 个错误" in page
    assert "撤销已接受的修复（1）" in page

    browser.submit(f"{path}/repairs", rule="self-intersection", feature="Z002")
    over(application, path)
    browser.submit(f"{path}/draft")

    draft = store.drafts.get("parcels", 1)
    assert [code for code, _ in draft.notes] == ["repaired", "repaired"]
    put = {each.id: each for each in store.drafts.changes(draft).put}
    assert put["Z001"].geometry.is_valid
    assert put["Z001"].geometry.area == pytest.approx(0.00005, rel=1e-3)


def test_all_repairs_of_a_rule_are_taken_and_taken_back(visit, application, send, grid):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(bowties(grid))))
    browser.submit(f"{path}/repairs", rule="self-intersection")
    assert "0 个错误" in browser.get(over(application, path)).text
    browser.submit(f"{path}/repairs")
    assert "2 个错误" in browser.get(over(application, path)).text


@pytest.mark.parametrize(
    "fields",
    [
        {"rule": "self-intersection", "feature": "Z009"},
        {"rule": "overlap"},
        {"rule": "../..", "feature": "<script>"},
    ],
)
def test_a_repair_that_is_not_proposed_is_not_taken(visit, send, grid, fields):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(bowties(grid))))
    answer = browser.submit(f"{path}/repairs", **fields)
    assert answer.status_code == 400
    assert "那里已经没有建议的修复" in answer.text


def test_a_reference_system_that_the_file_does_not_say_is_chosen(
    visit, application, send, shapefile
):
    browser = visit("editor")
    parts = {name: each for name, each in shapefile.items() if not name.endswith(".prj")}
    path = send(browser, ("地块.zip", zipped(parts)))
    page = browser.get(path).text
    assert "文件没有写明坐标系；请向制图单位核实，在下面选定。" in page
    assert "从数值看像是这个，请核实后选定" in page
    assert '<option value="4548" selected>' in page
    assert "居住用地（1号）" in page

    browser.submit(path, crs="4548")

    page = browser.get(over(application, path)).text
    assert "由人指定。" in page
    assert "新增 12" in page


def test_columns_are_given_their_property_by_hand(visit, application, store, send, grid):
    browser = visit("editor")
    renamed = frame(grid).rename(columns={"用地代码": "DLBM", "用地名称": "备注"})
    path = send(browser, ("a.geojson", renamed.to_json().encode()))
    page = browser.get(path).text
    assert "缺少必填的列；请在下面把它对应起来。" in page
    columns = re.findall(r'name="(column-\d+)" aria-label="列 (\S+) 对应"', page)
    field = {column: name for name, column in columns}

    browser.submit(path, **{field["DLBM"]: "用地代码", field["面积"]: ""})
    over(application, path)
    browser.submit(f"{path}/draft")

    draft = store.drafts.get("parcels", 1)
    feature = store.drafts.changes(draft).put[0]
    assert feature.properties == {"地块编号": "Z001", "用地代码": "R2"}


def test_two_columns_cannot_be_one_property(visit, application, send, grid, untouched):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(grid)))
    fields = {f"column-{i}": "用地代码" for i in range(4)}
    browser.submit(path, **fields)
    assert "列的对应关系不成立" in browser.get(over(application, path)).text
    untouched()


@pytest.mark.parametrize("fields", [{"crs": "9999"}, {"encoding": "cp037"}, {"layer": "nothing"}])
def test_only_what_is_offered_can_be_said(visit, send, grid, fields):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(grid)))
    assert browser.submit(path, **fields).status_code == 400


def test_which_column_is_north_is_asked(visit, application, send):
    browser = visit("editor")
    content = "id,name,X,Y\na,甲,4046573.2,497761.7\n".encode("gb18030")
    path = send(browser, ("点.csv", content), layer="places")
    page = browser.get(path).text
    assert "X 和 Y 哪一列是北" in page
    browser.submit(path, north="X", crs="4548")
    page = browser.get(over(application, path)).text
    assert "X 和 Y 哪一列是北" not in page


def test_what_was_sent_survives_a_restart_in_the_middle_of_the_work(
    visit, application, send, store, folder, grid
):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(grid)))
    upload_id = path.rpartition("/")[2]
    (run,) = [each for each in (folder / upload_id).iterdir() if each.is_dir()]
    shutil.rmtree(run)
    run.mkdir()
    (run / "progress.json").write_text(
        '{"step": "checking", "reason": "", "sentence": "", "choices": []}'
    )

    bundle = application.state.published.bundle
    application.state.uploads = Uploads(folder, store, bundle)

    state = browser.get(f"{path}/state").json()
    assert state["step"] in {"checking", "reading"}
    over(application, path)
    assert browser.get(f"{path}/state").json() == {"step": "ready", "over": True}
    assert "新增 12" in browser.get(path).text


def test_the_page_is_loaded_again_by_itself_without_script_while_the_work_goes_on(
    visit, application, store, folder, grid
):
    browser = visit("editor")
    uploads = Uploads(folder, store, application.state.published.bundle)
    uploads.wait = lambda upload, _: uploads.progress(upload)
    application.state.uploads = uploads
    for _ in range(2):
        uploads._turns.acquire()
    answer = browser.post(
        "/studio/uploads",
        data={"csrf": browser.csrf, "layer": "parcels"},
        files=[("files", ("a.geojson", geojson(grid)))],
    )
    path = answer.headers["location"]
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in browser.get(path).text
    assert browser.get(f"{path}/state").json() == {"step": "reading", "over": False}
    uploads._turns.release()
    del uploads.wait
    over(application, path)
    assert "http-equiv" not in browser.get(path).text


def test_a_layer_that_has_moved_on_is_checked_again_before_anything_is_kept(
    visit, application, send, store, grid
):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(grid)))
    store.publish(
        "parcels", grid[:6], base=store.head("parcels"), kind="publish", author="a", message="m"
    )

    answer = browser.submit(f"{path}/draft")

    assert answer.headers["location"] == f"{path}?done=moved-on"
    assert store.drafts.list("parcels") == []
    page = browser.get(over(application, answer.headers["location"])).text
    assert "图层已有新的修订，已重新检查" in page
    assert "新增 6，改动 0，删除 0，不变 6" in page
    browser.submit(f"{path}/draft")
    assert store.drafts.get("parcels", 1).base == 2


def test_another_editors_upload_is_not_seen(visit, store, send, grid, password):
    path = send(visit("editor"), ("a.geojson", geojson(grid)))
    visit("administrator").submit(
        "/studio/people", name="li", shown="", role="editor", password=password
    )
    other = visit(None)
    other.post("/studio/login", data={"name": "li", "password": password})

    assert "a.geojson" not in other.get("/studio/uploads").text
    for tail in ("", "/state", "/shapes", "/repairs", "/findings.csv"):
        assert other.get(path + tail).status_code == 404
    for tail in ("", "/repairs", "/again", "/draft", "/discard"):
        assert other.submit(path + tail, rule="x").status_code == 404
    assert visit("reviewer").get(path).status_code == 200
    assert store.drafts.list("parcels") == []


@pytest.mark.parametrize(
    "upload_id",
    ["%2e%2e", "..%2f..%2fatlas.sqlite", "..%5c..", "A" * 16, "x" * 3000, "%00", "content"],
)
def test_an_address_leads_to_no_other_file(clerk, upload_id):
    for tail in ("", "/state", "/shapes", "/findings.csv"):
        answer = clerk.get(f"/studio/uploads/{upload_id}{tail}")
        assert answer.status_code in {307, 404}
        assert b"SQLite" not in answer.content


@pytest.mark.parametrize(
    "name",
    [
        HOSTILE,
        "../../../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "/etc/cron.d/x.geojson",
        "C:\\x.geojson",
        "NUL",
        "a" * 5000,
        "\u202egpj.exe.geojson",
        "名 称.geojson",
    ],
)
def test_the_name_of_a_file_is_a_text_and_nothing_else(standing, clerk, grid, name):
    made = standing.state.uploads.add(
        [(name, io.BytesIO(geojson(grid)))],
        layer_id="parcels",
        by=standing.state.published.store.people.get("the-editor"),
    )
    path = over(standing, f"/studio/uploads/{made[0].id}")
    text = clerk.get(path).text + clerk.get("/studio/uploads").text
    assert name[:200] in unescape(text)
    assert "<script>alert" not in text
    assert "检查了 12 个要素" in text
    folder = standing.state.settings.home / "uploads"
    assert {len(each.name) for each in folder.iterdir()} == {16}
    kept = {each.name for each in (folder / made[0].id).rglob("*") if each.is_file()}
    assert kept == {
        "content",
        "upload.json",
        "progress.json",
        "seen.json",
        "checked.json",
        "shapes.json",
        "after.geojson",
    }
    clerk.submit(f"{path}/discard")


def test_values_and_columns_of_a_file_are_shown_as_they_are(visit, send, grid):
    hostile = "</script><script>alert(1)</script>\"'\\"
    browser = visit("editor")
    content = geojson(grid[:1], **{hostile: hostile, "用地名称": hostile})
    page = browser.get(send(browser, ("a.geojson", content))).text
    assert "<script>alert" not in page
    assert hostile in unescape(page)


@pytest.fixture
def small(application, store, folder):
    """Let at most 2,000 bytes in."""
    limits = Limits(bytes=2_000)
    application.state.uploads = Uploads(folder, store, application.state.published.bundle, limits)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_file_that_is_too_large_is_refused_in_a_sentence_and_not_kept(
    visit, folder, untouched, accept
):
    browser = visit("editor")
    answer = browser.post(
        "/studio/uploads",
        data={"csrf": browser.csrf, "layer": "parcels"},
        files=[("files", ("ok.geojson", b"{}")), ("files", ("large.geojson", bytes(2_001)))],
        headers={"accept": accept},
    )
    assert answer.status_code == 413
    assert "文件太大或太复杂；请拆开再传。" in answer.text
    assert list(folder.iterdir()) == []
    untouched()


def test_a_body_beyond_every_limit_is_ended_before_it_is_kept(visit, folder):
    browser = visit("editor")
    answer = browser.post(
        "/studio/uploads",
        content=b"",
        headers={
            "x-csrf-token": browser.csrf,
            "content-type": "multipart/form-data; boundary=x",
            "content-length": "100000001",
        },
    )
    assert answer.status_code == 413
    assert not folder.exists()


class Breaking(io.BytesIO):
    """A stream that ends as a lost connection does."""

    def read(self, size=-1):
        content = super().read(10)
        if not content:
            raise ConnectionResetError
        return content


def test_a_lost_connection_leaves_nothing_half_written(application, folder, store, grid):
    editor = store.people.get("the-editor")
    with pytest.raises(Exception, match="nothing of it was"):
        application.state.uploads.add(
            [("a.geojson", Breaking(geojson(grid)))], layer_id="parcels", by=editor
        )
    assert list(folder.iterdir()) == []


def test_a_request_without_a_file_or_a_layer_is_told_so(visit):
    browser = visit("editor")
    answer = browser.submit("/studio/uploads", layer="parcels")
    assert answer.status_code == 400
    assert "请先选择文件。" in answer.text
    answer = browser.post(
        "/studio/uploads",
        data={"csrf": browser.csrf, "layer": "nothing"},
        files=[("files", ("a.geojson", b"{}"))],
    )
    assert answer.status_code == 400


def test_a_file_is_thrown_away(visit, send, folder, grid):
    browser = visit("editor")
    path = send(browser, ("a.geojson", geojson(grid)))
    assert browser.submit(f"{path}/discard").headers["location"].startswith("/studio/uploads?")
    assert browser.get(path).status_code == 404
    assert list(folder.iterdir()) == []


def test_a_file_that_waits_for_a_week_is_removed(visit, send, folder, grid):
    browser = visit("editor")
    old = send(browser, ("a.geojson", geojson(grid)))
    record = folder / old.rpartition("/")[2] / "upload.json"
    document = json.loads(record.read_text())
    document["created"] = "2020-01-01T00:00:00+00:00"
    record.write_text(json.dumps(document))

    assert browser.get(old).status_code == 404
    send(browser, ("b.geojson", geojson(grid)))
    assert not record.exists()


def archive(*entries, tail=b""):
    """Return a ZIP of (name, content, attributes of Unix)."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return sink.getvalue() + tail


def plain(name, content=b"x"):
    return name, content, 0o100644


def squares(old="", new=""):
    """Return two parcels as GeoJSON, with a text in it changed."""
    ring = [[116.95, 36.55], [116.96, 36.55], [116.96, 36.56], [116.95, 36.56], [116.95, 36.55]]
    beside = [[round(x + 0.01, 2), y] for x, y in ring]
    features = [
        {
            "type": "Feature",
            "id": key,
            "geometry": {"type": "Polygon", "coordinates": [each]},
            "properties": {"地块编号": key, "用地代码": "R2", "面积": 100.0},
        }
        for key, each in (("Z001", ring), ("Z002", beside))
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    assert old in text
    return text.replace(old, new, 1).encode()


FIRST = "[[116.95, 36.55], [116.96, 36.55], [116.96, 36.56], [116.95, 36.56], [116.95, 36.55]]"
SECOND = "[[116.96, 36.55], [116.97, 36.55], [116.97, 36.56], [116.96, 36.56], [116.96, 36.55]]"
CROSSED = "[[116.95, 36.55], [116.96, 36.56], [116.96, 36.55], [116.95, 36.56], [116.95, 36.55]]"
FLAT = "[[116.95, 36.55], [116.96, 36.55], [116.955, 36.55], [116.95, 36.55]]"
SHAPE = f'{{"type": "Polygon", "coordinates": [{FIRST}]}}'
POINTER = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>'

REFUSED_FILES = {
    "zip-path": ("a.zip", archive(plain("../../../../tmp/pwned_by_upload"))),
    "zip-path backslash": ("a.zip", archive(plain("..\\..\\pwned_by_upload"))),
    "zip-symlink": ("a.zip", archive(plain("z.shp"), ("z.prj", b"/etc/passwd", 0o120777))),
    "zip-nested": ("a.zip", archive(plain("inner.zip", archive(plain("z.shp"))))),
    "zip-entries": ("a.zip", archive(*(plain(f"{i}.txt", b"") for i in range(1_001)))),
    "zip-ratio": ("a.zip", archive(plain("z.shp", bytes(50_000_000)))),
    "zip-corrupt": ("a.zip", archive(plain("z.shp"))[:-10]),
    "shapefile-incomplete": ("a.zip", archive(plain("z.shp"))),
    "gpkg-invalid": ("a.gpkg", b"SQLite format 3\0" + bytes(5_000)),
    "format-unsupported noise": ("noise.gpkg", bytes(range(256)) * 40),
    "file-damaged": ("noise.fgb", b"fgb\x03" + bytes(range(256)) * 40),
    "format-unsupported picture": ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(200)),
    "format-unsupported page": ("page.json", b"<html><body>Login</body></html>"),
    "format-unsupported entity": ("a.kml", POINTER.encode()),
    "format-unsupported vrt": ("a.geojson", b"<OGRVRTDataSource></OGRVRTDataSource>"),
    "format-unsupported topology": ("a.json", b'{"type": "Topology", "objects": {}}'),
    "encoding-not-utf8 gbk": ("a.geojson", squares().decode().encode("gb18030")),
    "encoding-not-utf8 utf-16": ("a.geojson", squares().decode().encode("utf-16")),
    "json-invalid": ("a.geojson", squares()[:-40]),
    "json-invalid nul": ("a.geojson", b'{"type": "FeatureCollection", "features": [\0]}'),
    "json-duplicate-key": ("a.geojson", squares('"id": "Z001"', '"id": "Z001", "id": "Z009"')),
    "json-too-deep": ("a.geojson", b"[" * 100_000),
    "json-too-deep coordinates": ("a.geojson", squares(FIRST, "[" * 900 + "]" * 900)),
    "coordinate-not-a-number": ("a.geojson", squares("116.96,", '"116.96",')),
    "coordinate-not-finite": ("a.geojson", squares("116.96,", "NaN,")),
    "coordinates-out-of-range": ("a.geojson", squares("116.96,", "497761.7,")),
    "ring-not-closed": ("a.geojson", squares(", [116.95, 36.55]]", "]")),
    "ring-too-short": ("a.geojson", squares(FIRST, "[[116.95, 36.55], [116.95, 36.55]]")),
    "geometry-empty": ("a.geojson", squares(f"[{FIRST}]", "[]")),
    "geometry-type": (
        "a.geojson",
        squares(SHAPE, f'{{"type": "GeometryCollection", "geometries": [{SHAPE}]}}'),
    ),
    "bad-id": ("a.geojson", squares('"id": "Z001"', '"id": "../../items"')),
    "attribute-missing": ("a.geojson", squares().replace("用地代码".encode(), b"DLBM")),
    "attribute-range": ("a.geojson", squares("100.0", "9" * 5_000)),
    "table-damaged": ("cut.csv", "地块编号,用地代码\nA1\n".encode()),
    "file-damaged drawing": ("cut.dxf", b"0\nSECTION\n2\nENTITIES\n0\nLINE\n"),
}
"""Files that cannot be read, by the reason why (and what else tells two of one reason apart)."""

FAULTY_FILES = {
    "duplicate-id": squares('"Z002"', '"Z001"'),
    "self-intersection": squares(FIRST, CROSSED),
    "zero-area": squares(FIRST, FLAT),
    "overlap": squares(SECOND, FIRST),
    "attribute-type": squares("100.0", '"十二亩"'),
    "attribute-code": squares('"R2"', '"XX"'),
    "outside-district": squares(FIRST, "[[0, 0], [0.01, 0], [0.01, 0.01], [0, 0.01], [0, 0]]"),
}
"""Files that can be read and must not be published, by the rule that says so."""


def pages_of(standing, clerk, name, content):
    """Return the page of a file in Chinese when the work is over; nothing of it is stored."""
    before = state_of(standing.state.published.store)
    path = sent(standing, clerk, (name, content))
    page = clerk.get(path)
    kept = clerk.submit(f"{path}/draft")
    assert (page.status_code, kept.status_code) == (200, 400)
    assert "保存为草稿" not in page.text
    assert "Traceback" not in page.text + kept.text
    assert "root:" not in page.text
    assert state_of(standing.state.published.store) == before
    clerk.submit(f"{path}/discard")
    return unescape(page.text)


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_a_hostile_file_is_refused_in_the_sentence_of_its_reason(standing, clerk, case):
    page = pages_of(standing, clerk, *REFUSED_FILES[case])
    said = re.search(r'role="alert">\s*<p>([^<]*)', page)
    assert said is not None
    assert said[1] == REFUSALS[case.partition(" ")[0]]


@pytest.mark.parametrize("rule", FAULTY_FILES)
def test_a_faulty_file_is_told_which_rule_it_breaks_and_what_to_do(standing, clerk, rule):
    page = pages_of(standing, clerk, "a.geojson", FAULTY_FILES[rule])
    assert f"错误</span> <strong>{RULES[rule].title}</strong> <code>{rule}</code>" in page
    assert f"<p>办法：{RULES[rule].cure}</p>" in page


if CASES:

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_a_file_of_the_corpus_shows_its_sentence_on_the_page(standing, clerk, grid, case):
        store = standing.state.published.store
        if store.count(store.head("parcels")) == 0:
            store.publish(
                "parcels", grid, base=store.head("parcels"), kind="publish", author="a", message="m"
            )
        before = state_of(store)
        path = sent(standing, clerk, (Path(case["file"]).name, (FILES / case["file"]).read_bytes()))
        page = clerk.get(path)
        assert page.status_code == 200
        assert "Traceback" not in page.text
        assert case.get("leak", "\0") not in page.text
        assert ("保存为草稿" in page.text) == case["expect"].startswith("accept")
        if not case["expect"].startswith("accept"):
            reason = case["reason"]
            said = REFUSALS[reason] if reason in REFUSALS else RULES[reason].cure
            assert said in unescape(page.text)
        assert state_of(store) == before
        clerk.submit(f"{path}/discard")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("noise.gpkg", bytes(range(256)) * 40),
        ("noise.zip", b"PK\x03\x04" + bytes(range(256)) * 40),
        ("empty.geojson", b""),
        ("vrt.kml", b"<OGRVRTDataSource><!-- <kml> --></OGRVRTDataSource>"),
        ("drawing.dwg", b"AC1032" + bytes(200)),
        ("cut.csv", "地块编号,用地代码\nA1\n".encode()),
    ],
)
def test_what_is_no_layer_is_refused_in_a_sentence(standing, clerk, name, content):
    before = state_of(standing.state.published.store)
    path = sent(standing, clerk, (name, content))
    page = clerk.get(path).text
    assert re.search(r'role="alert">\s*<p>[^<]*[\u4e00-\u9fff]', page)
    assert 'lang="en">' in page
    assert "Traceback" not in page
    assert state_of(standing.state.published.store) == before
    clerk.submit(f"{path}/discard")
