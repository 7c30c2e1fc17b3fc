"""Edges that areas share, whatever the areas look like."""

from __future__ import annotations

from itertools import product

import pytest
import shapely

from layers.model import Feature
from layers.sharing import follow, with_vertices

ODD = [
    shapely.from_wkt(text)
    for text in (
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
        "POLYGON ((0 0, 0 0, 0 0, 0 0))",
        "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",
        "POINT (0 0)",
        "LINESTRING (0 0, 1 1)",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
        "POLYGON ((1 1, 0 0, 1 0, 1 1))",
    )
]
LEFT, RIGHT = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)


def followed(before, after, *others):
    features = [Feature(str(number), each, {}) for number, each in enumerate(others)]
    return [each.geometry for each in follow(before, after, features)]


@pytest.mark.parametrize(("before", "after"), list(product([*ODD, None], repeat=2)))
def test_no_shape_breaks_it(before, after):
    for each in followed(before, after, *ODD):
        assert each.geom_type in {"Polygon", "MultiPolygon"}


@pytest.mark.parametrize("area", [each for each in ODD if "Polygon" in each.geom_type])
def test_an_area_with_more_vertices_is_the_same_area(area):
    noded = with_vertices(area, [(0.5, 0.0), (0.25, 0.25), (9.0, 9.0)])
    assert noded.area == pytest.approx(area.area)
    assert shapely.get_num_coordinates(noded) >= shapely.get_num_coordinates(area)


def test_an_island_follows_the_hole_that_it_fills():
    whole = shapely.box(0, 0, 4, 4)
    hole, moved = shapely.box(1, 1, 2, 2), shapely.Polygon([(1, 1), (2, 1), (3, 3), (1, 2)])
    before, after = whole.difference(hole), whole.difference(moved)
    (island,) = followed(before, after, hole)
    assert island.equals(moved)


def test_a_vertex_that_is_taken_from_a_common_edge_is_taken_from_both():
    left = shapely.Polygon([(0, 0), (1, 0), (1.2, 0.5), (1, 1), (0, 1)])
    right = shapely.Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (1.2, 0.5)])
    (after,) = followed(left, LEFT, right)
    assert after.equals(RIGHT)


def test_what_only_touches_stays():
    moved = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0.1, 1.1)])
    assert followed(LEFT, moved, RIGHT) == []
