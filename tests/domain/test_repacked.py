"""A large layer that is copied with its edits is the one that is packed anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from layers.catalogue import read_bundle
from layers.model import Feature
from layers.packed import pack, pack_in_files
from layers.publishing import open_head, seed_store
from layers.repacked import Edits, repack_in_files
from layers.snapshot import LARGE
from layers.store import ChangeSet, Store

NAMES = st.sampled_from(["老商埠", "a", 'say "this"', ""])
POINTS = st.none() | st.builds(Point, st.floats(116, 118), st.floats(36, 37))


def rows(prefix, size):
    return st.lists(st.tuples(POINTS, NAMES), max_size=size).map(
        lambda found: [
            Feature(f"{prefix}{number}", point, {"name": name, "floors": number})
            for number, (point, name) in enumerate(found)
        ]
    )


@pytest.fixture(scope="module")
def layer(tmp_path_factory, declare):
    folder = tmp_path_factory.mktemp("declared") / "data"
    schema = {
        "properties": {"name": {"type": "string"}, "floors": {"type": "integer"}},
        "required": [],
    }
    bundle = read_bundle(declare(folder, {"id": "plots", "schema": schema, "id_column": None}))
    return bundle.catalogue.layers[-1]


@settings(deadline=None)
@given(data=st.data(), known=rows("f", 10), added=rows("a", 3))
def test_copied_with_edits_it_is_as_if_packed_anew(layer, data, known, added):
    fates = data.draw(st.lists(st.sampled_from("kcr"), min_size=10, max_size=10))
    changed = {
        at: Feature(each.id, Point(117, 36.5), {"name": "改", "floors": -1})
        for at, each in enumerate(known)
        if fates[at] == "c"
    }
    removed = [at for at in range(len(known)) if fates[at] == "r"]
    left = [changed.get(at, each) for at, each in enumerate(known) if at not in removed]
    with tempfile.TemporaryDirectory() as folder:
        before = pack_in_files(layer, known, Path(folder) / "before")
        edits = Edits(changed, removed, added)
        copied = repack_in_files(layer, before, edits, Path(folder) / "after")
        anew = pack(layer, [*left, *added])
        assert bytes(copied.document) == bytes(anew.document)
        assert copied.digest == anew.digest
        assert bytes(copied.wkb) == bytes(anew.wkb)
        for name in ("starts", "ends", "wkb_starts", "wkb_ends", "boxes", "connected", "by_id"):
            np.testing.assert_array_equal(getattr(copied, name), getattr(anew, name))
        assert copied.ids == anew.ids
        assert copied.columns == anew.columns


def point(number, name="点", **more):
    return Feature(f"p{number:05}", Point(117, 36.5), {"name": name, "floors": number, **more})


CHANGES = {
    "one is changed": ChangeSet((point(7, "改"),), (), {}),
    "one is added": ChangeSet((Feature("new", None, {"name": "新", "floors": 1}),), (), {}),
    "some are removed": ChangeSet((), ("p00000", "p00500", f"p{LARGE - 1:05}"), {}),
    "one becomes internal": ChangeSet((point(9, access="internal"),), (), {}),
    "one becomes public": ChangeSet((point(1),), (), {}),
    "an internal one is changed": ChangeSet((point(1, "改", access="internal"),), (), {}),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory, declare):
    """A store with a large layer, and its first revision opened."""
    home = tmp_path_factory.mktemp("home")
    text = {"type": "string"}
    change = {
        "id": "plots",
        "id_column": None,
        "label": "name",
        "schema": {
            "properties": {"name": text, "floors": {"type": "integer"}, "access": text},
            "required": [],
        },
    }
    bundle = read_bundle(declare(home / "data", change))
    store = Store(home / "atlas.sqlite")
    seed_store(store, bundle)
    features = [point(0), point(1, access="internal"), *map(point, range(2, LARGE + 2))]
    head = store.publish(
        "plots", features, base=store.head("plots"), kind="publish", author="me", message="all"
    )
    layer = bundle.catalogue.layers[-1]
    yield store, open_head(store, layer, head, home / "snapshots")
    store.close()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_an_edit_a_large_layer_is_what_a_new_process_reads(opened, tmp_path, change):
    store, before = opened
    head = store.publish(
        "plots", change, base=store.head("plots"), kind="edit", author="me", message="edit"
    )
    after = open_head(store, before.layer, head, tmp_path / "one", before=before)
    anew = open_head(store, before.layer, head, tmp_path / "other")
    assert after.digest == anew.digest
    assert bytes(after.document) == bytes(anew.document)
    assert len(after.packed) == sum(map(before.layer.is_public, store.features(head)))
