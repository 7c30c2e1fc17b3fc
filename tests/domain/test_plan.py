"""A plan's plain text is taken apart into chapters, sections and numbered paragraphs."""

from __future__ import annotations

import json

import pytest

from layers.errors import DataInvalid
from layers.plan import Citation, parse_plan, read_outline

TEXT = """某规划
前言一段。
第一章开篇
推动高质量发展
本章导语,一句。
第一节基础
基础扎实。成绩显著。
　后一段\u3000
第二节 形势
第十一章民生
第二十节教育
办好教育。
"""


def test_headings_and_paragraphs_are_numbered():
    plan = parse_plan(TEXT)
    keys = [(p.chapter, p.section, p.number) for p in plan.paragraphs]
    assert keys == [(0, 0, 1), (0, 0, 2), (1, 0, 1), (1, 1, 1), (1, 1, 2), (11, 20, 1)]
    titles = {c.number: c.title for c in plan.chapters}
    assert titles == {0: "", 1: "开篇 推动高质量发展", 11: "民生"}
    assert [(s.number, s.title, s.paragraphs) for s in plan.chapters[1].sections] == [
        (0, "", 1),
        (1, "基础", 2),
        (2, "形势", 0),
    ]


def test_ranges_are_positions_in_the_text_as_it_was_read():
    for paragraph in parse_plan(TEXT).paragraphs:
        assert TEXT[paragraph.start : paragraph.end] == paragraph.text


def test_a_text_without_chapters_is_refused_with_what_was_looked_for():
    with pytest.raises(DataInvalid, match="第一章"):
        parse_plan("没有章节的文字。")


def test_an_outline_knows_which_paragraphs_there_are(tmp_path):
    path = tmp_path / "plan.json"
    sections = [{"number": 1, "title": "做精北部核心区", "paragraphs": 4}]
    chapters = [{"number": 4, "title": "三大空间", "sections": sections}]
    record = {"id": "x", "title": "规划", "title_en": "Plan", "date": "2021", "sha256": "0"}
    record |= {"characters": 900}
    path.write_text(json.dumps(record | {"chapters": chapters}), encoding="utf-8")
    outline = read_outline(path)
    assert outline.has(Citation("x", 4, 1, 4))
    assert outline.has(Citation("x", 4, 1, 4, 800, 900))
    assert not outline.has(Citation("x", 4, 1, 4, 800, 901))
    assert outline.has(Citation("x", 4, 1, 0))
    assert not outline.has(Citation("x", 4, 1, 5))
    assert not outline.has(Citation("x", 4, 2, 1))
    assert outline.heading(4, 1) == "做精北部核心区"
    assert outline.heading(4, 0) == "三大空间"


def test_a_broken_outline_is_named(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"id": "x"}', encoding="utf-8")
    with pytest.raises(DataInvalid, match=r"plan\.json"):
        read_outline(path)
