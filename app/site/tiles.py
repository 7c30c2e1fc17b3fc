"""The vector tiles of all layers in one file."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import morecantile
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write

from layers.tiles import find_matrix_set
from layers.tiles.matrices import WEB_MERCATOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from layers.model import BBox
    from layers.snapshot import Atlas

_FINEST = 14
"""Zoom beyond which a map enlarges tiles: a unit is half a metre here."""

_MOST = 20_000
"""Tiles of one zoom; a layer that spans the world would have millions."""

_E7 = 10_000_000


def write_tiles(path: Path, atlas: Atlas, tilejson: Mapping[str, Any]) -> int:
    """Write all tiles that hold something as PMTiles (specification, version 3).

    Parameters
    ----------
    tilejson : Mapping
        What the application says of the tiles: title, attribution and layers.

    Returns
    -------
    int
        How many there are; without any no file is written.
    """
    box = _whole(atlas)
    made = sorted(_tiles(atlas, box)) if box is not None else []
    if box is None or not made:
        return 0
    west, south, east, north = (round(each * _E7) for each in box)
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": 11,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }
    kept = ("name", "description", "attribution", "vector_layers")
    with write(str(path)) as archive:
        for number, content in made:
            archive.write_tile(number, gzip.compress(content, mtime=0))
        archive.finalize(header, {name: tilejson[name] for name in kept})
    return len(made)


def _whole(atlas: Atlas) -> BBox | None:
    found: BBox | None = None
    for each in atlas.layers.values():
        if each.bbox is not None:
            found = each.bbox if found is None else found.union(each.bbox)
    return found


def _tiles(atlas: Atlas, box: BBox) -> Iterator[tuple[int, bytes]]:
    """Yield the number (PMTiles, section 4.1) and the bytes of each tile."""
    matrices, grid = find_matrix_set(WEB_MERCATOR), morecantile.tms.get(WEB_MERCATOR)
    for zoom in range(_FINEST + 1):
        tiles = list(_first(grid.tiles(*box, zooms=[zoom])))
        if len(tiles) > _MOST:
            return
        for x, y, z in tiles:
            where = matrices.tile(str(z), str(y), str(x))
            # Each layer is a field of the tile, so that tiles are joined by joining their bytes.
            content = b"".join(each.tiles.tile(matrices, where) for each in atlas.layers.values())
            if content:
                yield zxy_to_tileid(z, x, y), content


def _first(tiles: Iterator[Any]) -> Iterator[Any]:
    for number, each in enumerate(tiles):
        if number > _MOST + 1:
            return
        yield each
