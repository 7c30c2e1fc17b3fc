"""A layer that PostgreSQL serves answers what the same layer would packed, byte for byte."""

from __future__ import annotations

import random
from dataclasses import replace

import mapbox_vector_tile
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from layers.catalogue import bundled_data, read_catalogue
from layers.database import open_in_database
from layers.errors import InvalidParameter, NotFound, StoreUnavailable
from layers.filters import parse_filter, queryable_kinds
from layers.model import BBox, Feature
from layers.publishing import open_head
from layers.served import BEGINNING, Query, Start
from layers.snapshot import take_layer
from layers.store import Store
from layers.tiles import TileAddress, find_matrix_set

PROJECTS = read_catalogue(bundled_data() / "geojson" / "catalog.json").layers[-1]
LAYER = replace(
    PROJECTS,
    id="plots",
    schema={
        "properties": {
            "name": {"type": "string"},
            "note": {"type": ["string", "null"]},
            "kind": {"type": ["string", "null"]},
            "area": {"type": ["number", "null"]},
            "floors": {"type": "integer"},
            "built": {"type": ["boolean", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "others": {"type": ["array", "null"], "items": {"type": "string"}},
            "valid_from": {"type": ["string", "null"], "format": "date"},
            "valid_to": {"type": ["string", "null"], "format": "date"},
            "seen": {"type": ["string", "null"], "format": "date-time"},
        },
        "required": [],
    },
)
KINDS = queryable_kinds(LAYER)
TEXTS = ["老商埠", "a", "A", "", "z", 'say "this"', "back\\slash", "100%", "é", "É", "a_b", "b"]
DAYS = [None, "2019-12-31", "2020-02-29", "2021-06-01", "2030-01-01", "soon"]
MOMENTS = [
    None, "2020-01-01T00:00:00Z", "2020-01-01T08:00:00+08:00", "2020-01-01T00:00:00.25Z",
    "2021-02-30T00:00:00Z", "2021-01-01", "",
]  # fmt: skip


def shape(random_):
    x, y = round(random_.uniform(116, 118), 2), round(random_.uniform(36, 37), 2)
    w, h = round(random_.uniform(0.01, 0.6), 2), round(random_.uniform(0.01, 0.6), 2)
    return random_.choice(
        [
            None,
            box(x, y, x + w, y + h),
            Polygon([(x, y), (x + w, y), (x, y + h)]),
            Polygon([(x, y), (x, y + h), (x + w, y + h), (x + w, y)]),
            Point(x, y),
            Point(117, 36.5),
            LineString([(x, y), (x + w, y + h), (x + w, y)]),
            MultiPoint([(x, y), (x + w, y)]),
            MultiPolygon([box(x, y, x + 0.01, y + 0.01), box(x + w, y, x + w + 0.01, y + 0.01)]),
        ]
    )


def properties(random_):
    pick = random_.choice
    found = {
        "name": pick([*TEXTS, 5]),
        "note": pick([None, *TEXTS]),
        "kind": pick([None, "地块", "none", ""]),
        "area": pick([None, -1.5, 0, 0.1, 1, 2.5, 1e9, "large"]),
        "floors": pick([-3, -1, 0, 1, 2, 3]),
        "built": pick([None, True, False]),
        "tags": pick([[], ["x"], ["y", "x"], ["x", "y", "z"]]),
        "others": pick([None, [], ["x"], ["z", "y"]]),
        "valid_from": pick(DAYS),
        "valid_to": pick(DAYS),
        "seen": pick(MOMENTS),
        "citations": [{"chapter": each} for each in pick([[], [3], [3, 4]])],
        "undeclared": {"deep": [1.5, "值"]},
    }
    if random_.random() < 0.2:
        found["access"] = pick(["internal", None, "public"])
    missing = [name for name in found if random_.random() < 0.1]
    return {name: value for name, value in found.items() if name not in missing}


def make(count, seed):
    random_ = random.Random(seed)
    return [
        Feature(f"第{n:03} f&é", shape(random_), properties(random_)) for n in range(1, count + 1)
    ]


def publish(store, features, base=None):
    return store.publish(LAYER.id, features, base=base, kind="publish", author="me", message="made")


@pytest.fixture(scope="module")
def store(cluster):
    store = Store(cluster.database())
    yield store
    store.close()


class Both:
    """A layer from the database and the same one packed; short where a test names it."""

    def __init__(self, *layers):
        self.layers = layers

    def __iter__(self):
        return iter(self.layers)


@pytest.fixture(scope="module")
def both(store):
    """Return a layer as the database serves it and packed; it has a past and internal features."""
    old, new = make(90, 1), make(120, 2)
    kept = [new[n] if n % 3 else old[n] for n in range(90)]
    shown = [*kept[:40], *new[90:], *kept[45:]]
    first = publish(store, old)
    publish(store, shown, publish(store, [*old[50:], *old[:50]], first))
    head = store.head(LAYER.id)
    public = [feature for feature in shown if LAYER.is_public(feature)]
    assert len(public) < len(shown)
    return Both(open_in_database(store, LAYER, head), take_layer(LAYER, head, public))


texts = st.sampled_from(TEXTS)
quoted = texts.map(lambda text: "'" + text.replace("'", "''") + "'")
names = st.sampled_from(["name", "note", "kind", "id"])
comparisons = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
numbers = st.sampled_from(["0", "1", "2.5", "-1.5", "0.1", "3"])
quantities = st.recursive(
    numbers | st.sampled_from(["area", "floors"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
    max_leaves=3,
)
dates = st.sampled_from(["DATE('2020-02-29')", "TIMESTAMP('2020-01-01T00:00:00Z')", "valid_to"])
moments = dates | st.sampled_from(["valid_from", "seen"])
ends = st.sampled_from(["'..'", "'2020-01-01'", "valid_from", "seen"])
later = st.sampled_from(["'..'", "'2025-01-01'", "valid_to"])
intervals = st.builds("INTERVAL({}, {})".format, ends, later)
RELATIONS = [
    "AFTER", "BEFORE", "CONTAINS", "DISJOINT", "DURING", "EQUALS", "FINISHEDBY", "FINISHES",
    "INTERSECTS", "MEETS", "METBY", "OVERLAPPEDBY", "OVERLAPS", "STARTEDBY", "STARTS",
]  # fmt: skip
PREDICATES = [
    "INTERSECTS", "DISJOINT", "TOUCHES", "WITHIN", "OVERLAPS", "CROSSES", "CONTAINS", "EQUALS",
]  # fmt: skip
shapes = st.sampled_from(
    [
        "BBOX(116.5, 36.2, 117.5, 36.8)",
        "POLYGON((116 36, 118 36, 117 37, 116 36))",
        "POINT(117 36.5)",
        "LINESTRING(116 36.5, 118 36.5)",
    ]
)
lists = st.sampled_from(["tags", "others", "('x')", "('x', 'y')", "('q')"])
columns = st.sampled_from(["name", "area", "built", "tags", "others", "seen", "geometry", "note"])
conditions = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, names, comparisons, quoted),
        st.builds("name {} note".format, comparisons),
        st.builds("{} {} {}".format, quantities, comparisons, quantities),
        st.builds("area BETWEEN {} AND {}".format, numbers, numbers),
        st.builds("{} IS NULL".format, columns),
        st.builds("{} IN ({}, {})".format, names, quoted, quoted),
        st.builds("floors IN ({}, 2, floors)".format, numbers),
        st.builds("{} NOT IN ({}, {})".format, names, quoted, quoted),
        st.builds("CASEI({}) {} CASEI({})".format, names, comparisons, quoted),
        st.builds("ACCENTI({}) = ACCENTI({})".format, names, quoted),
        st.builds(
            "{} LIKE '{}'".format, names, st.sampled_from(["%", "a%", "%_b", "第%", "%\\_%", ""])
        ),
        st.builds("CASEI(name) LIKE CASEI('{}')".format, st.sampled_from(["A%", "%É"])),
        st.just("seen LIKE '2020%'"),
        st.just("built = true"),
        st.just("built"),
        st.builds("{} {} {}".format, moments, comparisons, moments),
        st.builds(
            "T_{}({}, {})".format,
            st.sampled_from(RELATIONS), moments | intervals, moments | intervals,
        ),
        st.builds(
            "S_{}(geometry, {})".format,
            st.sampled_from(PREDICATES),
            shapes,
        ),
        st.builds(
            "A_{}({}, {})".format,
            st.sampled_from(["CONTAINS", "CONTAINEDBY", "EQUALS", "OVERLAPS"]), lists, lists,
        ),
    ),
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=4,
)  # fmt: skip
places = st.tuples(st.integers(1160, 1180), st.integers(360, 370)).map(
    lambda each: (each[0] / 10, each[1] / 10)
)
sides = st.sampled_from([0.0, 0.1, 0.7, 1.5])
boxes = st.builds(lambda at, w, h: BBox(at[0], at[1], at[0] + w, at[1] + h), places, sides, sides)
orders = st.lists(
    st.tuples(
        st.sampled_from(["id", "name", "note", "area", "floors", "built", "valid_from", "seen"]),
        st.booleans(),
    ),
    max_size=3,
    unique_by=lambda key: key[0],
).map(tuple)
equal = st.dictionaries(
    st.sampled_from(["name", "note", "area", "floors", "built", "tags", "valid_from"]),
    st.sampled_from(["a", "A", "x", "1", "1.0", "2.5", "nan", "true", "FALSE", "2020-02-29", "\0"]),
    max_size=1,
)
selections = st.fixed_dictionaries(
    {},
    optional={
        "mapped": st.sampled_from([["true"], ["false"], ["true", "false"]]).map(frozenset),
        "chapter": st.sampled_from([["3"], ["4", "5"], ["03"]]).map(frozenset),
        "kind": st.sampled_from([["地块"], ["none"], ["地块", "none", "\0"]]).map(frozenset),
        "zone": st.sampled_from([["none"], ["北部核心区"]]).map(frozenset),
    },
)
days = st.none() | st.sampled_from(["2019-01-01", "2020-02-29", "2025-01-01"])
queries = st.builds(
    Query,
    bbox=st.none() | boxes,
    area=st.none() | places.map(lambda at: Point(at).buffer(0.3)),
    interval=st.tuples(days, days),
    equal=equal,
    selection=selections,
    order=orders,
)


def read(layer, text):
    return parse_filter(text, "cql2-text", KINDS)


def assert_same(both, query):
    database, packed = (each.read(query, 1_000) for each in both)
    assert [each.id for each in database.features()] == [each.id for each in packed.features()]
    assert database.matched == packed.matched == len(database)
    assert b"".join(database.members()) == b"".join(packed.members())


everything = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@everything
@given(text=conditions)
def test_a_filter_finds_the_same(both, text):
    assert_same(both, Query(condition=parse_filter(text, "cql2-text", KINDS)))


@everything
@given(query=queries)
def test_a_query_finds_the_same_in_the_same_order(both, query):
    assert_same(both, query)


@settings(deadline=None, max_examples=25)
@given(query=queries, text=st.none() | conditions, limit=st.integers(1, 40), data=st.data())
def test_next_pages_yield_each_feature_once(both, query, text, limit, data):
    if text is not None:
        query = query._replace(condition=parse_filter(text, "cql2-text", KINDS))
    database, packed = both
    seen, start = [], Start()
    while start is not None:
        page = database.read(query, limit, start)
        seen += page.texts()
        start = page.next
    assert seen == packed.read(query, 1_000).texts()
    assert [each.id for each in database.stream(query)] == [
        each.id for each in packed.read(query, 1_000).features()
    ]
    skipped = data.draw(st.integers(0, 100))
    assert database.read(query, limit, Start(offset=skipped)).texts() == seen[skipped:][:limit]


def test_the_whole_layer_is_the_packed_document(both):
    database, packed = both
    assert b"".join(database.parts()) == bytes(packed.document)
    assert (database.count, database.bbox) == (packed.count, packed.bbox)


def test_a_layer_without_features_is_a_document(store):
    other = replace(LAYER, id="empty")
    head = store.publish("empty", [], base=None, kind="publish", author="me", message="m")
    database, packed = open_in_database(store, other, head), take_layer(other, head, [])
    assert b"".join(database.parts()) == bytes(packed.document)
    assert (database.count, database.bbox) == (0, None)
    assert database.read(Query(), 10).features() == []


def test_a_feature_is_found_by_its_id_and_no_internal_one(both, store):
    database, packed = both
    for feature in store.features(database.revision):
        if LAYER.is_public(feature):
            assert database.item(feature.id).texts() == packed.item(feature.id).texts()
        else:
            assert database.feature(feature.id) is None
            with pytest.raises(NotFound):
                database.item(feature.id)


def test_no_page_begins_behind_a_feature_that_was_never_public(own):
    head = publish(own, [*plots("a"), *plots("b", access="internal"), *plots("c")])
    with pytest.raises(InvalidParameter, match="after"):
        open_in_database(own, LAYER, head).read(Query(), 10, Start(after="b"))


@pytest.mark.parametrize("name", ["nothing", "a\0b", ""])
def test_a_page_begins_behind_a_feature_that_was(both, name):
    for layer in both:
        with pytest.raises(InvalidParameter, match="Parameter after names no item"):
            layer.read(Query(), 10, Start(after=name))


def test_a_page_begins_behind_a_feature_of_any_layer_in_the_same_way(both):
    database, packed = both
    anchor = packed.features[20].id
    for query in (Query(), Query(order=(("name", True),))):
        one, other = (each.read(query, 7, Start(anchor, 2)) for each in (database, packed))
        assert one.texts() == other.texts()


def _meet(one, other):
    across = one.west <= other.east and one.east >= other.west
    return across and one.south <= other.north and one.north >= other.south


def test_what_is_near_is_found_by_boxes(both):
    database, packed = both
    asked = [BBox(116.5, 36.2, 116.6, 36.3), BBox(117, 36.5, 117, 36.5)]
    near = {each.id for each in packed.near(asked)}
    assert near == {
        each.id
        for each in packed.features
        if each.bbox is not None and any(_meet(each.bbox, box) for box in asked)
    }
    assert near
    assert near <= {each.id for each in database.near(asked)}
    assert database.near([]) == []


@pytest.fixture
def own(database):
    store = Store(database)
    yield store
    store.close()


def plots(*names, access=None):
    extra = {} if access is None else {"access": access}
    return [Feature(name, box(117, 36.5, 117.1, 36.6), {"name": name, **extra}) for name in names]


def ids(layer, start=BEGINNING):
    return [each.id for each in layer.read(Query(), 100, start).features()]


def test_a_walk_goes_on_when_the_feature_behind_which_it_was_is_gone(own):
    first = publish(own, plots("a", "b", "c", "d"))
    second = publish(own, plots("a", "c", "d"), first)
    assert ids(open_in_database(own, LAYER, second), Start(after="b")) == ["c", "d"]


def test_a_revision_stays_as_it_was_while_others_follow(own):
    first = publish(own, plots("a", "b"))
    layer = open_in_database(own, LAYER, first)
    publish(own, plots("b", "c"), first)
    assert ids(layer) == ["a", "b"]
    assert ids(open_in_database(own, LAYER, own.head(LAYER.id)).at(first)) == ["a", "b"]


def test_what_is_internal_now_is_not_shown_of_the_past(own):
    first = publish(own, plots("a", "b"))
    second = publish(own, [*plots("a"), *plots("b", access="internal")], first)
    layer = open_in_database(own, LAYER, second)
    assert ids(layer) == ids(layer.at(first)) == ["a"]
    assert layer.at(first).count == 1


def test_a_digest_changes_with_what_is_shown_and_with_nothing_else(own, cluster):
    other = Store(cluster.database())
    secret = plots("s", "t", access="internal")
    one = publish(own, plots("a", "b"))
    two = publish(other, [*secret, *plots("a"), *plots("u", access="internal"), *plots("b")])
    digest = open_in_database(own, LAYER, one).digest
    assert open_in_database(other, LAYER, two).digest == digest
    swapped = publish(own, plots("b", "a"), one)
    assert open_in_database(own, LAYER, swapped).digest != digest
    again = publish(other, plots("a", "b"), two)
    assert open_in_database(other, LAYER, again).digest == digest
    other.close()


def test_a_layer_of_internal_features_shows_those_that_say_they_are_public(own):
    layer = replace(LAYER, access="internal")
    head = publish(own, [*plots("a"), *plots("b", access="public")])
    assert ids(open_in_database(own, layer, head)) == ["b"]


@pytest.mark.parametrize(("count", "packed"), [(3, True), (4, False)])
def test_a_layer_stays_in_the_database_beyond_a_number_of_features(own, count, packed):
    head = publish(own, plots(*"abcd"[:count]))
    layer = open_head(own, LAYER, head, largest=3)
    assert hasattr(layer, "packed") == packed
    assert layer.is_large == (not packed)
    assert layer.count == count


def test_a_file_has_no_server_to_answer(tmp_path):
    store = Store(tmp_path / "atlas.sqlite")
    head = publish(store, plots(*"abcd"))
    assert hasattr(open_head(store, LAYER, head, largest=3), "packed")
    store.close()


@pytest.mark.parametrize(
    "text",
    [
        "1000000000 ^ 400 > area",
        "area ^ 0.5 > 1",
    ],
)
def test_what_the_database_cannot_compute_is_refused(both, text):
    database, _ = both
    with pytest.raises(InvalidParameter, match="Parameter filter"):
        database.read(Query(condition=parse_filter(text, "cql2-text", KINDS)), 10)


def test_a_lost_database_is_said_to_be_lost(make_cluster):
    cluster = make_cluster()
    store = Store(cluster.database())
    layer = open_in_database(store, LAYER, publish(store, plots("a")))
    cluster.stop()
    with pytest.raises(StoreUnavailable):
        layer.read(Query(), 1)
    with pytest.raises(StoreUnavailable):
        list(layer.stream())
    store.close()


def test_whoever_reads_slowly_holds_no_connection(own):
    layer = open_in_database(own, LAYER, publish(own, plots("a", "b")))
    reading = [layer.stream() for _ in range(40)]
    assert [next(each).id for each in reading] == ["a"] * 40
    assert ids(layer) == ["a", "b"]


def test_a_page_far_behind_is_found_by_the_index(own):
    head = publish(own, [Feature(f"f{n:05}", Point(117, 36), {"name": "x"}) for n in range(3_000)])
    with psycopg.connect(own.where, autocommit=True) as connection:
        connection.execute("ANALYZE feature_version")
    layer = open_in_database(own, LAYER, head)
    assert layer.read(Query(), 3, Start(after="f02000")).next == Start(after="f02003")
    with psycopg.connect(own.where) as connection:
        plan = connection.execute(
            "EXPLAIN SELECT id FROM feature_version WHERE layer = 'plots' AND first <= 1 "
            "AND (last IS NULL OR last >= 1) AND (position, id) > (2001, 'f02000') "
            "ORDER BY position, id LIMIT 100"
        ).fetchall()
    assert any("feature_version_order" in line and "Index Scan" in line for (line,) in plan)
    assert not any("Sort" in line for (line,) in plan)


@pytest.mark.parametrize(("z", "looked_at"), [(10, 100_000), (13, 100_000), (10, 1_000)])
def test_a_crowd_too_small_to_be_seen_is_merged_and_counted(own, monkeypatch, z, looked_at):
    monkeypatch.setattr("layers.database_tiles._LOOKED_AT", looked_at)
    small = [
        Feature(f"f{n}", box(x, y, x + 1e-5, y + 1e-5), {"name": f"f{n}"})
        for n in range(7_000)
        for x, y in [(117 + n % 100 / 1e4, 36.5 + n // 100 / 1e4)]
    ]
    head = publish(own, [*small, Feature("large", box(116.9, 36.4, 117.1, 36.6), {"name": "l"})])
    bounds = open_in_database(own, LAYER, head)
    matrix_set = find_matrix_set("WebMercatorQuad")
    half = 2 ** (z - 1)
    found, merged = 0, []
    for x in range(int(half * (1 + 116.9 / 180)), int(half * (1 + 117.1 / 180)) + 1):
        for y in range(2**z):
            west, south, east, north = matrix_set.bounds(TileAddress(z, x, y))
            if east < 116.9 or west > 117.1 or north < 36.4 or south > 36.6:
                continue
            tile = mapbox_vector_tile.decode(bounds.tiles.tile(matrix_set, TileAddress(z, x, y)))
            drawn = tile.get("plots", {"features": []})["features"]
            found += sum(f["properties"].get("id") == "large" for f in drawn)
            merged += [f["properties"]["features"] for f in drawn if len(f["properties"]) == 1]
    assert found
    if z == 10:
        assert sum(merged) == pytest.approx(7_000, rel=0.001 if looked_at > 7_000 else 0.3)
        assert len(merged) < 700
