"""Charts of the plan's figures as SVG: what was reached, what is aimed at, what has come of it.

Nothing is told by colour alone: what was measured is filled and joined by a solid line, a target
is hollow and joined by dashes, and each point carries its value in words.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 360, 224
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 52, 44, 34
_FIRST, _LAST = 2020, 2025
_LABEL_STEPS = (-12, 22, -28, 38, -44, 54)
_LINE_PX, _NARROW_PX, _LETTER_PX, _WIDE_PX = 15, 4, 8, 14
_ROW, _ROWS_TOP, _ROWS_BOTTOM, _SIDE = 60, 8, 28, 20


class Point(NamedTuple):
    """A value of a series.

    Attributes
    ----------
    kind : str
        ``reached``, ``target`` or ``actual``.
    label : str
        The value in words, with its hedge: ``≥ 1500``.
    """

    year: int
    value: float
    kind: str
    label: str


class Change(NamedTuple):
    """How far the plan wants to take a series.

    Attributes
    ----------
    percent : float
        Of the target over what was reached: 50 for one and a half times as much.
    label : str
        Both values in words, with their hedges and unit: ``≥ 1000 → ≥ 1500 亿元``. The length of
        a bar cannot tell that an end is only a bound.
    """

    name: str
    percent: float
    label: str


class _Frame(NamedTuple):
    """What a year and a value are in pixels."""

    last: int
    low: float
    high: float

    def x(self, year: int) -> float:
        share = (year - _FIRST) / (self.last - _FIRST)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)


def series_chart(points: Sequence[Point], *, title: str, description: str, unit: str) -> Markup:
    """Return the chart of a series from 2020 to its last year.

    Parameters
    ----------
    points : sequence of Point
        At least one, all in one unit, values finite.
    title, description : str
        What a screen reader says.
    unit : str
        Written at the axis.

    Returns
    -------
    Markup
        An ``<svg>`` without styles or scripts in it; its marks have the classes ``measured``,
        ``target`` and ``axis``.
    """
    values = [point.value for point in points]
    ticks = nice_ticks(min(0, *values), max(0, *values))
    frame = _Frame(max([_LAST, *(point.year for point in points)]), ticks[0], ticks[-1])
    # A target is drawn first: the dot of what it came to in the same year stays visible on it.
    marks = sorted(points, key=lambda point: (point.kind != "target", point.year))
    parts = [
        _opening(HEIGHT, title, description),
        _axes(ticks, frame, unit),
        *_lines(points, frame),
        *(_mark(point, frame.x(point.year), frame.y(point.value)) for point in marks),
        *_labels(marks, frame),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def overview_chart(changes: Sequence[Change], *, title: str, description: str) -> Markup:
    """Return the changes that a plan aims at, below one another on one scale in percent.

    Parameters
    ----------
    changes : sequence of Change
        At least one. Only shares of what was reached stand on one scale, so a series whose two
        figures are defined differently does not belong here.

    Returns
    -------
    Markup
        An ``<svg>`` with the classes of `series_chart`; each row is named and labelled.
    """
    shares = [change.percent for change in changes]
    ticks = nice_ticks(min(0, *shares), max(0, *shares))
    base = _ROWS_TOP + _ROW * len(changes)

    def x(percent: float) -> float:
        share = (percent - ticks[0]) / (ticks[-1] - ticks[0])
        return round(_SIDE + share * (WIDTH - 2 * _SIDE), 1)

    axis = Markup(
        '<line class="axis" x1="{x}" x2="{x}" y1="{top}" y2="{base}"/>'
        '<text class="tick" x="{x}" y="{y}" text-anchor="middle">{tick}</text>'
    )
    parts = [
        _opening(base + _ROWS_BOTTOM, title, description),
        *(
            axis.format(x=x(tick), top=_ROWS_TOP, base=base, y=base + 18, tick=_signed(tick))
            for tick in ticks
        ),
        *(
            _change(change, _ROWS_TOP + i * _ROW, x(0), x(change.percent))
            for i, change in enumerate(changes)
        ),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def nice_ticks(low: float, high: float) -> list[float]:
    """Return 2 to 7 round numbers from at most `low` to at least `high`, evenly spaced."""
    high = high if high - low > 1e-12 else low + 1.0
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, max(last, first + 1) + 1)]


def _opening(height: int, title: str, description: str) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>'
    ).format(WIDTH, height, title, description)


def _axes(ticks: Sequence[float], frame: _Frame, unit: str) -> Markup:
    lines = Markup("").join(
        Markup(
            '<line class="axis" x1="{x}" x2="{end}" y1="{y}" y2="{y}"/>'
            '<text class="tick" x="{label}" y="{base}" text-anchor="end">{tick}</text>'
        ).format(
            x=_LEFT,
            end=WIDTH - _RIGHT,
            y=frame.y(tick),
            label=_LEFT - 8,
            base=round(frame.y(tick) + 4, 1),
            tick=_short(tick),
        )
        for tick in ticks
    )
    years = Markup("").join(
        Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            frame.x(year), HEIGHT - _BOTTOM + 20, year
        )
        for year in range(_FIRST, frame.last + 1)
        if frame.last - _FIRST <= 6 or year % 5 == 0
    )
    name = Markup('<text class="tick" x="4" y="14">{}</text>').format(unit)
    return lines + years + name


def _short(tick: float) -> str:
    """Return a tick in what fits left of the axis."""
    written = f"{tick:,.10g}"
    return written if len(written) <= 7 else f"{tick:.3g}"


def _signed(percent: float) -> str:
    return f"{percent:+,.10g}%" if percent else "0"


def _lines(points: Sequence[Point], frame: _Frame) -> list[Markup]:
    measured = sorted(point for point in points if point.kind != "target")
    targets = sorted(point for point in points if point.kind == "target")
    drawn = []
    if len(measured) > 1:
        drawn.append(_polyline(measured, frame, "measured"))
    if targets and measured and targets[0].year > measured[0].year:
        drawn.append(_polyline([measured[0], targets[0]], frame, "target"))
    return drawn


def _polyline(points: Sequence[Point], frame: _Frame, name: str) -> Markup:
    path = " ".join(f"{frame.x(point.year)},{frame.y(point.value)}" for point in points)
    return Markup('<polyline class="{}" points="{}"/>').format(name, path)


def _mark(point: Point, x: float, y: float) -> Markup:
    return _diamond(x, y) if point.kind == "target" else _dot(x, y)


def _diamond(x: float, y: float) -> Markup:
    return Markup('<path class="target" d="M{} {}l7 7-7 7-7-7z"/>').format(x, round(y - 7, 1))


def _dot(x: float, y: float) -> Markup:
    return Markup('<circle class="measured" cx="{}" cy="{}" r="5"/>').format(x, y)


def _labels(points: Sequence[Point], frame: _Frame) -> Iterator[Markup]:
    """Yield the values in words, each at the nearest place where no other one stands."""
    taken: list[tuple[float, float, float]] = []
    for point in points:
        half = _width(point.label) / 2
        middle = min(max(frame.x(point.year), _LEFT + half - 2), WIDTH - half - 2)
        y = _free_line(frame.y(point.value), middle, half, taken)
        taken.append((middle, y, half))
        yield Markup('<text class="value" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            round(middle, 1), round(y, 1), point.label
        )


def _free_line(
    y: float, middle: float, half: float, taken: Sequence[tuple[float, float, float]]
) -> float:
    lines = [y + s for s in _LABEL_STEPS if _LINE_PX * 2 <= y + s <= HEIGHT - _BOTTOM - 4]
    free = (
        line
        for line in lines
        if all(
            abs(line - other) >= _LINE_PX or abs(middle - centre) >= half + width
            for centre, other, width in taken
        )
    )
    return next(free, lines[0])


def _width(label: str) -> float:
    """Return at least the width of a label in pixels; there are no fonts to measure with here."""
    return sum(
        _NARROW_PX if letter in " ,." else _LETTER_PX if ord(letter) < 0x2000 else _WIDE_PX
        for letter in label
    )


def _change(change: Change, top: float, start: float, end: float) -> Markup:
    y = top + 46
    name = Markup('<text class="tick" x="4" y="{}">{}</text>').format(top + 14, change.name)
    value = Markup('<text class="value" x="4" y="{}">{}</text>').format(top + 31, change.label)
    line = Markup('<polyline class="target" points="{},{} {},{}"/>').format(start, y, end, y)
    return name + value + line + _diamond(end, y) + _dot(start, y)
