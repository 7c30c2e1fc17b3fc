"""Orders sheets from processes of their own: a few at once, each with a limit on its time."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from layers.errors import PrintingUnavailable

from .child import LENGTH
from .fonts import FAMILIES

if TYPE_CHECKING:
    from .sheet import Sheet

MOST_AT_ONCE = 2
"""Sheets that are drawn at the same time."""

PATIENCE_S = 10.0
"""How long an order waits for its turn."""

IDLE_S = 120.0
"""Seconds without an order after which a process ends, and its memory is free again."""

SECONDS = 30.0
"""After which drawing a sheet is given up."""


class Printer:
    """Draws sheets; the processes that do it start with the first order, or with `warm`.

    Parameters
    ----------
    folder : Path
        Where they keep the list of installed fonts.
    families : tuple of str
        Families of fonts, the best first.
    seconds : float
        After which drawing a sheet is given up.
    """

    def __init__(
        self, folder: Path, families: tuple[str, ...] = FAMILIES, seconds: float = SECONDS
    ) -> None:
        self._folder = folder
        self._families = families
        self._seconds = seconds
        self._turns = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._idle: list[subprocess.Popen[bytes]] = []

    def warm(self) -> None:
        """Start a process that waits for orders for good, so that the first is not a slow one."""
        self._idle.append(self._start(math.inf))

    def draw(self, sheet: Sheet, form: str) -> bytes:
        """Return a sheet as a file.

        Parameters
        ----------
        form : str
            ``pdf`` or ``png``.

        Raises
        ------
        PrintingUnavailable
            If too many are being drawn, no font is there, or it takes too much time or memory.
        """
        if not self._turns.acquire(timeout=PATIENCE_S):
            raise PrintingUnavailable(
                f"{MOST_AT_ONCE} sheets are being drawn for others; print again in some seconds."
            )
        try:
            return self._ordered(pickle.dumps((sheet, form)))
        finally:
            self._turns.release()

    def close(self) -> None:
        """End the processes that wait for orders."""
        while self._idle:
            _end(self._idle.pop())

    def _ordered(self, order: bytes) -> bytes:
        # A process that has waited too long has ended by itself.
        while self._idle:
            process = self._idle.pop()
            if process.poll() is None and (answer := self._ask(process, order)):
                return self._checked(answer, process)
            _end(process)
        process = self._start(IDLE_S)
        answer = self._ask(process, order)
        if not answer:
            _end(process)
            raise PrintingUnavailable(
                f"The sheet was not drawn within {self._seconds:g} s and the memory that a sheet "
                "may take; choose fewer layers, a filter or a smaller extent."
            )
        return self._checked(answer, process)

    def _checked(self, answer: bytes, process: subprocess.Popen[bytes]) -> bytes:
        drawn = pickle.loads(answer)  # noqa: S301  our own process wrote it
        if isinstance(drawn, bytes):
            self._idle.append(process)
            return drawn
        _end(process)
        reason, sentence = drawn
        raise PrintingUnavailable(
            sentence
            if reason == "unavailable"
            else "The sheet needs more memory than a sheet may take; choose fewer layers."
        )

    def _ask(self, process: subprocess.Popen[bytes], order: bytes) -> bytes:
        """Return the answer to an order; nothing if the process ends or is ended before."""
        assert process.stdin and process.stdout  # noqa: S101, PT018  they are pipes
        patience = threading.Timer(self._seconds, process.kill)
        patience.start()
        try:
            process.stdin.write(LENGTH.pack(len(order)) + order)
            process.stdin.flush()
            head = process.stdout.read(LENGTH.size)
            length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
            answer = process.stdout.read(length)
            return answer if len(answer) == length else b""
        except OSError:
            return b""
        finally:
            patience.cancel()

    def _start(self, idle_s: float) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).resolve().parents[2])
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "MPLCONFIGDIR": str(self._folder),
            "MPLBACKEND": "agg",
            "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        }
        return subprocess.Popen(  # noqa: S603  our own module, and names of fonts
            [sys.executable, "-P", "-m", "layers.printing.child", str(idle_s), *self._families],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin and process.stdout  # noqa: S101, PT018  they are pipes
    process.kill()
    process.wait()
    process.stdout.close()
    try:
        process.stdin.close()
    except OSError:
        # What was not sent yet has nobody left to read it.
        return
