"""A layer with more features than the page draws one by one: vector tiles, and the same map."""

from __future__ import annotations

import json
import re
import shutil
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from shapely.geometry import box, mapping

from app.main import create_app
from app.settings import Settings
from layers.catalogue import bundled_data

from .conftest import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import Watch

WEST, SOUTH, SIDE, STEP = 116.96, 36.545, 60, 0.0006
"""Where the blocks begin, how many there are in a row, and how many degrees each takes."""

LIMIT = 1_000

CROWD_WEST, CROWD_SOUTH, CROWD_SIDE, CROWD_STEP = 116.953, 36.545, 90, 0.0003
"""Blocks in one tile of zoom 12, more of them than are drawn one by one there."""


def block(row: int, column: int) -> dict[str, object]:
    west, south = WEST + column * STEP, SOUTH + row * STEP
    return {
        "type": "Feature",
        "id": f"b-{row}-{column}",
        "geometry": mapping(box(west, south, west + STEP * 0.9, south + STEP * 0.9)),
        "properties": {
            "code": f"b-{row}-{column}",
            "name": f"第{row}排第{column}块",
            "stage": "完成" if column % 2 else "建设",
            "precision": "P3" if row % 2 else "P1",
        },
    }


def small_block(row: int, column: int) -> dict[str, object]:
    """Return one of a crowd; ten columns side by side have the same stage."""
    west, south = CROWD_WEST + column * CROWD_STEP, CROWD_SOUTH + row * CROWD_STEP
    code, name = f"b-{row}-{column}", f"第{row}排第{column}块"
    stage = "完成" if column // 10 % 2 else "建设"
    return {
        "type": "Feature",
        "id": code,
        "geometry": mapping(box(west, south, west + CROWD_STEP * 0.9, south + CROWD_STEP * 0.9)),
        "properties": {"code": code, "name": name, "stage": stage, "precision": "P1"},
    }


def declared() -> dict[str, object]:
    texts = ("description", "description_en", "attribution", "attribution_en", "licence")
    kinds = {name: {"type": "string"} for name in ("code", "name", "stage", "precision")}
    return dict.fromkeys(texts, "") | {
        "id": "blocks",
        "file": "blocks.geojson",
        "title": "街坊",
        "title_en": "Blocks",
        "common": False,
        "id_column": "code",
        "label": "name",
        "geometry_types": ["Polygon"],
        "geometry_required": True,
        "checks": [],
        "style": {"by": "stage", "colour": "#AA2200", "colours": {"完成": "#0033CC"}, "fill": 1},
        "schema": {"properties": kinds, "required": ["code"]},
    }


def settings_with(home: Path, features: list[dict[str, object]]) -> Settings:
    """Put a layer of blocks beside the shipped ones; returns how to serve them."""
    data = shutil.copytree(bundled_data(), home / "data")
    catalogue = data / "geojson" / "catalog.json"
    document = json.loads(catalogue.read_text(encoding="utf-8"))
    document["layers"].append(declared())
    catalogue.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    collection = json.dumps({"type": "FeatureCollection", "features": features})
    (data / "geojson" / "blocks.geojson").write_text(collection, encoding="utf-8")
    return Settings(home=home, data=data, most_drawn=LIMIT)


@pytest.fixture(scope="session")
def blocks_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    features = [block(row, column) for row in range(SIDE) for column in range(SIDE)]
    with serve(create_app(settings_with(tmp_path_factory.mktemp("blocks"), features))) as address:
        yield address


@pytest.fixture
def explore(visit, watch: Watch, blocks_server: str):
    """Open a path of the atlas with 3,600 blocks, and wait until their tiles are drawn."""
    watch.allowed.add(urlsplit(blocks_server).netloc)

    def open_path(path: str = "/", *, on: Page | None = None, close: bool = True) -> Page:
        page = visit(path, on=on, address=blocks_server)
        if close:
            look_at(page, 10, 10)
        return page

    return open_path


def look_at(page: Page, row: int, column: int, zoom: float = 17) -> None:
    """Bring the middle of a block into the middle of the map."""
    middle = [SOUTH + (row + 0.45) * STEP, WEST + (column + 0.45) * STEP]
    page.evaluate(
        "([at, zoom]) => window.atlas.map.setView(at, zoom, {animate: false})", [middle, zoom]
    )
    drawn(page)


