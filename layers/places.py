"""What there is at a place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .measure import distances_m
from .model import BBox
from .served import Query

if TYPE_CHECKING:
    from .model import Feature
    from .served import ServedLayer

_LATITUDE_M = 110_000.0
_LONGITUDE_M = 111_000.0
"""Less than the metres of a degree anywhere, of longitude at the equator."""

_MARGIN = 1e-9
"""Degrees, a tenth of a millimetre: a box without a size meets nothing."""


class Near(NamedTuple):
    """A feature and how far it is from a place, in geodesic metres; 0 where it covers it."""

    feature: Feature
    distance_m: float


def features_near(
    snapshot: ServedLayer, longitude: float, latitude: float, within_m: float = 0.0
) -> list[Near]:
    """Return what of a layer is at a place, the nearest first.

    Parameters
    ----------
    longitude, latitude : float
        CRS84 degrees.
    within_m : float
        Metres around it that count too; with 0 only what covers the place does: an area that it
        lies in or on the edge of, a line or point exactly there.
    """
    around = box_around(longitude, latitude, within_m)
    features = list(snapshot.stream(Query(bbox=around)))
    shapes = np.array([each.geometry for each in features], dtype=object)
    found = [
        Near(feature, float(distance))
        for feature, distance in zip(
            features, distances_m(longitude, latitude, shapes), strict=True
        )
        if distance <= within_m
    ]
    return sorted(found, key=lambda each: each.distance_m)


def box_around(longitude: float, latitude: float, within_m: float) -> BBox:
    """Return a box that holds everything within some metres of a place, in CRS84 degrees.

    West is beyond east where it crosses the antimeridian.
    """
    north = min(90.0, latitude + within_m / _LATITUDE_M + _MARGIN)
    south = max(-90.0, latitude - within_m / _LATITUDE_M - _MARGIN)
    narrowest = math.cos(math.radians(max(abs(north), abs(south))))
    wide = 180.0 if narrowest < _MARGIN else within_m / (_LONGITUDE_M * narrowest) + _MARGIN
    if wide >= 180:
        return BBox(-180.0, south, 180.0, north)
    west, east = longitude - wide, longitude + wide
    return BBox(west + 360 * (west < -180), south, east - 360 * (east > 180), north)
