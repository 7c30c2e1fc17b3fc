"""Names are found in texts: the longest first, in spite of spacing and full-width forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.linking import Linker, Span, fold, segments, uncited
from layers.plan import Citation

NAMES = {
    "党家片区": "area",
    "党家“智慧城”": "city",
    "二环西“创智谷”": "valley",
    "党家": "place",
    "中科5G技术应用与示范基地": "base",
    "老商埠": "port",
    "老商埠二期": "second",
}


def found(text: str) -> list[tuple[str, str]]:
    return [(m.ref, text[m.start : m.end]) for m in Linker(NAMES).mentions(text)]


def test_a_longer_name_is_not_its_beginning():
    assert found("党家“智慧城”和党家片区都在党家。") == [
        ("city", "党家“智慧城”"),
        ("area", "党家片区"),
        ("place", "党家"),
    ]


@pytest.mark.parametrize(
    "text",
    ["中科5G 技术应用与示范基地", "中科５Ｇ技术应用 与示范基地", "中 科 5G技术应用与示范 基 地"],
)
def test_odd_spacing_and_full_width_forms_are_the_same_name(text):
    assert found(f"建设{text}。") == [("base", text)]


def test_a_name_within_no_other_is_found_each_time():
    assert [ref for ref, _ in found("老商埠、老商埠二期、老商埠")] == ["port", "second", "port"]


@given(st.text(alphabet="党家片区智慧城老商埠二期 “”。", max_size=40))
def test_a_mention_reads_as_its_name_and_none_overlaps_another(text):
    end = 0
    for mention in Linker(NAMES).mentions(text):
        assert mention.start >= end
        end = mention.end
        names = [fold(name)[0] for name, ref in NAMES.items() if ref == mention.ref]
        assert fold(text[mention.start : mention.end])[0] in names


def test_no_names_find_nothing():
    assert list(Linker({}).mentions("老商埠")) == []


def test_a_mention_that_no_citation_covers_is_named():
    mentions = list(Linker(NAMES).mentions("老商埠与党家"))
    cited = [("port", Citation("x", 1, 1, 1, 0, 3))]
    assert [mention.ref for mention in uncited(mentions, cited)] == ["place"]


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6),
)
def test_the_pieces_of_a_text_are_the_text(text, ranges):
    spans = [Span(min(r), max(r), str(i)) for i, r in enumerate(ranges)]
    assert "".join(piece.text for piece in segments(text, spans)) == text


def test_a_piece_belongs_to_the_narrowest_span_first():
    pieces = segments("饮虎池街以东区域", [Span(0, 8, "area"), Span(0, 4, "street")])
    assert [(piece.text, piece.refs) for piece in pieces] == [
        ("饮虎池街", ("street", "area")),
        ("以东区域", ("area",)),
    ]
