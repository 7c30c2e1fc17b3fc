"""The whole past of a layer, on both engines: states, differences, what is found of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layers.errors import NotFound
from layers.history import compare_stored
from layers.model import Layer
from layers.past import feature_past
from layers.store import Store

LAYER = Layer(
    id="parcels",
    file="",
    title="",
    title_en="",
    description="",
    description_en="",
    attribution="",
    attribution_en="",
    licence="",
    geometry_types=("Polygon",),
    geometry_required=True,
    label="用地名称",
    schema={"properties": {}},
    style={},
    checks=(),
)


@pytest.fixture
def store(store_address):
    store = Store(store_address)
    yield store
    store.close()


@pytest.fixture
def publish(store):
    def put(features, author="wang"):
        return store.publish(
            "parcels",
            features,
            base=store.head("parcels"),
            kind="publish",
            author=author,
            message=f"by {author}",
        )

    return put


@pytest.fixture
def history(publish, grid):
    """Change the first, take it away, bring it back in another place of the order."""
    first, *others = grid
    changed = replace(
        first, properties={**first.properties, "用地代码": "G1", "access": "internal"}
    )
    publish(grid)
    publish([changed, *others], "li")
    publish(others, "zhao")
    publish([*others, changed], "sun")
    publish([changed, *others], "sun")
    return first, changed


def test_a_feature_has_each_step_once_the_newest_first(store, history):
    steps = feature_past(store, LAYER, "Z001")
    assert [(each.revision.number, each.became) for each in steps] == [
        (4, "added"),
        (3, "removed"),
        (2, "changed"),
        (1, "added"),
    ]
    assert [each.revision.author for each in steps] == ["sun", "zhao", "li", "wang"]
    change = steps[2].change
    assert dict(change.fields) == {"用地代码": ("R2", "G1"), "access": (None, "internal")}
    assert not change.geometry


@pytest.mark.parametrize("feature_id", ["nobody", "", "a\0b"])
def test_what_never_was_has_no_past(store, history, feature_id):
    with pytest.raises(NotFound):
        feature_past(store, LAYER, feature_id)


def test_revisions_are_compared_in_either_direction_and_from_nothing(store, history):
    one, two, three = (store.revision("parcels", number) for number in (1, 2, 3))
    from_nothing = compare_stored(store, LAYER, None, one, 5)
    assert (from_nothing.added, len(from_nothing.difference.added)) == (12, 5)
    there, back = (
        compare_stored(store, LAYER, one, three, 5),
        compare_stored(store, LAYER, three, one, 5),
    )
    assert (there.added, there.removed, there.changed, there.unchanged) == (0, 1, 0, 11)
    assert (back.added, back.removed, back.changed, back.unchanged) == (1, 0, 0, 11)
    changed = compare_stored(store, LAYER, one, two, 5)
    assert [each.id for each in changed.difference.changed] == ["Z001"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Z001", ["Z001"]),
        ("（1号）", ["Z001"]),
        ("（3号", ["Z003"]),
        ("%", []),
        ("Z_01", []),
        ('"', []),
    ],
)
def test_features_are_found_by_what_they_say(store, history, text, found):
    assert [each.feature.id for each in store.past.find("parcels", text, 20)] == found


def test_a_removed_feature_is_found_as_it_was_last(store, publish, history):
    _, changed = history
    publish(store.features(store.head("parcels"))[1:])
    (stay,) = store.past.find("parcels", "Z001", 20)
    assert stay.last is not None
    assert stay.feature.properties == changed.properties


def test_no_more_are_found_than_wanted(store, history):
    assert len(store.past.find("parcels", "居住用地", 4)) == 4


def test_publishes_are_counted_by_layer_and_kind(store, history):
    assert store.past.publishes() == {("parcels", "publish"): 5}
