"""The built documents in a browser: nothing is blocked, no other host is asked, axe is content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.main import create_app
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = [
    "/docs/",
    "/docs/english.html",
    "/docs/tutorials/public.html",
    "/docs/reference/settings.html",
    "/docs/rights.html",
    "/docs/postgresql.html",
    "/docs/deploy/",
]


@pytest.fixture
def docs(page: Page, start, tmp_path, built_docs) -> Iterator[str]:
    yield start(create_app(Settings(home=tmp_path / "home", docs=built_docs)))
    # The picture of the tab comes last, and must find the server still there.
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_drawn_with_its_styles_and_scripts(page: Page, docs, path):
    page.goto(docs + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("html.js")).to_be_attached()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.md-header')).position") == "sticky"
    )


def test_its_search_finds_what_it_is_asked_for(page: Page, docs):
    page.goto(f"{docs}/docs/")
    page.get_by_role("textbox", name="Search").click()
    page.get_by_role("textbox", name="Search").press_sequentially("ATLAS_EMBED_HOSTS")
    found = page.locator(".md-search-result__link").first
    expect(found).to_be_visible()
    found.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_dark_palette_is_kept_on_the_next_page(page: Page, docs):
    page.goto(f"{docs}/docs/")
    page.locator("label[title=Dark]").click()
    page.goto(f"{docs}/docs/api.html")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(page: Page, docs, path, viewport, scheme):
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(docs + path)
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    assert [
        f"{each['id']} ({each['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ] == []
