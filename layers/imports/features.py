"""Understand the columns of what was read: records become features of a layer.

A column is known by the name of a property or by its title (``名称`` for ``name``), whatever its
case. What a table cannot hold (lists, citations) is taken from the text that an export wrote.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson
import shapely

from layers.model import Feature

from .container import Refused
from .records import Guess, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from layers.model import Layer

    from .crs import Placed
    from .records import RawLayer, Record

ID_COLUMNS = ("id", "fid", "编号", "代码")
"""Where an id is looked for, in this order, unless a column is named."""

HARMLESS = frozenset(["column-unknown", "promoted-to-multi", "repaired"])
"""Notes that ask for no reason."""

_ID = re.compile(r"[^\W_]([\w.-]{0,98}\w)?")
_LIST_MARKS = re.compile(r"[；;]")
_NUMBERS = frozenset(["number", "integer"])


class Understood(NamedTuple):
    """Features, and what was done to get them.

    Attributes
    ----------
    rows : Mapping
        Where each feature stands in the file, by its id.
    crs : str
        The system that they came in.
    geometry_only : bool
        The file has no columns for properties (a drawing): they are those of the head.
    """

    features: tuple[Feature, ...]
    rows: Mapping[str, int]
    notes: tuple[Note, ...]
    crs: str
    geometry_only: bool = False


def to_features(
    placed: Placed,
    raw: RawLayer,
    layer: Layer,
    *,
    id_column: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Understood:
    """Return the features that a file's records are in a layer.

    Parameters
    ----------
    raw : RawLayer
        The file as it came, for its columns and its name.
    id_column : str, optional
        Column with the ids, where it is not called as usual.
    columns : Mapping, optional
        Property of each column that a person has looked at; empty for one to be left out.

    A value that cannot be what its column holds stays as it is: the checks name it.

    Raises
    ------
    Refused
        If a required column is missing, or there are no ids; the sentence names them.
    """
    drawing = raw.kind == "dxf"
    identifier = guess_id_column(raw, layer, id_column).value
    matches = {} if drawing else match_columns(raw, layer, id_column, columns)
    mapping = {column: each.value for column, each in matches.items() if each.value is not None}
    if placed.records and not drawing:
        _refuse_missing(layer, raw, mapping)
    converter = _Converter(layer.schema["properties"], raw)
    shaper = _Shaper(layer, raw.name, drawing=drawing)
    ids = [_identifier(record, identifier, raw.name) for record in placed.records]
    features = [
        Feature(id_, shaper.shape(record.geometry), converter.values(mapping, record))
        for id_, record in zip(ids, placed.records, strict=True)
    ]
    return Understood(
        _in_schema_order(features, layer),
        {id_: record.row for id_, record in zip(ids, placed.records, strict=True)},
        (*_dropped(matches, raw.name), *converter.notes, *shaper.notes),
        placed.crs,
        drawing,
    )


def _refuse_missing(layer: Layer, raw: RawLayer, mapping: Mapping[str, str]) -> None:
    required = layer.schema.get("required", ())
    if missing := [key for key in required if key not in mapping.values()]:
        raise Refused(
            "attribute-missing",
            f"{raw.name} has no column for {', '.join(missing)}; "
            f"there are {', '.join(raw.columns)}.",
        )


def _dropped(matches: Mapping[str, Guess], name: str) -> list[Note]:
    """Return a note for each column that no property is known for."""
    return [
        Note("column-unknown", f"{name}: the layer has no property for column {column}.")
        for column, each in matches.items()
        if each.basis == "none"
    ]


def guess_id_column(raw: RawLayer, layer: Layer, told: str | None = None) -> Guess:
    """Return the column of a file with the ids, and why.

    Returns
    -------
    Guess
        The basis is ``told``, ``layer`` (the layer names it), ``usual`` (as ids are called), or
        ``file``, without a column, where features have ids of their own; ``none``.

    Raises
    ------
    Refused
        If a person names a column that is not there.
    """
    if told is not None:
        if told not in raw.columns:
            listed = ", ".join(raw.columns)
            raise Refused(
                "attribute-missing", f"{raw.name} has no column {told} for the ids, but {listed}."
            )
        return Guess(told, "told")
    known = {column.casefold(): column for column in raw.columns}
    own = () if layer.id_column is None else (layer.id_column, layer.id_column[:10])
    for names, basis in ((own, "layer"), (ID_COLUMNS, "usual")):
        for name in names:
            if name.casefold() in known:
                return Guess(known[name.casefold()], basis)
    own_ids = any(record.id is not None for record in raw.records)
    return Guess(None, "file" if own_ids else "none")


def _identifier(record: Record, column: str | None, name: str) -> str:
    value = record.properties.get(column) if column else None
    given = record.id if record.id is not None else value
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    text = "" if given is None else str(given).strip()
    if not _ID.fullmatch(text):
        raise Refused(
            "bad-id",
            f"{name}, row {record.row}: {text[:40]!r} cannot be an id; use letters, digits, "
            "hyphens, points, or say with --id-column where the ids are.",
        )
    return text


def match_columns(
    raw: RawLayer,
    layer: Layer,
    id_column: str | None = None,
    told: Mapping[str, str] | None = None,
) -> dict[str, Guess]:
    """Return the property of every column of a file, and why.

    Returns
    -------
    dict
        By column. The basis is ``told``, ``name`` or ``title`` of the property, ``cut`` (its first
        ten characters, as a .dbf has them); without a property ``id`` or ``none``.

    Raises
    ------
    Refused
        If a person names a column or a property that is not there, or one property twice.
    """
    said = told or {}
    _refuse_told(said, raw, layer)
    identifier = guess_id_column(raw, layer, id_column).value
    names = _spellings(layer)
    found: dict[str, Guess] = {}
    taken = {key for key in said.values() if key}
    for column in raw.columns:
        key, basis = names.get(column.casefold(), (None, "none"))
        is_id = column == identifier and key != layer.id_column
        if column in said:
            found[column] = Guess(said[column] or None, "told")
        elif is_id or key is None or key in taken:
            found[column] = Guess(None, "id" if column == identifier else "none")
        else:
            found[column] = Guess(key, basis)
            taken.add(key)
    return found


def _spellings(layer: Layer) -> dict[str, tuple[str, str]]:
    """Return the property that each name of a column means, and what the name is of it."""
    names: dict[str, tuple[str, str]] = {}
    for key, schema in layer.schema["properties"].items():
        for spelling, basis in (
            (key[:10], "cut"),
            (schema.get("title", key), "title"),
            (key, "name"),
        ):
            names[spelling.casefold()] = (key, basis)
    return names


def _refuse_told(told: Mapping[str, str], raw: RawLayer, layer: Layer) -> None:
    keys = [key for key in told.values() if key]
    known = layer.schema["properties"]
    if unknown := [column for column in told if column not in raw.columns]:
        raise Refused("columns-unclear", f"{raw.name} has no column {unknown[0][:40]}.")
    if unknown := [key for key in keys if key not in known]:
        raise Refused(
            "columns-unclear", f"{raw.name}: the layer has no property {unknown[0][:40]}."
        )
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise Refused(
            "columns-unclear", f"{raw.name}: two columns are to be {twice[0]}; choose one."
        )


class _Converter:
    """Makes the values of a table what the schema asks for."""

    def __init__(self, properties: Mapping[str, Any], raw: RawLayer) -> None:
        self._properties = properties
        self._name = raw.name
        self._all_text = raw.kind == "csv"
        self._converted: set[str] = set()

    @property
    def notes(self) -> list[Note]:
        """What was converted, a note for each column."""
        return [
            Note("attribute-converted", f"{self._name}: column {key} held numbers as text.")
            for key in sorted(self._converted)
            if not self._all_text
        ]

    def values(self, mapping: Mapping[str, str], record: Record) -> dict[str, Any]:
        """Return the properties of a record, by the property of each column."""
        return {
            mapping[column]: self.value(mapping[column], value)
            for column, value in record.properties.items()
            if column in mapping
        }

    def value(self, key: str, value: Any) -> Any:
        """Return a value as its property holds it."""
        schema = self._properties[key]
        declared = schema.get("type", [])
        types = declared if isinstance(declared, list) else [declared]
        if value is None or value == "":
            return [] if "array" in types else None
        if isinstance(value, str) and "array" in types:
            return _list(value)
        if not _NUMBERS.isdisjoint(types) and isinstance(value, str):
            return self._number(value, key)
        if "string" in types and not isinstance(value, str):
            return str(value)
        return value

    def _number(self, value: str, key: str) -> float | str:
        """Return the number that a text writes, or the text."""
        try:
            number = float(value.strip().replace(",", ""))
        except ValueError:
            return value
        if not math.isfinite(number):
            return value
        self._converted.add(key)
        return number


def _list(text: str) -> Any:
    """Return the list that a text writes: as an export does, or with semicolons."""
    if not text.startswith("["):
        return [part.strip() for part in _LIST_MARKS.split(text) if part.strip()]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


class _Shaper:
    """Brings shapes into the types of their layer where nothing is lost by it."""

    def __init__(self, layer: Layer, name: str, *, drawing: bool) -> None:
        self._types = layer.geometry_types
        self._name = name
        self._drawing = drawing
        self._counts: Counter[str] = Counter()

    @property
    def notes(self) -> list[Note]:
        """What was done, a note for each way."""
        return [
            Note(code, f"{self._name}: {self._counts[code]:,} {words}.")
            for code, words in _SHAPED.items()
            if self._counts[code]
        ]

    def shape(self, geometry: BaseGeometry | None) -> BaseGeometry | None:
        """Return a geometry without repeated vertices, of a type that the layer holds."""
        if geometry is None or geometry.is_empty:
            return geometry
        clean = self._without_repeats(geometry)
        kind = clean.geom_type
        if self._drawing and kind == "LineString" and "Polygon" in self._types and clean.is_closed:
            self._counts["closed-line-to-area"] += 1
            return shapely.Polygon(clean.coords)
        if kind in self._types:
            return clean
        if f"Multi{kind}" in self._types:
            self._counts["promoted-to-multi"] += 1
            return _MULTI[kind]([clean])
        parts = list(getattr(clean, "geoms", []))
        if kind.removeprefix("Multi") in self._types and len(parts) == 1:
            return cast("BaseGeometry", parts[0])
        return clean

    def _without_repeats(self, geometry: BaseGeometry) -> BaseGeometry:
        before = shapely.get_num_coordinates(geometry)
        clean: BaseGeometry = shapely.remove_repeated_points(geometry, tolerance=0)
        if clean.is_empty or shapely.get_num_coordinates(clean) == before:
            return geometry
        self._counts["duplicate-vertices-removed"] += 1
        return clean


_SHAPED = {
    "duplicate-vertices-removed": "features had the same vertex twice in a row; one was left out",
    "promoted-to-multi": "features became multi-part, as the layer holds them",
    "closed-line-to-area": "closed lines became areas",
}
_MULTI: Mapping[str, Callable[[list[Any]], BaseGeometry]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


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
