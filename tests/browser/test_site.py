"""The static site, opened from a folder: no server, no network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from app.site.scripts import content
from layers.errors import SiteRefused
from layers.publishing import import_plan
from layers.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory, plan_text) -> Path:
    """A site with the text of its plan."""
    home, site = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("site")
    import_plan(
        Store(home / "atlas.sqlite"), plan_text.encode(), plan_id="shizhong-14-5",
        title="试写规划", title_en="A plan", date="2026-01", author="a", message="",
    )  # fmt: skip
    command = [sys.executable, "-m", "app", "site", str(site)]
    subprocess.run(
        command, check=True, capture_output=True, env=os.environ | {"ATLAS_HOME": str(home)}
    )
    return site


@pytest.fixture
def open_file(page: Page, folder: Path, watch):
    """Open a file of the site; whatever it asks for is a file of the site too."""
    watch.allowed.add("")

    def open_(name: str) -> Page:
        page.goto((folder / name).as_uri())
        return page

    yield open_
    assert watch.requested
    assert all(each.startswith(folder.as_uri()) for each in watch.requested)


@pytest.mark.parametrize(
    ("typed", "found"),
    [("老商埠", "老商埠"), ("lsb", "老商埠"), ("laoshnagbu", "老商埠"), ("经十路", "经十路")],
)
def test_names_are_found_also_by_pinyin_and_with_a_slip(open_file, typed, found):
    page = open_file("index.html")
    page.get_by_role("searchbox").fill(typed)
    expect(page.locator("#found li").first).to_contain_text(found)
    page.locator("#found a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("layer", ["zones", "projects"])
def test_maps_are_drawn(open_file, layer):
    page = open_file(f"maps/{layer}.html")
    page.locator("html[data-ready]").wait_for(state="attached")
    assert page.locator(f".leaflet-atlas-{layer}-pane path.shape").count() >= 3
    expect(page.locator(".name").first).to_be_visible()


def test_the_reader_moves_its_map(open_file):
    page = open_file("plan/shizhong-14-5.html")
    page.locator("html[data-ready]").wait_for(state="attached")
    name = page.locator("#text a[data-ref*=laoshangbu]").first
    name.hover()
    expect(page.locator(".leaflet-atlas-projects-pane path.is-lit").first).to_be_attached()


def test_a_module_that_cannot_become_a_plain_script_is_named(monkeypatch, tmp_path):
    (tmp_path / "atlas").mkdir()
    (tmp_path / "atlas" / "odd.js").write_text("export default 1;\n", encoding="utf-8")
    monkeypatch.setattr("app.site.scripts.STATIC_DIRECTORY", tmp_path)
    with pytest.raises(SiteRefused, match=re.escape("atlas/odd.js cannot become a plain script")):
        content("atlas/odd.js")
