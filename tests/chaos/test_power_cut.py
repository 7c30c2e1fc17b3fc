"""A publish that was acknowledged survives a power cut (SQLite, ``synchronous=FULL``).

A process publishes under strace; its writes are replayed up to a random call, with what was not
synced dropped, torn and reordered. The same harness has to find what weaker settings lose.
"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from layers.errors import AtlasError
from layers.store import Store

CUTS = 520
PUBLISHES = 24


def load(name):
    spec = importlib.util.spec_from_file_location(
        f"chaos_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


disk = load("disk")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Record a process that publishes; returns the files before, and what it did."""

    def run(synchronous):
        home = tmp_path_factory.mktemp(f"power{synchronous}")
        database, acks = home / "store" / "atlas.sqlite", home / "acks"
        store = Store(database)
        store.close()
        before = {str(path): path.read_bytes() for path in database.parent.iterdir()}
        script = Path(__file__).with_name("publisher.py")
        disk.record(
            [sys.executable, str(script), "loop", str(database), str(acks), str(PUBLISHES),
             str(synchronous)],
            home / "calls",
            cwd=script.parents[2],
            env=os.environ | {"PYTHONPATH": str(script.parents[2])},
        )  # fmt: skip
        events = disk.events_of(home / "calls", database.parent, acks)
        assert sum(each.kind == "ack" for each in events) == PUBLISHES
        return before, events

    return run


def outcomes(recorded_run, cuts, dice, folder):
    """Return how many cuts kept everything, lost a publish, or left a damaged store."""
    before, events = recorded_run
    counts = Counter()
    for number in range(cuts):
        done = events[: dice.randrange(1, len(events) + 1)]
        acknowledged = dict(each.content.decode().split() for each in done if each.kind == "ack")
        store = [each for each in done if each.kind != "ack"]
        there = folder / str(number)
        there.mkdir()
        for path, content in disk.cut(before, store, dice).items():
            (there / Path(path).name).write_bytes(content)
        counts[_state(there / "atlas.sqlite", acknowledged)] += 1
    return counts


def _state(database, acknowledged):
    if not database.exists():
        return "corrupt"
    try:
        with closing(sqlite3.connect(database)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return "corrupt"
        store = Store(database)
        if list(store.faults()):
            return "corrupt"
        there = {str(each.number): each.digest for each in store.revisions("plots")}
    except (AtlasError, sqlite3.Error):
        return "corrupt"
    return "kept" if acknowledged.items() <= there.items() else "lost"


def test_no_power_cut_loses_or_damages_anything(recorded, dice, tmp_path, rounds):
    counts = outcomes(recorded(2), CUTS * rounds, dice, tmp_path)
    assert counts == {"kept": CUTS * rounds}


@pytest.mark.parametrize(("synchronous", "fault"), [(1, "lost"), (0, "corrupt")])
def test_the_same_cuts_find_what_a_weaker_setting_loses(
    recorded, dice, tmp_path, synchronous, fault
):
    counts = outcomes(recorded(synchronous), 120, dice, tmp_path)
    assert counts[fault] > 0, counts
