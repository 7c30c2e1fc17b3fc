"""Vector tiles hold what is there, where it is, in the form of the Mapbox specification 2.1."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import mapbox_vector_tile
import morecantile
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from mapbox_vector_tile.Mapbox import vector_tile_pb2
from shapely import affinity
from shapely.geometry import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, box

from layers.catalogue import bundled_data, read_catalogue
from layers.errors import InvalidParameter, NotFound
from layers.model import Feature, Revision
from layers.snapshot import take_layer
from layers.tiles import TileAddress, find_matrix_set, matrix_sets
from layers.tiles.cutting import BUFFER, REACH, are_polygons, cut, rings_of
from layers.tiles.levels import CELL, MOST, TOLERANCE
from layers.tiles.mvt import EXTENT, encode_layer
from layers.tiles.source import LARGEST

LAYER = replace(
    read_catalogue(bundled_data() / "geojson" / "catalog.json").layers[-1],
    id="plots",
    schema={
        "properties": {
            "name": {"type": "string"},
            "note": {"type": ["string", "null"]},
            "zone": {"type": ["string", "null"]},
            "area": {"type": ["number", "null"]},
            "floors": {"type": ["integer", "null"]},
            "built": {"type": ["boolean", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "precision": {"type": ["string", "null"]},
            "uncertainty_m": {"type": ["number", "null"]},
        },
        "required": [],
    },
)
REVISION = Revision(
    "plots", 1, None, "0" * 64, "publish", "me", "made", datetime.now(UTC), None, 0, 0, 0, 1
)
MERCATOR = find_matrix_set("WebMercatorQuad")
CRS84 = find_matrix_set("WorldCRS84Quad")
JINAN = (117.0, 36.6)


def layer_of(shapes, properties=None):
    """Take a snapshot of features with some geometries, which are called f0, f1 and so on."""
    given = properties or [{"name": f"第{n}块"} for n, _ in enumerate(shapes)]
    features = [Feature(f"f{n}", *row) for n, row in enumerate(zip(shapes, given, strict=True))]
    return take_layer(LAYER, REVISION, features)


def decode(tile):
    options = {"y_coord_down": True}
    return mapbox_vector_tile.decode(tile, default_options=options) if tile else {}


def features_of(tile, name="plots"):
    return decode(tile).get(name, {"features": []})["features"]


def tile_at(z, lon_lat=JINAN, matrix_set=MERCATOR):
    x, y = np.floor(matrix_set.project(np.array([lon_lat]))[0] * 2**z).astype(int).tolist()
    return TileAddress(z, x, y)


def degrees(tile, shape, matrix_set=MERCATOR):
    """Return a shape in units of a tile as CRS84 degrees."""
    west, north = matrix_set.bounds(tile).west, matrix_set.bounds(tile).north
    east = matrix_set.bounds(tile).east

    def convert(xy):
        longitude = west + xy[:, 0] / EXTENT * (east - west)
        down = (tile.y + xy[:, 1] / EXTENT) / 2**tile.z
        latitude = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down))))
        return np.column_stack([longitude, latitude])

    assert north > 0
    return shapely.transform(shape, convert)


def raw_rings(feature):
    """Follow the commands of a polygon (section 4.3): yields each ring as a list of points."""
    numbers = list(feature.geometry)
    x = y = 0
    ring = []
    while numbers:
        command, count = numbers[0] & 7, numbers.pop(0) >> 3
        if command == 7:
            yield ring
            ring = []
            continue
        for _ in range(count):
            dx, dy = ((n >> 1) ^ -(n & 1) for n in (numbers.pop(0), numbers.pop(0)))
            x, y = x + dx, y + dy
            ring.append((x, y))


def doubled_area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))


def encoded(shapes):
    """Encode shapes in units of a tile, without cutting any."""
    array = np.array(shapes, dtype=object)
    parts, owners = shapely.get_parts(array, return_index=True)
    areal = are_polygons(parts)
    rings = rings_of(parts[areal], owners[areal])
    found = cut(rings, parts[~areal], owners[~areal], np.ones(len(array), dtype=bool))
    left, owners = np.unique(found.owners, return_inverse=True)
    columns = {"n": pa.array(left)}
    return encode_layer("plots", found._replace(owners=owners), left, columns)


units = st.integers(0, EXTENT)
corners = st.tuples(units, units)
polygons = st.builds(
    lambda at, w, h, inset: (
        box(*at, at[0] + w, at[1] + h).difference(
            box(at[0] + inset, at[1] + inset, at[0] + w - inset, at[1] + h - inset)
        )
        if inset
        else box(*at, at[0] + w, at[1] + h)
    ),
    st.tuples(st.integers(0, 2000), st.integers(0, 2000)),
    st.integers(10, 900),
    st.integers(10, 900),
    st.integers(0, 4),
)
lines = st.lists(corners, min_size=2, max_size=6, unique=True).map(LineString)
geometries = st.one_of(
    corners.map(Point),
    st.lists(corners, min_size=1, max_size=4, unique=True).map(MultiPoint),
    lines,
    st.lists(lines, min_size=2, max_size=3).map(MultiLineString),
    polygons,
    st.builds(
        lambda one, other: MultiPolygon([one, affinity.translate(other, 3000, 0)]),
        polygons,
        polygons,
    ),
    st.lists(corners, min_size=5, max_size=9, unique=True)
    .map(lambda ring: MultiPoint(ring).convex_hull)
    .filter(lambda shape: shape.geom_type == "Polygon"),
)


@settings(deadline=None)
@given(st.lists(geometries, min_size=1, max_size=8))
def test_what_is_encoded_is_decoded(shapes):
    features = features_of(encoded(shapes))
    assert [each["properties"]["n"] for each in features] == list(range(len(shapes)))
    assert [each["id"] for each in features] == list(range(len(shapes)))
    for feature, shape in zip(features, shapes, strict=True):
        found = shapely.geometry.shape(feature["geometry"])
        assert found.normalize().equals(shape.normalize()) or found.equals(shape)
        assert found.geom_type.removeprefix("Multi") == shape.geom_type.removeprefix("Multi")


@settings(deadline=None)
@given(st.lists(geometries, min_size=1, max_size=8))
def test_outer_rings_wind_one_way_and_inner_ones_the_other(shapes):
    tile = vector_tile_pb2.tile()
    tile.ParseFromString(encoded(shapes))
    (layer,) = tile.layers
    assert (layer.version, layer.extent) == (2, EXTENT)
    for feature in layer.features:
        if feature.type != tile.Polygon:
            continue
        shape = shapes[feature.id]
        rings = list(raw_rings(feature))
        parts = shapely.get_parts(shape)
        outer = [ring for ring in rings if doubled_area(ring) > 0]
        assert doubled_area(rings[0]) > 0
        assert len(outer) == len(parts)
        assert len(rings) == shapely.get_num_interior_rings(parts).sum() + len(parts)
        assert all(ring[0] != ring[-1] for ring in rings)


def test_what_is_nothing_in_whole_units_is_left_out():
    thin = box(10, 10, 10.3, 400)
    hole = box(0, 0, 50, 50).difference(box(20, 20, 20.3, 20.3))
    line = LineString([(5.1, 5.1), (5.2, 5.3)])
    (left,) = features_of(encoded([thin, hole, line]))
    assert left["geometry"] == {
        "type": "Polygon",
        "coordinates": [[[0, 0], [50, 0], [50, 50], [0, 50], [0, 0]]],
    } or shapely.geometry.shape(left["geometry"]).equals(box(0, 0, 50, 50))
    assert left["id"] == 1


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 12), st.floats(0, 12)), min_size=4, max_size=14, unique=True)
)
def test_a_polygon_that_rounding_folds_is_mended(points):
    shape = shapely.make_valid(shapely.Polygon(points), method="structure")
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    for feature in features_of(encoded(parts)) if parts else []:
        assert shapely.geometry.shape(feature["geometry"]).is_valid


def test_values_keep_their_types():
    row = {"name": '引号"与\\', "area": 2.5, "floors": -3, "built": True, "note": None}
    more = {"name": "长" * 700, "area": 1e300, "floors": 2**40, "built": False, "note": ""}
    shapes = [Point(*JINAN), Point(117.0001, 36.6001)]
    one, two = features_of(layer_of(shapes, [row, more]).tiles.tile(MERCATOR, tile_at(12)))
    assert one["properties"] == {"id": "f0", **{k: v for k, v in row.items() if v is not None}}
    assert two["properties"] == {"id": "f1", **more}


def test_a_sketch_can_be_told_from_what_is_known():
    row = {"name": "片区", "precision": "P4", "uncertainty_m": 500.0, "tags": ["x"]}
    tile = decode(layer_of([Point(*JINAN)], [row]).tiles.tile(MERCATOR, tile_at(10)))
    for name in ("plots", "plots_labels"):
        (feature,) = tile[name]["features"]
        assert feature["properties"]["precision"] == "P4"
        assert feature["properties"]["uncertainty_m"] == 500.0
        assert "tags" not in feature["properties"]


places = st.tuples(st.floats(116.7, 117.3), st.floats(36.3, 36.9))
spread_out = st.lists(
    st.one_of(
        places.map(Point),
        st.builds(lambda at, r: Point(at).buffer(r, 6), places, st.floats(0.0001, 0.3)),
        st.builds(
            lambda at, r: Point(at).buffer(r, 6).difference(Point(at).buffer(r / 2, 3)),
            places,
            st.floats(0.0001, 0.3),
        ),
        st.lists(places, min_size=2, max_size=9, unique=True).map(LineString),
        st.lists(places, min_size=3, max_size=12, unique=True)
        .map(lambda ring: shapely.make_valid(shapely.Polygon(ring), method="structure"))
        .filter(lambda shape: shape.geom_type in {"Polygon", "MultiPolygon"}),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(spread_out, places, st.integers(0, 18), st.sampled_from([MERCATOR, CRS84]))
def test_nothing_in_a_tile_reaches_far_out_of_it(shapes, at, z, matrix_set):
    z = min(z, matrix_set.deepest)
    tile = layer_of(shapes).tiles.tile(matrix_set, tile_at(z, at, matrix_set))
    for feature in features_of(tile):
        low_x, low_y, high_x, high_y = shapely.geometry.shape(feature["geometry"]).bounds
        assert min(low_x, low_y) >= -BUFFER - REACH
        assert max(high_x, high_y) <= EXTENT + BUFFER + REACH


@settings(deadline=None)
@given(spread_out, st.integers(0, 16))
def test_a_tile_holds_what_its_box_meets(shapes, z):
    """What is large enough to be seen, and well within, is in the tile at the same place."""
    address = tile_at(z)
    tile = layer_of(shapes).tiles.tile(MERCATOR, address)
    found = {each["properties"]["id"]: each for each in features_of(tile)}
    frame = box(*MERCATOR.bounds(address))
    width = MERCATOR.bounds(address).east - MERCATOR.bounds(address).west
    for n, shape in enumerate(shapes):
        seen = shape.intersection(frame)
        if seen.area > (width / 40) ** 2:
            there = shapely.geometry.shape(found[f"f{n}"]["geometry"])
            there = there.intersection(box(0, 0, EXTENT, EXTENT))
            scale = (
                (width / EXTENT)
                * (MERCATOR.bounds(address).north - MERCATOR.bounds(address).south)
                / EXTENT
            )
            # What Mercator stretches within a tile counts where it spans much of the globe.
            assert there.area * scale == pytest.approx(seen.area, rel=0.25 if z > 5 else 3)


def coverage(side, wiggles, seed):
    """Return the cells of an uneven grid, as a function of the tile's unit square, row by row."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-1, 2, side + 1), np.linspace(-1, 2, side + 1))
    step = 3 / side
    nodes = np.stack([x, y], axis=-1) + rng.uniform(-0.3, 0.3, (side + 1, side + 1, 2)) * step

    known = {}

    def edge(a, b):
        if (b, a) in known:
            return known[b, a][::-1]
        parts = np.linspace(0, 1, wiggles + 2)[1:-1, np.newaxis]
        straight = nodes[a] + parts * (nodes[b] - nodes[a])
        known[a, b] = straight + rng.uniform(-0.1, 0.1, straight.shape) * step / (wiggles + 1)
        return known[a, b]

    cells = []
    for i in range(side):
        for j in range(side):
            ring = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
            turns = zip(ring, [*ring[1:], ring[0]], strict=True)
            points = np.concatenate([[nodes[a], *edge(a, b)] for a, b in turns])
            cells.append(shapely.Polygon(points))
    return cells


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(3, 24), st.integers(0, 12))
    | st.tuples(st.integers(3, 5), st.integers(600, 800)),
    st.integers(0, 2**32 - 1),
)
def test_neighbours_share_their_edges_in_the_tile(grid, seed):
    """Drawn as they are, or generalised where their outlines are finer than half a pixel."""
    side, wiggles = grid
    address = tile_at(12)
    cells = [
        degrees(address, affinity.scale(each, EXTENT, EXTENT, origin=(0, 0)))
        for each in coverage(side, wiggles, seed)
    ]
    tile = vector_tile_pb2.tile()
    tile.ParseFromString(layer_of(cells).tiles.tile(MERCATOR, address))
    rings = [ring for feature in tile.layers[0].features for ring in raw_rings(feature)]
    assert sum(map(len, rings)) < 4_000
    # No gap and no overlap, to the unit: they are all of the tile, and none of it twice.
    union = shapely.union_all([shapely.Polygon(ring) for ring in rings])
    assert union.covers(box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER))
    assert sum(map(doubled_area, rings)) == 2 * union.area
    edges = Counter(edge for ring in rings for edge in zip(ring, [*ring[1:], ring[0]], strict=True))
    alone = [shapely.LineString([a, b]) for a, b in edges if (b, a) not in edges]
    assert alone
    assert all(union.boundary.covers(edge) for edge in alone)


