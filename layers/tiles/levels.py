"""What of a layer is drawn at which zoom, and how exactly."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from .cutting import are_polygons
from .mvt import EXTENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.packed import Packed, Positions

    from .matrices import MatrixSet

MOST = 6_000
"""Features in the densest tile of a zoom beyond which small ones are merged."""

ROOMY = 1_000
"""Features in the densest tile of a zoom up to which all of them have a label."""

CELL = 64
"""Units of the side of the squares into which small features are merged."""

TOLERANCE = 4
"""Units by which an outline may be generalised: half a pixel where a tile has 512."""

_SAMPLE = 1_000
_DEEPEST = 24
"""Zoom down to which features are counted by tile."""

_AT_ONCE = 65_536

_SPARSE = 8
"""Tiles for each feature up to which they are counted without being sorted."""


@dataclass(frozen=True, slots=True)
class Level:
    """How a layer is drawn at one zoom.

    Attributes
    ----------
    shapes : array of geometry, or None
        Generalised, in parts of the side of tile matrix 0, at the positions of their features;
        None where there is none. None altogether if geometry is drawn as it is stored.
    is_merged : bool
        Whether features smaller than a cell are merged.
    is_roomy : bool
        Whether every feature has a label.
    """

    shapes: NDArray[np.object_] | None
    is_merged: bool
    is_roomy: bool


class Levels:
    """The levels of one revision of a layer; each is made when it is first asked for, and kept."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._known: dict[tuple[str, int], Level] = {}
        self._making: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)
        self._edges: dict[str, float] = {}
        self._centres: dict[str, NDArray[np.int32]] = {}

    def at(self, matrix_set: MatrixSet, z: int) -> Level:
        """Return the level of a zoom.

        Outlines are generalised by `TOLERANCE` if half of their edges are about that short, all
        polygons together where they are a coverage, so that shared edges stay shared; else each by
        itself.
        """
        key = matrix_set.id, z
        if key not in self._known:
            # A level that takes long keeps nobody waiting who asks for another.
            with self._making[key]:
                if key not in self._known:
                    self._known[key] = self._make(matrix_set, z)
        return self._known[key]

    def known(self, matrix_set: MatrixSet, z: int) -> Level | None:
        """Return the level of a zoom if it has been made, or is made in a millisecond."""
        found = self._known.get((matrix_set.id, z))
        if found is not None or matrix_set.id not in self._edges:
            return found
        return None if self._is_generalised(matrix_set, z) else self.at(matrix_set, z)

    def prepare(self, matrix_set: MatrixSet) -> None:
        """Find out what the levels of all zooms depend on."""
        self._densest(matrix_set, 0)
        self._typical_edge(matrix_set)

    def _make(self, matrix_set: MatrixSet, z: int) -> Level:
        count = self._densest(matrix_set, z)
        is_merged = count > MOST
        shapes = None
        if self._is_generalised(matrix_set, z):
            side = CELL / EXTENT * 0.5**z if is_merged else 0.0
            drawn = _drawn(self._packed, matrix_set, side)
            shapes = np.full(len(self._packed), None, dtype=object)
            shapes[drawn] = _generalised(self._packed, drawn, matrix_set, _tolerance(z))
        return Level(shapes, is_merged, count <= ROOMY)

    def _is_generalised(self, matrix_set: MatrixSet, z: int) -> bool:
        return self._typical_edge(matrix_set) < 2 * _tolerance(z)

    def _densest(self, matrix_set: MatrixSet, z: int) -> int:
        """Return how many features the tile has that has most of them, by their centres."""
        if len(self._packed) <= ROOMY:
            return len(self._packed)
        if matrix_set.id not in self._centres:
            self._centres[matrix_set.id] = _centres(self._packed, matrix_set)
        columns, rows = self._centres[matrix_set.id] >> max(0, _DEEPEST - z)
        if not len(columns):
            return 0
        columns -= columns.min()
        rows -= rows.min()
        wide, high = int(columns.max()) + 1, int(rows.max()) + 1
        tiles = columns + rows.astype(np.int64) * wide
        if wide * high < _SPARSE * len(tiles):
            return int(np.bincount(tiles).max())
        return int(np.unique(tiles, return_counts=True)[1].max())

    def _typical_edge(self, matrix_set: MatrixSet) -> float:
        """Return the median length of the edges of some features."""
        if matrix_set.id not in self._edges:
            drawn = np.flatnonzero(~np.isnan(self._packed.boxes[:, 0]))
            some = drawn[np.linspace(0, len(drawn) - 1, min(_SAMPLE, len(drawn))).astype(int)]
            parts = shapely.get_parts(self._packed.geometries(some.astype(np.uint32)))
            areal = are_polygons(parts)
            lines = np.concatenate([parts[~areal], shapely.get_rings(parts[areal])])
            at, line = shapely.get_coordinates(lines, return_index=True)
            steps = np.diff(matrix_set.project(at), axis=0)[np.diff(line) == 0]
            lengths = np.hypot(*steps.T)
            self._edges[matrix_set.id] = float(np.median(lengths)) if len(lengths) else np.inf
        return self._edges[matrix_set.id]


def _tolerance(z: int) -> float:
    """Return by how much outlines may be generalised, in parts of the side of tile matrix 0."""
    return TOLERANCE / EXTENT * 0.5**z


def _centres(packed: Packed, matrix_set: MatrixSet) -> NDArray[np.int32]:
    """Return column and row of the tile of the deepest zoom in which each feature's centre is."""
    found = []
    # Some at a time: in a large layer what stands between would take more than all else.
    for start in range(0, len(packed), _AT_ONCE):
        boxes = packed.boxes[start : start + _AT_ONCE]
        boxes = boxes[~np.isnan(boxes[:, 0])]
        middle = matrix_set.project((boxes[:, :2] + boxes[:, 2:]) / 2)
        found.append(np.floor(middle * 2**_DEEPEST).astype(np.int32).T)
    return np.concatenate(found, axis=1)


def _drawn(packed: Packed, matrix_set: MatrixSet, side: float) -> Positions:
    """Return the features whose box has at least one side so long."""
    low, high = matrix_set.project(packed.boxes[:, :2]), matrix_set.project(packed.boxes[:, 2:])
    found: Positions = np.flatnonzero(np.abs(high - low).max(axis=1) >= side).astype(np.uint32)
    return found


def _generalised(
    packed: Packed, positions: Positions, matrix_set: MatrixSet, tolerance: float
) -> NDArray[np.object_]:
    shapes = shapely.transform(packed.geometries(positions), matrix_set.project)
    areal = np.isin(
        shapely.get_type_id(shapes),
        (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
    )
    polygons = shapes[areal]
    if len(polygons) and shapely.coverage_is_valid(polygons):
        shapes[areal] = shapely.coverage_simplify(polygons, tolerance)
        areal = ~areal
    else:
        areal[:] = True
    shapes[areal] = shapely.simplify(shapes[areal], tolerance)
    return shapes
