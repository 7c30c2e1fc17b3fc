"""Basemaps on the map page: chosen, kept in the address, failing without harm, and in place."""

from __future__ import annotations

import io
import json
import re
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import morecantile
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account
from layers.gcj02 import from_gcj02, to_gcj02

MERCATOR = morecantile.tms.get("WebMercatorQuad")
MARKED = (116.95, 36.58)
"""Where the tiles have a red spot."""

PASSWORD = "十四五规划 studio 2035"  # noqa: S105  of nobody
TILE = 256
RED, GREY = (220, 0, 0), (200, 205, 210)


def picture(zoom: int, x: int, y: int, mark: tuple[float, float]) -> bytes:
    """Return a grey tile with a red spot at a position in the tiles' own coordinates."""
    image = Image.new("RGB", (TILE, TILE), GREY)
    corner, size = MERCATOR.xy_bounds(x, y, zoom), MERCATOR.matrix(zoom).cellSize
    east, north = MERCATOR.xy(*mark)
    column, row = (east - corner.left) / size, (corner.top - north) / size
    ImageDraw.Draw(image).ellipse((column - 9, row - 9, column + 9, row + 9), fill=RED)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def tiles(watch):
    """Serve tiles as an institution would: below /gcj02 in the shifted coordinates."""
    shifted = tuple(to_gcj02(np.array([MARKED]))[0])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind, zoom, x, y = self.path.strip("/").split("/")
            if kind == "broken":
                self.send_error(500)
                return
            content = picture(int(zoom), int(x), int(y), shifted if kind == "gcj02" else MARKED)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # A browser that has moved on asks no more.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        watch.allowed.add(urlsplit(address).netloc)
        yield address
        server.shutdown()
        thread.join()


@pytest.fixture
def application(tiles, tmp_path):
    """Make an atlas with three basemaps."""
    like = {"title_en": "Office", "attribution": "某局", "review_number": "鲁S(2026)001号"}
    kinds = {"good": "wgs84", "gcj02": "gcj02", "broken": "cgcs2000"}
    declared = [
        like | {"id": name, "title": f"底图{name}", "datum": datum, "convert": True,
                "xyz": f"{tiles}/{name}/{{z}}/{{x}}/{{y}}"}
        for name, datum in kinds.items()
    ]  # fmt: skip
    path = tmp_path / "basemaps.json"
    path.write_text(json.dumps(declared), encoding="utf-8")
    return create_app(Settings(home=tmp_path / "home", basemaps=path))


@pytest.fixture
def atlas(application, start):
    """Start it; returns its address."""
    return start(application)


@pytest.fixture
def drawing(application, atlas, page: Page):
    """Open the page on which a draft of the zones is drawn."""
    editor = new_account("wang", "wang", "editor", PASSWORD)
    application.state.published.store.people.add(editor, author="root")
    page.goto(f"{atlas}/studio/login")
    page.get_by_label("用户名").fill("wang")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.locator('form[action="/studio/draw/zones"] button').click()
    page.locator("html[data-ready]").wait_for(state="attached")
    return page


@pytest.fixture
def offline(start, tmp_path):
    """Start an atlas whose basemap is an archive of zoom 10 beside it; returns its address."""
    column, row, _ = MERCATOR.tile(*MARKED, 10)
    with write(str(tmp_path / "base.pmtiles")) as out:
        around = [(x, y) for x in range(column - 3, column + 4) for y in range(row - 3, row + 4)]
        for x, y in sorted(around, key=lambda each: zxy_to_tileid(10, *each)):
            out.write_tile(zxy_to_tileid(10, x, y), picture(10, x, y, MARKED))
        header = {
            "tile_type": TileType.PNG, "tile_compression": Compression.NONE, "min_zoom": 10,
            "max_zoom": 10, "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 0, "max_lat_e7": 0,
            "center_zoom": 10, "center_lon_e7": 0, "center_lat_e7": 0,
        }  # fmt: skip
        out.finalize(header, {})
    path = tmp_path / "basemaps.json"
    declared = {
        "id": "offline", "title": "离线", "title_en": "Offline", "datum": "wgs84",
        "attribution": "某局", "pmtiles": "base.pmtiles", "default": True,
    }  # fmt: skip
    path.write_text(json.dumps([declared]), encoding="utf-8")
    return start(create_app(Settings(home=tmp_path / "home", basemaps=path)))


