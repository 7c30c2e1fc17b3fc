"""A store moves to the other engine whole, and the old one takes no more writes."""

from __future__ import annotations

import random

import pytest
from shapely.geometry import Point

from layers.accounts import new_account
from layers.errors import InvalidParameter, StoreUnavailable
from layers.model import Feature
from layers.store import Store, move_store, moving


@pytest.fixture(params=["to postgresql", "to sqlite"])
def stores(request, tmp_path, database):
    """Return a store of one engine with a history in it, and the address of an empty one."""
    file = tmp_path / "atlas.sqlite"
    old, new = (file, database) if request.param == "to postgresql" else (database, file)
    store = Store(old)
    revision = None
    for number in range(6):
        features = [
            Feature(f"f{i}", None if i % 5 == 0 else Point(117, i / 100), {"n": i % (number + 1)})
            for i in range(40 - number)
        ]
        revision = store.publish(
            "x",
            features,
            base=revision,
            kind="publish",
            author="a",
            message="中文 m",
            key=f"{number}",
        )
    store.people.add(new_account("wang", "王", "editor", "correct horse battery"), author="a")
    yield store, new
    store.close()


def everything(store):
    return {
        "revisions": store.revisions("x"),
        "features": [store.features(each) for each in store.revisions("x")],
        "log": store.log(),
        "people": store.people.accounts(),
        "sequence": store.sequence(),
    }


def test_everything_is_there_and_every_digest_right(stores):
    old, address = stores
    new = Store(address)
    seen = []
    move_store(old, new, lambda done, total: seen.append((done, total)))
    assert everything(new) == everything(old)
    assert list(new.faults()) == []
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    head = new.head("x")
    new.publish("x", [], base=head, kind="publish", author="a", message="goes on")
    new.close()


def test_the_old_store_is_read_but_takes_no_more_writes(stores):
    old, address = stores
    running = Store(old.where)
    new = Store(address)
    move_store(old, new, lambda *_: None)
    for store in (old, running, Store(old.where)):
        assert store.head("x").number == 6
        with pytest.raises(StoreUnavailable, match="has moved to") as refused:
            store.publish("x", [], base=store.head("x"), kind="publish", author="a", message="m")
        assert new.address in refused.value.sentence
        store.close()
    with pytest.raises(StoreUnavailable, match="has moved to"):
        move_store(Store(old.where), new, lambda *_: None)
    new.close()


def test_a_move_that_was_broken_off_goes_on_where_it_stopped(stores, monkeypatch):
    old, address = stores
    monkeypatch.setattr(moving, "_BATCH", 7)
    dice = random.Random(4)
    starts = []
    for _ in range(8):
        new = Store(address)
        seen = []
        left = dice.randrange(2, 12)

        def pull(done, _total, seen=seen, left=left):
            seen.append(done)
            if len(seen) == left:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            move_store(old, new, pull)
        starts.append(seen[1])
        new.close()
    assert starts == sorted(starts), "nothing is copied twice"
    assert old.head("x").number == 6
    new = Store(address)
    move_store(old, new, lambda *_: None)
    assert everything(new) == everything(old)
    new.close()


def test_a_copy_that_the_source_has_gone_beyond_begins_anew(stores, monkeypatch):
    old, address = stores
    monkeypatch.setattr(moving, "_BATCH", 20)
    new = Store(address)

    def pull(done, _total):
        if done > 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move_store(old, new, pull)
    head = old.head("x")
    old.publish("x", [], base=head, kind="publish", author="a", message="meanwhile")
    move_store(old, new, lambda *_: None)
    assert everything(new) == everything(old)
    assert list(new.faults()) == []
    new.close()


def test_a_target_with_other_data_is_refused_and_left_alone(stores):
    old, address = stores
    new = Store(address)
    new.publish("y", [], base=None, kind="publish", author="b", message="other")
    with pytest.raises(InvalidParameter, match="another store"):
        move_store(old, new, lambda *_: None)
    assert new.head("y").number == 1
    old.publish("x", [], base=old.head("x"), kind="publish", author="a", message="still in force")
    new.close()


def test_a_damaged_source_stays_in_force(stores):
    old, address = stores
    with old.transaction() as connection:
        connection.exec_driver_sql("UPDATE feature_version SET properties = '{}' WHERE id = 'f3'")
    new = Store(address)
    with pytest.raises(StoreUnavailable, match="copy is not right"):
        move_store(old, new, lambda *_: None)
    old.publish("x", [], base=old.head("x"), kind="publish", author="a", message="still in force")
    new.close()
