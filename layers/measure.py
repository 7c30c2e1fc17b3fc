"""Areas, lengths and distances in metres; never from degrees.

EPSG:4490 (CGCS2000) and WGS 84 are the same for every purpose here (decimetres), so published
CRS84 coordinates are projected as EPSG:4490.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely
from pyproj import Geod, Transformer

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
