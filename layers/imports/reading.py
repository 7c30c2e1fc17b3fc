"""Read a file into records, in a process of its own with limits on time and memory.

GeoJSON is read by our own strict reader, everything else by GDAL under the driver that its content
asks for. Nothing is repaired here: what is odd is noted, what is wrong is refused.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import pickle
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from .container import Refused
from .dbf import read_dbf

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from shapely.geometry.base import BaseGeometry

    from .container import Upload

DEEPEST = 64
"""Nesting of a JSON document: a FeatureCollection of MultiPolygons needs 9."""

MOST_VERTICES = 1_000_000
"""Positions of one geometry."""

SECONDS = 60
MEMORY = 2_000_000_000

_GEOMETRY_TYPES = frozenset(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
)
_LARGEST_WHOLE = 2**53


class Note(NamedTuple):
    """Something odd that was taken all the same: a stable code and a sentence."""

    code: str
    sentence: str


class Record(NamedTuple):
    """One feature as it came.

    Attributes
    ----------
    row : int
        From 1, in the order of the file.
    """

    row: int
    properties: dict[str, Any]
    geometry: BaseGeometry | None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class RawLayer:
    """A file as it came, before its reference system and its columns are understood.

    Attributes
    ----------
    crs : str or None
        ``EPSG:4490`` or WKT as the file declares it; None if it does not.
    encoding : str or None
        What its texts were read as, where that is a question.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    crs: str | None
    encoding: str | None = None
    notes: tuple[Note, ...] = field(default=())


def read_upload(upload: Upload, *, encoding: str | None = None, seconds: int = SECONDS) -> RawLayer:
    """Return what a file holds.

    Parameters
    ----------
    encoding : str, optional
        Of a Shapefile's texts, where a person says so; told by the file otherwise.
    seconds : int
        After which reading is given up.

    Raises
    ------
    Refused
        If the file is damaged, ambiguous, or takes too much time or memory.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(upload, encoding, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise Refused("too-slow", f"{upload.name} was not read within {seconds} s; split it.")
        answer = pickle.loads(ours.recv_bytes())  # noqa: S301  our own child wrote it
    except EOFError:
        raise Refused(
            "too-large", f"{upload.name} could not be read within {MEMORY:,} bytes of memory."
        ) from None
    finally:
        child.kill()
        child.join()
        ours.close()
    if isinstance(answer, tuple):
        raise Refused(*answer)
    return answer  # type: ignore[no-any-return]  # the child sends nothing else


def _child(upload: Upload, encoding: str | None, pipe: Connection) -> None:
    _limit_memory()
    answer: RawLayer | tuple[str, str]
    try:
        answer = _READERS.get(upload.kind, _read_gdal)(upload, encoding)
    except Refused as refusal:
        answer = (refusal.reason, refusal.sentence)
    except RecursionError:
        answer = ("json-too-deep", f"{upload.name} is nested too deeply to be a layer.")
    except MemoryError:
        return
    pipe.send_bytes(pickle.dumps(answer))


def _limit_memory() -> None:
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _read_geojson(upload: Upload, _encoding: str | None) -> RawLayer:
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
        raise Refused("attribute-range", f"{upload.name}: {error}.") from error


def _depth(text: str) -> int:
    """Return how deep a JSON text is nested, without following it."""
    deepest = depth = 0
    quoted = escaped = False
    for sign in text:
        if quoted:
            quoted, escaped = not (sign == '"' and not escaped), sign == "\\" and not escaped
        elif sign == '"':
            quoted = True
        elif sign in "[{":
            depth += 1
            if depth > DEEPEST:
                return depth
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


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


def _read_gdal(upload: Upload, encoding: str | None) -> RawLayer:
    import pyogrio

    if upload.kind in {"csv", "dxf"}:
        raise Refused(
            "format-unsupported",
            f"{upload.name} is {upload.kind.upper()}, which is not read yet; send a GeoPackage.",
        )
    notes: list[Note] = []
    chosen = None
    if upload.kind == "shapefile":
        table = read_dbf(upload.path.with_suffix(".dbf"), upload.name, encoding)
        chosen = table.encoding
        notes += [Note(*note) for note in table.notes]
    layer = _only_layer(upload)
    try:
        info = pyogrio.read_info(upload.path, layer=layer)
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


_READERS = {"geojson": _read_geojson}
