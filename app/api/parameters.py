"""Query parameters of the API, read strictly: what is unknown or malformed is refused."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layers.errors import InvalidParameter
from layers.facets import FACETS, parse_selection
from layers.model import BBox

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.datastructures import QueryParams

    from layers.model import Layer

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000

FORMATS = ("json", "html")

_COMMON = frozenset(["f", "lang", "min_seq"])
_ITEMS = frozenset(["limit", "offset", "bbox", "datetime", "revision"])
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ItemsQuery:
    """Which items of a collection are asked for (OGC API - Features Part 1, section 7.15).

    Attributes
    ----------
    interval : tuple of (str or None)
        First and last day (YYYY-MM-DD) of `datetime`, None where it is open.
    equal : Mapping
        Property filters: name to the text of the value.
    selection : Mapping
        Chosen values by facet.
    revision : str or None
        Number of an older revision, or the day or moment at which it was the newest.
    """

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    bbox: BBox | None = None
    interval: tuple[str | None, str | None] = (None, None)
    equal: Mapping[str, str] = field(default_factory=dict)
    selection: Mapping[str, frozenset[str]] = field(default_factory=dict)
    revision: str | None = None


def parse_items_query(query: QueryParams, layer: Layer) -> ItemsQuery:
    """Return what the parameters of an items request ask for.

    Raises
    ------
    InvalidParameter
        If a parameter is unknown, repeated or malformed; it names the parameter.
    """
    filters = queryable_names(layer)
    given = refuse_unknown(query, _ITEMS | filters | frozenset(FACETS))
    return ItemsQuery(
        limit=_limit(given["limit"]) if "limit" in given else DEFAULT_LIMIT,
        offset=whole_number("offset", given["offset"]) if "offset" in given else 0,
        bbox=parse_bbox(given["bbox"]) if "bbox" in given else None,
        interval=_interval(given["datetime"]) if "datetime" in given else (None, None),
        equal={name: value for name, value in given.items() if name in filters - set(FACETS)},
        selection=parse_selection(given),
        revision=given.get("revision"),
    )


def refuse_unknown(query: QueryParams, allowed: Collection[str] = ()) -> dict[str, str]:
    """Return the parameters, each given once (Part 1, /req/core/query-param-unknown).

    Raises
    ------
    InvalidParameter
        If one is neither common (`f`, `lang`, `min_seq`) nor `allowed`, or stands twice.
    """
    known = _COMMON | frozenset(allowed)
    seen: dict[str, str] = {}
    for name, value in query.multi_items():
        if name not in known:
            listed = ", ".join(sorted(known))
            raise InvalidParameter(name, f"There is no parameter {name} here; there are: {listed}.")
        if name in seen:
            raise InvalidParameter(name, f"Parameter {name} stands twice; give it once.")
        seen[name] = value
    if seen.get("f", "json") not in FORMATS:
        raise InvalidParameter("f", f"Parameter f is {seen['f']!r}; it must be json or html.")
    return seen


def queryable_names(layer: Layer) -> frozenset[str]:
    """Return the properties of a layer that can be filtered by: those with simple values."""
    return frozenset(
        name
        for name, schema in layer.schema["properties"].items()
        if schema.get("items", {}).get("type") != "object"
    )


def parse_bbox(text: str) -> BBox:
    """Return the box that a `bbox` parameter describes.

    Parameters
    ----------
    text : str
        Four numbers, or six with heights, which are ignored: west, south, (bottom,) east, north
        (, top) in CRS84 degrees.

    Raises
    ------
    InvalidParameter
        If it is anything else, reversed, or out of range.
    """
    parts = text.split(",")
    if len(parts) not in {4, 6}:
        raise _bbox_fault(f"has {len(parts)} numbers; it must have 4: west,south,east,north")
    if not all(_NUMBER.fullmatch(part.strip()) for part in parts):
        raise _bbox_fault("must be numbers, as in 116.9,36.5,117.1,36.7")
    numbers = [float(part) for part in parts]
    west, south, east, north = numbers if len(parts) == 4 else [numbers[i] for i in (0, 1, 3, 4)]
    if not all(map(math.isfinite, numbers)):
        raise _bbox_fault("must be finite numbers")
    if not (
        -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90
    ):
        raise _bbox_fault("is outside longitude ±180, latitude ±90")
    if west > east or south > north:
        raise _bbox_fault("is reversed; the order is west,south,east,north")
    return BBox(west, south, east, north)


def _bbox_fault(reason: str) -> InvalidParameter:
    return InvalidParameter("bbox", f"Parameter bbox {reason}.")


def _limit(text: str) -> int:
    value = whole_number("limit", text)
    if value < 1:
        raise InvalidParameter("limit", "Parameter limit must be at least 1.")
    return min(value, MAXIMUM_LIMIT)


def whole_number(name: str, text: str) -> int:
    """Return a whole number that is not negative.

    Raises
    ------
    InvalidParameter
        If it is anything else; it names the parameter.
    """
    if not _DIGITS.fullmatch(text):
        raise InvalidParameter(
            name, f"Parameter {name} is {text[:40]!r}; it must be a whole number."
        )
    return int(text)


def _interval(text: str) -> tuple[str | None, str | None]:
    """Return the days of an instant or interval (Part 1, section 7.15.4; RFC 3339)."""
    parts = text.split("/")
    open_end = {"", ".."}
    if len(parts) > 2 or (len(parts) == 1 and parts[0] in open_end):
        raise _datetime_fault()
    if not all(part in open_end or _INSTANT.fullmatch(part) for part in parts):
        raise _datetime_fault()
    days = [None if part in open_end else part[:10] for part in parts]
    if days[0] and days[-1] and days[0] > days[-1]:
        raise InvalidParameter("datetime", "Parameter datetime is reversed; the start comes first.")
    return days[0], days[-1]


def _datetime_fault() -> InvalidParameter:
    return InvalidParameter(
        "datetime",
        "Parameter datetime must be an RFC 3339 date or time, or two of them with / between "
        "(.. for an open end), as in 2021-01-01/2025-12-31.",
    )
