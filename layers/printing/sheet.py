"""What stands on a printed sheet: plain values that a process of its own can be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .paper import Paper, View


class Style(NamedTuple):
    """How one shape is drawn.

    Attributes
    ----------
    colour : str
        ``#rrggbb``.
    weight : float
        Width of its edge in points.
    fill : float
        Opacity of its filling; 0 for none.
    dash : tuple of float
        Lengths of dashes and gaps in points; empty for an unbroken line.
    """

    colour: str
    weight: float
    opacity: float
    fill: float
    dash: tuple[float, ...] = ()


class LegendRow(NamedTuple):
    """One row of a legend.

    Attributes
    ----------
    kind : str
        ``area``, ``line``, ``point``; ``head`` for the title of a layer.
    """

    kind: str
    words: str
    style: Style | None = None


class Precision(NamedTuple):
    """One row of the key that says how sure a line is."""

    words: str
    style: Style | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The shapes of one layer.

    Attributes
    ----------
    shapes : tuple of bytes
        WKB in CRS84 degrees.
    styles : tuple of int
        For each shape, which of `palette` it is drawn in.
    names : tuple of str
        What is written beside each shape; empty for nothing.
    above : bool
        Whether its names come before those of other layers.
    """

    shapes: tuple[bytes, ...]
    styles: tuple[int, ...]
    palette: tuple[Style, ...]
    names: tuple[str, ...]
    above: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that stands on a sheet, in the words in which it stands there.

    Attributes
    ----------
    file_title : str
        The title in the file's own description.
    facts : tuple of (str, str)
        Name and value of what must be known of the sheet: filter, revision, date.
    notice : str
        At the lower left of the map: the review number, or that it is a sketch.
    legend_title, key_title, facts_title : str
    north : str
        The letter at the arrow.
    """

    paper: Paper
    view: View
    title: str
    subtitle: str
    file_title: str
    layers: tuple[Drawn, ...]
    legend_title: str
    legend: tuple[LegendRow, ...]
    key_title: str
    precision: tuple[Precision, ...]
    facts_title: str
    facts: tuple[tuple[str, str], ...]
    notice: str
    credits: str
    north: str
