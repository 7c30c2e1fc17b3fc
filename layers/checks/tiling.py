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
    pairs = np.array(sorted(_pairs(suspects[left], right)), dtype=np.intp).reshape(-1, 2)
    yield from _overlaps_and_gaps(layer, areas, metric, pairs)


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


def _overlaps_and_gaps(
    layer: Layer,
    areas: Sequence[Feature],
    metric: NDArray[np.object_],
    pairs: NDArray[np.intp],
) -> Iterator[Finding]:
    ones, others = metric[pairs[:, 0]], metric[pairs[:, 1]]
    shared = shapely.intersection(ones, others)
    overlap = shapely.area(shared) > NOISE_M2
    gaps = np.full(len(pairs), None, dtype=object)
    gaps[~overlap] = _edges_along_gaps(metric, pairs[~overlap])
    gapes = shapely.length(gaps) > _LONG_M
    for at in np.flatnonzero(overlap | gapes).tolist():
        one, other = (areas[place] for place in pairs[at].tolist())
        if overlap[at]:
            yield _overlap(layer, one, other, shared[at])
        else:
            yield _gap(layer, one, other, gaps[at], others[at])


def _overlap(layer: Layer, one: Feature, other: Feature, shared: BaseGeometry) -> Finding:
    width = 2 * shared.area / shared.length
    sliver = width < SLIVER_WIDTH_M
    message = f"overlaps {other.id} by {shared.area:,.2f} m²" + (
        f", {width * 100:.1f} cm wide." if sliver else "."
    )
    code = "sliver-overlap" if sliver else "overlap"
    place = place_of(from_4548(shared))
    return found(code, layer, one, "geometry", message, place=place, value=other.id)


def _gap(
    layer: Layer, one: Feature, other: Feature, edge: BaseGeometry, beside: BaseGeometry
) -> Finding:
    along = shapely.points(shapely.get_coordinates(shapely.segmentize(edge, _STEP_M)))
    width = float(shapely.distance(along, beside).mean())
    message = f"and {other.id} leave a gap {width * 100:.1f} cm wide and {edge.length:,.0f} m long."
    place = place_of(from_4548(edge.centroid))
    return found("sliver-gap", layer, one, "geometry", message, place=place, value=other.id)


def _edges_along_gaps(metric: NDArray[np.object_], pairs: NDArray[np.intp]) -> NDArray[np.object_]:
    """Return where the boundary of one area runs beside another without touching it, by pair."""
    # An area has several neighbours: what is put around it is put around it once.
    others, places = np.unique(pairs[:, 1], return_inverse=True)
    wide = shapely.buffer(metric[others], SLIVER_WIDTH_M)
    near = shapely.intersection(shapely.boundary(metric[pairs[:, 0]]), wide[places])
    edges: NDArray[np.object_] = shapely.difference(
        near, shapely.buffer(metric[others], _TOUCH_M)[places]
    )
    return edges


_TOUCH_M = 1e-3
_STEP_M = 1.0
_LONG_M = 3 * SLIVER_WIDTH_M
"""A boundary that only leaves a common corner is beside its neighbour for less than that."""
