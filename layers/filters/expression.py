"""Read a CQL2 filter into a tree whose names and types are known to fit a layer."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from typing import Literal as OneOf

import cql2
import orjson
import pyarrow as pa
import shapely
from shapely.geometry import shape

from layers.errors import InvalidParameter
from layers.packed import column_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from layers.model import Layer

Kind: TypeAlias = OneOf[
    "boolean", "number", "text", "moment", "interval", "geometry", "list", "null"
]
Language: TypeAlias = OneOf["cql2-text", "cql2-json"]

LANGUAGES: tuple[Language, ...] = ("cql2-text", "cql2-json")
GEOMETRY = "geometry"
"""Name under which a feature's geometry is filtered by."""

LONGEST = 60_000
DEEPEST = 64
MOST_OPERATORS = 500
"""Beyond some 1,500 nested operators the library's parser ends the process (cql2 0.6.0)."""

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_SHAPE_TEXT = re.compile(
    r"\b(?:(?:MULTI)?(?:POINT|LINESTRING|POLYGON)|BBOX)\s*Z?\s*\([-+0-9eE.,()\s]*\)", re.IGNORECASE
)
_OPERATOR = re.compile(r"[-+*/%^=<>(]|\b(?:not|div)\b", re.IGNORECASE)


class Property(NamedTuple):
    """The value of a property, or the geometry."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Literal:
    """A constant.

    Attributes
    ----------
    value
        Boolean, float, text, microseconds since 1970 (UTC), a geometry in CRS84 degrees, a tuple of
        literals, or None.
    """

    value: Any
    kind: Kind


@dataclass(frozen=True)
class Call:
    """An operator or function and what it is applied to."""

    op: str
    args: tuple[Expression, ...]
    kind: Kind


Expression: TypeAlias = Property | Literal | Call


def queryable_kinds(layer: Layer) -> dict[str, Kind]:
    """Return what a layer can be filtered by: names and kinds of values."""
    kinds: dict[str, Kind] = {"id": "text", GEOMETRY: "geometry"}
    for name, type_ in column_types(layer).items():
        declared = layer.schema["properties"][name]
        if declared.get("format") in {"date", "date-time"}:
            kinds[name] = "moment"
        elif pa.types.is_list(type_):
            kinds[name] = "list"
        elif pa.types.is_boolean(type_):
            kinds[name] = "boolean"
        else:
            kinds[name] = "text" if type_ == pa.string() else "number"
    return kinds


def parse_filter(
    text: str,
    language: Language,
    kinds: Mapping[str, Kind],
    to_crs84: Callable[[BaseGeometry], BaseGeometry] | None = None,
) -> Expression:
    """Return the expression that a filter writes.

    Parameters
    ----------
    kinds : Mapping
        See `queryable_kinds`.
    to_crs84 : callable, optional
        Brings the filter's geometries to CRS84; without it they are.

    Raises
    ------
    InvalidParameter
        If it cannot be read, names what the layer does not have, compares what cannot be compared,
        or is too long or too deep to be read safely.

    References
    ----------
    .. [1] OGC 21-065r2, Common Query Language (CQL2), sections 6 and 7.
    """
    document = _read_text(text) if language == "cql2-text" else _read_json(text)
    expression = _Reading(kinds, to_crs84 or (lambda geometry: geometry)).read(document)
    if expression.kind != "boolean":
        raise _fault(f"it is no condition but a {expression.kind}; compare it with something")
    return expression


def _fault(reason: str) -> InvalidParameter:
    return InvalidParameter("filter", f"Parameter filter cannot be used: {reason}.")


def _read_text(text: str) -> Any:
    if len(text) > LONGEST:
        raise _fault(f"it has {len(text):,} characters; at most {LONGEST:,} are read")
    bare = _SHAPE_TEXT.sub("", _QUOTED.sub("", text))
    if len(_OPERATOR.findall(bare)) > MOST_OPERATORS or _depth(bare, "([", ")]") > DEEPEST:
        raise _fault(
            f"it has more than {MOST_OPERATORS} operators, or more than {DEEPEST} levels of "
            "parentheses; say it in several requests"
        )
    return _parsed(lambda: cql2.parse_text(text))


def _read_json(text: str) -> Any:
    if len(text) > LONGEST:
        raise _fault(f"it has {len(text):,} characters; at most {LONGEST:,} are read")
    if _depth(re.sub(r'"(?:[^"\\]|\\.)*"', "", text), "[{", "]}") > DEEPEST:
        raise _fault(f"it is nested more than {DEEPEST} levels deep")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _fault(f"it is no JSON ({error}), though filter-lang says cql2-json") from None
    return _parsed(lambda: cql2.parse_json(orjson.dumps(document).decode()))


def _parsed(parse: Callable[[], Any]) -> Any:
    try:
        return parse().to_json()
    except RecursionError:
        raise _fault("it is nested too deeply") from None
    except Exception as error:  # noqa: BLE001  the library raises nothing narrower
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = " ".join(lines[-1:]).lstrip("= ") or type(error).__name__
        where = re.search(r"--> \d+:(\d+)", str(error))
        at = f", at character {where.group(1)}" if where else ""
        raise _fault(f"it is no CQL2{at} ({_shortened(said)})") from None


def _shortened(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}..."


def _depth(text: str, opening: str, closing: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in opening:
            depth += 1
            deepest = max(deepest, depth)
        elif character in closing:
            depth -= 1
    return deepest


COMPARISONS = frozenset(["=", "<>", "<", ">", "<=", ">="])
ARITHMETIC = frozenset(["+", "-", "*", "/", "%", "div", "^"])
SPATIAL = frozenset(
    f"s_{name}"
    for name in (
        "intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains",
    )
)  # fmt: skip
TEMPORAL = frozenset(
    f"t_{name}"
    for name in (
        "after", "before", "contains", "disjoint", "during", "equals", "finishedby", "finishes",
        "intersects", "meets", "metby", "overlappedby", "overlaps", "startedby", "starts",
    )
)  # fmt: skip
RELATIONS: Mapping[str, tuple[tuple[int, str, int], ...]] = {
    "t_after": ((0, ">", 3),),
    "t_before": ((1, "<", 2),),
    "t_contains": ((0, "<", 2), (1, ">", 3)),
    "t_during": ((0, ">", 2), (1, "<", 3)),
    "t_equals": ((0, "=", 2), (1, "=", 3)),
    "t_finishedby": ((0, "<", 2), (1, "=", 3)),
    "t_finishes": ((0, ">", 2), (1, "=", 3)),
    "t_intersects": ((0, "<=", 3), (1, ">=", 2)),
    "t_meets": ((1, "=", 2),),
    "t_metby": ((0, "=", 3),),
    "t_overlappedby": ((0, ">", 2), (0, "<", 3), (1, ">", 3)),
    "t_overlaps": ((0, "<", 2), (1, ">", 2), (1, "<", 3)),
    "t_startedby": ((0, "=", 2), (1, ">", 3)),
    "t_starts": ((0, "=", 2), (1, "<", 3)),
}
"""What holds of the ends of two intervals: 0 and 1 are those of the first, 2 and 3 of the second.

