"""A whole task on the map page by keyboard only: at each step it is seen where the focus is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MOST_STEPS = 80
"""Presses of the Tab key in which what is looked for must be reached."""

MARKED = """() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth, textDecorationLine } = getComputedStyle(at);
  const isOutlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  const { left, top, right, bottom } = at.getBoundingClientRect();
  const isInView = right > left && bottom > top && left >= 0 && right <= innerWidth
    && bottom > 0 && top < innerHeight;
  // A heading that is led to is underlined.
  return at.matches(":focus-visible") && isInView
    && (isOutlined || (at.matches("h2") && textDecorationLine === "underline"));
}"""


def sees(page: Page, place: Locator) -> None:
    """Assert that something has the focus, and that it is seen to have it."""
    expect(place).to_be_focused()
    assert page.evaluate(MARKED), place


def tab_to(page: Page, place: Locator) -> None:
    """Press Tab until something has the focus; wherever it is before, it must be seen."""
    wanted = place.element_handle()
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        assert page.evaluate(MARKED), page.evaluate(
            "document.activeElement.outerHTML.slice(0, 200)"
        )
        if page.evaluate("(wanted) => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"the focus never came to {place}")


def test_a_project_is_found_read_and_its_layer_switched_by_keyboard_only(visit, page: Page):
    visit("/")
    page.keyboard.press("Tab")
    sees(page, page.get_by_role("link", name="越过地图，到列表"))
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    search = page.get_by_role("combobox", name=re.compile("^搜索"))
    sees(page, search)

    page.keyboard.type("lsb")
    option = page.locator("#found [aria-selected=true]")
    expect(option).to_contain_text("老商埠")
    expect(search).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    sees(page, search)
    page.keyboard.press("Enter")
    sees(page, page.get_by_role("heading", name="老商埠", level=2))

    cited = page.locator("#detail .cited a").first
    tab_to(page, cited)
    expect(cited).to_have_text(re.compile("第.+章 第.+节"))
    assert re.fullmatch(r"/plan/[\w-]+#\d+-\d+-p\d+", cited.get_attribute("href") or "")

    page.keyboard.press("Escape")
    sees(page, search)
    layer = page.get_by_role("checkbox", name=re.compile("^重点项目"))
    tab_to(page, layer)
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("off=projects"))
    expect(page.locator(".leaflet-atlas-projects-pane path.shape")).to_have_count(0)
    sees(page, layer)


def test_the_table_and_the_sheet_are_reached_by_keyboard_only(visit, page: Page):
    visit("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tables = page.get_by_role("navigation", name="主要页面").get_by_role("link", name="表格")
    tab_to(page, tables)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/tables$"))
    projects = page.get_by_role("main").get_by_role("link", name=re.compile("重点项目")).first
    tab_to(page, projects)
    page.keyboard.press("Enter")
    expect(page.get_by_role("table")).to_contain_text("老商埠")

    visit("/?off=places")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    sheet = page.get_by_role("link", name="打印", exact=True)
    tab_to(page, sheet)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="打印")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/print\?bbox=.*layers=[^&]*projects"))


def test_the_print_key_stays_with_the_browser(visit, page: Page):
    visit("/")
    page.evaluate(
        """() => addEventListener("keydown", (event) => {
          if (event.key === "p") window.taken = event.defaultPrevented;
        })"""
    )
    page.keyboard.press("Control+p")
    assert page.evaluate("window.taken") is False


def test_before_printing_the_map_takes_the_size_of_the_paper_and_afterwards_its_own(
    visit, page: Page
):
    visit("/?stage=完成&paper=A4&orientation=landscape")
    expect(page.locator("body")).to_have_class(re.compile("paper-a4-landscape"))
    state = """() => {
      const { map } = window.atlas;
      const { width } = map.getContainer().getBoundingClientRect();
      return [Math.round(width), map.getZoom(), map.getCenter().lat.toFixed(6)];
    }"""
    before = page.evaluate(state)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    width, zoom, _ = page.evaluate(state)
    assert abs(width - 277 / 25.4 * 96) < 2
    caption = page.locator("#print-caption")
    expect(caption).to_contain_text("筛选：完成")
    scale = re.search(r"1:([\d,]+)", caption.text_content() or "")
    assert scale
    latitude = page.evaluate("window.atlas.map.getCenter().lat * Math.PI / 180")
    metres = page.evaluate(
        "([zoom, lat]) => 40075016.686 * Math.cos(lat) / (256 * 2 ** zoom)", [zoom, latitude]
    )
    assert abs(metres / (0.0254 / 96) / int(scale[1].replace(",", "")) - 1) < 0.001
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(state) == before
    expect(page.locator("body")).not_to_have_class(re.compile("is-printing"))
