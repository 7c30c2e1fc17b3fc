"""What a link to the map gives: what is known of it is shown, and the rest is said softly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.errors import InvalidParameter
from layers.facets import FACETS, NO_VALUE, count_facets, parse_selection
from layers.snapshot import is_listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.datastructures import QueryParams

    from app.wording import Wording
    from layers.facets import Selection
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

_LONGEST = 120
"""Characters that a notice repeats."""


def read_selection(query: QueryParams) -> tuple[Selection, list[str]]:
    """Return what a link chooses by facet, and what it gives that cannot be read.

    The map has days (``known``) and no revisions, which are numbered by layer.
    """
    selection: dict[str, frozenset[str]] = {}
    unread = [query["revision"]] if query.get("revision") else []
    for facet in FACETS:
        given = ",".join(query.getlist(facet))
        try:
            selection.update(parse_selection({facet: given}))
        except InvalidParameter:
            unread.append(given)
    return selection, unread


def known_values(
    atlas: Atlas, selection: Selection, drawn: Iterable[ServedLayer]
) -> tuple[Selection, list[str]]:
    """Return of what is chosen that which a facet can have, and the rest."""
    listed = [snapshot for snapshot in drawn if is_listed(snapshot)]
    features = [feature for snapshot in listed for feature in snapshot.features]
    counts = count_facets(features, {}) if selection else {}
    known: dict[str, frozenset[str]] = {}
    strange: list[str] = []
    for facet, chosen in selection.items():
        values = {NO_VALUE, *counts[facet], *atlas.catalogue.codes.get(facet, {})}
        left = chosen if facet == "mapped" else chosen & values
        if left:
            known[facet] = left
        strange += sorted(chosen - left)
    return known, strange


def link_notice(words: Wording, ref: str | None, unused: Sequence[str]) -> str | None:
    """Return what is said of a link: a feature that is not there, and what nothing can use."""
    said = []
    if ref:
        said.append(words.say("没有找到“{ref}”，已显示整个图集。", ref=ref))
    if unused:
        given = ", ".join(unused)[:_LONGEST]
        said.append(words.say("链接里的“{name}”用不了，已略去。", name=given))
    return " ".join(said) or None
