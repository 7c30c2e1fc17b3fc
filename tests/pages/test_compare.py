"""Two states of a layer, or of all, compared on a page that needs no script."""

from __future__ import annotations

import html
import re

import pytest


def rows(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<tr><th scope="row"><a[^>]*>([^<]*)</a></th><td>([^<]*)</td>', page)
    return [(html.unescape(name), state) for name, state in found]


@pytest.fixture
def changed(own, publish):
    visitor, store = own
    publish(store, "x", remove=("laoshangbu-erqi",), yufuhe={"name": "新名"})
    return visitor


def test_the_last_two_revisions_are_compared_feature_by_feature(changed):
    page = changed.read("/compare", layer="projects")
    assert rows(page) == [("新名", "改动"), ("老商埠二期", "撤下")]
    assert "从第 1 版" in page
    assert 'href="/features/projects/yufuhe"' in page
    assert 'href="/?f=projects%2Fyufuhe"' in page
    assert "/api/collections/projects/diff?from=1&amp;to=2" in page


def test_old_and_new_are_drawn_side_by_side_and_told_apart_by_the_dash(changed):
    page = changed.read("/compare", layer="projects")
    assert page.count('<svg class="picture"') == 2
    old, new = page.split('<svg class="picture"')[1:]
    assert re.search(r'class="pic-old[^>]*stroke-dasharray', old)
    assert not re.search(r'class="pic-new[^>]*stroke-dasharray', new)
    assert "pic-new" in new
    assert "pic-new" not in old


def test_the_states_are_chosen_by_number_or_day_and_turned_round(changed):
    turned = changed.read("/compare", layer="projects", **{"from": "2", "to": "1"})
    assert ("老商埠二期", "新增") in rows(turned)
    since = changed.read("/compare", **{"from": "2099-01-01"})
    assert rows(since) == []
    assert since.count("<h2 id=") == 4
    everything = changed.read("/compare", layer="zones", **{"from": "0"})
    assert [state for _, state in rows(everything)] == ["新增"] * 3


def test_all_layers_on_a_day_before_they_were_there_were_empty(changed):
    page = changed.read("/compare", **{"from": "1999-01-01"})
    assert page.count("从还没有数据到") == 4


def test_it_leads_to_the_same_comparison_on_the_map(changed):
    page = changed.read("/compare", layer="projects", **{"from": "1"})
    addresses = [html.unescape(each) for each in re.findall(r'href="(/\?compare=[^"]*)"', page)]
    assert "/?compare=projects%401%2Cprojects%40" in addresses
    assert "/?compare=projects%401%2Cprojects%402" in addresses


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"layer": "ghosts"}, "没有图层“ghosts”"),
        ({"layer": "projects", "from": "soon"}, "“from”用不了"),
        ({"layer": "projects", "to": "99"}, "“重点项目”没有链接里的版本"),
        ({"from": "<b>", "to": "\0"}, "用不了，已略去"),
    ],
)
def test_what_is_unknown_in_a_link_is_said_and_the_rest_works(changed, asked, said):
    page = changed.read("/compare", **asked)
    assert said in page
    assert 'class="notice"' in page
    assert ("新名", "改动") in rows(page)
    assert "<b>" not in page


def test_nothing_internal_is_compared(own, publish):
    visitor, store = own
    publish(store, "x", yufuhe={"name": "新名"})
    publish(store, "y", yufuhe={"access": "internal"})
    page = visitor.read("/compare", layer="projects", **{"from": "1"})
    assert "新名" not in page
    assert "yufuhe" not in page


def test_it_is_in_the_sitemap_and_in_english(changed):
    assert "/compare</loc>" in changed.get("/sitemap.xml").text
    page = changed.read("/compare", layer="projects", lang="en")
    assert "withdrawn" in page
    assert 'href="/compare?layer=projects"' in page
