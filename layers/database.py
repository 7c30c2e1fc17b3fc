"""Layers that are too large to be packed: PostgreSQL answers by itself.

A revision is never rewritten, so that a layer is as immutable here as it is packed: what is read in
one transaction and what is read in the next belong together. No connection is held while a client
is being answered.
"""

from __future__ import annotations

import marshal
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import islice
from tempfile import TemporaryFile
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely
import sqlalchemy as sa
from cachetools import LRUCache
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import DataError, InternalError

from .database_tiles import DatabaseTiles
from .errors import InvalidParameter, NotFound
from .history import history_of
from .model import BBox, Feature
from .packed import BETWEEN, features_json
from .queries import behind, conditions, in_order, is_public, meets_box, sort_keys
from .served import BEGINNING, EVERYTHING, LayerRevision, Start, as_collection
from .snapshot import behind_nothing
from .store import placed, valid_in

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from .model import Layer, Revision
    from .served import Query
    from .store import Store

    Row = tuple[str, bytes | None, str]

_PATIENCE_S = 20
"""How long the database may think about one statement."""

_STREAMED = 2_000
"""Features that are held at a time while many are read."""

_CHUNK = 10_000
"""Features whose digests are digested together."""

_COUNTS_KEPT = 4_096
_OLDER_KEPT = 8

_SETTINGS: Mapping[str, str] = {
    "statement_timeout": f"{_PATIENCE_S}s",
    "timezone": "UTC",
    # Boxes and values differ too much for one plan; compiling one costs more than it saves.
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
}
_SET = sa.select(*(sa.func.set_config(name, value, True) for name, value in _SETTINGS.items()))


@dataclass(frozen=True, slots=True)
class DatabasePage:
    """Some features that were read from the database, in order; see `layers.served.Page`."""

    found: Sequence[Feature]
    matched: int
    next: Start | None = None

    def __len__(self) -> int:
        return len(self.found)

    def members(self) -> Sequence[bytes]:
        """Return the features as GeoJSON, the same bytes as if they were packed."""
        return [BETWEEN.join(features_json(self.found))]

    def texts(self) -> list[bytes]:
        """Return each feature as GeoJSON."""
        return features_json(self.found)

    def geometries(self) -> NDArray[np.object_]:
        """Return the geometries in CRS84 degrees; None where there is none."""
        return np.array([each.geometry for each in self.found], dtype=object)

    def features(self) -> list[Feature]:
        """Return the features with all their properties."""
        return list(self.found)


