"""What is asked: the rows of the table, with the ratios to reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from bench.parcels import BOX, USES

from .peers import Ask, Tile

Asks: TypeAlias = Callable[[Random], "list[Ask] | list[Tile]"]

LARGEST_PAGE = 10_000
_ZOOM = 14


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request.

    Attributes
    ----------
    asks : callable
        Returns the requests of a round, each to be made once before any is made again. Where they
        vary there are more than answers can be kept by a server: the atlas keeps 64 MB.
    targets : Mapping
        How many times as many requests a second as each server; of nginx the least part.
    files : int
        How many of the answers nginx has as files.
    conditional : bool
        Asked with the entity tag of what is there, so that the answer is 304.
    """

    id: str
    title: str
    asks: Asks
    targets: Mapping[str, float] = field(default_factory=dict)
    files: int = 1
    conditional: bool = False


def box(hits: int, count: int, at: Random) -> tuple[float, ...]:
    """Return a box somewhere in a layer of `parcels` that about so many of its features meet."""
    side = math.ceil(math.sqrt(count))
    west, south, east, north = BOX
    cells = math.sqrt(hits) - 1
    width, height = (east - west) / side * cells, (north - south) / side * cells
    # The last rows may be missing.
    x = at.uniform(west, east - width)
    y = at.uniform(south, south + (north - south) * 0.97 - height)
    return (x, y, x + width, y + height)


def tiles_inside() -> list[Tile]:
    """Return the tiles of zoom 14 that lie in the layer whole (WebMercatorQuad)."""
    west, south, east, north = BOX
    left, top = _tile_at(west, north)
    right, bottom = _tile_at(east, south)
    return [
        Tile(_ZOOM, x, y)
        for x in range(math.floor(left) + 1, math.floor(right))
        for y in range(math.floor(top) + 1, math.floor(bottom))
    ]


def _tile_at(longitude: float, latitude: float) -> tuple[float, float]:
    """Return column and row, with fractions (OGC Two Dimensional Tile Matrix Set, annex D.1)."""
    scale = 2**_ZOOM
    sine = math.asinh(math.tan(math.radians(latitude)))
    return (longitude + 180) / 360 * scale, (1 - sine / math.pi) / 2 * scale


def kinds(count: int, revision: str) -> list[Kind]:
    """Return the rows of the table for a layer of so many features."""
    last = count * 9 // 10
    reach: dict[str, dict[str, float]] = {
        "items": {"tipg": 150, "pygeoapi": 150, "mapserver": 300, "nginx": 0.40},
        "bbox45": {"tipg": 28, "pygeoapi": 100, "mapserver": 18, "nginx": 0.15},
        "bbox1841": {"tipg": 100, "pygeoapi": 120, "mapserver": 60, "nginx": 0.55},
        "item": {"tipg": 25, "pygeoapi": 80, "mapserver": 300, "nginx": 0.25},
        "offset": {"tipg": 1000, "pygeoapi": 400, "mapserver": 1000, "nginx": 0.6},
        "filter": {"tipg": 80, "pygeoapi": 80, "mapserver": 500, "nginx": 0.2},
        "pages": {"tipg": 100, "pygeoapi": 100, "mapserver": 80, "nginx": 0.8},
        "tile": {"tipg": 20, "mapserver": 20, "nginx": 0.25},
    }

    def same(ask: Ask) -> Asks:
        return lambda _: [ask]

    def boxes(hits: int, number: int) -> Asks:
        limit = min(LARGEST_PAGE, 3 * hits)
        return lambda at: [Ask(limit=limit, bbox=box(hits, count, at)) for _ in range(number)]

    def ids(at: Random) -> list[Ask]:
        return [Ask(item=f"JN-{each:07d}") for each in at.sample(range(count), count)]

    def offsets(at: Random) -> list[Ask]:
        near = range(last - count // 20, last + count // 20)
        return [Ask(limit=100, offset=each) for each in at.sample(near, len(near))]

    def streets(at: Random) -> list[Ask]:
        pairs = [(street, offset) for street in range(200) for offset in range(0, count // 1000)]
        at.shuffle(pairs)
        return [
            Ask(limit=100, offset=offset, equal=("street", f"街道{street}"))
            for street, offset in pairs
        ]

    def pages(_: Random) -> list[Ask]:
        return [Ask(limit=LARGEST_PAGE, offset=each) for each in range(0, count, LARGEST_PAGE)]

    fixed = Random(5)  # noqa: S311
    one, many = boxes(45, 1)(fixed)[0], boxes(1841, 1)(fixed)[0]
    assert isinstance(one, Ask)
    assert isinstance(many, Ask)
    item = Ask(item=f"JN-{count // 2:07d}")
    equal = Ask(limit=100, equal=("use", USES[0]))
    again, new = "the same", "another each"
    return [
        Kind("items", "items limit=100", same(Ask(limit=100)), reach["items"]),
        Kind("bbox45-same", f"bbox, 45 hits, {again}", same(one), reach["bbox45"]),
        Kind("bbox45", f"bbox, 45 hits, {new}", boxes(45, 20_000), reach["bbox45"], files=1000),
        Kind("bbox1841-same", f"bbox, 1,841 hits, {again}", same(many), reach["bbox1841"]),
        Kind(
            "bbox1841", f"bbox, 1,841 hits, {new}", boxes(1841, 500), reach["bbox1841"], files=100
        ),
        Kind("item-same", f"single item, {again}", same(item), reach["item"]),
        Kind("item", f"single item, {new}", ids, reach["item"], files=2000),
        Kind("offset-same", f"offset {last:,}, {again}", same(Ask(100, last)), reach["offset"]),
        Kind("offset", f"offset about {last:,}, {new}", offsets, reach["offset"], files=1000),
        Kind("filter-same", f"filter, limit=100, {again}", same(equal), reach["filter"]),
        Kind("filter", f"filter, limit=100, {new}", streets, reach["filter"], files=1000),
        Kind("pages", "whole layer by 10,000", pages, reach["pages"], files=10),
        Kind("tile", "tile z14, warm", lambda _: tiles_inside(), reach["tile"], files=100),
        Kind(
            "304",
            "304 on a revision",
            same(Ask(revision=revision)),
            {"nginx": 0.3},
            conditional=True,
        ),
    ]


COLD = {"tipg": 3.0, "mapserver": 2.0}
"""Targets of tiles that nobody has asked for before."""
