"""Read CSV: coordinates in columns, whose order nobody may guess.

Chinese surveying calls the northing X, mathematics calls the easting so, and a table does not say
which it follows. Columns that say it in words are believed; X and Y are asked about.
"""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from .container import Refused
from .records import Note, RawLayer, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from .container import Upload
    from .records import Options

_EAST = frozenset(
    ["lon", "lng", "long", "longitude", "east", "easting", "e", "经度", "东经", "东坐标", "东"]
)
_NORTH = frozenset(["lat", "latitude", "north", "northing", "n", "纬度", "北纬", "北坐标", "北"])
_EITHER = (("x", "y"), ("x坐标", "y坐标"), ("坐标x", "坐标y"), ("纵坐标", "横坐标"))
_SHAPE = frozenset(["wkt", "geometry", "geom"])
_DECORATION = re.compile(r"[\s_]|[(（\[].*?[)）\]]")
_ENCODINGS = ("utf-8-sig", "gb18030")
_LONGEST_CELL = 1_000_000


class _Axes(NamedTuple):
    east: str
    north: str


def read_csv(upload: Upload, options: Options) -> RawLayer:
    """Return the rows of a table.

    Raises
    ------
    Refused
        If the text cannot be decoded, a row has another number of cells than the header, or it is
        not known where the coordinates are and which of them is north.
    """
    text, encoding, basis, notes = _text(upload, options)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise Refused("table-damaged", f"{upload.name} is no table ({error}).") from error
    header, rows = _table(lines, upload.name)
    shape = next((name for name in header if _plain(name) in _SHAPE), None)
    axes = None if shape else _axes(header, rows, upload.name, options.north)
    used: set[str | None] = {shape} if axes is None else set(axes)
    records = [
        _record(dict(zip(header, row, strict=True)), number, upload.name, shape, axes, used)
        for number, row in rows
    ]
    columns = tuple(name for name in header if name not in used)
    return RawLayer(
        upload.name, "csv", columns, tuple(records), None, encoding, tuple(notes), basis
    )


def _text(upload: Upload, options: Options) -> tuple[str, str, str, list[Note]]:
    content = upload.path.read_bytes()
    if b"\0" in content:
        raise Refused("format-unsupported", f"{upload.name} holds NUL bytes; it is no text.")
    if options.encoding is not None:
        try:
            text = content.decode(options.encoding).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError) as error:
            raise Refused(
                "encoding-damaged", f"{upload.name} is not {options.encoding} ({error})."
            ) from error
        return text, options.encoding, "told", []
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == _ENCODINGS[0]:
            return text, encoding, "ascii" if content.isascii() else "utf-8", []
        sentence = f"{upload.name} does not say its encoding; it was read as {encoding}."
        return text, encoding, "not-utf-8", [Note("encoding-guessed", sentence)]
    raise Refused(
        "encoding-damaged", f"{upload.name} is neither UTF-8 nor GB18030; say --encoding."
    )


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _table(lines: Sequence[list[str]], name: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header, and every row that is not empty with its number in the file."""
    if not lines:
        raise Refused("attribute-missing", f"{name} is empty.")
    header = [cell.strip() for cell in lines[0]]
    if len(set(header)) < len(header) or "" in header:
        raise Refused("attribute-missing", f"{name}: each column needs a name of its own.")
    rows = [(n, row) for n, row in enumerate(lines[1:], 1) if any(cell.strip() for cell in row)]
    for number, row in rows:
        if len(row) != len(header):
            raise Refused(
                "table-damaged",
                f"{name}, row {number} has {len(row)} cells, the header {len(header)}; quote "
                "texts that hold the separator.",
            )
    return header, rows


def _plain(name: str) -> str:
    return _DECORATION.sub("", name).casefold()


def _axes(
    header: Sequence[str], rows: Sequence[tuple[int, list[str]]], name: str, north: str | None
) -> _Axes | None:
    """Return the columns of easting and northing; None if the table has no coordinates."""
    plain = {_plain(column): column for column in header}
    east_ = next((plain[each] for each in plain if each in _EAST), None)
    north_ = next((plain[each] for each in plain if each in _NORTH), None)
    if north is None and east_ and north_:
        return _Axes(east_, north_)
    pair = next(((plain[a], plain[b]) for a, b in _EITHER if a in plain and b in plain), None)
    if pair is None:
        if north is None:
            return None
        pair = (east_, north_) if east_ and north_ else None
    if north is None:
        raise Refused("axes-ambiguous", _question(header, rows, name, pair), pair or ())
    if pair is None or north not in pair:
        listed = " or ".join(pair or header)
        raise Refused(
            "axes-ambiguous",
            f"{name}: {north} is no column of northings; say {listed}.",
            pair or header,
        )
    return _Axes(pair[0] if north == pair[1] else pair[1], north)


def _question(
    header: Sequence[str],
    rows: Sequence[tuple[int, list[str]]],
    name: str,
    pair: tuple[str, str] | None,
) -> str:
    one, other = pair or ("X", "Y")
    sample = dict(zip(header, rows[0][1], strict=True)) if rows else {}
    values = f" In row {rows[0][0]} they are {sample[one]} and {sample[other]}." if sample else ""
    return (
        f"{name}: which of {one} and {other} is north? Surveyors call the northing X, others the "
        f"easting; say --north {one} or --north {other}.{values}"
    )


def _record(
    row: dict[str, str],
    number: int,
    name: str,
    shape: str | None,
    axes: _Axes | None,
    used: set[str | None],
) -> Record:
    where = f"{name}, row {number}"
    geometry = None
    if shape is not None:
        geometry = _wkt(row[shape], where)
    elif axes is not None:
        geometry = _point(row[axes.east], row[axes.north], where)
    properties: dict[str, Any] = {
        column: cell.strip() for column, cell in row.items() if column not in used
    }
    return Record(number, properties, geometry)


def _wkt(text: str, where: str) -> BaseGeometry | None:
    if not text.strip():
        return None
    try:
        geometry: BaseGeometry = shapely.from_wkt(text)
    except shapely.errors.ShapelyError as error:
        raise Refused("geometry-invalid", f"{where}: {text[:40]!r} is no WKT.") from error
    if not bool(abs(shapely.get_coordinates(geometry)).max(initial=0) < math.inf):
        raise Refused("coordinate-not-finite", f"{where}: a coordinate is no finite number.")
    return geometry


def _point(east: str, north: str, where: str) -> BaseGeometry | None:
    if not east.strip() and not north.strip():
        return None
    try:
        x, y = float(east), float(north)
    except ValueError:
        raise Refused(
            "coordinate-not-a-number",
            f"{where}: {east[:20]!r}, {north[:20]!r} are no coordinates; write decimal numbers.",
        ) from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise Refused("coordinate-not-finite", f"{where}: {x}, {y} are no finite numbers.")
    return shapely.Point(x, y)
