"""Rules that hold features against the plan: citations, parents, zones and spatial statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from layers.geojson import DECIMALS
from layers.measure import to_4548
from layers.plan import Citation
from layers.statements import check_statements

from .geometry import place_of
from .rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from layers.errors import Finding
    from layers.model import Feature, Layer
    from layers.plan import Outline

    from .rules import Context

TOUCH_DEGREES = 10.0**-DECIMALS
"""How far a vertex may stand outside its zone: the rounding of a published coordinate."""


def check_citations(
    layer: Layer, features: Sequence[Feature], context: Context
) -> Iterator[Finding]:
    """Yield citations of paragraphs that no plan has."""
    for feature in features:
        for record in feature.properties.get("citations") or []:
            if fault := _citation_fault(record, context.outlines):
                yield found("citation", layer, feature, "citations", fault)


def check_parents(layer: Layer, features: Sequence[Feature], context: Context) -> Iterator[Finding]:
    """Yield parents that are no other feature of the atlas."""
    if "parent" not in layer.schema["properties"]:
        return
    known = {f.id for members in context.layers.values() for f in members}
    for feature in features:
        parent = feature.properties.get("parent")
        if parent is not None and (parent not in known or parent == feature.id):
            message = f"{parent!r} is no other feature of the atlas."
            yield found("parent", layer, feature, "parent", message, value=str(parent))


def check_zones(
    layer: Layer, features: Sequence[Feature], context: Context, zones: str
) -> Iterator[Finding]:
    """Yield features that reach out of the zone that they name."""
    areas = {z.properties["name"]: z.geometry for z in context.layers[zones]}
    for feature in features:
        zone = areas.get(feature.properties.get("zone"))
        if zone is None or feature.geometry is None:
            continue
        if not zone.buffer(TOUCH_DEGREES).covers(feature.geometry):
            outside_m = _distance_outside(feature.geometry, zone)
            message = f"reaches {outside_m:.0f} m out of {feature.properties['zone']}."
            yield found(
                "zone-attribute",
                layer,
                feature,
                "zone",
                message,
                place=place_of(feature.geometry),
                value=str(feature.properties["zone"]),
            )


def check_words(layer: Layer, features: Sequence[Feature], context: Context) -> Iterator[Finding]:
    """Yield spatial statements of the plan that fail for what is drawn."""
    own = {feature.id: feature for feature in features}
    if not context.statements or "citations" not in layer.schema["properties"]:
        return
    drawn = {
        feature.id: feature
        for members in [*context.layers.values(), features]
        for feature in members
        if feature.geometry is not None and "uncertainty_m" in feature.properties
    }
    concerned = [
        each
        for each in context.statements
        if each.subject.id in own or any(party.id in own for party in each.objects)
    ]
    results = check_statements(
        concerned,
        {id_: each.geometry for id_, each in drawn.items() if each.geometry is not None},
        {id_: float(each.properties["uncertainty_m"] or 0) for id_, each in drawn.items()},
    )
    for result in results:
        if result.outcome == "fails":
            statement = result.statement
            ids = [statement.subject.id, *(party.id for party in statement.objects)]
            feature = next(own[id_] for id_ in ids if id_ in own)
            shape = feature.geometry
            yield found(
                "statement",
                layer,
                feature,
                "geometry",
                f"{statement.citations[0]}, statement {statement.id}: {result.reason_en}",
                place=None if shape is None else place_of(shape),
            )


def _citation_fault(record: Any, outlines: Mapping[str, Outline]) -> str | None:
    """Say why a record cites nothing; records that break the schema are its rule's business."""
    try:
        citation = Citation(**record)
    except TypeError:
        return None
    outline = outlines.get(citation.plan)
    if outline is None:
        return f"there is no plan {citation.plan}."
    if not outline.has(citation):
        return f"{citation} is not in the plan {citation.plan}."
    length = (citation.end or 0) - (citation.start or 0)
    if citation.quote is not None and length != len(citation.quote):
        return f"{citation}: “{citation.quote}” is {len(citation.quote)} characters long."
    return None


def _distance_outside(geometry: BaseGeometry, zone: BaseGeometry) -> float:
    zone_4548 = to_4548(zone)
    points = shapely.points(shapely.get_coordinates(to_4548(geometry)))
    return float(shapely.distance(points, zone_4548).max())
