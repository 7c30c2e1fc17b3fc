"""The page of an upload with its script: progress, map, a click that leads to a finding."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from shapely.geometry import mapping

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account

PASSWORD = "十四五规划 studio 2035"  # noqa: S105  of nobody
HOSTILE = "<img src=x onerror=alert(1)>\"'\\"


@pytest.fixture
def studio(page: Page, start, tmp_path, parcels) -> str:
    """Log an editor in; returns the address of the server."""
    application = create_app(Settings(home=tmp_path / "home", data=parcels))
    people = application.state.published.store.people
    people.add(new_account("the-editor", "某录入", "editor", PASSWORD), author="root")
    address = start(application)
    page.goto(f"{address}/studio/login?next=/studio/uploads")
    page.get_by_label("用户名").fill("the-editor")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/studio/uploads")
    return address


@pytest.fixture
def bowtie(grid, tmp_path):
    """Return a file with a parcel whose boundary crosses itself, under a hostile name."""
    features = []
    for i, each in enumerate(grid):
        west, south, east, north = each.geometry.bounds
        crossed = [(west, south), (east, north), (east, south), (west, north), (west, south)]
        shape = {"type": "Polygon", "coordinates": [crossed]} if i == 0 else mapping(each.geometry)
        properties = dict(each.properties) | {"用地名称": HOSTILE}
        features.append(
            {"type": "Feature", "id": each.id, "geometry": shape, "properties": properties}
        )
    path = tmp_path / "a '<b>.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_a_file_is_sent_followed_looked_at_and_mended(page: Page, studio, bowtie):
    page.get_by_label("图层").select_option(label="地块")
    page.get_by_label("选择文件，或拖到这里").set_input_files(bowtie)
    page.get_by_role("button", name="上传").click()
    page.wait_for_url("**/studio/uploads/*")
    expect(page.get_by_role("status").filter(has_text="检查完毕")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("a '<b>.geojson")

    page.locator("html[data-ready]").wait_for(state="attached")
    expect(page.locator("path.sent")).to_have_count(12)
    expect(page.locator("path.sent.is-error")).to_have_count(1)
    expect(page.locator("path.base-line")).not_to_have_count(0)

    page.get_by_role("link", name="116.95500, 36.55500").click()
    mark = page.locator("path.mark-place").bounding_box()
    frame = page.locator("#map").bounding_box()
    assert mark
    assert frame
    assert abs(mark["x"] + mark["width"] / 2 - frame["x"] - frame["width"] / 2) < 2
    expect(page.locator("path.repair")).to_have_count(1)

    page.get_by_role("button", name="全部接受建议的修复").click()
    expect(page.get_by_text("0 个错误")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="保存为草稿")).to_be_visible()


TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_everybody_can_use_it_and_nothing_is_wider_than_the_screen(
    page: Page, studio, bowtie, width, scheme
):
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    for path in ("list", "upload"):
        if path == "upload":
            page.get_by_label("图层").select_option(label="地块")
            page.get_by_label("选择文件，或拖到这里").set_input_files(bowtie)
            page.get_by_role("button", name="上传").click()
            page.locator("html[data-ready]").wait_for(state="attached", timeout=60_000)
        found = Axe().run(page, options={"runOnly": TAGS})
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_file_that_did_not_arrive_is_sent_again(page: Page, watch, studio, bowtie):
    watch.expected.append("ERR_FAILED")
    page.route("**/studio/uploads", lambda route: route.abort(), times=1)
    page.get_by_label("图层").select_option(label="地块")
    page.get_by_label("选择文件，或拖到这里").set_input_files(bowtie)
    page.get_by_role("button", name="上传").click()
    expect(page.locator("#sending")).to_contain_text("服务器没有收到这个文件")
    page.get_by_role("button", name="再试").click()
    page.wait_for_url("**/studio/uploads/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("a '<b>.geojson")
    page.locator("html[data-ready]").wait_for(state="attached", timeout=60_000)