def test_shared_edges_are_generalised_together_and_others_each_by_itself():
    address = tile_at(6)
    apart = [
        degrees(address, affinity.scale(each, 200, 200, origin=(0, 0)))
        for each in coverage(4, 40, 7)
    ]
    assert shapely.coverage_is_valid(apart)
    points = sum(shapely.get_num_coordinates(apart))
    shared = features_of(layer_of(apart).tiles.tile(MERCATOR, address))
    overlapping = [apart[5], affinity.translate(apart[5], 0.001, 0.001)]
    own = features_of(layer_of(overlapping).tiles.tile(MERCATOR, address))
    left = sum(len(ring) for each in shared for ring in each["geometry"]["coordinates"])
    assert left < points / 4
    assert len(own) == 2
    shapes = [shapely.geometry.shape(each["geometry"]) for each in shared]
    # To a hair: rounding may put a node of one beside the edge of another.
    assert sum(each.area for each in shapes) == pytest.approx(
        shapely.union_all(shapes).area, abs=TOLERANCE
    )


def test_a_line_is_generalised_by_zoom():
    winding = LineString([(117 + n / 1e5, 36.6 + (n % 2) / 1e5) for n in range(500)])
    tiles = layer_of([winding]).tiles

    def points(z):
        shapes = [
            each["geometry"]["coordinates"]
            for each in features_of(tiles.tile(MERCATOR, tile_at(z)))
        ]
        return len(shapes[0])

    assert points(10) == 2
    assert points(18) > 20


