"""Open either engine, and make sure that it keeps what the store promises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from layers.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

OLDEST_POSTGRESQL = 150_000
_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
"""What each connection to SQLite must answer: 2 is FULL, the others speak for themselves."""


def open_engine(where: Path | str) -> sa.Engine:
    """Return the engine of a store.

    Parameters
    ----------
    where : Path or str
        A file for SQLite, made with its folder if it does not exist; or the address of a
        PostgreSQL database, ``postgresql://…``.

    Raises
    ------
    StoreUnavailable
        If it cannot be opened, or does not keep what the store promises; the sentence says what.
    """
    return _open_sqlite(where) if isinstance(where, Path) else _open_postgresql(where)


def _open_sqlite(path: Path) -> sa.Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {path.parent} cannot be made ({error.strerror}); "
            "set ATLAS_HOME to a folder that can be written."
        ) from error
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions begin too late: readers would turn into writers and fail.
    connection.isolation_level = None
    for pragma, wanted in _PRAGMAS.items():
        connection.execute(f"PRAGMA {pragma}={wanted}")
        answer = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if answer != wanted:
            raise StoreUnavailable(
                f"SQLite answers {pragma}={answer}, not {wanted}; the store would not be durable "
                "here. Put it on a local disk."
            )


def _begin_immediate(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _open_postgresql(address: str) -> sa.Engine:
    try:
        url = make_url(address)
    except ArgumentError:
        raise StoreUnavailable("ATLAS_STORE is no address; write postgresql://…") from None
    if url.get_backend_name() != "postgresql":
        raise StoreUnavailable(
            f"ATLAS_STORE names {url.get_backend_name()}; only postgresql:// is known."
        )
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    try:
        with engine.connect() as connection:
            for ask, wrong, sentence in _POSTGRESQL:
                answer = connection.exec_driver_sql(ask).scalar()
                if wrong(answer):
                    raise StoreUnavailable(sentence.format(answer))
    except DBAPIError as error:
        shown = url.render_as_string(hide_password=True)
        raise StoreUnavailable(f"The store {shown} cannot be opened: {said_by(error)}") from None
    return engine


_POSTGRESQL: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    (
        "SELECT current_setting('server_version_num')::int",
        lambda answer: answer < OLDEST_POSTGRESQL,
        "The server is PostgreSQL {}; 15 or newer is needed.",
    ),
    (
        "SELECT current_setting('server_encoding')",
        lambda answer: answer != "UTF8",
        "The database is encoded as {}; make it with ENCODING 'UTF8'.",
    ),
    (
        "SELECT current_setting('fsync')",
        lambda answer: answer != "on",
        "The server runs with fsync={}; a power cut would lose what was published.",
    ),
)


def said_by(error: DBAPIError) -> str:
    """Return what a database said, in one line."""
    return str(error.orig).strip().splitlines()[0]
