"""What the plan has in a zone: how large it is, what is in it, and what is said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import NotFound
from .measure import area_m2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .indicators import Indicator
    from .model import Feature, Layer
    from .snapshot import Atlas
    from .statements import Result


@dataclass(frozen=True, slots=True)
class Profile:
    """A zone.

    Attributes
    ----------
    area_m2 : float
        Geodesic, of the area as it is drawn.
    projects, places : tuple of (Layer, Feature)
        What the plan puts into it, in the plan's words or by inference.
    stages, industries, kinds : Mapping
        How many projects have a value; None for those of which the plan says none.
    results : tuple of Result
        Spatial statements about the zone or something in it.
    outcomes : Mapping
        How many of them hold, fail, and cannot be tested.
    figures : tuple of Indicator
        The plan's figures in sections and paragraphs that are about this zone alone.
    """

    zone: Feature
    area_m2: float
    projects: tuple[tuple[Layer, Feature], ...]
    places: tuple[tuple[Layer, Feature], ...]
    stages: Mapping[str | None, int]
    industries: Mapping[str | None, int]
    kinds: Mapping[str | None, int]
    results: tuple[Result, ...]
    outcomes: Mapping[str, int]
    figures: tuple[Indicator, ...]

    @property
    def mapped(self) -> int:
        """How many of the projects are drawn."""
        return sum(feature.geometry is not None for _, feature in self.projects)


def all_zones(atlas: Atlas) -> Sequence[Feature]:
    """Return the zones in the order of their layer; none where no such layer is published."""
    zones = atlas.listed.get("zones")
    return [] if zones is None else list(zones.features)


def zone_profile(atlas: Atlas, zone_id: str) -> Profile:
    """Return the profile of a zone.

    Raises
    ------
    NotFound
        If there is none of this id; the sentence says which there are.
    """
    zones = {each.id: each for each in all_zones(atlas)}
    if zone_id not in zones:
        known = ", ".join(zones) or "none"
        raise NotFound(f"There is no zone {zone_id}; the zones are {known}.")
    zone = zones[zone_id]
    projects = _members(atlas, "projects", zone)
    places = _members(atlas, "places", zone)
    inside = {zone.id, *(feature.id for _, feature in (*projects, *places))}
    results = tuple(
        each
        for each in atlas.results
        if each.statement.subject.id in inside
        or any(party.id == zone.id for party in each.statement.objects)
    )
    features = [feature for _, feature in projects]
    return Profile(
        zone,
        0.0 if zone.geometry is None else area_m2(zone.geometry),
        projects,
        places,
        Counter(each.properties.get("stage") for each in features),
        Counter(
            value for each in features for value in each.properties.get("industries") or [None]
        ),
        Counter(each.properties.get("kind") for each in features),
        results,
        Counter(each.outcome for each in results),
        _figures(atlas, zone),
    )


def _members(atlas: Atlas, layer_id: str, zone: Feature) -> tuple[tuple[Layer, Feature], ...]:
    snapshot = atlas.listed.get(layer_id)
    if snapshot is None:
        return ()
    name = zone.properties.get("name")
    return tuple(
        (snapshot.layer, each) for each in snapshot.features if each.properties.get("zone") == name
    )


def _figures(atlas: Atlas, zone: Feature) -> tuple[Indicator, ...]:
    """Return the figures that are about a zone and no other.

    Those stand in a section whose heading names it, or in a paragraph that names it alone.
    """
    mine = _cited(zone)
    others: set[tuple[int, int, int]] = set()
    for each in all_zones(atlas):
        others |= _cited(each) if each.id != zone.id else set()
    sections = {place[:2] for place in mine - others if place[2] == 0}
    found = []
    for figure in atlas.indicators.indicators:
        cited = figure.citation
        place = (cited.chapter, cited.section, cited.paragraph)
        if place[:2] in sections or place in mine - others:
            found.append(figure)
    return tuple(found)


def _cited(zone: Feature) -> set[tuple[int, int, int]]:
    """Return chapter, section and paragraph of the places that name a zone."""
    return {
        (int(each["chapter"]), int(each["section"]), int(each["paragraph"]))
        for each in zone.properties.get("citations") or []
    }
