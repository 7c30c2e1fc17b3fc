"""Texts of plans are stored as versions, and the atlas follows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layers.catalogue import bundled_data, read_bundle
from layers.document import take_document
from layers.errors import DataInvalid, InvalidParameter, NotFound, ValidationFailed
from layers.indicators import Actual, Indicator, IndicatorSet
from layers.plan import Citation, parse_plan
from layers.publishing import (
    check_store,
    compare_plans,
    enter_actual,
    import_plan,
    open_atlas,
    seed_store,
)
from layers.store import Store

PLAN = "shizhong-14-5"


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundled_data())


@pytest.fixture
def store(tmp_path, bundle):
    store = Store(tmp_path / "atlas.sqlite")
    seed_store(store, bundle)
    return store


def bring(store, text, plan_id=PLAN, encoding="utf-8"):
    return import_plan(
        store,
        text.encode(encoding),
        plan_id=plan_id,
        title="试写规划",
        title_en="A plan",
        date="2026-01",
        author="a",
        message="",
    )


def test_without_a_text_there_is_the_outline_and_the_ledger(store, bundle):
    document = open_atlas(store, bundle).document
    assert document.text is None
    assert document.outline.id == PLAN
    assert sum(document.ledger.counts().values()) == 807
    assert "projects/laoshangbu" in document.cited(4, 1, 2)


def test_an_imported_text_is_read_back_and_linked(store, bundle, plan_text):
    version, parsed = bring(store, plan_text, encoding="gb18030")
    assert (version.number, version.encoding) == (1, "gb18030")
    document = open_atlas(store, bundle).document
    assert document.text == parsed
    assert document.cited(2, 1, 1) == [
        "projects/laoshangbu",
        "projects/laoshangbu-erqi",
        "projects/daguanyuan",
    ]
    pieces = document.pieces["2-2-p1"]
    assert "".join(piece.text for piece in pieces) == parsed.paragraphs[5].text


def test_the_same_text_is_no_new_version(store, plan_text):
    before = store.sequence()
    first, _ = bring(store, plan_text)
    again, _ = bring(store, plan_text, encoding="gb18030")
    assert again == first
    assert store.sequence() == before + 1


def test_a_changed_text_is_the_next_version_and_is_shown(store, bundle, plan_text):
    bring(store, plan_text)
    second, _ = bring(store, plan_text.replace("120亿元", "130亿元"))
    assert second.number == 2
    assert [each.number for each in store.plan_versions(PLAN)] == [1, 2]
    assert "130亿元" in open_atlas(store, bundle).document.text.text


def test_another_plan_is_read_beside_the_own_one(store, bundle, plan_text):
    bring(store, plan_text, plan_id="other")
    atlas = open_atlas(store, bundle)
    assert set(atlas.documents) == {PLAN, "other"}
    assert atlas.plan("other").ledger.counts()["todo"] > 0
    assert atlas.search.search("另行选址")[0].id == "other#2-2-p1"


def test_two_versions_are_compared_with_what_is_cited_in_them(store, bundle, plan_text):
    bring(store, plan_text)
    bring(store, plan_text.replace("先修老商埠二期,再修大观园。", "先修大观园。"))
    comparison, old, new = compare_plans(store, bundle, PLAN, None, None)
    assert (old.number, new.number) == (1, 2)
    (change,) = comparison.changes
    assert "projects/laoshangbu-erqi" in change.features
    states = [a.state for a in comparison.features["projects/laoshangbu-erqi"]]
    assert states == ["changed"]
    assert {a.state for a in comparison.features["projects/dangjia-pianqu"]} == {"exact"}


def test_one_version_cannot_be_compared(store, bundle, plan_text):
    bring(store, plan_text)
    with pytest.raises(NotFound, match="versions 1; two are needed"):
        compare_plans(store, bundle, PLAN, None, None)


def test_a_text_without_chapters_is_refused_and_nothing_is_stored(store):
    with pytest.raises(DataInvalid, match=r"第一章.*read as utf-8"):
        bring(store, "只有一段话。")
    assert store.plans() == []


@pytest.mark.parametrize("plan_id", ["", "A", "../x", "a b", "规划"])
def test_an_id_that_cannot_stand_in_an_address_is_refused(store, plan_text, plan_id):
    with pytest.raises(InvalidParameter, match="cannot be the id"):
        bring(store, plan_text, plan_id=plan_id)


def test_an_actual_figure_is_kept_with_its_source_and_replaced_not_lost(store, bundle):
    known = bundle.plans[PLAN].indicators
    for value in (1200.0, 1210.0):
        entered = datetime.now(UTC)
        enter_actual(store, known, Actual("gdp", 2022, value, "亿元", "公报", "a", entered))
    atlas = open_atlas(store, bundle)
    assert [(each.year, each.value, each.source) for each in atlas.actuals] == [
        (2022, 1210.0, "公报")
    ]
    assert [entry.action for entry in store.log()].count("enter figure") == 2


def test_citations_are_followed_by_sentences_where_the_cited_text_is_not_at_hand(plan_text, bundle):
    """The shipped sentences are known by their digests, also in a text that was added to."""
    cited = parse_plan(plan_text)
    start = plan_text.index("120")
    place = cited.paragraphs[2]
    citation = Citation(PLAN, *place[:3], start=start, end=start + 3, quote="120")
    data = replace(
        bundle.plans[PLAN],
        outline=cited.outline(PLAN, "试写规划", "A plan", "2026"),
        sentences=tuple(cited.sentences()),
        indicators=IndicatorSet(PLAN, {}, {}, {}, (figure(citation),)),
    )
    longer = parse_plan(plan_text.replace("为检验图集", "另起一段。\n为检验图集"))
    document = take_document(PLAN, data, None, longer, None, {})
    ((_, found),) = document.figures
    assert longer.text[found.start : found.end] == "120"
    assert document.anchors == {"moved": 1}
    without = parse_plan(plan_text.replace("今后五年产值力争超过120亿元。", ""))
    assert take_document(PLAN, data, None, without, None, {}).anchors == {"lost": 1}


def figure(citation: Citation) -> Indicator:
    return Indicator(
        id="output",
        series="output",
        name="产值",
        name_en="Output",
        value=120,
        unit="亿元",
        period="2025",
        period_basis="explicit",
        status="target",
        hedge=None,
        direction="at_least",
        theme="产业",
        note=None,
        note_en=None,
        citation=citation,
        value_range=(citation.start, citation.end),
    )


def test_line_ends_of_another_system_make_no_other_text(store, plan_text):
    first, _ = bring(store, plan_text)
    again, _ = bring(store, plan_text.replace("\n", "\r\n"), encoding="gb18030")
    assert again == first


def test_a_quote_that_the_cited_text_does_not_read_stops_the_start(store, bundle, plan_text):
    _, cited = bring(store, plan_text)
    wrong = Citation(
        PLAN, 2, 1, 1, *[plan_text.index("老商埠") + n for n in (1, 4)], quote="老商埠"
    )
    data = replace(
        bundle.plans[PLAN],
        outline=cited.outline(PLAN, "试写规划", "A plan", "2026"),
        indicators=IndicatorSet(PLAN, {}, {}, {}, (figure(wrong),)),
        statements=(),
    )
    other = replace(bundle, plans={PLAN: data}, features=dict.fromkeys(bundle.features, ()))
    with pytest.raises(ValidationFailed, match="does not read “老商埠”"):
        check_store(store, other)
