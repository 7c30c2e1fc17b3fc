"""What of the atlas an address leaves: by facets, and by a year of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from app.api.years import filtered, year_filter
from app.maps.styles import is_ground
from layers.errors import InvalidParameter
from layers.facets import meets

from .strings import SCRIPT_STRINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wording import Wording
    from layers.facets import Selection
    from layers.model import Feature, Layer
    from layers.snapshot import Atlas
    from layers.years import YearFilter


class Narrowed(NamedTuple):
    """What of the atlas an address leaves in the list.

    Attributes
    ----------
    selection : Mapping
        Chosen values by facet.
    year : YearFilter or None
    unread : str
        A year that is none of the plan's; all years are shown.
    """

    selection: Selection
    year: YearFilter | None = None
    unread: str = ""

    def leaves(self, layer: Layer, feature: Feature) -> bool:
        """Tell whether a feature stays in the list."""
        if is_ground(layer.style):
            return True
        in_year = self.year is None or self.year.leaves(f"{layer.id}/{feature.id}")
        return in_year and meets(feature, self.selection)

    def is_undated(self, layer: Layer, feature: Feature) -> bool:
        """Tell whether a feature stays though the plan does not date it."""
        return self.year is not None and self.year.is_undated(f"{layer.id}/{feature.id}")


def chosen_year(given: Mapping[str, str], atlas: Atlas) -> tuple[YearFilter | None, str]:
    """Return the year that an address leaves; what it says instead where that is none."""
    # As the page's own script reads it.
    hides = given.get("undated") == "off"
    try:
        return year_filter({**given, "undated": "off" if hides else ""}, atlas), ""
    except InvalidParameter:
        return None, given["year"][:40]


def year_sentence(atlas: Atlas, words: Wording, shown: Narrowed) -> str:
    """Return which layers a year moves, how much it leaves, and what has no date."""
    year = shown.year
    if year is None:
        sentence = "规划里没有“{year}”这一步，显示的是全部年份。"
        return words.say(sentence, year=shown.unread) if shown.unread else ""
    refs = filtered(atlas)
    ids = dict.fromkeys(ref.partition("/")[0] for ref in refs)
    moved = [words.title(atlas.layers[id_].layer) for id_ in ids]
    return words.say(
        SCRIPT_STRINGS["yearShown" if year.is_undated_shown else "yearOnly"],
        year=year.year,
        layers=(", " if words.language == "en" else "、").join(moved),
        left=sum(map(year.leaves, refs)),
        undated=sum(map(year.is_undated, refs)),
    )


def year_query(year: YearFilter | None) -> list[str]:
    """Return what of an address keeps a year."""
    if year is None:
        return []
    return [f"year={year.year}", *([] if year.is_undated_shown else ["undated=off"])]
