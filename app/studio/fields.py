"""The form of a feature, made from its layer's JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from layers.checks import STATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wording import Wording
    from layers.model import Layer

Kind: TypeAlias = Literal[
    "text", "number", "integer", "date", "boolean", "codes", "texts", "many", "json"
]

_LONG = frozenset(["summary", "summary_en", "geometry_method", "geometry_method_en"])


class Option(NamedTuple):
    """One entry of a code list."""

    code: Any
    label: str


class Field(NamedTuple):
    """One property of a feature as a form asks for it.

    Attributes
    ----------
    kind : str
        ``codes`` is one of a list, ``many`` several of one, ``texts`` a text in each line,
        ``json`` what no form can ask for.
    nullable : bool
        Whether nothing is written as null.
    is_stated : bool
        Whether every place that is drawn has to say it.
    """

    name: str
    title: str
    kind: Kind
    options: tuple[Option, ...]
    required: bool
    nullable: bool
    is_stated: bool
    is_long: bool
    bounds: Mapping[str, Any]


def fields_of(layer: Layer, words: Wording) -> list[Field]:
    """Return the fields of a layer's form, in the order of its schema."""
    return [
        _field(layer, words, name, declared)
        for name, declared in layer.schema["properties"].items()
        if name != layer.id_column
    ]


def _field(layer: Layer, words: Wording, name: str, declared: Mapping[str, Any]) -> Field:
    types = _types(declared)
    nullable = "null" in types or None in declared.get("enum", ())
    kind = _kind(types, declared)
    listed = declared.get("items", {}) if kind == "many" else declared
    return Field(
        name=name,
        title=words.column(layer, name),
        kind=kind,
        options=tuple(
            Option(code, words.code(listed.get("x-codes", ""), str(code)))
            for code in listed.get("enum", ())
            if code is not None
        ),
        required=name in layer.schema["required"] and not nullable,
        nullable=nullable,
        is_stated=name in STATED,
        is_long=name in _LONG,
        bounds=_bounds(declared),
    )


def _kind(types: frozenset[str], declared: Mapping[str, Any]) -> Kind:
    kinds = types - {"null"}
    if "enum" in declared:
        return "codes"
    if kinds == {"array"}:
        items = declared.get("items", {})
        if "enum" in items:
            return "many"
        return "texts" if _types(items) == {"string"} else "json"
    if kinds == {"string"}:
        return "date" if declared.get("format") == "date" else "text"
    for kind in ("number", "integer", "boolean"):
        if kinds == {kind}:
            return kind
    return "json"


def _types(declared: Mapping[str, Any]) -> frozenset[str]:
    types = declared.get("type", ())
    return frozenset([types] if isinstance(types, str) else types)


def _bounds(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return what HTML can say of a value's limits."""
    names = {"maxLength": "maxlength", "minimum": "min", "maximum": "max"}
    return {attribute: declared[name] for name, attribute in names.items() if name in declared}
