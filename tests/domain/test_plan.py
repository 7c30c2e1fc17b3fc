"""A plan's plain text is taken apart into chapters, sections and numbered paragraphs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import DataInvalid
from layers.plan import Citation, decode_plan, parse_plan, read_outline, sha256

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


def test_headings_may_be_spaced_and_numbered_in_either_way():
    plan = parse_plan("第 一 章 总则\n第1节 甲\n一段话。\n第 十 二 章落实\n又一段。\n")
    assert [(h.chapter, h.section) for h in plan.headings] == [(1, 0), (1, 1), (12, 0)]


def test_a_table_of_contents_is_no_chapter():
    plan = parse_plan("第一章 总则........3\n第二章 空间……5\n第一章 总则\n一段话。\n")
    assert [chapter.number for chapter in plan.chapters if chapter.number] == [1]
    assert sum(paragraph.chapter == 0 for paragraph in plan.paragraphs) == 2


def test_a_heading_that_stands_twice_is_refused_by_its_words():
    with pytest.raises(DataInvalid, match=r"第一章总则.*twice"):
        parse_plan("第一章总则\n一段。\n第一章总则\n一段。\n")


def test_a_heading_is_paragraph_0_and_reads_as_in_the_text():
    plan = parse_plan(TEXT)
    assert [(h.id, TEXT[h.start : h.end] == h.text) for h in plan.headings] == [
        ("1-0-p0", True),
        ("1-1-p0", True),
        ("1-2-p0", True),
        ("11-0-p0", True),
        ("11-20-p0", True),
    ]
    assert plan.headings[0].text == "第一章开篇\n推动高质量发展"


def test_a_paragraph_may_begin_with_a_heading_of_its_own():
    plan = parse_plan("第一章甲\n完善路网。打通道路,新建桥梁。\n坚持以人为本,完善服务。\n")
    assert [paragraph.subheading for paragraph in plan.paragraphs] == ["完善路网。", ""]


def test_sentences_cover_their_paragraph():
    text = "第一章甲\n一句。“两句！”三句？没有句号\n"
    sentences = parse_plan(text).sentences()
    assert [text[s.start : s.end] for s in sentences] == [
        "一句。",
        "“两句！”",
        "三句？",
        "没有句号",
    ]
    assert [s.number for s in sentences] == [1, 2, 3, 4]


@given(st.text(alphabet="第一二章节。！？甲乙 \n　,", max_size=200))
def test_whatever_is_read_is_where_it_says(text):
    try:
        plan = parse_plan(text)
    except DataInvalid:
        return
    for passage in plan.passages:
        assert text[passage.start : passage.end] == passage.text
    for sentence in plan.sentences():
        assert sha256(text[sentence.start : sentence.end]).startswith(sentence.sha256)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_the_encoding_is_found_out(encoding):
    text, said = decode_plan(TEXT.replace("\u3000", "").encode(encoding))
    assert text == TEXT.replace("\u3000", "")
    assert said == ("utf-8" if encoding.startswith("utf") else "gb18030")


@pytest.mark.parametrize("content", [TEXT.encode("utf-16"), b"PK\x03\x04\0\0", b"\xff\xff\xff"])
def test_what_is_no_text_is_refused_with_what_would_be(content):
    with pytest.raises(DataInvalid, match="UTF-8 or GB18030"):
        decode_plan(content)
