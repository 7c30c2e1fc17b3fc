"""The paths of tiles in the API's description (OGC API - Tiles Part 1, section 13).

Operations are named by the suffixes of its table: ``collection.vector.getTile`` and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.links import MVT, STYLE
from layers.tiles import matrix_sets

from .operations import content, in_path, reference
from .operations import get as described

if TYPE_CHECKING:
    from layers.snapshot import Atlas

    from .operations import Schema

TILE_SCHEMAS: Schema = {
    name: {
        "type": "object",
        "required": [member],
        "properties": {member: {"type": "array", "items": {"type": "object"}}},
    }
    for name, member in (
        ("TileMatrixSets", "tileMatrixSets"),
        ("TileMatrixSet", "tileMatrices"),
        ("TileSets", "tilesets"),
        ("Style", "layers"),
    )
} | {"TileSet": {"type": "object"}, "Tile": {"type": "string", "format": "binary"}}
"""What these paths answer, as shared components."""

_JSON_ONLY = ("json",)
_TILE = "/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"


def tile_paths(atlas: Atlas) -> Schema:
    """Return the paths of everything that has to do with tiles."""
    paths = {
        "/tileMatrixSets": described(
            "getTileMatrixSetsList", "Tile matrix sets", "TileMatrixSets", formats=_JSON_ONLY
        ),
        "/tileMatrixSets/{tileMatrixSetId}": described(
            "getTileMatrixSet",
            "A tile matrix set",
            "TileMatrixSet",
            parameters=[reference("tileMatrixSetId")],
            formats=_JSON_ONLY,
            missing=True,
        ),
        "/style": _style("getStyle", "MapLibre style of all tiles"),
        **_tilesets("", "dataset", "All collections"),
    }
    for snapshot in atlas.layers.values():
        layer = snapshot.layer
        path, name = f"/collections/{layer.id}", f"{layer.id}.collection"
        paths |= _tilesets(path, name, layer.title)
        paths[f"{path}/style"] = _style(f"{layer.id}.getStyle", f"{layer.title}: MapLibre style")
        paths[f"{path}/revisions/{{revisionId}}/tiles{_TILE}"] = _tile(
            f"{name}.revision.vector.getTile",
            f"{layer.title}: a tile of a revision",
            ["revisionId"],
        )
    return paths


def tile_parameters() -> Schema:
    """Return the parameters of these paths, as shared components."""
    number = {"type": "string", "pattern": "^[0-9]+$"}
    sets = {"type": "string", "enum": [*matrix_sets()]}
    return {
        "tileMatrixSetId": in_path("tileMatrixSetId", "Id of a tile matrix set", sets),
        "tileMatrix": in_path("tileMatrix", "Number of a tile matrix, as of a zoom", number),
        "tileRow": in_path("tileRow", "Row from the north", number),
        "tileCol": in_path("tileCol", "Column from the west", number),
        "revisionId": in_path(
            "revisionId", "Number of a revision and digest of its bytes", {"type": "string"}
        ),
    }


def _style(operation: str, summary: str) -> Schema:
    return described(operation, summary, "Style", media_type=STYLE, formats=_JSON_ONLY)


def _tilesets(path: str, name: str, title: str) -> Schema:
    return {
        f"{path}/tiles": described(
            f"{name}.vector.getTileSetsList", f"{title}: tilesets", "TileSets", formats=_JSON_ONLY
        ),
        f"{path}/tiles/{{tileMatrixSetId}}": described(
            f"{name}.vector.getTileSet",
            f"{title}: a tileset",
            "TileSet",
            parameters=[reference("tileMatrixSetId")],
            formats=["json", "tilejson"],
            missing=True,
        ),
        f"{path}/tiles{_TILE}": _tile(f"{name}.vector.getTile", f"{title}: a tile", []),
    }


def _tile(operation: str, summary: str, more: list[str]) -> Schema:
    where = [*more, "tileMatrixSetId", "tileMatrix", "tileRow", "tileCol"]
    return described(
        operation,
        summary,
        "Tile",
        parameters=[reference(name) for name in where],
        formats=["mvt"],
        missing=True,
        answers={
            "200": content(summary, MVT, "Tile"),
            "204": {"description": "A tile in which nothing is"},
        },
    )
