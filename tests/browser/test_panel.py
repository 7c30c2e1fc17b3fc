"""The list, the details and the address: by mouse, keyboard, link and without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect


def entry(page: Page, name: str):
    return page.get_by_role("link", name=re.compile(f"^{name} "))


def test_enter_in_the_list_opens_details_and_escape_returns(visit, page: Page):
    visit("/")
    entry(page, "老商埠").focus()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="老商埠", level=2)
    expect(heading).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("已选中：老商埠")
    expect(page).to_have_title("老商埠 · 市中规划图集")
    page.keyboard.press("Escape")
    expect(heading).to_be_hidden()
    expect(entry(page, "老商埠")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page).to_have_title("市中规划图集")


def test_the_arrow_returns_to_the_list(visit, page: Page):
    visit("/?f=projects/laoshangbu")
    page.get_by_role("link", name="← 返回列表").click()
    expect(page.get_by_role("heading", name="全部对象")).to_be_visible()
    expect(entry(page, "老商埠")).to_be_focused()


def test_the_details_say_what_the_plan_says_and_how_the_place_is_known(visit, page: Page):
    visit("/?f=projects/laoshangbu")
    details = page.get_by_role("article")
    expect(details.get_by_role("heading", name="位置有多准")).to_be_visible()
    expect(details.get_by_text(re.compile(r"示意，位置误差约 ±[\d.]+ k?m"))).to_be_visible()
    expect(details.get_by_text(re.compile("第.+章 第.+节 第\\d+段")).first).to_be_visible()
    expect(details.get_by_text("规划未说明").or_(details.get_by_text("阶段")).first).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_script_and_server_write_the_same_details(visit, page: Page, features, lang):
    query = "&lang=en" if lang == "en" else ""
    visit(f"/?{query.removeprefix('&')}")
    article = "document.getElementById('detail').innerText"
    for layer_id in ("zones", "projects"):
        for feature in features(layer_id)[:8]:
            ref = f"{layer_id}/{feature['id']}"
            page.locator(f"#index a[data-ref='{ref}']").evaluate("link => link.click()")
            expect(page.locator("#detail")).to_be_visible()
            by_script = page.evaluate(article)
            page.keyboard.press("Escape")
            by_server = page.evaluate(
                """async (path) => { const page = new DOMParser().parseFromString(
                  await (await fetch(path)).text(), "text/html");
                  const article = document.importNode(page.getElementById("detail"), true);
                  const place = document.getElementById("detail");
                  const index = document.getElementById("index");
                  index.hidden = true;
                  place.replaceWith(article);
                  const words = article.innerText;
                  article.replaceWith(place);
                  index.hidden = false;
                  return words; }""",
                f"/?f={ref}{query}",
            )
            assert by_script == by_server


def test_a_deep_link_opens_the_feature_and_moves_the_map_there(visit, page: Page, until):
    visit("/")
    whole = page.evaluate("window.atlas.map.getZoom()")
    visit("/?f=projects/laoshangbu")
    expect(page.get_by_role("heading", name="老商埠", level=2)).to_be_visible()
    expect(page.locator("path.shape.is-selected")).not_to_have_count(0)
    until("whole => window.atlas.map.getZoom() > whole", whole)


def test_the_back_button_goes_through_what_was_selected(visit, page: Page):
    visit("/")
    entry(page, "老商埠").click()
    page.get_by_role("link", name="← 返回列表").click()
    entry(page, "玉符河").click()
    page.go_back()
    expect(page.get_by_role("heading", name="全部对象")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="老商埠", level=2)).to_be_visible()
    page.go_forward()
    page.go_forward()
    expect(page.get_by_role("heading", name="玉符河", level=2)).to_be_visible()


def test_an_unknown_deep_link_gives_a_soft_notice(page: Page, server):
    answer = page.goto(server + "/?f=projects/does-not-exist")
    assert answer
    assert answer.status == 200
    page.locator("html[data-ready]").wait_for(state="attached")
    expect(page.get_by_text("没有找到“projects/does-not-exist”")).to_be_visible()
    expect(page.get_by_role("heading", name="全部对象")).to_be_visible()
    expect(page.locator("path.shape")).not_to_have_count(0)


def test_a_feature_without_a_place_says_why_and_leaves_the_map_alone(visit, page: Page, features):
    visit("/")
    unmapped = next(each for each in features("projects") if each["geometry"] is None)
    before = page.evaluate("window.atlas.map.getBounds().toBBoxString()")
    link = page.locator(f"#index a[data-ref='projects/{unmapped['id']}']")
    expect(link).to_contain_text("未上图")
    link.click()
    expect(page.get_by_text("规划没有给出足以定位的依据")).to_be_visible()
    assert page.evaluate("window.atlas.map.getBounds().toBBoxString()") == before


def test_english_is_complete(visit, page: Page):
    visit("/?lang=en")
    expect(page).to_have_title("Shizhong Planning Atlas")
    expect(page.get_by_role("heading", name="Layers and legend")).to_be_visible()
    chinese = re.compile(r"[\u4e00-\u9fff]")
    texts = page.locator("main").evaluate("main => main.innerText")
    assert chinese.findall(texts) == []
    page.locator("a[data-ref='projects/laoshangbu']").click()
    expect(page).to_have_url(re.compile(r"\?f=projects/laoshangbu&lang=en$"))
    details = page.locator("#detail").evaluate(
        "article => { const copy = article.cloneNode(true);"
        " const chinese = copy.querySelectorAll('cite, [data-row=aliases]');"
        " chinese.forEach((each) => each.remove());"
        " return copy.textContent; }"
    )
    assert chinese.findall(details) == []
    page.get_by_role("link", name="中文").click()
    expect(page).to_have_url(re.compile(r"/\?f=projects/laoshangbu$"))
    expect(page.get_by_role("heading", name="老商埠", level=2)).to_be_visible()


def test_the_link_can_be_copied(visit, page: Page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit("/?f=projects/laoshangbu")
    page.get_by_role("button", name="复制链接").click()
    expect(page.get_by_role("button", name="链接已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{server}/?f=projects/laoshangbu"


def test_the_first_tab_skips_the_map(visit, page: Page):
    visit("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="越过地图，到列表")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_the_page_works_without_script(new_context, watch, server):
    context = new_context(java_script_enabled=False)
    watch.over(context, server)
    page = context.new_page()
    page.goto(server)
    expect(entry(page, "老商埠")).to_be_visible()
    entry(page, "老商埠").click()
    expect(page.get_by_role("heading", name="老商埠", level=2)).to_be_visible()
    expect(page.get_by_text(re.compile("第.+章 第.+节 第\\d+段")).first).to_be_visible()
    page.get_by_role("link", name="← 返回列表").click()
    expect(entry(page, "玉符河")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)


def test_on_a_phone_nothing_overflows_and_the_sheet_has_three_heights(visit, phone: Page):
    visit("/", on=phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    handle = phone.get_by_role("button", name=re.compile("面板"))
    heights = []
    for words in ("面板：半屏", "面板：全屏", "面板：收起"):
        expect(handle).to_have_accessible_name(words)
        heights.append(phone.locator("#panel").bounding_box()["height"])
        handle.click()
    assert heights[2] < heights[0] < heights[1]
    expect(handle).to_have_accessible_name("面板：半屏")


def test_on_a_phone_the_sheet_can_be_dragged(visit, phone: Page):
    visit("/", on=phone)
    handle = phone.get_by_role("button", name="面板：半屏")
    box = handle.bounding_box()
    phone.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    phone.mouse.down()
    phone.mouse.move(box["x"] + box["width"] / 2, 120, steps=4)
    phone.mouse.up()
    expect(phone.get_by_role("button", name="面板：全屏")).to_be_visible()


def test_on_a_phone_the_sheet_leaves_the_selected_shape_in_view(visit, phone: Page):
    visit("/", on=phone)
    entry(phone, "老商埠").click()
    expect(phone.get_by_role("heading", name="老商埠", level=2)).to_be_visible()
    shape = phone.locator("path.shape.is-selected").bounding_box()
    assert shape["y"] > phone.locator("header").bounding_box()["height"]
    assert shape["y"] + shape["height"] < phone.locator("#panel").bounding_box()["y"]


def test_on_a_phone_every_target_is_large_enough(visit, phone: Page):
    visit("/", on=phone)
    small = phone.locator("a:visible, button:visible, label:visible").evaluate_all(
        "all => all.filter((each) => !each.closest('.skip, .sr, h1, .colophon'))"
        ".filter((each) => { const box = each.getBoundingClientRect();"
        " return box.height < 44 || box.width < 44; })"
        ".map((each) => each.outerHTML.slice(0, 90))"
    )
    assert small == []
