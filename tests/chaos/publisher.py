"""Publish until somebody pulls the plug; run by the tests as a process of its own.

``publisher.py loop ADDRESS ACKS COUNT`` publishes revisions one after the other from the last that
was acknowledged, and writes a line to ACKS only after a publish has returned. ``publisher.py fork``
forks such a loop for each line of its standard input, and ``publisher.py race ADDRESS`` publishes
on the base that a line names.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import shapely

from layers.errors import AtlasError, RevisionConflict
from layers.model import Feature
from layers.store import Store, engine

LAYER = "plots"
SIZE = 20


def features(number: int) -> list[Feature]:
    """Return the features of a revision: each differs from the one before in three of them."""
    return [
        Feature(
            f"p{i}",
            shapely.box(116.9 + i / 100, 36.5, 116.905 + i / 100, 36.51),
            {"name": f"地块{i}", "edited": number - (number + i) % 7, "note": "注" * 40},
        )
        for i in range(SIZE)
    ]


def store_at(address: str) -> Store:
    return Store(address if address.startswith("postgresql") else Path(address))


def publish(store: Store, number: int) -> str:
    """Publish a revision with the key that belongs to it, and return its digest."""
    base = store.revision(LAYER, number - 1) if number > 1 else None
    revision = store.publish(
        LAYER,
        features(number),
        base=base,
        kind="publish",
        author="chaos",
        message=f"revision {number}",
        key=f"key-{number}",
    )
    assert revision.number == number
    return revision.digest


def loop(address: str, acks: str, count: int) -> None:
    sink = os.open(acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    done = Path(acks).read_bytes().count(b"\n")
    store = store_at(address)
    companion = _companion(address)
    for number in range(done + 1, done + count + 1):
        digest = publish(store, number)
        os.write(sink, f"{number} {digest}\n".encode())
        if number == done + count // 2:
            companion.close()
    store.close()


def _companion(address: str) -> sqlite3.Connection:
    """Open the file as another process would, so that not every publish ends in a checkpoint."""
    connection = sqlite3.connect(":memory:" if address.startswith("postgresql") else address)
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


def fork() -> None:
    """Fork a loop for each line, say its process, and wait until it has ended."""
    for line in sys.stdin:
        address, acks, count = line.split()
        child = os.fork()
        if child == 0:
            loop(address, acks, int(count))
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


def race(address: str) -> None:
    store = store_at(address)
    print("ready", flush=True)
    for line in sys.stdin:
        number, who = line.split()
        base = store.revision(LAYER, int(number))
        mine = [Feature("p0", shapely.Point(117, 36.5), {"winner": who, "round": number})]
        try:
            made = store.publish(LAYER, mine, base=base, kind="publish", author=who, message="race")
            print(f"won {made.number}", flush=True)
        except RevisionConflict as conflict:
            print(f"lost {conflict.sentence}", flush=True)
        except AtlasError as error:
            print(f"failed {error.sentence}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 6:
        # The harness must see the loss that a weaker setting causes.
        engine._PRAGMAS["synchronous"] = int(sys.argv[5])
    match sys.argv[1]:
        case "loop":
            loop(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        case "fork":
            fork()
        case "race":
            race(sys.argv[2])
