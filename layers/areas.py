"""What an area of interest touches: of every layer, how much, and how sure that is."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon
from shapely.validation import explain_validity

from .errors import InvalidParameter
from .imports import Limits, Refused, read_raw_file
from .imports.crs import to_wgs84
from .measure import all_to_4548, area_m2, length_m, to_4548
from .served import Query
from .snapshot import is_listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shapely.geometry.base import BaseGeometry

    from .model import Feature, Layer
    from .served import ServedLayer
    from .snapshot import Atlas

MOST_VERTICES = 5_000
LARGEST_M2 = 5e9
"""Square metres of an area: a dozen times the district."""

_WIDEST = 90.0
"""Degrees of longitude."""

LARGEST_UPLOAD = 2_000_000
"""Bytes of a file with an area."""

MOST_TOUCHED = 200
"""Features of a layer that are reported one by one."""

_LIMITS = Limits(bytes=LARGEST_UPLOAD, unpacked=20_000_000, ratio=200, entries=50)
_MOST_RECORDS = 500
_AREAS = re.compile(r"\s*(MULTI)?(POLYGON|LINESTRING|POINT)\b(?!.*COLLECTION)", re.I | re.S)


class Touched(NamedTuple):
    """A feature that an area meets, or may meet.

    Attributes
    ----------
    area_m2, length_m : float
        Geodesic, of the part inside; 0 for what has none.
    share : float or None
        The part of the feature that is inside, 0 to 1; None of a point.
    distance_m : float
        From the area, 0 for what meets it; else less than the feature's uncertainty.
    """

    feature: Feature
    area_m2: float
    length_m: float
    share: float | None
    distance_m: float = 0.0


@dataclass(frozen=True, slots=True)
class LayerReport:
    """What an area touches of a layer.

    Attributes
    ----------
    touched : tuple of Touched
        The first `MOST_TOUCHED`, the largest first.
    perhaps : tuple of Touched
        What is drawn beside the area, and may lie in it, since it is known that badly.
    matched : int
        How many it meets.
    """

    layer: Layer
    touched: tuple[Touched, ...]
    perhaps: tuple[Touched, ...]
    matched: int


@dataclass(frozen=True, slots=True)
class AreaReport:
    """What an area touches.

    Attributes
    ----------
    unmapped : int
        Features without a place, which may lie in the area or not.
    """

    area: BaseGeometry
    area_m2: float
    layers: tuple[LayerReport, ...]
    unmapped: int


def parse_area(text: str) -> Polygon | MultiPolygon:
    """Return an area written as WKT or as GeoJSON (a geometry, Feature or FeatureCollection).

    Coordinates are CRS84 degrees, longitude first.

    Raises
    ------
    InvalidParameter
        If it is none, not valid, too large or too complex; the sentence says which.
    """
    try:
        found = _from_json(text) if text.lstrip().startswith("{") else [_from_wkt(text)]
    except (ShapelyError, orjson.JSONDecodeError, ValueError, TypeError, KeyError) as error:
        raise _fault("can be read neither as WKT nor as GeoJSON") from error
    return check_area(found)


def _from_wkt(text: str) -> BaseGeometry:
    # Collections may be nested without end, which the reader follows by recursion.
    if not _AREAS.match(text):
        raise ValueError("no area")
    return shapely.from_wkt(text)


def _from_json(text: str) -> list[BaseGeometry | None]:
    document: Any = orjson.loads(text)
    if document.get("type") == "FeatureCollection":
        geometries = [each["geometry"] for each in document["features"][: _MOST_RECORDS + 1]]
    else:
        geometries = [document["geometry"] if document.get("type") == "Feature" else document]
    return [shapely.from_geojson(orjson.dumps(each)) for each in geometries if each is not None]


def read_area(content: bytes, name: str) -> Polygon | MultiPolygon:
    """Return the area that a file holds: GeoJSON, a Shapefile as ZIP, or another kind we import.

    Nothing of it is kept.

    Raises
    ------
    InvalidParameter
        If it cannot be read, or is no area; see `parse_area`.
    """
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return parse_area(content.decode("utf-8-sig", "replace"))
    try:
        with tempfile.TemporaryDirectory(prefix="atlas-area-") as folder:
            path = Path(folder) / "upload"
            path.write_bytes(content)
            placed = to_wgs84(read_raw_file(path, None, _LIMITS, name))
    except Refused as error:
        raise InvalidParameter("file", error.sentence) from error
    return check_area([each.geometry for each in placed.records])


def check_area(geometries: Iterable[BaseGeometry | None]) -> Polygon | MultiPolygon:
    """Return areas as one; see `parse_area` for what is refused."""
    known = [each for each in geometries if each is not None and not each.is_empty]
    if not known:
        raise _fault("is empty")
    if len(known) > _MOST_RECORDS:
        raise _fault(f"has more than {_MOST_RECORDS} parts; give the outline only")
    if any(each.geom_type not in {"Polygon", "MultiPolygon"} for each in known):
        raise _fault("must be a polygon or several; lines and points have no inside")
    if sum(map(shapely.get_num_coordinates, known)) > MOST_VERTICES:
        raise _fault(f"has more than {MOST_VERTICES:,} vertices; simplify it")
    bounds = np.array([each.bounds for each in known])
    if not np.isfinite(bounds).all() or (np.abs(bounds) > (180, 90, 180, 90)).any():
        raise _fault("is outside longitude ±180, latitude ±90; longitude comes first")
    for each in known:
        if not each.is_valid:
            raise _fault(f"is not valid: {explain_validity(each)}")
    joined = shapely.force_2d(shapely.union_all(known))
    # A ring round the world has its edges on both sides of one meridian, and no geodesic area.
    if np.ptp(bounds[:, ::2]) >= _WIDEST or area_m2(joined) > LARGEST_M2:
        raise _fault(f"is larger than {LARGEST_M2 / 1e6:,.0f} km²; draw a smaller one")
    assert isinstance(joined, Polygon | MultiPolygon)  # noqa: S101  a union of areas is one
    return joined


def _fault(reason: str) -> InvalidParameter:
    return InvalidParameter("area", f"The area {reason}.")


def report_area(atlas: Atlas, area: Polygon | MultiPolygon) -> AreaReport:
    """Return what an area in CRS84 degrees touches, layer by layer."""
    reports = tuple(_report(snapshot, area) for snapshot in atlas.layers.values())
    unmapped = sum(
        each.geometry is None for snapshot in atlas.listed.values() for each in snapshot.features
    )
    return AreaReport(area, area_m2(area), reports, unmapped)


def _report(snapshot: ServedLayer, area: Polygon | MultiPolygon) -> LayerReport:
    page = snapshot.read(Query(area=area), MOST_TOUCHED)
    touched = sorted(
        (_touched(each, area) for each in page.features()),
        key=lambda each: (-each.area_m2, -each.length_m),
    )
    known = {each.feature.id for each in touched}
    perhaps = tuple(_perhaps(snapshot, area, known)) if is_listed(snapshot) else ()
    return LayerReport(snapshot.layer, tuple(touched), perhaps, page.matched)


def _touched(feature: Feature, area: BaseGeometry) -> Touched:
    geometry = feature.geometry
    assert geometry is not None  # noqa: S101  it meets the area
    inside = shapely.intersection(geometry, area)
    dimension = shapely.get_dimensions(geometry)
    if dimension == 2:
        part, whole = area_m2(inside), area_m2(geometry)
        return Touched(feature, part, 0.0, part / whole if whole else None)
    if dimension == 1:
        part, whole = length_m(inside), length_m(geometry)
        return Touched(feature, 0.0, part, part / whole if whole else None)
    return Touched(feature, 0.0, 0.0, None)


def _perhaps(snapshot: ServedLayer, area: BaseGeometry, known: set[str]) -> Iterator[Touched]:
    """Yield what is drawn beside an area by less than it may be wrong."""
    doubtful = [
        each
        for each in snapshot.stream(Query())
        if each.geometry is not None
        and each.properties.get("uncertainty_m")
        and each.id not in known
    ]
    shapes = all_to_4548(np.array([each.geometry for each in doubtful], dtype=object))
    distances = shapely.distance(shapes, to_4548(area))
    for feature, distance in zip(doubtful, distances, strict=True):
        if distance <= float(feature.properties["uncertainty_m"]):
            yield Touched(feature, 0.0, 0.0, None, float(distance))
