"""Query parameters of the API, read strictly: what is unknown or malformed is refused."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from layers.crs import CRS84_URI, find_crs, published_crs
from layers.errors import InvalidParameter
from layers.facets import FACETS, parse_selection
from layers.filters import LANGUAGES, parse_filter, queryable_kinds
from layers.model import BBox
from layers.served import Query, Start

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fastapi import Request
    from shapely.geometry.base import BaseGeometry

    from layers.crs import PublishedCrs
    from layers.filters import Expression, Kind, Language
    from layers.model import Layer
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000

FORMATS = ("json", "html")
LANGUAGES_OF_TEXTS = ("zh", "en")

_COMMON = frozenset(["f", "lang", "min_seq"])
_ITEMS = frozenset(
    [
        "limit", "offset", "after", "bbox", "bbox-crs", "datetime", "revision", "crs", "filter",
        "filter-lang", "filter-crs", "sortby", "properties", "skipGeometry",
    ]
)  # fmt: skip
_PLACES = frozenset(["limit", "offset", "after", "bbox"])
"""What most requests are made of, so that nothing else is looked for in them."""

_FILTER = frozenset(["filter", "filter-lang", "filter-crs"])

_SEQUENCE = re.compile(r"[0-9]{1,9}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUMBER = r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*"
_ONE_NUMBER = re.compile(_NUMBER, re.ASCII)
_NUMBERS = re.compile(f"{_NUMBER}(?:,{_NUMBER})*", re.ASCII)
_MOMENT = (
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)
_INSTANT = re.compile(_MOMENT, re.ASCII)
INTERVAL_PATTERN = rf"^({_MOMENT}|({_MOMENT}|\.\.|)/({_MOMENT}|\.\.|))$"
"""What `datetime` can be; that an interval does not end before it begins, it cannot say."""


class ItemsQuery(NamedTuple):
    """What an items request asks for (OGC API - Features Parts 1 to 3).

    Attributes
    ----------
    crs : PublishedCrs
        In which coordinates are answered.
    properties : frozenset of str or None
        The only properties to answer with; None for all.
    skip_geometry : bool
        Whether to answer without geometry.
    revision : str or None
        Number of an older revision, or the day or moment at which it was the newest.
    """

    query: Query
    limit: int
    start: Start
    crs: PublishedCrs
    properties: frozenset[str] | None = None
    skip_geometry: bool = False
    revision: str | None = None

    @property
    def offset(self) -> int:
        """How many items are passed over."""
        return self.start.offset

    @property
    def is_as_stored(self) -> bool:
        """Whether features are answered with the bytes that are kept of them."""
        return self.crs.is_crs84 and self.properties is None and not self.skip_geometry


def query_pairs(raw: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a query string.

    Raises
    ------
    InvalidParameter
        If it is not percent-encoded UTF-8.
    """
    try:
        if b"%" not in raw and b"+" not in raw:
            parts = (part.partition("=") for part in raw.decode().split("&") if part)
            return [(name, value) for name, _, value in parts]
        return [
            (unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode())
            for name, _, value in (
                part.partition(b"=") for part in raw.replace(b"+", b" ").split(b"&") if part
            )
        ]
    except UnicodeDecodeError:
        raise InvalidParameter(
            "query", "The query is not percent-encoded UTF-8; encode its names and values anew."
        ) from None


