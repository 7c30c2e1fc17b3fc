"""A free place for an opinion: chosen by pointer or keyboard on a small map, or typed."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.main import create_app
from app.settings import Settings

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MIDDLE = """() => {
  const { lng, lat } = window.atlas.map.getCenter();
  return `${lng.toFixed(5)}, ${lat.toFixed(5)}`;
}"""


@pytest.fixture(scope="module")
def pinned(tmp_path_factory):
    return create_app(Settings(home=tmp_path_factory.mktemp("home"), opinion_pins=True))


@pytest.fixture
def opened(visit, start, pinned, page: Page) -> str:
    address = start(pinned)
    visit("/opinions", address=address)
    return address


def field(page: Page):
    return page.get_by_label("坐标（度，先经度）")


def test_a_click_fills_the_field_and_the_form_is_about_that_place(opened, page: Page):
    shown = page.locator(".pin-map")
    shown.click(position={"x": 300, "y": 150})
    expect(page.locator(".pin-mark")).to_be_visible()
    typed = field(page).input_value()
    expect(page.locator("#pin-said")).to_have_text(f"已选：{typed}")
    page.get_by_role("button", name="对这一点提意见").click()
    about = page.locator('input[name="about"]')
    expect(about).to_have_value(f"pin:/{typed.replace(', ', ',')}")


def test_with_the_keyboard_the_map_is_moved_and_its_middle_chosen(opened, page: Page):
    shown = page.get_by_role("application", name="选点的地图")
    shown.focus()
    shown.press("Enter")
    first = field(page).input_value()
    assert first == page.evaluate(MIDDLE)
    shown.press("ArrowRight")
    expect(page.locator(".pin-map .leaflet-pan-anim")).to_have_count(0)
    page.get_by_role("button", name="取地图中心").press("Enter")
    expect(field(page)).not_to_have_value(first)
    assert field(page).input_value() == page.evaluate(MIDDLE)


def test_what_is_typed_is_shown_and_what_is_outside_is_not_chosen(opened, page: Page):
    field(page).fill("116.97, 36.62")
    field(page).press("Tab")
    expect(page.locator(".pin-mark")).to_be_visible()
    assert page.evaluate(MIDDLE) == "116.97000, 36.62000"
    page.evaluate("() => { window.atlas.map.setMaxBounds(null); }")
    page.evaluate("() => { window.atlas.map.setView([36.62, 118], 12, { animate: false }); }")
    page.get_by_role("button", name="取地图中心").click()
    expect(page.locator("#pin-said")).to_have_text("这一点不在区内，没有选中。")
    expect(field(page)).to_have_value("116.97, 36.62")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_and_nothing_is_too_wide(visit, opened, page: Page, width, scheme):
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=scheme)
    visit("/opinions?at=nowhere&lang=en", address=opened)
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
