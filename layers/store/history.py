"""What the public may know of a layer's past: which revisions changed something that it could see.

Revisions are counted by the database, in one pass over the feature versions; none is loaded.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import sqlalchemy as sa

from layers.model import PublicRevision

from . import schema
from .versions import feature_of, only_in, valid_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from layers.model import Feature, Layer

    Reading: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]
    Versions: TypeAlias = "sa.FromClause"


class PublicHistory:
    """Reads the past of layers as the public saw it.

    Parameters
    ----------
    reading : callable
        Opens a connection that reads.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def revisions(
        self, layer: Layer, head: int, known: tuple[PublicRevision, ...] = ()
    ) -> tuple[PublicRevision, ...]:
        """Return the revisions of a layer that the public can tell apart, the oldest first.

        Those are the first, and each in which a public feature was added, removed, changed, or put
        elsewhere in the order. A feature that turns internal is removed, one that turns public is
        added. They are numbered among themselves, so that a number says nothing of what is
        internal; for a layer that has nothing internal the numbers are those of the store.

        Parameters
        ----------
        head : int
            The store's number of the newest revision to look at.
        known : tuple of PublicRevision, optional
            What was found for an older head.
        """
        after = known[-1].seen if known else 0
        if known and after >= head:
            return known
        with self._reading() as connection:
            counts = _Counts.of(connection, layer, after, head)
            table = schema.revision
            rows = connection.execute(
                sa.select(table.c.number, table.c.kind, table.c.message, table.c.created)
                .where(table.c.layer == layer.id, table.c.number > after, table.c.number <= head)
                .order_by(table.c.number)
            ).all()
            shown = [
                row for row in rows if row.number == 1 or counts.shows(connection, layer, row[0])
            ]
        found = [
            PublicRevision(
                layer.id,
                len(known) + place,
                row.number,
                head,
                row.kind,
                row.message,
                datetime.fromisoformat(row.created),
                *counts.at(row.number),
            )
            for place, row in enumerate(shown, 1)
        ]
        return tuple(each._replace(seen=head) for each in (*known, *found))

    def withheld(self, layer: Layer, head: int) -> frozenset[str]:
        """Return the ids of the features whose newest state is internal.

        What they were before is not shown either.
        """
        table = schema.feature_version
        later = table.alias("later")
        query = sa.select(table.c.id).where(
            table.c.layer == layer.id,
            table.c.first <= head,
            ~sa.exists().where(
                later.c.layer == table.c.layer,
                later.c.id == table.c.id,
                later.c.first > table.c.first,
                later.c.first <= head,
            ),
        )
        with self._reading() as connection:
            internal = ~_is_public(connection, table, layer)
            return frozenset(connection.execute(query.where(internal)).scalars())

    def touching(self, layer: Layer, ids: frozenset[str]) -> frozenset[int]:
        """Return the store's numbers of the revisions that changed public states of features."""
        table = schema.feature_version
        found: set[int] = set()
        with self._reading() as connection:
            public = _is_public(connection, table, layer)
            query = sa.select(table.c.first, table.c.last).where(table.c.layer == layer.id, public)
            for some in _batches(sorted(ids)):
                for first, last in connection.execute(query.where(table.c.id.in_(some))):
                    found |= {first} if last is None else {first, last + 1}
        return frozenset(found)

    def ids(self, layer: Layer, stored: int) -> list[str]:
        """Return the ids of the features that were public in a revision, in their order."""
        with self._reading() as connection:
            return _ids(connection, layer, stored)

    def count(self, layer: Layer, stored: int) -> int:
        """Return how many features were public in a revision."""
        table = schema.feature_version
        with self._reading() as connection:
            public = _is_public(connection, table, layer)
            query = sa.select(sa.func.count()).where(valid_in(layer.id, stored), public)
            return int(connection.execute(query).scalar_one())

    def differing(self, layer: Layer, old: int, new: int) -> tuple[dict[str, str], dict[str, str]]:
        """Return the public features of two revisions that the other does not have as they are.

        Parameters
        ----------
        old, new : int
            The store's numbers; 0 for the state before the first, which has none.

        Returns
        -------
        tuple of dict
            Id to digest, of each revision.
        """
        table = schema.feature_version
        with self._reading() as connection:
            public = _is_public(connection, table, layer)
            return (
                only_in(connection, layer.id, old, new, public),
                only_in(connection, layer.id, new, old, public),
            )

    def features(self, layer: Layer, stored: int, ids: Sequence[str]) -> list[Feature]:
        """Return some features as they were in a revision, whether public or not."""
        table = schema.feature_version
        query = sa.select(table.c.id, table.c.geometry, table.c.properties).where(
            valid_in(layer.id, stored)
        )
        found: dict[str, Feature] = {}
        with self._reading() as connection:
            for some in _batches(ids):
                rows = connection.execute(query.where(table.c.id.in_(some)))
                found |= {row[0]: feature_of(*row) for row in rows}
        return [found[id_] for id_ in ids]


