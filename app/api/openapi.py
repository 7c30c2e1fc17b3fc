"""The API's own description in OpenAPI 3.0 (OGC API - Features Part 1, section 9).

It is written from the catalogue rather than from the routes: clients such as QGIS look for one
literal path per collection, for `limit` among the shared parameters, and for OpenAPI 3.0.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep
from app.links import GEOJSON, OPENAPI, SCHEMA, address
from layers.coverage import STATES
from layers.crs import published_crs
from layers.facets import FACETS
from layers.filters import LANGUAGES

from . import downloads, history, places, stats, whole, years
from .answers import json_answer
from .edit_operations import (
    GEOMETRY_SCHEMA,
    PROBLEM_CONTENT,
    SECURITY_SCHEMES,
    item_operations,
    items_operations,
)
from .openapi_tiles import TILE_SCHEMAS, tile_parameters, tile_paths
from .operations import CHAPTERS, MAPPED, Schema, filter_parameters, in_path, sorting_parameters
from .operations import get as _get
from .operations import query as _query
from .operations import reference as _reference
from .parameters import DEFAULT_LIMIT, FORMATS, INTERVAL_PATTERN, MAXIMUM_LIMIT, refuse_unknown
from .search import LONGEST_QUESTION

if TYPE_CHECKING:
    from layers.model import Layer
    from layers.snapshot import Atlas

CONFORMANCE = ("http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",)

router = APIRouter(prefix="/api")

NUMBERED: Schema = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
"""Number of a version."""


@router.api_route("/openapi", methods=["GET", "HEAD"])
def get_openapi(request: Request, atlas: AtlasDep) -> Response:
    """Return the description of this API."""
    refuse_unknown(request)
    return json_answer(request, describe(atlas, address(request, "/api")), OPENAPI)


def describe(atlas: Atlas, server: str) -> Schema:
    """Return the OpenAPI 3.0 document of the API over a published state."""
    catalogue = atlas.catalogue
    return {
        "openapi": "3.0.3",
        "info": {
            "title": catalogue.title,
            "description": catalogue.description,
            "version": version("shizhong-atlas"),
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": _paths(atlas),
        "components": {
            "parameters": _parameters(),
            "responses": {
                "Problem": {
                    "description": "What is wrong and how to mend it",
                    "content": PROBLEM_CONTENT,
                }
            },
            "schemas": _SCHEMAS | TILE_SCHEMAS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _paths(atlas: Atlas) -> Schema:
    paths = {
        "/": _get("getLandingPage", "Landing page", "LandingPage"),
        "/conformance": _get("getConformance", "Conformance classes", "Conformance"),
        "/collections": _get("getCollections", "All collections", "Collections"),
        "/facets": _get(
            "getFacets", "Counts by facet", "Facets", parameters=_facets(), missing=True
        ),
        "/search": _get("search", "Search by name and word", "Results", parameters=_SEARCH),
        "/indicators": _get("getIndicators", "Figures of the plan", "Indicators"),
        "/plans": _get("getPlans", "Plans", "Plans"),
        **tile_paths(atlas),
        "/at": places.describe(),
        "/stats": stats.describe_all(),
    }
    for plan_id, document in atlas.documents.items():
        paths |= _plan(plan_id, document.outline.title)
    for snapshot in atlas.layers.values():
        layer = snapshot.layer
        path = f"/collections/{layer.id}"
        paths[path] = _get(f"{layer.id}.getCollection", layer.title, "Collection", missing=True)
        for name in ("queryables", "sortables", "schema"):
            paths[f"{path}/{name}"] = _get(
                f"{layer.id}.get{name.capitalize()}",
                f"{layer.title}: {name}",
                "JsonSchema",
                media_type=SCHEMA,
            )
        paths[f"{path}/items"] = _items(layer) | items_operations(layer)
        paths[f"{path}/items/{{featureId}}"] = _item(layer) | item_operations(layer)
        for part in (history, whole, stats, downloads):
            paths |= part.describe(layer)
    return paths


def _plan(plan_id: str, title: str) -> Schema:
    path, name = f"/plans/{plan_id}", plan_id.replace("-", "_")
    chapter = _query(
        "chapter", "Number of a chapter", {"type": "integer", "minimum": 0, "maximum": 999}
    )
    state = _query("state", "State of a sentence", {"type": "string", "enum": list(STATES)})
    versions = [_query(each, "Number of a version", NUMBERED) for each in ("from", "to")]
    return {
        path: _get(f"{name}.get", title, "Plan"),
        f"{path}/coverage": _get(
            f"{name}.getCoverage", "Coverage ledger", "Plan", parameters=[chapter, state]
        ),
        f"{path}/statements": _get(f"{name}.getStatements", "Spatial statements", "Plan"),
        f"{path}/compare": _get(
            f"{name}.compare", "Two versions compared", "Plan", parameters=versions, missing=True
        ),
        f"{path}/proposals/{{featureId}}": _get(
            f"{name}.propose",
            "An area proposed from the plan's words",
            "Feature",
            media_type=GEOJSON,
            parameters=[_reference("featureId")],
            missing=True,
        ),
        **years.describe(plan_id, name),
    }


def _facets() -> list[Schema]:
    schemas: Schema = {"chapter": CHAPTERS, "mapped": MAPPED}
    return [
        _query(facet, "Values, separated by commas", schemas.get(facet, {"type": "string"}))
        for facet in ("collection", *FACETS)
    ]


def _items(layer: Layer) -> Schema:
    names = ["limit", "offset", "after", "revision", "crs", "skipGeometry"]
    return _get(
        f"{layer.id}.getItems",
        f"{layer.title}: items",
        "FeatureCollection",
        media_type=GEOJSON,
        parameters=[
            *map(_reference, names),
            *filter_parameters(layer),
            *sorting_parameters(layer),
        ],
    )


def _item(layer: Layer) -> Schema:
    return _get(
        f"{layer.id}.getItem",
        f"{layer.title}: one item",
        "Feature",
        media_type=GEOJSON,
        parameters=[_reference("featureId"), _reference("revision"), _reference("crs")],
        missing=True,
    )


def _parameters() -> Schema:
    systems = {"type": "string", "format": "uri", "enum": [each.uri for each in published_crs()]}
    in_systems = {name: (text, systems) for name, text in _SYSTEMS.items()}
    return {
        **{name: _query(name, *each) for name, each in (_SHARED | in_systems).items()},
        "featureId": in_path("featureId", "Id of the item", {"type": "string"}),
        **tile_parameters(),
    }


_SHARED: dict[str, tuple[str, Schema]] = {
    "limit": (
        "How many items at most",
        {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT},
    ),
    "offset": (
        "How many items to leave out first",
        {"type": "integer", "minimum": 0, "default": 0},
    ),
    "after": (
        "Id of the item behind which the page begins, as the next links of large collections "
        "have it",
        {"type": "string", "minLength": 1},
    ),
    # The suite of Part 1.0.0 looks for the two bounds, Part 1.0.1 has the alternatives.
    "bbox": (
        "west,south,east,north in CRS84 degrees",
        {
            "type": "array",
            "minItems": 4,
            "maxItems": 6,
            "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            "items": {"type": "number"},
        },
    ),
    "datetime": (
        "RFC 3339 instant or interval of validity",
        {"type": "string", "pattern": INTERVAL_PATTERN},
    ),
    "revision": (
        "Number of an older revision, or the day or moment at which it was the newest",
        {"type": "string", "minLength": 1},
    ),
    "min_seq": (
        "Sequence number that the answer must have reached, else 503",
        {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    ),
    "filter": ("Condition in CQL2", {"type": "string", "minLength": 1}),
    "filter-lang": (
        "Language of the filter",
        {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]},
    ),
    "skipGeometry": ("Whether to leave out geometry", {"type": "boolean", "default": False}),
    "f": ("Format", {"type": "string", "enum": list(FORMATS)}),
    "lang": ("Language of the texts", {"type": "string", "enum": ["zh", "en"]}),
}
_SYSTEMS = {
    "crs": "In which system coordinates are answered",
    "bbox-crs": "In which system the bbox is",
    "filter-crs": "In which system the filter's shapes are",
}
_SEARCH: list[Schema] = [
    _query(
        "q",
        "Name, alias, pinyin, initials, or words of the plan",
        {"type": "string", "maxLength": LONGEST_QUESTION},
    )
    | {"required": True},
    _query("limit", "How many results at most", {"type": "integer", "minimum": 0, "default": 20}),
]
_LINKS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title")},
    },
}
_FEATURE: Schema = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string"},
        "geometry": {"type": "object", "nullable": True},
        "properties": {"type": "object"},
        "links": _LINKS,
    },
}
_COLLECTION: Schema = {
    "type": "object",
    "required": ["id", "links"],
    "properties": {
        "id": {"type": "string"},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "itemType": {"type": "string"},
        "crs": {"type": "array", "items": {"type": "string"}},
        "extent": {"type": "object"},
        "links": _LINKS,
    },
}
_LISTS = {
    "Facets": ("facets", "object"),
    "Results": ("results", "array"),
    "Indicators": ("indicators", "array"),
    "Plans": ("plans", "array"),
    "Revisions": ("revisions", "array"),
    "Revision": ("revision", "integer"),
    "Difference": ("counts", "object"),
    "Place": ("collections", "array"),
    "Statistics": ("numberMatched", "integer"),
    "AllStatistics": ("collections", "array"),
}
_SCHEMAS: Schema = {
    **{
        name: {
            "type": "object",
            "required": [member],
            "properties": {
                member: {"type": kind} | ({"items": {"type": "object"}} if kind == "array" else {})
            },
        }
        for name, (member, kind) in _LISTS.items()
    },
    "Plan": {"type": "object"},
    "JsonSchema": {"type": "object", "required": ["$schema", "properties"]},
    "LandingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {
            "title": {"type": "string"},
            "description": {"type": "string"},
            "links": _LINKS,
        },
    },
    "Conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}},
    },
    "Collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {"links": _LINKS, "collections": {"type": "array", "items": _COLLECTION}},
    },
    "Collection": _COLLECTION,
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": _FEATURE},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
            "links": _LINKS,
        },
    },
    "Feature": _FEATURE,
    "Geometry": GEOMETRY_SCHEMA,
    "Problem": {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "errors": {"type": "array", "items": {"type": "object"}},
        },
    },
}
