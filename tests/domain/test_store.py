"""The embedded store keeps every revision, and follows the shipped data until staff publish."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from shapely.geometry import Point

from layers.catalogue import bundled_data, read_bundle
from layers.errors import NotFound, RevisionConflict, StoreUnavailable
from layers.geojson import digest
from layers.model import Feature
from layers.publishing import open_atlas, seed_store
from layers.store import Store


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundled_data())


@pytest.fixture
def store(store_address):
    store = Store(store_address)
    yield store
    store.close()


def is_public(feature):
    return feature.properties["access"] == "public"


def publish(store, features, base=None, kind="publish", key=None):
    return store.publish("x", features, base=base, kind=kind, author="a", message="m", key=key)


def versions(store) -> int:
    with store._reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM feature_version").scalar_one()


def features(*names):
    return [Feature(name, Point(117, 36.5), {"name": name}) for name in names]


def test_a_revision_can_be_read_after_later_ones(store):
    first = publish(store, features("a", "b", "c"))
    changed = [*features("a"), Feature("b", None, {"name": "乙"}), *features("d")]
    second = publish(store, changed, base=first)
    assert store.features(first) == features("a", "b", "c")
    assert store.features(second) == changed
    assert store.head("x") == second
    assert (first.number, second.number) == (1, 2)
    assert second.digest == digest(changed)


def test_only_what_changes_is_stored(store):
    first = publish(store, features(*"abcdefgh"))
    publish(store, features(*"abcdefg"), base=first)
    assert versions(store) == 8


def test_a_feature_put_before_all_others_costs_one_row(store):
    first = publish(store, features(*"bcdefgh"))
    second = publish(store, features(*"abcdefgh"), base=first)
    assert versions(store) == 8
    assert [f.id for f in store.features(second)] == list("abcdefgh")


def test_a_stale_base_is_refused_and_nothing_stored(store):
    first = publish(store, features("a"))
    second = publish(store, features("a", "b"), base=first)
    with pytest.raises(RevisionConflict, match="revision 2"):
        publish(store, features("c"), base=first)
    with pytest.raises(RevisionConflict):
        publish(store, features("c"))
    assert store.head("x") == second


def test_a_publish_that_fails_leaves_nothing(store):
    twice = [*features("a"), *features("a")]
    with pytest.raises(AttributeError):
        publish(store, [*twice, None])
    assert store.head("x") is None


def test_the_seed_is_brought_in_once(store, bundle):
    added = seed_store(store, bundle)
    assert [each.layer_id for each in added] == list(bundle.features)
    assert seed_store(store, bundle) == []


def test_a_changed_seed_becomes_a_new_revision(store, bundle):
    seed_store(store, bundle)
    fewer = {**bundle.features, "projects": bundle.features["projects"][:-1]}
    (added,) = seed_store(store, replace(bundle, features=fewer))
    assert (added.layer_id, added.number) == ("projects", 2)


def test_a_changed_order_of_the_seed_is_a_change(store, bundle):
    seed_store(store, bundle)
    turned = {**bundle.features, "projects": bundle.features["projects"][::-1]}
    seed_store(store, replace(bundle, features=turned))
    served = open_atlas(store, bundle).layers["projects"].features
    assert [f.id for f in served] == [f.id for f in turned["projects"] if is_public(f)]


def test_what_staff_published_is_left_alone(store, bundle):
    seed_store(store, bundle)
    head = store.head("projects")
    mine = bundle.features["projects"][:3]
    store.publish("projects", mine, base=head, kind="publish", author="a", message="m")
    assert seed_store(store, bundle) == []
    assert len(open_atlas(store, bundle).layers["projects"].features) == 3


def test_what_is_served_is_what_was_published(store, bundle):
    seed_store(store, bundle)
    atlas = open_atlas(store, bundle)
    for layer_id, snapshot in atlas.layers.items():
        assert snapshot.features == tuple(filter(is_public, bundle.features[layer_id]))


def test_internal_features_leave_no_trace_in_what_is_served(tmp_path, bundle):
    one = Store(tmp_path / "one.sqlite")
    seed_store(one, bundle)
    (first, *_) = bundle.features["projects"]
    hidden = Feature("hidden", None, {**first.properties, "name": "内部", "access": "internal"})
    more = {**bundle.features, "projects": (hidden, *bundle.features["projects"])}
    other = Store(tmp_path / "other.sqlite")
    seed_store(other, replace(bundle, features=more))
    without, having = open_atlas(one, bundle), open_atlas(other, bundle)
    assert having.document.ledger == without.document.ledger
    assert having.results == without.results
    assert having.search.search("内部") == without.search.search("内部")
    for layer_id in without.layers:
        assert having.layers[layer_id].document == without.layers[layer_id].document
        assert having.layers[layer_id].digest == without.layers[layer_id].digest


def test_a_file_that_is_no_store_is_refused(tmp_path):
    path = tmp_path / "atlas.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(StoreUnavailable, match=r"atlas\.sqlite"):
        Store(path)


def test_a_store_of_a_newer_atlas_is_refused(store):
    with store._writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match="newer atlas"):
        Store(store.where)


def test_the_same_key_gives_the_same_revision(store):
    first = publish(store, features("a"), key="upload-1")
    again = publish(store, features("a"), key="upload-1")
    assert again == first
    with pytest.raises(RevisionConflict, match="upload-1"):
        publish(store, features("b"), key="upload-1", base=first)
    assert [each.number for each in store.revisions("x")] == [1]


def test_a_revision_says_what_it_changed(store):
    first = publish(store, features("a", "b", "c"))
    changed = [*features("a"), Feature("b", None, {"name": "乙"}), *features("d")]
    second = publish(store, changed, base=first)
    assert (first.parent, first.added, first.removed, first.changed) == (None, 3, 0, 0)
    assert (second.parent, second.added, second.removed, second.changed) == (1, 1, 1, 1)
    assert second.sequence == first.sequence + 1 == store.sequence()


def test_any_revision_is_found_by_number_and_by_date(store):
    first = publish(store, features("a"))
    second = publish(store, features("b"), base=first)
    assert store.revision("x", 1) == first
    assert store.revision_at("x", first.created) == first
    assert store.revision_at("x", second.created) == second
    with pytest.raises(NotFound, match="1 to 2"):
        store.revision("x", 3)
    with pytest.raises(NotFound, match="had no revision"):
        store.revision_at("x", first.created - timedelta(seconds=1))


def test_every_publish_is_in_the_log_and_the_store_is_as_written(store):
    first = publish(store, features("a"))
    publish(store, features("b"), base=first)
    assert [(e.actor, e.action, e.subject) for e in store.log()] == [
        ("a", "publish", "x/1"),
        ("a", "publish", "x/2"),
    ]
    assert list(store.faults()) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE audit SET detail = 'nothing' WHERE number = 1", "entry 1"),
        ("DELETE FROM audit WHERE number = 1", "no entry 1"),
        ("UPDATE feature_version SET properties = '{}' WHERE id = 'a'", "feature a"),
        ("UPDATE feature_version SET geometry = NULL WHERE id = 'b'", "feature b"),
        ("UPDATE feature_version SET last = 1 WHERE id = 'c'", "revision 2"),
        ("UPDATE revision SET digest = '0' WHERE number = 1", "revision 1"),
        ("UPDATE revision SET added = 7 WHERE number = 2", "counts are not +1"),
        ("UPDATE revision SET parent = NULL WHERE number = 2", "its parent is None"),
        ("UPDATE revision SET sequence = 99 WHERE number = 2", "beyond the catalogue's"),
        ("UPDATE revision SET sequence = 1 WHERE number = 2", "goes back"),
        ("UPDATE feature_version SET last = 0 WHERE id = 'a'", "cannot be"),
        ("DELETE FROM feature_version WHERE id = 'b'", "revision 1"),
        ("DELETE FROM catalogue", "it must have one"),
    ],
)
def test_an_edited_store_is_found_out(store, damage, said):
    first = publish(store, features("a", "b", "c"))
    publish(store, features("a", "b", "c", "d"), base=first)
    with store._writing() as connection:
        connection.exec_driver_sql(damage)
    assert any(said in fault for fault in store.faults())


def test_of_eight_writers_on_one_base_exactly_one_wins(store):
    base = publish(store, features("a"))
    for _ in range(5):

        def write(name, base=base):
            try:
                return publish(store, features("a", name), base=base)
            except RevisionConflict:
                return None

        with ThreadPoolExecutor(8) as pool:
            won = [each for each in pool.map(write, "bcdefghi") if each is not None]
        assert len(won) == 1
        base = won[0]
    assert store.head("x") == base


def test_a_home_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="ATLAS_HOME"):
        Store(tmp_path / "file" / "atlas.sqlite")


FIRST_SCHEMA = """
CREATE TABLE revision (layer TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
    kind TEXT NOT NULL, author TEXT NOT NULL, message TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (layer, number)) STRICT;
