"""Rules that hold features against what is published of their layer now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.gcj02 import to_bd09, to_gcj02
from layers.measure import all_to_4548

from .geometry import place_of
from .rules import found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from layers.errors import Finding
    from layers.gcj02 import Positions
    from layers.model import Feature, Layer

    from .rules import Context

SHIFTED_M = 200.0
"""Median distance from the head above which a shift is looked for."""

BETTER = 3.0
"""How many times nearer a shifted head must be to be believed."""

JUMP_M = 500.0
JUMP_RATIO = 1.5
GONE = 0.5
"""Part of the head's features that may be missing before it is said."""

_FEWEST = 4
_SHIFTS: Mapping[str, Callable[[Positions], Positions]] = {
    "suspected-gcj02": to_gcj02,
    "suspected-bd09": to_bd09,
}
_WORDS = {"suspected-gcj02": "GCJ-02", "suspected-bd09": "BD-09"}


def check_head(layer: Layer, features: Sequence[Feature], context: Context) -> Iterator[Finding]:
    """Yield shifts of the whole layer, jumps of single features, and a head that is gone."""
    if not context.head:
        return
    before = {feature.id: feature for feature in context.head}
    yield from _gone(layer, features, before)
    moved = [
        feature
        for feature in features
        if feature.id in before and _differs(before[feature.id], feature)
    ]
    if not moved:
        return
    old = np.array([before[f.id].geometry for f in moved], dtype=object)
    new = np.array([f.geometry for f in moved], dtype=object)
    if finding := _shift(layer, moved, old, new):
        yield finding
        return
    yield from _jumps(layer, moved, all_to_4548(old), all_to_4548(new))


def _differs(old: Feature, new: Feature) -> bool:
    return (
        old.geometry is not None
        and new.geometry is not None
        and not new.geometry.is_empty
        and old.geometry.geom_type == new.geometry.geom_type
        and not shapely.equals_exact(old.geometry, new.geometry, tolerance=1e-7)
    )


def _gone(
    layer: Layer, features: Sequence[Feature], before: Mapping[str, Feature]
) -> Iterator[Finding]:
    gone = before.keys() - {feature.id for feature in features}
    if len(before) >= _FEWEST and len(gone) > GONE * len(before):
        message = f"{len(gone):,} of the {len(before):,} published features are not in it."
        yield found("many-removed", layer, None, "id", message)


def _shift(
    layer: Layer,
    moved: Sequence[Feature],
    old: NDArray[np.object_],
    new: NDArray[np.object_],
) -> Finding | None:
    """Return a finding if what is new lies where a shift would put what is published.

    The residual is the median distance of the centroids in EPSG:4548: boundary with boundary
    where ids match. One that is far under "no shift" and at least `BETTER` times nearer under a
    shift is that shift (a containment test proves nothing: 98.5 % of shifted points stay in the
    district).
    """
    published, uploaded = (_centroids(each) for each in (old, new))
    plain = _residual(published, uploaded)
    if plain < SHIFTED_M:
        return None
    residuals = {code: _residual(shift(published), uploaded) for code, shift in _SHIFTS.items()}
    code = min(residuals, key=lambda each: residuals[each])
    if residuals[code] * BETTER > plain:
        return None
    geometry = moved[0].geometry
    return found(
        code,
        layer,
        None,
        "geometry",
        f"{len(moved):,} features lie {plain:,.0f} m from where they are published, and only "
        f"{residuals[code]:,.1f} m from there in {_WORDS[code]}.",
        place=None if geometry is None else place_of(geometry),
    )


def _centroids(shapes: NDArray[np.object_]) -> Positions:
    return np.asarray(shapely.get_coordinates(shapely.centroid(shapes)), dtype=np.float64)


def _residual(one: Positions, other: Positions) -> float:
    a, b = (all_to_4548(np.asarray(shapely.points(each))) for each in (one, other))
    return float(np.median(shapely.distance(a, b)))


def _jumps(
    layer: Layer,
    moved: Sequence[Feature],
    old: NDArray[np.object_],
    new: NDArray[np.object_],
) -> Iterator[Finding]:
    distances = shapely.distance(shapely.centroid(old), shapely.centroid(new))
    before, after = shapely.area(old), shapely.area(new)
    for feature, distance, was, is_ in zip(moved, distances, before, after, strict=True):
        geometry = feature.geometry
        place = None if geometry is None else place_of(geometry)
        uncertain = float(feature.properties.get("uncertainty_m") or 0)
        if distance > max(JUMP_M, uncertain):
            message = f"moved {distance:,.0f} m against what is published."
            yield found("jump-place", layer, feature, "geometry", message, place=place)
        if min(was, is_) > 0 and max(was, is_) > JUMP_RATIO * min(was, is_):
            message = f"has {is_:,.0f} m²; published are {was:,.0f} m²."
            yield found("jump-area", layer, feature, "geometry", message, place=place)
