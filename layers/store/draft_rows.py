"""Rows of drafts: what the tables hold of them, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

import orjson
import shapely

from layers.errors import Finding

from .versions import feature_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import sqlalchemy as sa

    from layers.model import Feature

    from .versions import ChangeSet

Status: TypeAlias = Literal["open", "submitted", "approved", "published", "discarded"]
Kind: TypeAlias = Literal["put", "remove", "revert"]
Happened: TypeAlias = Literal[
    "comment", "submit", "return", "approve", "schedule", "rebase", "withdraw"
]

WAITING: tuple[Status, ...] = ("open", "submitted", "approved")
"""States of a draft that can still be published."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A change that waits to be published.

    Attributes
    ----------
    base : int or None
        Number of the revision that it changes; None where the layer has none.
    source : str
        Name of the file that it came from.
    crs : str
        Reference system of that file.
    notes : tuple of (str, str)
        What was guessed or left out while reading it: code and sentence.
    findings : tuple of Finding
        What the checks found in it.
    context : str
        What the checks looked at beside it; while that stays the same, so do the findings.
    status : str
        ``open``, ``submitted`` (somebody else has to look at it), ``approved``, ``published`` or
        ``discarded``.
    revision : int or None
        What it was published as.
    message, reason : str
        What is said of it when it is published, and why its warnings may pass.
    due : datetime or None
        When it publishes itself.
    """

    layer_id: str
    number: int
    base: int | None
    author: str
    created: datetime
    source: str
    crs: str
    notes: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    context: str
    status: Status
    revision: int | None = None
    message: str = ""
    reason: str = ""
    due: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it can still be published."""
        return self.status in WAITING


class Edit(NamedTuple):
    """What somebody did to one feature of a draft by hand.

    Attributes
    ----------
    number : int
        From 1 in each draft.
    kind : str
        ``put``, ``remove``, or ``revert``: as in the base again.
    feature : Feature or None
        As it is to be; None unless it is put.
    """

    number: int
    feature_id: str
    author: str
    time: datetime
    kind: Kind
    feature: Feature | None


class Event(NamedTuple):
    """What somebody said of a draft, or decided.

    Attributes
    ----------
    feature_id : str or None
        Which feature it is about; None for the whole draft.
    """

    number: int
    author: str
    time: datetime
    kind: Happened
    text: str
    feature_id: str | None


def change_rows(layer_id: str, number: int, changes: ChangeSet) -> Iterable[dict[str, object]]:
    """Return the rows of what was uploaded: features put, then ids removed."""
    for feature in changes.put:
        shape = feature.geometry
        yield {
            "layer": layer_id,
            "draft": number,
            "id": feature.id,
            "row": changes.rows.get(feature.id),
            "removed": 0,
            "geometry": None if shape is None else shapely.to_wkb(shape),
            "properties": orjson.dumps(dict(feature.properties)).decode(),
        }
    for identifier in changes.removed:
        yield {
            "layer": layer_id,
            "draft": number,
            "id": identifier,
            "row": None,
            "removed": 1,
            "geometry": None,
            "properties": None,
        }


def draft_of(row: sa.Row[tuple[object, ...]]) -> Draft:
    """Return the draft of a row."""
    return Draft(
        row.layer,
        row.number,
        row.base,
        row.author,
        datetime.fromisoformat(row.created),
        row.source,
        row.crs,
        tuple((str(code), str(sentence)) for code, sentence in orjson.loads(row.notes)),
        tuple(Finding.from_record(each) for each in orjson.loads(row.findings or "[]")),
        row.context or "",
        cast("Status", row.status),
        row.revision,
        row.message or "",
        row.reason or "",
        None if row.due is None else datetime.fromisoformat(row.due),
    )


def edit_of(row: sa.Row[tuple[object, ...]]) -> Edit:
    """Return the edit of a row."""
    put = row.kind == "put"
    return Edit(
        row.number,
        row.id,
        row.author,
        datetime.fromisoformat(row.time),
        cast("Kind", row.kind),
        feature_of(row.id, row.geometry, row.properties) if put else None,
    )


def event_of(row: sa.Row[tuple[object, ...]]) -> Event:
    """Return the event of a row."""
    return Event(
        row.number,
        row.author,
        datetime.fromisoformat(row.time),
        cast("Happened", row.kind),
        row.text,
        row.feature,
    )


def edit_row(
    draft: Draft, number: int, author: str, feature_id: str, kind: Kind, feature: Feature | None
) -> dict[str, object]:
    """Return the row of an edit that is made now."""
    shape = None if feature is None else feature.geometry
    return {
        "layer": draft.layer_id,
        "draft": draft.number,
        "number": number,
        "id": feature_id,
        "author": author,
        "time": datetime.now(UTC).isoformat(),
        "kind": kind,
        "geometry": None if shape is None else shapely.to_wkb(shape),
        "properties": None if feature is None else orjson.dumps(dict(feature.properties)).decode(),
    }