@dataclass(frozen=True, eq=False)
class DatabaseLayer(LayerRevision):
    """One revision of a layer, served from the database; see `layers.served.ServedLayer`.

    Attributes
    ----------
    head : Revision
        Whose internal features are not shown either: the newest one when this was opened.
    """

    store: Store
    head: Revision
    count: int
    _counts: LRUCache[Hashable, int] = field(
        default_factory=lambda: LRUCache(_COUNTS_KEPT), repr=False
    )
    _older: LRUCache[int, DatabaseLayer] = field(
        default_factory=lambda: LRUCache(_OLDER_KEPT), repr=False
    )
    _lock: Lock = field(default_factory=Lock, repr=False)

    is_large = True

    def read(self, query: Query, limit: int, start: Start = BEGINNING) -> DatabasePage:
        """Return a page of what a query finds.

        The next page begins behind the last feature of this one, so that it costs the same.

        Raises
        ------
        InvalidParameter
            If the page begins behind a feature that never was, or a filter cannot be computed.
        StoreUnavailable
            If the database cannot be asked, or does not answer in time.
        """
        with _answering(self.store) as connection:
            keys = sort_keys(query.order, self.layer, placed)
            wanted = self._found(query).order_by(*in_order(keys, query.order, placed))
            if start.after is not None:
                anchor = self._anchor(connection, start.after, keys)
                wanted = wanted.where(behind(keys, query.order, anchor, placed))
            matched = self._matched(connection, query)
            rows = connection.execute(wanted.offset(start.offset).limit(limit + 1)).all()
        following = Start(after=rows[limit - 1].id) if len(rows) > limit else None
        return DatabasePage(_features(rows[:limit]), matched, following)

    def item(self, feature_id: str) -> DatabasePage:
        """Return a page with one feature.

        Raises
        ------
        NotFound
            If the layer has no such feature.
        """
        found = self.feature(feature_id)
        if found is None:
            raise NotFound(f"Collection {self.layer.id} has no item {feature_id}.")
        return DatabasePage((found,), 1)

    def feature(self, feature_id: str) -> Feature | None:
        """Return a feature; None if the layer has none of this id."""
        if "\0" in feature_id:
            return None
        with _answering(self.store) as connection:
            rows = connection.execute(self._found().where(placed.c.id == feature_id)).all()
        return next(iter(_features(rows)), None)

    def near(self, boxes: Sequence[BBox]) -> list[Feature]:
        """Return the features whose boxes meet one of some boxes."""
        if not boxes:
            return []
        met = sa.or_(*(meets_box(each, placed) for each in boxes))
        with _answering(self.store) as connection:
            rows = connection.execute(
                self._found().where(met).order_by(placed.c.position, placed.c.id)
            ).all()
        return _features(rows)

    def stream(self, query: Query = EVERYTHING) -> Iterator[Feature]:
        """Yield all that a query finds, in order, without holding it in memory.

        A cursor of the server fills a temporary file first: whoever takes long to make use of the
        features does not hold a connection.
        """
        keys = sort_keys(query.order, self.layer, placed)
        wanted = self._found(query).order_by(*in_order(keys, query.order, placed))
        with TemporaryFile() as spool:
            with _answering(self.store) as connection:
                rows = connection.execution_options(yield_per=_STREAMED).execute(wanted)
                for batch in rows.partitions():
                    marshal.dump([tuple(row) for row in batch], spool)
            end = spool.tell()
            spool.seek(0)
            while spool.tell() < end:
                yield from _features(marshal.load(spool))  # noqa: S302  it was written here

    def shapes(self, query: Query) -> Iterator[NDArray[np.object_]]:
        """Yield the geometries of what a query finds, some thousands at a time."""
        found = self.stream(query)
        while batch := list(islice(found, _STREAMED)):
            yield np.array([each.geometry for each in batch], dtype=object)

    def parts(self) -> Iterator[bytes]:
        """Return the whole layer as a GeoJSON FeatureCollection, part by part."""
        return as_collection(self.stream())

    @cached_property
    def tiles(self) -> DatabaseTiles:
        """The same as vector tiles."""
        shown = _shown(self.layer, self.revision, self.head)
        return DatabaseTiles(
            self.layer, shown, self.count, self.bbox, lambda: _answering(self.store)
        )

    def at(self, revision: Revision) -> DatabaseLayer:
        """Return an older revision, without what is internal now."""
        with self._lock:
            known = self._older.get(revision.number)
        if known is None:
            known = open_in_database(self.store, self.layer, revision, self.head)
            with self._lock:
                self._older[revision.number] = known
        return known

    def _found(self, query: Query | None = None) -> sa.Select[Any]:
        table = placed
        found = sa.select(table.c.id, table.c.geometry, table.c.properties).where(
            *_shown(self.layer, self.revision, self.head)
        )
        return found if query is None else found.where(*conditions(query, self.layer, table))

    def _anchor(self, connection: sa.Connection, feature_id: str, keys: Sequence[Any]) -> Any:
        """Return position, id and values of the feature behind which a page begins.

        One that is no longer there is looked for in the revisions before.
        """
        table = placed
        newest = (
            sa.select(table.c.position, table.c.id, *keys)
            .where(
                table.c.layer == self.layer.id,
                table.c.id == feature_id,
                table.c.first <= self.revision.number,
                is_public(self.layer, table),
            )
            .order_by(table.c.first.desc())
            .limit(1)
        )
        anchor = None if "\0" in feature_id else connection.execute(newest).first()
        if anchor is None:
            raise behind_nothing(self.layer)
        return anchor

    def _matched(self, connection: sa.Connection, query: Query) -> int:
        key = _key(query)
        if key == _WHOLE:
            return self.count
        with self._lock:
            known = self._counts.get(key)
        if known is not None:
            return known
        found = self._found(query).with_only_columns(sa.func.count())
        matched = int(connection.execute(found).scalar_one())
        with self._lock:
            self._counts[key] = matched
        return matched