def parse_items_query(pairs: list[tuple[str, str]], layer: Layer) -> ItemsQuery:
    """Return what the parameters of an items request ask for.

    Raises
    ------
    InvalidParameter
        If a parameter is unknown, repeated or malformed; it names the parameter.
    """
    declared = _declared(layer)
    given = _given(pairs, declared.parameters)
    bbox, area = _box(given)
    known = ItemsQuery(
        Query(bbox, area),
        page_limit(given["limit"]) if "limit" in given else DEFAULT_LIMIT,
        Start(
            given.get("after"),
            whole_number("offset", given["offset"]) if "offset" in given else 0,
        ),
        published_crs()[0],
    )
    if given.keys() <= _PLACES:
        return known
    query = known.query._replace(
        interval=_interval(given["datetime"]) if "datetime" in given else (None, None),
        equal=_equal(given, declared),
        selection=parse_selection(given) if declared.facets & given.keys() else {},
        condition=_condition(given, declared) if _FILTER & given.keys() else None,
        order=_order(given["sortby"], declared) if "sortby" in given else (),
    )
    return known._replace(
        query=query,
        crs=find_crs(given["crs"], "crs") if "crs" in given else known.crs,
        properties=_properties(given["properties"], layer) if "properties" in given else None,
        skip_geometry=_truth("skipGeometry", given.get("skipGeometry", "false")),
        revision=given.get("revision"),
    )


_OF_PAGES = frozenset(["limit", "offset", "crs", "sortby", "properties", "skipGeometry"])
"""Parameters of items that say how they are answered, not which."""


def parse_filters(pairs: list[tuple[str, str]], layer: Layer) -> ItemsQuery:
    """Return which items are asked for, where there is no page of them; see `parse_items_query`."""
    for name, _ in pairs:
        if name in _OF_PAGES:
            raise InvalidParameter(name, f"There is no parameter {name} here; it is of items.")
    return parse_items_query(pairs, layer)


def chosen_collections(atlas: Atlas, text: str | None) -> list[ServedLayer]:
    """Return the collections that a parameter names, separated by commas; all without it.

    Raises
    ------
    NotFound
        If there is none of a name.
    """
    names = list(atlas.layers) if text is None else list(dict.fromkeys(text.split(",")))
    return [atlas.layer(name) for name in names]


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the parameters of a layer's items may name."""

    parameters: frozenset[str]
    equal: frozenset[str]
    facets: frozenset[str]
    kinds: Mapping[str, Kind]


_DECLARED: dict[int, tuple[Layer, _Declared]] = {}


def _declared(layer: Layer) -> _Declared:
    # A layer holds mappings, so it cannot be hashed; the catalogue keeps it as long as the process.
    known = _DECLARED.get(id(layer))
    if known is None or known[0] is not layer:
        kinds = queryable_kinds(layer)
        names = queryable_names(layer)
        facets = frozenset(FACETS)
        parameters = _COMMON | _ITEMS | names | facets
        known = layer, _Declared(parameters, names - facets, facets, kinds)
        _DECLARED[id(layer)] = known
    return known[1]


def queryable_names(layer: Layer) -> frozenset[str]:
    """Return the properties of a layer that are filtered by as parameters of their names."""
    return frozenset(queryable_kinds(layer)) - {"id", "geometry"} - _COMMON - _ITEMS


def refuse_unknown(
    request: Request, allowed: Collection[str] = (), formats: Collection[str] = FORMATS
) -> dict[str, str]:
    """Return the parameters, each given once (Part 1, /req/core/query-param-unknown).

    Parameters
    ----------
    formats : collection of str
        What `f` may be.

    Raises
    ------
    InvalidParameter
        If one is neither common (`f`, `lang`, `min_seq`) nor `allowed`, or stands twice.
    """
    known = _COMMON | frozenset(allowed)
    return _given(query_pairs(request.scope["query_string"]), known, formats)


def _given(
    pairs: list[tuple[str, str]], known: frozenset[str], formats: Collection[str] = FORMATS
) -> dict[str, str]:
    seen: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise InvalidParameter(name, f"There is no parameter {name[:60]}; there are {listed}.")
        if name in seen:
            raise InvalidParameter(name, f"Parameter {name} is given twice; give it once.")
        seen[name] = value
    if not _SEQUENCE.fullmatch(seen.get("min_seq", "0")):
        raise InvalidParameter("min_seq", "Parameter min_seq must be a whole number.")
    if seen.get("lang", "zh") not in LANGUAGES_OF_TEXTS:
        raise InvalidParameter("lang", "Parameter lang must be zh or en.")
    if "f" in seen and seen["f"] not in formats:
        listed = " or ".join(formats)
        raise InvalidParameter("f", f"Parameter f is {seen['f'][:60]!r}; it must be {listed}.")
    return seen


