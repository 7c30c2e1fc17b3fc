"""Files that are written for whoever asks: a few at a time, those of whole layers once."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, NamedTuple

from layers.errors import AtlasError
from layers.exports import check_format, export_layer
from layers.packed import mapped_file

from .kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from pathlib import Path

    from layers.model import Feature, Layer

MOST_AT_ONCE = 2
"""Files that are written at the same time; whoever comes then is asked to come again."""

_KEPT = 1_000_000_000
"""Bytes of files that are kept: those of whole layers, each until others were asked for."""

_LEFT_OVER_S = 86_400


class Busy(AtlasError):
    """So much is being made for others that a request has to wait its turn."""

    code = "busy"


class Written(NamedTuple):
    """A file that is there to be sent.

    Attributes
    ----------
    content : buffer
        Mapped from a file that has no name any more: its space is free when nobody reads it.
    digest : str
        SHA-256 of it.
    """

    content: memoryview
    digest: str


class Downloads:
    """Writes layers as files.

    Parameters
    ----------
    folder : Path
        Where they are written; nothing stays there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turns = BoundedSemaphore(MOST_AT_ONCE)
        self._kept: Kept[Written] = Kept(_KEPT, lambda written: 1_000 + len(written.content))
        self._remove_left_over()

    def write(
        self,
        layer: Layer,
        features: Callable[[], Sequence[Feature]],
        ending: str,
        crs: int | None,
        key: Hashable | None = None,
    ) -> Written:
        """Return a layer as a file; see `layers.exports.export_layer`.

        Parameters
        ----------
        features : callable
            Gives what to write, when it is this file's turn.
        key : hashable, optional
            Names a file that others will ask for too: it is written once, and kept.

        Raises
        ------
        Busy
            If as many files as may be are being written.
        InvalidParameter
            If the CRS does not go with the format.
        """
        check_format(self._folder / f"layer{ending}", crs)

        def put(folder: Path) -> Path:
            return export_layer(layer, features(), folder / f"layer{ending}", crs)

        return self._made(put, None if key is None else (key, ending, crs))

    def join(
        self, parts: Callable[[], Iterable[bytes | memoryview]], key: Hashable | None = None
    ) -> Written:
        """Return what comes in parts as a file; see `write`.

        Raises
        ------
        Busy
            If as many files as may be are being written.
        """

        def put(folder: Path) -> Path:
            path = folder / "joined"
            with path.open("wb") as file:
                file.writelines(parts())
            return path

        return self._made(put, None if key is None else (key,))

    def _made(self, put: Callable[[Path], Path], key: Hashable | None) -> Written:
        def make() -> Written:
            with self._turn():
                return self._write(put)

        return make() if key is None else self._kept.get(key, make)

    def _write(self, put: Callable[[Path], Path]) -> Written:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Where a file that is in use cannot lose its name, it stays until the next start.
        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as own:
            content = mapped_file(put(self._folder / own))
        return Written(content, hashlib.sha256(content).hexdigest())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(blocking=False):
            raise Busy(
                f"{MOST_AT_ONCE} files are being written for others; ask again in some seconds."
            )
        try:
            yield
        finally:
            self._turns.release()

    def _remove_left_over(self) -> None:
        """Remove what a process that was killed has left, but not what another one is writing."""
        if not self._folder.is_dir():
            return
        for each in self._folder.iterdir():
            if time.time() - each.stat().st_mtime > _LEFT_OVER_S:
                shutil.rmtree(each, ignore_errors=True)
