"""Move a store to the other engine, and leave word where it has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from layers.errors import InvalidParameter, StoreUnavailable

from . import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import Store

_BATCH = 2_000
_ORDER = (
    schema.audit,
    schema.revision,
    schema.feature_version,
    schema.draft,
    schema.draft_change,
    schema.draft_edit,
    schema.draft_event,
    schema.plan_version,
    schema.actual,
    schema.account,
    schema.token,
    schema.session,
    schema.login_attempt,
    schema.opinion,
    schema.opinion_contact,
)
"""Every table but the catalogue. The log comes first: it tells what the copy was made from."""


def move_store(source: Store, target: Store, progress: Callable[[int, int], None]) -> None:
    """Copy a store to an empty one, verify the copy, and refuse all writes to the old one.

    The source is locked for writing from the first row to the last, so that nobody publishes
    into what is being left. Rows are copied in batches, each a transaction of its own: a copy
    that was broken off goes on where it stopped, or begins anew if the source has changed since.
    Only when every digest in the copy is right does the source get its tombstone; until then it
    stays in force.

    Parameters
    ----------
    progress : callable
        Told how many rows are copied, of how many.

    Raises
    ------
    InvalidParameter
        If the target holds another store's data; nothing is changed.
    StoreUnavailable
        If either cannot be used, the source has moved before, or the copy is not right.
    """
    if source.address == target.address:
        raise InvalidParameter("target", "The target is the store itself.")
    with source.locked() as reading:
        _prepare(reading, target)
        total = sum(_count(reading, table) for table in _ORDER)
        done = 0
        for table in _ORDER:
            done = _copy(reading, target, table, done, lambda at: progress(at, total))
        sequence = reading.execute(sa.select(schema.catalogue.c.sequence)).scalar_one()
        with target.transaction() as writing:
            writing.execute(schema.catalogue.update().values(sequence=sequence))
        fault = next(target.faults(), None)
        if fault is not None:
            raise StoreUnavailable(f"The copy is not right, the store stays where it is: {fault}")
        reading.execute(schema.moved.insert().values(target=target.address))


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _prepare(reading: sa.Connection, target: Store) -> None:
    """Refuse another store's data; clear away a copy that the source has gone beyond since."""
    query = sa.select(schema.audit.c.hash).order_by(schema.audit.c.number)
    own = list(reading.execute(query).scalars())
    with target.transaction() as writing:
        moved = writing.execute(sa.select(schema.moved.c.target)).scalar()
        if moved is not None:
            raise InvalidParameter("target", f"The target has moved to {moved} itself.")
        there = list(writing.execute(query).scalars())
        if there != own[: len(there)] or (not there and _count(writing, schema.revision)):
            raise InvalidParameter(
                "target", "The target holds another store's data; give an empty database or file."
            )
        if len(there) < len(own):
            for table in reversed(_ORDER):
                writing.execute(table.delete())


def _copy(
    reading: sa.Connection,
    target: Store,
    table: sa.Table,
    done: int,
    progress: Callable[[int], None],
) -> int:
    """Copy the rows of a table that the target does not have yet; returns how many are done."""
    keys = list(table.primary_key.columns)
    with target.transaction() as writing:
        start = _count(writing, table)
    progress(done + start)
    query = sa.select(table).order_by(*keys).offset(start)
    with reading.execute(query.execution_options(yield_per=_BATCH)) as found:
        for rows in found.partitions(_BATCH):
            with target.transaction() as writing:
                writing.execute(table.insert(), [_plain(row) for row in rows])
            start += len(rows)
            progress(done + start)
    return done + start


def _plain(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        name: bytes(value) if isinstance(value, memoryview) else value
        for name, value in row._mapping.items()
    }
