"""Three-way merge of a feature: what two people made of one state, put together where it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from .geojson import feature_digest
from .model import Feature

if TYPE_CHECKING:
    from collections.abc import Mapping

Side: TypeAlias = Literal["theirs", "mine"]

WHOLE = "#feature"
"""Names the feature itself among its fields, where one side has removed it."""

GEOMETRY = "#geometry"


class Conflict(NamedTuple):
    """A field that both sides have changed, and not to the same.

    Attributes
    ----------
    field : str
        Name of a property, `GEOMETRY`, or `WHOLE`.
    base, theirs, mine : object
        Its values; geometries, or features for `WHOLE`, None where there is none.
    """

    field: str
    base: Any
    theirs: Any
    mine: Any


class Merged(NamedTuple):
    """What comes out of a merge.

    Attributes
    ----------
    feature : Feature or None
        With mine where there is a conflict that nobody has decided; None if it is removed.
    conflicts : tuple of Conflict
        Those that nobody has decided.
    """

    feature: Feature | None
    conflicts: tuple[Conflict, ...]


def merge(
    base: Feature | None,
    theirs: Feature | None,
    mine: Feature | None,
    decided: Mapping[str, Side] | None = None,
) -> Merged:
    """Return what two states of a feature, made from one, are together.

    Fields that one side has changed are taken from it; those that both have changed to the same
    are no conflict.

    Parameters
    ----------
    base, theirs, mine : Feature or None
        None where it is not there.
    decided : Mapping, optional
        Which side a field is taken from, by its name.
    """
    chosen = decided or {}
    if _is_same(theirs, mine) or _is_same(base, theirs):
        return Merged(mine, ())
    if _is_same(base, mine):
        return Merged(theirs, ())
    if base is None or theirs is None or mine is None:
        if (side := chosen.get(WHOLE)) is not None:
            return Merged(theirs if side == "theirs" else mine, ())
        return Merged(mine, (Conflict(WHOLE, base, theirs, mine),))
    return _merge_fields(base, theirs, mine, chosen)


def _merge_fields(
    base: Feature, theirs: Feature, mine: Feature, chosen: Mapping[str, Side]
) -> Merged:
    conflicts: list[Conflict] = []

    def one_of(field: str, before: Any, other: Any, own: Any) -> Any:
        if other == own or before == other:
            return own
        if before == own:
            return other
        if (side := chosen.get(field)) is None:
            conflicts.append(Conflict(field, before, other, own))
        return other if side == "theirs" else own

    names = dict.fromkeys([*mine.properties, *theirs.properties])
    properties = {
        name: one_of(
            name,
            base.properties.get(name),
            theirs.properties.get(name),
            mine.properties.get(name),
        )
        for name in names
    }
    geometry = one_of(GEOMETRY, base.geometry, theirs.geometry, mine.geometry)
    return Merged(Feature(mine.id, geometry, properties), tuple(conflicts))


def _is_same(one: Feature | None, other: Feature | None) -> bool:
    if one is None or other is None:
        return one is other
    return feature_digest(one) == feature_digest(other)
