"""The map of a draft: what was there and what is to be, one fading into the other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from shapely.affinity import translate

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account
from layers.store import ChangeSet, Store, new_draft

PASSWORD = "十四五规划 studio 2035"  # noqa: S105  of nobody
LAYER = "places"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def make_draft(store: Store) -> str:
    """Store a draft that moves a place; return the place's name."""
    head = store.head(LAYER)
    place = next(each for each in store.features(head) if each.geometry is not None)
    moved = replace(
        place,
        geometry=translate(place.geometry, 0.002),
        properties={**place.properties, "summary": "改过的摘要"},
    )
    draft = new_draft(
        LAYER,
        head.number,
        author="wang",
        source="改.geojson",
        crs="EPSG:4490",
        notes=(),
        findings=(),
        context="",
    )
    store.drafts.add(draft, ChangeSet((moved,), (), {}))
    other = replace(moved, geometry=translate(place.geometry, -0.002))
    changes = ChangeSet((other,), (), {})
    store.publish(LAYER, changes, base=head, kind="publish", author="li", message="先发布")
    return str(place.properties["name"])


@pytest.fixture
def studio(tmp_path, start, page: Page):
    """Open a page of the studio as somebody who is logged in; the draft is ready."""
    application = create_app(Settings(home=tmp_path))
    store = application.state.published.store
    store.people.add(new_account("wang", "王工", "editor", PASSWORD), author="root")
    name = make_draft(store)
    address = start(application)
    page.goto(f"{address}/studio/login")
    page.get_by_label("用户名").fill("wang")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("heading", name="图层", level=1).wait_for()

    def open_page(path: str) -> str:
        beginning = "" if path.startswith("/layers/") else f"/drafts/{LAYER}/1"
        page.goto(f"{address}/studio{beginning}{path}")
        page.locator("html[data-ready]").wait_for(state="attached")
        return name

    return open_page


def test_old_and_new_are_drawn_and_fade_into_each_other_by_keyboard(page: Page, studio):
    studio("")
    old, new = page.locator(".shape-old"), page.locator(".shape-new")
    expect(old).to_have_count(1)
    expect(old).to_have_attribute("stroke-dasharray", "6 5")
    expect(new).to_have_attribute("stroke", "#17713a")

    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(page.locator(".leaflet-side-old-pane")).to_have_css("opacity", "0")
    expect(slider).to_have_attribute("aria-valuetext", "只看现在 100%")
    slider.press("Home")
    expect(page.locator(".leaflet-side-new-pane")).to_have_css("opacity", "0")
    expect(page.locator(".leaflet-side-old-pane")).to_have_css("opacity", "1")


@pytest.mark.parametrize(
    "path", ["", f"/layers/{LAYER}/revisions/2", f"/layers/{LAYER}/diff?from=1&to=2"]
)
def test_a_divider_shows_the_old_on_its_left_and_the_new_on_its_right(page: Page, studio, path):
    studio(path)
    expect(page.locator(".shape-old")).to_have_count(1)
    expect(page.locator(".shape-new")).to_have_count(1)
    button = page.get_by_role("button", name="卷帘对比")
    button.click()
    divider = page.get_by_role("slider", name="分界线：左边原来，右边现在")
    expect(divider).to_be_focused()
    divider.press("End")
    expect(divider).to_have_attribute("aria-valuenow", "100")
    expect(divider).to_have_attribute("aria-valuetext", "只看原来 100%")
    assert visible_width(page, "new") == 0
    divider.press("Home")
    expect(divider).to_have_attribute("aria-valuetext", "只看现在 0%")
    assert visible_width(page, "old") == 0
    assert visible_width(page, "new") > 200
    button.click()
    expect(divider).to_have_count(0)


def visible_width(page: Page, side: str) -> float:
    clip = page.locator(f".leaflet-side-{side}-pane").evaluate("(pane) => pane.style.clip")
    _, right, _, left = (float(each.strip().removesuffix("px")) for each in clip[5:-1].split(","))
    return right - left


def test_the_page_of_a_feature_shows_what_shapes_it_had(page: Page, studio):
    studio("")
    reference = page.locator(".entry-head code").inner_text()
    studio(f"/layers/{LAYER}/features/{reference}")
    expect(page.locator(".shape-old")).to_have_count(1)
    expect(page.locator(".shape-new")).to_have_count(1)


def test_a_feature_of_the_list_is_shown_on_the_map(page: Page, studio):
    name = studio("")
    page.get_by_role("button", name=f"在图上看 {name}").click()
    expect(page.locator("path.halo")).to_be_visible()
    expect(page.locator("#live")).to_have_text(f"地图已移到：{name}")


def test_the_three_shapes_of_a_conflict_are_drawn(page: Page, studio):
    studio("/rebase")
    for side in ("base", "theirs", "mine"):
        expect(page.locator(f".shape-{side}")).to_have_count(1)


@pytest.mark.parametrize("path", ["", "/rebase"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_nothing_is_cut_off(page: Page, studio, path, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme="dark" if width == 390 else "light")
    studio(path)
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
