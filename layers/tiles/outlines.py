"""Geometry read for tiles: outlines as arrays, and the point where a feature is named."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .cutting import Rings
from .mvt import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.packed import Packed, Positions

_HEAD = 13
"""Bytes of a polygon of one ring before its coordinates: byte order, type, rings, their number."""

_POLYGON, _MULTIPOLYGON = 3, 6
"""Types of geometry in WKB (OGC 06-103r4, section 8.2)."""


class Outlines:
    """The geometry of a packed layer.

    Polygons of one ring, which most layers consist of, are read from their bytes all at once.
    """

    def __init__(self, packed: Packed) -> None:
        self._packed = packed

    @cached_property
    def _names(self) -> NDArray[np.float64]:
        return np.full((len(self._packed), 2), np.nan)

    def are_areal(self, positions: Positions) -> NDArray[np.bool_]:
        """Tell which features are polygons, of one part or many."""
        # The low byte of a type in WKB; the others say whether there are heights.
        types = self._view("u4", 4)[self._packed.wkb_starts[positions] + 1] & 0xFF
        areal: NDArray[np.bool_] = (types == _POLYGON) | (types == _MULTIPOLYGON)
        return areal

    def are_simple(self, positions: Positions) -> NDArray[np.bool_]:
        """Tell which features are polygons of one ring."""
        starts = self._packed.wkb_starts[positions]
        words = self._view("u4", 4)
        native = self._view("u1", 1)[starts] == (sys.byteorder == "little")
        polygons = native & (words[starts + 1] == _POLYGON)
        simple: NDArray[np.bool_] = polygons & (words[starts + 5] == 1)
        return simple

    def simple_rings(self, positions: Positions, owners: NDArray[np.int64]) -> Rings:
        """Return the rings of features that are simple, in CRS84 degrees.

        They are read from their ends: stored against the clock as RFC 7946 has it, they then wind
        as those of tiles do.
        """
        starts, ends = self._packed.wkb_starts[positions], self._packed.wkb_ends[positions]
        sizes = (ends - starts - _HEAD) // 16 - 1
        at = spread(ends - 16, sizes, step=-16)
        numbers = self._view("f8", 8)
        coordinates = np.column_stack([numbers[at], numbers[at + 8]])
        return Rings(coordinates, sizes, owners, owners, np.ones(len(owners), dtype=bool))

    def label_points(self, positions: Positions) -> NDArray[np.float64]:
        """Return where features are named, in CRS84 degrees; see `label_points`."""
        missing = positions[np.isnan(self._names[positions, 0])]
        if len(missing):
            self._names[missing] = label_points(self._packed.geometries(missing))
        return self._names[positions]

    def size(self, positions: Positions) -> int:
        """Return how many bytes the geometry of features takes."""
        packed = self._packed
        return int((packed.wkb_ends[positions] - packed.wkb_starts[positions]).sum())

    def unnamed(self, positions: Positions) -> int:
        """Return of how many features it is not known yet where they are named."""
        return int(np.isnan(self._names[positions, 0]).sum())

    def _view(self, type_: str, size: int) -> NDArray[Any]:
        """Return the bytes of all geometries as numbers that begin at every byte."""
        count = max(0, len(self._packed.wkb) - size + 1)
        return np.ndarray((count,), dtype=type_, buffer=self._packed.wkb, strides=(1,))


def label_points(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the point at which each geometry is named, in its own coordinates.

    The centre of the largest circle in the largest polygon, the middle of the longest line, or the
    first point.
    """
    parts, owners = shapely.get_parts(shapes, return_index=True)
    dimensions, sizes = shapely.get_dimensions(parts), shapely.area(parts) + shapely.length(parts)
    areal = dimensions == 2
    sizes[areal] = shapely.area(parts[areal])
    order = np.lexsort((-sizes, -dimensions, owners))
    _, first = np.unique(owners[order], return_index=True)
    chosen = parts[order[first]]
    dimensions = shapely.get_dimensions(chosen)
    points = chosen.copy()
    circled = (dimensions == 2) & (shapely.area(chosen) > 0)
    points[circled] = shapely.get_point(shapely.maximum_inscribed_circle(chosen[circled]), 0)
    flat = (dimensions == 2) & ~circled
    points[flat] = shapely.point_on_surface(chosen[flat])
    points[dimensions == 1] = shapely.line_interpolate_point(
        chosen[dimensions == 1], 0.5, normalized=True
    )
    coordinates: NDArray[np.float64] = shapely.get_coordinates(points)
    return coordinates
