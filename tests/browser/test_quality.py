"""Accessibility by axe, and what a visit weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 860}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SETTINGS = [
    pytest.param(DESKTOP, "light", id="desktop-light"),
    pytest.param(PHONE, "dark", id="phone-dark"),
]
DRAWN = [
    "/",
    "/?f=projects/laoshangbu",
    "/?lang=en",
    "/?f=nothing/here",
    "/?zone=南部生态区&mapped=true",
    "/maps/zones",
    "/maps/projects",
    "/maps/atlas?f=projects/laoshangbu&list=1&layers=zones,projects,nowhere",
    "/plan/shizhong-14-5",
    "/plan/shizhong-14-5/statements?outcome=holds",
    "/?year=2035",
]
TEXT = [
    "/api?f=html",
    "/api/conformance?f=html",
    "/api/collections?f=html",
    "/api/collections/projects?f=html",
    "/api/collections/projects/revisions?f=html",
    "/api/collections/projects/revisions/1?f=html",
    "/api/collections/zones/diff?f=html&lang=en",
    "/api/collections/projects/items?f=html&limit=10",
    "/api/collections/projects/items/laoshangbu?f=html",
    "/api/collections/projects/items/laoshangbu?f=html&lang=en",
    "/maps/nowhere",
    "/indicators",
    "/indicators?lang=en",
    "/opinions",
    "/opinions?about=projects/laoshangbu&kind=problem",
    "/opinions?about=plan:shizhong-14-5/2-1-p1&lang=en",
    "/opinions/follow",
    "/opinions/privacy",
    "/embed",
    "/embed?f=projects/laoshangbu&layers=zones&width=nothing&lang=en",
    "/print",
    "/print?paper=A3&orientation=landscape&colour=red&lang=en",
    "/docs",
    "/plan/shizhong-14-5/coverage",
    "/plan/shizhong-14-5/coverage?chapter=4",
    "/compare",
    "/compare?layer=zones&from=0&lang=en",
    "/compare?layer=ghosts&from=soon",
]


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:120]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("viewport", "scheme"), SETTINGS)
@pytest.mark.parametrize("path", DRAWN)
def test_axe_finds_nothing_on_the_maps(visit, page: Page, path, viewport, scheme):
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    visit(path)
    assert violations(page) == []


@pytest.mark.parametrize(("viewport", "scheme"), SETTINGS)
def test_axe_finds_nothing_where_a_text_is_read(read, page: Page, viewport, scheme):
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    read("/plan/shizhong-14-5#2-1-p1")
    assert violations(page) == []


@pytest.mark.parametrize(("viewport", "scheme"), SETTINGS)
@pytest.mark.parametrize("tool", ["量面积", "坐标", "时间", "规划年份", "对比"])
def test_axe_finds_nothing_in_the_tools_of_the_map(visit, page: Page, tool, viewport, scheme):
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme)
    visit("/")
    page.get_by_role("button", name=tool, exact=True).click()
    page.locator("#tool h2").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize(("viewport", "scheme"), SETTINGS)
@pytest.mark.parametrize("split", ["split=30", "split=sides"])
def test_axe_finds_nothing_in_a_comparison(visit_changed, page: Page, split, viewport, scheme):
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme)
    visit_changed(f"/?compare=projects@1,projects@3&{split}")
    page.locator(".compared-old").first.wait_for()
    for details in page.locator("#tool details").all():
        details.evaluate("each => { each.open = true; }")
    assert violations(page) == []


def test_axe_finds_nothing_in_the_results_of_a_search(visit, page: Page):
    visit("/")
    page.locator("#q").fill("yufuhe")
    page.locator("#found").get_by_role("option").first.wait_for()
    assert violations(page) == []


@pytest.mark.parametrize(("viewport", "scheme"), SETTINGS)
@pytest.mark.parametrize("path", TEXT)
def test_axe_finds_nothing_on_pages_of_text(page: Page, server, watch, path, viewport, scheme):
    watch.expected.append("404")
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme)
    page.set_extra_http_headers({"Accept": "text/html"})
    page.goto(server + path)
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


CLAIMED = [
    "/",
    "/help",
    "/nearby?at=116.99,36.65",
    "/zones",
    "/tables/projects",
    "/areas",
    "/embed",
]
"""Pages for which the accessibility statement promises what is tested here."""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", CLAIMED)
def test_letters_of_twice_the_size_push_nothing_out_of_the_page(page: Page, server, path, viewport):
    page.set_viewport_size(viewport)
    page.goto(server + path)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    assert size == 32


@pytest.mark.parametrize("path", CLAIMED)
def test_the_first_stop_of_the_keyboard_leads_past_the_head(page: Page, server, path):
    page.goto(server + path)
    page.keyboard.press("Tab")
    first = page.evaluate("[document.activeElement.className, document.activeElement.hash]")
    assert first[0] == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == first[1]
    assert page.locator(first[1]).count() == 1


def transferred(page: Page, go) -> tuple[int, dict[str, int]]:
    """Return the bytes on the wire of a visit, headers included, in all and by address."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on(
        "Network.requestWillBeSent", lambda e: names.update({e["requestId"]: e["request"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda e: sizes.update({names[e["requestId"]]: int(e["encodedDataLength"])}),
    )
    go()
    page.wait_for_load_state("networkidle")
    session.detach()
    return sum(sizes.values()), sizes


def test_a_visit_is_light_and_a_second_one_lighter(visit, page: Page):
    first, parts = transferred(page, lambda: visit("/"))
    again, _ = transferred(page, lambda: visit("/"))
    assert 0 < first < 150_000, parts
    assert 0 <= again < 15_000


def test_the_map_answers_soon(visit, page: Page):
    visit("/")
    ready = page.evaluate("performance.getEntriesByName('atlas-ready')[0].startTime")
    assert ready < 5_000
