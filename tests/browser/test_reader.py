"""The plan beside its map: names light up the map, the map finds the words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

READER = "/plan/shizhong-14-5"


def lit(page: Page) -> list[str]:
    return page.evaluate(
        """() => Object.values(window.atlas.layers).flatMap((layer) => layer.getLayers())
             .flatMap((layer) => layer.getLayers ? layer.getLayers() : [layer])
             .filter((layer) => layer.getElement?.()?.classList.contains("is-lit"))
             .map((layer) => layer.atlasRef)"""
    )


def test_the_longest_name_is_linked_and_no_shorter_one_in_it(read, page: Page):
    read(READER)
    paragraph = page.locator("[id='2-2-p1']")
    refs = paragraph.locator("a[data-ref]").evaluate_all("all => all.map((a) => a.dataset.ref)")
    assert refs == [
        "projects/dangjia-zhihuicheng",
        "projects/dangjia-pianqu",
        "projects/erhuanxi-chuangzhigu",
    ]


def test_hovering_or_focusing_a_name_lights_it_on_the_map(read, page: Page):
    read(READER)
    name = page.locator("[id='2-1-p1']").get_by_role("link", name="老商埠", exact=True)
    name.hover()
    assert lit(page) == ["projects/laoshangbu"]
    page.mouse.move(5, 5)
    assert lit(page) == []
    name.focus()
    assert lit(page) == ["projects/laoshangbu"]


def test_clicking_the_map_goes_through_the_sentences_that_name_it(read, page: Page, click_shape):
    read(READER)
    click_shape("projects/erhuanxi-chuangzhigu")
    expect(page.locator("#found-words")).to_have_text("“二环西创智谷”：第 1 处，共 1 处")
    expect(page.locator("a.is-here")).to_have_text("二环西“创智谷”")
    expect(page.locator("a.is-here")).to_be_in_viewport()
    expect(page).to_have_url(re.compile("#2-2-p1$"))


def test_what_is_named_twice_is_walked_through_with_the_buttons(read, page: Page):
    read(READER)
    page.evaluate("window.atlas.map.fire('noop')")
    page.locator("[id='2-1-p2']").get_by_role("link", name="总部企业聚集圈").focus()
    assert lit(page) == ["projects/zongbu-qiye-jujiquan"]


def test_the_address_names_the_paragraph(read, page: Page):
    read(f"{READER}#2-2-p1")
    target = page.locator(".paragraph.is-target")
    expect(target).to_have_attribute("id", "2-2-p1")
    expect(target).to_be_in_viewport()
    page.locator("[id='3-0-p2'] a.anchor").click()
    expect(page).to_have_url(re.compile("#3-0-p2$"))
    expect(page.locator(".paragraph.is-target")).to_have_attribute("id", "3-0-p2")


def test_without_a_text_it_shows_what_is_known_and_how_to_import(visit, page: Page):
    visit(READER)
    expect(page.get_by_role("heading", name="原文尚未导入")).to_be_visible()
    expect(page.get_by_text("atlas plan import")).to_be_visible()
    cited = page.locator("[id='4-1-p2']")
    expect(cited.get_by_role("link", name="老商埠", exact=True)).to_be_visible()


def test_on_a_phone_text_and_map_are_both_in_view(read, phone: Page):
    read(READER, on=phone)
    for part in (phone.locator(".folium-map"), phone.locator("#text")):
        box = part.bounding_box()
        assert box["width"] > 380
        assert box["height"] > 250
        assert 0 <= box["y"] < 600


@pytest.mark.parametrize("lang", ["", "?lang=en"])
def test_the_text_is_marked_as_chinese_in_either_language(read, page: Page, lang):
    read(READER + lang)
    assert page.locator(".paragraph p:not([lang='zh-CN'])").count() == 0


def test_statements_light_up_the_map_too(visit, page: Page):
    visit(f"{READER}/statements?outcome=holds")
    page.get_by_role("link", name="玉符河", exact=True).first.focus()
    assert lit(page) == ["projects/yufuhe"]
