"""Feature versions: only what changes between two revisions is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import shapely
import sqlalchemy as sa

from layers.errors import RevisionConflict
from layers.geojson import combined_digest, feature_digests
from layers.model import Feature, Revision

from . import schema
from .audit import write_log
from .contents import Contents
from .positions import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .contents import KeptContents

_BATCH = 5_000
_FEW = 1_000
"""Features up to which a change reads those that it touches, not the whole layer."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What a draft makes of its base.

    Attributes
    ----------
    put : tuple of Feature
        Added or changed, in the order of the file.
    removed : tuple of str
        Ids.
    rows : Mapping
        Where each feature stood in the file, by its id.
    """

    put: tuple[Feature, ...]
    removed: tuple[str, ...]
    rows: Mapping[str, int]

    def apply(self, base: Iterable[Feature]) -> list[Feature]:
        """Return the features of the base with the changes in them, new ones at the end."""
        put = {feature.id: feature for feature in self.put}
        gone = set(self.removed)
        kept = [put.pop(each.id, each) for each in base if each.id not in gone]
        return [*kept, *put.values()]


class Change(NamedTuple):
    """What a publish makes of one layer.

    Attributes
    ----------
    features : sequence of Feature or ChangeSet
        All of them in the order in which they are served, or what changes in those of the base.
    base : Revision or None
        The head that it was made from; None for the first revision.
    """

    layer_id: str
    features: Sequence[Feature] | ChangeSet
    base: Revision | None


class Said(NamedTuple):
    """What the revisions of one publish have in common."""

    kind: str
    author: str
    message: str
    key: str | None
    created: datetime
    remark: str


class Moves(NamedTuple):
    """How one revision of a layer came out of another.

    Attributes
    ----------
    brought : sequence of (Feature, float)
        What the newer one holds and the older does not, and its place in the order.
    ended : Mapping
        Places of what the older one holds and the newer does not, by id.
    last : float
        Place of the last feature of the older one; infinite if it has all ids of the newer one.
    """

    brought: Sequence[tuple[Feature, float]]
    ended: Mapping[str, float]
    last: float


class Prepared(NamedTuple):
    """A change with the digests that it brings, computed before anybody has to wait."""

    change: Change
    digests: Mapping[str, str]


class Version(NamedTuple):
    """What a revision holds of a feature."""

    digest: str
    position: float


def prepare(change: Change) -> Prepared:
    """Return a change with the digests of its features."""
    return Prepared(change, feature_digests(_put(change)))


def publish_change(
    connection: sa.Connection,
    prepared: Prepared,
    said: Said,
    sequence: int,
    kept: KeptContents,
) -> Revision:
    """Write a new revision of a layer and what it changes.

    Parameters
    ----------
    kept : KeptContents
        Of the revisions before; afterwards, of this one.

    Raises
    ------
    RevisionConflict
        If the head is another one than the base.
    """
    change = prepared.change
    _refuse_stale(connection, change)
    before, after, contents = _made(connection, prepared, kept)
    changed = [i for i, v in after.items() if i in before and before[i].digest != v.digest]
    revision = Revision(
        change.layer_id,
        1 if change.base is None else change.base.number + 1,
        None if change.base is None else change.base.number,
        contents.digest,
        said.kind,
        said.author,
        said.message,
        said.created,
        said.key,
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
        len(changed),
        sequence,
    )
    connection.execute(schema.revision.insert().values(revision_values(revision)))
    _end(connection, revision, [i for i, v in before.items() if after.get(i) != v])
    _bring(connection, revision, _put(change), before, after)
    write_log(
        connection,
        revision.created,
        said.author,
        said.kind,
        f"{change.layer_id}/{revision.number}",
        " ".join(filter(None, [revision.digest, said.message, said.remark])),
    )
    kept.keep(revision, contents)
    return revision


def published_by(
    connection: sa.Connection, prepared: Sequence[Prepared], key: str
) -> list[Revision]:
    """Return the revisions that a key published before; empty if it did not.

    Raises
    ------
    RevisionConflict
        If the key named another publish.
    """
    table = schema.revision
    found = []
    for each in prepared:
        change = each.change
        query = sa.select(table).where(table.c.layer == change.layer_id, table.c.key == key)
        row = connection.execute(query).first()
        if row is None:
            continue
        # A repeated change is based on what it was made from, a repeated file on the head of now.
        base = change.base if isinstance(change.features, ChangeSet) else None
        before = versions_in(connection, change.layer_id, base) if base else {}
        digests = {id_: v.digest for id_, v in _after(each, before).items()}
        if row.digest != combined_digest(digests):
            raise RevisionConflict(
                f"The key {key} published revision {row.number} of {change.layer_id} with other "
                "features; give this publish a key of its own."
            )
        found.append(revision_of(row))
    return found if len(found) == len(prepared) else []


def _made(
    connection: sa.Connection, prepared: Prepared, kept: KeptContents
) -> tuple[Mapping[str, Version], Mapping[str, Version], Contents]:
    """Return the versions before and after a change, and what the revision holds then.

    Of a change of few features, the versions are those of these features only.
    """
    change, base = prepared.change, prepared.change.base
    touched = _touched(change)
    if base is not None and touched is not None:
        contents = kept.get(connection, base)
        if contents is not None:
            before = versions_of(connection, base, touched)
            after = _after(prepared, before, lambda: _last_place(connection, base))
            put = {id_: version.digest for id_, version in after.items()}
            return before, after, contents.changed(put, touched)
    before = versions_in(connection, change.layer_id, base)
    after = _after(prepared, before)
    return before, after, Contents.of({id_: each.digest for id_, each in after.items()})


def _touched(change: Change) -> list[str] | None:
    """Return the ids that a change puts or removes; None if it is not one of few."""
    features = change.features
    if not isinstance(features, ChangeSet) or len(features.put) + len(features.removed) > _FEW:
        return None
    return list({*(each.id for each in features.put), *features.removed})


def versions_of(
    connection: sa.Connection, revision: Revision, ids: Sequence[str]
) -> dict[str, Version]:
    """Return the versions that a revision holds of some features, by id."""
    table = schema.feature_version
    query = sa.select(table.c.id, table.c.digest, table.c.position).where(
        valid_in(revision.layer_id, revision.number)
    )
    rows = connection.execute(query.where(table.c.id.in_(ids)))
    return {id_: Version(digest, position) for id_, digest, position in rows}


def _last_place(connection: sa.Connection, revision: Revision) -> float:
    table = schema.feature_version
    query = sa.select(sa.func.max(table.c.position))
    found = connection.execute(query.where(valid_in(revision.layer_id, revision.number))).scalar()
    return found or 0.0


def versions_in(
    connection: sa.Connection, layer_id: str, revision: Revision | None
) -> dict[str, Version]:
    """Return the versions that a revision holds, by id, in the order in which they are served."""
    if revision is None:
        return {}
    table = schema.feature_version
    query = (
        sa.select(table.c.id, table.c.digest, table.c.position)
        .where(valid_in(layer_id, revision.number))
        .order_by(table.c.position, table.c.id)
    )
    return {id_: Version(digest, position) for id_, digest, position in connection.execute(query)}


def moves_between(connection: sa.Connection, old: Revision, new: Revision) -> Moves:
    """Return how a revision came out of an older one of its layer."""
    table = schema.feature_version
    brought = (
        sa.select(table.c.id, table.c.geometry, table.c.properties, table.c.position)
        .where(valid_in(new.layer_id, new.number), table.c.first > old.number)
        .order_by(table.c.position, table.c.id)
    )
    ended = sa.select(table.c.id, table.c.position).where(
        table.c.layer == old.layer_id,
        table.c.first <= old.number,
        table.c.last >= old.number,
        table.c.last < new.number,
    )
    came = [(feature_of(*row), position) for *row, position in connection.execute(brought)]
    gone = dict(map(tuple, connection.execute(ended)))
    is_new = any(feature.id not in gone for feature, _ in came)
    # The last place is looked for among all, which an edit of what is there need not wait for.
    return Moves(came, gone, _last_place(connection, old) if is_new else math.inf)


def valid_in(
    layer_id: str, number: int, table: sa.FromClause = schema.feature_version
) -> sa.ColumnElement[bool]:
    """Return the condition that a feature version belongs to a revision."""
    return sa.and_(
        table.c.layer == layer_id,
        table.c.first <= number,
        sa.or_(table.c.last.is_(None), table.c.last >= number),
    )


def only_in(
    connection: sa.Connection,
    layer_id: str,
    one: int,
    other: int,
    *conditions: sa.ColumnElement[bool],
) -> dict[str, str]:
    """Return the digests, by id, of what a revision holds and another does not, in its order."""
    table = schema.feature_version
    query = (
        sa.select(table.c.id, table.c.digest)
        .where(valid_in(layer_id, one), ~valid_in(layer_id, other), *conditions)
        .order_by(table.c.position, table.c.id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def feature_of(feature_id: str, geometry: bytes | None, properties: str) -> Feature:
    """Return the feature that a row holds."""
    shape = None if geometry is None else shapely.from_wkb(bytes(geometry))
    return Feature(feature_id, shape, orjson.loads(properties))


def revision_of(row: Any) -> Revision:
    """Return the revision that a row holds."""
    return Revision(
        row.layer,
        row.number,
        row.parent,
        row.digest,
        row.kind,
        row.author,
        row.message,
        datetime.fromisoformat(row.created),
        row.key,
        row.added,
        row.removed,
        row.changed,
        row.sequence,
    )


def revision_values(revision: Revision) -> dict[str, Any]:
    """Return what the row of a revision holds."""
    values = {
        column.name: getattr(revision, "layer_id" if column.name == "layer" else column.name)
        for column in schema.revision.c
    }
    return values | {"created": revision.created.isoformat()}


def _put(change: Change) -> Sequence[Feature]:
    return change.features.put if isinstance(change.features, ChangeSet) else change.features


def _after(
    prepared: Prepared,
    before: Mapping[str, Version],
    last_place: Callable[[], float] | None = None,
) -> dict[str, Version]:
    """Return the versions of the new revision, by id, in order.

    Parameters
    ----------
    before : Mapping
        Versions of the base: all, or those that the change touches.
    last_place : callable, optional
        Gives the last place of all in the base, where these are some.
    """
    digests = prepared.digests
    features = prepared.change.features
    if isinstance(features, ChangeSet):
        after = dict(before)
        for id_ in features.removed:
            after.pop(id_, None)
        end = 0.0
        if not digests.keys() <= after.keys():
            end = last_place() if last_place else _end_of(before)
        for id_, digest in digests.items():
            if id_ in after:
                after[id_] = Version(digest, after[id_].position)
            else:
                end += 1
                after[id_] = Version(digest, end)
        return after
    positions = place(list(digests), {id_: each.position for id_, each in before.items()})
    return {id_: Version(digests[id_], positions[id_]) for id_ in digests}


def _end_of(versions: Mapping[str, Version]) -> float:
    return max((version.position for version in versions.values()), default=0.0)


def _refuse_stale(connection: sa.Connection, change: Change) -> None:
    table = schema.revision
    query = sa.select(table.c.number, table.c.digest).where(table.c.layer == change.layer_id)
    head = connection.execute(query.order_by(table.c.number.desc()).limit(1)).first()
    # A store that was put back can have come to the same number in another way.
    if head != (None if change.base is None else (change.base.number, change.base.digest)):
        raise RevisionConflict(
            f"Layer {change.layer_id} is at revision {head.number if head else 0} now; make the "
            "change again from it."
        )


def _end(connection: sa.Connection, revision: Revision, ids: Sequence[str]) -> None:
    """End the versions that a revision changes or drops."""
    table = schema.feature_version
    end = (
        table.update()
        .where(table.c.layer == revision.layer_id, table.c.last.is_(None))
        .values(last=revision.number - 1)
    )
    for batch in _batches(ids):
        if connection.dialect.name == "postgresql":
            connection.execute(end.where(table.c.id == sa.any_(sa.literal(batch, _TEXTS))))
        else:
            connection.execute(
                end.where(table.c.id == sa.bindparam("ended")), [{"ended": id_} for id_ in batch]
            )


_TEXTS = sa.ARRAY(sa.Text)
_COLUMNS = ("layer", "id", "first", "last", "position", "digest", "geometry", "properties")


def _bring(
    connection: sa.Connection,
    revision: Revision,
    put: Iterable[Feature],
    before: Mapping[str, Version],
    after: Mapping[str, Version],
) -> None:
    """Add the versions that a revision brings."""
    rows = (
        (
            revision.layer_id,
            each.id,
            revision.number,
            None,
            after[each.id].position,
            after[each.id].digest,
            None if each.geometry is None else shapely.to_wkb(each.geometry),
            orjson.dumps(dict(each.properties)).decode(),
        )
        for each in put
        if before.get(each.id) != after[each.id]
    )
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        listed = ", ".join(_COLUMNS)
        with driver.cursor().copy(f"COPY feature_version ({listed}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    insert = schema.feature_version.insert()
    for batch in _batches([dict(zip(_COLUMNS, row, strict=True)) for row in rows]):
        connection.execute(insert, list(batch))


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
