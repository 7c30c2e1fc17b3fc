"""The map: what is drawn, and how it answers."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from app.main import create_app
from app.settings import Settings


def test_only_our_host_is_asked(visit, watch, server):
    page = visit("/")
    page.get_by_role("link", name=re.compile("老商埠")).first.click()
    assert watch.hosts == {urlsplit(server).netloc}
    assert len(watch.requested) < 30


def test_zones_and_projects_are_drawn(visit, features):
    page = visit("/")
    for layer_id in ("zones", "projects"):
        drawn = page.locator(f".leaflet-atlas-{layer_id}-pane path.shape").count()
        mapped = [each for each in features(layer_id) if each["geometry"]]
        assert drawn >= len(mapped) > 0
    names = page.locator(".name-always")
    expect(names).to_have_text(["北部核心区", "中部崛起区", "南部生态区"])


def test_sketches_look_like_sketches(visit, features):
    page = visit("/")
    sketches = {
        each["id"]
        for each in features("projects")
        if each["properties"].get("precision") in ("P3", "P4")
    }
    dashed = page.evaluate(
        """() => window.atlas.layers.projects.getLayers()
          .flatMap((layer) => layer.getLayers ? layer.getLayers() : [layer])
          .filter((layer) => layer.getElement().getAttribute("stroke-dasharray"))
          .map((layer) => layer.atlasRef.split("/")[1])"""
    )
    assert set(dashed) == sketches


def test_click_on_a_shape_opens_its_details(visit, page: Page, click_shape):
    visit("/")
    click_shape("zones/nanbu-shengtaiqu")
    heading = page.get_by_role("heading", name="南部生态区", level=2)
    expect(heading).to_be_visible()
    expect(heading).to_be_focused()
    expect(page).to_have_url(re.compile(r"/\?f=zones/nanbu-shengtaiqu$"))
    expect(page.get_by_text("示意，位置误差约").first).to_be_visible()


def test_click_on_a_project_names_the_zone_below(visit, page: Page, click_shape, features):
    visit("/")
    by_id = {each["id"]: each for each in features("projects")}
    click_shape("projects/yufuhe")
    expect(
        page.get_by_role("heading", name=by_id["yufuhe"]["properties"]["name"], level=2)
    ).to_be_visible()
    also = page.get_by_role("region", name="此处还有")
    expect(also.get_by_role("link")).not_to_have_count(0)


def test_click_where_projects_overlap_lists_them_all(visit, page: Page, click_shape):
    visit("/")
    click_shape("projects/laoshangbu", others=1)
    heading = page.get_by_role("heading", name=re.compile(r"此处有 \d+ 个对象"))
    expect(heading).to_be_focused()
    hits = page.get_by_role("region", name=re.compile("此处有"))
    hits.get_by_role("link", name=re.compile("老商埠")).click()
    expect(page.get_by_role("heading", name="老商埠", level=2)).to_be_focused()


def test_hover_lights_shape_and_list(visit, page: Page):
    visit("/")
    link = page.get_by_role("link", name=re.compile("^老商埠 "))
    link.hover()
    expect(page.locator("path.shape.is-lit")).not_to_have_count(0)
    page.get_by_role("link", name="English").hover()
    expect(page.locator("path.shape.is-lit")).to_have_count(0)
    link.focus()
    expect(page.locator("path.shape.is-lit")).not_to_have_count(0)


def test_the_shape_under_the_pointer_is_lit_in_the_list(visit, page: Page):
    visit("/")
    point = page.evaluate(
        """() => { const box = window.atlas.layers.projects.getLayers()
          .find((layer) => layer.atlasRef === "projects/yufuhe");
          const path = (box.getLayers ? box.getLayers()[0] : box).getElement();
          const third = path.getPointAtLength(path.getTotalLength() / 3);
          const at = third.matrixTransform(path.getScreenCTM());
          return [at.x, at.y]; }"""
    )
    page.mouse.move(*point)
    expect(page.locator("a[data-ref='projects/yufuhe']")).to_have_class(re.compile("is-lit"))


def test_a_layer_can_be_switched_off(visit, page: Page):
    visit("/")
    page.get_by_role("checkbox", name="三大空间").uncheck()
    expect(page.locator(".leaflet-atlas-zones-pane path.shape")).to_have_count(0)
    expect(page.locator(".name-always:not(.is-hidden)")).to_have_count(0)
    page.get_by_role("checkbox", name="三大空间").check()
    expect(page.locator(".leaflet-atlas-zones-pane path.shape")).to_have_count(3)


def test_the_map_says_that_it_is_a_sketch_and_names_its_source(visit, page: Page):
    visit("/")
    here = page.get_by_role("region", name="地图", exact=True)
    expect(here.get_by_text("示意图，不作为法定规划依据")).to_be_visible()
    expect(here.get_by_text("天地图")).to_be_visible()
    expect(page.get_by_text("Leaflet")).to_have_count(0)


def test_names_do_not_cover_each_other(visit, page: Page):
    visit("/")
    boxes = page.locator(".name:not(.is-hidden)").evaluate_all(
        "all => all.map((each) => { const b = each.getBoundingClientRect();"
        " return [b.left, b.top, b.right, b.bottom]; })"
    )
    clashes = [
        (a, b)
        for index, a in enumerate(boxes)
        for b in boxes[index + 1 :]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert boxes
    assert clashes == []


def test_a_restart_keeps_the_address_and_the_bytes_of_the_map_script(
    visit, page: Page, start, tmp_path
):
    def script(address: str) -> tuple[str, bytes]:
        visit("/", address=address)
        path = page.locator("script[src^='/maps/']").get_attribute("src")
        return path, page.request.get(address + path).body()

    first, second = (
        script(start(create_app(Settings(home=tmp_path / name)))) for name in ("one", "two")
    )
    assert first == second


def test_a_layer_that_fails_says_so_and_can_be_retried(visit, page: Page, watch):
    watch.expected.append("503")
    address = re.compile(r"/collections/projects/revisions/")
    page.route(address, lambda route: route.fulfill(status=503, body="later"))
    visit("/")
    row = page.locator("[data-layer=projects]")
    expect(row.get_by_text("没有取到")).to_be_visible()
    expect(page.locator(".leaflet-atlas-zones-pane path.shape")).to_have_count(3)
    page.unroute(address)
    row.get_by_role("button", name="再试一次").click()
    expect(row.get_by_text("没有取到")).to_be_hidden()
    expect(page.locator(".leaflet-atlas-projects-pane path.shape")).not_to_have_count(0)
