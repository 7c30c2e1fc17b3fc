"""Drafts: what somebody means to publish, kept as changes against the revision it is based on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, cast

import orjson
import shapely
import sqlalchemy as sa

from layers.errors import Finding, NotFound, RevisionConflict

from . import schema
from .audit import take_turn, write_log
from .versions import ChangeSet, feature_of

Connecting: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]
Status: TypeAlias = Literal["open", "published", "discarded"]

_BATCH = 5_000


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
    revision : int or None
        What it was published as.
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


class Drafts:
    """The drafts of a store.

    Parameters
    ----------
    reading, writing : callable
        Open a transaction.
    """

    def __init__(self, reading: Connecting, writing: Connecting) -> None:
        self._reading = reading
        self._writing = writing

    def add(self, draft: Draft, changes: ChangeSet) -> Draft:
        """Store a draft; its number is given here."""
        table = schema.draft
        newest = sa.select(sa.func.max(table.c.number)).where(table.c.layer == draft.layer_id)
        with self._writing() as connection:
            take_turn(connection)
            number = (connection.execute(newest).scalar() or 0) + 1
            connection.execute(
                table.insert().values(
                    layer=draft.layer_id,
                    number=number,
                    base=draft.base,
                    author=draft.author,
                    created=draft.created.isoformat(),
                    source=draft.source,
                    crs=draft.crs,
                    notes=orjson.dumps(draft.notes).decode(),
                    findings=orjson.dumps(draft.findings).decode(),
                    context=draft.context,
                    status=draft.status,
                )
            )
            subject = f"{draft.layer_id}/draft {number}"
            write_log(connection, draft.created, draft.author, "import", subject, draft.source)
            rows = list(_change_rows(draft.layer_id, number, changes))
            for start in range(0, len(rows), _BATCH):
                connection.execute(schema.draft_change.insert(), rows[start : start + _BATCH])
        return self.get(draft.layer_id, number)

    def list(self, layer_id: str | None = None, *, status: Status | None = "open") -> list[Draft]:
        """Return drafts, the oldest first; by default those that wait."""
        table = schema.draft
        query = sa.select(table).order_by(table.c.layer, table.c.number)
        if layer_id is not None:
            query = query.where(table.c.layer == layer_id)
        if status is not None:
            query = query.where(table.c.status == status)
        with self._reading() as connection:
            return [_draft(row) for row in connection.execute(query)]

    def get(self, layer_id: str, number: int) -> Draft:
        """Return a draft.

        Raises
        ------
        NotFound
            If there is none of this number.
        """
        for draft in self.list(layer_id, status=None):
            if draft.number == number:
                return draft
        raise NotFound(f"Layer {layer_id} has no draft {number}; see atlas drafts.")

    def changes(self, draft: Draft) -> ChangeSet:
        """Return what a draft changes."""
        table = schema.draft_change
        query = (
            sa.select(table)
            .where(table.c.layer == draft.layer_id, table.c.draft == draft.number)
            .order_by(table.c.row, table.c.id)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return ChangeSet(
            tuple(
                feature_of(row.id, row.geometry, row.properties) for row in rows if not row.removed
            ),
            tuple(row.id for row in rows if row.removed),
            {row.id: row.row for row in rows if row.row is not None},
        )

    def close(
        self, draft: Draft, status: Status, *, author: str, revision: int | None = None
    ) -> None:
        """Say what has become of a draft.

        Raises
        ------
        RevisionConflict
            If it is no longer open.
        """
        table = schema.draft
        with self._writing() as connection:
            take_turn(connection)
            closed = connection.execute(
                table.update()
                .where(table.c.layer == draft.layer_id, table.c.number == draft.number)
                .where(table.c.status == "open")
                .values(status=status, revision=revision)
            )
            if closed.rowcount == 0:
                raise RevisionConflict(
                    f"Draft {draft.number} of {draft.layer_id} is no longer open; see atlas drafts."
                )
            subject = f"{draft.layer_id}/draft {draft.number}"
            write_log(connection, datetime.now(UTC), author, f"draft {status}", subject, "")


def new_draft(
    layer_id: str,
    base: int | None,
    *,
    author: str,
    source: str,
    crs: str,
    notes: Sequence[tuple[str, str]],
    findings: Sequence[Finding],
    context: str,
) -> Draft:
    """Return a draft that is not stored yet."""
    now = datetime.now(UTC)
    return Draft(
        layer_id,
        0,
        base,
        author,
        now,
        source,
        crs,
        tuple(notes),
        tuple(findings),
        context,
        "open",
    )


def _change_rows(layer_id: str, number: int, changes: ChangeSet) -> Iterable[dict[str, object]]:
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


def _draft(row: sa.Row[tuple[object, ...]]) -> Draft:
    return Draft(
        row.layer,
        row.number,
        row.base,
        row.author,
        datetime.fromisoformat(row.created),
        row.source,
        row.crs,
        tuple((str(code), str(sentence)) for code, sentence in orjson.loads(row.notes)),
        tuple(_finding(each) for each in orjson.loads(row.findings or "[]")),
        row.context or "",
        cast("Status", row.status),
        row.revision,
    )


def _finding(record: dict[str, Any]) -> Finding:
    place = record["place"]
    return Finding(**record | {"place": place and (place[0], place[1])})
