"""Areas, distances and sums agree with the geodesics that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box
from shapely.geometry import LineString

from layers.measure import area_m2, areas_m2, distance_m, distances_m, length_m
from layers.model import Feature
from layers.places import box_around
from layers.statistics import take_statistics

longitudes = st.floats(-179.9, 179.9)
latitudes = st.floats(-85, 85)


def shapes(*geometries):
    found = np.empty(len(geometries), dtype=object)
    found[:] = geometries
    return found


@given(longitudes, latitudes, st.floats(1e-4, 0.05), st.integers(3, 12))
def test_the_area_of_many_is_the_geodesic_area_of_each(longitude, latitude, size, corners):
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    outer = np.column_stack([np.cos(angles), np.sin(angles)]) * size + (longitude, latitude)
    inner = np.column_stack([np.cos(angles), np.sin(angles)]) * size / 3 + (longitude, latitude)
    holed = Polygon(outer, [inner])
    two = MultiPolygon([Polygon(inner), box(longitude, latitude + size, longitude + size, 89)])
    batch = shapes(holed, None, two, Point(longitude, latitude), Polygon(outer[::-1]))
    expected = [area_m2(holed), 0, area_m2(two), 0, area_m2(Polygon(outer))]
    assert areas_m2(batch) == pytest.approx(expected, rel=1e-7, abs=1e-3)


@given(longitudes, latitudes, st.floats(0, 360), st.floats(1, 1000))
def test_a_distance_is_that_of_the_geodesic(longitude, latitude, azimuth, metres):
    lon, lat = np.radians(azimuth), metres / 111_000
    east = longitude + lat * np.sin(lon) / np.cos(np.radians(latitude))
    north = latitude + lat * np.cos(lon)
    (found,) = distances_m(longitude, latitude, shapes(Point(east, north)))
    assert found == pytest.approx(distance_m(longitude, latitude, east, north), abs=1e-3)
    around = box_around(longitude, latitude, found)
    west_to_east = around.west <= around.east
    within = around.west <= east <= around.east if west_to_east else True
    assert within
    assert around.south <= north <= around.north


def test_the_nearest_point_of_a_side_counts_not_its_ends():
    line = LineString([(116.0, 36.6), (118.0, 36.6)])
    area = box(116.9, 36.7, 117.1, 36.8)
    found = distances_m(117.0, 36.601, shapes(line, area, box(116, 36, 118, 37)))
    assert found[0] == pytest.approx(distance_m(117, 36.601, 117, 36.6), abs=1e-3)
    assert found[1] == pytest.approx(distance_m(117, 36.601, 117, 36.7), abs=1e-3)
    assert found[2] == 0


ZONES = [
    Feature("west", box(117.0, 36.6, 117.1, 36.7), {"name": "西"}),
    Feature("east", box(117.1, 36.6, 117.2, 36.7), {"name": "东"}),
]


def test_what_crosses_an_edge_counts_with_the_part_inside():
    across = box(117.05, 36.65, 117.25, 36.66)
    found = take_statistics([shapes(across, None)], ZONES)
    assert (found.count, found.unmapped, found.mapped.count) == (2, 1, 1)
    (_, west), (_, east) = found.zones
    assert (west.count, east.count, found.outside.count) == (1, 1, 1)
    for sums, part in (
        (west, box(117.05, 36.65, 117.1, 36.66)),
        (east, box(117.1, 36.65, 117.2, 36.66)),
        (found.outside, box(117.2, 36.65, 117.25, 36.66)),
    ):
        assert sums.area_m2 == pytest.approx(area_m2(part), rel=1e-9)
    assert found.mapped.area_m2 == pytest.approx(area_m2(across), rel=1e-9)


def test_what_only_touches_a_zone_is_not_in_it():
    beside = box(117.2, 36.6, 117.3, 36.7)
    found = take_statistics([shapes(beside)], ZONES)
    assert [sums.count for _, sums in found.zones] == [0, 0]
    assert found.outside.count == 1


def test_lines_have_lengths_and_points_are_counted():
    line = LineString([(117.05, 36.65), (117.15, 36.65)])
    edge = Point(117.1, 36.65)
    found = take_statistics([shapes(line, edge, Point(116, 36))], ZONES)
    (_, west), (_, east) = found.zones
    assert (west.count, east.count, found.outside.count) == (2, 2, 1)
    half = LineString([(117.05, 36.65), (117.1, 36.65)])
    assert west.length_m == pytest.approx(length_m(half))
    assert found.mapped.length_m == pytest.approx(length_m(line))
    assert found.mapped.area_m2 == 0


def test_batches_add_up_and_nothing_is_nothing():
    dice = np.random.default_rng(1)
    squares = [
        box(x, y, x + 0.004, y + 0.004)
        for x, y in zip(
            dice.uniform(116.9, 117.3, 300), dice.uniform(36.55, 36.75, 300), strict=True
        )
    ]
    once = take_statistics([shapes(*squares)], ZONES)
    thrice = take_statistics([shapes(*squares[i : i + 100]) for i in (0, 100, 200)], ZONES)
    assert thrice.mapped.area_m2 == pytest.approx(once.mapped.area_m2)
    inside = sum(sums.area_m2 for _, sums in once.zones) + once.outside.area_m2
    assert inside == pytest.approx(once.mapped.area_m2, rel=1e-9)
    assert [sums.count for _, sums in thrice.zones] == [sums.count for _, sums in once.zones]
    nothing = take_statistics([], [])
    assert (nothing.count, nothing.outside.count) == (0, 0)
    alone = take_statistics([shapes(*squares)], [])
    assert alone.outside.count == 300
    assert shapely.area(squares[0]) > 0
