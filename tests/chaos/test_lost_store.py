"""A store that is gone, or that may only be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from shapely.geometry import Point

from app.main import create_app
from app.settings import Settings
from layers.errors import StoreUnavailable
from layers.model import Feature
from layers.store import Store


def publish(store, base=None, name="a"):
    features = [Feature("a", Point(117, 36.5), {"name": name})]
    return store.publish("x", features, base=base, kind="publish", author="a", message="m")


def test_a_database_that_is_gone_is_said_and_works_again_when_it_is_back(make_cluster):
    cluster = make_cluster()
    store = Store(cluster.database())
    first = publish(store)
    cluster.stop("fast")
    for attempt in (store.heads, lambda: publish(store, first, "b")):
        with pytest.raises(StoreUnavailable) as refused:
            attempt()
        assert len(refused.value.sentence.splitlines()) == 1
    cluster.start()
    assert store.heads() == {"x": first}
    publish(store, first, "b")
    assert list(store.faults()) == []
    store.close()


def test_pages_go_on_while_the_database_is_gone(make_cluster):
    cluster = make_cluster()
    with TestClient(create_app(Settings(store=cluster.database()))) as client:
        before = client.get("/api/collections/zones/items").content
        cluster.stop("fast")
        for _ in range(2):
            assert client.get("/api/collections/zones/items").content == before
        cluster.start()
        assert client.get("/api/collections/zones/items").content == before


READ = """
import os, sys
from pathlib import Path
from layers.errors import StoreUnavailable
from layers.store import Store
from layers.publishing import seed_store
import layers.store.migrations
os.setgid(65534); os.setuid(65534)
store = Store(Path(sys.argv[1]))
print(store.read_only, store.head("x").number, [f.id for f in store.features(store.head("x"))])
print(list(store.faults()))
try:
    store.publish("x", [], base=store.head("x"), kind="publish", author="a", message="m")
except StoreUnavailable as refused:
    print(refused.sentence)
"""


@pytest.mark.parametrize("folder_mode", [0o755, 0o555])
def test_a_file_that_may_only_be_read_is_read(folder_mode):
    folder = Path(tempfile.mkdtemp(prefix="atlas-read-"))
    try:
        path = folder / "atlas.sqlite"
        store = Store(path)
        publish(store)
        store.close()
        path.chmod(0o444)
        folder.chmod(folder_mode)
        root = str(Path(__file__).parents[2])
        done = subprocess.run(
            [sys.executable, "-c", READ, str(path)],
            capture_output=True,
            encoding="utf-8",
            check=False,
            cwd=root,
            env=os.environ | {"PYTHONPATH": root},
        )
        assert done.returncode == 0, done.stderr
        first, faults, refusal = done.stdout.splitlines()
        assert (first, faults) == ("True 1 ['a']", "[]")
        assert "is read-only" in refusal
        assert list(Store(path).faults()) == []
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