_AT_ONCE = 500
"""Ids in one statement."""


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


class _Counts(NamedTuple):
    """Public feature versions by the revision that began or ended them.

    Attributes
    ----------
    begun, ended : Counter
        Versions that are there from a revision on, or no longer.
    kept, changed : Counter
        Features that have a public version on both sides, and those that differ.
    """

    begun: Counter[int]
    ended: Counter[int]
    kept: Counter[int]
    changed: Counter[int]

    @classmethod
    def of(cls, connection: sa.Connection, layer: Layer, after: int, head: int) -> _Counts:
        """Return the counts of the revisions after one, up to another."""
        new, old = schema.feature_version.alias("new"), schema.feature_version.alias("old")
        new_is_public = _is_public(connection, new, layer)
        ended = sa.and_(
            old.c.layer == layer.id,
            old.c.last >= after,
            old.c.last < head,
            _is_public(connection, old, layer),
        )
        differs = sa.case((old.c.digest != new.c.digest, 1), else_=0)
        begins = (
            sa.select(new.c.first, sa.func.count())
            .where(new.c.layer == layer.id, new.c.first > after, new.c.first <= head)
            .where(new_is_public)
            .group_by(new.c.first)
        )
        ends = sa.select(old.c.last + 1, sa.func.count()).where(ended).group_by(old.c.last)
        follows = sa.and_(
            new.c.layer == old.c.layer, new.c.id == old.c.id, new.c.first == old.c.last + 1
        )
        pairs = (
            sa.select(new.c.first, sa.func.count(), sa.func.sum(differs))
            .select_from(old.join(new, follows))
            .where(ended, new_is_public)
            .group_by(new.c.first)
        )
        both = connection.execute(pairs).all()
        return cls(
            Counter({row[0]: row[1] for row in connection.execute(begins)}),
            Counter({row[0]: row[1] for row in connection.execute(ends)}),
            Counter({number: count for number, count, _ in both}),
            Counter({number: count for number, _, count in both}),
        )

    def at(self, number: int) -> tuple[int, int, int]:
        """Return how many public features a revision added, removed and changed."""
        kept = self.kept[number]
        return self.begun[number] - kept, self.ended[number] - kept, self.changed[number]

    def shows(self, connection: sa.Connection, layer: Layer, number: int) -> bool:
        """Tell whether the public can tell a revision from the one before."""
        if any(self.at(number)):
            return True
        # Positions are written anew now and then; only another order shows.
        moved = self.kept[number] > 0
        return moved and _ids(connection, layer, number - 1) != _ids(connection, layer, number)


def _ids(connection: sa.Connection, layer: Layer, number: int) -> list[str]:
    table = schema.feature_version
    query = (
        sa.select(table.c.id)
        .where(valid_in(layer.id, number), _is_public(connection, table, layer))
        .order_by(table.c.position, table.c.id)
    )
    return list(connection.execute(query).scalars())


def _is_public(
    connection: sa.Connection, versions: Versions, layer: Layer
) -> sa.ColumnElement[bool]:
    """Return `layers.model.Layer.is_public` as a condition on feature versions."""
    properties = versions.c.properties
    default = sa.literal(layer.access == "public", sa.Boolean)
    # Properties are stored without spaces, and most layers leave access to their declaration: a
    # search for the name spares parsing them.
    if connection.dialect.name == "postgresql":
        named = sa.func.strpos(properties, '"access":') > 0
        access = sa.cast(sa.cast(properties, sa.JSON).op("->")("access"), sa.Text)
        own = sa.case((access.is_(None), default), else_=access == '"public"')
    else:
        named = sa.func.instr(properties, '"access":') > 0
        kind = sa.func.json_type(properties, "$.access")
        text = sa.func.json_extract(properties, "$.access")
        own = sa.case((kind.is_(None), default), else_=sa.and_(kind == "text", text == "public"))
    return sa.case((named, own), else_=default)
