"""Facets: the few questions by which features are narrowed down, with counts.

Values of one facet are alternatives, facets narrow each other. The count of a value says how many
features there would be if it were chosen beside what the other facets have chosen already.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from .errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .model import Feature

Selection: TypeAlias = "Mapping[str, frozenset[str]]"

NO_VALUE = "none"
"""Value of a facet for features that have none: no zone, no stage."""

_CHAPTER = re.compile("[0-9]{1,9}", re.ASCII)


def facet_values(facet: str, feature: Feature) -> tuple[str, ...]:
    """Return the values that a feature has of a facet; a feature cited in two chapters has two."""
    return _FACETS[facet](feature)


def parse_selection(given: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return what query parameters choose: values separated by commas, by facet.

    Parameters whose names are no facets are left out.

    Raises
    ------
    InvalidParameter
        If a chapter is no number, or `mapped` neither true nor false.
    """
    selection = {
        facet: frozenset(value.strip() for value in given[facet].split(",") if value.strip())
        for facet in FACETS
        if given.get(facet)
    }
    if not selection.get("mapped", frozenset()) <= {"true", "false"}:
        raise InvalidParameter("mapped", "Parameter mapped must be true or false.")
    if not all(_CHAPTER.fullmatch(value) for value in selection.get("chapter", ())):
        raise InvalidParameter("chapter", "Parameter chapter must be a number, or several: 3,4.")
    return selection


def meets(feature: Feature, selection: Selection) -> bool:
    """Tell whether a feature has one of the chosen values of every facet."""
    return all(
        not chosen.isdisjoint(facet_values(facet, feature)) for facet, chosen in selection.items()
    )


def count_facets(features: Iterable[Feature], selection: Selection) -> dict[str, dict[str, int]]:
    """Return how many features each value of each facet would leave.

    Returns
    -------
    dict
        Facet to value to count, the most frequent first; values that no feature has are not
        there, chosen ones always are.
    """
    known = list(features)
    counts: dict[str, dict[str, int]] = {}
    for facet in FACETS:
        others = {name: chosen for name, chosen in selection.items() if name != facet}
        found = Counter(
            value
            for feature in known
            if meets(feature, others)
            for value in facet_values(facet, feature)
        )
        for value in selection.get(facet, ()):
            found.setdefault(value, 0)
        counts[facet] = dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
    return counts


def _property(name: str) -> Callable[[Feature], tuple[str, ...]]:
    return lambda feature: (str(feature.properties.get(name) or NO_VALUE),)


def _chapters(feature: Feature) -> tuple[str, ...]:
    chapters = {int(citation["chapter"]) for citation in feature.properties.get("citations", ())}
    return tuple(str(chapter) for chapter in sorted(chapters))


def _mapped(feature: Feature) -> tuple[str, ...]:
    return ("false" if feature.geometry is None else "true",)


_FACETS: Mapping[str, Callable[[Feature], tuple[str, ...]]] = {
    "zone": _property("zone"),
    "kind": _property("kind"),
    "stage": _property("stage"),
    "commitment": _property("commitment"),
    "precision": _property("precision"),
    "chapter": _chapters,
    "mapped": _mapped,
}

FACETS = tuple(_FACETS)
"""Names of the facets, in the order in which they are shown."""
