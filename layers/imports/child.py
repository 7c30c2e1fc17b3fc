"""Read a file in a process of its own, with limits on time and memory.

What a hostile file does to a parser it does to that process. Under which of GDAL's drivers a file
is read, is decided by its content; the others are not there.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .container import Refused
from .reading import read_here
from .records import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .container import Upload
    from .records import RawLayer

SECONDS = 120
MEMORY = 4_000_000_000
"""Address space of the process, in bytes; what it holds at once is less than half of it."""


def read_upload(
    upload: Upload, options: Options | None = None, *, seconds: int = SECONDS
) -> RawLayer:
    """Return what a file holds.

    Parameters
    ----------
    seconds : int
        After which reading is given up.

    Raises
    ------
    Refused
        If the file is damaged, ambiguous, or takes too much time or memory.
    """
    root = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "OGR_SKIP": ",".join(_other_drivers(upload.kind)),
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "layers.imports.child"],
            input=pickle.dumps((upload, options or Options())),
            capture_output=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(
            "too-slow", f"{upload.name} was not read within {seconds} s; split it."
        ) from None
    if not done.stdout:
        raise Refused("file-damaged", f"{upload.name} cannot be read: the reader broke down on it.")
    answer = pickle.loads(done.stdout)  # noqa: S301  our own process wrote it
    if isinstance(answer, tuple):
        raise Refused(*answer)
    return answer  # type: ignore[no-any-return]  # it sends nothing else


def main() -> None:
    """Read what the parent names, and answer on standard output."""
    upload, options = pickle.load(sys.stdin.buffer)  # noqa: S301  our own parent wrote it
    # What a library prints must not get into the answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    _limit_memory()
    answer: RawLayer | tuple[str, str, tuple[str, ...]]
    try:
        answer = read_here(upload, options)
    except Refused as refusal:
        answer = (refusal.reason, refusal.sentence, refusal.choices)
    except RecursionError:
        answer = ("json-too-deep", f"{upload.name} is nested too deeply to be a layer.", ())
    except MemoryError:
        answer = ("too-large", f"{upload.name} needs more than {MEMORY:,} bytes of memory.", ())
    with os.fdopen(answers, "wb") as sink:
        pickle.dump(answer, sink, protocol=pickle.HIGHEST_PROTOCOL)


_DRIVERS: Mapping[str, frozenset[str]] = {
    "shapefile": frozenset(["ESRI Shapefile"]),
    "gpkg": frozenset(["GPKG"]),
    "flatgeobuf": frozenset(["FlatGeobuf"]),
    "kml": frozenset(["KML", "LIBKML"]),
    "dxf": frozenset(["DXF"]),
}


def _other_drivers(kind: str) -> tuple[str, ...]:
    """Return every driver of GDAL but those for a kind of file: it must not choose by itself."""
    if kind not in _DRIVERS:
        return ()
    import pyogrio

    return tuple(sorted(set(pyogrio.list_drivers()) - _DRIVERS[kind]))


def _limit_memory() -> None:
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main()
