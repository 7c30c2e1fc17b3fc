"""A day of the people who keep a layer: from an office's Shapefile to what the public sees.

With SCREENSHOTS set to a folder, each stage leaves a picture there.
"""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas
import pytest
from playwright.sync_api import expect
from shapely.geometry import Polygon, box

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account
from layers.model import Feature
from layers.store import ChangeSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Browser, Locator, Page

PASSWORD = "十四五规划 studio 2035"  # noqa: S105  of nobody
PEOPLE = [("wang", "王工", "editor"), ("li", "李工", "reviewer"), ("zhao", "赵工", "reviewer")]
MESSAGE = "说明：改了什么，为什么（公开）"
REASON = "2 个警告可以放行的理由"
COLUMNS, ROWS, CHANGED = 20, 16, 300
SIDE = 0.001
MOST_CLICKS = 9
"""From the file to what the public sees, over two people, who are logged in."""


def parcel(number: int) -> Feature:
    row, column = divmod(number, COLUMNS)
    west, south = 116.95 + column * SIDE, 36.55 + row * SIDE
    properties = {
        "地块编号": f"SZ-{number:03}",
        "用地名称": f"{number}号地块",
        "用地代码": "R2",
        "面积": 9_900.0,
    }
    shape = box(west, south, west + SIDE, south + SIDE)
    return Feature(str(properties["地块编号"]), shape, properties)


def shapefile(features: Sequence[Feature], folder: Path, name: str) -> Path:
    """Write what the office has: a zipped Shapefile, in GBK and EPSG:4548."""
    (folder / name).mkdir()
    frame = geopandas.GeoDataFrame(
        [each.properties for each in features],
        geometry=[each.geometry for each in features],
        crs="EPSG:4326",
    ).to_crs("EPSG:4548")
    frame.to_file(folder / name / "地块.shp", encoding="GBK", engine="pyogrio")
    packed = folder / f"{name}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted((folder / name).iterdir()):
            archive.write(part, part.name)
    return packed


def changed(features: Sequence[Feature]) -> list[Feature]:
    """Return the parcels after the survey: another use for 300 of them, one boundary crossed."""
    found = []
    for number, each in enumerate(features):
        code = "B1" if number < CHANGED else each.properties["用地代码"]
        shape = each.geometry
        if number == 0:
            west, south, east, north = shape.bounds
            shape = Polygon([(west, south), (east, north), (east, south), (west, north)])
        found.append(Feature(each.id, shape, {**each.properties, "用地代码": code}))
    return found


class Desk:
    """One person's browser, which counts what the hand does."""

    def __init__(self, page: Page, address: str, name: str, pictures: Path | None) -> None:
        self.page = page
        self.clicks = 0
        self._address = address
        self._pictures = pictures
        page.goto(f"{address}/studio/login")
        page.get_by_label("用户名").fill(name)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("heading", name="图层", level=1).wait_for()

    def open(self, path: str) -> None:
        self.page.goto(self._address + path)

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def press(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def follow(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name).first)

    def step(self, name: str, **written: str) -> None:
        """Take a step of a draft, having written what it asks for."""
        section = self.page.get_by_role("region", name=name, exact=True)
        for label, text in written.items():
            section.get_by_label(label).fill(text)
        self.click(section.get_by_role("button", name=name, exact=True))

    def picture(self, name: str) -> None:
        if self._pictures is not None:
            self.page.screenshot(path=self._pictures / f"{name}.png")


@pytest.fixture
def office(tmp_path, parcels, edit_catalogue, start):
    """Serve an atlas with 320 parcels that are reviewed; returns application and address."""
    edit_catalogue("parcels", review=True)
    application = create_app(Settings(home=tmp_path / "home", data=parcels))
    store = application.state.published.store
    for name, shown, role in PEOPLE:
        store.people.add(new_account(name, shown, role, PASSWORD), author="root")
    features = [parcel(number) for number in range(COLUMNS * ROWS)]
    store.publish(
        "parcels",
        ChangeSet(tuple(features), (), {}),
        base=store.head("parcels"),
        kind="publish",
        author="root",
        message="现状",
    )
    return features, start(application)


@pytest.fixture
def desk(office, browser: Browser, browser_context_args, watch) -> Callable[[str], Desk]:
    """Seat somebody at a browser of their own."""
    folder = os.environ.get("SCREENSHOTS")

    def seat(name: str) -> Desk:
        context = browser.new_context(**browser_context_args)
        watch.over(context, office[1])
        return Desk(context.new_page(), office[1], name, Path(folder) if folder else None)

    return seat


def codes(page: Page, address: str) -> dict[str, int]:
    """Return how many parcels the public sees of each use."""
    found = page.request.get(f"{address}/api/collections/parcels/items?limit=1000").json()
    seen: dict[str, int] = {}
    for each in found["features"]:
        code = each["properties"]["用地代码"]
        seen[code] = seen.get(code, 0) + 1
    return seen