CREATE TABLE feature_version (layer TEXT NOT NULL, id TEXT NOT NULL, first INTEGER NOT NULL,
    last INTEGER, position INTEGER NOT NULL, geometry BLOB, properties TEXT NOT NULL,
    PRIMARY KEY (layer, id, first)) STRICT;
CREATE INDEX feature_version_range ON feature_version (layer, first, last);
INSERT INTO revision VALUES ('x', 1, '', 'seed', 'a', 'm', '2026-01-01T00:00:00+00:00'),
    ('x', 2, '', 'publish', 'b', 'n', '2026-01-02T00:00:00+00:00');
INSERT INTO feature_version VALUES ('x', 'a', 1, NULL, 0, NULL, '{"name":"a"}'),
    ('x', 'b', 1, 1, 1, NULL, '{"name":"b"}'), ('x', 'b', 2, NULL, 1, NULL, '{"name":"乙"}');
PRAGMA user_version = 1;
"""


def test_a_store_of_the_first_atlas_is_carried_over(tmp_path):
    path = tmp_path / "atlas.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST_SCHEMA)
    store = Store(path)
    second, first = store.revisions("x")
    assert [f.properties["name"] for f in store.features(first)] == ["a", "b"]
    assert [f.properties["name"] for f in store.features(second)] == ["a", "乙"]
    assert (second.author, second.parent, second.added, second.changed) == ("b", 1, 0, 1)
    assert list(store.faults()) == []
    third = publish(store, features("a"), base=second)
    assert third.number == 3