def drawn(page: Page) -> None:
    canvas = page.locator(".leaflet-atlas-blocks-pane canvas")
    expect(canvas.first).to_be_attached()
    expect(canvas.and_(page.locator(":not(.leaflet-tile-loaded)"))).to_have_count(0)


def middle(page: Page) -> tuple[float, float]:
    area = page.locator(".leaflet-container").bounding_box()
    assert area is not None
    return area["x"] + area["width"] / 2, area["y"] + area["height"] / 2


def colour_at(page: Page, row: int, column: int) -> tuple[int, ...]:
    """Return red, green and blue of the map in the middle of a block."""
    at = [SOUTH + (row + 0.45) * STEP, WEST + (column + 0.45) * STEP]
    x, y = page.evaluate(
        """(at) => {
          const { map } = window.atlas;
          const box = map.getContainer().getBoundingClientRect();
          const { x, y } = map.latLngToContainerPoint(at);
          return [box.left + x, box.top + y];
        }""",
        at,
    )
    shot = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
    return Image.open(BytesIO(shot)).convert("RGB").getpixel((0, 0))


def test_a_large_layer_comes_as_tiles_and_not_as_a_list(explore, page: Page, watch: Watch):
    explore()
    assert page.locator("a[data-ref^='blocks/']").count() <= 20
    tiles = [each for each in watch.requested if "/collections/blocks/revisions/" in each]
    assert tiles
    assert all("/tiles/WebMercatorQuad/" in each for each in tiles)


def test_tiles_have_the_colours_of_the_style_record(explore, page: Page):
    explore("/?off=zones,projects,places,district")
    red, green, blue = colour_at(page, 10, 10)
    assert red > 2 * blue
    red, green, blue = colour_at(page, 10, 11)
    assert blue > 2 * red
    # A sketch has a softer filling: more of the ground is seen through it.
    assert colour_at(page, 11, 11)[1] > green


def test_what_is_pointed_at_lights_up(explore, page: Page):
    explore()
    page.mouse.move(*middle(page))
    lit = page.locator(".leaflet-atlas-blocks-pane path")
    expect(lit.first).to_have_attribute("fill", "#AA2200")
    page.mouse.move(5, 5)
    expect(lit.first).to_have_attribute("d", "M0 0")


def test_a_click_opens_what_the_server_knows_at_the_place(explore, page: Page, watch: Watch):
    explore()
    page.mouse.click(*middle(page))
    expect(page.get_by_role("heading", name="第10排第10块")).to_be_visible()
    assert page.url.endswith("/?f=blocks/b-10-10")
    assert any("/api/at?" in each and "collections=blocks" in each for each in watch.requested)
    expect(page.locator(".leaflet-atlas-blocks-pane .is-selected")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".leaflet-atlas-blocks-pane .is-selected")).to_have_count(0)


def test_a_click_is_answered_from_the_tiles_when_the_server_is_not(
    explore, page: Page, watch: Watch
):
    watch.expected.append("ERR_FAILED")
    explore()
    page.route(re.compile(r"/api/(at|collections/blocks/items)"), lambda route: route.abort())
    page.mouse.click(*middle(page))
    expect(page.get_by_role("heading", name="第10排第10块")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("没有取到")


def test_enter_opens_what_is_in_the_middle(explore, page: Page):
    explore()
    page.locator(".leaflet-container").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="第10排第10块")).to_be_focused()


def test_an_address_names_a_feature_that_nobody_has_loaded(explore, page: Page):
    explore("/?f=blocks/b-40-7", close=False)
    expect(page.get_by_role("heading", name="第40排第7块")).to_be_visible()
    expect(page.locator(".leaflet-atlas-blocks-pane .is-selected")).to_be_visible()


def test_an_address_with_a_feature_that_is_none_gives_a_notice(explore, page: Page, watch: Watch):
    watch.expected.append("404")
    explore("/?f=blocks/b-99-99", close=False)
    expect(page.locator("#notice")).to_contain_text("没有找到“blocks/b-99-99”")


