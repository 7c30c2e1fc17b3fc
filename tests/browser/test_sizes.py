"""Narrow and wide windows, large type, fingers: nothing is cut off, everything can be hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATHS = [
    "/",
    "/?f=projects/laoshangbu",
    "/features/projects/laoshangbu",
    "/nearby?q=老商埠",
    "/zones",
    "/zones/beibu-hexinqu",
    "/tables",
    "/tables/projects",
    "/areas",
    "/help",
    "/accessibility",
    "/indicators",
    "/plan/shizhong-14-5",
    "/plan/shizhong-14-5/coverage",
    "/plan/shizhong-14-5/statements",
    "/opinions",
    "/print",
    "/api?f=html",
]
WIDTHS = [360, 768, 2560]
FINGER = 43.5
"""44 px (WCAG 2.5.5), less what rounding takes."""

TARGETS = "button, select, input:not([type=hidden]), summary, .actions a, nav a, .button, .file"
SMALL_TARGETS = """([targets, finger]) => [...document.querySelectorAll(targets)]
  .filter((each) => each.checkVisibility())
  .map((each) => {
    const isBox = each.matches("[type=checkbox], [type=radio]");
    const hit = isBox ? each.closest("label") ?? each : each;
    const { width, height } = hit.getBoundingClientRect();
    return [each.tagName, (each.textContent || each.name || "").trim(), width, height];
  })
  .filter(([, , width, height]) => width > 1 && (width < finger || height < finger))"""
IS_CUT = "document.documentElement.scrollWidth > innerWidth"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", PATHS)
def test_no_page_is_wider_than_its_window(page: Page, server, path, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(server + path)
    assert not page.evaluate(IS_CUT)


@pytest.mark.parametrize("path", PATHS)
def test_type_of_twice_the_size_is_all_there(page: Page, server, path):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(server + path)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert not page.evaluate(IS_CUT)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_tapped_has_the_size_of_a_finger(page: Page, server, path):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(server + path)
    assert page.evaluate(SMALL_TARGETS, [TARGETS, FINGER]) == []
