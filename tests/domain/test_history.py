"""What the public may know of a layer's past, on both engines."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from shapely.geometry import Point

from layers.errors import InvalidParameter, NotFound
from layers.history import compare_revisions, read_history
from layers.model import Feature, Layer
from layers.store import Store

LAYER = Layer(
    id="plots",
    file="",
    title="",
    title_en="",
    description="",
    description_en="",
    attribution="",
    attribution_en="",
    licence="",
    geometry_types=("Point",),
    geometry_required=False,
    label="name",
    schema={"properties": {}},
    style={},
    checks=(),
)


@pytest.fixture
def store(store_address):
    store = Store(store_address)
    yield store
    store.close()


def plot(feature_id, name="", **properties):
    return Feature(feature_id, Point(117, 36.6), {"name": name, **properties})


def internal(feature_id, name=""):
    return plot(feature_id, name, access="internal")


def publish(store, *features, message=""):
    head = store.head(LAYER.id)
    return store.publish(
        LAYER.id, list(features), base=head, kind="publish", author="王", message=message
    )


def history(store, layer=LAYER, before=None):
    return read_history(store, layer, store.head(layer.id), before)


def counted(store, layer=LAYER):
    revisions = history(store, layer).revisions
    assert [each.number for each in revisions] == list(range(1, len(revisions) + 1))
    return [(each.stored, each.added, each.removed, each.changed) for each in revisions]


def compare(store, old, new, limit=100):
    past = history(store)
    before = None if old == 0 else past.numbered(old)
    return compare_revisions(store, LAYER, past, before, past.numbered(new), limit)


def test_a_revision_in_which_only_internal_features_changed_is_none(store):
    publish(store, plot("a"))
    publish(store, plot("a"), internal("x"))
    publish(store, plot("a"), internal("x", "changed"))
    publish(store, plot("a", "changed"), internal("x", "again"))
    assert counted(store) == [(1, 1, 0, 0), (4, 0, 0, 1)]


def test_what_turns_internal_is_removed_and_what_turns_public_is_added(store):
    publish(store, plot("a"), plot("b"))
    publish(store, plot("a"), internal("b"))
    publish(store, plot("a"), plot("b"))
    assert counted(store) == [(1, 2, 0, 0), (2, 0, 1, 0), (3, 1, 0, 0)]


def test_the_first_revision_is_one_even_if_it_shows_nothing(store):
    publish(store, internal("x"))
    publish(store, plot("a"), internal("x"))
    assert counted(store) == [(1, 0, 0, 0), (2, 1, 0, 0)]


def test_another_order_of_public_features_shows_and_one_of_internal_ones_does_not(store):
    publish(store, plot("a"), plot("b"), internal("x"), internal("y"))
    publish(store, plot("a"), plot("b"), internal("y"), internal("x"))
    publish(store, internal("y"), internal("x"), plot("b"), plot("a"))
    assert counted(store) == [(1, 2, 0, 0), (3, 0, 0, 0)]


@pytest.mark.parametrize("layer", [LAYER, replace(LAYER, access="internal")])
@pytest.mark.parametrize("seed", range(3))
def test_the_counts_are_those_of_the_features_that_were_public(store, layer, seed):
    dice = random.Random(seed)
    shown, expected = [], []
    for number in range(1, 30):
        ids = dice.sample("abcdefgh", dice.randint(0, 8))
        access = [{}, {"access": "public"}, {"access": "internal"}, {"access": None}]
        # What only looks like the property must not be taken for it.
        nested = [{}, {"note": {"access": "internal"}}, {"note": '"access":"internal"'}]
        features = [
            plot(id_, dice.choice("xy"), **dice.choice(access), **dice.choice(nested))
            for id_ in ids
        ]
        publish(store, *features)
        before, shown = shown, [each for each in features if layer.is_public(each)]
        was = {each.id: each for each in before}
        now = {each.id: each for each in shown}
        both = was.keys() & now.keys()
        changed = sum(was[id_].properties != now[id_].properties for id_ in both)
        counts = (len(now.keys() - both), len(was.keys() - both), changed)
        if number == 1 or any(counts) or list(was) != list(now):
            expected.append((number, *counts))
    assert counted(store, layer) == expected


def test_what_is_read_for_an_older_head_is_only_continued(store):
    publish(store, plot("a"))
    publish(store, plot("a"), internal("x"))
    older = history(store)
    assert len(older.revisions) == 1
    publish(store, plot("a"), plot("b"))
    publish(store, plot("a"), plot("b"), internal("y"))
    newer = history(store, before=older)
    assert [(each.number, each.stored) for each in newer.revisions] == [(1, 1), (2, 3)]
    assert newer.revisions == history(store).revisions
    assert len(older.revisions) == 1


def test_a_revision_is_found_by_number_day_and_moment(store):
    first = publish(store, plot("a"))
    publish(store, plot("a"), internal("x"))
    third = publish(store, plot("b"))
    past = history(store)
    assert past.find("2").stored == 3
    assert past.find(first.created.isoformat()).number == 1
    assert past.find(f"{third.created:%Y-%m-%d}").number == 2
    for text in ("0", "3", "2020-01-01"):
        with pytest.raises(NotFound):
            past.find(text)
    with pytest.raises(InvalidParameter) as fault:
        past.find("yesterday", "from")
    assert fault.value.parameter == "from"


def test_only_what_is_internal_now_is_withheld(store):
    publish(store, plot("a"), plot("b"), plot("c"), internal("d"))
    publish(store, internal("a"), internal("b"), plot("c"), plot("d"))
    # What was last known as internal stays so when it is deleted.
    publish(store, plot("b"), plot("c"), plot("d"))
    assert history(store).withheld == {"a"}


def test_a_revision_that_may_speak_of_what_is_internal_now_says_nothing(store):
    publish(store, plot("a"), plot("b"), message="first")
    publish(store, plot("a", "new"), plot("b"), message="of a")
    publish(store, plot("a", "new"), plot("b", "new"), message="of b")
    publish(store, internal("a"), plot("b", "new"), message="withdrawn")
    publish(store, internal("a"), plot("b", "newer"), internal("x"), message="of b again")
    past = history(store)
    said = [past.message_of(each) for each in past.revisions]
    assert said == ["", "", "of b", "", "of b again"]


def test_two_revisions_are_compared_field_by_field(store):
    publish(store, plot("a", "甲"), plot("b"), plot("gone"))
    moved = replace(plot("b"), geometry=Point(117.001, 36.6))
    publish(store, plot("a", "乙"), moved, plot("come"))
    compared = compare(store, 1, 2)
    assert (compared.added, compared.removed, compared.changed, compared.unchanged) == (1, 1, 2, 0)
    assert [each.id for each in compared.difference.added] == ["come"]
    assert [each.id for each in compared.difference.removed] == ["gone"]
    changes = {each.id: each for each in compared.difference.changed}
    assert changes["a"].fields == {"name": ("甲", "乙")}
    assert changes["a"].moved_m == 0
    assert changes["b"].moved_m == pytest.approx(89.5, abs=0.5)
    assert compared.now["a"].properties["name"] == "乙"


def test_a_comparison_shows_nothing_that_is_internal_now(store):
    publish(store, plot("a"), plot("secret"))
    publish(store, plot("a", "new"), plot("secret", "new"))
    publish(store, plot("a", "new"), internal("secret"))
    compared = compare(store, 1, 2)
    assert [each.id for each in compared.difference.changed] == ["a"]
    assert (compared.changed, compared.unchanged) == (1, 0)
    compared = compare(store, 2, 3)
    assert (compared.added, compared.removed, compared.changed, compared.unchanged) == (0, 0, 0, 1)


def test_the_state_before_the_first_revision_has_nothing(store):
    publish(store, plot("a"), internal("x"))
    compared = compare(store, 0, 1)
    assert [each.id for each in compared.difference.added] == ["a"]
    assert (compared.removed, compared.changed, compared.unchanged) == (0, 0, 0)


def test_a_comparison_counts_all_and_shows_the_first(store):
    publish(store, *(plot(f"p{i:04}") for i in range(1200)))
    publish(store, *(plot(f"p{i:04}", "new") for i in range(1200)))
    compared = compare(store, 1, 2, limit=1000)
    assert compared.changed == 1200
    assert [each.id for each in compared.difference.changed] == [f"p{i:04}" for i in range(1000)]
