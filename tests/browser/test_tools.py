"""Tools of planners on the map: measure, coordinates, layers, everything at a place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from pyproj import Geod, Transformer
from shapely.geometry import Polygon

from app.main import create_app
from app.settings import Settings
from layers.measure import area_m2

if TYPE_CHECKING:
    from playwright.sync_api import Page

TO_ZONE = Transformer.from_crs("EPSG:4490", "EPSG:4548", always_xy=True)
GEODESIC = Geod(ellps="GRS80")
PLACES = [(116.975, 36.55), (116.72, 36.3), (117.25, 36.72), (117.0, 36.6)]
SHAPES = [
    pytest.param(
        [(116.98, 36.6), (116.985, 36.6), (116.985, 36.604), (116.98, 36.604)], id="block"
    ),
    pytest.param([(116.8, 36.4), (117.1, 36.42), (117.08, 36.7), (116.82, 36.68)], id="district"),
]


@pytest.fixture
def geodesy(visit, page: Page, server: str):
    """Call a function of the page's own module."""
    visit("/")
    module = page.evaluate(
        """async () => (await (await fetch("/")).text()).match(/[^"]*atlas\\/joined.js[^"]*/)[0]"""
    ).replace("joined.js", "geodesy.js")

    def call(name: str, *given):
        return page.evaluate(
            "async ([module, name, given]) => (await import(module))[name](...given)",
            [module, name, given],
        )

    return call


@pytest.mark.parametrize("place", PLACES)
def test_zone_metres_are_those_of_proj(geodesy, place):
    metres = geodesy("toZone", *place)
    assert metres == pytest.approx(TO_ZONE.transform(*place), abs=0.0005)
    assert geodesy("fromZone", *metres) == pytest.approx(place, abs=1e-9)


@pytest.mark.parametrize("ring", SHAPES)
def test_areas_are_those_of_the_server(geodesy, ring):
    assert geodesy("area", ring) == pytest.approx(area_m2(Polygon(ring)), rel=1e-5)


@pytest.mark.parametrize("ring", SHAPES)
def test_lengths_are_geodesic(geodesy, ring):
    longitudes, latitudes = zip(*ring, strict=True)
    assert geodesy("length", ring) == pytest.approx(
        GEODESIC.line_length(longitudes, latitudes), abs=0.001
    )


def test_an_area_is_measured_by_keys_and_warns_over_sketches(visit, page: Page, until):
    visit("/")
    page.get_by_role("button", name="量面积").click()
    expect(page.locator("#tool .result")).to_contain_text("还需 3 个点")
    field = page.get_by_role("application", name=re.compile("规划地图"))
    field.focus()
    for key in ("ArrowRight", "ArrowDown"):
        field.press("Enter")
        before = page.evaluate("String(window.atlas.map.getCenter())")
        field.press(key)
        until("(was) => String(window.atlas.map.getCenter()) !== was", before)
    field.press("Enter")
    expect(page.locator("#tool .result")).to_contain_text("公顷")
    expect(page.locator("#tool .result")).to_contain_text("亩")
    expect(page.locator("#tool .notice")).to_contain_text("示意对象")
    field.press("Escape")
    expect(page.get_by_role("button", name="量面积")).to_be_focused()


def test_a_line_is_measured_by_touch(visit, phone: Page):
    visit("/", on=phone)
    phone.get_by_role("button", name="量长度").tap()
    phone.locator("#tool h2").wait_for()
    for x in (120, 240):
        phone.touchscreen.tap(x, 560)
    expect(phone.locator("#tool .result")).to_contain_text("km")
    assert "f=" not in phone.url


def test_coordinates_are_written_and_gone_to(visit, page: Page):
    visit("/")
    page.get_by_role("button", name="坐标", exact=True).click()
    page.get_by_label("到这个坐标去").fill("497761.663, 4046573.221")
    page.get_by_role("button", name="前往").click()
    centre = page.evaluate("[window.atlas.map.getCenter().lng, window.atlas.map.getCenter().lat]")
    assert centre == pytest.approx([116.975, 36.55], abs=1e-3)
    expect(page.locator("#tool dl")).to_contain_text("EPSG:4548")
    page.get_by_label("到这个坐标去").fill("北京")
    page.get_by_role("button", name="前往").click()
    expect(page.get_by_text("没有看懂")).to_be_visible()


