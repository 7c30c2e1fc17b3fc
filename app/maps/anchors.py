"""Where the name of a feature is written on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shapely.geometry import MultiPolygon, Polygon
from shapely.ops import polylabel

from layers.snapshot import is_listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shapely.geometry import Point
    from shapely.geometry.base import BaseGeometry

    from layers.served import ServedLayer

_TOLERANCE_DEGREES = 0.0005
"""How near to the best place is near enough: some 50 m."""


def label_anchors(snapshots: Iterable[ServedLayer]) -> Mapping[str, tuple[float, float]]:
    """Return latitude and longitude of each name, by ``layer/feature``.

    Features without a geometry have none, nor have layers whose names are not written.
    """
    return {
        f"{snapshot.layer.id}/{feature.id}": _latitude_longitude(label_point(feature.geometry))
        for snapshot in snapshots
        if is_listed(snapshot) and snapshot.layer.style.get("label")
        for feature in snapshot.features
        if feature.geometry is not None and not feature.geometry.is_empty
    }


def label_point(geometry: BaseGeometry) -> Point:
    """Return a point of a geometry with as much of it around as possible.

    Parameters
    ----------
    geometry : BaseGeometry, not empty, coordinates in degrees

    Returns
    -------
    Point
        Inside an area, half way along a line, or the (first) point itself.
    """
    if isinstance(geometry, MultiPolygon):
        return label_point(max(geometry.geoms, key=lambda part: part.area))
    if isinstance(geometry, Polygon):
        return polylabel(geometry, tolerance=_TOLERANCE_DEGREES)
    if geometry.geom_type == "LineString":
        return geometry.interpolate(0.5, normalized=True)
    return label_point(geometry.geoms[0]) if hasattr(geometry, "geoms") else geometry.centroid


def _latitude_longitude(point: Point) -> tuple[float, float]:
    return round(point.y, 5), round(point.x, 5)
