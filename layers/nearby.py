"""What the plan has around a place, told apart by how sure each location is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from shapely.geometry import Point

from .measure import distances_m
from .places import features_near
from .snapshot import is_listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .model import Feature, Layer
    from .snapshot import Atlas

WITHIN_M = 2_000.0
"""Metres around a place that count as near it."""

_FARTHEST_M = 10_000.0
"""Beyond which no uncertainty makes a feature near."""

_SURE = frozenset(["P1", "P2"])


class Found(NamedTuple):
    """A feature and how far from the place it is drawn, in geodesic metres; 0 where it covers it.

    Attributes
    ----------
    distance_m : float or None
        None of what is not drawn.
    """

    layer: Layer
    feature: Feature
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """The line of a zone near a place.

    Attributes
    ----------
    distance_m : float
        From the place to the zone beyond the line.
    uncertainty_m : float
        By how much the line may be elsewhere; more than the distance.
    """

    zone: Feature
    distance_m: float
    uncertainty_m: float


@dataclass
class Nearby:
    """The answer.

    Attributes
    ----------
    zone : Feature or None
        The zone that the place lies in, as it is drawn.
    edges : list of Edge
        Other zones that it may belong to instead.
    outside_m : float
        Metres from the district; 0 inside it, or where no district is published.
    exact : list of Found
        What is known within 500 m (P1, P2) and is near, the nearest first.
    approximate : list of Found
        What is a sketch (P3, P4) and may be near, the nearest first.
    in_zone : list of Found
        What is not drawn, and the plan says in words to lie in the zone.
    listed : list of Found
        What is not drawn, and is in the zone's list by inference.
    elsewhere : int
        How many more are not drawn and in no zone.
    """

    zone: Feature | None = None
    edges: list[Edge] = field(default_factory=list)
    outside_m: float = 0.0
    exact: list[Found] = field(default_factory=list)
    approximate: list[Found] = field(default_factory=list)
    in_zone: list[Found] = field(default_factory=list)
    listed: list[Found] = field(default_factory=list)
    elsewhere: int = 0


def what_is_nearby(
    atlas: Atlas,
    longitude: float,
    latitude: float,
    *,
    ground: Collection[str],
    within_m: float = WITHIN_M,
) -> Nearby:
    """Return what the plan has around a place.

    Parameters
    ----------
    longitude, latitude : float
        CRS84 degrees.
    ground : collection of str
        Layers that everything lies on: the frame and the zones; they are not things nearby.
    within_m : float
        A sketch counts up to its own uncertainty beyond it, since it may be nearer than it is
        drawn.
    """
    answer = Nearby(outside_m=_outside(atlas, longitude, latitude))
    _put_zone(answer, atlas, longitude, latitude)
    for found in _drawn(atlas, longitude, latitude, ground, within_m):
        is_sure = found.feature.properties.get("precision") in _SURE
        (answer.exact if is_sure else answer.approximate).append(found)
    for group in (answer.exact, answer.approximate):
        group.sort(key=lambda each: each.distance_m or 0.0)
    _put_unmapped(answer, atlas, ground)
    return answer


def _features(atlas: Atlas, layer_id: str) -> Sequence[Feature]:
    return atlas.listed[layer_id].features if layer_id in atlas.listed else ()


def _outside(atlas: Atlas, longitude: float, latitude: float) -> float:
    shapes = [each.geometry for each in _features(atlas, "district") if each.geometry is not None]
    if not shapes:
        return 0.0
    return float(distances_m(longitude, latitude, np.array(shapes, dtype=object)).min())


def _put_zone(answer: Nearby, atlas: Atlas, longitude: float, latitude: float) -> None:
    """Note the zone of a place, and those that it may belong to since the lines are sketches."""
    here = Point(longitude, latitude)
    drawn = [
        (each, each.geometry) for each in _features(atlas, "zones") if each.geometry is not None
    ]
    answer.zone = next((zone for zone, area in drawn if area.covers(here)), None)
    others = [zone for zone, _ in drawn if zone is not answer.zone]
    if answer.zone is None or not others:
        return
    shapes = np.array([area for zone, area in drawn if zone is not answer.zone], dtype=object)
    for other, distance in zip(others, distances_m(longitude, latitude, shapes), strict=True):
        uncertainty = float(other.properties.get("uncertainty_m") or 0.0)
        if distance <= uncertainty:
            answer.edges.append(Edge(other, float(distance), uncertainty))


def _drawn(
    atlas: Atlas, longitude: float, latitude: float, ground: Collection[str], within_m: float
) -> Iterator[Found]:
    for snapshot in atlas.layers.values():
        if snapshot.layer.id in ground:
            continue
        # A layer that is not listed is a survey: its features are too many to be sketches.
        reach = _FARTHEST_M if is_listed(snapshot) else within_m
        for near in features_near(snapshot, longitude, latitude, reach):
            uncertainty = float(near.feature.properties.get("uncertainty_m") or 0.0)
            if near.distance_m <= within_m + uncertainty:
                yield Found(snapshot.layer, near.feature, near.distance_m)


def _put_unmapped(answer: Nearby, atlas: Atlas, ground: Collection[str]) -> None:
    zone = None if answer.zone is None else answer.zone.properties.get("name")
    # What is to be built is asked for more often than what is only named.
    for layer_id, snapshot in list(atlas.listed.items())[::-1]:
        for feature in () if layer_id in ground else snapshot.features:
            if feature.geometry is not None:
                continue
            found = Found(snapshot.layer, feature)
            if not feature.properties.get("zone"):
                answer.elsewhere += 1
            elif zone is not None and feature.properties["zone"] == zone:
                is_said = feature.properties.get("zone_basis") == "explicit"
                (answer.in_zone if is_said else answer.listed).append(found)
