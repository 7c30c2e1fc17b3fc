"""Three-way merge: what one side has changed is kept, what both have is a conflict."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from layers.merging import GEOMETRY, WHOLE, merge
from layers.model import Feature

NAMES = ("name", "stage", "area")
features = st.none() | st.builds(
    lambda x, values: Feature("f", None if x is None else Point(116.9 + x / 10, 36.6), values),
    st.none() | st.integers(0, 2),
    st.fixed_dictionaries({name: st.none() | st.sampled_from("ab") for name in NAMES}),
)


def feature(x: float | None = 116.9, **properties: str | None) -> Feature:
    return Feature("f", None if x is None else Point(x, 36.6), {"name": "老商埠"} | properties)


def value(of: Feature | None, field: str):
    if of is None:
        return None
    return of.geometry if field == GEOMETRY else of.properties[field]


@given(features, features)
def test_what_one_side_did_is_the_result_if_the_other_did_nothing(base, changed):
    assert merge(base, base, changed) == (changed, ())
    assert merge(base, changed, base) == (changed, ())


@given(features, features)
def test_the_same_on_both_sides_is_no_conflict(base, both):
    assert merge(base, both, both) == (both, ())


@given(features, features, features)
def test_each_field_comes_from_a_side_that_changed_it(base, theirs, mine):
    merged = merge(base, theirs, mine)
    if None in (base, theirs, mine) or merged.conflicts:
        return
    for field in (*NAMES, GEOMETRY):
        before, other, own = (value(each, field) for each in (base, theirs, mine))
        assert value(merged.feature, field) == (own if own != before else other)


@given(features, features, features)
def test_there_is_a_conflict_where_both_sides_changed_a_field_and_not_to_the_same(
    base, theirs, mine
):
    fields = {each.field for each in merge(base, theirs, mine).conflicts}
    if None in (base, theirs, mine):
        assert fields <= {WHOLE}
        return
    assert fields == {
        field
        for field in (*NAMES, GEOMETRY)
        if len({repr(value(each, field)) for each in (base, theirs, mine)}) == 3
    }


@given(features, features, features, st.sampled_from(["theirs", "mine"]))
def test_every_conflict_can_be_decided_for_either_side(base, theirs, mine, side):
    conflicts = merge(base, theirs, mine).conflicts
    merged = merge(base, theirs, mine, {each.field: side for each in conflicts})
    assert merged.conflicts == ()
    for each in conflicts:
        if each.field == WHOLE:
            assert merged.feature == (theirs if side == "theirs" else mine)
        else:
            assert value(merged.feature, each.field) == getattr(each, side)


def test_different_fields_of_one_feature_merge():
    merged = merge(feature(), feature(x=117.0), feature(stage="建设"))
    assert merged == (feature(x=117.0, stage="建设"), ())


def test_what_one_side_removed_and_the_other_changed_is_asked_about():
    (conflict,) = merge(feature(), None, feature(x=117.0)).conflicts
    assert conflict == (WHOLE, feature(), None, feature(x=117.0))


def test_two_new_features_of_one_id_are_asked_about():
    assert merge(None, feature(x=117.0), feature()).conflicts[0].field == WHOLE
