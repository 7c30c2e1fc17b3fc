"""The plan by year: a filter that says what it moves, and leaves what has no date with a mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATH = "/api/plans/shizhong-14-5/years"


def counted(document: dict, name: str) -> int:
    return sum(each[name] for each in document["collections"])


def link(page: Page, ref: str):
    return page.locator(f'#index [data-ref="{ref}"]')


def test_a_year_says_which_layers_it_moves_how_much_it_leaves_and_what_has_no_date(
    visit, page: Page
):
    visit("/")
    page.get_by_role("button", name="规划年份").click()
    page.get_by_role("radio", name="2035").check()
    expect(page).to_have_url(re.compile(r"\?year=2035$"))
    document = page.evaluate(f"async () => (await fetch('{PATH}?year=2035')).json()")
    undated = counted(document, "undated")
    told = page.locator("#notice")
    expect(told).to_contain_text("“地名、重点项目”")
    expect(told).to_contain_text(f"留下 {counted(document, 'matched') + undated} 个")
    expect(told).to_contain_text(f"其中 {undated} 个规划没有给时间")
    expect(page.locator("#tool .result")).to_have_text(told.text_content() or "")


def test_what_the_plan_does_not_date_stays_with_a_mark_and_can_be_switched_off(visit, page: Page):
    visit("/?year=2025")
    undated = link(page, "projects/laoshangbu")
    expect(undated).to_contain_text("规划未给时间")
    shape = page.locator(".leaflet-atlas-projects-pane path.is-undated")
    expect(shape.first).to_be_visible()
    expect(link(page, "projects/qu-tushuguan")).to_be_visible()
    page.get_by_role("button", name="规划年份").click()
    page.get_by_label("规划没有给时间的也显示").uncheck()
    expect(page).to_have_url(re.compile(r"year=2025&undated=off"))
    expect(undated).to_be_hidden()
    expect(link(page, "projects/qu-tushuguan")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("收起了规划没有给时间的")


def test_a_year_leaves_exactly_what_the_api_has_of_it(visit, page: Page, until):
    visit("/?year=2035&undated=off")
    document = page.evaluate(f"async () => (await fetch('{PATH}?year=2035')).json()")
    until(
        """(expected) => {
          const links = document.querySelectorAll("#index .group li:not([hidden]) a[data-ref]");
          const refs = [...links].map((link) => link.dataset.ref);
          const dated = new Set(refs.filter((ref) => /^(projects|places)\\//.test(ref)));
          return dated.size === expected.length && expected.every((ref) => dated.has(ref));
        }""",
        [each["id"] for each in document["features"]],
    )
    expect(page.locator("#notice")).to_contain_text("按 2035 年筛选")
    expect(link(page, "projects/qu-tushuguan")).to_be_hidden()
    expect(link(page, "zones/beibu-hexinqu")).to_be_visible()


def test_the_figures_of_the_year_are_listed(visit, page: Page):
    visit("/?year=2025")
    page.get_by_role("button", name="规划年份").click()
    expect(page.locator("#tool h3")).to_have_text("2025 年的指标：14 个")
    figure = page.locator("#tool section a").first
    expect(figure).to_have_attribute("href", re.compile(r"/indicators#"))
    page.get_by_role("radio", name="2022").check()
    expect(page.locator("#tool h3")).to_have_text("规划没有为 2022 年定指标。")
    page.get_by_role("radio", name="全部").check()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#index .undated")).to_have_count(0)


def test_the_steps_are_gone_through_by_arrow_keys(visit, page: Page):
    visit("/?year=2025")
    page.get_by_role("button", name="规划年份").click()
    chosen = page.get_by_role("radio", name="2025")
    expect(chosen).to_be_checked()
    chosen.press("ArrowRight")
    expect(page).to_have_url(re.compile("year=2035"))
    expect(page.get_by_role("radio", name="2035")).to_be_focused()


def test_a_year_narrows_beside_facets_and_the_day(visit_changed, page: Page):
    visit_changed("/?year=2035&undated=off&known=1&stage=完成")
    expect(page.locator("#chosen-count")).to_contain_text("26 个符合")
    expect(page.locator("#notice")).to_contain_text("按“1”所知显示")
    expect(page.locator("#notice")).to_contain_text("按 2035 年筛选")


def test_a_year_that_is_no_step_is_said_and_everything_is_shown(visit, page: Page, watch):
    watch.expected.append("400")
    visit("/?year=2030")
    expect(page.locator("#notice")).to_contain_text("规划里没有“2030”这一步")
    expect(link(page, "projects/laoshangbu")).to_be_visible()


@pytest.fixture
def unscripted(new_context, watch, server: str):
    """Open a path of the atlas in a browser that runs no scripts."""
    context = new_context(java_script_enabled=False)
    watch.over(context, server)
    page = context.new_page()

    def open_path(path: str) -> Page:
        page.goto(server + path)
        return page

    return open_path


@pytest.mark.parametrize("query", ["year=2025", "year=2035&undated=off", "year=2021&stage=完成"])
def test_without_script_a_year_leaves_what_it_leaves_with_it(visit, unscripted, query, until):
    plain, page = unscripted(f"/?{query}"), visit(f"/?{query}")
    listed = "#index .group li:not([hidden]) a[data-ref]"
    refs = """(links) => links.map((link) => link.dataset.ref + link.textContent.trim())"""
    without_script = plain.locator(listed).evaluate_all(refs)
    assert without_script
    until(
        """([listed, expected]) => [...document.querySelectorAll(listed)]
        .map((link) => link.dataset.ref + link.textContent.trim()).join() === expected.join()""",
        [listed, without_script],
    )
    expect(page.locator("#notice")).to_contain_text("年筛选")
    expect(plain.locator("#notice")).to_have_text(page.locator("#notice").text_content() or "")


def test_without_script_a_year_is_chosen_in_the_form_and_kept(unscripted):
    page = unscripted("/")
    page.locator("#facets summary").click()
    page.get_by_role("radio", name="2035").check()
    page.get_by_label("收起规划没有给时间的").check()
    page.get_by_role("button", name="应用").click()
    expect(page).to_have_url(re.compile("year=2035&undated=off"))
    expect(page.locator("#notice")).to_contain_text("按 2035 年筛选")
    expect(page.get_by_role("radio", name="2035")).to_be_checked()
    expect(link(page, "projects/laoshangbu")).to_be_hidden()
    for kept in (page.locator("#language"), page.locator("#print")):
        expect(kept).to_have_attribute("href", re.compile("year=2035&undated=off"))


def test_without_script_a_year_that_is_no_step_is_said(unscripted):
    page = unscripted("/?year=2030")
    expect(page.locator("#notice")).to_contain_text("规划里没有“2030”这一步")
    expect(link(page, "projects/laoshangbu")).to_be_visible()


def test_the_link_to_a_sheet_takes_the_year_along(visit, page: Page):
    visit("/?year=2035&undated=off")
    page.locator("#print").focus()
    href = re.compile(r"^/print\?bbox=.*year=2035&undated=off")
    expect(page.locator("#print")).to_have_attribute("href", href)
    page.locator("#print").click()
    expect(page.get_by_text("筛选：规划年份：2035（不含规划没有给时间的）")).to_be_visible()
