"""Facets narrow each other; the values of one are alternatives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from layers.errors import InvalidParameter
from layers.facets import FACETS, count_facets, facet_values, meets, parse_selection
from layers.model import Feature


def feature(zone, stage, *chapters, mapped=True, name="x"):
    return Feature(
        name,
        Point(117, 36.6) if mapped else None,
        {
            "zone": zone,
            "kind": "道路",
            "stage": stage,
            "commitment": None,
            "precision": "P4" if mapped else None,
            "citations": [{"chapter": chapter} for chapter in chapters],
        },
    )


FEATURES = [
    feature("北", "建设", 1, 4),
    feature("北", "完成", 4, mapped=False),
    feature("南", "建设", 4, 9),
    feature(None, None, 9, mapped=False),
]
CHOICES = st.dictionaries(
    st.sampled_from(["zone", "stage", "chapter", "mapped"]),
    st.frozensets(st.sampled_from(["北", "南", "建设", "none", "4", "9", "true"]), min_size=1),
)


def test_a_feature_has_a_value_of_each_facet_also_where_it_has_none():
    assert facet_values("zone", FEATURES[3]) == ("none",)
    assert facet_values("chapter", FEATURES[0]) == ("1", "4")
    assert facet_values("mapped", FEATURES[1]) == ("false",)


def test_values_of_a_facet_are_alternatives_and_facets_narrow_each_other():
    selection = parse_selection({"zone": "北,南", "stage": "建设", "f": "json"})
    assert [meets(each, selection) for each in FEATURES] == [True, False, True, False]


def test_a_count_says_what_choosing_the_value_would_leave():
    counts = count_facets(FEATURES, {"zone": frozenset(["北"])})
    assert counts["zone"] == {"北": 2, "none": 1, "南": 1}
    assert counts["stage"] == {"完成": 1, "建设": 1}
    assert counts["mapped"] == {"false": 1, "true": 1}


@given(CHOICES)
def test_the_count_of_a_value_is_the_number_it_leaves(selection):
    counts = count_facets(FEATURES, selection)
    for facet in FACETS:
        for value, count in counts[facet].items():
            chosen = {**selection, facet: frozenset([value])}
            assert count == sum(meets(each, chosen) for each in FEATURES)


@pytest.mark.parametrize("given", [{"mapped": "yes"}, {"chapter": "four"}, {"chapter": "4,x"}])
def test_a_value_that_cannot_be_is_refused(given):
    with pytest.raises(InvalidParameter) as refused:
        parse_selection(given)
    assert refused.value.parameter in given
