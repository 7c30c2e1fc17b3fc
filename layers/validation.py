"""Rules that published data keeps. A rule never raises: it yields findings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import shapely
from jsonschema import Draft202012Validator, FormatChecker

from .errors import Finding
from .geojson import DECIMALS
from .measure import to_4548
from .plan import Citation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from jsonschema.exceptions import ValidationError
    from shapely.geometry.base import BaseGeometry

    from .model import Feature, Layer
    from .plan import Outline

SLIVER_M2 = 0.01
"""Area in EPSG:4548 above which a gap or an overlap is one; below it is the noise of doubles."""

TOUCH_DEGREES = 10.0**-DECIMALS
"""How far a vertex may stand outside its zone: the rounding of a published coordinate."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at beside its own layer."""

    outlines: Mapping[str, Outline]
    layers: Mapping[str, Sequence[Feature]]


def check_layer(layer: Layer, features: Sequence[Feature], context: Context) -> list[Finding]:
    """Return what is wrong with a layer: the rules for every layer, then the declared checks."""
    rules = [_unique_ids, _fields, _geometry_types, _valid_geometry, _citations, _parents]
    findings = [finding for rule in rules for finding in rule(layer, features, context)]
    if findings:
        return findings
    return [
        finding
        for check in layer.checks
        for finding in _DECLARED[check.partition(":")[0]](
            layer, features, context, check.partition(":")[2]
        )
    ]


def known_checks() -> frozenset[str]:
    """Return the names that a catalogue may declare as checks, without their argument."""
    return frozenset(_DECLARED)


def _unique_ids(layer: Layer, features: Sequence[Feature], context: Context) -> Iterator[Finding]:
    for identifier, times in Counter(f.id for f in features).items():
        if times > 1:
            yield Finding(
                "unique-id", layer.file, identifier, "id", f"stands {times} times.", "Rename one."
            )


def _fields(layer: Layer, features: Sequence[Feature], context: Context) -> Iterator[Finding]:
    validator = Draft202012Validator(layer.schema, format_checker=FormatChecker())
    for feature in features:
        for error in validator.iter_errors(dict(feature.properties)):
            yield Finding("schema", layer.file, feature.id, _field_of(error), _reason(error), "")


def _field_of(error: ValidationError) -> str:
    if error.absolute_path:
        return ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        missing = set(error.validator_value) - set(error.instance)
        return ", ".join(sorted(missing))
    if error.validator == "additionalProperties":
        return ", ".join(sorted(set(error.instance) - set(error.schema.get("properties", {}))))
    return "properties"


def _reason(error: ValidationError) -> str:
    value = repr(error.instance)
    shown = value if len(value) <= 60 else f"{value[:57]}…"
    match error.validator:
        case "required":
            return "is missing."
        case "additionalProperties":
            return "is not declared in the catalogue."
        case "enum":
            allowed = ", ".join(str(code) for code in error.validator_value)
            return f"{shown} is not one of {allowed}."
        case "type":
            return f"{shown} must be of type {error.validator_value}."
        case _:
            return f"{shown} breaks {error.validator}: {error.validator_value}."


def _geometry_types(
    layer: Layer, features: Sequence[Feature], context: Context
) -> Iterator[Finding]:
    for feature in features:
        if feature.geometry is None:
            if layer.geometry_required:
                yield _geometry_finding(layer, feature, "geometry-type", "must not be null.")
        elif feature.geometry.geom_type not in layer.geometry_types:
            allowed = ", ".join(layer.geometry_types)
            reason = f"is a {feature.geometry.geom_type}; this layer holds {allowed}."
            yield _geometry_finding(layer, feature, "geometry-type", reason)


def _valid_geometry(
    layer: Layer, features: Sequence[Feature], context: Context
) -> Iterator[Finding]:
    for feature in features:
        if feature.geometry is not None and not feature.geometry.is_valid:
            reason = f"is not valid: {shapely.is_valid_reason(feature.geometry)}."
            yield _geometry_finding(layer, feature, "valid-geometry", reason)


def _geometry_finding(layer: Layer, feature: Feature, rule: str, reason: str) -> Finding:
    return Finding(rule, layer.file, feature.id, "geometry", reason, "")


def _citations(layer: Layer, features: Sequence[Feature], context: Context) -> Iterator[Finding]:
    for feature in features:
        for record in feature.properties.get("citations", []):
            if fault := _citation_fault(record, context.outlines):
                yield Finding(
                    "citation",
                    layer.file,
                    feature.id,
                    "citations",
                    fault,
                    "Cite a paragraph that the plan's outline has.",
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


def _parents(layer: Layer, features: Sequence[Feature], context: Context) -> Iterator[Finding]:
    known = {f.id for members in context.layers.values() for f in members}
    for feature in features:
        parent = feature.properties.get("parent")
        if parent is not None and (parent not in known or parent == feature.id):
            yield Finding(
                "parent",
                layer.file,
                feature.id,
                "parent",
                f"{parent!r} is no other feature of the atlas.",
                "Give an id that exists, or null.",
            )


def _inside_zone(
    layer: Layer, features: Sequence[Feature], context: Context, zones: str
) -> Iterator[Finding]:
    areas = {z.properties["name"]: z.geometry for z in context.layers[zones]}
    for feature in features:
        zone = areas.get(feature.properties.get("zone"))
        if zone is None or feature.geometry is None:
            continue
        if not zone.buffer(TOUCH_DEGREES).covers(feature.geometry):
            outside_m = _distance_outside(feature.geometry, zone)
            reason = f"reaches {outside_m:.0f} m out of {feature.properties['zone']}."
            yield _geometry_finding(layer, feature, "inside", reason)


def _distance_outside(geometry: BaseGeometry, zone: BaseGeometry) -> float:
    zone_4548 = to_4548(zone)
    points = shapely.points(shapely.get_coordinates(to_4548(geometry)))
    return float(shapely.distance(points, zone_4548).max())


def _tiles(
    layer: Layer, features: Sequence[Feature], context: Context, whole: str
) -> Iterator[Finding]:
    parts = {f.id: to_4548(f.geometry) for f in features if f.geometry is not None}
    frame = shapely.union_all(
        [to_4548(f.geometry) for f in context.layers[whole] if f.geometry is not None]
    )
    for (one, a), (other, b) in combinations(parts.items(), 2):
        if (area := shapely.intersection(a, b).area) > SLIVER_M2:
            yield _tile_finding(layer, one, f"overlaps {other} by {area:.2f} m².")
    union = shapely.union_all(list(parts.values()))
    if (area := shapely.difference(frame, union).area) > SLIVER_M2:
        yield _tile_finding(layer, None, f"leaves {area:.2f} m² of {whole} uncovered.")
    if (area := shapely.difference(union, frame).area) > SLIVER_M2:
        yield _tile_finding(layer, None, f"reaches {area:.2f} m² beyond {whole}.")


def _tile_finding(layer: Layer, feature_id: str | None, reason: str) -> Finding:
    remedy = "Give neighbours the same vertices along their common edge."
    return Finding("tiles", layer.file, feature_id, "geometry", reason, remedy)


_DECLARED: Mapping[str, Callable[[Layer, Sequence[Feature], Context, str], Iterable[Finding]]] = {
    "inside": _inside_zone,
    "tiles": _tiles,
}
