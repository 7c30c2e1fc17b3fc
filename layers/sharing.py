"""Edges that areas share: when one area is changed, its neighbours follow where they had the same.

Two areas share a vertex if both have it to the last published decimal. So a coverage stays one:
nobody has to move the same vertex twice.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import shapely

from .geojson import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from .model import Feature

Position: TypeAlias = tuple[float, float]
Ring: TypeAlias = "tuple[Position, ...]"

_AREAS = frozenset(["Polygon", "MultiPolygon"])
_FEWEST = 3
"""Vertices of a ring, the closing one not counted."""

_ON_EDGE_DEGREES = 3 * 10.0**-DECIMALS
"""How far from an edge a vertex made on it can lie once it is rounded."""


class _Moves(NamedTuple):
    """What was done to a boundary.

    Attributes
    ----------
    vertices : Mapping
        Where single vertices have gone.
    paths : sequence of (Ring, Ring)
        Pieces between two vertices that stayed, with vertices added or taken away.
    """

    vertices: Mapping[Position, Position]
    paths: Sequence[tuple[Ring, Ring]]


def follow(
    before: BaseGeometry | None, after: BaseGeometry | None, others: Iterable[Feature]
) -> list[Feature]:
    """Return the neighbours that change because an area did.

    Parameters
    ----------
    before, after : BaseGeometry or None
        The area in CRS84 degrees; what is no area has no edges to share.
    others : iterable of Feature
        Those near it.

    Returns
    -------
    list of Feature
        Only those that change, each as it is then.
    """
    if before is None or after is None or {before.geom_type, after.geom_type} - _AREAS:
        return []
    moves = _moves(_rings(before), _rings(after))
    followed = []
    for other in others:
        if other.geometry is None or other.geometry.geom_type not in _AREAS:
            continue
        geometry = _moved(other.geometry, moves)
        if geometry is not None:
            followed.append(replace(other, geometry=geometry))
    return followed


def with_vertices(area: BaseGeometry, positions: Iterable[Position]) -> BaseGeometry:
    """Return an area with more vertices, each on the edge that it lies on; others are left out.

    Parameters
    ----------
    area : Polygon or MultiPolygon in CRS84 degrees
    """
    new = list(positions)

    def noded(ring: Ring) -> Ring:
        made: list[Position] = []
        for start, end in zip(ring, (*ring[1:], *ring[:1]), strict=True):
            edge = shapely.LineString([start, end])
            on_it = [
                each
                for each in new
                if each not in ring and edge.distance(shapely.Point(each)) < _ON_EDGE_DEGREES
            ]
            made += [start, *sorted(on_it, key=lambda each: edge.project(shapely.Point(each)))]
        return tuple(made)

    return _rebuilt(area, noded)


def positions_of(geometry: BaseGeometry) -> list[Position]:
    """Return the vertices of a geometry as they are published."""
    return [
        (float(x), float(y)) for x, y in np.round(shapely.get_coordinates(geometry), DECIMALS) + 0.0
    ]


def _rings(area: BaseGeometry) -> list[Ring]:
    oriented = shapely.orient_polygons(area)
    return [_ring(each) for each in shapely.get_rings(shapely.get_parts(oriented))]


def _ring(geometry: BaseGeometry) -> Ring:
    return tuple(positions_of(geometry)[:-1])


def _moves(old: Sequence[Ring], new: Sequence[Ring]) -> _Moves:
    vertices: dict[Position, Position] = {}
    paths: list[tuple[Ring, Ring]] = []
    for one, other in _pairs(old, new):
        for start, gone, come, end in _changes(one, other):
            if len(gone) == len(come):
                vertices.update(zip(gone, come, strict=True))
            elif start is not None and end is not None:
                paths.append(((start, *gone, end), (start, *come, end)))
    return _Moves(vertices, paths)


def _pairs(old: Sequence[Ring], new: Sequence[Ring]) -> Iterator[tuple[Ring, Ring]]:
    """Yield which ring became which: in their order, or by the vertices that they keep."""
    if len(old) == len(new):
        yield from zip(old, new, strict=True)
        return
    for ring in old:
        kept = set(ring)
        best = max(new, key=lambda each: len(kept.intersection(each)), default=())
        if kept.intersection(best):
            yield ring, best


def _changes(old: Ring, new: Ring) -> Iterator[tuple[Position | None, Ring, Ring, Position | None]]:
    """Yield what differs between two states of a ring, each with the vertices that stay around it.

    The vertices around it are None where nothing stays.
    """
    there = set(new)
    first = next((place for place, each in enumerate(old) if each in there), None)
    if first is not None:
        turn = new.index(old[first])
        old, new = (*old[first:], *old[:first]), (*new[turn:], *new[:turn])
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            start, end = (None, None) if first is None else (old[a - 1], old[b % len(old)])
            yield start, old[a:b], new[c:d], end


def _moved(area: BaseGeometry, moves: _Moves) -> BaseGeometry | None:
    """Return an area after the moves of a neighbour; None if it has no part in them."""

    def changed(ring: Ring) -> Ring:
        for old, new in moves.paths:
            ring = _with_path(_with_path(ring, old, new), old[::-1], new[::-1])
        return tuple(moves.vertices.get(each, each) for each in ring)

    rings = [_ring(each) for each in shapely.get_rings(shapely.get_parts(area))]
    after = [changed(each) for each in rings]
    if rings == after or any(len(set(each)) < _FEWEST for each in after):
        return None
    return _rebuilt(area, changed)


def _with_path(ring: Ring, old: Ring, new: Ring) -> Ring:
    """Return a ring with a piece of it replaced, wherever the ring starts."""
    if old[0] not in ring:
        return ring
    start = ring.index(old[0])
    turned = (*ring[start:], *ring[:start], ring[start])
    if turned[: len(old)] != old:
        return ring
    return (*new, *turned[len(old) :])[:-1] if len(old) < len(turned) else new[:-1]


def _rebuilt(area: BaseGeometry, change: Callable[[Ring], Ring]) -> BaseGeometry:
    parts = [
        shapely.Polygon(
            change(_ring(part.exterior)), [change(_ring(hole)) for hole in part.interiors]
        )
        for part in shapely.get_parts(area)
    ]
    return parts[0] if area.geom_type == "Polygon" else shapely.MultiPolygon(parts)
