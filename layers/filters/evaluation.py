"""Find the features of a packed layer that meet an expression.

Conditions are three-valued as in SQL: what is compared with a missing value is unknown, and only
what is true is found (OGC 21-065r2, section 6.3). Indexes name candidates first; the columns of
those are then computed whole, not feature by feature.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from layers.errors import InvalidParameter
from layers.model import BBox

from .expression import (
    ARITHMETIC,
    ARRAYS,
    GEOMETRY,
    RELATIONS,
    SPATIAL,
    TEMPORAL,
    Call,
    Literal,
    Property,
    moment_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from layers.indexes import Indexes
    from layers.packed import Packed, Positions

    from .expression import Expression

_UNKNOWN = pa.scalar(None, pa.bool_())


def find(expression: Expression, packed: Packed, indexes: Indexes) -> Positions:
    """Return the features that meet a condition.

    Raises
    ------
    InvalidParameter
        If it cannot be computed.
    """
    candidates, settled = _candidates(expression, indexes)
    if candidates is None:
        candidates = np.arange(len(packed), dtype=np.uint32)
    if settled or not len(candidates):
        return candidates
    try:
        truth = _Evaluation(packed, candidates).boolean(expression)
    except (pa.ArrowException, shapely.errors.ShapelyError) as error:
        raise InvalidParameter(
            "filter", f"Parameter filter cannot be computed: {str(error).splitlines()[0]}."
        ) from None
    if isinstance(truth, pa.Scalar):
        return candidates if truth.as_py() else candidates[:0]
    met = pc.fill_null(truth, False).to_numpy(zero_copy_only=False)
    found: Positions = candidates[met]
    return found


def indexed_names(expression: Expression) -> set[str] | None:
    """Return the properties whose indexes alone answer a condition; None if they do not."""
    if not isinstance(expression, Call):
        return None
    if expression.op == "and":
        parts = [indexed_names(each) for each in expression.args]
        known = [names for names in parts if names is not None]
        return set().union(*known) if len(known) == len(parts) else None
    first = expression.args[0]
    if expression.op in {"=", "in"} and isinstance(first, Property):
        return {first.name} if _is_indexed(first, expression.args[1:]) else None
    return None


def _is_indexed(name: Property, values: tuple[Expression, ...]) -> bool:
    return name.kind in {"text", "number", "boolean"} and all(
        isinstance(each, Literal) and each.kind == name.kind for each in values
    )


def _candidates(expression: Expression, indexes: Indexes) -> tuple[Positions | None, bool]:
    """Return what the indexes say: candidates (None for all), and whether they are the answer."""
    if not isinstance(expression, Call):
        return None, False
    if expression.op == "and":
        parts = [_candidates(each, indexes) for each in expression.args]
        known = [positions for positions, _ in parts if positions is not None]
        if not known:
            return None, False
        common = reduce(_common, sorted(known, key=len))
        return common, all(settled for _, settled in parts)
    if expression.op in {"=", "in"} and isinstance(expression.args[0], Property):
        return _equal(expression.args[0], expression.args[1:], indexes)
    if expression.op in _LOCAL:
        return _near(expression, indexes)
    return None, False


def _equal(
    name: Property, values: tuple[Expression, ...], indexes: Indexes
) -> tuple[Positions | None, bool]:
    if not _is_indexed(name, values):
        return None, False
    constants = {each.value for each in values if isinstance(each, Literal)}
    found = [indexes.equal(name.name, value) for value in constants]
    if len(found) == 1:
        return found[0], True
    return np.unique(np.concatenate([*found, np.array([], dtype=np.uint32)])), True


_LOCAL = SPATIAL - {"s_disjoint"}
"""Relations that need a common point."""


def _near(expression: Call, indexes: Indexes) -> tuple[Positions | None, bool]:
    shapes = [each.value for each in expression.args if isinstance(each, Literal)]
    if len(shapes) != 1 or shapes[0] is None:
        return None, False
    if expression.op == "s_intersects":
        return indexes.boxes.intersecting(shapes[0]), True
    return indexes.boxes.candidates(BBox(*shapes[0].bounds)), False


def _common(one: Positions, other: Positions) -> Positions:
    return np.intersect1d(one, other, assume_unique=True)


class _Evaluation:
    """Computes expressions over some features of a layer.

    A value is an Arrow array with one entry for each of them, or an Arrow scalar.
    """

    def __init__(self, packed: Packed, positions: Positions) -> None:
        self._packed = packed
        self._positions = positions
        self._known: dict[Property, Any] = {}

    def boolean(self, node: Expression) -> Any:
        """Return whether each feature meets a condition."""
        if not isinstance(node, Call):
            return self.value(node)
        if node.op in _LOGIC:
            return reduce(_LOGIC[node.op], [self.boolean(each) for each in node.args])
        if node.op == "not":
            return pc.invert(self.boolean(node.args[0]))
        if node.op == "isnull":
            return self._is_null(node.args[0])
        if node.op == "in":
            return self._in(node)
        if node.op == "like":
            return self._like(node)
        if node.op in SPATIAL:
            return self._spatial(node)
        if node.op in TEMPORAL:
            return self._temporal(node)
        if node.op in ARRAYS:
            return self._lists(node)
        first, second = map(self.value, node.args)
        if pa.types.is_null(first.type) or pa.types.is_null(second.type):
            return _UNKNOWN
        return _COMPARE[node.op](first, second)

    def value(self, node: Expression) -> Any:
        """Return a number, text, moment or boolean of each feature."""
        if isinstance(node, Property):
            if node not in self._known:
                self._known[node] = self._property(node)
            return self._known[node]
        if isinstance(node, Literal):
            return pa.scalar(node.value)
        if node.op in ARITHMETIC:
            return self._arithmetic(node)
        if node.op in {"casei", "accenti"}:
            return _FOLD[node.op](self.value(node.args[0]))
        return self.boolean(node)

    def _property(self, node: Property) -> Any:
        column = self._packed.ids if node.name == "id" else self._packed.columns[node.name]
        if len(self._positions) != len(self._packed):
            column = column.take(pa.array(self._positions))
        return _moments(column) if node.kind == "moment" else column

    def _is_null(self, node: Expression) -> Any:
        if isinstance(node, Property) and node.name == GEOMETRY:
            return pa.array(np.isnan(self._packed.boxes[self._positions, 0]))
        if node.kind in {"geometry", "interval"}:
            return pa.scalar(False)
        if node.kind == "list" and isinstance(node, Literal):
            return pa.scalar(False)
        return pc.is_null(self.boolean(node) if node.kind == "boolean" else self.value(node))

    def _in(self, node: Call) -> Any:
        value, *members = node.args
        if all(isinstance(each, Literal) and each.value is not None for each in members):
            found = self.value(value)
            constants = pa.array(
                [each.value for each in members if isinstance(each, Literal)], found.type
            )
            return pc.if_else(pc.is_null(found), _UNKNOWN, pc.is_in(found, value_set=constants))
        tests = [Call("=", (value, each), "boolean") for each in members]
        return reduce(pc.or_kleene, [self.boolean(each) for each in tests])

    def _like(self, node: Call) -> Any:
        text = node.args[0]
        values = (
            self._property(Property(text.name, "text"))
            if isinstance(text, Property)
            else self.value(text)
        )
        pattern = self.value(node.args[1]).as_py()
        return pc.match_like(values, pattern)

    def _arithmetic(self, node: Call) -> Any:
        values = [self.value(each) for each in node.args]
        if any(pa.types.is_null(each.type) for each in values):
            return pa.scalar(None, pa.float64())
        numbers = [each.cast(pa.float64()) for each in values]
        if len(numbers) == 1:
            return pc.negate(numbers[0])
        if node.op in {"/", "%", "div"}:
            zero = pc.equal(numbers[1], 0.0)
            numbers[1] = pc.if_else(zero, pa.scalar(None, pa.float64()), numbers[1])
        return _COMPUTE[node.op](*numbers)

    def _shapes(self, node: Expression) -> Any:
        if isinstance(node, Literal):
            return node.value
        return self._packed.geometries(self._positions)

    def _spatial(self, node: Call) -> Any:
        first, second = map(self._shapes, node.args)
        if first is None or second is None:
            return _UNKNOWN
        truth = np.atleast_1d(getattr(shapely, node.op.removeprefix("s_"))(first, second))
        missing = np.atleast_1d(shapely.is_missing(first) | shapely.is_missing(second))
        if len(truth) == 1 != len(self._positions):
            return pa.scalar(bool(truth[0]))
        return pa.array(truth, mask=missing)

    def _temporal(self, node: Call) -> Any:
        ends = [end for each in node.args for end in self._span(each)]
        relation = RELATIONS["t_intersects" if node.op == "t_disjoint" else node.op]
        tests = [_COMPARE[op](ends[one], ends[other]) for one, op, other in relation]
        met = reduce(pc.and_kleene, tests)
        return pc.invert(met) if node.op == "t_disjoint" else met

    def _span(self, node: Expression) -> tuple[Any, Any]:
        if isinstance(node, Call) and node.op == "interval":
            return self.value(node.args[0]), self.value(node.args[1])
        moment = self.value(node)
        return moment, moment

    def _lists(self, node: Call) -> Any:
        first, second = map(self._members, node.args)
        test = _SETS[node.op]
        if isinstance(first, frozenset) and isinstance(second, frozenset):
            return pa.scalar(test(first, second))
        length = len(self._positions)
        pairs = zip(_repeated(first, length), _repeated(second, length), strict=True)
        return pa.array(
            [None if one is None or other is None else test(one, other) for one, other in pairs],
            pa.bool_(),
        )

    def _members(self, node: Expression) -> Any:
        if isinstance(node, Literal):
            return frozenset(each.value for each in node.value)
        return [None if each is None else frozenset(each) for each in self.value(node).to_pylist()]


def _repeated(value: Any, length: int) -> list[Any]:
    return [value] * length if isinstance(value, frozenset) else value


def _moments(column: pa.Array) -> pa.Array:
    """Return texts as microseconds since 1970; what is no moment has none."""
    encoded = column.dictionary_encode()
    known = [_or_none(each) for each in encoded.dictionary.to_pylist()]
    return pa.array(known, pa.float64()).take(encoded.indices)


def _or_none(text: str) -> float | None:
    try:
        return moment_of(text)
    except ValueError:
        return None


def _without_accents(values: Any) -> Any:
    apart = pc.utf8_normalize(values, form="NFD")
    return pc.replace_substring_regex(apart, pattern=r"\p{Mn}", replacement="")


def _divided(number: Any, divisor: Any) -> Any:
    return pc.trunc(pc.divide(number, divisor))


def _remainder(number: Any, divisor: Any) -> Any:
    return pc.subtract(number, pc.multiply(_divided(number, divisor), divisor))


_LOGIC: Mapping[str, Callable[[Any, Any], Any]] = {"and": pc.and_kleene, "or": pc.or_kleene}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    ">": pc.greater,
    "<=": pc.less_equal,
    ">=": pc.greater_equal,
}

_COMPUTE: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": pc.add,
    "-": pc.subtract,
    "*": pc.multiply,
    "/": pc.divide,
    "%": _remainder,
    "div": _divided,
    "^": pc.power,
}
_FOLD: Mapping[str, Callable[[Any], Any]] = {
    "casei": pc.utf8_lower,
    "accenti": _without_accents,
}
_SETS: Mapping[str, Callable[[frozenset[Any], frozenset[Any]], bool]] = {
    "a_contains": lambda one, other: one >= other,
    "a_containedby": lambda one, other: one <= other,
    "a_equals": lambda one, other: one == other,
    "a_overlaps": lambda one, other: not one.isdisjoint(other),
}
