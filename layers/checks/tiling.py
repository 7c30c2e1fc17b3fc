"""Rules for areas that lie side by side: no overlap, no sliver of a gap, nothing left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.measure import all_to_4548, from_4548, to_4548

from .geometry import place_of
from .rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from layers.errors import Finding
    from layers.model import Feature, Layer

    from .rules import Context

NOISE_M2 = 0.01
"""Area below which an overlap or a gap is the noise of doubles."""

SLIVER_WIDTH_M = 1.0
"""Width below which an overlap or a gap is a fault of digitising, not of substance."""

_AREAS = {"Polygon", "MultiPolygon"}


def check_coverage(
    layer: Layer, features: Sequence[Feature], _context: Context, _argument: str
) -> Iterator[Finding]:
    """Yield overlaps of areas, and slivers of gaps between neighbours.

    GEOS's coverage validation finds the few areas with unmatched edges; only those are compared
    in pairs.
    """
    areas = [f for f in features if f.geometry is not None and f.geometry.geom_type in _AREAS]
    metric = all_to_4548(np.array([f.geometry for f in areas], dtype=object))
    if len(metric) < 2:
        return
    edges = shapely.coverage_invalid_edges(metric, gap_width=SLIVER_WIDTH_M)
    suspects = np.flatnonzero(~shapely.is_empty(edges))
    if not len(suspects):
        return
    tree = shapely.STRtree(metric)
    left, right = tree.query(metric[suspects], predicate="dwithin", distance=SLIVER_WIDTH_M)
    for one, other in sorted(_pairs(suspects[left], right)):
        yield from _pair(layer, areas[one], areas[other], metric[one], metric[other])


def check_tiles(
    layer: Layer, features: Sequence[Feature], context: Context, whole: str
) -> Iterator[Finding]:
    """Yield overlaps, and where the areas do not cover a layer's areas exactly."""
    yield from check_coverage(layer, features, context, whole)
    parts = [to_4548(f.geometry) for f in features if f.geometry is not None]
    frame = shapely.union_all(
        [to_4548(f.geometry) for f in context.layers[whole] if f.geometry is not None]
    )
    union = shapely.union_all(parts)
    for rest, words in (
        (shapely.difference(frame, union), f"of {whole} uncovered"),
        (shapely.difference(union, frame), f"beyond {whole}"),
    ):
        if rest.area > NOISE_M2:
            message = f"leaves {rest.area:,.2f} m² {words}."
            yield found("tiles", layer, None, "geometry", message, place=place_of(from_4548(rest)))


def _pairs(left: NDArray[np.intp], right: NDArray[np.intp]) -> set[tuple[int, int]]:
    return {
        (min(a, b), max(a, b)) for a, b in zip(left.tolist(), right.tolist(), strict=True) if a != b
    }


def _pair(
    layer: Layer, one: Feature, other: Feature, a: BaseGeometry, b: BaseGeometry
) -> Iterator[Finding]:
    shared = shapely.intersection(a, b)
    if shared.area > NOISE_M2:
        width = 2 * shared.area / shared.length
        sliver = width < SLIVER_WIDTH_M
        message = f"overlaps {other.id} by {shared.area:,.2f} m²" + (
            f", {width * 100:.1f} cm wide." if sliver else "."
        )
        code = "sliver-overlap" if sliver else "overlap"
        place = place_of(from_4548(shared))
        yield found(code, layer, one, "geometry", message, place=place, value=other.id)
        return
    edge = _edge_along_gap(a, b)
    if edge.length > _LONG_M:
        along = shapely.points(shapely.get_coordinates(shapely.segmentize(edge, _STEP_M)))
        width = float(shapely.distance(along, b).mean())
        message = (
            f"and {other.id} leave a gap {width * 100:.1f} cm wide and {edge.length:,.0f} m long."
        )
        place = place_of(from_4548(edge.centroid))
        yield found("sliver-gap", layer, one, "geometry", message, place=place, value=other.id)


def _edge_along_gap(a: BaseGeometry, b: BaseGeometry) -> BaseGeometry:
    """Return where the boundary of one area runs beside another without touching it."""
    near = shapely.intersection(a.boundary, shapely.buffer(b, SLIVER_WIDTH_M))
    return shapely.difference(near, shapely.buffer(b, _TOUCH_M))


_TOUCH_M = 1e-3
_STEP_M = 1.0
_LONG_M = 3 * SLIVER_WIDTH_M
"""A boundary that only leaves a common corner is beside its neighbour for less than that."""
