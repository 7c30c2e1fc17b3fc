"""Open either engine, and make sure that it keeps what the store promises."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from urllib.parse import quote

import psycopg
import sqlalchemy as sa
from psycopg_pool import ConnectionPool
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from layers.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.exc import DBAPIError

# Whoever asked for a connection is told; the pool would say it once more, for each attempt.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

OLDEST_POSTGRESQL = 150_000
OLDEST_POSTGIS = (3, 3)
_WAIT_S = 3
"""How long a connection is waited for."""

_MOST_CONNECTIONS = 10
_CONNECTION = {
    "application_name": "atlas",
    "connect_timeout": _WAIT_S,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""Without keep-alives a server that vanished goes unnoticed."""
_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
"""What each connection to SQLite must answer: 2 is FULL, the others speak for themselves."""


class Engine(NamedTuple):
    """An open database.

    Attributes
    ----------
    read_only : bool
        Nothing can be written: a standby, a file or a folder without the right to.
    close : callable
        Give back every connection.
    """

    sql: sa.Engine
    read_only: bool
    close: Callable[[], None]


def open_engine(where: Path | str) -> Engine:
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


def _open_sqlite(path: Path) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {path.parent} cannot be made ({error.strerror}); "
            "set ATLAS_HOME to a folder that can be written."
        ) from error
    read_only = path.is_file() and not _is_writable(path)
    # Without the right to write beside it SQLite cannot share a file; then nobody may write to it.
    alone = read_only and not os.access(path.parent, os.W_OK)
    query = "?mode=ro&uri=true" + ("&immutable=1" if alone else "") if read_only else ""
    address = f"file:{quote(str(path))}{query}" if read_only else str(path)
    engine = sa.create_engine(f"sqlite:///{address}", poolclass=sa.NullPool, hide_parameters=True)
    event.listen(engine, "connect", _look_at_sqlite if read_only else _prepare_sqlite)
    event.listen(engine, "begin", _begin if read_only else _begin_immediate)
    return Engine(engine, read_only, engine.dispose)


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _look_at_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


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


def _open_postgresql(address: str) -> Engine:
    try:
        url = make_url(address)
    except ArgumentError:
        raise StoreUnavailable("ATLAS_STORE is no address; write postgresql://…") from None
    if url.get_backend_name() != "postgresql":
        raise StoreUnavailable(
            f"ATLAS_STORE names {url.get_backend_name()}; only postgresql:// is known."
        )
    shown = url.render_as_string(hide_password=True)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=_WAIT_S, autocommit=True) as connection:
            read_only = bool(_answer(connection, "SELECT pg_is_in_recovery()"))
            _look_at_postgresql(connection, read_only=read_only)
    except psycopg.Error as error:
        raise StoreUnavailable(
            f"The store {shown} cannot be opened: {_first_line(error)}"
        ) from None
    pool = ConnectionPool(
        plain,
        min_size=0,
        max_size=_MOST_CONNECTIONS,
        timeout=_WAIT_S,
        check=ConnectionPool.check_connection,
        kwargs=_CONNECTION,
        close_returns=True,
        open=True,
    )
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        creator=pool.getconn,
        poolclass=sa.NullPool,
        hide_parameters=True,  # they hold what people typed, and errors are logged
    )

    def close() -> None:
        engine.dispose()
        pool.close()

    return Engine(engine, read_only, close)


def _look_at_postgresql(connection: psycopg.Connection[Any], *, read_only: bool) -> None:
    for ask, wrong, sentence in _POSTGRESQL:
        answer = _answer(connection, ask)
        if wrong(answer):
            raise StoreUnavailable(sentence.format(answer))
    version = _answer(connection, _POSTGIS)
    if version is None and not read_only:
        try:
            # Processes that start together make it in turn; the lock ends with the connection.
            connection.execute("SELECT pg_advisory_lock(hashtext('atlas'))")
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        except psycopg.Error as error:
            raise StoreUnavailable(
                "The database has no PostGIS; have an administrator run CREATE EXTENSION postgis "
                f"in it ({_first_line(error)})."
            ) from None
        version = _answer(connection, _POSTGIS)
    found = tuple(int(part) for part in str(version or "0").split(".")[:2])
    if found < OLDEST_POSTGIS:
        raise StoreUnavailable(f"The database has PostGIS {version}; 3.3 or newer is needed.")


_POSTGIS: LiteralString = "SELECT extversion FROM pg_extension WHERE extname = 'postgis'"


def _answer(connection: psycopg.Connection[Any], ask: LiteralString) -> Any:
    row = connection.execute(ask).fetchone()
    answer = None if row is None else row[0]
    # A database without an encoding gives bytes.
    return answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer


_POSTGRESQL: tuple[tuple[LiteralString, Callable[[Any], bool], str], ...] = (
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
    (
        "SELECT current_setting('full_page_writes')",
        lambda answer: answer != "on",
        "The server runs with full_page_writes={}; a power cut could tear its pages.",
    ),
    (
        "SELECT current_setting('synchronous_commit')",
        lambda answer: answer == "off",
        "The server runs with synchronous_commit={}; a power cut would lose what was published.",
    ),
    (
        "SELECT datctype FROM pg_database WHERE datname = current_database()",
        lambda answer: answer in {"C", "POSIX"},
        "The database has the ctype {}; make it with LC_CTYPE 'C.UTF-8' or a Chinese locale.",
    ),
)


def said_by(error: DBAPIError | psycopg.Error) -> str:
    """Return what a database said, in one line."""
    return _first_line(getattr(error, "orig", None) or error)


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