def open_in_database(
    store: Store, layer: Layer, revision: Revision, head: Revision | None = None
) -> DatabaseLayer:
    """Return a revision of a layer that is served from a database.

    Parameters
    ----------
    head : Revision, optional
        The newest one, if it is another: what is internal in it is not shown.

    Raises
    ------
    StoreUnavailable
        If the database cannot be asked.
    """
    shown = _shown(layer, revision, head or revision)
    extent = sa.func.ST_3DExtent(placed.c.shape)
    sides = (getattr(sa.func, f"ST_{side}")(extent) for side in ("XMin", "YMin", "XMax", "YMax"))
    with store.looking() as connection:
        count, *box = connection.execute(sa.select(sa.func.count(), *sides).where(*shown)).one()
        digests = connection.execute(_digests(shown)).scalars().all()
    return DatabaseLayer(
        layer=layer,
        revision=revision,
        # Over the digests of what is shown, so that it changes with that and with nothing else.
        digest=sha256(b"".join(map(bytes, digests))).hexdigest(),
        bbox=None if box[0] is None else BBox(*box),
        history=history_of(revision),
        store=store,
        head=head or revision,
        count=count,
    )


def _digests(shown: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """Return what selects the digests of features in order, `_CHUNK` of them digested together.

    They are numbered anew: the positions of what is shown tell how much is not.
    """
    before = sa.func.row_number().over(order_by=(placed.c.position, placed.c.id)) - 1
    each = sa.select(placed.c.digest, before.label("before")).where(*shown).subquery()
    nothing: sa.ColumnClause[str] = sa.literal_column("''")
    joined = sa.func.string_agg(each.c.digest, aggregate_order_by(nothing, each.c.before))
    chunk = each.c.before.op("/")(_CHUNK)
    return (
        sa.select(sa.func.sha256(sa.cast(joined, sa.LargeBinary))).group_by(chunk).order_by(chunk)
    )


@contextmanager
def _answering(store: Store) -> Iterator[sa.Connection]:
    """Open a transaction in which one request is answered.

    Raises
    ------
    InvalidParameter
        If a filter cannot be computed.
    """
    try:
        with store.looking() as connection:
            connection.execute(_SET)
            try:
                yield connection
            except (DataError, InternalError) as error:
                said = str(error.orig).splitlines()[0]
                raise InvalidParameter(
                    "filter", f"Parameter filter cannot be computed: {said}."
                ) from None
    except RecursionError:
        raise InvalidParameter(
            "filter", "Parameter filter is nested too deeply; say it in several requests."
        ) from None


def _shown(layer: Layer, revision: Revision, head: Revision) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a feature version belongs to a revision, and may be shown."""
    shown = [valid_in(layer.id, revision.number, placed), is_public(layer, placed)]
    if head.number != revision.number:
        now = placed.alias("now")
        internal = sa.select(1).where(
            valid_in(layer.id, head.number, now),
            now.c.id == placed.c.id,
            sa.not_(is_public(layer, now)),
        )
        shown.append(sa.not_(internal.exists()))
    return shown


def _features(rows: Sequence[Any]) -> list[Feature]:
    shapes = shapely.from_wkb(np.array([row[1] for row in rows], dtype=object))
    return [
        Feature(row[0], shape, orjson.loads(row[2]))
        for row, shape in zip(rows, shapes, strict=True)
    ]


def _key(query: Query) -> Hashable:
    """Return what two queries that find the same have in common; their order is no part."""
    return (
        query.bbox,
        None if query.area is None else query.area.wkb,
        query.interval,
        frozenset(query.equal.items()),
        frozenset(query.selection.items()),
        query.condition,
    )


_WHOLE = _key(EVERYTHING)
