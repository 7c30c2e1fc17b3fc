"""Read and write GeoJSON (RFC 7946), strictly, and in one canonical form."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely
from shapely.geometry import shape

from .errors import DataInvalid, InvalidParameter
from .model import Feature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

DECIMALS = 7
"""Decimals of a published coordinate: 1e-7 degree is 11 mm or less (RFC 7946, section 11.2)."""

_TYPES = frozenset(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
)


def read_json(path: Path) -> Any:
    """Return what a UTF-8 JSON file holds.

    Raises
    ------
    DataInvalid
        If the file cannot be read, is not UTF-8, repeats a key or is not JSON;
        the sentence names file, line and column.
    """
    try:
        return json.loads(
            path.read_text(encoding="utf-8"),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
        )
    except OSError as error:
        raise DataInvalid(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DataInvalid(
            f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise DataInvalid(
            f"{path.name}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})."
        ) from error
    except ValueError as error:
        raise DataInvalid(f"{path.name}: {error}") from error
    except RecursionError as error:
        raise DataInvalid(f"{path.name}: nested too deeply to be a layer.") from error


def parse_json(body: bytes) -> Any:
    """Return what a UTF-8 JSON text holds, as strictly as `read_json`.

    Raises
    ------
    InvalidParameter
        If it is none; the sentence names line and column.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise InvalidParameter("body", f"Byte {error.start} of the body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise InvalidParameter(
            "body",
            f"The body is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
        ) from error
    except ValueError as error:
        raise InvalidParameter("body", f"The body cannot be read: {error}") from error
    except RecursionError as error:
        raise InvalidParameter("body", "The body is nested too deeply.") from error


def read_features(path: Path) -> list[Feature]:
    """Return the features of a GeoJSON FeatureCollection file, in file order.

    Only the shape of the document is judged here; the rules of a layer are in `validation`.

    Raises
    ------
    DataInvalid
        If the document is no FeatureCollection, a feature has no text id, or a geometry cannot
        be built; the sentence names file, feature and member.
    """
    document = read_json(path)
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise DataInvalid(f'{path.name}, member "type": must be "FeatureCollection".')
    if "crs" in document:
        raise DataInvalid(
            f'{path.name}, member "crs": not allowed, coordinates are WGS 84 (RFC 7946, section 4).'
        )
    records = document.get("features")
    if not isinstance(records, list):
        raise DataInvalid(f'{path.name}, member "features": must be an array.')
    return [_feature(record, path.name, index) for index, record in enumerate(records)]


def feature_document(feature: Feature) -> dict[str, Any]:
    """Return a feature as a GeoJSON object with `geometry` null where there is none."""
    return {
        "type": "Feature",
        "id": feature.id,
        "geometry": None if feature.geometry is None else geometry_document(feature.geometry),
        "properties": dict(feature.properties),
    }


def geometry_document(geometry: BaseGeometry) -> dict[str, Any]:
    """Return a geometry in degrees as a GeoJSON object.

    Coordinates have at most `DECIMALS` decimals; exterior rings are counter-clockwise
    (RFC 7946, section 3.1.6).
    """
    return {"type": geometry.geom_type, "coordinates": _coordinates(geometry)}


def canonical_bytes(feature: Feature) -> bytes:
    """Return the canonical form of a feature: the input of its digest.

    Keys sorted, text in NFC, `DECIMALS` decimals, RFC 7946 ring order, UTF-8 without spaces.

    Raises
    ------
    DataInvalid
        If a property holds what JSON or a database cannot: NUL, NaN, a number beyond 64 bits.
    """
    shape = feature.geometry
    return _canonical(feature, None if shape is None else geometry_document(shape))