def test_the_list_has_what_is_in_view_and_goes_on(explore, page: Page):
    explore()
    part = page.locator("[data-large=blocks]")
    count = part.locator("[data-count]")
    expect(count).to_have_text(re.compile(r"图上可见 \d+ 个，共 3,600 个"))
    expect(part.get_by_role("listitem")).to_have_count(20)
    part.get_by_role("button", name=re.compile("再列")).click()
    expect(part.get_by_role("link", name=re.compile("第"))).not_to_have_count(20)
    expect(part.get_by_role("link", name="全部见表格")).to_have_attribute("href", "/tables/blocks")
    look_at(page, 0, 0)
    expect(part.get_by_role("link", name="第0排第0块")).to_be_visible()
    part.get_by_role("link", name="第0排第0块").click()
    expect(page.get_by_role("heading", name="第0排第0块")).to_be_focused()


def test_facets_leave_out_what_does_not_meet_them(explore, page: Page):
    explore("/?off=zones,projects,places,district&stage=完成")
    part = page.locator("[data-large=blocks]")
    odd = re.compile(r"第\d+排第\d*[13579]块")
    expect(part.get_by_role("link", name=odd)).to_have_count(20)
    red, green, blue = colour_at(page, 10, 10)
    assert min(red, green, blue) > 200
    assert colour_at(page, 10, 11)[0] < 100


def test_a_facet_that_a_layer_does_not_have_is_said_not_to_apply(explore, page: Page):
    explore("/?chapter=3")
    expect(page.locator("[data-layer=blocks]")).to_contain_text("筛选对它不起作用")


def test_the_layer_is_switched_faded_and_moved_like_any_other(explore, page: Page):
    explore("/?opacity=blocks:40&order=blocks,district")
    pane = page.locator(".leaflet-atlas-blocks-pane")
    assert pane.evaluate("(pane) => [pane.style.opacity, pane.style.zIndex]") == ["0.4", "410"]
    page.locator("[data-layer=blocks] input[type=checkbox]").uncheck()
    expect(pane.locator("canvas")).to_have_count(0)
    expect(page.locator("[data-large=blocks]")).to_be_hidden()
    page.locator("[data-layer=blocks] input[type=checkbox]").check()
    drawn(page)


def test_a_tile_that_fails_is_said_and_can_be_asked_for_again(explore, page: Page, watch: Watch):
    watch.expected.append("503")
    tiles = re.compile(r"/tiles/WebMercatorQuad/")
    page.route(tiles, lambda route: route.fulfill(status=503, body="later"))
    explore(close=False)
    row = page.locator("[data-layer=blocks]")
    expect(row.get_by_text("没有取到")).to_be_visible()
    page.unroute(tiles)
    row.get_by_role("button", name="再试一次").click()
    drawn(page)
    expect(row.get_by_text("没有取到")).to_be_hidden()


