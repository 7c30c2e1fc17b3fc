"""A link to the map whose parts nobody knows: a soft notice, and the rest works."""

from __future__ import annotations

import html
import re

import pytest


def notice(page: str) -> str:
    found = re.search(r'id="notice"([^>]*)>(.*?)</p>', page, re.S)
    assert found is not None
    return "" if "hidden" in found[1] else html.unescape(found[2])


def left(page: str) -> int:
    """Return how many entries the list shows."""
    index = page[page.index('id="index"') :]
    return len(re.findall(r"<li>\s*<a [^>]*data-ref=", index))


@pytest.mark.parametrize(
    "asked",
    ["zone=无此片区", "stage=xyz", "chapter=99", "chapter=four", "mapped=maybe", "revision=99"],
)
def test_a_filter_that_nobody_knows_is_said_and_everything_is_shown(visitor, asked):
    page = visitor.read(f"/?{asked}")
    value = asked.partition("=")[2]
    assert notice(page) == f"链接里的“{value}”用不了，已略去。"
    assert left(page) == left(visitor.read("/"))
    assert value in notice(visitor.read(f"/?{asked}&lang=en"))


def test_of_several_values_the_known_ones_narrow(visitor):
    page = visitor.read("/?zone=北部核心区,无此片区")
    assert "无此片区" in notice(page)
    assert "北部核心区" not in notice(page)
    assert left(page) == left(visitor.read("/?zone=北部核心区")) < left(visitor.read("/"))


def test_one_notice_names_the_feature_and_the_filter(visitor):
    said = notice(visitor.read("/?f=projects/nowhere&zone=无此片区"))
    assert "projects/nowhere" in said
    assert "无此片区" in said


def test_what_a_link_gives_is_text_and_not_repeated_without_end(visitor):
    page = visitor.read("/?zone=<b>" + "x" * 900)
    assert "<b>x" not in page
    assert len(notice(page)) < 200


@pytest.mark.parametrize("asked", ["", "zone=北部核心区", "stage=none", "mapped=true&chapter=4"])
def test_what_is_known_needs_no_notice(visitor, asked):
    assert notice(visitor.read(f"/?{asked}")) == ""


def test_a_revision_that_is_not_there_gives_the_newest_table_and_a_notice(visitor):
    page = visitor.read("/tables/projects", revision="99", zone="北部核心区")
    assert "“重点项目”没有链接里的版本" in page
    assert page.count('<th scope="row">') == visitor.read(
        "/tables/projects", zone="北部核心区"
    ).count('<th scope="row">')
    assert "no revision 99" in visitor.read("/tables/projects", revision="99", lang="en")


def test_the_form_of_a_sheet_names_all_that_it_cannot_use(visitor):
    page = visitor.read("/print", revision="99", layers="nowhere", scale="7", paper="A3")
    for name in ("revision", "layers", "scale"):
        assert re.search(rf"链接里的“[^”]*{name}[^”]*”用不了", page)