def parse_bbox(text: str, parameter: str = "bbox") -> BBox:
    """Return the box that a `bbox` parameter describes.

    Parameters
    ----------
    text : str
        Four numbers, or six with heights, which are ignored: west, south, (bottom,) east, north
        (, top) in CRS84 degrees. A west beyond the east crosses the antimeridian.

    Raises
    ------
    InvalidParameter
        If it is anything else, upside down, or out of range.
    """
    box = _four(text, parameter)
    if not (-180 <= box.west <= 180 and -180 <= box.east <= 180 and box.south >= -90):
        raise _bbox_fault("is outside longitude ±180, latitude ±90")
    if box.north > 90:
        raise _bbox_fault("is outside longitude ±180, latitude ±90")
    if box.south > box.north:
        raise _bbox_fault("is upside down; the order is west,south,east,north")
    return box


def _four(text: str, parameter: str = "bbox") -> BBox:
    parts = text.split(",")
    if len(parts) not in {4, 6}:
        raise _bbox_fault(f"has {len(parts)} numbers; it must have 4: west,south,east,north")
    if not _NUMBERS.fullmatch(text):
        raise _bbox_fault("must be numbers, as in 116.9,36.5,117.1,36.7")
    numbers = [float(part) for part in parts]
    if not all(map(math.isfinite, numbers)):
        raise _bbox_fault("must be finite numbers")
    return BBox(*(numbers if len(parts) == 4 else [numbers[i] for i in (0, 1, 3, 4)]))


def _box(given: Mapping[str, str]) -> tuple[BBox | None, BaseGeometry | None]:
    """Return the box of a request as one in CRS84, or as an area where it is none there."""
    if "bbox" not in given:
        if "bbox-crs" in given:
            find_crs(given["bbox-crs"], "bbox-crs")
        return None, None
    crs = find_crs(given["bbox-crs"], "bbox-crs") if "bbox-crs" in given else published_crs()[0]
    if crs.is_crs84:
        return parse_bbox(given["bbox"]), None
    first, second, third, fourth = _four(given["bbox"])
    box = BBox(second, first, fourth, third) if crs.swapped else BBox(first, second, third, fourth)
    if not crs.projected:
        return parse_bbox(",".join(map(str, box))), None
    if box.west > box.east or box.south > box.north:
        raise _bbox_fault("is reversed; its lower corner comes first, in the order of bbox-crs")
    area = crs.area(BBox(first, second, third, fourth))
    if not all(map(math.isfinite, area.bounds)):
        raise _bbox_fault("is far outside the area of bbox-crs")
    return None, area