OGC 21-065r2, section 7.7; names and meaning are those of OWL-Time. ``t_disjoint`` is the opposite
of ``t_intersects``.
"""

ARRAYS = frozenset(["a_contains", "a_containedby", "a_equals", "a_overlaps"])
_CASES = frozenset(["casei", "accenti"])


class _Reading:
    """Turns the library's JSON form of CQL2 into expressions (OGC 21-065r2, section 8.4)."""

    def __init__(
        self, kinds: Mapping[str, Kind], to_crs84: Callable[[BaseGeometry], BaseGeometry]
    ) -> None:
        self._kinds = kinds
        self._to_crs84 = to_crs84

    def read(self, node: Any) -> Expression:
        if isinstance(node, dict):
            return self._object(node)
        if isinstance(node, list):
            return Literal(tuple(self._constant(each) for each in node), "list")
        if node is None:
            return Literal(None, "null")
        if isinstance(node, bool):
            return Literal(node, "boolean")
        if isinstance(node, int | float):
            if not math.isfinite(node):
                raise _fault("a number is not finite")
            return Literal(float(node), "number")
        return Literal(_text(node), "text")

    def _object(self, node: Mapping[str, Any]) -> Expression:
        if "op" in node:
            return self._call(str(node["op"]).lower(), node.get("args", []))
        if "property" in node:
            return self._property(str(node["property"]))
        if "date" in node:
            return Literal(_moment(node["date"]), "moment")
        if "timestamp" in node:
            return Literal(_moment(node["timestamp"]), "moment")
        if "interval" in node:
            return self._interval(node["interval"])
        if "bbox" in node or "coordinates" in node or "geometries" in node:
            return Literal(self._to_crs84(_geometry(node)), "geometry")
        raise _fault(f"an object with {', '.join(sorted(node))[:80]} means nothing")

    def _constant(self, node: Any) -> Literal:
        read = self.read(node)
        if not isinstance(read, Literal):
            raise _fault("a list must hold constants")
        return read

    def _property(self, name: str) -> Property:
        if name not in self._kinds:
            listed = ", ".join(self._kinds)
            raise _fault(f"there is no queryable {name[:60]}; there are {listed}")
        return Property(name, self._kinds[name])

    def _interval(self, ends: Sequence[Any]) -> Expression:
        if len(ends) != 2:
            raise _fault("an interval has two ends")
        first, last = self._end(ends[0], -math.inf), self._end(ends[1], math.inf)
        if isinstance(first, Literal) and isinstance(last, Literal) and first.value > last.value:
            raise _fault("an interval is reversed; its start comes first")
        return Call("interval", (first, last), "interval")

    def _end(self, node: Any, unbounded: float) -> Expression:
        if isinstance(node, str):
            return Literal(unbounded if node == ".." else _moment(node), "moment")
        read = self.read(node)
        if read.kind != "moment":
            raise _fault("an interval has dates or timestamps at its ends")
        return read

    def _call(self, op: str, nodes: Sequence[Any]) -> Expression:
        if op in {"and", "or"}:
            if not nodes:
                raise _fault(f"{op} takes conditions, and there are none")
            return Call(op, tuple(self._condition(each) for each in nodes), "boolean")
        if op == "in":
            return self._in(nodes)
        args = tuple(self.read(each) for each in nodes)
        wanted = _ARITY.get(op)
        if wanted is None:
            raise _fault(f"there is no function {op[:40]}")
        if len(args) != wanted and not (op == "-" and len(args) == 1):
            raise _fault(f"{op} takes {wanted} arguments, not {len(args)}")
        return _CHECKS[op](op, args)

    def _condition(self, node: Any) -> Expression:
        read = self.read(node)
        if read.kind not in {"boolean", "null"}:
            raise _fault(f"a {read.kind} stands where a condition must")
        return read

    def _in(self, nodes: Sequence[Any]) -> Expression:
        if len(nodes) != 2 or not isinstance(nodes[1], list):
            raise _fault("IN takes a value and a list")
        value = self.read(nodes[0])
        members = tuple(self.read(each) for each in nodes[1])
        fitting = tuple(_fitted(value, each)[1] for each in members)
        return Call("in", (value, *fitting), "boolean")


