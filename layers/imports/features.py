"""Understand the columns of what was read: records become features of a layer.

A column is known by the name of a property or by its title (``名称`` for ``name``), whatever its
case. What a table cannot hold (lists, citations) is taken from the text that an export wrote.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from layers.model import Feature

from .container import Refused
from .reading import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from layers.model import Layer

    from .crs import Placed
    from .reading import Record

ID_COLUMNS = ("id", "fid", "编号", "代码")
"""Where an id is looked for, in this order, unless a column is named."""

_ID = re.compile(r"[^\W_]([\w.-]{0,98}\w)?")
_LIST_MARKS = re.compile(r"[；;]")
_NUMBERS = frozenset(["number", "integer"])


class Understood(NamedTuple):
    """Features, and what was done to get them."""

    features: tuple[Feature, ...]
    notes: tuple[Note, ...]


def to_features(
    placed: Placed, layer: Layer, name: str, *, id_column: str | None = None
) -> Understood:
    """Return the features that a file's records are in a layer.

    Parameters
    ----------
    name : str
        Of the file, for the sentences.
    id_column : str, optional
        Column with the ids, where it is not called as usual.

    Raises
    ------
    Refused
        If a record has no usable id, a required column is missing, or a value cannot be what its
        column holds; the sentence names row and column.
    """
    columns = list(dict.fromkeys(c for record in placed.records for c in record.properties))
    identifier = _id_column(columns, id_column, name)
    mapping = _mapping(columns, layer, identifier)
    missing = [key for key in layer.schema.get("required", ()) if key not in mapping.values()]
    if placed.records and missing:
        raise Refused(
            "attribute-missing",
            f"{name} has no column for {', '.join(missing)}; there are {', '.join(columns)}.",
        )
    dropped = [c for c in columns if c not in mapping and c != identifier]
    notes = [
        Note("column-unknown", f"{name}: the layer has no property for column {column}.")
        for column in dropped
    ]
    converter = _Converter(layer.schema["properties"], name)
    features = tuple(
        Feature(
            _identifier(record, identifier, name),
            record.geometry,
            {
                mapping[column]: converter.value(mapping[column], value, record.row)
                for column, value in record.properties.items()
                if column in mapping
            },
        )
        for record in placed.records
    )
    return Understood(_in_schema_order(features, layer), (*notes, *converter.notes))


def _id_column(columns: Sequence[str], wanted: str | None, name: str) -> str | None:
    if wanted is not None:
        if wanted not in columns:
            raise Refused("attribute-missing", f"{name} has no column {wanted} for the ids.")
        return wanted
    known = {column.casefold(): column for column in columns}
    return next((known[each] for each in ID_COLUMNS if each in known), None)


def _identifier(record: Record, column: str | None, name: str) -> str:
    value = record.properties.get(column) if column else None
    given = record.id if record.id is not None else value
    text = str(given) if given is not None else ""
    if not _ID.fullmatch(text):
        raise Refused(
            "bad-id",
            f"{name}, row {record.row}: {text[:40]!r} cannot be an id; use letters, digits, "
            "hyphens, points.",
        )
    return text


def _mapping(columns: Iterable[str], layer: Layer, identifier: str | None) -> dict[str, str]:
    """Return the property of each column that is one."""
    names: dict[str, str] = {}
    for key, schema in layer.schema["properties"].items():
        for spelling in (schema.get("title", key), key, key[:10]):
            names[spelling.casefold()] = key
    found: dict[str, str] = {}
    for column in columns:
        key = names.get(column.casefold())
        if key is not None and column != identifier and key not in found.values():
            found[column] = key
    return found


class _Converter:
    """Makes the values of a table what the schema asks for."""

    def __init__(self, properties: Mapping[str, Any], name: str) -> None:
        self._properties = properties
        self._name = name
        self._converted: set[str] = set()

    @property
    def notes(self) -> list[Note]:
        """What was converted, a note for each column."""
        return [
            Note("attribute-converted", f"{self._name}: column {key} held numbers as text.")
            for key in sorted(self._converted)
        ]

    def value(self, key: str, value: Any, row: int) -> Any:
        """Return a value as its property holds it."""
        schema = self._properties[key]
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if value is None or value == "":
            return [] if "array" in types else None
        if isinstance(value, str) and "array" in types:
            return self._list(value, key, row)
        if not _NUMBERS.isdisjoint(types) and not isinstance(value, bool):
            return self._number(value, key, row)
        if "string" in types and not isinstance(value, str):
            return str(value)
        return value

    def _list(self, text: str, key: str, row: int) -> list[Any]:
        if not text.startswith("["):
            return [part.strip() for part in _LIST_MARKS.split(text) if part.strip()]
        try:
            listed = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Refused(
                "attribute-type", f"{self._name}, row {row}, column {key}: not a list ({error})."
            ) from error
        return listed if isinstance(listed, list) else [listed]

    def _number(self, value: Any, key: str, row: int) -> float:
        if isinstance(value, str):
            try:
                number = float(value.strip().replace(",", ""))
            except ValueError:
                raise Refused(
                    "attribute-type",
                    f"{self._name}, row {row}, column {key}: {value[:40]!r} is no number.",
                ) from None
            self._converted.add(key)
        else:
            number = value
        if not math.isfinite(number):
            raise Refused(
                "attribute-range", f"{self._name}, row {row}, column {key}: {value} is no number."
            )
        return number


def _in_schema_order(features: Sequence[Feature], layer: Layer) -> tuple[Feature, ...]:
    order = list(layer.schema["properties"])
    return tuple(
        Feature(
            each.id,
            each.geometry,
            {key: each.properties[key] for key in order if key in each.properties},
        )
        for each in features
    )
