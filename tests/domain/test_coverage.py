"""Each sentence of a plan has one state, and a changed sentence is to do again."""

from __future__ import annotations

import pytest

from layers.coverage import STATES, read_sentences, take_ledger
from layers.errors import DataInvalid
from layers.plan import Citation, parse_plan

TEXT = "第一章甲\n老商埠更新。玉符河流淌！产值达到100亿元。今后五年继续。老商埠与玉符河。\n"


@pytest.fixture
def plan():
    return parse_plan(TEXT)


def at(words: str) -> Citation:
    start = TEXT.index(words)
    return Citation("x", 1, 0, 1, start, start + len(words), quote=words)


def ledger(plan, **changes):
    cited = [("port", at("老商埠")), ("river", at("玉符河"))]
    last = TEXT.index("老商埠与")
    cited.append(("port", Citation("x", 1, 0, 1, last, last + 3)))
    cited.append(("river", Citation("x", 1, 0, 1, last + 4, last + 7)))
    given = {
        "drawn": {"port": True, "river": False},
        "reviewed": frozenset([plan.sentences()[3].sha256]),
    }
    return take_ledger(plan.sentences(), cited, [("gdp", at("100"))], **(given | changes))


def test_a_sentence_is_mapped_partly_a_figure_or_without_a_place(plan):
    entries = ledger(plan).entries
    assert [entry.state for entry in entries] == ["mapped", "partly", "figure", "none", "partly"]
    assert entries[4].named == ("port", "river")
    assert entries[4].drawn == 1
    assert entries[2].figures == ("gdp",)


def test_a_sentence_that_nobody_has_read_is_to_do(plan):
    assert ledger(plan, reviewed=frozenset()).counts()["todo"] == 1


def test_the_counts_of_the_chapters_add_up(plan):
    whole = ledger(plan)
    assert whole.chapters == [1]
    assert whole.counts(1) == whole.counts()
    assert sum(whole.counts().values()) == 5
    assert set(whole.counts()) == set(STATES)
    assert whole.undrawn() == 1


def test_sentences_are_read_with_their_review(tmp_path):
    path = tmp_path / "sentences.csv"
    path.write_text(
        "chapter,section,paragraph,sentence,start,end,sha256,review\n"
        "1,0,1,1,5,11,abc,\n1,0,1,2,11,17,def,none\n",
        encoding="utf-8",
    )
    sentences, reviewed = read_sentences(path)
    assert [(s.number, s.start, s.end) for s in sentences] == [(1, 5, 11), (2, 11, 17)]
    assert reviewed == {"def"}


@pytest.mark.parametrize("row", ["1,0,1,1,5,x,abc,", "1,0,1,1,5,9,abc,maybe", "1,0,1"])
def test_a_broken_row_is_named_with_its_line(tmp_path, row):
    path = tmp_path / "sentences.csv"
    path.write_text(
        f"chapter,section,paragraph,sentence,start,end,sha256,review\n{row}\n", encoding="utf-8"
    )
    with pytest.raises(DataInvalid, match="line 2"):
        read_sentences(path)