def test_a_name_stands_in_one_tile_only():
    rng = np.random.default_rng(3)
    shapes = [
        Point(*at).buffer(radius)
        for at, radius in zip(
            rng.uniform((116.9, 36.5), (117.1, 36.7), (60, 2)),
            rng.uniform(0.001, 0.03, 60),
            strict=True,
        )
    ]
    tiles = layer_of([*shapes, Point(*JINAN), LineString([(116.9, 36.5), (117.1, 36.7)])]).tiles
    for z in (8, 11, 13):
        west_north, east_south = tile_at(z, (116.8, 36.8)), tile_at(z, (117.2, 36.4))
        names = Counter(
            each["properties"]["id"]
            for x in range(west_north.x, east_south.x + 1)
            for y in range(west_north.y, east_south.y + 1)
            for each in features_of(tiles.tile(MERCATOR, TileAddress(z, x, y)), "plots_labels")
        )
        assert names == {f"f{n}": 1 for n in range(62)}


def test_a_name_stands_within_its_polygon():
    ring = Point(*JINAN).buffer(0.01).difference(Point(*JINAN).buffer(0.008))
    address = tile_at(12)
    tile = decode(layer_of([ring]).tiles.tile(MERCATOR, address))
    (feature,), (label,) = (tile[name]["features"] for name in ("plots", "plots_labels"))
    assert label["properties"]["name"] == "第0块"
    shape = shapely.geometry.shape(feature["geometry"])
    assert shape.contains(shapely.geometry.shape(label["geometry"]))


