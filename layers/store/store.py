"""The store: revisions of layers, texts of plans, actual figures, and the log of who did what.

Only what changes between two revisions is stored: a feature version is valid from the revision
that brought it to the one that ended it. Both engines run the same statements.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from layers.errors import InvalidParameter, NotFound, StoreUnavailable
from layers.indicators import Actual
from layers.model import Feature, PlanVersion, Revision

from . import schema
from .audit import LogEntry, take_turn, write_log
from .contents import KeptContents
from .drafts import Drafts
from .engine import open_engine, said_by
from .history import PublicHistory
from .opinions import Opinions
from .past import Past
from .people import People
from .sessions import Sessions
from .verify import store_faults
from .versions import (
    Change,
    ChangeSet,
    Moves,
    Said,
    feature_of,
    moves_between,
    prepare,
    publish_change,
    published_by,
    revision_of,
    valid_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA = "0009"
"""The newest migration."""

_STREAMED = 5_000
"""Features that are held at a time while all of a layer are read."""


class Store:
    """Everything that an atlas keeps.

    Parameters
    ----------
    where : Path or str
        An SQLite file, or ``postgresql://…``.

    Attributes
    ----------
    read_only : bool
        Every write is refused: a standby, or a file without the right to.
    drafts : Drafts
        Changes that wait to be published.
    people : People
        Accounts and tokens.
    sessions : Sessions
        Who is logged in.
    opinions : Opinions
        What the public says.
    history : PublicHistory
        What the public may know of earlier revisions.
    past : Past
        All of them, for staff.

    Raises
    ------
    StoreUnavailable
        If it cannot be opened or was written by a newer atlas.
    """

    def __init__(self, where: Path | str) -> None:
        self.where = where
        engine = open_engine(where)
        self._engine = engine.sql
        self._close = engine.close
        self.read_only = engine.read_only
        self.drafts = Drafts(self._reading, self._writing)
        self.people = People(self._reading, self._writing)
        self.sessions = Sessions(self._reading, self._writing)
        self.opinions = Opinions(self._reading, self._writing)
        self.history = PublicHistory(self._reading)
        self.past = Past(self._reading)
        self._contents = KeptContents()
        try:
            with self._reading() as connection:
                known = _schema_of(connection)
            if known != SCHEMA:
                self._refuse_read_only("must be brought up to date first")
                self._migrate(known)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give back every connection."""
        self._close()

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
            return {row.layer: revision_of(row) for row in rows}

    def head(self, layer_id: str) -> Revision | None:
        """Return the newest revision of a layer; None if it has none."""
        table = schema.revision
        query = sa.select(table).where(table.c.layer == layer_id).order_by(table.c.number.desc())
        with self._reading() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else revision_of(row)

    def revisions(self, layer_id: str, after: int = 0) -> list[Revision]:
        """Return the revisions of a layer with numbers above one, the newest first."""
        table = schema.revision
        query = sa.select(table).where(table.c.layer == layer_id, table.c.number > after)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(table.c.number.desc()))
            return [revision_of(row) for row in rows]

    def keyed(self, layer_id: str, key: str) -> Revision | None:
        """Return the revision that a key names; None if there is none."""
        table = schema.revision
        query = sa.select(table).where(table.c.layer == layer_id, table.c.key == key)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else revision_of(row)

    def revision(self, layer_id: str, number: int) -> Revision:
        """Return a revision of a layer.

        Raises
        ------
        NotFound
            If there is no such revision; the sentence says which there are.
        """
        table = schema.revision
        query = sa.select(table).where(table.c.layer == layer_id, table.c.number == number)
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is not None:
            return revision_of(row)
        head = self.head(layer_id)
        known = f"1 to {head.number}" if head else "none"
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
        with self._reading() as connection:
            return [feature_of(*row) for row in connection.execute(_in_order(revision))]

    def feature(self, revision: Revision, feature_id: str) -> Feature | None:
        """Return one feature of a revision; None if it has none of this id."""
        table = schema.feature_version
        query = sa.select(table.c.id, table.c.geometry, table.c.properties).where(
            valid_in(revision.layer_id, revision.number), table.c.id == feature_id
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else feature_of(*row)

    def count(self, revision: Revision) -> int:
        """Return how many features a revision has."""
        table = schema.revision
        # Each revision says how many it added and removed, and `faults` holds it to that.
        query = sa.select(sa.func.sum(table.c.added - table.c.removed)).where(
            table.c.layer == revision.layer_id, table.c.number <= revision.number
        )
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def stream(self, revision: Revision) -> Iterator[Feature]:
        """Yield the features of a revision as `features` does, without holding them all."""
        with self._reading() as connection:
            rows = connection.execution_options(yield_per=_STREAMED).execute(_in_order(revision))
            for row in rows:
                yield feature_of(*row)

    def moves(self, old: Revision, new: Revision) -> Moves:
        """Return how a revision came out of an older one of its layer."""
        with self._reading() as connection:
            return moves_between(connection, old, new)

    def publish(
        self,
        layer_id: str,
        features: Sequence[Feature] | ChangeSet,
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
        DataInvalid
            If a property cannot be kept.
        StoreUnavailable
            If the store cannot be written; nothing is stored.
        """
        if any("\0" in (text or "") for text in (author, message, key, remark)):
            raise InvalidParameter("message", "A text holds a NUL character; leave it out.")
        prepared = [prepare(change) for change in changes]
        with self._writing() as connection:
            sequence = take_turn(connection)
            if key is not None and (known := published_by(connection, prepared, key)):
                connection.rollback()
                return known
            said = Said(kind, author, message, key, datetime.now(UTC), remark)
            revisions = [
                publish_change(connection, each, said, sequence, self._contents)
                for each in prepared
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
        with self._reading() as connection:
            yield from store_faults(connection)

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

    def _refuse_read_only(self, what: str) -> None:
        if self.read_only:
            raise StoreUnavailable(f"The store {self.address} is read-only: it {what}.")

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
            if connection.dialect.name == "postgresql":
                # Processes that start together: the second finds everything done.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('atlas'))"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._refusing(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        self._refuse_read_only("cannot be written; write to the primary, or mend its rights")
        engine = self._engine.execution_options(writing=True)
        with self._refusing(), engine.connect() as connection, connection.begin() as transaction:
            yield connection
            if transaction.is_active:
                transaction.commit()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, psycopg.Error) as error:
            raise StoreUnavailable(
                f"The store {self.address} cannot be used: {said_by(error)}."
            ) from error

    @property
    def address(self) -> str:
        """Where the store is, as it may be shown: without a password."""
        if isinstance(self.where, Path):
            return str(self.where.resolve())
        return make_url(self.where).render_as_string(hide_password=True)

    @property
    def is_database(self) -> bool:
        """Whether a database server keeps it, which can answer by itself."""
        return not isinstance(self.where, Path)

    @contextmanager
    def looking(self) -> Iterator[sa.Connection]:
        """Open a transaction that reads, for layers that are served from the database."""
        with self._reading() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes, for what a store is moved by."""
        with self._writing() as connection:
            yield connection

    @contextmanager
    def locked(self) -> Iterator[sa.Connection]:
        """Open a transaction behind which every other writer waits until it ends.

        Raises
        ------
        StoreUnavailable
            If the store has moved before.
        """
        with self._writing() as connection:
            take_turn(connection)
            yield connection


def _schema_of(connection: sa.Connection) -> str | None:
    """Return the newest migration that a store has had; None for a store without any."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


def _in_order(revision: Revision) -> sa.Select[tuple[Any, ...]]:
    table = schema.feature_version
    return (
        sa.select(table.c.id, table.c.geometry, table.c.properties)
        .where(valid_in(revision.layer_id, revision.number))
        .order_by(table.c.position, table.c.id)
    )


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
