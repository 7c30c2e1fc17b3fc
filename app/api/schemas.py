"""What the features of a collection look like, and what they can be filtered and sorted by.

OGC API - Features Part 5 (schemas) and Part 3, section 6 (queryables).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep
from app.i18n import parse_language
from app.links import SCHEMA, address
from layers.filters import GEOMETRY, queryable_kinds

from .answers import json_answer
from .parameters import refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from layers.model import Layer

_PART_5 = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/"

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    *(
        f"{_PART_5}{name}"
        for name in (
            "schemas",
            "core-roles-features",
            "queryables",
            "sortables",
            "returnables-and-receivables",
        )
    ),
)

router = APIRouter(prefix="/api")

_ROLES = {"valid_from": "primary-interval-start", "valid_to": "primary-interval-end"}
_COPIED = ("format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum")


@router.api_route("/collections/{collection_id}/schema", methods=["GET", "HEAD"])
def get_schema(request: Request, atlas: AtlasDep, collection_id: str) -> Response:
    """Return the JSON Schema of a collection's features, with the role of each property."""
    layer = atlas.layer(collection_id).layer
    document = _schema(request, layer, layer.schema["properties"], "schema")
    document["required"] = list(layer.schema["required"])
    geometry = document["properties"].pop(GEOMETRY)
    # QGIS sorts the columns by name where their order is not said.
    for number, each in enumerate(document["properties"].values(), 1):
        each["x-ogc-propertySeq"] = number
    document["properties"] = {GEOMETRY: geometry, **document["properties"]}
    return json_answer(request, document, SCHEMA)


@router.api_route("/collections/{collection_id}/queryables", methods=["GET", "HEAD"])
def get_queryables(request: Request, atlas: AtlasDep, collection_id: str) -> Response:
    """Return the JSON Schema of what a collection's features can be filtered by."""
    layer = atlas.layer(collection_id).layer
    kinds = queryable_kinds(layer)
    document = _schema(request, layer, kinds, "queryables")
    return json_answer(request, document | {"additionalProperties": False}, SCHEMA)


@router.api_route("/collections/{collection_id}/sortables", methods=["GET", "HEAD"])
def get_sortables(request: Request, atlas: AtlasDep, collection_id: str) -> Response:
    """Return the JSON Schema of what a collection's features can be sorted by."""
    layer = atlas.layer(collection_id).layer
    names = [
        name for name, kind in queryable_kinds(layer).items() if kind not in {"geometry", "list"}
    ]
    document = _schema(request, layer, names, "sortables")
    document["properties"].pop(GEOMETRY)
    return json_answer(request, document | {"additionalProperties": False}, SCHEMA)


def _schema(request: Request, layer: Layer, names: Iterable[str], name: str) -> dict[str, Any]:
    refuse_unknown(request)
    english = parse_language(request.query_params.get("lang")) == "en"
    properties = {each: property_schema(layer, each, english=english) for each in names}
    properties[GEOMETRY] = _geometry(layer, english=english)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address(request, f"/api/collections/{layer.id}/{name}"),
        "type": "object",
        "title": layer.title_en if english else layer.title,
        "properties": properties,
    }


def property_schema(layer: Layer, name: str, *, english: bool = False) -> dict[str, Any]:
    """Return what is declared of a property, in the words that clients understand.

    A type stands alone: that a value may be missing is said by `required`, since QGIS takes no
    property that has two types.
    """
    if name == "id":
        return {"title": "Id" if english else "编号", "type": "string", "x-ogc-role": "id"}
    declared: Mapping[str, Any] = layer.schema["properties"].get(name, {})
    shown: dict[str, Any] = {"title": layer.title_of(name, english=english)}
    shown["type"] = _type(declared)
    if "enum" in declared:
        shown["enum"] = [value for value in declared["enum"] if value is not None]
    if shown["type"] == "array":
        shown["items"] = {"type": _type(declared.get("items", {}))}
    shown |= {key: declared[key] for key in _COPIED if key in declared}
    if name in _ROLES:
        shown["x-ogc-role"] = _ROLES[name]
    return shown


def _type(declared: Mapping[str, Any]) -> str:
    given = declared.get("type", "string")
    names = [given] if isinstance(given, str) else [each for each in given if each != "null"]
    return "number" if {"integer", "number"} <= set(names) else str(names[0])


def _geometry(layer: Layer, *, english: bool) -> dict[str, Any]:
    kinds = sorted({kind.lower() for kind in layer.geometry_types}, key=len)
    pair = len(kinds) == 2 and kinds[1] == f"multi{kinds[0]}"
    return {
        "title": "Geometry" if english else "几何",
        "format": f"geometry-{'-or-'.join(kinds) if pair or len(kinds) == 1 else 'any'}",
        "x-ogc-role": "primary-geometry",
    }