@pytest.fixture(scope="module")
def crowd():
    """Return more squares than a tile may show, 100 in a row, with a large one over them.

    At 117.0703 degrees there is a border between tiles of zoom 9 and more.
    """
    side, count = 0.0004, MOST + 3_000
    at = [(117.04 + side * (n % 100), 36.62 + side * (n // 100)) for n in range(count)]
    shapes = [box(x, y, x + side, y + side) for x, y in at]
    rows = [{"name": f"第{n}块", "zone": "北" if n % 3 else "南"} for n, _ in enumerate(shapes)]
    large = box(117.04, 36.62, 117.06, 36.64)
    return layer_of([*shapes, large], [*rows, {"name": "大", "zone": "中"}])


@pytest.mark.parametrize("z", [0, 5, 8])
def test_a_crowd_too_small_to_be_seen_is_merged_and_counted(crowd, z):
    tile = crowd.tiles.tile(MERCATOR, tile_at(z, (117.06, 36.63)))
    features = features_of(tile)
    assert sum(each["properties"]["features"] for each in features) == MOST + 3_001
    assert len(features) < 200
    assert len(tile) < LARGEST
    assert all(each["properties"].keys() <= crowd.tiles.fields.keys() for each in features)
    squares = [each for each in features if "id" not in each["properties"]]
    assert squares
    for each in squares:
        assert each["properties"].keys() == {"zone", "features"}
        assert shapely.geometry.shape(each["geometry"]).area == CELL**2


def test_a_large_feature_in_a_crowd_stays_itself(crowd):
    (large,) = [
        each
        for each in features_of(crowd.tiles.tile(MERCATOR, tile_at(11, (117.05, 36.63))))
        if each["properties"].get("name") == "大"
    ]
    assert (large["properties"]["id"], large["properties"]["features"]) == (f"f{MOST + 3_000}", 1)


def test_neighbouring_tiles_merge_alike(crowd):
    left = tile_at(11, (117.05, 36.63))
    right = left._replace(x=left.x + 1)
    bounds = MERCATOR.bounds(right)
    assert 117.05 < bounds.west < 117.075

    def squares(tile, dx):
        return {
            (ring[0][0] + dx, ring[0][1]): each["properties"].get("zone")
            for each in features_of(crowd.tiles.tile(MERCATOR, tile))
            for ring in each["geometry"]["coordinates"]
            if "id" not in each["properties"]
        }

    here, there = squares(left, 0), squares(right, EXTENT)
    both = here.keys() & there.keys()
    assert both
    assert all(here[key] == there[key] for key in both)


def test_zoomed_in_a_crowd_is_shown_one_by_one(crowd):
    features = features_of(crowd.tiles.tile(MERCATOR, tile_at(15, (117.06, 36.63))))
    assert len(features) > 100
    assert all("name" in each["properties"] for each in features)


def test_of_many_points_in_a_cell_one_is_shown():
    rng = np.random.default_rng(1)
    shapes = [Point(*at) for at in rng.uniform((116.9, 36.6), (117.1, 36.8), (MOST + 500, 2))]
    features = features_of(layer_of(shapes).tiles.tile(MERCATOR, tile_at(7, (117, 36.7))))
    assert len(features) < 300
    assert all(each["geometry"]["type"] == "Point" for each in features)
    assert sum(each["properties"]["features"] for each in features) == MOST + 500


def test_a_tile_that_would_be_too_large_keeps_what_a_map_needs():
    shapes = [Point(117 + n / 1e5, 36.6) for n in range(400)]
    rows = [{"name": f"第{n}块", "note": f"{n}" * 900, "zone": "南"} for n, _ in enumerate(shapes)]
    tile = layer_of(shapes, rows).tiles.tile(MERCATOR, tile_at(12))
    assert len(tile) < LARGEST
    features = features_of(tile)
    assert len(features) == 400
    assert all(each["properties"].keys() == {"id", "name", "zone"} for each in features)


def test_there_is_no_tile_where_there_is_nothing():
    tiles = layer_of([Point(*JINAN)]).tiles
    assert tiles.tile(MERCATOR, tile_at(12, (100.0, 10.0))) == b""
    assert layer_of([]).tiles.tile(MERCATOR, tile_at(12)) == b""
    assert layer_of([None]).tiles.tile(MERCATOR, tile_at(0)) == b""


def test_a_tile_is_kept_and_the_same_again():
    tiles = layer_of([Point(*JINAN).buffer(0.01)]).tiles
    assert tiles.at_once(MERCATOR, tile_at(9)) is None
    made = tiles.tile(MERCATOR, tile_at(9))
    assert tiles.at_once(MERCATOR, tile_at(9)) is made
    assert layer_of([Point(*JINAN).buffer(0.01)]).tiles.tile(MERCATOR, tile_at(9)) == made


def test_a_tile_with_little_in_it_is_made_at_once_where_its_zoom_has_been_drawn():
    first = layer_of([Point(*JINAN).buffer(0.01)]).tiles
    again = layer_of([Point(*JINAN).buffer(0.01)]).tiles
    again.tile(MERCATOR, tile_at(9, (0.0, 0.0)))
    assert again.at_once(MERCATOR, tile_at(9)) is None, "of which nothing was drawn"
    again.tile(MERCATOR, tile_at(12)._replace(x=0))
    again.tile(MERCATOR, tile_at(12))
    beside = tile_at(12)._replace(x=tile_at(12).x + 1)
    assert again.at_once(MERCATOR, beside) == first.tile(MERCATOR, beside)


@pytest.mark.parametrize(
    "shapes",
    [[Point(*JINAN)] * 21, [Point(*JINAN).buffer(0.001, quad_segs=4_000)]],
    ids=["many names", "much geometry"],
)
def test_a_tile_that_takes_long_is_not_made_at_once(shapes):
    tiles = layer_of([Point(0.0, 0.0), *shapes]).tiles
    tiles.tile(MERCATOR, tile_at(14, (0.0, 0.0)))
    assert tiles.at_once(MERCATOR, tile_at(14)) is None


@pytest.mark.parametrize("matrix_set", matrix_sets().values(), ids=lambda each: each.id)
@settings(deadline=None)
@given(st.integers(0, 17), st.data())
def test_tiles_are_where_the_registry_has_them(matrix_set, z, data):
    x = data.draw(st.integers(0, (matrix_set.wide << z) - 1))
    y = data.draw(st.integers(0, (1 << z) - 1))
    expected = morecantile.tms.get(matrix_set.id).bounds(x, y, z)
    assert matrix_set.bounds(TileAddress(z, x, y)) == pytest.approx(tuple(expected), abs=1e-9)
    corner = np.array([[expected.left, expected.top]])
    assert matrix_set.project(corner)[0] * 2**z == pytest.approx([x, y], abs=1e-6)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("x", "0", "0"), "tileMatrix"),
        (("-1", "0", "0"), "tileMatrix"),
        (("0", "1.0", "0"), "tileRow"),
        (("0", "0", "\uff11"), "tileCol"),
        (("0", "0", ""), "tileCol"),
    ],
)
def test_what_is_no_number_is_named(words, refusal):
    with pytest.raises(InvalidParameter) as caught:
        MERCATOR.tile(*words)
    assert caught.value.parameter == refusal


@pytest.mark.parametrize(
    "words", [("25", "0", "0"), ("9" * 5000, "0", "0"), ("2", "4", "0"), ("2", "0", "9" * 41)]
)
def test_a_tile_out_of_range_is_not_there(words):
    with pytest.raises(NotFound):
        MERCATOR.tile(*words)


def test_the_world_in_degrees_is_two_tiles_wide():
    assert CRS84.tile("0", "0", "1") == (0, 1, 0)
    with pytest.raises(NotFound):
        CRS84.tile("0", "1", "0")
