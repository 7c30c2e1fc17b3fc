"""What was found in a file that waits: what it says of itself, and what the checks say of it.

It is kept as JSON beside the file, and read again for every page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import shapely

from .checks import Report
from .errors import Finding
from .geojson import feature_document, geometry_document
from .imports import Guess, Refused, Told, guess_crs, guess_id_column, match_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    from .imports import RawLayer
    from .model import Layer
    from .updates import Update

PREVIEWED = 10
"""Rows of a file that are shown."""

_LONGEST_CELL = 80
_MOST_SHAPES = 2_000
_MOST_VERTICES = 50_000
_COARSE_DEGREES = 1e-5
"""About a metre: to this shapes are simplified on the small map where there are many vertices."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file says of itself, and what is guessed.

    Attributes
    ----------
    rows : tuple of (int, tuple of str)
        The first ones: number and cells, as texts.
    count : int
        Rows in the file.
    matches : Mapping
        Property of each column, and why.
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    count: int
    encoding: Guess
    crs: Guess
    id_column: Guess
    matches: Mapping[str, Guess]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found in a file, and what it would change.

    Attributes
    ----------
    base : int or None
        Number of the revision that it was held against.
    heads : str
        What else was looked at; while that stays the same, so do the findings.
    repaired : int
        Features of which the proposed repair was accepted.
    """

    report: Report
    base: int | None
    heads: str
    crs: str
    notes: tuple[tuple[str, str], ...]
    rows: Mapping[str, int]
    repaired: int
    changes: Changes | None


class Changes(NamedTuple):
    """How many features a file would change; None of `Checked` where it has an error."""

    added: int
    changed: int
    removed: int
    unchanged: int


def seen_document(raw: RawLayer, layer: Layer, told: Told) -> dict[str, Any]:
    """Return what `Seen` holds, as JSON can."""
    try:
        id_column = guess_id_column(raw, layer, told.id_column)
        matches = match_columns(raw, layer, told.id_column, told.columns)
    except Refused:
        # What is told does not fit the file: that is said later, and what can be told shown now.
        id_column = guess_id_column(raw, layer)
        matches = match_columns(raw, layer)
    return {
        "kind": raw.kind,
        "columns": raw.columns,
        "rows": [
            (each.row, [_cell(each.properties.get(column)) for column in raw.columns])
            for each in raw.records[:PREVIEWED]
        ],
        "count": len(raw.records),
        "encoding": [raw.encoding, raw.encoding_basis],
        "crs": [*guess_crs(raw, told.crs)],
        "id_column": [*id_column],
        "matches": {column: [*guess] for column, guess in matches.items()},
    }


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def read_seen(content: bytes) -> Seen:
    """Return what `seen_document` was kept as."""
    record = orjson.loads(content)
    guesses = {key: Guess(*record[key]) for key in ("encoding", "crs", "id_column")}
    return Seen(
        kind=record["kind"],
        columns=tuple(record["columns"]),
        rows=tuple((number, tuple(cells)) for number, cells in record["rows"]),
        count=record["count"],
        matches={column: Guess(*each) for column, each in record["matches"].items()},
        **guesses,
    )


def checked_document(update: Update, heads: str) -> dict[str, Any]:
    """Return what `Checked` holds, as JSON can."""
    difference = None if update.report.errors else update.difference
    return {
        "findings": update.report.findings,
        "checked": update.report.checked,
        "layer": update.layer.id,
        "base": None if update.base is None else update.base.number,
        "heads": heads,
        "crs": update.crs,
        "notes": update.notes,
        "rows": update.rows,
        "repaired": sum(code == "repaired" for code, _ in update.notes),
        "changes": difference
        and [
            len(difference.added),
            len(difference.changed),
            len(difference.removed),
            difference.unchanged,
        ],
    }


def read_checked(content: bytes) -> Checked:
    """Return what `checked_document` was kept as."""
    record = orjson.loads(content)
    findings = tuple(Finding.from_record(each) for each in record["findings"])
    return Checked(
        Report(record["layer"], findings, record["checked"]),
        record["base"],
        record["heads"],
        record["crs"],
        tuple((code, sentence) for code, sentence in record["notes"]),
        record["rows"],
        record["repaired"],
        None if record["changes"] is None else Changes(*record["changes"]),
    )


def shapes_document(update: Update) -> dict[str, Any]:
    """Return the features on the small map: those with findings first, and not too many."""
    # Errors come first in a report, so that they are what remains.
    found = {each.feature_id: each.severity for each in reversed(update.report.findings)}
    drawn = [each for each in update.after if each.geometry is not None]
    drawn.sort(key=lambda each: each.id not in found)
    shown = drawn[:_MOST_SHAPES]
    vertices = int(shapely.get_num_coordinates([each.geometry for each in shown]).sum())
    return {
        "type": "FeatureCollection",
        "left_out": len(drawn) - len(shown),
        "features": [
            {
                "type": "Feature",
                "id": each.id,
                "geometry": _document(each.geometry, coarse=vertices > _MOST_VERTICES),
                "properties": {
                    "row": update.rows.get(each.id),
                    "name": update.layer.name_of(each),
                    "found": found.get(each.id),
                },
            }
            for each in shown
            if each.geometry is not None
        ],
    }


def _document(geometry: BaseGeometry, *, coarse: bool) -> dict[str, Any]:
    simple = geometry.simplify(_COARSE_DEGREES, preserve_topology=False) if coarse else geometry
    return geometry_document(geometry if simple.is_empty else simple)


def features_document(update: Update) -> dict[str, Any]:
    """Return every feature, as it is to be published."""
    documents = [feature_document(each) for each in update.after]
    return {"type": "FeatureCollection", "features": documents}
