"""The read model finds exactly what looking at each feature would, and keeps the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import cql2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, box

from layers.catalogue import bundled_data, read_catalogue
from layers.filters import find, parse_filter, queryable_kinds
from layers.geojson import feature_document
from layers.indexes import Indexes
from layers.model import BBox, Feature, Revision
from layers.packed import open_packed, pack, pack_in_files
from layers.served import Query
from layers.snapshot import LARGE, open_layer, take_layer

PROJECTS = read_catalogue(bundled_data() / "geojson" / "catalog.json").layers[-1]
LAYER = replace(
    PROJECTS,
    id="plots",
    schema={
        "properties": {
            "name": {"type": "string"},
            "note": {"type": ["string", "null"]},
            "area": {"type": ["number", "null"]},
            "floors": {"type": "integer"},
            "built": {"type": ["boolean", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": [],
    },
)
REVISION = Revision(
    "plots", 1, None, "0" * 64, "publish", "me", "made", datetime.now(UTC), None, 0, 0, 0, 1
)

places = st.tuples(st.floats(116, 118), st.floats(36, 37)).map(
    lambda each: (round(each[0], 3), round(each[1], 3))
)
sizes = st.floats(0.001, 0.3).map(lambda size: round(size, 3))
boxes = st.builds(lambda at, w, h: box(at[0], at[1], at[0] + w, at[1] + h), places, sizes, sizes)
triangles = st.builds(
    lambda at, w, h: shapely.Polygon([at, (at[0] + w, at[1]), (at[0], at[1] + h)]),
    places, sizes, sizes,
)  # fmt: skip
geometries = st.one_of(
    st.none(),
    boxes,
    triangles,
    places.map(Point),
    st.lists(places, min_size=2, max_size=4, unique=True).map(LineString),
    st.lists(places, min_size=1, max_size=3, unique=True).map(MultiPoint),
    st.tuples(places, places).map(
        lambda two: MultiPolygon([box(*at, at[0] + 0.001, at[1] + 0.001) for at in two])
    ),
)
texts = st.sampled_from(["老商埠", "a", "A", "", 'say "this"', "back\\slash", "100%", "é"])
properties = st.fixed_dictionaries(
    {
        "name": texts,
        "note": st.none() | texts,
        "area": st.none() | st.sampled_from([-1.5, 0.0, 1.0, 2.5, 1e9]),
        "floors": st.integers(-3, 3),
        "built": st.none() | st.booleans(),
        "tags": st.lists(st.sampled_from(["x", "y"]), unique=True),
    }
)
features = st.lists(st.tuples(geometries, properties), max_size=12).map(
    lambda rows: [Feature(f"f{n}", *row) for n, row in enumerate(rows)]
)


@given(features)
def test_a_packed_layer_holds_the_features_that_went_in(known):
    packed = pack(LAYER, known)
    document = json.loads(bytes(packed.document))
    assert document == {
        "type": "FeatureCollection",
        "features": [json.loads(json.dumps(feature_document(each))) for each in known],
    }
    for position, feature in enumerate(known):
        again = packed.feature(position)
        assert (again.id, again.properties) == (feature.id, feature.properties)
        assert again.geometry == feature.geometry


@given(features)
def test_quotes_and_backslashes_are_written_as_code_points(known):
    document = bytes(pack(LAYER, known).document)
    assert b'\\"' not in document
    assert b"\\\\" not in document


@given(features, st.lists(st.integers(0, 11), unique=True))
def test_slices_of_the_document_are_the_features_in_order(known, wanted):
    packed = pack(LAYER, known)
    positions = np.array([each for each in wanted if each < len(known)], dtype=np.uint32)
    joined = b"[" + b"".join(packed.members(positions)) + b"]"
    assert [each["id"] for each in json.loads(joined)] == [f"f{each}" for each in positions]


@given(features, places, places)
def test_a_box_finds_what_intersects_it(known, one, other):
    (west, east), (south, north) = map(sorted, zip(one, other, strict=True))
    bounds = BBox(west, south, east, north)
    area = box(*bounds)
    expected = [n for n, f in enumerate(known) if f.geometry and f.geometry.intersects(area)]
    indexes = Indexes(pack(LAYER, known))
    assert indexes.boxes.touching(bounds).tolist() == expected
    assert indexes.boxes.intersecting(area).tolist() == expected


def test_a_box_over_the_antimeridian_has_two_halves():
    known = [Feature(str(x), Point(x, 0), {}) for x in (-179.5, -10, 10, 179.5)]
    indexes = Indexes(pack(LAYER, known))
    assert indexes.boxes.touching(BBox(179, -1, -179, 1)).tolist() == [0, 3]


@given(features, st.text(max_size=4))
def test_a_feature_is_found_by_its_id_and_no_other(known, other):
    indexes = Indexes(pack(LAYER, known))
    for position, feature in enumerate(known):
        assert indexes.position(feature.id) == position
    if other not in {feature.id for feature in known}:
        assert indexes.position(other) is None


@given(features, texts)
def test_a_value_finds_the_features_that_have_it(known, value):
    indexes = Indexes(pack(LAYER, known))
    for name in ("name", "note"):
        expected = [n for n, f in enumerate(known) if f.properties[name] == value]
        assert indexes.equal(name, value).tolist() == expected
    tagged = [n for n, f in enumerate(known) if "x" in f.properties["tags"]]
    assert indexes.equal("tags", "x").tolist() == tagged


names = st.sampled_from(["name", "note"])
comparisons = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
quoted = texts.map(lambda text: "'" + text.replace("'", "''") + "'")
conditions = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, names, comparisons, quoted),
        st.builds("area {} {}".format, comparisons, st.sampled_from(["0", "1", "2.5"])),
        st.builds("floors {} {}".format, comparisons, st.integers(-2, 2).map(str)),
        st.builds("area + floors * 2 {} 1".format, comparisons),
        st.builds("{} IS NULL".format, names),
        st.builds("area BETWEEN {} AND {}".format, st.integers(-2, 0), st.integers(1, 3)),
        st.builds("{} IN ({}, {})".format, names, quoted, quoted),
        st.builds("floors IN ({}, 2)".format, st.integers(-2, 2)),
        st.builds("CASEI({}) = CASEI({})".format, names, quoted),
        st.just("built = true"),
        st.just("S_INTERSECTS(geometry, BBOX(116.5, 36.2, 117.5, 36.8))"),
        st.just("S_WITHIN(geometry, POLYGON((116 36, 118 36, 117 37, 116 36)))"),
    ),
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=4,
)


def meets(expression, feature):
    """Ask the library, feature by feature; what it cannot say of a missing value is no."""
    record = feature_document(feature)
    try:
        return bool(expression.matches(json.loads(json.dumps(record))))
    except Exception:  # noqa: BLE001  the library raises nothing narrower
        return False


@settings(deadline=None, max_examples=200)
@given(features, conditions)
def test_a_filter_finds_what_the_library_finds_one_by_one(known, text):
    # The library raises where a value is missing; then only conditions without any are compared.
    whole = [
        feature
        for feature in known
        if feature.geometry is not None and None not in feature.properties.values()
    ]
    expression = parse_filter(text, "cql2-text", queryable_kinds(LAYER))
    packed = pack(LAYER, whole)
    found = find(expression, packed, Indexes(packed)).tolist()
    theirs = cql2.parse_text(text)
    assert found == [n for n, feature in enumerate(whole) if meets(theirs, feature)]


@given(features, conditions)
def test_what_is_unknown_is_found_neither_way(known, text):
    packed = pack(LAYER, known)
    indexes = Indexes(packed)
    kinds = queryable_kinds(LAYER)
    is_met, is_not, either = (
        set(find(parse_filter(each, "cql2-text", kinds), packed, indexes).tolist())
        for each in (text, f"NOT ({text})", f"({text}) OR NOT ({text})")
    )
    assert not is_met & is_not
    assert either == is_met | is_not


def test_a_missing_value_meets_no_comparison_and_no_negation():
    known = [Feature("f", None, {"note": None, "area": None})]
    packed = pack(LAYER, known)
    for text in ("note = 'a'", "NOT note = 'a'", "area IN (1)", "area NOT IN (1)", "note LIKE '%'"):
        expression = parse_filter(text, "cql2-text", queryable_kinds(LAYER))
        assert find(expression, packed, Indexes(packed)).tolist() == [], text


@settings(deadline=None, max_examples=20)
@given(features)
def test_files_hold_the_same_as_memory(tmp_path_factory, known):
    folder = tmp_path_factory.mktemp("packed") / "plots"
    in_memory = pack(LAYER, known)
    for packed in (pack_in_files(LAYER, iter(known), folder), open_packed(folder)):
        assert packed.digest == in_memory.digest
        assert bytes(packed.document) == bytes(in_memory.document)
        assert [packed.feature(n) for n in range(len(known))] == [
            in_memory.feature(n) for n in range(len(known))
        ]


def test_files_of_another_form_are_not_read(tmp_path, monkeypatch):
    pack_in_files(LAYER, [], tmp_path / "plots")
    monkeypatch.setattr("layers.packed._FORM", "another")
    assert open_packed(tmp_path / "plots") is None


def test_a_failure_leaves_no_files(tmp_path):
    def interrupted():
        yield Feature("one", Point(117, 36), {"name": "x"})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        pack_in_files(LAYER, interrupted(), tmp_path / "plots")
    assert list(tmp_path.iterdir()) == []


def test_a_large_layer_is_opened_from_its_files(tmp_path):
    known = [Feature(f"f{n:05}", Point(117, 36), {"name": "x"}) for n in range(LARGE)]
    made = take_layer(LAYER, REVISION, iter(known), count=LARGE, folder=tmp_path / "plots")
    again = open_layer(LAYER, REVISION, tmp_path / "plots")
    assert made.is_large
    assert again.digest == made.digest
    assert again.features[LARGE - 1] == known[-1]
    assert len(again.select(Query(bbox=BBox(116, 35, 118, 37)))) == LARGE


@pytest.mark.parametrize("order", [(("area", True), ("name", False)), (("note", False),)])
@given(known=features)
def test_sorting_puts_what_has_no_value_last_and_keeps_the_order_of_equals(order, known):
    snapshot = take_layer(LAYER, REVISION, known)

    def key(position):
        parts = []
        for name, down in order:
            value = known[position].properties[name]
            if isinstance(value, str):
                value = [-ord(c) for c in value] if down else value
            parts.append((value is None, 0 if value is None else (-value if down else value)))
        return parts

    expected = sorted(range(len(known)), key=key)
    assert snapshot.select(Query(order=order)).tolist() == expected