def test_the_map_of_the_layer_alone_draws_its_tiles(explore, page: Page):
    explore("/maps/blocks", close=False)
    drawn(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_beside_a_large_layer(explore, page: Page, scheme):
    page.emulate_media(color_scheme=scheme)
    explore()
    expect(page.locator("[data-large=blocks]").get_by_role("listitem")).to_have_count(20)
    assert Axe().run(page).response["violations"] == []


PLACED = """async (wanted) => {
  const script = document.querySelector("script[src*='/atlas/joined.js']").src;
  const { place } = await import(new URL("placing.js", script));
  return place(wanted, [[0, 0, 60, 20]], (text) => 10 * text.length, 16);
}"""


def wanted(text: str, x: float, y: float, side: float, *, area: bool = True) -> dict[str, object]:
    """Return a name that belongs at a place, of a feature with so long a side."""
    around = [x - side / 2, y - side / 2, x + side / 2, y + side / 2]
    return {"text": text, "colour": "#112233", "isArea": area, "x": x, "y": y, "box": around}


def test_names_are_drawn_where_they_fit_and_not_where_they_do_not(explore, page: Page):
    explore()
    expect(page.locator(".large-names")).to_have_attribute("data-count", re.compile("^[1-9]"))
    look_at(page, 10, 10, 15)
    expect(page.locator(".large-names")).to_be_hidden()


def test_names_follow_the_facets_and_the_switch_of_their_layer(explore, page: Page, until):
    explore("/?off=zones,projects,places,district")
    names = page.locator(".large-names")
    expect(names).to_have_attribute("data-count", re.compile("^[1-9]"))
    every = int(names.get_attribute("data-count") or 0)
    page.locator("#facets summary").click()
    page.locator("input[name=stage][value=完成]").check()
    until("(every) => Number(document.querySelector('.large-names').dataset.count) < every", every)
    expect(names).to_have_attribute("data-count", re.compile("^[1-9]"))
    page.locator("[data-layer=blocks] input[type=checkbox]").uncheck()
    expect(names).to_be_hidden()


def test_no_name_covers_another_and_the_larger_feature_comes_first(explore, page: Page):
    explore(close=False)
    given = [wanted("小", 205, 205, 90), wanted("大", 200, 200, 100), wanted("远", 400, 400, 90)]
    assert [each["lines"] for each in page.evaluate(PLACED, given)] == [["大"], ["远"]]
    assert page.evaluate(PLACED, [wanted("占", 30, 10, 50)]) == []


def test_a_long_name_is_broken_between_words_and_left_out_where_it_still_is_too_long(
    explore, page: Page
):
    explore(close=False)
    rows = page.evaluate(PLACED, [wanted("第10排第10块", 300, 300, 50)])
    assert rows[0]["lines"] == ["第10排", "第10块"]
    assert page.evaluate(PLACED, [wanted("JN-0001234567", 300, 300, 50)]) == []
    beside = page.evaluate(PLACED, [wanted("JN-0001234567", 300, 300, 0, area=False)])
    assert beside[0]["box"][0] > 300


@pytest.fixture(scope="session")
def crowd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    rows = range(CROWD_SIDE)
    features = [small_block(row, column) for row in rows for column in rows]
    with serve(create_app(settings_with(tmp_path_factory.mktemp("crowd"), features))) as address:
        yield address


@pytest.fixture
def crowd(visit, watch: Watch, crowd_server: str):
    """Open a path of the atlas with 8,100 blocks, over one of them, where small ones are merged."""
    watch.allowed.add(urlsplit(crowd_server).netloc)

    def open_path(path: str, row: int = 45, column: int = 45) -> Page:
        page = visit(path, address=crowd_server)
        at = [CROWD_SOUTH + (row + 0.45) * CROWD_STEP, CROWD_WEST + (column + 0.45) * CROWD_STEP]
        page.evaluate("(at) => window.atlas.map.setView(at, 13, {animate: false})", at)
        drawn(page)
        return page

    return open_path


def test_where_features_are_merged_the_page_says_so_once(crowd, page: Page):
    crowd("/?off=zones,projects,places")
    page.evaluate(
        """() => {
          window.said = [];
          const live = document.getElementById("live");
          new MutationObserver(() => window.said.push(live.textContent))
            .observe(live, { childList: true });
        }"""
    )
    x, y = middle(page)
    page.mouse.move(x, y)
    expect(page.locator("#live")).to_contain_text("小对象在这里合并成方格")
    expect(page.locator("[data-layer=blocks]")).to_contain_text("放大后才逐个亮起")
    page.mouse.move(x + 40, y + 40)
    page.evaluate("window.atlas.map.setZoom(17, {animate: false})")
    drawn(page)
    page.mouse.move(x, y)
    lit = page.locator(".leaflet-atlas-blocks-pane path[fill='#AA2200']")
    expect(lit.first).to_be_attached()
    assert page.evaluate("window.said.filter((each) => each.includes('方格')).length") == 1


def test_where_features_are_merged_a_filter_makes_squares_faint_and_a_click_heeds_it(
    crowd, page: Page, watch: Watch
):
    crowd("/?off=zones,projects,places&stage=完成", 45, 55)
    canvas = page.locator(".leaflet-atlas-blocks-pane canvas")
    expect(canvas.first).to_have_css("opacity", "0.3")
    expect(page.locator("[data-layer=blocks]")).to_contain_text("所以画淡")
    page.mouse.click(*middle(page))
    expect(page.get_by_role("heading", name=re.compile("第4[456]排第5[456]块"))).to_be_visible()
    assert any("/items?bbox=" in each and "stage=" in each for each in watch.requested)


def test_where_features_are_merged_a_click_finds_nothing_that_a_filter_leaves_out(
    crowd, page: Page
):
    crowd("/?off=zones,projects,places,district&stage=完成", 45, 45)
    with page.expect_response(re.compile(r"/blocks/items\?bbox=[^&]*&limit=100")) as asked:
        page.mouse.click(*middle(page))
    assert asked.value.json()["numberMatched"] == 0
    expect(page.locator("#detail")).to_be_hidden()
