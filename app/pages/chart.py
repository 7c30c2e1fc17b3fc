"""A chart of one series as SVG: what was reached, what is aimed at, what has come of it.

Nothing is told by colour alone: what was measured is filled and joined by a solid line, a target
is hollow and joined by dashes, and each point carries its value in words.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 360, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 52, 30, 34
_FIRST, _LAST = 2020, 2025


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
    last = max([_LAST, *(point.year for point in points)])
    ticks = nice_ticks(0, max(point.value for point in points))
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img">').format(WIDTH, HEIGHT),
        Markup("<title>{}</title><desc>{}</desc>").format(title, description),
        _axes(ticks, last, unit),
        *_lines(points, ticks[-1], last),
        *(_mark(point, ticks[-1], last) for point in points),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def nice_ticks(low: float, high: float) -> list[float]:
    """Return 3 to 7 round numbers from at most `low` to at least `high`, evenly spaced."""
    span = max(high - low, 1e-9)
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999999)
    first = math.floor(low / step)
    last = math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def _x(year: int, last: int) -> float:
    return round(_LEFT + (year - _FIRST) / (last - _FIRST) * (WIDTH - _LEFT - _RIGHT), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM), 1)


def _axes(ticks: Sequence[float], last: int, unit: str) -> Markup:
    top = ticks[-1]
    lines = Markup("").join(
        Markup(
            '<line class="axis" x1="{x}" x2="{end}" y1="{y}" y2="{y}"/>'
            '<text class="tick" x="{label}" y="{base}" text-anchor="end">{tick}</text>'
        ).format(
            x=_LEFT,
            end=WIDTH - _RIGHT,
            y=_y(tick, top),
            label=_LEFT - 6,
            base=_y(tick, top) + 4,
            tick=f"{tick:,.10g}",
        )
        for tick in ticks
    )
    years = Markup("").join(
        Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _x(year, last), HEIGHT - _BOTTOM + 18, year
        )
        for year in range(_FIRST, last + 1)
        if last - _FIRST <= 6 or year % 5 == 0
    )
    name = Markup('<text class="tick" x="{}" y="14">{}</text>').format(4, unit)
    return lines + years + name


def _lines(points: Sequence[Point], top: float, last: int) -> list[Markup]:
    measured = sorted(point for point in points if point.kind != "target")
    targets = sorted(point for point in points if point.kind == "target")
    drawn = []
    if len(measured) > 1:
        drawn.append(_polyline(measured, top, last, "measured"))
    if targets and measured and targets[0].year > measured[0].year:
        drawn.append(_polyline([measured[0], targets[0]], top, last, "target"))
    return drawn


def _polyline(points: Sequence[Point], top: float, last: int, name: str) -> Markup:
    path = " ".join(f"{_x(point.year, last)},{_y(point.value, top)}" for point in points)
    return Markup('<polyline class="{}" points="{}"/>').format(name, path)


def _mark(point: Point, top: float, last: int) -> Markup:
    x, y = _x(point.year, last), _y(point.value, top)
    shape = (
        Markup('<path class="target" d="M{0} {1}l7 7-7 7-7-7z"/>').format(x, round(y - 7, 1))
        if point.kind == "target"
        else Markup('<circle class="measured" cx="{}" cy="{}" r="5"/>').format(x, y)
    )
    anchor = "start" if point.year == _FIRST else "middle"
    return shape + Markup('<text class="value" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        x, max(y - 12, 12), anchor, escape(point.label)
    )
