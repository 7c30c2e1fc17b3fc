"""Names from data are text, whatever they hold; and a map can be embedded anywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from app.main import create_app
from app.settings import Settings

DATA = Path(__file__).parents[2] / "data"
HOSTILE = """<script>window.hacked=1</script>"'\\ <img src=x onerror="window.hacked=2">"""


@pytest.fixture
def hostile_data(tmp_path: Path) -> Path:
    """Data whose texts are an attack; everything else is as published."""
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    path = folder / "geojson" / "projects.geojson"
    collection = json.loads(path.read_text(encoding="utf-8"))
    for feature in collection["features"]:
        for key in ("name", "name_en", "summary", "geometry_method", "geometry_source"):
            feature["properties"][key] = HOSTILE
        feature["properties"]["aliases"] = [HOSTILE]
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return folder


def test_a_hostile_name_is_harmless(visit, page: Page, start, tmp_path, hostile_data):
    settings = Settings(home=tmp_path / "home", data=hostile_data)
    visit("/", address=start(create_app(settings)))
    expect(page.locator(".name").filter(has_text="onerror")).not_to_have_count(0)
    page.get_by_role("link").filter(has_text="<script>").first.click()
    expect(page.locator("#detail-title")).to_contain_text("<script>window.hacked=1</script>")
    expect(page.locator("#detail img, #index img, .folium-map img")).to_have_count(0)
    assert page.evaluate("window.hacked === undefined")
    page.reload()
    expect(page.locator("#detail-title")).to_contain_text("<script>window.hacked=1</script>")
    assert page.evaluate("window.hacked === undefined")


@pytest.mark.parametrize(
    "ref", ["%3Cscript%3Ealert(1)%3C/script%3E", "a%22b/c%27d%5C", "%00", "x" * 3000]
)
def test_a_hostile_link_is_harmless(visit, page: Page, ref):
    visit(f"/?f={ref}")
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#notice *")).to_have_count(0)


def site(body: str) -> Starlette:
    """Return another site, with one page."""
    head = '<!doctype html><html lang="zh"><link rel="icon" href="data:,"><title>host</title>'
    return Starlette(routes=[Route("/", HTMLResponse(head + body))])


@pytest.mark.parametrize("layer", ["zones", "projects", "district"])
def test_a_map_can_be_embedded_from_another_origin(page: Page, start, server, layer):
    frame = f'<iframe title="{layer}" width="600" src="{server}/maps/{layer}"></iframe>'
    page.goto(start(site(frame)))
    frame = page.frame_locator("iframe")
    expect(frame.locator(f".leaflet-atlas-{layer}-pane path.shape")).not_to_have_count(0)
    expect(frame.get_by_text("示意图，不作为法定规划依据")).to_be_visible()


def test_the_code_of_the_builder_works_on_the_page_of_another_site(page: Page, start, server):
    page.goto(f"{server}/embed?f=projects/laoshangbu&list=1&opacity-zones=40&width=640")
    code = page.get_by_role("textbox", name="代码").input_value()
    page.goto(start(site(code)))
    frame = page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for(state="attached")
    expect(frame.locator("path.shape.is-selected")).not_to_have_count(0)
    expect(frame.locator(".leaflet-atlas-zones-pane")).to_have_css("opacity", "0.4")
    entry = frame.get_by_role("link", name="玉符河").first
    entry.focus()
    expect(frame.locator(".leaflet-atlas-projects-pane path.is-lit")).not_to_have_count(0)
    with page.expect_popup() as popup:
        frame.get_by_role("heading", level=1).get_by_role("link").click()
    expect(popup.value).to_have_url(f"{server}/?f=projects/laoshangbu")


def test_a_site_that_is_not_named_cannot_show_a_map(page: Page, start, watch, tmp_path):
    watch.expected.append("frame-ancestors")
    address = start(create_app(Settings(home=tmp_path, embed_hosts="https://www.example.cn")))
    page.goto(start(site(f'<iframe title="map" src="{address}/maps/zones"></iframe>')))
    expect(page.frame_locator("iframe").get_by_text("示意图")).to_have_count(0)
    assert any("frame-ancestors" in each for each in watch.passed)


def test_the_builder_shows_what_its_code_shows_and_copies_it(page: Page, context, server):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server}/embed")
    page.get_by_label("三大空间", exact=True).uncheck()
    page.get_by_label("“重点项目”的不透明度").fill("50")
    page.get_by_label("突出显示一个对象或片区").select_option(label="玉符河")
    page.get_by_role("button", name="更新代码和预览").press("Enter")
    preview = page.frame_locator("iframe")
    preview.locator("html[data-ready]").wait_for(state="attached")
    expect(preview.locator("path.shape.is-selected")).not_to_have_count(0)
    expect(preview.locator(".leaflet-atlas-zones-pane path.shape")).to_have_count(0)
    page.get_by_role("button", name="复制代码").press("Enter")
    expect(page.get_by_text("代码已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_role("textbox", name="代码").input_value()
    assert "opacity=projects:50" in copied


def test_the_atlas_itself_refuses_to_be_framed_elsewhere(page: Page, server):
    answer = page.request.get(server + "/")
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_no_page_carries_inline_script_or_style(page: Page, server):
    for path in ("/", "/?f=projects/laoshangbu", "/?lang=en", "/maps/zones", "/maps/projects"):
        page.goto(server + path, wait_until="commit")
        html = page.request.get(server + path).text()
        assert " style=" not in html
        assert "<style" not in html
        assert " on" + "click=" not in html
        inline = [part for part in html.split("<script")[1:] if "src=" not in part.split(">")[0]]
        assert all('type="application/json"' in part.split(">")[0] for part in inline)


ASKED_FROM_ELSEWHERE = """async ([address, known]) => {
  const headers = {"Idempotency-Key": "edit-1", "If-None-Match": known, "Range": "bytes=0-99"};
  const answer = await fetch(address, {headers});
  return [answer.status, Object.fromEntries(answer.headers)];
}"""


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("items?limit=1", {"etag", "link", "content-crs"}),
        ("download.csv", {"etag", "content-disposition", "accept-ranges"}),
    ],
)
def test_a_script_of_another_site_may_ask_and_read(page: Page, start, server, path, names):
    """The browser itself asks first what it may send, since none of these headers is simple."""
    page.goto(start(site("")))
    address = f"{server}/api/collections/projects/{path}"
    status, read = page.evaluate(ASKED_FROM_ELSEWHERE, [address, '"unknown"'])
    assert status in {200, 206}
    assert names <= read.keys()
