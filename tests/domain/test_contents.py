"""What is kept of a layer between two edits never makes a revision other than what is stored."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from layers.errors import RevisionConflict
from layers.geojson import combined_digest, digest
from layers.model import Feature
from layers.store import ChangeSet, Store
from layers.store.contents import Contents

SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# Sorted as UTF-16 the last two would change places; a line break would look like another line.
IDS = st.sampled_from(["a", "ab", "b", "Z001", "a\nb", "街道", "\uffff", "\U00010000"])
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
CONTENTS = st.dictionaries(IDS | st.text(SIGNS, min_size=1, max_size=4), DIGESTS, max_size=12)


@given(before=CONTENTS, put=CONTENTS, removed=st.sets(IDS))
def test_changed_contents_have_the_digest_that_all_features_give(before, put, removed):
    after = {id_: each for id_, each in before.items() if id_ not in removed} | put
    changed = Contents.of(before).changed(put, removed)
    assert changed.digest == combined_digest(after)
    assert len(changed) == len(after)
    assert changed.changed({}, after).digest == combined_digest({})


def feature(name, text="点"):
    return Feature(name, Point(117, 36.5), {"name": text})


def publish(store, features, base=None):
    return store.publish("x", features, base=base, kind="edit", author="a", message="m")


def put(*features):
    return ChangeSet(features, (), {})


@pytest.fixture
def store(store_address):
    store = Store(store_address)
    yield store
    store.close()


@pytest.fixture
def other(store, store_address):
    """The same store in another process."""
    other = Store(store_address)
    yield other
    other.close()


def test_what_others_write_between_two_edits_is_in_the_second(store, other):
    head = publish(store, [feature(each) for each in "abcd"])
    head = publish(store, put(feature("a", "1")), head)
    head = publish(other, ChangeSet((feature("e"), feature("b", "2")), ("c",), {}), head)
    head = publish(other, put(feature("e", "3")), head)
    head = publish(store, put(feature("d", "4")), head)
    found = store.features(head)
    assert [(each.id, each.properties["name"]) for each in found] == [
        ("a", "1"), ("b", "2"), ("d", "4"), ("e", "3")
    ]  # fmt: skip
    assert head.digest == digest(found)
    assert (head.added, head.removed, head.changed) == (0, 0, 1)
    assert list(store.faults()) == []


def test_what_others_write_anew_as_a_whole_is_in_the_next_edit(store, other):
    head = publish(store, [feature(each) for each in "abcd"])
    head = publish(other, [feature(each, "2") for each in "dcxy"], head)
    head = publish(store, put(feature("z"), feature("c", "3")), head)
    found = store.features(head)
    assert [each.id for each in found] == list("dcxyz")
    assert head.digest == digest(found)
    assert list(store.faults()) == []


def test_a_publish_that_was_refused_leaves_nothing_that_a_later_one_is_made_of(store, other):
    head = publish(store, [feature("a")])
    newer = publish(other, put(feature("b")), head)
    with pytest.raises(RevisionConflict):
        publish(store, put(feature("c")), head)
    newest = publish(store, put(feature("d")), newer)
    assert newest.digest == digest(store.features(newest))
    assert [each.id for each in store.features(newest)] == list("abd")


def test_a_feature_that_is_taken_away_and_brought_again_is_the_last(store):
    head = publish(store, [feature(each) for each in "abc"])
    head = publish(store, ChangeSet((), ("a", "no such"), {}), head)
    head = publish(store, put(feature("a")), head)
    assert [each.id for each in store.features(head)] == list("bca")
    assert list(store.faults()) == []


def test_a_store_that_was_put_back_is_not_taken_for_what_it_was(tmp_path):
    path, copy = tmp_path / "atlas.sqlite", tmp_path / "copy.sqlite"
    store = Store(path)
    first = publish(store, [feature(each) for each in "ab"])
    shutil.copy(path, copy)
    lost = publish(store, put(feature("lost")), first)
    shutil.copy(copy, path)
    other = Store(path)
    instead = publish(other, put(feature("c")), first)
    assert instead.number == lost.number
    with pytest.raises(RevisionConflict, match="revision 2"):
        publish(store, put(feature("d")), lost)
    newest = publish(store, put(feature("d")), instead)
    assert newest.digest == digest(store.features(newest))
    assert [each.id for each in store.features(newest)] == list("abcd")
    assert list(store.faults()) == []
    store.close()
    other.close()


@pytest.mark.parametrize("knows", [True, False], ids=["a process that knew it", "another process"])
def test_an_edit_does_not_hide_that_a_row_was_taken_out(tmp_path, knows):
    path = tmp_path / "atlas.sqlite"
    store = Store(path)
    head = publish(store, [feature(each) for each in "abc"])
    if not knows:
        store.close()
        store = Store(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM feature_version WHERE id = 'b'")
    publish(store, put(feature("a", "1")), head)
    assert "Layer x, revision 1: a feature is missing or extra." in list(store.faults())
    store.close()
