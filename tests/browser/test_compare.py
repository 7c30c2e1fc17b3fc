"""Comparison on the map: revisions, days, layers, versions of the plan; by pointer and by keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

REVISIONS = "/?compare=projects@1,projects@3"
ITEMS = ["~ 改动：新名", "+ 新增：新办公楼", "- 撤下：老商埠二期"]
MAPS = """() => [window.atlas.map.getContainer(), document.querySelector(".second-map")]
  .map((box) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    return [left, top, width, height].map(Math.round);
  })"""
MOVED = """([was]) => {
  const { x, width } = document.querySelector(".second-map .compared-new").getBoundingClientRect();
  return Math.abs(x - was.x) + Math.abs(width - was.width) > 5;
}"""
FRAMES = """() => [".folium-map", ".second-map"].map((name) => {
  const field = document.querySelector(name);
  const frame = field.querySelector(".leaflet-atlas-district-pane path").getBoundingClientRect();
  const { left, top } = field.getBoundingClientRect();
  return [frame.left - left, frame.top - top, frame.width, frame.height];
})"""
CLIPPED = "(pane) => pane.style.clip"


def divider(page: Page):
    return page.get_by_role("slider", name="卷帘的分隔线")


def test_a_link_shows_two_revisions_old_on_the_left_new_on_the_right(visit_changed, page: Page):
    visit_changed(REVISIONS)
    expect(page.locator("#tool .result")).to_have_text("新增 1 个，撤下 1 个，改动 1 个。")
    old, new = page.locator("path.compared-old"), page.locator("path.compared-new")
    expect(old).to_have_count(1)
    expect(new).to_have_count(2)
    assert old.get_attribute("stroke-dasharray")
    assert not new.first.get_attribute("stroke-dasharray")
    for name, side in (("old", "第 1 版"), ("new", "第 3 版")):
        assert "rect(" in page.locator(f".leaflet-atlas--{name}-pane").evaluate(CLIPPED)
        expect(page.locator(".swipe-side", has_text=side)).to_be_visible()


def test_the_divider_is_moved_by_keys_and_by_pointer_and_is_in_the_address(
    visit_changed, page: Page
):
    visit_changed(f"{REVISIONS}&split=30")
    handle = divider(page)
    expect(handle).to_have_attribute("aria-valuenow", "30")
    expect(handle).to_have_attribute("aria-valuetext", re.compile("左边 30% 是第 1 版"))
    handle.press("ArrowRight")
    expect(page).to_have_url(re.compile("split=35"))
    handle.press("Home")
    expect(handle).to_have_attribute("aria-valuenow", "0")
    handle.press("End")
    expect(page).to_have_url(re.compile("split=100"))
    box = page.locator(".folium-map").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 5, 600)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, 600)
    page.mouse.up()
    expect(page).to_have_url(re.compile("split=25"))


def test_each_difference_leads_to_the_map_and_to_its_fields(visit_changed, page: Page):
    visit_changed(REVISIONS)
    items = page.locator("#tool .compare-item")
    expect(items).to_have_text(ITEMS)
    page.get_by_role("button", name="新增：新办公楼").click()
    expect(page.locator("#live")).to_have_text("地图移到了新办公楼")
    shape = page.locator("path.compared-new").last.bounding_box()
    field = page.locator(".folium-map").bounding_box()
    assert field["x"] < shape["x"] < field["x"] + field["width"]
    page.get_by_role("button", name="撤下：老商埠二期").click()
    expect(page.locator("#live")).to_have_text("老商埠二期没有画在图上")
    detail = page.get_by_role("link", name="逐项 新名")
    expect(detail).to_have_attribute("href", re.compile(r"projects/diff\?from=1&to=3&f=html"))
    whole = page.get_by_role("link", name="差异页")
    expect(whole).to_have_attribute("href", "/compare?layer=projects&from=1&to=3")


def test_two_maps_side_by_side_move_together(visit_changed, page: Page, until):
    visit_changed(f"{REVISIONS}&split=sides")
    second = page.get_by_role("application", name=re.compile("右图：第 3 版"))
    expect(second).to_be_visible()
    expect(second.locator("path.compared-new")).to_have_count(2)
    expect(page.locator(".folium-map path.compared-old")).to_have_count(1)
    (x, top, width, height), (other, *rest) = page.evaluate(MAPS)
    assert (rest[0], rest[2]) == (top, height)
    assert other >= x + width
    path = "path.compared-new >> nth=0"
    for field, key in ((page.locator(".folium-map"), "ArrowRight"), (second, "+")):
        before = second.locator(path).bounding_box()
        field.press(key)
        until(MOVED, [before])
    frames = page.evaluate(FRAMES)
    assert frames[0] == pytest.approx(frames[1], abs=3)


def test_on_a_phone_one_map_is_above_the_other(visit_changed, phone: Page, until):
    visit_changed(f"{REVISIONS}&split=sides", on=phone)
    phone.locator(".second-map path.compared-new").first.wait_for()
    until(f"({MAPS})().every(([, , , height]) => height > 120)", on=phone)
    (left, top, _, height), (other, below, *_) = phone.evaluate(MAPS)
    assert other == left
    assert below >= top + height - 1
    panel = phone.locator("#panel").bounding_box()
    second = phone.locator(".second-map").bounding_box()
    assert second["y"] + second["height"] <= panel["y"] + 1
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_view_is_changed_and_what_is_compared_too_all_in_the_address(visit_changed, page: Page):
    visit_changed("/")
    page.get_by_role("button", name="对比").click()
    expect(page).to_have_url(re.compile(r"compare=projects@2,projects@3"))
    expect(page.locator("#tool .compare-item")).to_have_text([ITEMS[2]])
    page.get_by_label("从（旧，左边）").select_option("1")
    expect(page.locator("#tool .compare-item")).to_have_text(ITEMS)
    page.get_by_role("radio", name="并排").check()
    expect(page).to_have_url(re.compile(r"compare=projects@1,projects@3&split=sides"))
    page.reload()
    page.locator(".second-map path.compared-new").first.wait_for()
    page.get_by_role("button", name="关闭").click()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.locator(".second-map")).to_have_count(0)
    expect(page.locator("path.compared-old")).to_have_count(0)
    expect(page.get_by_role("button", name="对比")).to_be_focused()
    expect(page.locator(".leaflet-atlas-projects-pane")).to_have_css("opacity", "1")


def test_all_layers_are_compared_on_two_days(visit_changed, page: Page, watch):
    watch.expected.append("404")
    visit_changed("/?compare=@1999-01-01,@2099-01-01")
    expect(page.locator("#tool .result")).to_contain_text("撤下 0 个，改动 0 个")
    expect(page.locator("#tool summary").last).to_contain_text(re.compile(r"差异清单：\d{3} 个"))
    expect(page.get_by_text(re.compile(r"另有 \d+ 个"))).to_be_visible()
    expect(page.locator(".swipe-side").first).to_have_text("1999-01-01")


def test_two_layers_are_compared_at_the_divider(visit, page: Page):
    visit("/?compare=places,projects")
    expect(page.locator("#tool .result")).to_contain_text("左边只有“地名”")
    divider(page).press("End")
    left, right = (page.locator(f".leaflet-atlas-{each}-pane") for each in ("places", "projects"))
    assert all("rect(" in each.evaluate(CLIPPED) for each in (left, right))
    page.get_by_role("button", name="关闭").click()
    assert [each.evaluate(CLIPPED) for each in (left, right)] == ["", ""]


def test_two_versions_of_the_plan_name_the_features_whose_citations_differ(
    visit_changed, page: Page
):
    visit_changed("/?compare=plan:1,plan:2")
    expect(page.locator("#tool .result")).to_contain_text("段不同")
    item = page.locator("#tool .compare-item").first
    expect(item).to_be_visible()
    more = page.get_by_role("link", name=re.compile("差异页"))
    expect(more).to_have_attribute("href", "/plan/shizhong-14-5/compare?from=1&to=2")


@pytest.mark.parametrize(
    "text",
    ["projects@7,projects@9", "ghosts@1,ghosts@2", "projects@soon,projects", "plan:1,plan:9", "x"],
)
def test_what_is_unknown_in_a_link_is_said_and_the_rest_works(visit, page: Page, watch, text):
    watch.expected += ["400", "404"]
    visit(f"/?compare={text}&zone=南部生态区")
    expect(page.locator("#notice")).to_contain_text(f"对比“{text}”没有取到")
    expect(page.locator("#chosen-count")).to_contain_text("个符合")
    expect(page.locator(".leaflet-atlas-zones-pane path.shape").first).to_be_visible()
    expect(page.locator(".swipe")).to_have_count(0)


def test_layers_that_are_switched_off_leave_both_maps(visit_changed, page: Page):
    visit_changed(f"{REVISIONS}&split=sides")
    zones = page.locator(".second-map .leaflet-atlas-zones-pane path")
    expect(zones).to_have_count(3)
    page.get_by_role("checkbox", name=re.compile("三大空间")).uncheck()
    expect(zones).to_have_count(0)
    expect(page.locator(".second-map path.compared-new")).to_have_count(2)


def test_going_back_leaves_the_comparison(visit_changed, page: Page):
    visit_changed("/")
    page.evaluate("history.pushState(null, '', '/?compare=projects@1,projects@3')")
    page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.locator("path.compared-old")).to_have_count(1)
    page.go_back()
    expect(page.locator("path.compared-old")).to_have_count(0)
    expect(page.locator("#tool")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/$"))


def written(page: Page, pane: str):
    """Return the names that are to be read in a pane."""
    return page.locator(f"{pane} .name:not(.is-hidden)")


def test_each_side_of_the_divider_has_the_names_of_its_state(visit_changed, page: Page):
    visit_changed(f"{REVISIONS}&f=projects/yufuhe")
    old, new = (written(page, f".leaflet-atlas--{side}-names-pane") for side in ("old", "new"))
    expect(new.filter(has_text="新名")).to_have_count(1)
    expect(old.filter(has_text="玉符河")).to_have_count(1)
    expect(old.filter(has_text="新名")).to_have_count(0)
    for side in ("old", "new"):
        assert "rect(" in page.locator(f".leaflet-atlas--{side}-names-pane").evaluate(CLIPPED)
    shared = written(page, ".folium-map .leaflet-tooltip-pane")
    expect(shared.filter(has_text="新名")).to_have_count(0)
    expect(shared.filter(has_text="北部核心区")).to_have_count(1)
    page.get_by_role("button", name="关闭").click()
    expect(page.locator(".leaflet-atlas--old-names-pane .name")).to_have_count(0)
    expect(shared.filter(has_text="新名")).to_have_count(1)


def test_both_maps_side_by_side_have_names(visit_changed, page: Page):
    visit_changed(f"{REVISIONS}&split=sides")
    first, second = written(page, ".folium-map"), written(page, ".second-map")
    for field in (first, second):
        expect(field.filter(has_text="南部生态区")).to_have_count(1)
    expect(second.filter(has_text="新名")).to_have_count(1)
    expect(first.filter(has_text="玉符河")).to_have_count(1)
    expect(first.filter(has_text="新名")).to_have_count(0)


def test_names_of_layers_that_are_compared_stand_on_their_side(visit_changed, page: Page):
    visit_changed("/?compare=places,projects")
    old = written(page, ".leaflet-atlas--old-names-pane")
    new = written(page, ".leaflet-atlas--new-names-pane")
    expect(new.filter(has_text="新名")).to_have_count(1)
    expect(old.filter(has_text="新名")).to_have_count(0)
