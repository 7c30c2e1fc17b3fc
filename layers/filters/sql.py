"""Say a filter in SQL for PostgreSQL with PostGIS, so that the database finds what `find` would.

Properties are members of a jsonb column. A value of another type than the layer declares is
missing, as it is in a packed layer; what is compared with a missing value is unknown.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import shapely
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from .expression import (
    ARITHMETIC,
    ARRAYS,
    COMPARISONS,
    GEOMETRY,
    RELATIONS,
    SPATIAL,
    TEMPORAL,
    Call,
    Literal,
    Property,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from .expression import Expression, Kind

    Sql = sa.ColumnElement[Any]

_UNKNOWN = sa.cast(sa.null(), sa.Boolean)


def conditions_of(expression: Expression, table: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    """Yield conditions that are all true for the features that meet an expression.

    What an index of the documents answers is said so that it does.

    Parameters
    ----------
    table : FromClause
        With the columns ``id``, ``document`` (jsonb), ``geometry`` and ``shape`` (EPSG:4326).
    """
    if isinstance(expression, Call) and expression.op == "and":
        for each in expression.args:
            yield from conditions_of(each, table)
        return
    indexed = _indexed(expression, table)
    yield _Translation(table).boolean(expression) if indexed is None else indexed


def _indexed(expression: Expression, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
    """Return a condition on the whole document; false instead of unknown, so not to be negated."""
    if not isinstance(expression, Call) or expression.op not in {"=", "in"}:
        return None
    first, *others = expression.args
    if not isinstance(first, Property) or first.name == "id" or len(others) > _FEW:
        return None
    if first.kind not in {"text", "number", "boolean"}:
        return None
    values = [each.value for each in others if isinstance(each, Literal)]
    if len(values) != len(others) or None in values:
        return None
    return sa.or_(*(table.c.document.contains({first.name: each}) for each in values))


_FEW = 20
"""Values of a list that are looked up in the index one by one."""


def typed(table: sa.FromClause, name: str, kind: Kind) -> Sql:
    """Return the value of a property, NULL where it is missing or of another type.

    Parameters
    ----------
    kind : Kind
        As `layers.filters.queryable_kinds` says; a moment is given as its text.
    """
    if name == "id":
        return table.c.id
    member = table.c.document[name]
    if kind in {"text", "moment"}:
        return _if_type(member, "string", table.c.document[name].astext)
    if kind == "list":
        return _if_type(member, "array", member)
    type_ = sa.Boolean if kind == "boolean" else sa.Double
    return _if_type(member, kind, sa.cast(member, type_))


def _if_type(member: Sql, name: str, value: Sql) -> Sql:
    return sa.case((sa.func.jsonb_typeof(member) == name, value))


def geometry_of(shape: BaseGeometry) -> Sql:
    """Return a geometry in CRS84 degrees as PostGIS knows it."""
    wkb = shapely.to_wkb(shape)
    return sa.func.ST_GeomFromWKB(sa.literal(wkb, sa.LargeBinary), 4326)


class _Translation:
    """Turns expressions into SQL over the columns of a table."""

    def __init__(self, table: sa.FromClause) -> None:
        self._table = table

    def boolean(self, node: Expression) -> sa.ColumnElement[bool]:
        """Return whether a feature meets a condition: true, false or NULL."""
        if not isinstance(node, Call):
            return self.value(node)
        if node.op in {"and", "or"}:
            join = sa.and_ if node.op == "and" else sa.or_
            return join(*map(self.boolean, node.args)).self_group()
        if node.op == "not":
            return sa.not_(self.boolean(node.args[0]).self_group())
        if node.op == "isnull":
            return self._is_null(node.args[0])
        for operators, translate in self._translations():
            if node.op in operators:
                return translate(node)
        raise AssertionError(node.op)

    def _translations(self) -> Sequence[tuple[Any, Callable[[Call], sa.ColumnElement[bool]]]]:
        return (
            (COMPARISONS, self._compared),
            (("in",), self._in),
            (("like",), self._like),
            (SPATIAL, self._spatial),
            (TEMPORAL, self._temporal),
            (ARRAYS, self._lists),
        )

    def value(self, node: Expression) -> Sql:
        """Return a number, text, moment, boolean, list or geometry of a feature."""
        if isinstance(node, Property):
            return self._property(node)
        if isinstance(node, Literal):
            return _constant(node)
        if node.op in ARITHMETIC:
            values = [sa.cast(self.value(each), sa.Double) for each in node.args]
            return -values[0] if len(values) == 1 else _COMPUTE[node.op](*values)
        if node.op in {"casei", "accenti"}:
            return _FOLD[node.op](sa.cast(self.value(node.args[0]), sa.Text))
        return self.boolean(node)

    def _property(self, node: Property) -> Sql:
        if node.name == GEOMETRY:
            return self._table.c.shape
        value = typed(self._table, node.name, node.kind)
        return _moment(value) if node.kind == "moment" else value

    def _compared(self, node: Call) -> sa.ColumnElement[bool]:
        first, second = node.args
        if "null" in {first.kind, second.kind}:
            return _UNKNOWN
        value = self.value(first)
        # Texts are compared by code point, whatever the locale of the database.
        left = sa.collate(value, "C") if first.kind == "text" else value
        return left.op(node.op, is_comparison=True, return_type=sa.Boolean())(self.value(second))

    def _is_null(self, node: Expression) -> sa.ColumnElement[bool]:
        if isinstance(node, Property) and node.name == GEOMETRY:
            return self._table.c.geometry.is_(None)
        if node.kind in {"geometry", "interval"} or (
            node.kind == "list" and isinstance(node, Literal)
        ):
            return sa.false()
        value = self.boolean(node) if node.kind == "boolean" else self.value(node)
        return value.self_group().is_(None)

    def _in(self, node: Call) -> sa.ColumnElement[bool]:
        value, *members = node.args
        constants = [each for each in members if isinstance(each, Literal)]
        if len(constants) != len(members) or any(each.value is None for each in constants):
            tests = [Call("=", (value, each), "boolean") for each in members]
            return sa.or_(*map(self.boolean, tests)).self_group()
        if value.kind == "null":
            return _UNKNOWN
        values = [each.value for each in constants]
        return self.value(value) == sa.any_(sa.literal(values, ARRAY(_TYPES[value.kind])))

    def _like(self, node: Call) -> sa.ColumnElement[bool]:
        text, pattern = node.args
        if isinstance(text, Property):
            text = Property(text.name, "text")
        return self.value(text).op("LIKE", is_comparison=True, return_type=sa.Boolean())(
            self.value(pattern)
        )

    def _spatial(self, node: Call) -> sa.ColumnElement[bool]:
        if any(each.kind == "null" for each in node.args):
            return _UNKNOWN
        name = f"ST_{node.op.removeprefix('s_').capitalize()}"
        found: sa.ColumnElement[bool] = getattr(sa.func, name)(
            *map(self.value, node.args), type_=sa.Boolean
        )
        return found

    def _temporal(self, node: Call) -> sa.ColumnElement[bool]:
        ends = [end for each in node.args for end in self._span(each)]
        tests = [
            ends[one].op(op, is_comparison=True, return_type=sa.Boolean())(ends[other])
            for one, op, other in RELATIONS["t_intersects" if node.op == "t_disjoint" else node.op]
        ]
        met = sa.and_(*tests).self_group()
        return sa.not_(met) if node.op == "t_disjoint" else met

    def _span(self, node: Expression) -> tuple[Sql, Sql]:
        if isinstance(node, Call) and node.op == "interval":
            return self.value(node.args[0]), self.value(node.args[1])
        moment = self.value(node)
        return moment, moment

    def _lists(self, node: Call) -> sa.ColumnElement[bool]:
        if any(each.kind == "null" for each in node.args):
            return _UNKNOWN
        first, second = map(self.value, node.args)
        if node.op == "a_overlaps":
            return _overlap(first, second)
        contains = first.op("@>", is_comparison=True, return_type=sa.Boolean())(second)
        contained = first.op("<@", is_comparison=True, return_type=sa.Boolean())(second)
        if node.op == "a_equals":
            return sa.and_(contains, contained).self_group()
        return contains if node.op == "a_contains" else contained


def _overlap(first: Sql, second: Sql) -> sa.ColumnElement[bool]:
    one, other = (
        sa.func.jsonb_array_elements(each).table_valued(sa.column("member", JSONB), name=name)
        for each, name in ((first, "one"), (second, "other"))
    )
    common = sa.select(1).select_from(one.join(other, one.c.member == other.c.member))
    return sa.case((sa.or_(first.is_(None), second.is_(None)), _UNKNOWN), else_=common.exists())


_TYPES: Mapping[str, type[sa.types.TypeEngine[Any]]] = {
    "text": sa.Text,
    "number": sa.Double,
    "moment": sa.Double,
    "boolean": sa.Boolean,
}


def _constant(node: Literal) -> Sql:
    if node.kind == "geometry":
        return geometry_of(node.value)
    if node.kind == "list":
        return sa.literal([each.value for each in node.value], JSONB)
    return sa.null() if node.value is None else sa.literal(node.value, _TYPES[node.kind])


# RFC 3339, section 5.6; days that there are, since the database refuses the others.
_DAY = (
    r"(?!0000)[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?!0000)(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
)
_TIME = r"[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_ZONE = r"[Zz]|[-+](?:0[0-9]|1[0-4]):[0-5][0-9]"
_MOMENT = f"^(?:{_DAY})(?:{_TIME}(?:{_ZONE})?)?$"


def _moment(text: Sql) -> Sql:
    """Return microseconds since 1970 of a text; NULL where it is no date or timestamp.

    The session must be in UTC.
    """
    seconds = sa.cast(sa.extract("epoch", sa.cast(text, sa.TIMESTAMP(timezone=True))), sa.Double)
    return sa.case((text.regexp_match(_MOMENT), seconds * sa.literal(1e6, sa.Double)))


@cache
def _marks() -> str:
    """Return a regular expression for the characters that stand on others (Unicode's Mn)."""
    codes = [c for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) == "Mn"]
    runs = [
        [code for _, code in run]
        for _, run in groupby(enumerate(codes), key=lambda each: each[1] - each[0])
    ]
    return f"[{''.join(f'{chr(run[0])}-{chr(run[-1])}' for run in runs)}]"


def _without_accents(text: Sql) -> Sql:
    apart = sa.func.normalize(text, sa.literal_column("NFD"), type_=sa.Text)
    return sa.func.regexp_replace(apart, _marks(), "", "g", type_=sa.Text)


def _not_zero(divisor: Sql) -> Sql:
    return sa.func.nullif(divisor, sa.literal(0.0, sa.Double), type_=sa.Double)


def _quotient(number: Sql, divisor: Sql) -> Sql:
    # SQLAlchemy would cast a plain division to NUMERIC.
    return number.op("/", return_type=sa.Double())(_not_zero(divisor))


def _divided(number: Sql, divisor: Sql) -> Sql:
    return sa.func.trunc(_quotient(number, divisor), type_=sa.Double)


_COMPUTE: Mapping[str, Callable[[Sql, Sql], Sql]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _quotient,
    "%": lambda one, other: one - _divided(one, other) * other,
    "div": _divided,
    "^": lambda one, other: sa.func.power(one, other, type_=sa.Double),
}
_FOLD: Mapping[str, Callable[[Sql], Sql]] = {
    "casei": lambda text: sa.func.lower(text, type_=sa.Text),
    "accenti": _without_accents,
}
