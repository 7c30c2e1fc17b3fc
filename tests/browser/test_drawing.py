"""Drawing in a browser: nothing that was drawn is lost, and nobody overwrites anybody unseen."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account

PASSWORD = "十四五规划 studio 2035"  # noqa: S105  of nobody
ACCOUNTS = [new_account(name, name, "editor", PASSWORD) for name in ("wang", "li")]
READY = "html[data-ready]"
SAVED = "html[data-saving=saved]"


@pytest.fixture
def application(tmp_path):
    application = create_app(Settings(home=tmp_path / "home"))
    for account in ACCOUNTS:
        application.state.published.store.people.add(account, author="root")
    return application


@pytest.fixture
def drafts(application):
    return application.state.published.store.drafts


@pytest.fixture
def address(application, start):
    return start(application)


@pytest.fixture
def enter(browser, browser_context_args, watch, address):
    """Open the studio as somebody, in a browser of their own."""
    contexts = []

    def enter(name):
        context = browser.new_context(**browser_context_args)
        contexts.append(context)
        watch.over(context, address)
        page = context.new_page()
        page.goto(f"{address}/studio/login")
        page.get_by_label("用户名").fill(name)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url("**/studio")
        return page

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def draw(enter):
    """Open the drawing page of a layer."""

    def draw(layer, name="wang"):
        page = enter(name)
        page.locator(f'form[action="/studio/draw/{layer}"] button').click()
        page.locator(READY).wait_for(state="attached")
        return page

    return draw


def spot(page, x, y):
    """Return where on the page a position in degrees is."""
    box = page.locator(".leaflet-container").bounding_box()
    there = page.evaluate("([x, y]) => window.atlas.map.latLngToContainerPoint([y, x])", [x, y])
    return box["x"] + there["x"], box["y"] + there["y"]


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(end[0] - 3, end[1] - 3)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def tool(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def saved(page):
    page.locator(SAVED).wait_for(state="attached")


def fill(page, name, value):
    field = page.locator(f'[data-field="{name}"]').locator("input, textarea")
    field.fill(value)
    field.blur()


CORNERS = [(116.90, 36.50), (116.93, 36.50), (116.93, 36.53), (116.90, 36.53)]


def draw_area(page):
    tool(page, "画面")
    for corner in [*CORNERS, CORNERS[0]]:
        page.mouse.click(*spot(page, *corner))
    saved(page)


def changes(drafts, layer):
    (draft,) = drafts.list(layer)
    return drafts.changes(draft)


def test_what_is_drawn_filled_in_moved_and_undone_is_there_after_a_reload(draw, drafts):
    page = draw("places")
    draw_area(page)
    expect(page.locator("#findings")).to_contain_text("没有写明位置的来源或精度")
    fill(page, "name", "新公园")
    page.locator('[data-field="precision"] select').select_option(value='"P2"')
    saved(page)
    (before,) = changes(drafts, "places").put

    drag(page, spot(page, *CORNERS[2]), spot(page, 116.94, 36.54))
    expect(page.locator("#redo")).to_be_disabled()
    saved(page)
    (moved,) = changes(drafts, "places").put
    assert moved.geometry.area > 1.2 * before.geometry.area

    page.locator("#form-heading").focus()
    page.keyboard.press("Control+z")
    expect(page.locator("#redo")).to_be_enabled()
    saved(page)
    assert changes(drafts, "places").put == (before,)

    page.keyboard.press("Control+Shift+z")
    saved(page)
    assert changes(drafts, "places").put == (moved,)

    page.reload()
    page.locator(READY).wait_for(state="attached")
    page.get_by_role("button", name="新公园").click()
    expect(page.locator('[data-field="name"] input')).to_have_value("新公园")
    expect(page.locator('[data-field="precision"] select')).to_have_value('"P2"')
    assert changes(drafts, "places").put == (moved,)


def reload(page):
    page.reload()
    page.locator(READY).wait_for(state="attached")


def test_steps_are_taken_back_and_taken_again_after_a_reload(draw, drafts):
    page = draw("places")
    draw_area(page)
    fill(page, "name", "新公园")
    saved(page)
    (named,) = changes(drafts, "places").put

    reload(page)
    tool(page, "撤销")
    saved(page)
    (drawn,) = changes(drafts, "places").put
    assert "name" not in drawn.properties
    assert drawn.geometry == named.geometry

    reload(page)
    tool(page, "重做")
    saved(page)
    assert changes(drafts, "places").put == (named,)

    reload(page)
    for _ in range(2):
        tool(page, "撤销")
        saved(page)
    expect(page.locator("#undo")).to_be_disabled()
    assert changes(drafts, "places").put == ()


def test_what_another_has_changed_since_is_not_taken_back_after_a_reload(draw, enter, drafts):
    page = draw("places")
    draw_area(page)
    second = enter("li")
    second.goto(page.url)
    second.locator(READY).wait_for(state="attached")
    second.get_by_role("button", name="（未命名）").click()
    fill(second, "name", "李的名字")
    saved(second)

    reload(page)
    expect(page.get_by_role("button", name="李的名字")).to_be_visible()
    expect(page.locator("#undo")).to_be_disabled()


def test_a_point_is_drawn_and_removed_again(draw, drafts):
    page = draw("places")
    tool(page, "画点")
    page.mouse.click(*spot(page, 116.95, 36.58))
    saved(page)
    (point,) = changes(drafts, "places").put
    assert point.geometry.x == pytest.approx(116.95, abs=2e-3)

    page.locator("#remove").click()
    saved(page)
    assert changes(drafts, "places").put == ()


def test_what_is_new_is_called_by_another_id(draw, drafts):
    page = draw("places")
    draw_area(page)
    page.once("dialog", lambda dialog: dialog.accept("xin-gongyuan"))
    page.get_by_role("button", name="改编号").click()
    expect(page.locator("#feature-id")).to_have_text("xin-gongyuan")
    saved(page)
    assert [each.id for each in changes(drafts, "places").put] == ["xin-gongyuan"]

    page.get_by_role("button", name="中山公园", exact=False).first.click()
    expect(page.get_by_role("button", name="改编号")).to_be_hidden()


def test_a_shared_vertex_moves_in_both_neighbours_and_comes_back_in_both(draw, drafts):
    page = draw("zones")
    page.get_by_role("button", name="中部崛起区").click()
    tool(page, "改顶点")
    corner = page.evaluate(
        """() => {
          const of = (id) => window.atlas.map && Object.values(window.atlas.map._layers)
            .find((each) => each.feature?.id === id && each.options.pane === "drawn")
            .getLatLngs().flat(2);
          const other = of("nanbu-shengtaiqu").map(String);
          const all = of("zhongbu-jueqiqu").filter((each) => other.includes(String(each)));
          const { lng, lat } = all[Math.floor(all.length / 2)];
          return [lng, lat];
        }"""
    )
    x, y = spot(page, *corner)
    drag(page, (x, y), (x + 20, y - 24))
    expect(page.locator("#undo")).to_be_enabled()
    saved(page)
    assert {each.id for each in changes(drafts, "zones").put} == {
        "zhongbu-jueqiqu",
        "nanbu-shengtaiqu",
    }
    expect(page.locator("#findings")).not_to_contain_text("重叠")

    tool(page, "撤销")
    saved(page)
    expect(page.locator("#undo")).to_be_disabled()
    assert changes(drafts, "zones").put == ()


def test_a_feature_is_divided_by_a_line(draw, drafts):
    page = draw("places")
    draw_area(page)
    tool(page, "分割")
    page.mouse.click(*spot(page, 116.915, 36.49))
    page.mouse.dblclick(*spot(page, 116.915, 36.54))
    expect(page.locator("#list li")).to_have_count(92)
    saved(page)
    assert len(changes(drafts, "places").put) == 2


def test_what_is_drawn_without_a_connection_is_saved_when_it_is_back(draw, drafts, watch):
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    page = draw("places")
    draw_area(page)
    page.context.set_offline(True)
    fill(page, "name", "断网时写的")
    expect(page.get_by_role("alert")).to_contain_text("连接断开：1 处修改")

    page.context.set_offline(False)
    saved(page)
    (feature,) = changes(drafts, "places").put
    assert feature.properties["name"] == "断网时写的"


@pytest.mark.parametrize("choice", ["保留对方的", "改成我的"])
def test_the_second_of_two_on_one_feature_sees_both_and_decides(draw, enter, drafts, watch, choice):
    watch.expected += ["ERR_INTERNET_DISCONNECTED", "412"]
    first = draw("places")
    draw_area(first)
    second = enter("li")
    second.goto(first.url)
    second.locator(READY).wait_for(state="attached")
    second.get_by_role("button", name="（未命名）").click()
    second.context.set_offline(True)
    fill(second, "name", "李的名字")
    expect(second.get_by_role("alert")).to_contain_text("连接断开")
    fill(first, "name", "王的名字")
    saved(first)

    second.context.set_offline(False)

    dialog = second.get_by_role("dialog")
    expect(dialog).to_contain_text("wang")
    expect(dialog.get_by_role("row", name=re.compile("名称"))).to_contain_text("王的名字")
    assert changes(drafts, "places").put[0].properties["name"] == "王的名字"
    dialog.get_by_role("button", name=choice).click()
    saved(second)
    expected = "王的名字" if choice == "保留对方的" else "李的名字"
    expect(second.locator('[data-field="name"] input')).to_have_value(expected)
    assert changes(drafts, "places").put[0].properties["name"] == expected


def test_whoever_looks_at_a_feature_learns_at_once_that_another_has_changed_it(draw, enter):
    first = draw("places")
    draw_area(first)
    second = enter("li")
    second.goto(first.url)
    second.locator(READY).wait_for(state="attached")
    second.get_by_role("button", name="（未命名）").click()

    fill(first, "name", "王的名字")

    expect(second.locator("#notice")).to_contain_text("wang 刚刚改了“王的名字”", timeout=15_000)
    expect(second.locator('[data-field="name"] input')).to_have_value("王的名字")


def test_only_the_atlas_itself_is_asked(draw, watch, address):
    draw_area(draw("places"))
    assert watch.hosts == {urlsplit(address).netloc}
