"""What a query asks for, in SQL for PostgreSQL with PostGIS; `layers.snapshot` says the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import shapely
import sqlalchemy as sa

from .facets import NO_VALUE
from .filters import queryable_kinds
from .filters.sql import conditions_of, geometry_of, typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .filters import Kind
    from .model import BBox, Layer
    from .served import Query

    Condition = sa.ColumnElement[bool]


def is_public(layer: Layer, table: sa.FromClause) -> Condition:
    """Return the condition that a feature may be shown to anyone, see `Layer.is_public`."""
    said = table.c.document["access"].astext == "public"
    if layer.access != "public":
        return sa.func.coalesce(said, sa.false(), type_=sa.Boolean)
    silent = sa.not_(table.c.document.has_key("access"))
    return sa.func.coalesce(sa.or_(said, silent), sa.false(), type_=sa.Boolean)


def conditions(query: Query, layer: Layer, table: sa.FromClause) -> Iterator[Condition]:
    """Yield what the features that a query finds meet, all of it."""
    if query.bbox is not None:
        yield _touching(query.bbox, table)
    if query.area is not None:
        yield sa.func.ST_Intersects(table.c.shape, geometry_of(query.area), type_=sa.Boolean)
    kinds = queryable_kinds(layer)
    for name, text in query.equal.items():
        yield _equal(table, name, kinds[name], text)
    for facet, chosen in query.selection.items():
        yield _chosen(table, facet, chosen, kinds.get(facet))
    for name, limit, is_start in (
        ("valid_from", query.interval[1], True),
        ("valid_to", query.interval[0], False),
    ):
        if limit is not None and name in kinds:
            day = typed(table, name, "text")
            ordered = sa.collate(day, "C")
            yield sa.or_(day.is_(None), ordered <= limit if is_start else ordered >= limit)
    if query.condition is not None:
        yield from conditions_of(query.condition, table)


def meets_box(bbox: BBox, table: sa.FromClause) -> Condition:
    """Return the condition that the box of a feature meets a box in CRS84 degrees."""
    return table.c.shape.op("&&", is_comparison=True, return_type=sa.Boolean())(
        geometry_of(shapely.box(*bbox))
    )


def sort_keys(order: Sequence[tuple[str, bool]], layer: Layer, table: sa.FromClause) -> list[Any]:
    """Return what features are sorted by, before their place in the layer."""
    kinds = queryable_kinds(layer)
    values = [(typed(table, name, kinds[name]), kinds[name]) for name, _ in order]
    return [
        sa.collate(value, "C") if kind in {"text", "moment"} else value for value, kind in values
    ]


def in_order(
    keys: Sequence[Any], order: Sequence[tuple[str, bool]], table: sa.FromClause
) -> list[Any]:
    """Return how features are sorted: by some keys, what has none last, then by their place."""
    sorted_by = [
        (key.desc() if down else key.asc()).nulls_last()
        for key, (_, down) in zip(keys, order, strict=True)
    ]
    return [*sorted_by, table.c.position, table.c.id]


def behind(
    keys: Sequence[Any],
    order: Sequence[tuple[str, bool]],
    anchor: Sequence[Any],
    table: sa.FromClause,
) -> Condition:
    """Return the condition that a feature comes after another one.

    Parameters
    ----------
    anchor : sequence
        Position and id of that one, and its values of the keys.
    """
    position, feature_id, *values = anchor
    place = sa.tuple_(table.c.position, table.c.id) > sa.tuple_(
        sa.literal(position, sa.Double), sa.literal(feature_id, sa.Text)
    )
    later: Condition = place
    for key, (_, down), value in reversed(list(zip(keys, order, values, strict=True))):
        same = key.is_not_distinct_from(value)
        if value is None:
            later = sa.and_(same, later)
            continue
        beyond = key < value if down else key > value
        later = sa.or_(beyond, key.is_(None), sa.and_(same, later))
    return later


def _touching(bbox: BBox, table: sa.FromClause) -> Condition:
    if bbox.west > bbox.east:
        halves = bbox._replace(east=180.0), bbox._replace(west=-180.0)
        return sa.or_(*(_touching(half, table) for half in halves))
    box = geometry_of(shapely.box(*bbox))
    touches: Condition = sa.func.ST_Intersects(table.c.shape, box, type_=sa.Boolean)
    return touches


def _equal(table: sa.FromClause, name: str, kind: Kind, text: str) -> Condition:
    value: Any = text
    if kind == "boolean":
        value = {"true": True, "false": False}.get(text.lower())
    elif kind == "number":
        value = _number(text)
    elif "\0" in text:
        value = None
    if value is None:
        return sa.false()
    member: Condition = table.c.document.contains({name: [value] if kind == "list" else value})
    return member


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _chosen(
    table: sa.FromClause, facet: str, chosen: frozenset[str], kind: Kind | None
) -> Condition:
    if facet == "mapped":
        drawn = table.c.geometry.is_not(None)
        return sa.or_(
            sa.and_(drawn, sa.literal("true" in chosen)),
            sa.and_(sa.not_(drawn), sa.literal("false" in chosen)),
        )
    if facet == "chapter":
        chapters = [int(each) for each in chosen if str(int(each)) == each]
        forms = [form for each in chapters for form in (each, str(each))]
        cited = [table.c.document.contains({"citations": [{facet: form}]}) for form in forms]
        return sa.or_(sa.false(), *cited)
    if kind is None:
        # Nothing declares it: `layers.facets` takes what stands there as text.
        text = sa.func.nullif(table.c.document[facet].astext, "", type_=sa.Text)
        known = [each for each in chosen if "\0" not in each]
        return sa.func.coalesce(text, NO_VALUE, type_=sa.Text).in_(known)
    found = [_equal(table, facet, kind, value) for value in sorted(chosen - {NO_VALUE})]
    if NO_VALUE in chosen:
        found.append(typed(table, facet, kind).is_(None))
    return sa.or_(sa.false(), *found)
