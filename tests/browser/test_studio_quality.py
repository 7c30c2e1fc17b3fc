"""Every page of the studio: accessibility by axe, and nothing wider than the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account

from .test_drafts import make_draft

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "十四五规划 studio 2035"  # noqa: S105  of nobody
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = [
    "",
    "/uploads",
    "/drafts",
    "/drafts/{layer}/{number}",
    "/drafts/{layer}/{number}/rebase",
    "/draw/{layer_id}",
    "/draw/{layer_id}/{number}",
    "/layers/{layer_id}",
    "/layers/{layer_id}/diff",
    "/layers/{layer_id}/revisions/{number}",
    "/layers/{layer_id}/features/{feature_id:path}",
    "/qgis",
    "/account",
    "/people",
    "/audit",
    "/reports",
]
"""Templates of the routes that answer with a page; those of an upload are in test_upload.py."""
DRAWN = "html[data-ready], html:not(:has(.shapes, .draw-room))"
"""Whether a page has drawn its map, if it has one."""


@pytest.fixture
def studio(tmp_path, start, page: Page) -> dict[str, str]:
    """Log an administrator in; returns what to put into the addresses of pages."""
    application = create_app(Settings(home=tmp_path))
    store = application.state.published.store
    store.people.add(new_account("zhao", "赵工", "administrator", PASSWORD), author="root")
    make_draft(store)
    place = store.features(store.head("places"))[0]
    address = start(application)
    page.goto(f"{address}/studio/login")
    page.get_by_label("用户名").fill("zhao")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("heading", name="图层", level=1).wait_for()
    return {
        "address": address,
        "layer": "places",
        "layer_id": "places",
        "number": "1",
        "feature_id:path": place.id,
    }


def address_of(path: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    query = "?from=1&to=2" if path.endswith("/diff") else ""
    return f"{known['address']}/studio{path}{query}"


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_everybody_can_use_every_page(page: Page, studio, width, scheme):
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    faults = []
    for path in PAGES:
        answer = page.goto(address_of(path, studio))
        assert answer is not None
        assert answer.status == 200, path
        page.locator(DRAWN).wait_for(state="attached")
        violations = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
        faults += [
            f"{path} {each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for each in violations["violations"]
            for node in each["nodes"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append(f"{path} is wider than {width}")
    assert faults == []


def test_the_navigation_of_a_phone_is_one_line_of_targets_that_the_keyboard_brings_into_view(
    page: Page, studio
):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address_of("", studio))
    targets = page.get_by_role("navigation").locator("a, button")
    boxes = [each.bounding_box() for each in targets.all()]
    assert len({round(each["y"]) for each in boxes}) == 1
    assert min(min(each["width"], each["height"]) for each in boxes) >= 44
    for _ in range(len(boxes) + 2):
        page.keyboard.press("Tab")
        if targets.last.evaluate("(each) => each === document.activeElement"):
            break
    expect(targets.last).to_be_focused()
    expect(targets.last).to_be_in_viewport(ratio=1)
