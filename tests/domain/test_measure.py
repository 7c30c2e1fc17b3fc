"""Areas, lengths and projections have the golden values of the district."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from layers.measure import area_m2, distance_m, from_4548, length_m, to_4548

longitudes = st.floats(116.8, 117.2)
latitudes = st.floats(36.4, 36.7)


def test_epsg_4548_gives_east_then_north():
    projected = to_4548(Point(116.975, 36.55))
    assert (projected.x, projected.y) == pytest.approx((497761.663, 4046573.221), abs=0.001)


@given(longitudes, latitudes)
def test_there_and_back_is_less_than_a_millimetre(longitude, latitude):
    back = from_4548(to_4548(Point(longitude, latitude)))
    assert distance_m(longitude, latitude, back.x, back.y) < 0.001


@given(longitudes, latitudes, st.floats(0.001, 0.01))
def test_geodesic_area_agrees_with_epsg_4548_within_8_m2_per_km2(longitude, latitude, size):
    square = box(longitude, latitude, longitude + size, latitude + size)
    assert area_m2(square) == pytest.approx(to_4548(square).area, rel=1e-5)


def test_holes_are_subtracted_and_ring_order_does_not_matter():
    hole = box(116.92, 36.52, 116.94, 36.54)
    outer = box(116.9, 36.5, 117.0, 36.6)
    ring = Polygon(outer.exterior.coords, [hole.exterior.coords])
    assert area_m2(ring) == pytest.approx(area_m2(outer) - area_m2(hole))
    assert area_m2(MultiPolygon([ring.reverse()])) == pytest.approx(area_m2(ring))


def test_points_and_lines_have_no_area():
    assert area_m2(Point(117, 36.5)) == 0
    assert area_m2(LineString([(117, 36.5), (117, 36.6)])) == 0


def test_length_is_the_distance_of_the_ends_of_a_straight_line():
    line = LineString([(116.9, 36.5), (117.0, 36.6)])
    assert length_m(line) == pytest.approx(distance_m(116.9, 36.5, 117.0, 36.6))