def upload(at: Desk, file: Path) -> None:
    at.open("/studio/uploads")
    at.page.get_by_label("图层").select_option(label="地块")
    at.clicks += 1
    at.page.get_by_label("选择文件，或拖到这里").set_input_files(file)
    at.clicks += 1
    at.press("上传")
    at.page.wait_for_url("**/studio/uploads/*")
    checked = at.page.get_by_role("status").filter(has_text="检查完毕")
    expect(checked).to_be_visible(timeout=60_000)


def test_the_day_of_a_gis_officer(office, desk, tmp_path, record_testsuite_property):
    features, address = office
    editor, reviewer = desk("wang"), desk("li")
    began = time.perf_counter()

    # What the office really has: it is understood, and one boundary is wrong.
    upload(editor, shapefile(changed(features), tmp_path, "survey"))
    expect(editor.page.get_by_text("1 个错误")).to_be_visible()
    expect(editor.page.get_by_label("编码")).to_contain_text("GB18030")
    expect(editor.page.get_by_label("坐标系")).to_contain_text("EPSG:4548")
    editor.picture("1-check")
    assert codes(editor.page, address) == {"R2": COLUMNS * ROWS}
    editor.press("全部接受建议的修复（1）")
    expect(editor.page.get_by_text("0 个错误")).to_be_visible(timeout=60_000)
    editor.picture("2-repaired")
    editor.press("保存为草稿")

    # The difference, and off to somebody else.
    expect(editor.page.get_by_text(f"改动 {CHANGED}")).to_be_visible()
    expect(editor.page.locator("path.shape-new").first).to_be_attached()
    editor.picture("3-difference")
    draft = editor.page.url.removeprefix(address).partition("#")[0]
    editor.step("提交审核", **{"给审核人的话（可以不写）": "按九月的测量更新"})

    # The author may not approve it; the reviewer may, and publishes.
    approve = editor.page.get_by_role("region", name="审核通过")
    expect(approve.get_by_role("button")).to_have_count(0)
    reviewer.open(draft)
    reviewer.picture("4-review")
    reviewer.step("审核通过")
    reviewer.step("发布", **{MESSAGE: "更新用途", REASON: "修复留下的缝下次测量时补"})
    expect(reviewer.page.get_by_text("已发布为第 3 个修订")).to_be_visible()
    reviewer.picture("5-published")
    assert codes(reviewer.page, address) == {"B1": CHANGED, "R2": COLUMNS * ROWS - CHANGED}
    clicks, seconds = editor.clicks + reviewer.clicks, time.perf_counter() - began
    record_testsuite_property("clicks from file to published", clicks)
    record_testsuite_property("seconds from file to published", round(seconds, 1))
    assert clicks <= MOST_CLICKS

    # It was a mistake: back to how it was, which is a revision, too.
    reviewer.open("/studio/layers/parcels")
    reviewer.follow("第 2 版")
    reviewer.page.get_by_label("为什么恢复").fill("测量要重做")
    reviewer.press("恢复")
    assert codes(reviewer.page, address) == {"R2": COLUMNS * ROWS}
    reviewer.picture("6-restored")


def test_two_people_change_the_same_parcel(office, desk, tmp_path):
    features, address = office
    editor, reviewer, other = desk("wang"), desk("li"), desk("zhao")
    mine, theirs = list(features), list(features)
    first = features[0]
    mine[0] = Feature(first.id, first.geometry, {**first.properties, "用地代码": "G1"})
    theirs[0] = Feature(first.id, first.geometry, {**first.properties, "用地代码": "M1"})
    theirs[1] = Feature(features[1].id, features[1].geometry, features[1].properties | {"面积": 1})
    drafts = []
    for at, changes, name in ((editor, mine, "mine"), (reviewer, theirs, "theirs")):
        upload(at, shapefile(changes, tmp_path, name))
        at.press("保存为草稿")
        drafts.append(at.page.url.removeprefix(address).partition("#")[0])
        at.step("提交审核")

    # The second one is published first.
    other.open(drafts[1])
    other.step("审核通过")
    other.step("发布", **{MESSAGE: "先发布"})
    assert codes(other.page, address) == {"M1": 1, "R2": COLUMNS * ROWS - 1}

    # What only one side changed is merged; what both changed is decided.
    editor.open(drafts[0])
    editor.follow("更新基准")
    expect(editor.page.get_by_text("冲突：1 个要素")).to_be_visible()
    conflict = editor.page.get_by_role("group", name="用地代码")
    expect(conflict).to_contain_text("R2")
    expect(conflict).to_contain_text("M1")
    expect(conflict).to_contain_text("G1")
    editor.picture("7-conflict")
    editor.click(conflict.get_by_label("取我方（草稿的）"))
    editor.press("更新基准")
    editor.step("提交审核")
    other.open(drafts[0])
    other.step("审核通过")
    other.step("发布", **{MESSAGE: "定为绿地"})
    assert codes(other.page, address) == {"G1": 1, "R2": COLUMNS * ROWS - 1}
    seen = other.page.request.get(f"{address}/api/collections/parcels/items/{features[1].id}")
    assert seen.json()["properties"]["面积"] == 1
