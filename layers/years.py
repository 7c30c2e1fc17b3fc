"""Which years of the plan something belongs to, as far as the plan dates it.

The rule, in this order; nothing else gives a feature years:

1. its own ``valid_from`` and ``valid_to``, where somebody has entered them (basis ``dates``);
2. its stage: what the plan calls finished was there when the plan was written, and is there in
   every year after it (basis ``finished``);
3. for what the plan means to do (what has a stage), a sentence that names it and a time to come: a
   year of the plan's time, "the end of the fourteenth five years", or a figure that is aimed at for
   a year (basis ``sentence``). It lasts until the last year that the sentence names. A plan says by
   when, seldom from when: with one year it begins with the plan.

Years that a sentence looks back on date nothing: what was begun then may go on. A sentence may date
one of the things that it names and not the others, so a date of basis ``sentence`` is that of the
sentence, which is cited. The words of a plan are read where its text was imported; without it, only
its figures are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from .errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .coverage import Entry
    from .document import PlanDocument
    from .indicators import Actual, Indicator, IndicatorSet
    from .model import Feature
    from .plan import Sentence

Basis: TypeAlias = Literal["dates", "finished", "sentence"]
BASES: tuple[Basis, ...] = get_args(Basis)

YEARS = (2021, 2022, 2023, 2024, 2025, 2035)
"""The years that can be chosen: those of the plan, and that of its long-range objectives."""

_FIRST, _END, _HORIZON = YEARS[0], YEARS[-2], YEARS[-1]
_FINISHED = "完成"
_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_YEAR = re.compile(
    r"([2二]\s*[0〇○零]\s*[0-9〇○零一二三四五六七八九]\s*[0-9〇○零一二三四五六七八九])\s*[年—–~至-]"
)
_FIVE_YEARS_END = re.compile(r"十\s*四\s*五\s*[”\"』」]?\s*期?\s*末")


class PlanYears(NamedTuple):
    """The years that a feature belongs to.

    Attributes
    ----------
    first, last : int or None
        Both belong to them; None where there is no such end.
    sentences : tuple of Sentence
        Those that date it; empty unless that is the basis.
    is_inferred : bool
        Whether the year of a figure that dates it is not written, but follows from the context.
    """

    first: int | None
    last: int | None
    basis: Basis
    sentences: tuple[Sentence, ...] = ()
    is_inferred: bool = False

    def holds(self, year: int) -> bool:
        """Tell whether a year is one of them."""
        return (self.first is None or self.first <= year) and (
            self.last is None or year <= self.last
        )


class YearFilter(NamedTuple):
    """What a year of the plan leaves of the features that years move.

    Attributes
    ----------
    is_undated_shown : bool
        Whether what the plan does not date stays.
    years : Mapping
        Of what it dates, by reference.
    moved : frozenset of str
        Layers that years move; all others stay as they are.
    """

    year: int
    is_undated_shown: bool
    years: Mapping[str, PlanYears]
    moved: frozenset[str]

    def is_undated(self, ref: str) -> bool:
        """Tell whether years move a feature (``layer/feature``) that the plan does not date."""
        return ref.partition("/")[0] in self.moved and ref not in self.years

    def leaves(self, ref: str) -> bool:
        """Tell whether a feature stays."""
        if ref.partition("/")[0] not in self.moved:
            return True
        own = self.years.get(ref)
        return self.is_undated_shown if own is None else own.holds(self.year)


def parse_year(text: str) -> int:
    """Return the year of the plan that a text names.

    Raises
    ------
    InvalidParameter
        If it is none of `YEARS`.
    """
    known = {str(year): year for year in YEARS}
    if text not in known:
        raise InvalidParameter(
            "year",
            f"Parameter year is {text[:40]!r}; the plan's years are {', '.join(known)}.",
        )
    return known[text]


def plan_years(
    document: PlanDocument, figures: IndicatorSet, features: Mapping[str, Feature]
) -> dict[str, PlanYears]:
    """Return the years of every feature that has some; see the rule above.

    Parameters
    ----------
    figures : IndicatorSet
        Those of the plan.
    features : Mapping
        By reference (``layer/feature``). What is not in the answer has no date in the plan.
    """
    named = _sentences_of(document)
    known = {each.id: each for each in figures.indicators}
    found = {
        ref: _own(feature) or _said(document, known, _dating(feature, named.get(ref, [])))
        for ref, feature in features.items()
    }
    return {ref: years for ref, years in found.items() if years is not None}


def figures_of(
    figures: IndicatorSet, actuals: tuple[Actual, ...], year: int
) -> tuple[list[Indicator], list[Actual]]:
    """Return what the plan aims at in a year, and what staff have entered for it."""
    aimed = [each for each in figures.indicators if _aim(each) == year]
    return aimed, [each for each in actuals if each.year == year]


def _own(feature: Feature) -> PlanYears | None:
    properties = feature.properties
    first, last = (properties.get(name) for name in ("valid_from", "valid_to"))
    if first or last:
        return PlanYears(_year_of(first), _year_of(last), "dates")
    return PlanYears(None, None, "finished") if properties.get("stage") == _FINISHED else None


def _year_of(day: str | None) -> int | None:
    return int(day[:4]) if day else None


def _sentences_of(document: PlanDocument) -> dict[str, list[Entry]]:
    named: dict[str, list[Entry]] = {}
    for entry in document.ledger.entries:
        for ref in entry.named:
            named.setdefault(ref, []).append(entry)
    return named


def _dating(feature: Feature, entries: list[Entry]) -> list[Entry]:
    return entries if feature.properties.get("stage") else []


def _said(
    document: PlanDocument, figures: Mapping[str, Indicator], entries: list[Entry]
) -> PlanYears | None:
    """Return from when to when the sentences that name something say that it is to be."""
    spans, sentences, sure = [], [], False
    for entry in entries:
        written = set(_written(document, entry.sentence))
        aims = [figures[id_] for id_ in entry.figures if id_ in figures and _aim(figures[id_])]
        years = written | {int(each.period) for each in aims}
        if not years:
            continue
        spans.append((min(years) if len(years) > 1 else _FIRST, max(years)))
        sentences.append(entry.sentence)
        sure = sure or bool(written) or any(each.period_basis == "explicit" for each in aims)
    if not spans:
        return None
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    return PlanYears(first, last, "sentence", tuple(sentences), is_inferred=not sure)


def _written(document: PlanDocument, sentence: Sentence) -> Iterator[int]:
    """Yield the years to come that a sentence has in words or digits."""
    if document.text is None:
        return
    words = document.text.text[sentence.start : sentence.end]
    if _FIVE_YEARS_END.search(words):
        yield _END
    for found in _YEAR.findall(words):
        year = int("".join(found.split()).translate(_DIGITS))
        if _FIRST <= year <= _HORIZON:
            yield year


def _aim(figure: Indicator) -> int | None:
    return int(figure.period) if figure.status in {"target", "vision"} else None