def test_layers_as_set_are_in_the_address(visit, page: Page):
    visit("/")
    page.get_by_role("checkbox", name=re.compile("项目")).uncheck()
    page.get_by_label("不透明度与次序 三大空间").click()
    page.get_by_role("slider", name=re.compile("不透明度")).fill("40")
    expect(page).to_have_url(re.compile(r"off=projects.*opacity=zones:40"))
    page.reload()
    page.locator("html[data-ready]").wait_for(state="attached")
    expect(page.locator(".leaflet-atlas-projects-pane path.shape")).to_have_count(0)
    expect(page.locator(".leaflet-atlas-zones-pane")).to_have_css("opacity", "0.4")


def test_a_link_with_unknown_layers_says_so_and_works(visit, page: Page):
    visit("/?off=ghosts,projects&opacity=spirits:x,zones:50")
    expect(page.get_by_text("ghosts, spirits")).to_be_visible()
    expect(page.locator(".leaflet-atlas-zones-pane")).to_have_css("opacity", "0.5")
    expect(page.locator(".leaflet-atlas-projects-pane path.shape")).to_have_count(0)


def test_all_that_is_wrong_with_a_link_is_said_together(visit, page: Page):
    visit("/?zone=无此区&off=ghosts&colour=smell&year=2025")
    notice = page.locator("#notice")
    for said in ("无此区", "ghosts, smell", "按 2025 年筛选"):
        expect(notice).to_contain_text(said)
    assert (notice.text_content() or "").count("按 2025 年筛选") == 1


def test_what_lies_at_a_place_is_gone_through(visit, page: Page, click_shape):
    visit("/")
    click_shape("projects/laoshangbu", others=1)
    expect(page.get_by_role("heading", name=re.compile("此处有"))).to_be_focused()
    page.locator("#hits a[data-ref]").first.click()
    expect(page.get_by_text(re.compile("第 1 个，共")).first).to_be_visible()
    page.get_by_role("button", name="下一个").click()
    expect(page.get_by_role("status")).to_contain_text("第 2 个，共")


def test_enter_opens_what_is_at_the_centre(visit, page: Page):
    visit("/")
    field = page.get_by_role("application", name=re.compile("规划地图"))
    field.focus()
    field.press("Enter")
    expect(page.locator("#index")).to_be_hidden()


def test_a_map_as_known_then_names_what_differs(visit_changed, page: Page):
    visit_changed("/?known=1")
    expect(page.locator("#notice")).to_contain_text("3 个对象与现在不同，收起了 1 个")
    expect(page.locator('#index [data-ref="projects/ban-gong-lou"]')).to_be_hidden()
    page.get_by_role("button", name="时间").click()
    expect(page.locator("#tool li")).to_have_text(
        ["新办公楼：当时还没有", "老商埠二期：当时有，后来撤下", "新名：后来改过"]
    )
    page.get_by_role("button", name="回到现在").click()
    expect(page.locator('#index [data-ref="projects/ban-gong-lou"]')).to_be_visible()
    expect(page).to_have_url(re.compile(r"/$"))


def test_a_day_of_the_map_is_a_day_of_china(visit, start, late_home, page: Page):
    address = start(create_app(Settings(home=late_home)))
    visit("/?known=2026-11-01", address=address)
    expect(page.locator("#notice")).to_contain_text("1 个对象与现在不同")
    visit("/?known=2026-11-02", address=address)
    expect(page.locator("#notice")).to_contain_text("0 个对象与现在不同")
    visit("/?compare=projects@1,projects@2", address=address)
    sides = page.locator(".swipe-side")
    expect(sides.filter(has_text="第 2 版（2026-11-02）")).to_be_visible()


def test_a_link_with_an_unread_day_shows_the_newest(visit, page: Page, watch):
    watch.expected.append("400")
    visit("/?known=soon")
    expect(page.locator("#notice")).to_contain_text("没有“soon”的数据")
    expect(page.locator(".leaflet-atlas-zones-pane path.shape").first).to_be_visible()


