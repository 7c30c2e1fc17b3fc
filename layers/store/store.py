"""The store: revisions of layers, texts of plans, actual figures, and the log of who did what.

Only what changes between two revisions is stored: a feature version is valid from the revision
that brought it to the one that ended it. Both engines run the same statements.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import shapely
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from layers.errors import NotFound, RevisionConflict, StoreUnavailable
from layers.geojson import combined_digest, feature_digest
from layers.indicators import Actual
from layers.model import Feature, PlanVersion, Revision

from . import schema
from .audit import LogEntry, chain_faults, take_turn, write_log
from .drafts import Drafts
from .engine import open_engine, said_by
from .positions import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SCHEMA = "0002"
"""The newest migration."""

_BATCH = 5_000


class Change(NamedTuple):
    """What a publish makes of one layer.

    Attributes
    ----------
    base : Revision or None
        The head that the features were made from; None for the first revision.
    """

    layer_id: str
    features: Sequence[Feature]
    base: Revision | None


class Store:
    """Everything that an atlas keeps.

    Parameters
    ----------
    where : Path or str
        An SQLite file, or ``postgresql://…``.

    Raises
    ------
    StoreUnavailable
        If it cannot be opened or was written by a newer atlas.
    """

    def __init__(self, where: Path | str) -> None:
        self.where = where
        self._engine = open_engine(where)
        self.drafts = Drafts(self._reading, self._writing)
        try:
            with self._reading() as connection:
                known = _schema_of(connection)
            if known != SCHEMA:
                self._migrate(known)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def sequence(self) -> int:
        """Return a number that grows with everything that is stored."""
        with self._reading() as connection:
            return int(connection.execute(sa.select(schema.catalogue.c.sequence)).scalar_one())

    def heads(self) -> dict[str, Revision]:
        """Return the newest revision of every layer, all of one moment."""
        table = schema.revision
        query = sa.select(table).order_by(table.c.layer, table.c.number)
        newest = sa.select(table.c.layer, sa.func.max(table.c.number)).group_by(table.c.layer)
        with self._reading() as connection:
            rows = connection.execute(
                query.where(sa.tuple_(table.c.layer, table.c.number).in_(newest))
            )
            return {row.layer: _revision(row) for row in rows}

    def head(self, layer_id: str) -> Revision | None:
        """Return the newest revision of a layer; None if it has none."""
        table = schema.revision
        query = sa.select(table).where(table.c.layer == layer_id).order_by(table.c.number.desc())
        with self._reading() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else _revision(row)

    def revisions(self, layer_id: str) -> list[Revision]:
        """Return the revisions of a layer, the newest first."""
        table = schema.revision
        query = sa.select(table).where(table.c.layer == layer_id).order_by(table.c.number.desc())
        with self._reading() as connection:
            return [_revision(row) for row in connection.execute(query)]

    def revision(self, layer_id: str, number: int) -> Revision:
        """Return a revision of a layer.

        Raises
        ------
        NotFound
            If there is no such revision; the sentence says which there are.
        """
        found = self.revisions(layer_id)
        for each in found:
            if each.number == number:
                return each
        newest = found[0].number if found else 0
        known = f"1 to {newest}" if newest else "none"
        raise NotFound(f"Layer {layer_id} has no revision {number}; its revisions are {known}.")

    def revision_at(self, layer_id: str, moment: datetime) -> Revision:
        """Return the revision that was the head at a moment.

        Raises
        ------
        NotFound
            If the layer had none yet.
        """
        for each in self.revisions(layer_id):
            if each.created <= moment:
                return each
        raise NotFound(f"Layer {layer_id} had no revision at {moment:%Y-%m-%d %H:%M}.")

    def features(self, revision: Revision) -> list[Feature]:
        """Return the features of a revision, in the order in which they were published."""
        table = schema.feature_version
        query = (
            sa.select(table.c.id, table.c.geometry, table.c.properties)
            .where(_valid_in(revision))
            .order_by(table.c.position, table.c.id)
        )
        with self._reading() as connection:
            return [_feature(*row) for row in connection.execute(query)]

    def publish(
        self,
        layer_id: str,
        features: Sequence[Feature],
        *,
        base: Revision | None,
        kind: str,
        author: str,
        message: str,
        key: str | None = None,
        remark: str = "",
    ) -> Revision:
        """Make a new revision of a layer; see `publish_together`."""
        (revision,) = self.publish_together(
            [Change(layer_id, features, base)],
            kind=kind,
            author=author,
            message=message,
            key=key,
            remark=remark,
        )
        return revision

    def publish_together(
        self,
        changes: Sequence[Change],
        *,
        kind: str,
        author: str,
        message: str,
        key: str | None = None,
        remark: str = "",
    ) -> list[Revision]:
        """Make a new revision of each of some layers, in one transaction.

        They share one sequence number: nobody sees one without the others.

        Parameters
        ----------
        key : str, optional
            Names this publish: asked for again, also after a crash, it gives the same revisions.
        remark : str, optional
            For the audit log, behind the message: which warnings were accepted, and why.

        Raises
        ------
        RevisionConflict
            If a head is another one than its base, or the key named another publish; nothing is
            stored.
        StoreUnavailable
            If the store cannot be written; nothing is stored.
        """
        digests = [{each.id: feature_digest(each) for each in c.features} for c in changes]
        with self._writing() as connection:
            sequence = take_turn(connection)
            if key is not None and (known := _by_key(connection, changes, digests, key)):
                connection.rollback()
                return known
            said = _Said(kind, author, message, key, sequence, datetime.now(UTC), remark)
            revisions = [
                _publish(connection, change, each, said)
                for change, each in zip(changes, digests, strict=True)
            ]
            if connection.dialect.name == "postgresql":
                connection.execute(sa.func.pg_notify("atlas", str(sequence)).select())
        return revisions

    def log(self) -> list[LogEntry]:
        """Return the audit log, the oldest entry first."""
        query = sa.select(schema.audit).order_by(schema.audit.c.number)
        with self._reading() as connection:
            return [LogEntry(*row) for row in connection.execute(query)]

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with the store, a sentence each; nothing if all is as written.

        Every feature version is digested anew, every revision from them, and the chain of the log
        is followed.
        """
        yield from chain_faults(self.log())
        table = schema.feature_version
        with self._reading() as connection:
            versions = connection.execute(sa.select(table)).all()
            revisions = [_revision(r) for r in connection.execute(sa.select(schema.revision))]
        good: dict[str, list[Any]] = {}
        for row in versions:
            good.setdefault(row.layer, []).append(row)
            if _digest_of(row) != row.digest:
                yield (
                    f"Layer {row.layer}, feature {row.id}, from revision {row.first}: its content "
                    "is not what was published."
                )
        for each in revisions:
            there = {
                row.id: row.digest
                for row in good.get(each.layer_id, [])
                if row.first <= each.number and (row.last is None or row.last >= each.number)
            }
            if combined_digest(there) != each.digest:
                yield (
                    f"Layer {each.layer_id}, revision {each.number}: a feature is missing or extra."
                )

    def plans(self) -> list[str]:
        """Return the ids of the plans whose text was imported."""
        table = schema.plan_version
        query = sa.select(table.c.plan).distinct().order_by(table.c.plan)
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def plan_versions(self, plan: str) -> list[PlanVersion]:
        """Return the imported versions of a plan, the oldest first."""
        table = schema.plan_version
        query = sa.select(*_plan_columns()).where(table.c.plan == plan).order_by(table.c.number)
        with self._reading() as connection:
            return [_plan_version(row) for row in connection.execute(query)]

    def plan_text(self, version: PlanVersion) -> str:
        """Return the text of a version."""
        table = schema.plan_version
        query = sa.select(table.c.text).where(
            table.c.plan == version.plan, table.c.number == version.number
        )
        with self._reading() as connection:
            return str(connection.execute(query).scalar_one())

    def add_plan(self, version: PlanVersion, text: str) -> PlanVersion:
        """Store a text as the next version of its plan; the number is given here.

        Returns
        -------
        PlanVersion
            The head as it was if it has the same text, title and date.
        """
        table = schema.plan_version
        query = sa.select(*_plan_columns()).where(table.c.plan == version.plan)
        with self._writing() as connection:
            take_turn(connection)
            row = connection.execute(query.order_by(table.c.number.desc()).limit(1)).first()
            head = None if row is None else _plan_version(row)
            if head is not None and _says_the_same(head, version):
                connection.rollback()
                return head
            added = replace(version, number=1 if head is None else head.number + 1)
            values = {column.name: getattr(added, column.name) for column in _plan_columns()}
            values |= {"created": added.created.isoformat(), "text": text}
            connection.execute(table.insert().values(values))
            subject = f"{added.plan}/{added.number}"
            write_log(connection, added.created, added.author, "import plan", subject, added.sha256)
        return added

    def actuals(self) -> list[Actual]:
        """Return the actual figures in force, by series and year: the one entered last."""
        table = schema.actual
        query = sa.select(table).order_by(table.c.series, table.c.year, table.c.entered)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return list({(row.series, row.year): _actual(row) for row in rows}.values())

    def add_actual(self, actual: Actual) -> None:
        """Store an actual figure; one of the same series and year is kept, but not in force."""
        values = {
            "series": actual.series,
            "year": actual.year,
            "entered": actual.entered.isoformat(),
            "value": actual.value,
            "unit": actual.unit,
            "source": actual.source,
            "author": actual.author,
        }
        with self._writing() as connection:
            take_turn(connection)
            connection.execute(schema.actual.insert().values(values))
            detail = f"{actual.value:g} {actual.unit}, {actual.source}"
            subject = f"{actual.series}/{actual.year}"
            write_log(connection, actual.entered, actual.author, "enter figure", subject, detail)

    def _migrate(self, known: str | None) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", "layers.store:migrations")
        script = ScriptDirectory.from_config(config)
        if known is not None and known not in {each.revision for each in script.walk_revisions()}:
            raise StoreUnavailable(
                f"The store {self.where} was written by a newer atlas (schema {known}); "
                "install that one."
            )
        with self._writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._refusing(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        engine = self._engine.execution_options(writing=True)
        with self._refusing(), engine.connect() as connection, connection.begin() as transaction:
            yield connection
            if transaction.is_active:
                transaction.commit()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreUnavailable(
                f"The store {self._shown()} cannot be used: {said_by(error)}."
            ) from error

    def _shown(self) -> str:
        return self._engine.url.render_as_string(hide_password=True).removeprefix("sqlite:///")


def _schema_of(connection: sa.Connection) -> str | None:
    """Return the newest migration that a store has had; None for a store without any."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


class _Said(NamedTuple):
    """What the revisions of one publish have in common."""

    kind: str
    author: str
    message: str
    key: str | None
    sequence: int
    created: datetime
    remark: str


def _publish(
    connection: sa.Connection, change: Change, digests: dict[str, str], said: _Said
) -> Revision:
    _refuse_stale(connection, change.layer_id, change.base)
    before = _versions(connection, change.layer_id)
    changed = [i for i in digests if i in before and before[i].digest != digests[i]]
    revision = Revision(
        change.layer_id,
        1 if change.base is None else change.base.number + 1,
        None if change.base is None else change.base.number,
        combined_digest(digests),
        said.kind,
        said.author,
        said.message,
        said.created,
        said.key,
        len(digests.keys() - before.keys()),
        len(before.keys() - digests.keys()),
        len(changed),
        said.sequence,
    )
    connection.execute(schema.revision.insert().values(_revision_values(revision)))
    _write_changes(connection, revision, change.features, digests, before)
    write_log(
        connection,
        revision.created,
        said.author,
        said.kind,
        f"{change.layer_id}/{revision.number}",
        " ".join(filter(None, [revision.digest, said.message, said.remark])),
    )
    return revision


def _by_key(
    connection: sa.Connection,
    changes: Sequence[Change],
    digests: Sequence[dict[str, str]],
    key: str,
) -> list[Revision]:
    """Return the revisions that a key published before; empty if it did not."""
    table = schema.revision
    found = []
    for change, each in zip(changes, digests, strict=True):
        query = sa.select(table).where(table.c.layer == change.layer_id, table.c.key == key)
        row = connection.execute(query).first()
        if row is None:
            continue
        if row.digest != combined_digest(each):
            raise RevisionConflict(
                f"The key {key} published revision {row.number} of {change.layer_id} with other "
                "features; give this publish a key of its own."
            )
        found.append(_revision(row))
    return found if len(found) == len(changes) else []


def _refuse_stale(connection: sa.Connection, layer_id: str, base: Revision | None) -> None:
    table = schema.revision
    query = sa.select(sa.func.max(table.c.number)).where(table.c.layer == layer_id)
    head = connection.execute(query).scalar()
    if head != (None if base is None else base.number):
        raise RevisionConflict(
            f"Layer {layer_id} is at revision {head or 0} now; make the change again from it."
        )


class _Version(NamedTuple):
    digest: str
    position: float


def _versions(connection: sa.Connection, layer_id: str) -> dict[str, _Version]:
    """Return the versions of a layer's head, by id, in the order in which they are served."""
    table = schema.feature_version
    query = (
        sa.select(table.c.id, table.c.digest, table.c.position)
        .where(table.c.layer == layer_id, table.c.last.is_(None))
        .order_by(table.c.position, table.c.id)
    )
    return {id_: _Version(digest, position) for id_, digest, position in connection.execute(query)}


def _write_changes(
    connection: sa.Connection,
    revision: Revision,
    features: Sequence[Feature],
    digests: dict[str, str],
    before: dict[str, _Version],
) -> None:
    """End the versions that the revision changes or drops, and add those that it brings."""
    table = schema.feature_version
    positions = place(list(digests), {id_: each.position for id_, each in before.items()})
    after = {id_: _Version(digests[id_], positions[id_]) for id_ in digests}
    ended = [id_ for id_, version in before.items() if after.get(id_) != version]
    brought = [each for each in features if before.get(each.id) != after[each.id]]
    end = (
        table.update()
        .where(table.c.layer == revision.layer_id, table.c.last.is_(None))
        .where(table.c.id == sa.bindparam("ended"))
        .values(last=revision.number - 1)
    )
    for batch in _batches(ended):
        connection.execute(end, [{"ended": id_} for id_ in batch])
    for group in _batches(brought):
        connection.execute(
            table.insert(),
            [
                {
                    "layer": revision.layer_id,
                    "id": each.id,
                    "first": revision.number,
                    "last": None,
                    "position": positions[each.id],
                    "digest": digests[each.id],
                    "geometry": None if each.geometry is None else shapely.to_wkb(each.geometry),
                    "properties": orjson.dumps(dict(each.properties)).decode(),
                }
                for each in group
            ],
        )


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _valid_in(revision: Revision) -> sa.ColumnElement[bool]:
    table = schema.feature_version
    return sa.and_(
        table.c.layer == revision.layer_id,
        table.c.first <= revision.number,
        sa.or_(table.c.last.is_(None), table.c.last >= revision.number),
    )


def _digest_of(row: Any) -> str | None:
    try:
        return feature_digest(_feature(row.id, row.geometry, row.properties))
    except (ValueError, shapely.errors.ShapelyError):
        return None


def _feature(feature_id: str, geometry: bytes | None, properties: str) -> Feature:
    shape = None if geometry is None else shapely.from_wkb(bytes(geometry))
    return Feature(feature_id, shape, orjson.loads(properties))


def _revision(row: Any) -> Revision:
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


def _revision_values(revision: Revision) -> dict[str, Any]:
    values = {
        column.name: getattr(revision, "layer_id" if column.name == "layer" else column.name)
        for column in schema.revision.c
    }
    return values | {"created": revision.created.isoformat()}


def _plan_columns() -> list[sa.Column[Any]]:
    return [column for column in schema.plan_version.c if column.name != "text"]


def _plan_version(row: Any) -> PlanVersion:
    values = dict(row._mapping)
    return PlanVersion(**values | {"created": datetime.fromisoformat(values["created"])})


def _says_the_same(one: PlanVersion, other: PlanVersion) -> bool:
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("sha256", "title", "title_en", "date")
    )


def _actual(row: Any) -> Actual:
    return Actual(
        row.series,
        row.year,
        row.value,
        row.unit,
        row.source,
        row.author,
        datetime.fromisoformat(row.entered),
    )
