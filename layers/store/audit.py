"""The audit log: rows that can be neither changed nor taken out unseen."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import sqlalchemy as sa

from layers.errors import StoreUnavailable

from . import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime


class LogEntry(NamedTuple):
    """One row of the audit log.

    Attributes
    ----------
    hash : str
        SHA-256 of the row and of the hash before it: no row can be changed or taken out unseen.
    """

    number: int
    time: str
    actor: str
    action: str
    subject: str
    detail: str
    hash: str


def take_turn(connection: sa.Connection) -> int:
    """Advance the catalogue by one and return its number; others wait until this one is done.

    Raises
    ------
    StoreUnavailable
        If the store has moved: what is written here would be lost.
    """
    table = schema.catalogue
    connection.execute(table.update().values(sequence=table.c.sequence + 1))
    target = connection.execute(sa.select(schema.moved.c.target)).scalar()
    if target is not None:
        raise StoreUnavailable(
            f"This store has moved to {target}; set ATLAS_STORE or ATLAS_HOME to it."
        )
    return int(connection.execute(sa.select(table.c.sequence)).scalar_one())


def write_log(
    connection: sa.Connection,
    time: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: str,
) -> None:
    """Add a row; the transaction must have taken its turn, so that rows follow each other."""
    table = schema.audit
    last = connection.execute(
        sa.select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)
    ).first()
    number, before = (1, "") if last is None else (last.number + 1, last.hash)
    row = [number, time.isoformat(), actor, action, subject, detail]
    values = dict(zip(LogEntry._fields, [*row, _chained(before, row)], strict=True))
    connection.execute(table.insert().values(values))


def chain_faults(log: Sequence[LogEntry]) -> Iterator[str]:
    """Yield where the chain is broken, in a sentence; nothing if it is whole."""
    before = ""
    for expected, entry in enumerate(log, 1):
        if entry.number != expected:
            yield f"The log has no entry {expected}: an entry was taken out."
            return
        if entry.hash != _chained(before, entry[:6]):
            yield f"The log's entry {entry.number} ({entry.action} {entry.subject}) was changed."
            return
        before = entry.hash


def _chained(before: str, row: Sequence[Any]) -> str:
    return hashlib.sha256(orjson.dumps([before, *row])).hexdigest()