def test_a_tool_that_is_still_loading_says_so_and_the_map_does_not_answer_for_it(visit, page: Page):
    visit("/")
    waiting = []
    page.route("**/atlas/measure.js", lambda route: waiting.append(route))
    button = page.get_by_role("button", name="量面积")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    field = page.get_by_role("application", name=re.compile("规划地图"))
    field.press("Enter")
    expect(field).to_be_focused()
    expect(page.locator("#index")).to_be_visible()
    for each in waiting:
        each.continue_()
    expect(page.locator("#tool .result")).to_contain_text("还需 3 个点")
    expect(button).not_to_have_attribute("aria-busy", "true")
    field.press("Enter")
    expect(page.locator("#tool .result")).to_contain_text("还需 2 个点")


def test_a_tool_that_cannot_be_loaded_can_be_asked_for_again(visit, page: Page, watch):
    watch.expected.append("ERR_FAILED")
    visit("/")
    page.route("**/atlas/tools.css", lambda route: route.abort(), times=1)
    button = page.get_by_role("button", name="坐标", exact=True)
    button.click()
    expect(page.locator("#live")).to_contain_text("没有取到")
    expect(button).not_to_have_attribute("aria-busy", "true")
    button.click()
    expect(page.locator("#tool dl")).to_contain_text("EPSG:4548")


def test_a_group_of_layers_is_switched_as_one_and_says_when_it_is_on_in_part(visit, page: Page):
    visit("/?off=zones")
    group = page.get_by_role("checkbox", name="规划内容")
    assert group.evaluate("(box) => box.indeterminate")
    group.check()
    expect(page).to_have_url(re.compile(r"/$"))
    assert page.locator(".leaflet-atlas-zones-pane path.shape").count() > 0
    group.uncheck()
    expect(page).to_have_url(re.compile(r"off=(zones,projects|projects,zones)"))
    expect(page.locator(".leaflet-atlas-projects-pane path.shape")).to_have_count(0)
    expect(page.get_by_role("checkbox", name=re.compile("地名"))).to_be_checked()


def test_projects_are_coloured_by_their_stage(visit, page: Page, features):
    visit("/")
    stages = {each["id"]: each["properties"].get("stage") for each in features("projects")}
    colour = """(ref) => window.atlas.layers.projects.getLayers()
      .flatMap((each) => each.getLayers ? each.getLayers() : [each])
      .find((each) => each.atlasRef === ref).getElement().getAttribute("stroke")"""
    usual = page.evaluate(colour, "projects/laoshangbu")
    page.get_by_label("颜色").select_option("stage")
    legend = page.locator("#colours li")
    expect(legend).to_have_count(5)
    expect(legend.nth(2)).to_contain_text("建设 16 个")
    assert stages["laoshangbu"] == "建设"
    assert page.evaluate(colour, "projects/laoshangbu") == "#1D6FA5"
    expect(page).to_have_url(re.compile("colour=stage"))
    page.reload()
    expect(legend).to_have_count(5)
    page.get_by_label("颜色").select_option("")
    expect(page.locator("#colours")).to_be_hidden()
    assert page.evaluate(colour, "projects/laoshangbu") == usual
    visit("/?colour=nothing")
    expect(page.get_by_label("颜色")).to_have_value("")


def test_the_list_is_narrowed_to_what_the_map_shows(visit, page: Page):
    visit("/")
    shown = page.locator("#index a[data-ref]:visible")
    everything = shown.count()
    page.get_by_role("checkbox", name="只列图上看得见的").check()
    some = shown.count()
    assert some == int(re.search(r"\d+", page.locator("#in-view").inner_text())[0])
    assert 0 < some < everything
    page.evaluate("window.atlas.map.setView([36.66, 116.99], 14, {animate: false})")
    expect(page.locator('#index a[data-ref="projects/laoshangbu"]')).to_be_visible()
    expect(page.locator('#index a[data-ref="projects/laopoyu"]')).to_be_hidden()
    assert 0 < shown.count() < some
    expect(page).to_have_url(re.compile("list=view"))
    page.reload()
    page.locator("html[data-ready]").wait_for(state="attached")
    assert shown.count() == some
