"""How many features there are, how large, and in which zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import GeometryCollection

from .measure import areas_m2, length_m

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from .model import Feature

    Shapes = NDArray[np.object_]


@dataclass
class Sums:
    """Counts and measures of some features.

    Attributes
    ----------
    count : int
        Features with a place; one in two zones counts in both.
    area_m2 : float
        Geodesic, of areas.
    length_m : float
        Geodesic, of lines.
    """

    count: int = 0
    area_m2: float = 0.0
    length_m: float = 0.0

    def add(self, shapes: Shapes) -> None:
        """Add geometries in CRS84 degrees, one for each feature."""
        self.count += len(shapes)
        self.area_m2 += float(areas_m2(shapes).sum())
        lines = shapes[shapely.get_dimensions(shapes) == 1]
        self.length_m += sum(map(length_m, lines))


@dataclass
class Statistics:
    """What there is of a layer, in all and by zone.

    Attributes
    ----------
    count, unmapped : int
        All features, and those without a geometry.
    zones : list of (Feature, Sums)
        What lies inside each zone; what crosses its edge counts with the part inside.
    outside : Sums
        What lies in no zone.
    """

    count: int = 0
    unmapped: int = 0
    mapped: Sums = field(default_factory=Sums)
    zones: list[tuple[Feature, Sums]] = field(default_factory=list)
    outside: Sums = field(default_factory=Sums)


def take_statistics(batches: Iterable[Shapes], zones: Sequence[Feature]) -> Statistics:
    """Return the statistics of features.

    Parameters
    ----------
    batches : iterable of arrays
        Their geometries in CRS84 degrees, None where there is none.
    zones : sequence of Feature
        Areas that do not overlap.
    """
    result = Statistics(zones=[(zone, Sums()) for zone in zones])
    areas = [zone.geometry for zone in zones]
    union: BaseGeometry = shapely.union_all(np.array(areas, dtype=object))
    shapely.prepare([*areas, union])
    for shapes in batches:
        mapped = shapes[~shapely.is_missing(shapes)]
        result.count += len(shapes)
        result.unmapped += len(shapes) - len(mapped)
        result.mapped.add(mapped)
        rest = _take_whole(mapped, result.zones)
        for zone, sums in result.zones:
            sums.add(_inside(rest, zone.geometry))
        result.outside.add(_outside(rest, union))
    return result


def _take_whole(shapes: Shapes, zones: Sequence[tuple[Feature, Sums]]) -> Shapes:
    """Add the areas that lie within one zone to it, and return the other shapes.

    Most do, and need no further look; only a line or a point can lie in two zones at once.
    """
    is_area = shapely.get_dimensions(shapes) == 2
    rest = shapes[is_area]
    for zone, sums in zones:
        whole = shapely.covers(zone.geometry, rest)
        sums.add(rest[whole])
        rest = rest[~whole]
    return np.concatenate([rest, shapes[~is_area]])


def _inside(shapes: Shapes, area: BaseGeometry | None) -> Shapes:
    whole = shapely.covers(area, shapes)
    cut = shapes[shapely.intersects(area, shapes) & ~whole]
    return np.concatenate([shapes[whole], _parts_like(cut, shapely.intersection(cut, area))])


def _outside(shapes: Shapes, area: BaseGeometry) -> Shapes:
    apart = ~shapely.intersects(area, shapes)
    cut = shapes[~apart & ~shapely.covers(area, shapes)]
    return np.concatenate([shapes[apart], _parts_like(cut, shapely.difference(cut, area))])


def _parts_like(shapes: Shapes, parts: Shapes) -> Shapes:
    """Return what is left of shapes without what has a lower dimension: a touched edge is none."""
    wanted = shapely.get_dimensions(shapes)
    single, owner = shapely.get_parts(parts, return_index=True)
    kept = shapely.get_dimensions(single) == wanted[owner]
    if not kept.any():
        return shapes[:0]
    groups = np.split(single[kept], np.flatnonzero(np.diff(owner[kept])) + 1)
    joined = np.empty(len(groups), dtype=object)
    joined[:] = list(map(_joined, groups))
    return joined


def _joined(parts: Shapes) -> BaseGeometry:
    """Return the disjoint parts of one shape as one geometry."""
    joined: BaseGeometry = parts[0]
    return joined if len(parts) == 1 else GeometryCollection(list(parts))
