"""Areas, lengths and distances in metres; never from degrees.

EPSG:4490 (CGCS2000) and WGS 84 are the same for every purpose here (decimetres), so published
CRS84 coordinates are projected as EPSG:4490.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely
from pyproj import Geod, Proj, Transformer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Geometry = TypeVar("Geometry", bound=BaseGeometry)

_GEOD = Geod(ellps="GRS80")


def area_m2(geometry: BaseGeometry) -> float:
    """Return the ellipsoidal area of a geometry.

    Parameters
    ----------
    geometry : BaseGeometry
        Coordinates in degrees (CRS84 or EPSG:4490), longitude first.

    Returns
    -------
    float
        Square metres on GRS 80; holes subtracted, 0 for points and lines, never negative.

    References
    ----------
    .. [1] C. F. F. Karney (2013), Algorithms for geodesics, J. Geodesy 87, section 6.
    """
    area, _ = _GEOD.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return abs(float(area))


def areas_m2(geometries: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the area of each of many geometries as `area_m2` does, within 1e-7 of it.

    Sides up to some kilometres are arcs of great circles on the sphere of the same area, which is
    some hundred times as fast; a shape with a longer one goes to `area_m2`. None has 0.

    References
    ----------
    .. [1] J. P. Snyder (1987), Map Projections: A Working Manual, USGS Professional Paper 1395,
       equations 3-11 to 3-13 (authalic latitude).
    """
    oriented = shapely.orient_polygons(geometries)
    parts, owners = shapely.get_parts(oriented, return_index=True)
    rings, ring_parts = shapely.get_rings(parts, return_index=True)
    positions, ring_of = shapely.get_coordinates(rings, return_index=True)
    owner = owners[ring_parts][ring_of]
    same_ring = ring_of[1:] == ring_of[:-1]
    steps = np.where(same_ring[:, None], np.diff(positions, axis=0), 0.0)
    half = _tangent_of_half(positions[:, 1])
    excess = 2 * np.arctan2(
        np.tan(np.radians(steps[:, 0]) / 2) * (half[1:] + half[:-1]), 1 + half[1:] * half[:-1]
    )
    # Counter-clockwise rings run westwards along their northern side.
    areas = -np.bincount(owner[1:], excess, len(geometries)) * _AUTHALIC_RADIUS_M**2
    longest = np.zeros(len(geometries))
    np.maximum.at(longest, owner[1:], np.abs(steps).max(axis=1, initial=0.0))
    for place in np.flatnonzero(longest > _SHORT_SIDE):
        areas[place] = area_m2(geometries[place])
    absolute: NDArray[np.float64] = np.abs(areas)
    return absolute


_SHORT_SIDE = 0.02
"""Degrees, about 2 km, up to which the side of a shape counts as short."""

_E2 = _GEOD.es
_E = _E2**0.5
_Q_POLE = 1 - (1 - _E2) / (2 * _E) * np.log((1 - _E) / (1 + _E))
_AUTHALIC_RADIUS_M = _GEOD.a * (_Q_POLE / 2) ** 0.5


def _tangent_of_half(latitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the tangent of half the authalic latitude of latitudes in degrees."""
    sine = np.sin(np.radians(latitudes))
    q = (1 - _E2) * (
        sine / (1 - _E2 * sine**2) - np.log((1 - _E * sine) / (1 + _E * sine)) / (2 * _E)
    )
    authalic = np.clip(q / _Q_POLE, -1.0, 1.0)
    halves: NDArray[np.float64] = authalic / (1 + np.sqrt(1 - authalic**2))
    return halves


def distances_m(
    longitude: float, latitude: float, geometries: NDArray[np.object_]
) -> NDArray[np.float64]:
    """Return how far each of some geometries is from a position, both in degrees.

    Returns
    -------
    array
        Geodesic metres on GRS 80; 0 for what covers the position. Distances from the centre of an
        azimuthal equidistant projection are geodesics; long sides are cut into pieces, since they
        are straight in degrees (RFC 7946, section 3.1.1) and bent there.
    """
    here = shapely.Point(longitude, latitude)
    project = Proj(proj="aeqd", lon_0=longitude, lat_0=latitude, ellps="GRS80")

    def flat(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(project(positions[:, 0], positions[:, 1]))

    cut = shapely.segmentize(geometries, _PIECE)
    distances = shapely.distance(shapely.transform(cut, flat), shapely.Point(0, 0))
    return np.where(shapely.intersects(geometries, here), 0.0, distances)


_PIECE = 0.002
"""Degrees, about 200 m: a side of this length is bent by less than a millimetre."""


def length_m(geometry: BaseGeometry) -> float:
    """Return the ellipsoidal length of lines in degrees, in metres on GRS 80."""
    return float(_GEOD.geometry_length(geometry))


def distance_m(
    longitude: float, latitude: float, other_longitude: float, other_latitude: float
) -> float:
    """Return the geodesic distance of two positions in degrees, in metres on GRS 80."""
    _, _, distance = _GEOD.inv(longitude, latitude, other_longitude, other_latitude)
    return float(distance)


def to_4548(geometry: Geometry) -> Geometry:
    """Project a geometry from degrees to EPSG:4548.

    Parameters
    ----------
    geometry : BaseGeometry
        CRS84 or EPSG:4490 degrees, longitude first.

    Returns
    -------
    BaseGeometry
        Metres, east then north (the registry's order is north, east), CGCS2000 / 3-degree
        Gauss-Kruger CM 117E without zone prefix.
    """
    return _transformed(geometry, _transformer(4490, 4548))


def all_to_4548(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Project geometries in one go; see `to_4548`. None stays None."""
    return _transformed(geometries, _transformer(4490, 4548))  # type: ignore[type-var]


def from_4548(geometry: Geometry) -> Geometry:
    """Return a geometry in EPSG:4548 metres (east, north) as degrees, longitude first."""
    return _transformed(geometry, _transformer(4548, 4490))


@lru_cache(maxsize=2)
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)


def _transformed(geometry: Geometry, transformer: Transformer) -> Geometry:
    def project(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(positions[:, 0], positions[:, 1]))

    return shapely.transform(geometry, project)
