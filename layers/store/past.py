"""All that was ever stored of a layer, internal features too: for staff, never for the public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson
import sqlalchemy as sa

from . import schema
from .versions import feature_of, only_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from layers.model import Feature

    Reading: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]


class Stay(NamedTuple):
    """A state of a feature, and how long it stayed like that.

    Attributes
    ----------
    first : int
        Number of the revision that brought it.
    last : int or None
        Number of the last revision that holds it; None for the head.
    """

    first: int
    last: int | None
    digest: str
    feature: Feature


class Past:
    """Reads the past of layers as it was stored.

    Parameters
    ----------
    reading : callable
        Opens a connection that reads.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def differing(self, layer_id: str, old: int, new: int) -> tuple[dict[str, str], dict[str, str]]:
        """Return the features of two revisions that the other does not have as they are.

        Parameters
        ----------
        old, new : int
            Numbers of revisions; 0 for the state before the first.

        Returns
        -------
        tuple of dict
            Id to digest, of each revision.
        """
        with self._reading() as connection:
            return (
                only_in(connection, layer_id, old, new),
                only_in(connection, layer_id, new, old),
            )

    def states(self, layer_id: str, feature_id: str) -> list[Stay]:
        """Return every state that a feature has had, the oldest first; none if there never was it.

        One that only was put elsewhere in the order is there twice.
        """
        table = schema.feature_version
        query = _stays().where(table.c.layer == layer_id, table.c.id == feature_id)
        with self._reading() as connection:
            return [_stay(*row) for row in connection.execute(query.order_by(table.c.first))]

    def find(self, layer_id: str, text: str, limit: int) -> list[Stay]:
        """Return the last state of features whose id or properties hold a text, removed ones too.

        Parameters
        ----------
        limit : int
            How many at most, by their ids.
        """
        table = schema.feature_version
        later = table.alias("later")
        written = orjson.dumps(text).decode()[1:-1]
        query = _stays().where(
            table.c.layer == layer_id,
            sa.or_(
                table.c.id.contains(text, autoescape=True),
                table.c.properties.contains(written, autoescape=True),
            ),
            ~sa.exists().where(
                later.c.layer == table.c.layer,
                later.c.id == table.c.id,
                later.c.first > table.c.first,
            ),
        )
        with self._reading() as connection:
            rows = connection.execute(query.order_by(table.c.id).limit(limit))
            return [_stay(*row) for row in rows]

    def publishes(self) -> dict[tuple[str, str], int]:
        """Return how many revisions of each kind each layer has, by layer and kind."""
        table = schema.revision
        query = sa.select(table.c.layer, table.c.kind, sa.func.count())
        with self._reading() as connection:
            rows = connection.execute(query.group_by(table.c.layer, table.c.kind))
            return {(layer, kind): count for layer, kind, count in rows}


def _stays() -> sa.Select[tuple[Any, ...]]:
    table = schema.feature_version
    return sa.select(
        table.c.first,
        table.c.last,
        table.c.digest,
        table.c.id,
        table.c.geometry,
        table.c.properties,
    )


def _stay(
    first: int, last: int | None, digest: str, id_: str, geometry: bytes | None, properties: str
) -> Stay:
    return Stay(first, last, digest, feature_of(id_, geometry, properties))