def colour_at(page: Page, place: tuple[float, float]) -> tuple[int, ...]:
    """Return the colour of a position in WGS 84 as it is seen."""
    x, y = page.evaluate(
        """([lng, lat]) => {
          const { left, top } = atlas.map.getContainer().getBoundingClientRect();
          const at = atlas.map.latLngToContainerPoint([lat, lng]);
          return [left + at.x, top + at.y];
        }""",
        list(place),
    )
    with Image.open(io.BytesIO(page.screenshot())) as image:
        return image.convert("RGB").getpixel((round(x), round(y)))


ALL_ARE_SEEN = """() => {
  const tiles = [...document.querySelectorAll("img.leaflet-tile")];
  return tiles.length && tiles.every((each) => getComputedStyle(each).opacity === "1");
}"""


def test_none_is_asked_before_it_is_chosen_and_only_its_hosts_may_be(visit, atlas, tiles, watch):
    page = visit("/", address=atlas)
    expect(page.get_by_role("radio", name="不用底图")).to_be_checked()
    assert not [each for each in watch.requested if each.startswith(tiles)]
    policy = page.request.get(f"{atlas}/").headers["content-security-policy"]
    assert f"img-src 'self' data: {tiles};" in policy
    for path in ("/zones", "/maps/zones", "/studio/login", "/api"):
        other = page.request.get(f"{atlas}{path}").headers["content-security-policy"]
        assert "img-src 'self' data:;" in other


def test_without_a_file_there_is_no_choice_and_no_other_policy(visit, page: Page, server):
    visit("/")
    assert page.locator("#basemaps").count() == 0
    assert "img-src 'self' data:;" in page.request.get(server).headers["content-security-policy"]


@pytest.mark.parametrize("base", ["good", "gcj02"])
def test_a_basemap_lies_where_it_belongs(visit, page: Page, atlas, base, until):
    visit(f"/?off=zones,projects,places,district&base={base}", address=atlas)
    for zoom, shift in ((12, 0.0), (15, 0.01)):
        page.evaluate(
            "([lat, lng, zoom]) => atlas.map.setView([lat, lng], zoom, { animate: false })",
            [MARKED[1], MARKED[0] + shift, zoom],
        )
        until(ALL_ARE_SEEN)
        red, green, _ = colour_at(page, MARKED)
        assert (red > 200, green < 40) == (True, True), (zoom, base)


def test_an_archive_is_drawn_first_where_that_is_set_and_left_by_key(visit, page, offline, until):
    visit("/?off=zones,projects,places,district", address=offline)
    page.evaluate("at => atlas.map.setView(at, 10, {animate: false})", [MARKED[1], MARKED[0]])
    until(ALL_ARE_SEEN)
    red, green, _ = colour_at(page, MARKED)
    assert (red > 200, green < 40) == (True, True)
    chosen = page.get_by_role("radio", name="离线")
    expect(chosen).to_be_checked()
    chosen.press("ArrowUp")
    expect(page.locator("img.leaflet-tile")).to_have_count(0)
    expect(page).to_have_url(re.compile("base=none"))


def test_on_paper_there_is_none_and_it_is_said(visit, page: Page, atlas):
    visit("/?base=good", address=atlas)
    expect(page.locator("body")).to_have_class(re.compile("paper-"))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#print-caption")).to_contain_text("打印不含底图")
    expect(page.locator(".leaflet-tile-pane")).to_be_hidden()


