"""A full disk: a clear refusal, reads go on, nothing half-written, and it works again after."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from random import Random

import pytest
import shapely

from layers.errors import StoreUnavailable
from layers.model import Feature
from layers.store import Store


@pytest.fixture
def small_disk():
    """Mount a file system of a few megabytes; needs the right to mount, as CI has it."""
    mounted = []

    def mount(megabytes):
        folder = Path(tempfile.mkdtemp(prefix="atlas-disk-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        subprocess.run(command, check=True)
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def large(count):
    # No engine can compress these texts.
    texts = [Random(i).randbytes(900).hex() for i in range(count)]
    return [
        Feature(f"f{i}", shapely.Point(117, 36.5 + i / 1e6), {"text": text})
        for i, text in enumerate(texts)
    ]


def fill(folder, leave):
    """Write a file that leaves so many bytes free."""
    (folder / "filler").write_bytes(bytes(max(0, shutil.disk_usage(folder).free - leave)))


def publish(store, base, features):
    return store.publish(
        "x", features, base=base, kind="publish", author="a", message="m", key=None
    )


def expect_refusal(store, first):
    with pytest.raises(StoreUnavailable) as refused:
        publish(store, first, large(4_000))
    assert len(refused.value.sentence.splitlines()) == 1
    assert store.head("x") == first
    assert store.features(first) == large(3)
    assert list(store.faults()) == []
    return refused.value.sentence


def test_sqlite_refuses_and_recovers(small_disk):
    folder = small_disk(12)
    store = Store(folder / "atlas.sqlite")
    first = publish(store, None, large(3))
    fill(folder, 2_000_000)
    assert "full" in expect_refusal(store, first)
    (folder / "filler").unlink()
    second = publish(store, first, large(4))
    assert store.features(second) == large(4)
    assert list(store.faults()) == []


def test_postgresql_refuses_and_recovers(small_disk, make_cluster):
    cluster = make_cluster(start=False, create=False)
    disk = small_disk(120)
    shutil.chown(disk, "postgres")
    cluster.data = disk / "data"
    # The log of changes lies on another disk: where that is full, the server stops by design.
    cluster.create("--waldir", str(cluster.folder / "wal"))
    cluster.start()
    store = Store(cluster.database())
    first = publish(store, None, large(3))
    fill(disk, 2_000_000)
    assert "No space left" in expect_refusal(store, first)
    (disk / "filler").unlink()
    second = publish(store, first, large(4))
    assert store.features(second) == large(4)
    assert list(store.faults()) == []
    store.close()
    cluster.stop()
