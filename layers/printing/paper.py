"""Paper, scale and frame: where on a sheet the map is, and which part of the ground it shows.

Lengths on paper are millimetres from the lower left corner, on the ground metres in EPSG:4548.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

import shapely

from layers.measure import from_4548, to_4548
from layers.model import BBox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

LARGEST_SCALE = 500
"""A sheet shows no more than 1:500; shapes are not known better."""

SMALLEST_SCALE = 2_000_000
"""Beyond it the projection is not true to scale any more."""

_MARGIN = 10.0
_HEAD = 17.0
_FOOT = 62.0
_SIDE = 68.0
_GAP = 4.0
_ROOM = 1.04
"""How much larger than what it must hold a map is at least."""

_STEPS = (1, 1.1, 1.25, 1.4, 1.6, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10)


class Box(NamedTuple):
    """A rectangle on paper, in millimetres from the lower left corner."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Its upper side."""
        return self.bottom + self.height


class Paper(NamedTuple):
    """A sheet of paper.

    Attributes
    ----------
    width, height : float
        Millimetres (ISO 216).
    """

    name: str
    width: float
    height: float

    @property
    def is_landscape(self) -> bool:
        """Whether it is wider than high."""
        return self.width > self.height

    def turned(self) -> Paper:
        """Return it in the other direction."""
        return Paper(self.name, self.height, self.width)

    @property
    def map_box(self) -> Box:
        """Where the map is."""
        inner_width = self.width - 2 * _MARGIN
        inner_height = self.height - 2 * _MARGIN - _HEAD
        if self.is_landscape:
            return Box(_MARGIN, _MARGIN, inner_width - _SIDE - _GAP, inner_height)
        return Box(_MARGIN, _MARGIN + _FOOT + _GAP, inner_width, inner_height - _FOOT - _GAP)

    @property
    def key_box(self) -> Box:
        """Where legend and key are: beside the map, or below it on an upright sheet."""
        frame = self.map_box
        if self.is_landscape:
            return Box(frame.right + _GAP, _MARGIN, _SIDE, frame.height)
        return Box(_MARGIN, _MARGIN, frame.width, _FOOT)

    @property
    def head_box(self) -> Box:
        """Where the title is."""
        bottom = self.height - _MARGIN - _HEAD
        return Box(_MARGIN, bottom, self.width - 2 * _MARGIN, _HEAD)


PAPERS: Final[Mapping[str, Paper]] = {
    "A4": Paper("A4", 210.0, 297.0),
    "A3": Paper("A3", 297.0, 420.0),
}
"""Upright sheets by name."""


class View(NamedTuple):
    """Which part of the ground a frame on paper shows, at which scale.

    Attributes
    ----------
    east, north : float
        Its centre in EPSG:4548 metres.
    scale : int
        n of 1:n.
    """

    east: float
    north: float
    scale: int
    frame: Box

    @classmethod
    def around(cls, longitude: float, latitude: float, scale: int, frame: Box) -> View:
        """Return the view around a position in degrees."""
        centre = to_4548(shapely.Point(longitude, latitude))
        return cls(centre.x, centre.y, scale, frame)

    @property
    def millimetres(self) -> float:
        """Millimetres on paper of one metre on the ground."""
        return 1000 / self.scale

    @property
    def ground(self) -> BaseGeometry:
        """What is shown, in EPSG:4548 metres."""
        across = self.frame.width / self.millimetres / 2
        up = self.frame.height / self.millimetres / 2
        return shapely.box(self.east - across, self.north - up, self.east + across, self.north + up)

    @property
    def bbox(self) -> BBox:
        """The box in CRS84 degrees that holds what is shown."""
        sides = shapely.segmentize(self.ground, self.frame.width / self.millimetres / 8)
        return BBox(*map(float, from_4548(sides).bounds))


def fitting_scale(bbox: BBox, frame: Box) -> int:
    """Return the largest round scale at which a frame holds a box in CRS84 degrees.

    Returns
    -------
    int
        n of 1:n, from `LARGEST_SCALE` to `SMALLEST_SCALE`.
    """
    middle_x, middle_y = (bbox.west + bbox.east) / 2, (bbox.south + bbox.north) / 2
    places = product((bbox.west, middle_x, bbox.east), (bbox.south, middle_y, bbox.north))
    west, south, east, north = to_4548(shapely.MultiPoint(list(places))).bounds
    needed = 1000 * _ROOM * max((east - west) / frame.width, (north - south) / frame.height)
    if not math.isfinite(needed):
        return SMALLEST_SCALE
    return min(SMALLEST_SCALE, round_scale(max(needed, LARGEST_SCALE)))


def round_scale(least: float) -> int:
    """Return the smallest round number that is not below another one."""
    power: int = 10 ** math.floor(math.log10(least))
    return math.ceil(next(step * power for step in _STEPS if step * power >= least - 1e-9))


def bar_length_m(scale: int, longest_mm: float) -> float:
    """Return the length of a scale bar: 1, 2 or 5 with noughts, in metres on the ground."""
    most = longest_mm * scale / 1000
    power = 10 ** math.floor(math.log10(most))
    return float(max(step for step in (1, 2, 5) if step * power <= most) * power)