def _text(node: Any) -> str:
    if not isinstance(node, str):
        raise _fault("it holds a value that is none")
    if "\0" in node:
        raise _fault("a text holds a NUL character")
    return node


def moment_of(text: str) -> float:
    """Return the microseconds since 1970 of a date or timestamp; a day begins at midnight UTC.

    Raises
    ------
    ValueError
        If it is neither (RFC 3339).
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6


def _moment(text: Any) -> float:
    try:
        return moment_of(str(text))
    except (ValueError, OverflowError):
        raise _fault(f"{str(text)[:40]!r} is no date and no timestamp (RFC 3339)") from None


def _geometry(node: Mapping[str, Any]) -> BaseGeometry:
    try:
        if "bbox" in node:
            return _box([float(each) for each in node["bbox"]])
        for ring in _rings(node):
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise _fault("a ring of a polygon is not closed; repeat its first position")
        geometry: BaseGeometry = shape(dict(node))
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
        raise _fault(f"a geometry cannot be built ({_shortened(str(error))})") from None
    coordinates = shapely.get_coordinates(geometry)
    if geometry.is_empty or not all(math.isfinite(each) for pair in coordinates for each in pair):
        raise _fault("a geometry is empty or has coordinates that are not finite")
    if not geometry.is_valid:
        raise _fault(f"a geometry is not valid ({shapely.is_valid_reason(geometry)})")
    return shapely.force_2d(geometry)


def _rings(node: Mapping[str, Any]) -> Sequence[Any]:
    if node.get("type") == "Polygon":
        return list(node["coordinates"])
    if node.get("type") == "MultiPolygon":
        return [ring for polygon in node["coordinates"] for ring in polygon]
    return ()


def _box(numbers: Sequence[float]) -> BaseGeometry:
    if len(numbers) not in {4, 6} or not all(map(math.isfinite, numbers)):
        raise _fault("a BBOX has 4 or 6 finite numbers")
    half = len(numbers) // 2
    west, south, east, north = *numbers[:2], *numbers[half : half + 2]
    if south > north:
        raise _fault("a BBOX is reversed; the order is west, south, east, north")
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.union(
        shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)
    )


def _fitted(one: Expression, other: Expression) -> tuple[Expression, Expression]:
    """Return two expressions that are compared; a text beside a moment is read as one."""
    if one.kind == "moment" and other.kind == "text" and isinstance(other, Literal):
        return one, Literal(_moment(other.value), "moment")
    if other.kind == "moment" and one.kind == "text" and isinstance(one, Literal):
        return Literal(_moment(one.value), "moment"), other
    if "null" not in {one.kind, other.kind} and one.kind != other.kind:
        raise _fault(f"{_named(one)} is a {one.kind} and {_named(other)} a {other.kind}")
    return one, other


def _named(expression: Expression) -> str:
    if isinstance(expression, Property):
        return expression.name
    if isinstance(expression, Literal):
        return repr(expression.value)[:40]
    return expression.op


def _comparison(op: str, args: tuple[Expression, ...]) -> Expression:
    first, second = _fitted(*args)
    if not {first.kind, second.kind} <= {"number", "text", "moment", "boolean", "null"}:
        raise _fault(f"{op} cannot compare a {first.kind}")
    if op not in {"=", "<>"} and "boolean" in {first.kind, second.kind}:
        raise _fault(f"{op} cannot compare a boolean")
    return Call(op, (first, second), "boolean")


def _between(op: str, args: tuple[Expression, ...]) -> Expression:
    value, low, high = args
    at_least = _comparison(">=", (value, low))
    at_most = _comparison("<=", (value, high))
    return Call("and", (at_least, at_most), "boolean")


def _like(op: str, args: tuple[Expression, ...]) -> Expression:
    if args[0].kind not in {"text", "moment"} or args[1].kind != "text":
        raise _fault("LIKE compares a text with a pattern")
    pattern = args[1]
    while isinstance(pattern, Call) and pattern.op in _CASES:
        (pattern,) = pattern.args
    if not isinstance(pattern, Literal):
        raise _fault("the pattern of LIKE must be a constant")
    return Call(op, args, "boolean")


def _all_of(kind: Kind, result: Kind) -> Callable[[str, tuple[Expression, ...]], Expression]:
    def check(op: str, args: tuple[Expression, ...]) -> Expression:
        for each in args:
            if each.kind not in {kind, "null"}:
                raise _fault(f"{op} takes a {kind}, and {_named(each)} is a {each.kind}")
        return Call(op, args, result)

    return check


def _temporal(op: str, args: tuple[Expression, ...]) -> Expression:
    read = tuple(
        Literal(_moment(each.value), "moment")
        if each.kind == "text" and isinstance(each, Literal)
        else each
        for each in args
    )
    for each in read:
        if each.kind not in {"moment", "interval"}:
            raise _fault(f"{op} takes dates, timestamps or intervals; {_named(each)} is none")
    return Call(op, read, "boolean")


def _any(op: str, args: tuple[Expression, ...]) -> Expression:
    return Call(op, args, "boolean")


_CHECKS: Mapping[str, Callable[[str, tuple[Expression, ...]], Expression]] = {
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(ARITHMETIC, _all_of("number", "number")),
    **dict.fromkeys(SPATIAL, _all_of("geometry", "boolean")),
    **dict.fromkeys(TEMPORAL, _temporal),
    **dict.fromkeys(ARRAYS, _all_of("list", "boolean")),
    **dict.fromkeys(_CASES, _all_of("text", "text")),
    "not": _all_of("boolean", "boolean"),
    "isnull": _any,
    "between": _between,
    "like": _like,
}
_ARITY: Mapping[str, int] = {
    **dict.fromkeys([*COMPARISONS, *ARITHMETIC, *SPATIAL, *TEMPORAL, *ARRAYS, "like"], 2),
    **dict.fromkeys([*_CASES, "not", "isnull"], 1),
    "between": 3,
}
