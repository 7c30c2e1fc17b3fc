"""The paths of tiles in the API's description (OGC API - Tiles Part 1, section 13).

Operations are named by the suffixes of its table: ``collection.vector.getTile`` and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.links import JSON, MVT, STYLE
from layers.tiles import matrix_sets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.snapshot import Atlas

Schema = dict[str, Any]

_TILE = "/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"


def tile_paths(atlas: Atlas) -> Schema:
    """Return the paths of everything that has to do with tiles."""
    paths = {
        "/tileMatrixSets": _get("getTileMatrixSetsList", "Tile matrix sets"),
        "/tileMatrixSets/{tileMatrixSetId}": _get(
            "getTileMatrixSet", "A tile matrix set", path=["tileMatrixSetId"]
        ),
        "/style": _get("getStyle", "MapLibre style of all tiles", media_type=STYLE),
        **_tilesets("", "dataset", "All collections"),
    }
    for snapshot in atlas.layers.values():
        layer = snapshot.layer
        path, name = f"/collections/{layer.id}", f"{layer.id}.collection"
        paths |= _tilesets(path, name, layer.title)
        paths[f"{path}/style"] = _get(
            f"{layer.id}.getStyle", f"{layer.title}: MapLibre style", media_type=STYLE
        )
        paths[f"{path}/revisions/{{revisionId}}/tiles{_TILE}"] = _tile(
            f"{name}.revision.vector.getTile",
            f"{layer.title}: a tile of a revision",
            ["revisionId"],
        )
    return paths


def tile_parameters() -> Mapping[str, Schema]:
    """Return the parameters of these paths, as shared components."""
    number = {"type": "string", "pattern": "^[0-9]+$"}
    return {
        "tileMatrixSetId": _path(
            "tileMatrixSetId",
            "Id of a tile matrix set",
            {"type": "string", "enum": [*matrix_sets()]},
        ),
        "tileMatrix": _path("tileMatrix", "Number of a tile matrix, as of a zoom", number),
        "tileRow": _path("tileRow", "Row from the north", number),
        "tileCol": _path("tileCol", "Column from the west", number),
        "revisionId": _path("revisionId", "Digest of a revision", {"type": "string"}),
    }


def _tilesets(path: str, name: str, title: str) -> Schema:
    return {
        f"{path}/tiles": _get(f"{name}.vector.getTileSetsList", f"{title}: tilesets"),
        f"{path}/tiles/{{tileMatrixSetId}}": _get(
            f"{name}.vector.getTileSet",
            f"{title}: a tileset",
            path=["tileMatrixSetId"],
            formats=["json", "tilejson"],
        ),
        f"{path}/tiles{_TILE}": _tile(f"{name}.vector.getTile", f"{title}: a tile", []),
    }


def _tile(operation: str, summary: str, more: list[str]) -> Schema:
    path = [*more, "tileMatrixSetId", "tileMatrix", "tileRow", "tileCol"]
    described = _get(operation, summary, path=path, media_type=MVT, formats=["mvt"])
    described["get"]["responses"] |= {"204": {"description": "A tile in which nothing is"}}
    return described


def _get(
    operation: str,
    summary: str,
    *,
    path: list[str] | None = None,
    media_type: str = JSON,
    formats: list[str] | None = None,
) -> Schema:
    schema = {"type": "string", "format": "binary"} if media_type == MVT else {"type": "object"}
    problem = {"$ref": "#/components/responses/Problem"}
    given = [*(path or []), "lang", "min_seq"]
    parameters: list[Schema] = [{"$ref": f"#/components/parameters/{name}"} for name in given]
    parameters.append(
        {
            "name": "f",
            "in": "query",
            "description": "Format",
            "required": False,
            "style": "form",
            "explode": False,
            "schema": {"type": "string", "enum": formats or ["json"]},
        }
    )
    answer = {"description": summary, "content": {media_type: {"schema": schema}}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": {"200": answer} | dict.fromkeys(("400", "404", "500", "503"), problem),
        }
    }


def _path(name: str, description: str, schema: Schema) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }
