"""Read a file into records.

GeoJSON is read by our own strict reader, everything else by GDAL under the driver that its content
asks for. Nothing is repaired here: what is odd is noted, what is wrong is refused.
"""

from __future__ import annotations

import json
import math
import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .container import Refused
from .dbf import read_dbf
from .records import Note, Options, RawLayer, Record
from .tables import read_csv

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from .container import Upload

DEEPEST = 64
"""Nesting of a JSON document: a FeatureCollection of MultiPolygons needs 9."""

MOST_VERTICES = 1_000_000
"""Positions of one geometry."""

_GEOMETRY_TYPES = frozenset(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
)
_LARGEST_WHOLE = 2**53


def read_here(upload: Upload, options: Options) -> RawLayer:
    """Return what a file holds, read in this process.

    Raises
    ------
    Refused
        If the file is damaged or ambiguous.
    """
    return _READERS.get(upload.kind, _read_gdal)(upload, options)


def _read_geojson(upload: Upload, _options: Options) -> RawLayer:
    document = _parse_json(upload)
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise Refused(
            "format-unsupported", f"{upload.name} is JSON, but no GeoJSON FeatureCollection."
        )
    features = document.get("features")
    if not isinstance(features, list):
        raise Refused("format-unsupported", f'{upload.name}: "features" must be an array.')
    records = [_json_record(each, i, upload.name) for i, each in enumerate(features, 1)]
    columns = dict.fromkeys(name for each in records for name in each.properties)
    return RawLayer(
        upload.name, "geojson", tuple(columns), tuple(records), _declared_crs(document, upload.name)
    )


def _parse_json(upload: Upload) -> Any:
    content = upload.path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(
            "encoding-not-utf8",
            f"{upload.name}: byte {error.start} is not UTF-8; GeoJSON must be (RFC 8259).",
        ) from error
    if _depth(text) > DEEPEST:
        raise Refused("json-too-deep", f"{upload.name} is nested too deeply to be a layer.")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_not_finite)
    except json.JSONDecodeError as error:
        raise Refused(
            "json-invalid",
            f"{upload.name}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}).",
        ) from error
    except ValueError as error:
        # Python refuses to read whole numbers of thousands of digits.
        raise Refused(
            "attribute-range", f"{upload.name} holds a number of thousands of digits."
        ) from error


def _depth(text: str) -> int:
    """Return how deep a JSON text is nested, without following it."""
    signs = np.frombuffer(_QUOTED.sub("", text).encode("ascii", "replace"), dtype=np.uint8)
    steps = np.isin(signs, _OPENING).astype(np.int8) - np.isin(signs, _CLOSING).astype(np.int8)
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0))


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_OPENING = np.frombuffer(b"[{", dtype=np.uint8)
_CLOSING = np.frombuffer(b"]}", dtype=np.uint8)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(
            "json-duplicate-key", f'The key "{twice}" stands twice in one object; keep one.'
        )
    return result


def _not_finite(name: str) -> None:
    raise Refused("coordinate-not-finite", f"{name} is no JSON number and no coordinate.")


def _declared_crs(document: dict[str, Any], name: str) -> str | None:
    """Return the system that a file before RFC 7946 declares; WGS 84 where it declares none."""
    if "crs" not in document:
        return "OGC:CRS84"
    try:
        declared = str(document["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        raise Refused("crs-unknown", f'{name}: the member "crs" cannot be read.') from None
    code = declared.rpartition(":")[2]
    return "OGC:CRS84" if code.upper() == "CRS84" else f"EPSG:{code}"


def _json_record(record: Any, row: int, name: str) -> Record:
    where = f"{name}, feature {row}"
    if not isinstance(record, dict) or record.get("type") != "Feature":
        raise Refused("format-unsupported", f'{where}: "type" must be "Feature".')
    properties = record.get("properties") or {}
    if not isinstance(properties, dict):
        raise Refused("format-unsupported", f'{where}: "properties" must be an object.')
    for column, value in properties.items():
        if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
            raise Refused(
                "attribute-range", f'{where}, field "{column}": no database holds such a number.'
            )
    identifier = record.get("id")
    return Record(
        row,
        properties,
        _json_geometry(record.get("geometry"), where),
        None if identifier is None else str(identifier),
    )


def _json_geometry(document: Any, where: str) -> BaseGeometry | None:
    if document is None:
        return None
    kind = document.get("type") if isinstance(document, dict) else None
    if kind not in _GEOMETRY_TYPES:
        raise Refused("geometry-type", f"{where}: a geometry cannot be a {kind}.")
    coordinates = document.get("coordinates")
    if not coordinates:
        raise Refused("geometry-empty", f"{where}: the geometry is empty; write null.")
    positions = list(_positions(coordinates, where, kind.endswith("Polygon")))
    if len(positions) > MOST_VERTICES:
        raise Refused(
            "too-many-vertices",
            f"{where} has {len(positions):,} vertices; at most {MOST_VERTICES:,} are taken.",
        )
    try:
        return shapely.geometry.shape(document)
    except (ValueError, TypeError, shapely.errors.ShapelyError) as error:
        raise Refused("geometry-invalid", f"{where}: not a {kind} ({error}).") from error


def _positions(node: Any, where: str, rings: bool) -> Any:
    """Yield the positions of a geometry: every one numbers, rings closed and long enough."""
    if not isinstance(node, list):
        raise Refused("coordinate-not-a-number", f"{where}: coordinates must be arrays of numbers.")
    if node and not isinstance(node[0], list):
        for number in node:
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise Refused(
                    "coordinate-not-a-number", f"{where}: {number!r:.40} is no coordinate."
                )
            if not math.isfinite(number):
                raise Refused("coordinate-not-finite", f"{where}: {number} is no coordinate.")
        yield node
        return
    if rings and node and isinstance(node[0], list) and node[0] and _is_position(node[0]):
        _check_ring(node, where)
    for child in node:
        yield from _positions(child, where, rings)


def _is_position(node: list[Any]) -> bool:
    return not isinstance(node[0], list)


def _check_ring(ring: list[Any], where: str) -> None:
    if ring[0] != ring[-1]:
        raise Refused("ring-not-closed", f"{where}: a ring does not end where it begins.")
    if len({tuple(each) for each in ring if isinstance(each, list)}) < 3:
        raise Refused("ring-too-short", f"{where}: a ring needs three different points.")


def _read_gdal(upload: Upload, options: Options) -> RawLayer:
    import pyogrio

    notes: list[Note] = []
    chosen, basis = None, "format"
    if upload.kind == "shapefile":
        table = read_dbf(upload.path.with_suffix(".dbf"), upload.name, options.encoding)
        chosen, basis = table.encoding, table.basis
        notes += [Note(*note) for note in table.notes]
    layer = _only_layer(upload)
    try:
        info = pyogrio.read_info(upload.path, layer=layer, encoding=chosen)
        _, _, wkb, values = pyogrio.raw.read(upload.path, layer=layer, encoding=chosen)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise Refused(
            _DAMAGED.get(upload.kind, "file-damaged"), f"{upload.name} cannot be read: {error}."
        ) from error
    except pyogrio.errors.GeometryError as error:
        raise Refused("geometry-type", f"{upload.name}: {error}.") from error
    columns = [str(name) for name in info["fields"]]
    shapes = [None] * len(values[0] if values else []) if wkb is None else list(wkb)
    records = [
        Record(
            row,
            {name: _plain(column[row - 1]) for name, column in zip(columns, values, strict=True)},
            _wkb_geometry(shape, f"{upload.name}, feature {row}"),
        )
        for row, shape in enumerate(shapes, 1)
    ]
    return RawLayer(
        upload.name,
        upload.kind,
        tuple(columns),
        tuple(records),
        info["crs"],
        chosen,
        tuple(notes),
        basis,
    )


_DAMAGED = {"gpkg": "gpkg-invalid", "shapefile": "shapefile-damaged", "kml": "format-unsupported"}


def _only_layer(upload: Upload) -> str:
    import pyogrio

    try:
        layers = pyogrio.list_layers(upload.path)
    except (pyogrio.errors.DataSourceError, ValueError) as error:
        raise Refused(
            _DAMAGED.get(upload.kind, "file-damaged"), f"{upload.name} cannot be read: {error}."
        ) from error
    names = [str(name) for name, kind in layers if kind is not None]
    if not names:
        raise Refused(
            _DAMAGED.get(upload.kind, "file-damaged"), f"{upload.name} holds no layer of features."
        )
    if len(names) > 1:
        raise Refused(
            "layer-ambiguous", f"{upload.name} holds several layers ({', '.join(names)}); send one."
        )
    return names[0]


_NAN = struct.pack("<d", math.nan)


def _wkb_geometry(content: bytes | None, where: str) -> BaseGeometry | None:
    if content is None:
        return None
    try:
        geometry: BaseGeometry = shapely.from_wkb(content)
    except shapely.errors.GEOSException as error:
        # A ring of NaN is not closed, since NaN is not equal to itself.
        if _NAN in content:
            raise Refused(
                "coordinate-not-finite", f"{where}: a coordinate is no finite number."
            ) from error
        raise Refused("geometry-invalid", f"{where}: {error}.") from error
    if geometry.is_empty:
        raise Refused("geometry-empty", f"{where}: the geometry is empty.")
    coordinates = shapely.get_coordinates(geometry)
    if not bool((abs(coordinates) < math.inf).all()):
        raise Refused("coordinate-not-finite", f"{where}: a coordinate is no finite number.")
    if len(coordinates) > MOST_VERTICES:
        raise Refused("too-many-vertices", f"{where} has {len(coordinates):,} vertices.")
    return geometry


def _plain(value: Any) -> Any:
    """Return a value of a column as Python has it; None where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and math.isnan(plain):
        return None
    return plain.isoformat() if hasattr(plain, "isoformat") else plain


_READERS = {"geojson": _read_geojson, "csv": read_csv}
