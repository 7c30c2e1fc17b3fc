"""Rules for the geometry of a feature by itself, and against the district."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping

from layers.measure import all_to_4548, to_4548

from .rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from layers.errors import Finding
    from layers.model import Feature, Layer

    from .rules import Context

SLIVER_WIDTH_M = 0.5
"""Mean width (twice the area by the perimeter) below which an area is a sliver."""

SPIKE_DEGREES = 1.0
SPIKE_ARM_M = 1.0
BEYOND_M = 1.0
"""How far a shape without an uncertainty may reach out of the district unseen."""

_SMALLEST_DEGREES2 = 1e-12
"""About 0.01 m². In degrees, since a line along a parallel is a curve in metres."""

_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_PLACE = re.compile(r"\[(\S+) (\S+)\]")


def check_types(layer: Layer, features: Sequence[Feature], _context: Context) -> Iterator[Finding]:
    """Yield geometries that are missing, empty or of a type that the layer does not hold."""
    for feature in features:
        geometry = feature.geometry
        if geometry is None:
            if layer.geometry_required:
                yield found("geometry-missing", layer, feature, "geometry", "must not be null.")
        elif geometry.is_empty:
            yield found("geometry-empty", layer, feature, "geometry", "is empty.")
        elif geometry.geom_type not in layer.geometry_types:
            allowed = ", ".join(layer.geometry_types)
            message = f"is a {geometry.geom_type}; this layer holds {allowed}."
            yield found(
                "geometry-type", layer, feature, "geometry", message, place=place_of(geometry)
            )


def check_shapes(layer: Layer, features: Sequence[Feature], _context: Context) -> Iterator[Finding]:
    """Yield shapes that are invalid or without area, and those with spikes or of no width."""
    drawn = [f for f in features if f.geometry is not None and not f.geometry.is_empty]
    shapes = np.array([feature.geometry for feature in drawn], dtype=object)
    if not len(shapes):
        return
    metric = all_to_4548(shapes)
    areal = np.isin(shapely.get_type_id(shapes), _AREAS)
    nothing = areal & (shapely.area(shapely.convex_hull(shapes)) < _SMALLEST_DEGREES2)
    valid = shapely.is_valid(shapes)
    for i in np.flatnonzero(nothing):
        message = "has no area: its vertices lie on one line, or on one spot."
        yield found("zero-area", layer, drawn[i], "geometry", message, place=place_of(shapes[i]))
    for i in np.flatnonzero(~valid & ~nothing):
        yield _invalid(layer, drawn[i], shapes[i])
    sound = np.flatnonzero(areal & valid & ~nothing)
    yield from _thin(layer, drawn, metric, sound)
    yield from _spikes(layer, drawn, shapes, metric, sound)


def check_district(
    layer: Layer, features: Sequence[Feature], context: Context
) -> Iterator[Finding]:
    """Yield shapes that lie outside the district, or reach beyond its boundary."""
    frames = [f.geometry for f in context.layers.get("district", ()) if f.geometry is not None]
    drawn = [f for f in features if f.geometry is not None and f.geometry.is_valid]
    if not frames or not drawn or layer.id == "district":
        return
    frame = shapely.union_all(frames)
    shapes = np.array([feature.geometry for feature in drawn], dtype=object)
    shapely.prepare(frame)
    outside = ~shapely.covers(frame, shapes)
    frame_m = to_4548(frame)
    for i in np.flatnonzero(outside):
        feature, shape = drawn[i], to_4548(shapes[i])
        allowed = float(feature.properties.get("uncertainty_m") or BEYOND_M)
        away = float(shape.distance(frame_m))
        if away > allowed:
            message = f"lies {_metres(away)} outside the district."
            yield found(
                "outside-district", layer, feature, "geometry", message, place=place_of(shapes[i])
            )
        elif (reach := _reach(shape, frame_m)) > allowed:
            message = f"reaches {_metres(reach)} beyond the district's boundary."
            yield found(
                "across-district", layer, feature, "geometry", message, place=place_of(shapes[i])
            )


def place_of(geometry: BaseGeometry) -> tuple[float, float] | None:
    """Return a position on a geometry, in its own coordinates; None if it is empty."""
    coordinates = shapely.get_coordinates(geometry)
    if not len(coordinates):
        return None
    if geometry.geom_type in {"Polygon", "MultiPolygon"} and geometry.is_valid:
        point = geometry.representative_point()
        return point.x, point.y
    return float(coordinates[0][0]), float(coordinates[0][1])


def _metres(distance: float) -> str:
    return f"{distance:,.1f} m" if distance < 10 else f"{distance:,.0f} m"


def _reach(shape: BaseGeometry, frame: BaseGeometry) -> float:
    corners = shapely.points(shapely.get_coordinates(shape))
    return float(shapely.distance(corners, frame).max())


def _invalid(layer: Layer, feature: Feature, shape: BaseGeometry) -> Finding:
    reason = str(shapely.is_valid_reason(shape))
    match = _PLACE.search(reason)
    place = (float(match[1]), float(match[2])) if match else place_of(shape)
    crossing = "self-intersection" in reason.lower()
    repaired = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    return found(
        "self-intersection" if crossing else "geometry-invalid",
        layer,
        feature,
        "geometry",
        f"is not valid: {reason}. {_change(shape, repaired)}",
        place=place,
        repair=_document(repaired),
    )


def _change(shape: BaseGeometry, repaired: BaseGeometry) -> str:
    before, after = (float(to_4548(each).area) for each in (shape, repaired))
    return f"The proposed repair has {after:,.1f} m² (now {before:,.1f} m²)."


def _document(geometry: BaseGeometry) -> dict[str, Any]:
    return dict(mapping(shapely.orient_polygons(geometry)))


def _thin(
    layer: Layer,
    drawn: Sequence[Feature],
    metric: NDArray[np.object_],
    which: NDArray[np.intp],
) -> Iterator[Finding]:
    widths = 2 * shapely.area(metric[which]) / shapely.length(metric[which])
    for i, width in zip(which, widths, strict=True):
        if width < SLIVER_WIDTH_M:
            feature = drawn[i]
            message = f"is {width * 100:.0f} cm wide in the mean."
            place = place_of(feature.geometry) if feature.geometry is not None else None
            yield found("sliver", layer, feature, "geometry", message, place=place)


def _spikes(
    layer: Layer,
    drawn: Sequence[Feature],
    shapes: NDArray[np.object_],
    metric: NDArray[np.object_],
    which: NDArray[np.intp],
) -> Iterator[Finding]:
    """Find vertices where a ring turns back on itself."""
    rings, owners = shapely.get_rings(_parts(metric[which]), return_index=True)
    if not len(rings):
        return
    owner_of_part = np.repeat(which, shapely.get_num_geometries(metric[which]))
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    original = shapely.get_coordinates(shapely.get_rings(_parts(shapes[which])))
    last = np.append(np.flatnonzero(np.diff(ring_of)), len(xy) - 1)
    first = np.append(0, last[:-1] + 1)
    before = np.arange(len(xy)) - 1
    after = np.arange(len(xy)) + 1
    before[first] = last - 1
    after[last] = first + 1
    back, ahead = xy[before] - xy, xy[after] - xy
    arms = np.hypot(*back.T), np.hypot(*ahead.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (back * ahead).sum(axis=1) / (arms[0] * arms[1])
    sharp = (cosine > np.cos(np.radians(SPIKE_DEGREES))) & (np.minimum(*arms) > SPIKE_ARM_M)
    sharp[last] = False
    for vertex in np.flatnonzero(sharp):
        feature = drawn[owner_of_part[owners[ring_of[vertex]]]]
        message = (
            f"turns back on itself; the spike is {_metres(min(a[vertex] for a in arms))} long."
        )
        place = (float(original[vertex][0]), float(original[vertex][1]))
        yield found("spike", layer, feature, "geometry", message, place=place)


def _parts(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.asarray(shapely.get_parts(shapes), dtype=object)
