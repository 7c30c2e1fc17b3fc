"""Vector tiles (OGC API - Tiles Part 1; Two Dimensional Tile Matrix Set and Tile Set Metadata 2.0).

Tiles of what is published now have short addresses, those of one revision an address for ever.
Templates are written with their braces as they are: QGIS draws nothing where they are encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.links import JSON, MVT, POINTER, STYLE, Link, address, link
from app.maps.vector_style import style_layers
from layers.crs import CRS84_URI
from layers.tiles import find_matrix_set, matrix_sets
from layers.tiles.matrices import WEB_MERCATOR

from .answers import json_answer
from .features import sent
from .parameters import refuse_unknown
from .reads import tile_answer
from .whole import find_revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.wording import Wording
    from layers.model import BBox
    from layers.served import ServedLayer
    from layers.snapshot import Atlas
    from layers.tiles import MatrixSet

_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
_TMS = "http://www.opengis.net/spec/tms/2.0/conf/"
CONFORMANCE = (
    *(
        f"{_TILES}{name}"
        for name in (
            "core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt",
            "oas30",
        )
    ),
    f"{_TMS}tilematrixset",
    f"{_TMS}json-tilematrixset",
    f"{_TMS}tilesetmetadata",
    f"{_TMS}json-tilesetmetadata",
)  # fmt: skip

_OGC = "http://www.opengis.net/def/rel/ogc/1.0/"
_FINEST = 18
"""Zoom beyond which a map enlarges tiles: a unit is 4 cm here."""

_JSON_ONLY = ("json",)
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}

router = APIRouter(prefix="/api")


@dataclass(frozen=True)
class _Tiled:
    """What has tilesets: a collection, or all of them together.

    Attributes
    ----------
    path : str
        Of the collection or of the API.
    """

    path: str
    title: str
    description: str
    attribution: str
    layers: Sequence[ServedLayer]

    @property
    def bbox(self) -> BBox | None:
        """Of everything in it."""
        found: BBox | None = None
        for each in self.layers:
            if each.bbox is not None:
                found = each.bbox if found is None else found.union(each.bbox)
        return found


@router.api_route("/tileMatrixSets", methods=["GET", "HEAD"])
def get_tile_matrix_sets(request: Request) -> Response:
    """Return in which tile matrix sets there are tiles."""
    refuse_unknown(request, formats=_JSON_ONLY)
    listed = [
        {
            "id": each.id,
            "title": each.title,
            "uri": each.uri,
            "crs": each.crs,
            "links": [link(_definition(request, each), "self", JSON, each.title)],
        }
        for each in matrix_sets().values()
    ]
    links = [link(address(request, "/api/tileMatrixSets"), "self", JSON, "This document")]
    return json_answer(request, {"links": links, "tileMatrixSets": listed})


@router.api_route("/tileMatrixSets/{tile_matrix_set_id}", methods=["GET", "HEAD"])
def get_tile_matrix_set(request: Request, tile_matrix_set_id: str) -> Response:
    """Return the definition of a tile matrix set, as it is registered."""
    refuse_unknown(request, formats=_JSON_ONLY)
    return json_answer(request, find_matrix_set(tile_matrix_set_id).document)


@router.api_route("/collections/{collection_id}/tiles", methods=["GET", "HEAD"])
def get_collection_tilesets(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, collection_id: str
) -> Response:
    """Return the tilesets of a collection."""
    refuse_unknown(request, formats=_JSON_ONLY)
    words = _words(request, atlas, templates)
    return _tilesets(request, _collection(words, atlas.layer(collection_id)))


@router.api_route(
    "/collections/{collection_id}/tiles/{tile_matrix_set_id}", methods=["GET", "HEAD"]
)
def get_collection_tileset(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    collection_id: str,
    tile_matrix_set_id: str,
) -> Response:
    """Return what is known of a tileset of a collection."""
    words = _words(request, atlas, templates)
    return _tileset(request, _collection(words, atlas.layer(collection_id)), tile_matrix_set_id)


@router.api_route(
    "/collections/{collection_id}/tiles/{tile_matrix_set_id}/{tile_matrix}/{tile_row}/{tile_col}",
    methods=["GET", "HEAD"],
)
def get_collection_tile(
    request: Request,
    atlas: AtlasDep,
    collection_id: str,
    tile_matrix_set_id: str,
    tile_matrix: str,
    tile_row: str,
    tile_col: str,
) -> Response:
    """Return a tile of what is published now."""
    refuse_unknown(request, formats=["mvt"])
    where = tile_matrix_set_id, tile_matrix, tile_row, tile_col
    return _tile(request, [atlas.layer(collection_id)], where, is_immutable=False)


@router.api_route(
    "/collections/{collection_id}/revisions/{revision_id}/tiles"
    "/{tile_matrix_set_id}/{tile_matrix}/{tile_row}/{tile_col}",
    methods=["GET", "HEAD"],
)
def get_revision_tile(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    collection_id: str,
    revision_id: str,
    tile_matrix_set_id: str,
    tile_matrix: str,
    tile_row: str,
    tile_col: str,
) -> Response:
    """Return a tile of a collection as it was published; these bytes never change."""
    refuse_unknown(request, formats=["mvt"])
    where = tile_matrix_set_id, tile_matrix, tile_row, tile_col
    snapshot = find_revision(published, atlas, collection_id, revision_id)
    # What a number alone names can change: something in it may become internal.
    return _tile(request, [snapshot], where, is_immutable=revision_id == snapshot.revision_id)


@router.api_route("/collections/{collection_id}/style", methods=["GET", "HEAD"])
def get_collection_style(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, collection_id: str
) -> Response:
    """Return a MapLibre style that draws the tiles of a collection."""
    refuse_unknown(request, formats=_JSON_ONLY)
    words = _words(request, atlas, templates)
    return _style(request, words, _collection(words, atlas.layer(collection_id)))


@router.api_route("/tiles", methods=["GET", "HEAD"])
def get_tilesets(request: Request, atlas: AtlasDep, templates: TemplatesDep) -> Response:
    """Return the tilesets of all collections together."""
    refuse_unknown(request, formats=_JSON_ONLY)
    return _tilesets(request, _everything(_words(request, atlas, templates), atlas))


@router.api_route("/tiles/{tile_matrix_set_id}", methods=["GET", "HEAD"])
def get_tileset(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, tile_matrix_set_id: str
) -> Response:
    """Return what is known of a tileset of all collections together."""
    everything = _everything(_words(request, atlas, templates), atlas)
    return _tileset(request, everything, tile_matrix_set_id)


@router.api_route(
    "/tiles/{tile_matrix_set_id}/{tile_matrix}/{tile_row}/{tile_col}", methods=["GET", "HEAD"]
)
def get_tile(
    request: Request,
    atlas: AtlasDep,
    tile_matrix_set_id: str,
    tile_matrix: str,
    tile_row: str,
    tile_col: str,
) -> Response:
    """Return a tile of all collections together."""
    refuse_unknown(request, formats=["mvt"])
    where = tile_matrix_set_id, tile_matrix, tile_row, tile_col
    return _tile(request, list(atlas.layers.values()), where, is_immutable=False)


@router.api_route("/style", methods=["GET", "HEAD"])
def get_style(request: Request, atlas: AtlasDep, templates: TemplatesDep) -> Response:
    """Return a MapLibre style that draws the tiles of all collections."""
    refuse_unknown(request, formats=_JSON_ONLY)
    words = _words(request, atlas, templates)
    return _style(request, words, _everything(words, atlas))


def _tile(
    request: Request,
    snapshots: Sequence[ServedLayer],
    where: tuple[str, str, str, str],
    *,
    is_immutable: bool,
) -> Response:
    matrix_set = find_matrix_set(where[0])
    tile = matrix_set.tile(*where[1:])
    # Each layer is a field of the tile, so that tiles are joined by joining their bytes.
    found = b"".join(each.tiles.tile(matrix_set, tile) for each in snapshots)
    known = request.headers.get("if-none-match", "").encode("latin-1")
    return sent(tile_answer(found, is_immutable=is_immutable, known=known))


def _tilesets(request: Request, tiled: _Tiled) -> Response:
    """Return a list of tilesets (/req/tilesets-list/tileset-links)."""
    path = f"{tiled.path}/tiles"
    tilesets = [
        {
            "title": f"{tiled.title} · {each.title}",
            "dataType": "vector",
            "crs": each.crs,
            "tileMatrixSetURI": each.uri,
            "links": [
                link(address(request, f"{path}/{each.id}"), "self", JSON, tiled.title),
                _scheme(request, each),
            ],
        }
        for each in matrix_sets().values()
    ]
    links = [link(address(request, path), "self", JSON, "This document")]
    return json_answer(request, {"links": links, "tilesets": tilesets})


def _tileset(request: Request, tiled: _Tiled, matrix_set_id: str) -> Response:
    """Return a tileset as the standard describes it, or as TileJSON."""
    matrix_set = find_matrix_set(matrix_set_id)
    # TileJSON knows one way only to cut the globe.
    formats = ["json", "tilejson"] if matrix_set.id == WEB_MERCATOR else _JSON_ONLY
    given = refuse_unknown(request, formats=formats)
    path = f"{tiled.path}/tiles/{matrix_set.id}"
    if given.get("f") == "tilejson":
        template = address(request, f"{path}/{{z}}/{{y}}/{{x}}")
        return json_answer(request, _tilejson(tiled, template), cache=POINTER)
    links = [
        link(address(request, path), "self", JSON, "This document"),
        _scheme(request, matrix_set),
        _template(request, path, "Tiles of what is published now"),
    ]
    if tiled.path != "/api":
        revision = f"{tiled.path}/revisions/{tiled.layers[0].revision_id}/tiles/{matrix_set.id}"
        links.append(_template(request, revision, "Tiles of this revision; they never change"))
    if len(formats) > 1:
        here = address(request, path, {"f": "tilejson"})
        style = address(request, f"{tiled.path}/style")
        links.append(link(here, "alternate", JSON, "TileJSON"))
        links.append(link(style, "stylesheet", STYLE, "MapLibre style"))
    return json_answer(request, _metadata(tiled, matrix_set) | {"links": links}, cache=POINTER)


def _metadata(tiled: _Tiled, matrix_set: MatrixSet) -> dict[str, Any]:
    """Return the metadata of a tileset (OGC 17-083r4, section 9)."""
    document: dict[str, Any] = {
        "title": tiled.title,
        "description": tiled.description,
        "attribution": tiled.attribution,
        "dataType": "vector",
        "crs": matrix_set.crs,
        "tileMatrixSetURI": matrix_set.uri,
        "mediaTypes": [MVT],
        "layers": [layer for each in tiled.layers for layer in _layers(each)],
    }
    if tiled.bbox is not None:
        west, south, east, north = tiled.bbox
        document["boundingBox"] = {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": CRS84_URI,
        }
    return document


def _layers(snapshot: ServedLayer) -> list[dict[str, Any]]:
    layer, tiles = snapshot.layer, snapshot.tiles
    kinds = {_DIMENSIONS[kind.removeprefix("Multi")] for kind in layer.geometry_types}
    described = _layer(layer.id, tiles.fields, kinds) | {"title": layer.title}
    return [described, _layer(f"{layer.id}_labels", tiles.label_fields, {0})]


def _layer(name: str, fields: Mapping[str, str], dimensions: set[int]) -> dict[str, Any]:
    properties = {field: {"type": kind.lower()} for field, kind in fields.items()}
    described: dict[str, Any] = {
        "id": name,
        "dataType": "vector",
        "propertiesSchema": {"type": "object", "properties": properties},
    }
    if len(dimensions) == 1:
        (described["geometryDimension"],) = dimensions
    return described


def _tilejson(tiled: _Tiled, template: str) -> dict[str, Any]:
    """Return a tileset as TileJSON 3.0."""
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": tiled.title,
        "description": tiled.description,
        "attribution": tiled.attribution,
        "scheme": "xyz",
        "tiles": [template],
        "minzoom": 0,
        "maxzoom": _FINEST,
        "vector_layers": [
            layer
            for each in tiled.layers
            for layer in (
                {"id": each.layer.id, "fields": each.tiles.fields},
                {"id": f"{each.layer.id}_labels", "fields": each.tiles.label_fields},
            )
        ],
    }
    if tiled.bbox is not None:
        west, south, east, north = tiled.bbox
        document["bounds"] = [west, south, east, north]
        document["center"] = [(west + east) / 2, (south + north) / 2, 11]
    return document


def _style(request: Request, words: Wording, tiled: _Tiled) -> Response:
    path = f"{tiled.path}/tiles/{WEB_MERCATOR}"
    english = words.language == "en"
    query = {"f": "tilejson", "lang": "en" if english else None}
    source = {"type": "vector", "url": address(request, path, query), "promoteId": "id"}
    document: dict[str, Any] = {
        "version": 8,
        "name": tiled.title,
        "sources": {"atlas": source},
        "layers": [
            each
            for snapshot in tiled.layers
            for each in style_layers(snapshot.layer, "atlas", english=english)
        ],
    }
    if tiled.bbox is not None:
        west, south, east, north = tiled.bbox
        document |= {"center": [(west + east) / 2, (south + north) / 2], "zoom": 10}
    return json_answer(request, document, STYLE, cache=POINTER)


def _collection(words: Wording, snapshot: ServedLayer) -> _Tiled:
    title, description, attribution = (
        words.title(snapshot.layer, name) for name in ("title", "description", "attribution")
    )
    path = f"/api/collections/{snapshot.layer.id}"
    return _Tiled(path, title, description, attribution, [snapshot])


def _everything(words: Wording, atlas: Atlas) -> _Tiled:
    catalogue, snapshots = atlas.catalogue, list(atlas.layers.values())
    sources = dict.fromkeys(words.title(each.layer, "attribution") for each in snapshots)
    attribution = "; ".join(filter(None, sources))
    title, description = words.title(catalogue), words.title(catalogue, "description")
    return _Tiled("/api", title, description, attribution, snapshots)


def _words(request: Request, atlas: Atlas, templates: TemplatesDep) -> Wording:
    return templates.wording(atlas, parse_language(request.query_params.get("lang")))


def _definition(request: Request, matrix_set: MatrixSet) -> str:
    return address(request, f"/api/tileMatrixSets/{matrix_set.id}")


def _scheme(request: Request, matrix_set: MatrixSet) -> Link:
    title = matrix_set.title
    return link(_definition(request, matrix_set), f"{_OGC}tiling-scheme", JSON, title)


def _template(request: Request, path: str, title: str) -> dict[str, Any]:
    href = address(request, f"{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")
    return {**link(href, "item", MVT, title), "templated": True}