def test_the_choice_is_in_the_address_and_says_whose_it_is(visit, page: Page, atlas):
    visit("/", address=atlas)
    page.get_by_role("radio", name="底图gcj02").check()
    expect(page).to_have_url(re.compile("base=gcj02"))
    credit = page.locator("#base-credit")
    expect(credit).to_contain_text("某局 鲁S(2026)001号")
    expect(credit).to_contain_text("GCJ-02")
    page.get_by_role("slider", name="底图不透明度").fill("60")
    expect(page).to_have_url(re.compile("base=gcj02:60"))
    page.reload()
    expect(page.locator(".leaflet-tile-pane .leaflet-layer")).to_have_css("opacity", "0.6")
    page.get_by_role("radio", name="不用底图").check()
    expect(page.locator("img.leaflet-tile")).to_have_count(0)
    expect(page).to_have_url(f"{atlas}/")


def test_one_that_fails_leaves_the_data_and_says_so_once(visit, page: Page, atlas, watch, until):
    watch.expected.append("500")
    visit("/?base=broken", address=atlas)
    expect(page.locator("#notice")).to_contain_text("底图“底图broken”没有取到")
    assert page.locator(".leaflet-atlas-zones-pane path.shape").count() >= 3
    until("![...document.images].some((each) => each.complete && !each.naturalWidth)")


def test_an_unknown_one_in_a_link_gives_a_notice_and_the_rest_works(visit, page: Page, atlas):
    visit("/?base=nowhere", address=atlas)
    expect(page.locator("#notice")).to_contain_text("nowhere")
    expect(page.get_by_role("radio", name="不用底图")).to_be_checked()


def test_axe_finds_nothing_in_the_choice(visit, page: Page, atlas):
    visit("/?base=good", address=atlas)
    assert Axe().run(page).response["violations"] == []


@pytest.fixture
def shift(visit, page: Page, server):
    """Call a function of the page's own formula."""
    visit("/")
    joined = page.locator('script[src*="atlas/joined"]').get_attribute("src")

    def call(name: str, place: tuple[float, float]):
        source = joined.replace("joined.js", "gcj02.js")
        return page.evaluate(
            "async ([source, name, place]) => (await import(source))[name](place)",
            [source, name, list(place)],
        )

    return call


@pytest.mark.parametrize("place", [MARKED, (116.72, 36.3), (117.25, 36.72)])
def test_the_page_shifts_as_the_server_does(shift, place):
    there = np.array([place])
    assert shift("toGcj02", place) == pytest.approx(to_gcj02(there)[0], abs=1e-10)
    assert shift("fromGcj02", place) == pytest.approx(from_gcj02(there)[0], abs=1e-9)


def test_what_is_drawn_in_the_studio_lies_on_the_basemap_that_is_chosen(drawing, until):
    page = drawing
    page.get_by_text("底图", exact=True).first.click()
    page.get_by_label("底图gcj02").check()
    expect(page).to_have_url(re.compile("base=gcj02"))
    expect(page.locator("#base-credit")).to_contain_text("某局 鲁S(2026)001号")
    until("document.querySelectorAll('.leaflet-tile-loaded').length > 3")
    page.evaluate("(at) => atlas.map.setView(at, 14, {animate: false})", list(MARKED[::-1]))
    until(
        """() => { const tiles = [...document.querySelectorAll(".leaflet-tile-pane .leaflet-tile")];
          return tiles.length > 3 && tiles.every((tile) => tile.complete); }"""
    )
    red, green, _ = colour_at(page, MARKED)
    assert red > 2 * green
    page.get_by_label("不用底图").check()
    expect(page.locator("#base-credit")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/draw/zones/\d+$"))


def test_in_the_studio_only_pages_of_drawing_may_load_pictures_of_basemaps(drawing, tiles):
    page = drawing
    policies = {
        path: page.request.get(path).headers["content-security-policy"]
        for path in (page.url, f"{page.url}/features", page.url.partition("/draw")[0])
    }
    told = [policy for policy in policies.values() if tiles in policy]
    assert told == [policies[page.url]]
    assert "frame-ancestors 'none'" in policies[page.url]
    expect(page.locator(".leaflet-tile")).to_have_count(0)
