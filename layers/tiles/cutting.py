"""Geometries cut to a tile and rounded to its units.

Polygons are cut ring by ring (Sutherland and Hodgman), all rings at once. Where an edge is cut
depends on the edge only, not on the direction in which a ring follows it: polygons that share an
edge share it in the tile, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .mvt import EXTENT, LINE, POINT, POLYGON, Shapes, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUFFER = 64
"""Units beyond the sides of a tile that it also holds, so that strokes are drawn whole."""

REACH = 256
"""Units beyond the buffer up to which a tile's features are not cut: that they reach so far out
costs a client nothing, to cut them a sixth of the time of a tile."""

_LOW, _HIGH = -BUFFER, EXTENT + BUFFER


@dataclass(frozen=True)
class Rings:
    """Rings one behind the other, each without its last coordinate, which is its first again.

    Attributes
    ----------
    coordinates : array of float, shape (n, 2)
    sizes : array of int
        Coordinates of each ring.
    owners, polygons : array of int
        The feature of each ring, and the polygon, which a feature may have several of.
    outer : array of bool
        Whether a ring is the outer one of its polygon; those inside it follow.
    """

    coordinates: NDArray[np.float64]
    sizes: NDArray[np.int64]
    owners: NDArray[np.int64]
    polygons: NDArray[np.int64]
    outer: NDArray[np.bool_]

    def moved(self, coordinates: NDArray[np.float64]) -> Rings:
        """Return the same rings elsewhere."""
        found = replace(self, coordinates=coordinates)
        if "following" in self.__dict__:
            found.__dict__["following"] = self.following
        return found

    def only(self, kept: NDArray[np.bool_]) -> Rings:
        """Return some of the rings."""
        return self._taken(np.flatnonzero(np.repeat(kept, self.sizes)), np.flatnonzero(kept))

    def sorted(self, order: NDArray[np.intp]) -> Rings:
        """Return the rings in another order."""
        return self._taken(spread(self.starts[order], self.sizes[order]), order)

    def _taken(self, places: NDArray[np.intp], rings: NDArray[np.intp]) -> Rings:
        return Rings(
            rows(self.coordinates, places),
            self.sizes[rings],
            self.owners[rings],
            self.polygons[rings],
            self.outer[rings],
        )

    def resized(self, coordinates: NDArray[np.float64], taken: NDArray[np.int64]) -> Rings:
        """Return the rings with other coordinates, so many for each one of theirs."""
        return replace(self, coordinates=coordinates, sizes=self.per_ring(taken))

    def per_ring(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of the numbers of each ring's coordinates."""
        before = np.concatenate(([0], np.cumsum(numbers)))
        sums: NDArray[Any] = before[self.starts + self.sizes] - before[self.starts]
        return sums

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each ring begins."""
        starts: NDArray[np.int64] = np.cumsum(self.sizes) - self.sizes
        return starts

    @cached_property
    def following(self) -> NDArray[np.int64]:
        """For each coordinate, where the next one of its ring is."""
        following = np.arange(1, len(self.coordinates) + 1)
        following[self.starts + self.sizes - 1] = self.starts
        return following


def rows(pairs: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
    """Return some rows of an array, in a tenth of the time that indexing them takes."""
    found: NDArray[Any] = pairs.take(places, axis=0)
    return found


def cut(
    rings: Rings, others: NDArray[np.object_], owners: NDArray[np.int64], inside: NDArray[np.bool_]
) -> Shapes:
    """Return geometries as a tile holds them.

    Parameters
    ----------
    rings : Rings
        Of polygons, in units of the tile.
    others : array of geometry
        Points and lines, in units of the tile.
    owners : array of int
        The feature of each of the others.
    inside : array of bool
        Which features are not cut.

    Returns
    -------
    Shapes
        Without what lies outside of the tile and its buffer, and without what is nothing in whole
        units. Outer rings have a positive area by the surveyor's formula, inner ones a negative
        one (section 4.3.4.4).
    """
    found = [_polygons(rings, inside)]
    types = shapely.get_type_id(others)
    points = types == shapely.GeometryType.POINT
    if points.any():
        found.append(_points(others[points], owners[points]))
    if not points.all():
        found.append(_lines(others[~points], owners[~points]))
    return found[0] if len(found) == 1 else _joined(found)


def _joined(found: list[Shapes]) -> Shapes:
    """Return shapes of several kinds in the order of their features."""
    owners = np.concatenate([each.owners for each in found])
    order = np.argsort(owners, kind="stable")
    sizes = np.concatenate([each.sizes for each in found])
    places = spread((np.cumsum(sizes) - sizes)[order], sizes[order])
    coordinates = np.concatenate([each.coordinates for each in found])
    kinds = np.concatenate([each.kinds for each in found])
    return Shapes(rows(coordinates, places), sizes[order], owners[order], kinds[order])


def _points(parts: NDArray[np.object_], owners: NDArray[np.int64]) -> Shapes:
    rounded = np.rint(shapely.get_coordinates(parts)).astype(np.int64)
    # A point on the border of two tiles is in both; what is beyond the border is in one.
    kept = ((rounded >= _LOW) & (rounded <= _HIGH)).all(axis=1)
    known, sizes = np.unique(owners[kept], return_counts=True)
    return Shapes(rounded[kept], sizes, known, np.full(len(known), POINT))


def _lines(parts: NDArray[np.object_], owners: NDArray[np.int64]) -> Shapes:
    cuts = shapely.clip_by_rect(parts, _LOW, _LOW, _HIGH, _HIGH)
    pieces, of = shapely.get_parts(cuts, return_index=True)
    coordinates, line = shapely.get_coordinates(pieces, return_index=True)
    rounded = np.rint(coordinates).astype(np.int64)
    changed = np.ones(len(rounded), dtype=bool)
    changed[1:] = (rounded[1:] != rounded[:-1]).any(axis=1) | (line[1:] != line[:-1])
    rounded, line = rounded[changed], line[changed]
    sizes = np.bincount(line, minlength=len(pieces))
    whole = sizes > 1
    kinds = np.full(int(whole.sum()), LINE)
    return Shapes(rounded[np.repeat(whole, sizes)], sizes[whole], owners[of[whole]], kinds)


def _polygons(rings: Rings, inside: NDArray[np.bool_]) -> Shapes:
    cut = _clipped(rings, inside)
    rounded = _without_flat(cut.moved(np.rint(cut.coordinates)))
    whole = _mended(_wound(rounded))
    kinds = np.full(len(whole.sizes), POLYGON)
    return Shapes(whole.coordinates.astype(np.int64), whole.sizes, whole.owners, kinds)


def rings_of(parts: NDArray[np.object_], owners: NDArray[np.int64]) -> Rings:
    """Return the rings of polygons, each of which is of the feature that `owners` says."""
    rings, of = shapely.get_rings(parts, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    sizes = np.bincount(ring, minlength=len(rings))
    open_ = np.ones(len(coordinates), dtype=bool)
    open_[np.cumsum(sizes) - 1] = False
    return Rings(coordinates[open_], sizes - 1, owners[of], of, np.diff(of, prepend=-1) != 0)


def _clipped(rings: Rings, inside: NDArray[np.bool_]) -> Rings:
    whole = inside[rings.owners]
    if whole.all():
        return rings
    beyond = rings.only(~whole)
    for axis, limit, sign in ((0, _LOW, 1), (0, _HIGH, -1), (1, _LOW, 1), (1, _HIGH, -1)):
        beyond = _half(beyond, axis, limit, sign)
    if not whole.any():
        return beyond
    return in_order([rings.only(whole), beyond])


def in_order(found: list[Rings]) -> Rings:
    """Return rings in the order of their features; those of a polygon stay together."""
    joined = Rings(
        np.concatenate([each.coordinates for each in found]),
        np.concatenate([each.sizes for each in found]),
        np.concatenate([each.owners for each in found]),
        np.concatenate([each.polygons for each in found]),
        np.concatenate([each.outer for each in found]),
    )
    return joined.sorted(np.argsort(joined.owners, kind="stable"))


def _half(rings: Rings, axis: int, limit: int, sign: int) -> Rings:
    """Return rings without what lies beyond one side."""
    here = rings.coordinates
    there = rows(here, rings.following)
    within = sign * (here[:, axis] - limit) >= 0
    if within.all():
        return rings
    crosses = within != within[rings.following]
    counts = within.astype(np.int64) + crosses
    places = np.cumsum(counts) - counts
    coordinates = np.empty((int(counts.sum()), 2))
    kept, met = np.flatnonzero(within), np.flatnonzero(crosses)
    coordinates[places[kept]] = rows(here, kept)
    meeting = _meets(rows(here, met), rows(there, met), axis, limit)
    coordinates[places[met] + within[met]] = meeting
    resized = rings.resized(coordinates, counts)
    return resized.only(resized.sizes > 0)


def _meets(
    one: NDArray[np.float64], other: NDArray[np.float64], axis: int, limit: int
) -> NDArray[np.float64]:
    """Return where edges meet a side; the same for both directions of an edge."""
    turned = (one[:, axis] > other[:, axis])[:, np.newaxis]
    low, high = np.where(turned, other, one), np.where(turned, one, other)
    part = (limit - low[:, axis]) / (high[:, axis] - low[:, axis])
    found: NDArray[np.float64] = low + part[:, np.newaxis] * (high - low)
    found[:, axis] = limit
    return found


def _without_flat(rings: Rings) -> Rings:
    """Return rings without coordinates that stand twice in a row, and without what has no area."""
    differs = rings.coordinates != rows(rings.coordinates, rings.following)
    changed = differs[:, 0] | differs[:, 1]
    if not changed.all():
        left = rows(rings.coordinates, np.flatnonzero(changed))
        rings = rings.resized(left, changed.astype(np.int64))
        rings = rings.only(rings.sizes > 2)
    flat = _doubled_areas(rings) == 0
    if rings.outer.all() and not flat.any():
        return rings
    # A hole goes with the polygon that it is in.
    filled = rings.polygons[rings.outer & ~flat]
    return rings.only(~flat & np.isin(rings.polygons, filled))


def _doubled_areas(rings: Rings) -> NDArray[np.float64]:
    here, there = rings.coordinates, rows(rings.coordinates, rings.following)
    areas: NDArray[np.float64] = rings.per_ring(_cross(here, there))
    return areas


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return product


def _wound(rings: Rings) -> Rings:
    """Return rings in the direction that their role asks for."""
    wrong = (_doubled_areas(rings) > 0) != rings.outer
    if not wrong.any():
        return rings
    places = np.arange(len(rings.coordinates))
    mirrored = np.repeat(2 * rings.starts + rings.sizes - 1, rings.sizes) - places
    places = np.where(np.repeat(wrong, rings.sizes), mirrored, places)
    return rings.moved(rows(rings.coordinates, places))


def _mended(rings: Rings) -> Rings:
    """Return rings of which none crosses or touches itself since it was cut and rounded."""
    plain = rings.outer & _are_convex(rings)
    if plain.all():
        return rings
    asked = rings.only(np.isin(rings.polygons, rings.polygons[~plain]))
    shapes = _polygons_of(asked)
    broken = ~shapely.is_valid(shapes)
    if not broken.any():
        return rings
    # By structure, so that a hole stays one that was cut along the side of its polygon.
    mended = shapely.set_precision(shapely.make_valid(shapes[broken], method="structure"), 1.0)
    parts, of = shapely.get_parts(mended, return_index=True)
    # What mending splits may be several polygons beside lines: parts of a part.
    parts, within = shapely.get_parts(parts, return_index=True)
    areal, owners = are_polygons(parts), asked.owners[asked.outer][broken][of[within]]
    fresh = _without_flat(rings_of(parts[areal], owners[areal]))
    fresh = replace(fresh, polygons=fresh.polygons + int(rings.polygons.max()) + 1)
    sound = rings.only(~np.isin(rings.polygons, asked.polygons[asked.outer][broken]))
    return _wound(in_order([sound, fresh]))


def _polygons_of(rings: Rings) -> NDArray[np.object_]:
    """Return the polygons of rings, in the order of their outer ones."""
    each = np.repeat(np.arange(len(rings.sizes)), rings.sizes)
    shells_and_holes: Any = shapely.linearrings(rings.coordinates, indices=each)
    shapes: Any = shapely.polygons(shells_and_holes, indices=np.cumsum(rings.outer) - 1)
    return np.asarray(shapes, dtype=object)


def are_polygons(parts: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which geometries are polygons."""
    areal: NDArray[np.bool_] = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return areal


def _are_convex(rings: Rings) -> NDArray[np.bool_]:
    """Tell which rings turn one way only, and once around; such a ring meets itself nowhere."""
    onward = rows(rings.coordinates, rings.following) - rings.coordinates
    after = rows(onward, rings.following)
    turns = _cross(onward, after)
    ahead = onward[:, 0] * after[:, 0] + onward[:, 1] * after[:, 1]
    back = (turns == 0) & (ahead < 0)
    eastward = (onward[:, 0] > 0) | ((onward[:, 0] == 0) & (onward[:, 1] > 0))
    flips = rings.per_ring((eastward != eastward[rings.following]).astype(np.int64))
    wrong = rings.per_ring(((turns < 0) | back).astype(np.int64))
    convex: NDArray[np.bool_] = (flips <= 2) & (wrong == 0)
    return convex
