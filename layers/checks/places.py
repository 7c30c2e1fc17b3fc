"""A rule for places that were drawn by hand: where they come from is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layers.geojson import geometry_document

from .geometry import place_of
from .rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from layers.errors import Finding
    from layers.model import Feature, Layer

STATED = ("geometry_source", "geometry_method", "precision", "uncertainty_m")
"""What says where a place comes from and how sure it is, where a layer has such properties."""


def check_stated(
    layer: Layer, features: Sequence[Feature], before: Sequence[Feature]
) -> Iterator[Finding]:
    """Yield drawn features that do not say where their place comes from, or how sure it is.

    Parameters
    ----------
    features : sequence of Feature
        That were changed by hand.
    before : sequence of Feature
        As they were; where they still are there, nobody has to say more of it.
    """
    asked = [name for name in STATED if name in layer.schema["properties"]]
    drawn = {each.id for each in features}
    known = {each.id: _place(each) for each in before if each.id in drawn}
    for feature in features:
        if feature.geometry is None or _place(feature) == known.get(feature.id):
            continue
        for name in asked:
            if feature.properties.get(name) in (None, ""):
                message = "is not stated; a place that was drawn needs it."
                place = place_of(feature.geometry)
                yield found("place-unstated", layer, feature, name, message, place=place)


def _place(feature: Feature) -> dict[str, Any] | None:
    return None if feature.geometry is None else geometry_document(feature.geometry)
