"""The description of edits in OpenAPI 3.0: what `app.api.transactions` takes and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.links import GEOJSON, HTML, PROBLEM
from layers.bodies import ID_PATTERN
from layers.crs import published_crs

from .transactions import LONGEST_KEY, MERGE_PATCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.model import Layer

Schema = dict[str, Any]

SECURITY_SCHEMES: Schema = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of atlas token add"},
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "The same token as the password; the user name is not looked at",
    },
}

PROBLEM_CONTENT: Schema = {
    PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}},
    HTML: {"schema": {"type": "string"}},
}

ID_SCHEMA: Schema = {"type": "string", "maxLength": 200, "pattern": ID_PATTERN}

_SECURITY: list[Schema] = [{"token": []}, {"password": []}]
_COPIED = (
    "enum", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems",
    "maxItems", "uniqueItems", "title",
)  # fmt: skip
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_PATH = {"$ref": "#/components/parameters/featureId"}
_WORDS = [
    {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string"},
    }
    for name, description in (
        ("message", "What was changed and why; it stands in the history"),
        ("reason", "Why warnings may pass"),
    )
]
_COMMON = [{"$ref": f"#/components/parameters/{name}"} for name in ("f", "lang")]


def items_operations(layer: Layer) -> Schema:
    """Return what can be done with the items of a collection beside reading them."""
    created = {
        "description": "The new item; without it where it is shown to nobody",
        "headers": {"Location": _header("Address of the item"), "ETag": _header("Its state")},
        "content": {GEOJSON: {"schema": {"$ref": "#/components/schemas/Feature"}}},
    }
    return {
        "post": {
            **_edit(layer, "createItem", "add an item", {"201": created}, 400, 409, 413, 422),
            "parameters": [_content_crs(), _key(), *_WORDS, *_COMMON],
            "requestBody": _body(layer, GEOJSON),
        },
        "options": _options(layer, "getItemsOptions", []),
    }


def item_operations(layer: Layer) -> Schema:
    """Return what can be done with one item of a collection beside reading it."""
    shown = {
        "description": "The item as it is now",
        "headers": {"ETag": _header("Its state")},
        "content": {GEOJSON: {"schema": {"$ref": "#/components/schemas/Feature"}}},
    }
    failures = (400, 404, 409, 412, 413, 422, 428)
    body = {"parameters": [_PATH, _if_match(), _content_crs(), _key(), *_WORDS, *_COMMON]}
    removed = {"204": {"description": "The item is gone from the collection"}}
    return {
        "put": {
            **_edit(layer, "replaceItem", "replace an item", {"200": shown}, *failures),
            **body,
            "requestBody": _body(layer, GEOJSON),
        },
        "patch": {
            **_edit(layer, "updateItem", "change an item", {"200": shown}, *failures),
            **body,
            "requestBody": _body(layer, MERGE_PATCH, partial=True),
        },
        "delete": {
            **_edit(layer, "deleteItem", "remove an item", removed, 400, 404, 409, 412, 428),
            "parameters": [_PATH, _if_match(), _key(), *_WORDS, *_COMMON],
        },
        "options": _options(layer, "getItemOptions", [_PATH]),
    }


def _edit(layer: Layer, name: str, what: str, answers: Schema, *failures: int) -> Schema:
    problem = {"$ref": "#/components/responses/Problem"}
    refusals = {str(each): problem for each in (*failures, 401, 403, 500, 503)}
    return {
        "operationId": f"{layer.id}.{name}",
        "summary": f"{layer.title}: {what}",
        "security": _SECURITY,
        "responses": answers | dict(sorted(refusals.items())),
    }


def _options(layer: Layer, name: str, parameters: list[Schema]) -> Schema:
    allowed = {"description": "What can be done", "headers": {"Allow": _header("Methods")}}
    return {
        "operationId": f"{layer.id}.{name}",
        "summary": f"{layer.title}: methods",
        "parameters": parameters,
        "responses": {"204": allowed, "503": {"$ref": "#/components/responses/Problem"}},
    }


def _header(description: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}}


def _content_crs() -> Schema:
    # Part 2 writes a URI in angle brackets; QGIS leaves them out.
    uris = [each.uri for each in published_crs()]
    return {
        "name": "Content-Crs",
        "in": "header",
        "description": "In which system the coordinates are; CRS84 without it",
        "schema": {"type": "string", "enum": [*(f"<{uri}>" for uri in uris), *uris]},
    }


def _if_match() -> Schema:
    return {
        "name": "If-Match",
        "in": "header",
        "description": "ETag of the state that is changed",
        "schema": {"type": "string"},
    }


def _key() -> Schema:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Names the edit: sent again, it is done once",
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    }


def _body(layer: Layer, media_type: str, *, partial: bool = False) -> Schema:
    return {
        "required": True,
        "content": {media_type: {"schema": feature_schema(layer, partial=partial)}},
    }


def feature_schema(layer: Layer, *, partial: bool = False) -> Schema:
    """Return the schema of a feature that is written, or of a merge patch of one."""
    declared = layer.schema["properties"]
    columns = {name: _open_api(each) for name, each in declared.items()}
    if layer.id_column in columns:
        columns[layer.id_column] |= ID_SCHEMA | {"nullable": True}
    properties: Schema = {"type": "object", "properties": columns}
    required = [name for name in layer.schema["required"] if name != layer.id_column]
    if required and not partial:
        properties["required"] = required
    return {
        "type": "object",
        **({} if partial else {"required": ["type", "geometry", "properties"]}),
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "geometry": {"$ref": "#/components/schemas/Geometry"},
            "properties": properties,
        }
        | ({} if partial else {"id": ID_SCHEMA}),
    }


def _open_api(declared: Mapping[str, Any]) -> Schema:
    """Return a JSON Schema of the catalogue as OpenAPI 3.0 writes it."""
    types = declared.get("type", [])
    names = [types] if isinstance(types, str) else list(types)
    schema: Schema = {name: declared[name] for name in _COPIED if name in declared}
    for name, bound in _EXCLUSIVE.items():
        if name in declared:
            schema |= {bound: declared[name], name: True}
    if "null" in names:
        schema["nullable"] = True
    kinds = [name for name in names if name != "null"]
    if len(kinds) == 1:
        schema["type"] = kinds[0]
    elif kinds:
        schema["anyOf"] = [{"type": kind} for kind in kinds]
    if "items" in declared:
        schema["items"] = _open_api(declared["items"])
    if "properties" in declared:
        schema["properties"] = {n: _open_api(each) for n, each in declared["properties"].items()}
        schema["required"] = list(declared.get("required", [])) or None
        schema = {name: value for name, value in schema.items() if value is not None}
    return schema


def _coordinates(depth: int) -> Schema:
    position: Schema = {
        "type": "array",
        "minItems": 2,
        "maxItems": 3,
        "items": {"type": "number"},
    }
    for _ in range(depth):
        position = {"type": "array", "items": position}
    return position


GEOMETRY_SCHEMA: Schema = {
    "nullable": True,
    "oneOf": [
        {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {
                "type": {"type": "string", "enum": [kind]},
                "coordinates": _coordinates(depth),
            },
        }
        for kind, depth in (
            ("Point", 0),
            ("MultiPoint", 1),
            ("LineString", 1),
            ("MultiLineString", 2),
            ("Polygon", 2),
            ("MultiPolygon", 3),
        )
    ],
}
"""RFC 7946, section 3.1, without collections of geometries."""