def numbers(name: str, text: str, count: int) -> list[float]:
    """Return the finite numbers of a parameter, which are separated by commas.

    Raises
    ------
    InvalidParameter
        If there are more or fewer, or one is none.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != count or not all(map(_ONE_NUMBER.fullmatch, parts)):
        wanted = "a number" if count == 1 else f"{count} numbers with commas between"
        raise InvalidParameter(name, f"Parameter {name} is {text[:40]!r}; it must be {wanted}.")
    values = [float(part) for part in parts]
    if not all(map(math.isfinite, values)):
        raise InvalidParameter(name, f"Parameter {name} must be finite.")
    return values


def _bbox_fault(reason: str) -> InvalidParameter:
    return InvalidParameter("bbox", f"Parameter bbox {reason}.")


def _equal(given: Mapping[str, str], declared: _Declared) -> dict[str, str]:
    """Return the values that properties must have, each of the kind of its property."""
    equal = {name: value for name, value in given.items() if name in declared.equal}
    for name, value in equal.items():
        kind = declared.kinds[name]
        if kind == "number" and not _ONE_NUMBER.fullmatch(value):
            raise InvalidParameter(
                name, f"Parameter {name} is {value[:40]!r}; it must be a number."
            )
        if kind == "boolean" and value not in {"true", "false"}:
            raise InvalidParameter(name, f"Parameter {name} must be true or false.")
    return equal


def _condition(given: Mapping[str, str], declared: _Declared) -> Expression | None:
    language = given.get("filter-lang", "cql2-text")
    if language not in LANGUAGES:
        raise InvalidParameter(
            "filter-lang", f"Parameter filter-lang must be {' or '.join(LANGUAGES)}."
        )
    crs = given.get("filter-crs", CRS84_URI)
    find_crs(crs, "filter-crs")
    if "filter" not in given:
        return None
    kinds = tuple(declared.kinds.items())
    return _parsed_filter(given["filter"], LANGUAGES[LANGUAGES.index(language)], kinds, crs)


@lru_cache(maxsize=512)
def _parsed_filter(
    text: str, language: Language, kinds: tuple[tuple[str, Kind], ...], crs: str
) -> Expression:
    return parse_filter(text, language, dict(kinds), find_crs(crs, "filter-crs").to_crs84)


def _order(text: str, declared: _Declared) -> tuple[tuple[str, bool], ...]:
    """Return the keys of ``sortby``: names with + (or none) or - before them.

    A + that is not percent-encoded has become a space.
    """
    parts = [part.strip() for part in text.split(",")]
    keys = [(part.lstrip("+-"), part.startswith("-")) for part in parts]
    sortable = [name for name, kind in declared.kinds.items() if kind not in {"geometry", "list"}]
    for name, _ in keys:
        if name not in sortable:
            raise InvalidParameter(
                "sortby",
                f"Parameter sortby: {name[:60]!r} cannot be sorted by; there are "
                f"{', '.join(sortable)}, with - before them for the largest first.",
            )
    return tuple(dict(keys).items())


def _properties(text: str, layer: Layer) -> frozenset[str]:
    wanted = frozenset(name for name in text.split(",") if name)
    if unknown := wanted - layer.schema["properties"].keys():
        raise InvalidParameter(
            "properties",
            f"Parameter properties: {layer.id} has no {', '.join(sorted(unknown))[:100]}; there "
            f"are {', '.join(layer.schema['properties'])}.",
        )
    return wanted


def _truth(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise InvalidParameter(name, f"Parameter {name} must be true or false.")
    return text == "true"


def page_limit(text: str) -> int:
    """Return how many a page is to hold: what is beyond `MAXIMUM_LIMIT` is cut to it.

    Raises
    ------
    InvalidParameter
        If it is no whole number from 1.
    """
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
    # The + of a time zone that is not percent-encoded has become a space.
    parts = text.replace(" ", "+").split("/")
    open_end = {"", ".."}
    if len(parts) > 2 or (len(parts) == 1 and parts[0] in open_end):
        raise _datetime_fault()
    if not all(part in open_end or _is_instant(part) for part in parts):
        raise _datetime_fault()
    days = [None if part in open_end else part[:10] for part in parts]
    if days[0] and days[-1] and days[0] > days[-1]:
        raise InvalidParameter("datetime", "Parameter datetime is reversed; the start comes first.")
    return days[0], days[-1]


def _is_instant(text: str) -> bool:
    """Tell whether a text is a day or time of the calendar; QGIS asks from the year 0 on."""
    if not _INSTANT.fullmatch(text):
        return False
    # The Gregorian calendar repeats itself after 400 years, and datetime begins with year 1.
    year, month, day = int(text[:4]) % 400 + 2000, int(text[5:7]), int(text[8:10])
    return day <= monthrange(year, month)[1]


def _datetime_fault() -> InvalidParameter:
    return InvalidParameter(
        "datetime",
        "Parameter datetime must be an RFC 3339 date or time, or two of them with / between "
        "(.. for an open end), as in 2021-01-01/2025-12-31.",
    )
