"""Features as clients send them, read strictly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import mapping, shape

from .crs import published_crs
from .errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    from .crs import PublishedCrs
    from .model import Layer

ID_PATTERN = r"^(?!\.{1,2}$)[^/\u0000-\u001f\u007f-\u009f]+$"
"""What an id can be that stands in an address."""

_LONGEST_ID = 200
_LONE = re.compile("[\ud800-\udfff]")
_GEOMETRIES = frozenset(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
)


def read_id(given: object) -> str:
    """Return an id that can stand in an address.

    Raises
    ------
    InvalidParameter
        If it cannot.
    """
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if len(text) > _LONGEST_ID or not re.search(ID_PATTERN, text) or _LONE.search(text):
        raise InvalidParameter(
            "id",
            f"An id is a text or a whole number of at most {_LONGEST_ID} signs that can stand in "
            "an address, without / and control characters.",
        )
    return text


def read_object(document: Mapping[str, Any], member: str) -> dict[str, Any]:
    """Return a member that is an object; empty where there is none.

    Raises
    ------
    InvalidParameter
        If it is something else.
    """
    value = document.get(member)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidParameter(member, f'Member "{member}" must be an object.')
    return dict(value)


def complete_properties(
    layer: Layer,
    feature_id: str,
    properties: Mapping[str, Any],
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return properties with the id in its column, and null for what is there but not known.

    They come in the order that they had, or that the layer declares.

    Raises
    ------
    InvalidParameter
        If the column of the id has another one.
    """
    declared = layer.schema["properties"]
    there = {*layer.schema["required"], *(known or ())}
    missing = [name for name in declared if name in there and _may_be_null(declared[name])]
    order = list(dict.fromkeys([*(known or ()), *declared, *properties]))
    full = {**dict.fromkeys(missing), **properties}
    # QGIS sends null for a column that nobody has filled in.
    column = layer.id_column
    if column is not None and column in declared:
        if full.get(column) is None:
            full[column] = feature_id
        elif str(full[column]) != feature_id:
            raise InvalidParameter(
                column, f"{column} is the id, {feature_id}; add another item under another id."
            )
    return {name: full[name] for name in order if name in full}


def _may_be_null(declared: Mapping[str, Any]) -> bool:
    types = declared.get("type", ())
    return "null" in ([types] if isinstance(types, str) else types)


def read_geometry(
    document: Any, layer: Layer, crs: PublishedCrs | None = None
) -> BaseGeometry | None:
    """Return a geometry in CRS84 degrees, of more parts where the layer holds only such.

    Raises
    ------
    InvalidParameter
        If it is no GeoJSON geometry, or not on earth.
    """
    if document is None:
        return None
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(kind, str) or kind not in _GEOMETRIES:
        raise InvalidParameter(
            "geometry",
            f'Member "geometry" must be null or one of {", ".join(sorted(_GEOMETRIES))}.',
        )
    try:
        read = shapely.force_2d(shape(document))
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
        raise InvalidParameter(
            "geometry", f'Member "geometry" is not a {kind} ({str(error)[:120]}).'
        ) from None
    geometry = (crs or published_crs()[0]).to_crs84(read)
    if not _is_on_earth(geometry):
        raise InvalidParameter(
            "geometry",
            "The coordinates are not those of the reference system: name it in Content-Crs, in "
            "the order of its axes.",
        )
    return as_held(geometry, layer)


def as_held(geometry: BaseGeometry, layer: Layer) -> BaseGeometry:
    """Return a geometry as one of several parts where a layer holds only such."""
    many = f"Multi{geometry.geom_type}"
    if geometry.geom_type not in layer.geometry_types and many in layer.geometry_types:
        return shapely.from_wkt(f"{many.upper()} EMPTY") if geometry.is_empty else _many(geometry)
    return geometry


def _is_on_earth(geometry: BaseGeometry) -> bool:
    positions = shapely.get_coordinates(geometry)
    return bool(((abs(positions[:, 0]) <= 180) & (abs(positions[:, 1]) <= 90)).all())


def _many(geometry: BaseGeometry) -> BaseGeometry:
    several: BaseGeometry = shape(
        {"type": f"Multi{geometry.geom_type}", "coordinates": [mapping(geometry)["coordinates"]]}
    )
    return several
