"""Copy a store to a file and back; a copy counts only when every digest in it is right."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from layers.errors import DataInvalid, StoreUnavailable

from .store import Store

if TYPE_CHECKING:
    from collections.abc import Callable


def back_up(store: Store, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write a copy of an SQLite store, also while it is written to, and verify it.

    Parameters
    ----------
    target : Path
        Made only when the copy was verified; a file of that name is replaced.
    progress : callable
        Told how many pages are copied, of how many.

    Raises
    ------
    StoreUnavailable
        If the store is a PostgreSQL database (its own tools copy it), or cannot be read.
    DataInvalid
        If the copy is not as the store says: the store itself is damaged.
    """
    source = _file_of(store)
    draft = target.with_name(f".{target.name}.{uuid4().hex[:8]}")
    try:
        with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(draft)) as write:
            read.backup(
                write, pages=1000, progress=lambda _, left, all_: progress(all_ - left, all_)
            )
        _verify(draft)
        _flush(draft)
        draft.replace(target)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"The store {source} cannot be copied: {error}.") from error
    finally:
        _remove(draft)


def restore(source: Path, target: Path) -> None:
    """Put a copy in the place of a store, after every digest in it was found right.

    Raises
    ------
    DataInvalid
        If the copy is damaged: one flipped bit is enough. Nothing is changed then.
    """
    if not source.is_file():
        raise DataInvalid(f"{source}: there is no such file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{uuid4().hex[:8]}")
    try:
        draft.write_bytes(source.read_bytes())
        _verify(draft, named=source)
        _flush(draft)
        for leftover in ("-wal", "-shm"):
            target.with_name(target.name + leftover).unlink(missing_ok=True)
        draft.replace(target)
    finally:
        _remove(draft)


def _verify(path: Path, named: Path | None = None) -> None:
    shown = named or path
    try:
        with closing(sqlite3.connect(path)) as connection:
            answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            raise DataInvalid(f"{shown}: the file is damaged ({answer.splitlines()[0]}).")
        copy = Store(path)
        try:
            faults = list(copy.faults())
        finally:
            copy.close()
    except (sqlite3.Error, StoreUnavailable, ValueError) as error:
        raise DataInvalid(f"{shown}: the file is damaged ({error}).") from error
    if faults:
        raise DataInvalid(f"{shown}: {faults[0]}")


def _flush(path: Path) -> None:
    """Bring a file to the disk, so that renaming it cannot leave an empty one."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _file_of(store: Store) -> Path:
    if isinstance(store.where, Path):
        return store.where
    raise StoreUnavailable(
        "The store is a PostgreSQL database; copy it with pg_dump or pg_basebackup, and check the "
        "copy with atlas verify."
    )


def _remove(path: Path) -> None:
    for leftover in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
