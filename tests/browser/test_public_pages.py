"""The public's pages in a browser: axe, widths, the position that is asked for, the copied link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AREA = "POLYGON((116.96 36.63, 117.01 36.63, 117.01 36.67, 116.96 36.67, 116.96 36.63))"
PAGES = [
    "/features/projects/laoshangbu",
    "/features/places/shanghai-fuxing?lang=en",
    "/nearby?at=116.99,36.65",
    "/nearby?q=zzzz&lang=en",
    "/zones",
    "/zones/beibu-hexinqu",
    "/tables",
    "/tables/projects?zone=北部核心区&sortby=-name&nothing=1",
    "/areas",
    f"/areas?area={AREA}",
    "/help",
    "/accessibility?lang=en",
]


@pytest.mark.parametrize(
    ("width", "scheme"),
    [pytest.param(1280, "light", id="desktop-light"), pytest.param(360, "dark", id="phone-dark")],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(page: Page, server, width, scheme):
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=scheme)
    faults = []
    for path in PAGES:
        page.goto(server + path)
        assert page.get_by_role("heading", level=1).count() == 1
        for details in page.locator("main details").all():
            details.evaluate("each => { each.open = true; }")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path} is too wide")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
        faults += [
            f"{path}: {each['id']} {node['html'][:120]} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]
    assert faults == []


def test_the_position_is_asked_for_and_stands_in_no_address(page: Page, server, watch):
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 116.98765, "latitude": 36.65432})
    page.goto(f"{server}/nearby")
    page.get_by_role("button", name="用我现在的位置").click()
    page.get_by_text("按图集画的界线，这里属于北部核心区。").wait_for()
    assert page.url == f"{server}/nearby"
    assert not any("116.98" in address for address in watch.requested)


def test_a_refused_position_is_said(page: Page, server):
    page.context.clear_permissions()
    page.goto(f"{server}/nearby")
    page.get_by_role("button", name="用我现在的位置").click()
    page.get_by_text("没有得到位置。").wait_for()


def test_the_link_of_a_feature_is_copied(page: Page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server}/features/projects/laoshangbu")
    page.get_by_role("button", name="复制链接").click()
    page.get_by_text("链接已复制").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{server}/features/projects/laoshangbu"


def test_the_map_leads_to_the_page_of_a_feature_and_to_what_is_near_it(visit, page: Page):
    visit("/?f=projects/laoshangbu")
    page.get_by_role("link", name="完整页面").click()
    page.get_by_role("heading", level=1, name="老商埠").wait_for()
    page.go_back()
    page.locator("#detail").get_by_role("link", name="附近有什么规划").click()
    page.get_by_text("就在范围内").first.wait_for()


def test_an_area_is_drawn_on_the_still_map_and_reported(page: Page, server):
    page.goto(f"{server}/areas")
    picture = page.locator("#draw svg")
    box = picture.bounding_box()
    assert box is not None
    for x, y in ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.1, 0.1)):
        picture.click(position={"x": box["width"] * x, "y": box["height"] * y})
    page.get_by_role("button", name="撤去上一点").click()
    assert page.locator("#area").input_value().count(",") == 4
    page.get_by_role("button", name="出报告").click()
    page.get_by_role("heading", name="三大空间").wait_for()
