"""Basemaps: what an operator lets the map be drawn upon.

None are shipped. A file of the operator's names them, each with its datum: what is drawn in GCJ-02
lies half a kilometre off and is refused, unless the operator asks for it to be converted; BD-09
has a projection of its own and is always refused.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlencode, urlsplit

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

from .errors import BasemapUnavailable, DataInvalid

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    Datum: TypeAlias = Literal["wgs84", "cgcs2000", "gcj02"]

MEDIA_TYPES: dict[TileType, str] = {
    TileType.PNG: "image/png",
    TileType.JPEG: "image/jpeg",
    TileType.WEBP: "image/webp",
    TileType.AVIF: "image/avif",
}
"""Tiles of an archive that a map can show as they are."""

_TIANDITU = "https://t{s}.tianditu.gov.cn/DataServer?T=%s_w&x={x}&y={y}&l={z}&tk=%s"
_TIANDITU_LAYERS = {"vec": ("vec", "cva"), "img": ("img", "cia"), "ter": ("ter", "cta")}
"""Pictures and the names on them, both in spherical Mercator."""

_TEXT = {"type": "string", "minLength": 1}
_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "title", "title_en", "datum", "attribution"],
        "oneOf": [{"required": [each]} for each in ("xyz", "wmts", "tianditu", "pmtiles")],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
            "title": _TEXT,
            "title_en": _TEXT,
            "attribution": _TEXT,
            "attribution_en": _TEXT,
            "review_number": _TEXT,
            "datum": {"enum": ["wgs84", "cgcs2000", "gcj02", "bd09"]},
            "convert": {"type": "boolean"},
            "default": {"type": "boolean"},
            "max_zoom": {"type": "integer", "minimum": 0, "maximum": 22},
            "xyz": {"type": "string", "pattern": r"^https?://[A-Za-z0-9.{}:-]+/[^\s;,]*\{z\}"},
            "subdomains": {"type": "string", "pattern": "^[a-z0-9]+$"},
            "wmts": {
                "type": "object",
                "required": ["url", "layer"],
                "additionalProperties": False,
                "properties": {
                    "url": {"type": "string", "pattern": r"^https?://[A-Za-z0-9.:-]+/[^\s;,]*$"},
                    "layer": _TEXT,
                    "style": {"type": "string"},
                    "matrix_set": _TEXT,
                    "format": _TEXT,
                },
            },
            "tianditu": {"enum": sorted(_TIANDITU_LAYERS)},
            "key": {"type": "string", "pattern": "^[0-9A-Za-z]{8,64}$"},
            "pmtiles": _TEXT,
        },
        "dependentRequired": {"tianditu": ["key"]},
    },
}


@dataclass(frozen=True, slots=True)
class Basemap:
    """Pictures below the layers, in tiles of spherical Mercator (EPSG:3857).

    Attributes
    ----------
    urls : tuple of str
        Templates with ``{z}``, ``{x}``, ``{y}`` and, with `subdomains`, ``{s}``; the lowest first.
        Empty where the atlas serves the tiles itself.
    archive : Archive or None
        Where those are.
    is_default : bool
        Whether it is shown to whoever chooses nothing.
    """

    id: str
    title: str
    title_en: str
    attribution: str
    attribution_en: str
    datum: Datum
    urls: tuple[str, ...]
    max_zoom: int
    subdomains: str = ""
    review_number: str = ""
    archive: Archive | None = None
    is_default: bool = False

    @property
    def origins(self) -> tuple[str, ...]:
        """Scheme and host of every address that a browser will ask."""
        found = []
        for url in self.urls:
            scheme, host, *_ = urlsplit(url)
            names = [host.replace("{s}", each) for each in self.subdomains] or [host]
            found += [f"{scheme}://{name}" for name in names]
        return tuple(dict.fromkeys(found))


class Archive:
    """A PMTiles archive (version 3) of pictures, on this machine.

    Raises
    ------
    DataInvalid
        If the file is no such archive.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            try:
                header = _reader(file).header()
            except Exception as error:
                # The library raises bare exceptions of its own, and those of struct and mmap.
                raise DataInvalid(f"{path.name} is no PMTiles archive ({error}).") from error
        self.max_zoom = int(header["max_zoom"])
        if header["tile_type"] not in MEDIA_TYPES:
            raise DataInvalid(
                f"{path.name} holds tiles that are no pictures; draw it as PNG, JPEG or WebP."
            )
        self.media_type = MEDIA_TYPES[header["tile_type"]]
        if header["tile_compression"] not in {Compression.NONE, Compression.UNKNOWN}:
            raise DataInvalid(f"{path.name}: its pictures are packed once more; write them as is.")

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """Return a picture; None where the archive has none.

        Raises
        ------
        BasemapUnavailable
            If the file has gone, or ends before its pictures do.
        """
        if not (0 <= zoom <= self.max_zoom and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
            return None
        try:
            with self.path.open("rb") as file:
                tile: bytes | None = _reader(file).get(zoom, x, y)
        except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
            raise BasemapUnavailable(
                f"{self.path.name} cannot be read any more ({error}); put the whole file back."
            ) from error
        return tile


def _reader(file: BinaryIO) -> Any:
    return Reader(MmapSource(file))  # type: ignore[no-untyped-call]  # pmtiles leaves it untyped


def read_basemaps(path: Path) -> tuple[Basemap, ...]:
    """Return the basemaps that a file declares; see docs/basemaps.md for its form.

    Raises
    ------
    DataInvalid
        If it is not of that form, a datum cannot be drawn or an archive is none; the sentence names
        file, basemap and field.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DataInvalid(f"{path.name}: it cannot be read as JSON ({error}).") from error
    fault = best_match(Draft202012Validator(_SCHEMA).iter_errors(document))
    if fault is not None:
        place = _place(document, list(fault.path))
        # What is said of a wrong key must not tell the key.
        said = "it is no key of Tianditu's" if place.endswith(" key") else fault.message
        raise DataInvalid(f"{path.name}, {place}: {said}.")
    basemaps = tuple(_basemap(path, each) for each in document)
    for what, given in (
        ("id", [each.id for each in basemaps]),
        ("default", [True for each in basemaps if each.is_default]),
    ):
        if len(set(given)) < len(given):
            raise DataInvalid(f"{path.name}, field {what}: two basemaps have the same.")
    return basemaps


def _place(document: Any, steps: list[str | int]) -> str:
    if not steps:
        return "whole file"
    entry = document[steps[0]]
    name = entry.get("id", steps[0]) if isinstance(entry, dict) else steps[0]
    fields = ".".join(map(str, steps[1:]))
    return f"basemap {name}, field {fields}" if fields else f"basemap {name}"


def _basemap(path: Path, record: dict[str, Any]) -> Basemap:
    where = f"{path.name}, basemap {record['id']}, field"
    datum = record["datum"]
    if datum == "bd09":
        raise DataInvalid(f"{where} datum: BD-09 cannot be drawn on this map; take another map.")
    if datum == "gcj02" and not record.get("convert"):
        raise DataInvalid(
            f'{where} datum: GCJ-02 lies about 520 m off here; say "convert": true to have it '
            f"shifted back, or take a map in WGS 84 or CGCS2000."
        )
    archive = None
    if "pmtiles" in record:
        try:
            archive = Archive(path.parent / record["pmtiles"])
        except OSError as error:
            raise DataInvalid(f"{where} pmtiles: {error.strerror or error}.") from error
    subdomains = "01234567" if "tianditu" in record else record.get("subdomains", "")
    return Basemap(
        id=record["id"],
        title=record["title"],
        title_en=record["title_en"],
        attribution=record["attribution"],
        attribution_en=record.get("attribution_en", record["attribution"]),
        datum=datum,
        urls=_urls(record, where),
        max_zoom=record.get("max_zoom", archive.max_zoom if archive else 18),
        subdomains=subdomains,
        review_number=record.get("review_number", ""),
        archive=archive,
        is_default=record.get("default", False),
    )


def _urls(record: dict[str, Any], where: str) -> tuple[str, ...]:
    if "tianditu" in record:
        layers = _TIANDITU_LAYERS[record["tianditu"]]
        return tuple(_TIANDITU % (layer, record["key"]) for layer in layers)
    if "pmtiles" in record:
        return ()
    field = "wmts" if "wmts" in record else "xyz"
    url = _wmts_url(record["wmts"]) if field == "wmts" else record["xyz"]
    wanted = ["{z}", "{x}", "{y}", *(["{s}"] if "subdomains" in record else [])]
    if missing := [each for each in wanted if each not in url]:
        raise DataInvalid(f"{where} {field}: the address has no {', '.join(missing)}.")
    if "{s}" in url and "subdomains" not in record:
        raise DataInvalid(f"{where} subdomains: say what stands for {{s}}.")
    return (url,)


def _wmts_url(wmts: dict[str, str]) -> str:
    """Return a GetTile address (OGC 07-057r7, 8.2 and 10.2): the template filled in, or KVP."""
    values = {
        "Layer": wmts["layer"],
        "Style": wmts.get("style", "default"),
        "TileMatrixSet": wmts.get("matrix_set", "GoogleMapsCompatible"),
    }
    url = wmts["url"]
    if "{TileMatrix}" in url:
        for name, value in values.items():
            url = url.replace(f"{{{name}}}", value).replace(f"{{{name.lower()}}}", value)
        for name, short in (("TileMatrix", "z"), ("TileRow", "y"), ("TileCol", "x")):
            url = url.replace(f"{{{name}}}", f"{{{short}}}")
        return url
    asked = {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0"}
    asked |= {name.upper(): value for name, value in values.items()}
    asked["FORMAT"] = wmts.get("format", "image/png")
    query = f"{urlencode(asked)}&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}"
    return f"{url}{'&' if '?' in url else '?'}{query}"
