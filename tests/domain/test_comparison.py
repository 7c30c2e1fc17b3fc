"""Two versions of a plan: paragraphs find their counterparts, citations follow their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.comparison import align, check_citations, compare, differences, reanchor
from layers.plan import Citation, parse_plan

OLD = """第一章空间
老商埠是一块老城区,要修缮街巷、延续历史,引来新的商贸和创意产业。
玉符河自南向北流过,两岸建设绿道、村庄和景观风貌带,保护水源。
第二章产业
高新技术企业达到240家,生产总值力争超过1500亿元,收入同步增长。
"""


def cite(text: str, words: str, nth: int = 0) -> Citation:
    start = -1
    for _ in range(nth + 1):
        start = text.index(words, start + 1)
    place = next(p for p in parse_plan(text).passages if p.start <= start < p.end)
    return Citation(
        "x",
        place.chapter,
        place.section,
        place.number,
        start,
        start + len(words),
        quote=words,
    )


CITED = [cite(OLD, words) for words in ("老商埠", "玉符河", "240", "1500", "景观风貌带")]


def states(new: str, cited=CITED) -> list[str]:
    return [anchor.state for anchor in reanchor(cited, OLD, new)]


def test_the_same_text_leaves_every_citation_where_it_was():
    anchors = reanchor(CITED, OLD, OLD)
    assert {anchor.state for anchor in anchors} == {"exact"}
    assert [anchor.new for anchor in anchors] == CITED


def test_a_paragraph_put_before_moves_citations_and_loses_none():
    new = OLD.replace("第一章空间\n", "第一章空间\n这是新写的一段话,与其他段落都不相同。\n")
    anchors = reanchor(CITED, OLD, new)
    assert [a.state for a in anchors] == ["moved", "moved", "exact", "exact", "moved"]
    for anchor in anchors:
        assert new[anchor.new.start : anchor.new.end] == anchor.citation.quote


def test_a_paragraph_taken_out_loses_its_citations_only():
    new = "\n".join(line for line in OLD.splitlines() if not line.startswith("玉符河"))
    assert states(new) == ["exact", "lost", "exact", "exact", "lost"]


def test_a_changed_figure_is_changed_and_says_what_stands_there_now():
    anchor = reanchor([cite(OLD, "1500亿元")], OLD, OLD.replace("1500", "1600"))[0]
    assert anchor.state == "changed"
    assert "600亿元" in anchor.new.quote


def test_other_spacing_is_no_change_of_the_words():
    new = OLD.replace("1500亿元", "1 500 亿元").replace("老商埠", "老 商埠")
    anchors = reanchor(CITED, OLD, new)
    assert [anchor.state for anchor in anchors] == ["moved", "exact", "exact", "moved", "exact"]
    assert anchors[3].new.quote == "1 500"


def test_the_occurrence_that_was_cited_is_followed():
    old = "第一章甲\n党家在前,修路;党家在后,修桥;其余照旧不变。\n"
    new = old.replace("党家在前,修路;", "")
    anchor = reanchor([cite(old, "党家", nth=1)], old, new)[0]
    assert new[anchor.new.start :].startswith("党家在后")


@given(st.integers(0, len(OLD)), st.text(alphabet="新增文字,。", max_size=20))
def test_an_anchor_that_is_not_lost_lies_within_its_paragraph(at, inserted):
    line = OLD.rfind("\n", 0, at) + 1
    if OLD[line:].startswith("第"):
        at = len(OLD)
    new = OLD[:at] + inserted + OLD[at:]
    places = {(p.chapter, p.section, p.number): p for p in parse_plan(new).passages}
    for anchor in reanchor(CITED, OLD, new):
        if anchor.new is not None:
            found = anchor.new
            place = places[found.chapter, found.section, found.paragraph]
            assert place.start <= found.start <= found.end <= place.end
            if anchor.state != "changed":
                assert new[found.start : found.end].replace(" ", "") == anchor.citation.quote


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_differences_put_together_are_both_texts(old, new):
    found = differences(old, new)
    assert "".join(d.text for d in found if d.kind != "insert") == old
    assert "".join(d.text for d in found if d.kind != "delete") == new


def test_a_change_names_the_features_and_figures_cited_there_and_new_figures():
    new = OLD.replace("240家", "260家")
    comparison = compare(
        OLD, new, [("port", cite(OLD, "老商埠"))], [("firms", cite(OLD, "240")), ("gdp", CITED[3])]
    )
    (change,) = comparison.changes
    assert change.pair.state == "changed"
    assert (change.features, change.figures) == ((), ("firms", "gdp"))
    assert [figure[:3] for figure in change.new_figures] == ["260"]
    assert [a.state for a in comparison.figures["firms"]] == ["changed"]
    assert comparison.unchanged == 2


def test_headings_that_came_or_went_are_listed():
    comparison = compare(OLD, OLD.replace("第二章产业", "第二章实体经济"), [], [])
    assert comparison.headings_added == ("第二章实体经济",)
    assert comparison.headings_removed == ("第二章产业",)


def test_each_paragraph_is_used_once():
    twice = OLD.replace("第二章", "老商埠是一块老城区,要修缮街巷。\n第二章")
    pairs = align(parse_plan(OLD), parse_plan(twice))
    used = [pair.old for pair in pairs if pair.old is not None]
    assert len(used) == len(set(used)) == 3
    assert [pair.state for pair in pairs].count("added") == 1


@pytest.mark.parametrize(
    ("citation", "reason"),
    [
        (Citation("x", 1, 0, 9, 8, 11, quote="老商埠"), "is not in the text"),
        (Citation("x", 1, 0, 1, 5, 8, quote="老商埠"), "outside the paragraph"),
        (Citation("x", 1, 0, 1, 7, 10, quote="玉符河"), "does not read “玉符河”"),
        (Citation("x", 1, 0, 1, 7, 10, sha256="0" * 64), "SHA-256"),
    ],
)
def test_a_citation_that_does_not_hold_is_named(citation, reason):
    (finding,) = check_citations([("port", citation)], parse_plan(OLD), "projects.geojson")
    assert reason in finding.message
    assert finding.feature_id == "port"
