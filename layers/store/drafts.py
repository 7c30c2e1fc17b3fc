"""Drafts: what somebody means to publish, kept as changes against the revision it is based on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import orjson
import sqlalchemy as sa

from layers.errors import Finding, NotFound, RevisionConflict, StaleEdit

from . import schema
from .audit import take_turn, write_log
from .draft_rows import (
    WAITING,
    Draft,
    Edit,
    Event,
    Happened,
    Kind,
    Status,
    change_rows,
    draft_of,
    edit_of,
    edit_row,
    event_of,
)
from .versions import ChangeSet, feature_of

if TYPE_CHECKING:
    from layers.model import Feature

Connecting: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]

EDITED = "edited"
"""What the checks looked at is no longer what there is: they have to be made again."""

_BATCH = 5_000


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
            rows = list(change_rows(draft.layer_id, number, changes))
            for start in range(0, len(rows), _BATCH):
                connection.execute(schema.draft_change.insert(), rows[start : start + _BATCH])
        return self.get(draft.layer_id, number)

    def list(self, layer_id: str | None = None, *, waiting: bool = True) -> list[Draft]:
        """Return drafts, the oldest first: those that wait, or all."""
        table = schema.draft
        query = sa.select(table).order_by(table.c.layer, table.c.number)
        if layer_id is not None:
            query = query.where(table.c.layer == layer_id)
        if waiting:
            query = query.where(table.c.status.in_(WAITING))
        with self._reading() as connection:
            return [draft_of(row) for row in connection.execute(query)]

    def get(self, layer_id: str, number: int) -> Draft:
        """Return a draft.

        Raises
        ------
        NotFound
            If there is none of this number.
        """
        table = schema.draft
        query = sa.select(table).where(table.c.layer == layer_id, table.c.number == number)
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"Layer {layer_id} has no draft {number}; see atlas drafts.")
        return draft_of(row)

    def changes(self, draft: Draft) -> ChangeSet:
        """Return what a draft changes: what was uploaded, with what was done by hand over it."""
        table = schema.draft_change
        query = (
            sa.select(table)
            .where(table.c.layer == draft.layer_id, table.c.draft == draft.number)
            .order_by(table.c.row, table.c.id)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        put = {
            row.id: feature_of(row.id, row.geometry, row.properties)
            for row in rows
            if not row.removed
        }
        removed = dict.fromkeys(row.id for row in rows if row.removed)
        for edit in self.edits(draft):
            put.pop(edit.feature_id, None)
            removed.pop(edit.feature_id, None)
            if edit.feature is not None:
                put[edit.feature_id] = edit.feature
            elif edit.kind == "remove":
                removed[edit.feature_id] = None
        known = {row.id: row.row for row in rows if row.row is not None}
        return ChangeSet(tuple(put.values()), tuple(removed), known)

    def edits(self, draft: Draft) -> Sequence[Edit]:
        """Return everything that was done to a draft by hand, in that order."""
        table = schema.draft_edit
        query = (
            sa.select(table)
            .where(table.c.layer == draft.layer_id, table.c.draft == draft.number)
            .order_by(table.c.number)
        )
        with self._reading() as connection:
            return [edit_of(row) for row in connection.execute(query)]

    def last_edit(self, draft: Draft) -> int:
        """Return the number of the last thing that was done to a draft by hand; 0 without one."""
        with self._reading() as connection:
            return _last_edit(connection, draft)

    def keep_findings(
        self, draft: Draft, findings: Sequence[Finding], context: str, *, edits: int
    ) -> None:
        """Keep what the checks found in a draft, unless it is another one by now.

        Parameters
        ----------
        context : str
            What the checks looked at beside it.
        edits : int
            Number of its last edit that they looked at.
        """
        table = schema.draft
        with self._writing() as connection:
            take_turn(connection)
            if _last_edit(connection, draft) == edits:
                connection.execute(
                    table.update()
                    .where(table.c.layer == draft.layer_id, table.c.number == draft.number)
                    .where(table.c.base.is_not_distinct_from(draft.base))
                    .values(findings=orjson.dumps(list(findings)).decode(), context=context)
                )

    def edit(
        self,
        draft: Draft,
        edits: Sequence[tuple[str, Kind, Feature | None]],
        *,
        author: str,
        seen: int | None = None,
    ) -> int:
        """Do something to features of a draft; return the number of the last edit.

        A draft that was submitted or approved is open again: it is not what was approved.

        Parameters
        ----------
        edits : sequence of (id, kind, Feature or None)
        seen : int, optional
            Number of the last edit that the author has seen.

        Raises
        ------
        RevisionConflict
            If it waits no longer.
        StaleEdit
            If somebody has since edited one of the same features.
        """
        table = schema.draft_edit
        where = (table.c.layer == draft.layer_id) & (table.c.draft == draft.number)
        with self._writing() as connection:
            take_turn(connection)
            self._set(connection, draft, {"status": "open", "due": None, "context": EDITED})
            if seen is not None:
                ids = [each[0] for each in edits]
                newer = sa.select(table.c.id, table.c.author).where(where, table.c.number > seen)
                for row in connection.execute(newer.where(table.c.id.in_(ids))):
                    raise StaleEdit(
                        f"{row.author} has changed {row.id} in this draft since you opened it; "
                        "look at both before you save."
                    )
            last = _last_edit(connection, draft)
            rows = [
                edit_row(draft, number, author, *each)
                for number, each in enumerate(edits, last + 1)
            ]
            if rows:
                connection.execute(table.insert(), rows)
        return last + len(rows)

    def events(self, draft: Draft) -> Sequence[Event]:
        """Return what was said and decided, in that order."""
        table = schema.draft_event
        query = (
            sa.select(table)
            .where(table.c.layer == draft.layer_id, table.c.draft == draft.number)
            .order_by(table.c.number)
        )
        with self._reading() as connection:
            return [event_of(row) for row in connection.execute(query)]

    def happen(
        self,
        draft: Draft,
        kind: Happened,
        *,
        author: str,
        text: str = "",
        feature_id: str | None = None,
        **values: object,
    ) -> Draft:
        """Say or decide something of a draft that waits; return it as it is then.

        Parameters
        ----------
        **values
            Columns of the draft that become something else.

        Raises
        ------
        RevisionConflict
            If it waits no longer.
        """
        table = schema.draft_event
        where = (table.c.layer == draft.layer_id) & (table.c.draft == draft.number)
        now = datetime.now(UTC)
        with self._writing() as connection:
            take_turn(connection)
            self._set(connection, draft, values)
            last = connection.execute(sa.select(sa.func.max(table.c.number)).where(where)).scalar()
            connection.execute(
                table.insert().values(
                    layer=draft.layer_id,
                    draft=draft.number,
                    number=(last or 0) + 1,
                    author=author,
                    time=now.isoformat(),
                    kind=kind,
                    text=text,
                    feature=feature_id,
                )
            )
            if kind != "comment":
                subject = f"{draft.layer_id}/draft {draft.number}"
                write_log(connection, now, author, f"draft {kind}", subject, text)
        return self.get(draft.layer_id, draft.number)

    @staticmethod
    def _set(connection: sa.Connection, draft: Draft, values: Mapping[str, object]) -> None:
        table = schema.draft
        changed = connection.execute(
            table.update()
            .where(table.c.layer == draft.layer_id, table.c.number == draft.number)
            .where(table.c.status.in_(WAITING))
            .values({"status": table.c.status, **values})
        )
        if changed.rowcount == 0:
            raise RevisionConflict(
                f"Draft {draft.number} of {draft.layer_id} is no longer open; see atlas drafts."
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
        with self._writing() as connection:
            take_turn(connection)
            self._set(connection, draft, {"status": status, "revision": revision})
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


def _last_edit(connection: sa.Connection, draft: Draft) -> int:
    table = schema.draft_edit
    where = (table.c.layer == draft.layer_id) & (table.c.draft == draft.number)
    return int(
        connection.execute(sa.select(sa.func.max(table.c.number)).where(where)).scalar() or 0
    )
