"""The embedded store: one SQLite file.

Only what changes between two revisions is stored: a feature version is valid from the revision
that brought it to the one that ended it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import shapely

from layers.errors import RevisionConflict, StoreUnavailable
from layers.geojson import digest as digest_of
from layers.indicators import Actual
from layers.model import Feature, PlanVersion, Revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SCHEMA_1 = """
CREATE TABLE revision (
    layer   TEXT NOT NULL,
    number  INTEGER NOT NULL CHECK (number > 0),
    digest  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    author  TEXT NOT NULL,
    message TEXT NOT NULL,
    created TEXT NOT NULL,
    PRIMARY KEY (layer, number)
) STRICT;
CREATE TABLE feature_version (
    layer      TEXT NOT NULL,
    id         TEXT NOT NULL,
    first      INTEGER NOT NULL,
    last       INTEGER,
    position   INTEGER NOT NULL,
    geometry   BLOB,
    properties TEXT NOT NULL,
    PRIMARY KEY (layer, id, first),
    FOREIGN KEY (layer, first) REFERENCES revision (layer, number)
) STRICT;
CREATE INDEX feature_version_range ON feature_version (layer, first, last);
"""
_SCHEMA_2 = """
CREATE TABLE plan_version (
    plan     TEXT NOT NULL,
    number   INTEGER NOT NULL CHECK (number > 0),
    sha256   TEXT NOT NULL,
    title    TEXT NOT NULL,
    title_en TEXT NOT NULL,
    date     TEXT NOT NULL,
    encoding TEXT NOT NULL,
    author   TEXT NOT NULL,
    message  TEXT NOT NULL,
    created  TEXT NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (plan, number)
) STRICT;
CREATE TABLE actual (
    series  TEXT NOT NULL,
    year    INTEGER NOT NULL,
    value   REAL NOT NULL,
    unit    TEXT NOT NULL,
    source  TEXT NOT NULL,
    author  TEXT NOT NULL,
    entered TEXT NOT NULL,
    ended   TEXT
) STRICT;
CREATE UNIQUE INDEX actual_in_force ON actual (series, year) WHERE ended IS NULL;
CREATE TABLE catalogue (sequence INTEGER NOT NULL) STRICT;
INSERT INTO catalogue VALUES (1);
"""
_STEPS = (_SCHEMA_1, _SCHEMA_2)
SCHEMA_VERSION = len(_STEPS)
"""Each step brings the schema from one version to the next."""


class SqliteStore:
    """Revisions of layers, plan texts and actual figures in one SQLite file.

    Parameters
    ----------
    path : Path
        Created with its folder if it does not exist.

    Raises
    ------
    StoreUnavailable
        If the file cannot be opened or was written by a newer atlas.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"The folder {path.parent} cannot be made ({error.strerror}); "
                "set ATLAS_HOME to a folder that can be written."
            ) from error
        with self._transaction() as connection:
            self._prepare(connection)

    def head(self, layer_id: str) -> Revision | None:
        """Return the newest revision of a layer; None if it has none."""
        query = "SELECT * FROM revision WHERE layer = ? ORDER BY number DESC LIMIT 1"
        with self._connection() as connection:
            row = connection.execute(query, [layer_id]).fetchone()
        return None if row is None else _revision(row)

    def features(self, revision: Revision) -> list[Feature]:
        """Return the features of a revision, in the order in which they were published."""
        query = """
            SELECT id, geometry, properties FROM feature_version
            WHERE layer = ? AND first <= ? AND (last IS NULL OR last >= ?)
            ORDER BY position, id"""
        values = [revision.layer_id, revision.number, revision.number]
        with self._connection() as connection:
            rows = connection.execute(query, values).fetchall()
        return [_feature(*row) for row in rows]

    def publish(
        self,
        layer_id: str,
        features: Sequence[Feature],
        *,
        base: Revision | None,
        kind: str,
        author: str,
        message: str,
    ) -> Revision:
        """Make a new revision of a layer, in one transaction.

        Parameters
        ----------
        base : Revision or None
            The head that the features were made from; None for the first revision.

        Returns
        -------
        Revision

        Raises
        ------
        RevisionConflict
            If the head is another one than `base`; nothing is stored.
        StoreUnavailable
            If the file cannot be written; nothing is stored.
        """
        number = 1 if base is None else base.number + 1
        created = datetime.now(UTC)
        revision = Revision(layer_id, number, digest_of(features), kind, author, message, created)
        with self._transaction() as connection:
            self._refuse_stale(connection, layer_id, base)
            connection.execute(
                "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)",
                [layer_id, number, revision.digest, kind, author, message, created.isoformat()],
            )
            _write_changes(connection, revision, features)
            _advance(connection)
        return revision

    def sequence(self) -> int:
        """Return a number that grows with everything that is stored."""
        with self._connection() as connection:
            return int(connection.execute("SELECT sequence FROM catalogue").fetchone()[0])

    def plans(self) -> list[str]:
        """Return the ids of the plans whose text was imported."""
        with self._connection() as connection:
            rows = connection.execute("SELECT DISTINCT plan FROM plan_version ORDER BY plan")
            return [row[0] for row in rows]

    def plan_versions(self, plan: str) -> list[PlanVersion]:
        """Return the imported versions of a plan, the oldest first."""
        query = f"SELECT {_PLAN_COLUMNS} FROM plan_version WHERE plan = ? ORDER BY number"  # noqa: S608
        with self._connection() as connection:
            return [_plan_version(row) for row in connection.execute(query, [plan])]

    def plan_text(self, version: PlanVersion) -> str:
        """Return the text of a version."""
        query = "SELECT text FROM plan_version WHERE plan = ? AND number = ?"
        with self._connection() as connection:
            row = connection.execute(query, [version.plan, version.number]).fetchone()
        return str(row[0])

    def add_plan(self, version: PlanVersion, text: str) -> PlanVersion:
        """Store a text as the next version of its plan; the number is given here.

        Returns
        -------
        PlanVersion
            The head as it was if it has the same text, title and date.
        """
        with self._transaction() as connection:
            query = f"SELECT {_PLAN_COLUMNS} FROM plan_version WHERE plan = ? ORDER BY number DESC"  # noqa: S608
            row = connection.execute(query, [version.plan]).fetchone()
            head = None if row is None else _plan_version(row)
            if head is not None and _says_the_same(head, version):
                return head
            added = replace(version, number=1 if head is None else head.number + 1)
            values = [getattr(added, name) for name in _PLAN_COLUMNS.split(", ")]
            values[-1] = added.created.isoformat()
            marks = ", ".join("?" * (len(values) + 1))
            connection.execute(
                f"INSERT INTO plan_version ({_PLAN_COLUMNS}, text) VALUES ({marks})",  # noqa: S608
                [*values, text],
            )
            _advance(connection)
        return added

    def actuals(self) -> list[Actual]:
        """Return the actual figures in force, by series and year."""
        query = """SELECT series, year, value, unit, source, author, entered FROM actual
                   WHERE ended IS NULL ORDER BY series, year"""
        with self._connection() as connection:
            return [_actual(row) for row in connection.execute(query)]

    def add_actual(self, actual: Actual) -> None:
        """Store an actual figure; one of the same series and year is ended, not overwritten."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE actual SET ended = ? WHERE series = ? AND year = ? AND ended IS NULL",
                [actual.entered.isoformat(), actual.series, actual.year],
            )
            connection.execute(
                "INSERT INTO actual VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                [
                    actual.series,
                    actual.year,
                    actual.value,
                    actual.unit,
                    actual.source,
                    actual.author,
                    actual.entered.isoformat(),
                ],
            )
            _advance(connection)

    def _refuse_stale(
        self, connection: sqlite3.Connection, layer_id: str, base: Revision | None
    ) -> None:
        query = "SELECT max(number) FROM revision WHERE layer = ?"
        head = connection.execute(query, [layer_id]).fetchone()[0]
        if head != (None if base is None else base.number):
            raise RevisionConflict(
                f"Layer {layer_id} is at revision {head or 0} now; make the change again from it."
            )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreUnavailable(
                f"{self.path} was written by a newer atlas (schema {version}); install that one."
            )
        for step in _STEPS[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        if version < SCHEMA_VERSION:
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as made:
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                    made.execute(f"PRAGMA {pragma}")
                yield made
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The store {self.path} cannot be used: {error}.") from error


def _write_changes(
    connection: sqlite3.Connection, revision: Revision, features: Sequence[Feature]
) -> None:
    """End the versions that the revision changes or drops, and add those that it brings."""
    query = """SELECT id, position, geometry, properties FROM feature_version
               WHERE layer = ? AND last IS NULL"""
    before = {row[0]: row[1:] for row in connection.execute(query, [revision.layer_id])}
    after = {f.id: (i, _wkb(f), _json(f)) for i, f in enumerate(features)}
    ended = [id_ for id_, version in before.items() if after.get(id_) != version]
    brought = [id_ for id_, version in after.items() if before.get(id_) != version]
    connection.executemany(
        "UPDATE feature_version SET last = ? WHERE layer = ? AND id = ? AND last IS NULL",
        [(revision.number - 1, revision.layer_id, id_) for id_ in ended],
    )
    connection.executemany(
        "INSERT INTO feature_version VALUES (?, ?, ?, NULL, ?, ?, ?)",
        [(revision.layer_id, id_, revision.number, *after[id_]) for id_ in brought],
    )


def _wkb(feature: Feature) -> bytes | None:
    return None if feature.geometry is None else shapely.to_wkb(feature.geometry)


def _json(feature: Feature) -> str:
    return orjson.dumps(dict(feature.properties)).decode()


def _feature(feature_id: str, geometry: bytes | None, properties: str) -> Feature:
    shape = None if geometry is None else shapely.from_wkb(geometry)
    return Feature(feature_id, shape, orjson.loads(properties))


_PLAN_COLUMNS = "plan, number, sha256, title, title_en, date, encoding, author, message, created"


def _advance(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE catalogue SET sequence = sequence + 1")


def _plan_version(row: tuple[Any, ...]) -> PlanVersion:
    named = dict(zip(_PLAN_COLUMNS.split(", "), row, strict=True))
    return PlanVersion(**named | {"created": datetime.fromisoformat(named["created"])})


def _says_the_same(one: PlanVersion, other: PlanVersion) -> bool:
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("sha256", "title", "title_en", "date")
    )


def _actual(row: tuple[str, int, float, str, str, str, str]) -> Actual:
    return Actual(*row[:6], entered=datetime.fromisoformat(row[6]))


def _revision(row: tuple[str, int, str, str, str, str, str]) -> Revision:
    return Revision(*row[:6], created=datetime.fromisoformat(row[6]))
