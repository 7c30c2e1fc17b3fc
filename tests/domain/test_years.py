"""Which years of the plan something belongs to: only what the data or the plan's words date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from layers.document import PlanData, take_document
from layers.errors import InvalidParameter
from layers.indicators import Actual, Indicator, IndicatorSet
from layers.model import Feature
from layers.plan import Citation, parse_plan
from layers.years import YEARS, figures_of, parse_year, plan_years

TEXT = (
    "第一章甲\n"
    "到2025年建成大桥。到“十四五”末完成管网。二〇二二年至二〇二四年整治河道。"
    "2016-2020年新建市场。展望2035年，新城与大桥更美。公园绿化达到30处。1998年的老街要修。山东省到2025年更强。\n"
)
NAMES = {
    "bridge": "大桥", "pipes": "管网", "river": "河道", "market": "市场", "town": "新城",
    "park": "公园", "street": "老街", "province": "山东省",
}  # fmt: skip


def figure(**changes) -> Indicator:
    start = TEXT.index("30")
    cited = Citation("x", 1, 0, 1, start - 6, start + 3, sha256="0")
    given = {
        "id": "parks", "series": "parks", "name": "公园绿化", "name_en": "Parks", "value": 30.0,
        "unit": "处", "period": "2025", "period_basis": "inferred", "status": "target",
        "hedge": None, "direction": "exact", "theme": "生态环境", "note": None, "note_en": None,
        "citation": cited, "value_range": (start, start + 2),
    }  # fmt: skip
    return Indicator(**(given | changes))


def feature(name: str, **properties) -> Feature:
    words = NAMES[name]
    start = TEXT.index(words)
    cited = {
        "plan": "x", "chapter": 1, "section": 0, "paragraph": 1,
        "start": start, "end": start + len(words), "quote": words,
    }  # fmt: skip
    return Feature(name, None, {"name": words, "stage": "建设", "citations": [cited], **properties})


def years_of(*features: Feature, indicator: Indicator | None = None, read: bool = True):
    text = parse_plan(TEXT)
    figures = IndicatorSet("x", {}, {}, {}, (indicator or figure(),))
    outline = text.outline("x", "甲", "A", "2021-06")
    data = PlanData(outline, tuple(text.sentences()), frozenset(), figures, ())
    known = {f"projects/{each.id}": each for each in features}
    document = take_document("x", data, None, text if read else None, None, known)
    return {
        ref.removeprefix("projects/"): years
        for ref, years in plan_years(document, figures, known).items()
    }


@pytest.mark.parametrize(
    ("name", "span"),
    [("pipes", (2021, 2025)), ("river", (2022, 2024)), ("town", (2021, 2035))],
)
def test_a_sentence_dates_what_it_names_until_the_year_that_it_says(name, span):
    years = years_of(feature(name))[name]
    assert (years.first, years.last, years.basis) == (*span, "sentence")
    assert [each.paragraph for each in years.sentences] == [1]


def test_several_sentences_together_date_one_thing():
    bridge = Feature("bridge", None, dict(feature("bridge").properties))
    later = TEXT.rindex("大桥")
    again = bridge.properties["citations"][0] | {"start": later, "end": later + 2}
    both = {**bridge.properties, "citations": [*bridge.properties["citations"], again]}
    years = years_of(Feature("bridge", None, both))["bridge"]
    assert (years.first, years.last, len(years.sentences)) == (2021, 2035, 2)


@pytest.mark.parametrize("name", ["market", "street"])
def test_years_that_the_plan_looks_back_on_date_nothing(name):
    assert years_of(feature(name)) == {}


def test_a_place_that_is_only_named_is_not_dated():
    assert years_of(feature("province", stage=None)) == {}


def test_what_is_finished_is_there_in_every_year():
    years = years_of(feature("market", stage="完成"))["market"]
    assert years.basis == "finished"
    assert all(years.holds(year) for year in YEARS)


def test_own_dates_come_before_all_words():
    own = feature("bridge", stage="完成", valid_from="2022-05-01", valid_to="2023-02-01")
    years = years_of(own)["bridge"]
    assert (years.first, years.last, years.basis) == (2022, 2023, "dates")
    assert [year for year in YEARS if years.holds(year)] == [2022, 2023]


def test_an_open_end_has_no_last_year():
    years = years_of(feature("bridge", valid_from="2024-01-01"))["bridge"]
    assert [year for year in YEARS if years.holds(year)] == [2024, 2025, 2035]


def test_without_the_text_only_figures_to_come_date_what_their_sentence_names():
    features = [feature(name) for name in NAMES]
    years = years_of(*features, read=False)
    assert years.keys() == {"park"}
    assert (years["park"].last, years["park"].is_inferred) == (2025, True)
    reached = figure(period="2020", status="reached")
    assert years_of(*features, indicator=reached, read=False) == {}


def test_a_year_is_one_of_the_plan():
    assert parse_year("2035") == 2035
    for text in ("2030", "", "20２5", "2025 ", "x" * 1000):
        with pytest.raises(InvalidParameter, match="2021, 2022, 2023, 2024, 2025, 2035"):
            parse_year(text)


def test_figures_of_a_year_are_what_is_aimed_at_and_what_came_of_it():
    entered = datetime(2026, 1, 2, tzinfo=UTC)
    actuals = (Actual("parks", 2023, 12, "处", "年报", "a", entered),)
    figures = IndicatorSet("x", {}, {}, {}, (figure(), figure(id="b", status="reached")))
    assert figures_of(figures, actuals, 2025) == ([figures.indicators[0]], [])
    assert figures_of(figures, actuals, 2023) == ([], [actuals[0]])