def feature_digest(feature: Feature) -> str:
    """Return the SHA-256 of a feature's canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(feature)).hexdigest()


def feature_digests(features: Sequence[Feature]) -> dict[str, str]:
    """Return the digest of each feature by its id; many times faster than one by one."""
    return {
        feature.id: hashlib.sha256(_canonical(feature, document)).hexdigest()
        for feature, document in zip(features, geometry_documents(features), strict=True)
    }


def geometry_documents(features: Sequence[Feature]) -> list[dict[str, Any] | None]:
    """Return the geometry of each feature as `geometry_document` does; plain polygons in one go."""
    shapes = np.array([feature.geometry for feature in features], dtype=object)
    plain = (shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON) & (
        shapely.get_num_interior_rings(shapes) == 0
    )
    oriented = shapely.orient_polygons(shapes[plain])
    ends = np.cumsum(shapely.get_num_coordinates(oriented)).tolist()
    rounded = _rounded(shapely.get_coordinates(oriented).tolist())
    start, rings = 0, {}
    for position, end in zip(np.flatnonzero(plain).tolist(), ends, strict=True):
        rings[position] = {"type": "Polygon", "coordinates": [rounded[start:end]]}
        start = end
    return [
        rings.get(position) or (None if shape is None else geometry_document(shape))
        for position, shape in enumerate(shapes)
    ]


def _canonical(feature: Feature, geometry: dict[str, Any] | None) -> bytes:
    try:
        document = {
            "type": "Feature",
            "id": _nfc(feature.id),
            "geometry": geometry,
            "properties": _nfc(dict(feature.properties)),
        }
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        raise DataInvalid(
            f"Feature {feature.id}: a property cannot be kept as JSON ({error})."
        ) from error


def digest(features: Iterable[Feature]) -> str:
    """Return the digest of a layer, 64 hexadecimal digits; the order of features is no part."""
    return combined_digest(feature_digests(list(features)))


def combined_digest(digests: Mapping[str, str]) -> str:
    """Return the digest of a layer from those of its features, by id.

    SHA-256 of one line for each feature, sorted by id: so a change of a few features in a large
    layer costs their own digests only.
    """
    lines = b"".join(digest_line(id_, digests[id_]) for id_ in sorted(digests))
    return hashlib.sha256(lines).hexdigest()


def digest_line(feature_id: str, digest: str) -> bytes:
    """Return what a feature adds to the digest of its layer; see `combined_digest`."""
    return f"{digest} {feature_id}\n".encode()


def write_features(path: Path, features: Iterable[Feature]) -> None:
    """Write a FeatureCollection for people: one feature a line, UTF-8, newline at the end."""
    lines = ",\n".join(
        json.dumps(feature_document(feature), ensure_ascii=False) for feature in features
    )
    text = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8", newline="\n")


def _feature(record: Any, file: str, index: int) -> Feature:
    where = f"{file}, feature {index + 1}"
    if not isinstance(record, dict) or record.get("type") != "Feature":
        raise DataInvalid(f'{where}, member "type": must be "Feature".')
    identifier = record.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise DataInvalid(f'{where}, member "id": must be a non-empty text.')
    where = f"{file}, feature {identifier}"
    properties = record.get("properties")
    if not isinstance(properties, dict):
        raise DataInvalid(f'{where}, member "properties": must be an object.')
    if "geometry" not in record:
        raise DataInvalid(
            f'{where}, member "geometry": is missing; write null for an unknown place.'
        )
    return Feature(identifier, _geometry(record["geometry"], where), properties)


def _geometry(document: Any, where: str) -> BaseGeometry | None:
    if document is None:
        return None
    if not isinstance(document, dict) or document.get("type") not in _TYPES:
        raise DataInvalid(
            f'{where}, field "geometry": type must be one of {", ".join(sorted(_TYPES))}, or null.'
        )
    coordinates = document.get("coordinates")
    if reason := _fault(coordinates):
        raise DataInvalid(f'{where}, field "geometry": {reason}')
    try:
        geometry: BaseGeometry = shape(document)
    except (
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        shapely.errors.ShapelyError,
    ) as error:
        raise DataInvalid(
            f'{where}, field "geometry": not a {document["type"]} ({error}).'
        ) from error
    if geometry.is_empty:
        raise DataInvalid(f'{where}, field "geometry": is empty; write null for an unknown place.')
    return geometry


def _fault(node: Any) -> str | None:
    """Say what no geometry may have: a position that is not two numbers within the globe."""
    if not isinstance(node, list) or not node:
        return "coordinates must be non-empty arrays of numbers."
    if not isinstance(node[0], list):
        return _position_fault(node)
    return next((fault for child in node if (fault := _fault(child))), None)


def _position_fault(position: list[Any]) -> str | None:
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in position)
    if not numbers or len(position) != 2:
        return f"position {position!r} must be two numbers, longitude then latitude."
    if not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
        return f"position {position!r} is outside longitude ±180, latitude ±90."
    return None


def _coordinates(geometry: BaseGeometry) -> list[Any]:
    """Return the coordinates of a geometry as GeoJSON nests them, rounded and oriented."""
    match geometry.geom_type:
        case "Point":
            return list(_positions(geometry)[0])
        case "LineString":
            return _positions(geometry)
        case "Polygon":
            rings = shapely.get_rings(shapely.orient_polygons(geometry))
            return [_positions(ring) for ring in rings]
        case _:
            return [_coordinates(part) for part in shapely.get_parts(geometry)]


def _positions(geometry: BaseGeometry) -> list[Any]:
    return _rounded(shapely.get_coordinates(geometry).tolist())


def _rounded(positions: list[list[float]]) -> list[Any]:
    # Adding zero makes -0.0 the same as 0.0.
    return [[round(x, DECIMALS) + 0.0, round(y, DECIMALS) + 0.0] for x, y in positions]


def _nfc(value: Any) -> Any:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a text holds a NUL character")
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    if isinstance(value, dict):
        return {key: _nfc(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_nfc(item) for item in value]
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f'the key "{twice}" stands twice in one object.')
    return result


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number.")
