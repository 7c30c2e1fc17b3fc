"""Any selection as a table: what the API finds, in its order, and to be taken away as it is."""

from __future__ import annotations

import html
import re

import pytest

NORTH = {"zone": "北部核心区", "stage": "建设"}


def names(page: str) -> list[str]:
    return re.findall(r'<tr><th scope="row"><a href="[^"]*">([^<]*)</a>', page)


def test_it_lists_what_the_api_finds_in_the_same_order(visitor):
    page = visitor.read("/tables/projects", **NORTH, sortby="-name")
    items = visitor.get(
        "/api/collections/projects/items", params={**NORTH, "sortby": "-name", "f": "json"}
    ).json()
    assert names(page) == [each["properties"]["name"] for each in items["features"]][:50]


def test_a_click_on_a_head_sorts_and_a_second_one_turns_it_round(visitor):
    first = visitor.read("/tables/projects", **NORTH)
    assert 'aria-sort="none"' in first
    assert 'aria-sort="ascending"' not in first
    sort = re.search(r'aria-sort="none"><a href="([^"]*sortby=stage[^"]*)"', first)
    assert sort is not None
    second = visitor.read(html.unescape(sort[1]))
    assert 'aria-sort="ascending"' in second
    turn = re.search(r'aria-sort="ascending"><a href="([^"]*)"', second)
    assert turn is not None
    assert "sortby=-stage" in html.unescape(turn[1])
    assert "zone=" in turn[1]


def test_columns_are_chosen_by_name(visitor):
    page = visitor.read("/tables/projects", columns="verb,citations")
    assert len(re.findall(r'<th scope="col"', page)) == 3
    assert "第四章" in page


def test_the_pages_hold_each_feature_once(visitor, application):
    path, found = "/tables/projects", []
    while path:
        page = visitor.read(path)
        found += names(page)
        following = re.search(r'<a href="([^"]*)" rel="next">', page)
        path = html.unescape(following[1]) if following else ""
    projects = application.state.published.latest.atlas.layers["projects"]
    assert sorted(found) == sorted(each.properties["name"] for each in projects.features)


@pytest.mark.parametrize("ending", ["csv", "gpkg", "shp.zip", "geojson", "parquet"])
def test_a_download_holds_exactly_the_selection(visitor, ending):
    page = visitor.read("/tables/projects", **NORTH, sortby="name", columns="kind")
    link = re.search(rf'href="([^"]*/download\.{re.escape(ending)}\?[^"]*)"', page)
    assert link is not None
    answer = visitor.get(html.unescape(link[1]))
    assert answer.status_code == 200
    if ending == "csv":
        items = visitor.get(
            "/api/collections/projects/items", params={**NORTH, "limit": 1, "f": "json"}
        ).json()
        assert len(answer.text.strip().splitlines()) - 1 == items["numberMatched"]


def test_what_is_unknown_in_a_link_is_said_and_the_rest_works(visitor):
    page = visitor.read("/tables/projects", zone="北部核心区", nothing="1", sortby="nowhere")
    assert page.count('class="notice"') == 2
    assert "“sortby”用不了" in page
    assert names(page)
    assert "片区 = 北部核心区" in page


def test_an_older_revision_is_a_table_too(own, publish):
    visitor, store = own
    publish(store, "x", laoshangbu={"name": "改名甲"})
    assert "改名甲" in names(visitor.read("/tables/projects", limit="500"))
    assert "改名甲" not in names(visitor.read("/tables/projects", limit="500", revision="1"))


def test_nothing_internal_is_in_a_table(own, publish):
    visitor, store = own
    before = names(visitor.read("/tables/projects", limit="500"))
    publish(store, "x", laoshangbu={"access": "internal"})
    after = names(visitor.read("/tables/projects", limit="500"))
    assert after == [name for name in before if name != "老商埠"]
    assert len(after) == len(before) - 1


def test_an_unknown_table_is_not_found(visitor):
    assert visitor.get("/tables/nowhere").status_code == 404
    assert 'href="/tables/projects"' in visitor.read("/tables")


def test_a_download_has_the_columns_that_were_chosen(visitor):
    page = visitor.read("/tables/projects", **NORTH, columns="kind,sure")
    link = re.search(r'href="([^"]*/download\.csv\?[^"]*)"', page)
    assert link is not None
    head = visitor.get(html.unescape(link[1])).text.removeprefix("\ufeff").splitlines()[0]
    assert head == "id,name,kind,precision,uncertainty_m,x,y"
    assert "选定的列" in page
