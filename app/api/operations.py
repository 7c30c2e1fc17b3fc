"""The parts that the operations of the OpenAPI document are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.links import HTML, JSON
from layers.filters import queryable_kinds

from .parameters import queryable_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.model import Layer

Schema = dict[str, Any]

CHAPTERS: Schema = {"type": "string", "pattern": "^([0-9]{1,9}(,[0-9]{1,9})*)?$"}
"""Numbers of chapters, separated by commas."""

MAPPED: Schema = {"type": "string", "pattern": "^((true|false)(,(true|false))*)?$"}
"""Whether a feature has a geometry."""

_PROBLEM: Schema = {"$ref": "#/components/responses/Problem"}


def get(
    operation: str,
    summary: str,
    schema: str,
    *,
    media_type: str = JSON,
    parameters: Sequence[Schema] = (),
    formats: Sequence[str] = (),
    missing: bool = False,
    refusals: Sequence[str] = (),
    answers: Mapping[str, Schema] | None = None,
) -> Schema:
    """Return the description of a path that is read.

    Parameters
    ----------
    schema : str
        Name of the schema of what it answers.
    formats : sequence of str
        Values of ``f`` that it knows, where they are not those of most resources.
    missing : bool
        Whether there may be nothing there (404).
    refusals : sequence of str
        Other codes of problems.
    answers : Mapping, optional
        Answers by their code, in place of the usual 200.
    """
    page = not formats or "html" in formats
    given = answers or {"200": content(summary, media_type, schema, page=page)}
    own_format = query("f", "Format", {"type": "string", "enum": [*formats]})
    shared = [own_format if formats else reference("f"), *map(reference, ("lang", "min_seq"))]
    codes = ["400", *(["404"] if missing else []), *refusals, "500", "503"]
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [*parameters, *shared],
            "responses": {**given, **dict.fromkeys(codes, _PROBLEM)},
        }
    }


def content(description: str, media_type: str, schema: str, *, page: bool = False) -> Schema:
    """Return an answer of a media type, and as a page where there is one."""
    kinds: Schema = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    if page:
        kinds[HTML] = {"schema": {"type": "string"}}
    return {"description": description, "content": kinds}


def reference(name: str) -> Schema:
    """Return a shared parameter."""
    return {"$ref": f"#/components/parameters/{name}"}


def query(name: str, description: str, schema: Schema) -> Schema:
    """Return a parameter of the query as clients look for it: values separated by commas."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": False,
        "style": "form",
        "explode": False,
        "schema": schema,
    }


def in_path(name: str, description: str, schema: Schema) -> Schema:
    """Return a parameter that is part of the path."""
    return {
        "name": name,
        "in": "path",
        "description": description,
        "required": True,
        "schema": schema,
    }


def filter_parameters(layer: Layer) -> list[Schema]:
    """Return the parameters that say which items of a collection are asked for."""
    shared = ["bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs"]
    declared = layer.schema["properties"]
    own = [
        query(name, declared[name].get("title", name), _value_schema(declared[name]))
        for name in sorted(queryable_names(layer))
    ]
    return [
        *map(reference, shared),
        *own,
        query("chapter", "Chapters that name the item, as in 3,4", CHAPTERS),
        query("mapped", "Whether it has a geometry", MAPPED),
    ]


def sorting_parameters(layer: Layer) -> list[Schema]:
    """Return the parameters that say in what order items come, and with which properties."""
    kinds = queryable_kinds(layer)
    sortable = [name for name, kind in kinds.items() if kind not in {"geometry", "list"}]
    keys = [sign + name for name in sortable for sign in ("", "-", "+")]
    return [
        _list("sortby", "Properties to sort by; - before one: largest first", keys),
        _list("properties", "The only properties to answer with", list(layer.schema["properties"])),
    ]


def _list(name: str, description: str, values: list[str]) -> Schema:
    items = {"type": "string", "enum": values}
    return query(name, description, {"type": "array", "minItems": 1, "items": items})


def _value_schema(declared: Mapping[str, Any]) -> Schema:
    types = declared.get("type", "string")
    return {"type": "number" if "number" in types else "string"}
