"""How two states of a layer differ: features added, removed and changed, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from .geojson import feature_digest
from .measure import to_4548

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .model import Feature


class Changed(NamedTuple):
    """A feature that is in both states and not the same.

    Attributes
    ----------
    fields : Mapping
        Old and new value by the name of the property; None where it was not there.
    geometry : bool
        Whether the geometry differs.
    moved_m : float or None
        Largest distance between the outlines in EPSG:4548 metres (Hausdorff distance over
        vertices); None where a side has no geometry, 0 where it is the same.
    """

    id: str
    fields: Mapping[str, tuple[Any, Any]]
    geometry: bool
    moved_m: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one state of a layer into another."""

    added: tuple[Feature, ...]
    removed: tuple[Feature, ...]
    changed: tuple[Changed, ...]
    unchanged: int


def compare_features(old: Iterable[Feature], new: Iterable[Feature]) -> Difference:
    """Return how two states of a layer differ; features are known again by their ids."""
    before = {feature.id: feature for feature in old}
    after = {feature.id: feature for feature in new}
    common = [(before[id_], feature) for id_, feature in after.items() if id_ in before]
    differing = [(a, b) for a, b in common if feature_digest(a) != feature_digest(b)]
    return Difference(
        added=tuple(feature for id_, feature in after.items() if id_ not in before),
        removed=tuple(feature for id_, feature in before.items() if id_ not in after),
        changed=tuple(_changed(a, b) for a, b in differing),
        unchanged=len(common) - len(differing),
    )


def _changed(old: Feature, new: Feature) -> Changed:
    names = dict.fromkeys([*old.properties, *new.properties])
    fields = {
        name: (old.properties.get(name), new.properties.get(name))
        for name in names
        if old.properties.get(name) != new.properties.get(name)
    }
    moved = _moved_m(old, new)
    none_now = (old.geometry is None) != (new.geometry is None)
    return Changed(new.id, fields, none_now or bool(moved), moved)


def _moved_m(old: Feature, new: Feature) -> float | None:
    if old.geometry is None or new.geometry is None:
        return None
    if shapely.equals_exact(old.geometry, new.geometry):
        return 0.0
    return float(shapely.hausdorff_distance(to_4548(old.geometry), to_4548(new.geometry)))
