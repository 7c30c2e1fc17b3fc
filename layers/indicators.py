"""The figures of a plan: what was reached, what is aimed at, and what has come of it since."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import DataInvalid, Finding, InvalidParameter, ValidationFailed
from .geojson import read_json
from .plan import Citation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

FIRST_YEAR, LAST_YEAR = 2021, 2035
"""Years for which an actual figure may be entered: from the plan's first to its horizon."""

DIRECTIONS = ("exact", "at_least", "at_most", "about")
"""How a value can be meant."""

_STATUS_OF_PERIOD = {
    "2016-2020": "reached",
    "2020": "reached",
    "2025": "target",
    "2035": "vision",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure.

    Attributes
    ----------
    dimension : str
        What it measures, as the unit that all of its kind are converted to: ``CNY``, ``m2``.
    factor : float
        How many of that unit one of this is.
    """

    label: str
    label_en: str
    dimension: str
    factor: float


@dataclass(frozen=True, slots=True)
class Hedge:
    """How firmly a figure is stated, in both languages."""

    label: str
    label_en: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure of a plan.

    Attributes
    ----------
    series : str
        What is measured; figures of one series can be compared.
    period : str
        ``2020`` or ``2016-2020`` (reached), ``2025`` (target), ``2035`` (vision).
    period_basis : str
        ``explicit`` if the text says so, ``inferred`` otherwise.
    status : str
        ``reached``, ``target`` or ``vision``.
    hedge : str or None
        Code of the word that softens or hardens the figure (力争, 超过, 左右, 以内 …).
    direction : str
        ``exact``, ``at_least``, ``at_most`` or ``about``: how the value is meant.
    citation : Citation
        With the digest of the cited words.
    value_range : tuple of int
        Where the number itself stands in the text.
    """

    id: str
    series: str
    name: str
    name_en: str
    value: float
    unit: str
    period: str
    period_basis: str
    status: str
    hedge: str | None
    direction: str
    theme: str
    note: str | None
    note_en: str | None
    citation: Citation
    value_range: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Actual:
    """What a series has come to in a year, as staff have entered it."""

    series: str
    year: int
    value: float
    unit: str
    source: str
    author: str
    entered: datetime


class Progress(NamedTuple):
    """From where to where the plan wants a series to go.

    Attributes
    ----------
    difference : float
        Of the two numbers, in the unit of `target`. Where either is not exact it bounds nothing:
        from at least 1000 to at least 1500 may be any step.
    """

    reached: Indicator
    target: Indicator
    difference: float


@dataclass(frozen=True, slots=True)
class IndicatorSet:
    """All figures of a plan, and the code lists that they use."""

    plan: str
    units: Mapping[str, Unit]
    hedges: Mapping[str, Hedge]
    themes: Mapping[str, str]
    indicators: tuple[Indicator, ...]

    def series(self) -> dict[str, list[Indicator]]:
        """Return the figures of each series, in the order of the plan."""
        groups: dict[str, list[Indicator]] = {}
        for indicator in self.indicators:
            groups.setdefault(indicator.series, []).append(indicator)
        return groups

    def convert(self, value: float, unit: str, to: str) -> float:
        """Return a value in another unit.

        Raises
        ------
        InvalidParameter
            If the units measure different things.
        """
        mine, theirs = self.units[unit], self.units[to]
        if mine.dimension != theirs.dimension:
            raise InvalidParameter(
                "unit",
                f"{unit} measures {mine.dimension} and cannot become {to}, "
                f"which measures {theirs.dimension}.",
            )
        return value * mine.factor / theirs.factor

    def progress(self, series: str) -> Progress | None:
        """Return what a series had reached and what it aims at; None where either is not stated.

        Raises
        ------
        InvalidParameter
            If there is no such series.
        """
        history = self.series().get(series)
        if history is None:
            raise InvalidParameter(
                "series", f"The plan has no series {series}; see /api/indicators."
            )
        reached = next((each for each in history if each.status == "reached"), None)
        target = next((each for each in history if each.status == "target"), None)
        if reached is None or target is None:
            return None
        before = self.convert(reached.value, reached.unit, target.unit)
        return Progress(reached, target, target.value - before)


def read_indicators(path: Path) -> IndicatorSet:
    """Return the figures that a JSON file holds.

    Raises
    ------
    DataInvalid
        If a member is missing or of the wrong type; the sentence names file, record and field.
    ValidationFailed
        If an id stands twice, a code is not declared, or a unit contradicts its series.
    """
    document = read_json(path)
    try:
        units = {code: Unit(**record) for code, record in document["units"].items()}
        hedges = {code: Hedge(**record) for code, record in document["hedges"].items()}
        themes = {str(code): str(label) for code, label in document["themes"].items()}
        plan, records = str(document["plan"]), list(document["indicators"])
        if wrong := [code for code, unit in units.items() if not unit.factor > 0]:
            raise DataInvalid(f'{path.name}: unit {wrong[0]}, field "factor": must be above 0.')
    except (KeyError, TypeError, AttributeError) as error:
        raise DataInvalid(f"{path.name}: a declaration is incomplete ({error}).") from error
    indicators = tuple(_indicator(record, path.name) for record in records)
    found = IndicatorSet(plan, units, hedges, themes, indicators)
    if findings := [*_code_findings(found, path.name), *_unit_findings(found, path.name)]:
        raise ValidationFailed(findings)
    return found


def no_indicators(plan: str) -> IndicatorSet:
    """Return the set of a plan whose figures were not recorded."""
    return IndicatorSet(plan, {}, {}, {}, ())


def add_actual(indicators: IndicatorSet, actuals: Sequence[Actual], actual: Actual) -> list[Actual]:
    """Return the actual figures with one more.

    Raises
    ------
    InvalidParameter
        If the series is unknown, the year impossible or not yet begun when the figure is
        entered, the value no finite number, the source empty, or the series has a figure of that
        year already.
    ValidationFailed
        If the unit contradicts the history of the series.
    """
    history = indicators.series().get(actual.series)
    if history is None:
        raise InvalidParameter(
            "series", f"The plan has no series {actual.series}; see /api/indicators."
        )
    if not FIRST_YEAR <= actual.year <= LAST_YEAR:
        raise InvalidParameter(
            "year", f"The year {actual.year} must be from {FIRST_YEAR} to {LAST_YEAR}."
        )
    if actual.year > actual.entered.year:
        raise InvalidParameter(
            "year",
            f"The year {actual.year} has not begun; what is expected of it is no actual figure.",
        )
    if not math.isfinite(actual.value):
        raise InvalidParameter("value", "The value must be a finite number.")
    if not actual.source.strip():
        raise InvalidParameter("source", "An actual figure needs a source: who published it, when.")
    _refuse_unit(indicators, actual, history[0])
    if any((known.series, known.year) == (actual.series, actual.year) for known in actuals):
        raise InvalidParameter(
            "year", f"Series {actual.series} has a figure of {actual.year} already; replace it."
        )
    return sorted([*actuals, actual], key=lambda each: (each.series, each.year))


def _refuse_unit(indicators: IndicatorSet, actual: Actual, known: Indicator) -> None:
    if actual.unit not in indicators.units:
        allowed = ", ".join(
            code
            for code, unit in indicators.units.items()
            if unit.dimension == indicators.units[known.unit].dimension
        )
        raise InvalidParameter(
            "unit", f"There is no unit {actual.unit}; series {actual.series} takes {allowed}."
        )
    if fault := _contradiction(indicators, actual.unit, known):
        raise ValidationFailed(
            [Finding("indicator-unit", "actual figures", actual.series, "unit", fault, _MEND_UNIT)]
        )


_MEND_UNIT = "Give the figure in a unit of the same kind, or make it a series of its own."


def _contradiction(indicators: IndicatorSet, unit: str, known: Indicator) -> str | None:
    """Say why a unit cannot belong to the series of a figure; None if it can."""
    mine, theirs = indicators.units[unit], indicators.units[known.unit]
    if mine.dimension == theirs.dimension:
        return None
    return (
        f"{unit} ({mine.label}) measures {mine.dimension}, but {known.id} of the same series is "
        f"in {known.unit} ({theirs.label}), which measures {theirs.dimension}."
    )


def _indicator(record: Any, file: str) -> Indicator:
    identifier = record.get("id") if isinstance(record, dict) else None
    where = f"{file}, indicator {identifier}"
    try:
        fields = dict(record)
        if wrong := [name for name in _TEXTS if not isinstance(fields[name], str)]:
            raise DataInvalid(f'{where}, field "{wrong[0]}": must be a text.')
        cited = fields["citation"] = Citation(**fields["citation"])
        start, end = fields["value_range"]
        fields["value_range"] = (int(start), int(end))
        if not cited.start <= start < end <= cited.end:
            raise DataInvalid(
                f'{where}, field "value_range": must lie within the cited characters, '
                f"{cited.start} to {cited.end}."
            )
        if type(fields["value"]) not in {int, float}:
            raise DataInvalid(f'{where}, field "value": must be a number.')
        return Indicator(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise DataInvalid(f"{where}: {error}.") from error


_TEXTS = ("id", "series", "name", "name_en", "unit", "period", "status", "direction", "theme")


def _code_findings(found: IndicatorSet, file: str) -> list[Finding]:
    findings = []
    seen: set[str] = set()
    for each in found.indicators:
        checks = [
            ("id", each.id in seen, "stands twice."),
            ("unit", each.unit not in found.units, f"there is no unit {each.unit}."),
            ("theme", each.theme not in found.themes, f"there is no theme {each.theme}."),
            (
                "hedge",
                each.hedge is not None and each.hedge not in found.hedges,
                f"there is no hedge {each.hedge}.",
            ),
            (
                "status",
                each.status != _STATUS_OF_PERIOD.get(each.period),
                f"a figure of {each.period} is not {each.status}.",
            ),
            ("direction", each.direction not in DIRECTIONS, f"there is no {each.direction}."),
            ("citation", each.citation.plan != found.plan, f"is not of the plan {found.plan}."),
        ]
        findings += [
            Finding("indicator", file, each.id, field, message, "Declare it, or correct it.")
            for field, wrong, message in checks
            if wrong
        ]
        seen.add(each.id)
    return findings


def _unit_findings(found: IndicatorSet, file: str) -> list[Finding]:
    return [
        Finding("indicator-unit", file, each.id, "unit", fault, _MEND_UNIT)
        for history in found.series().values()
        for each in history[1:]
        if each.unit in found.units and history[0].unit in found.units
        if (fault := _contradiction(found, each.unit, history[0]))
    ]
