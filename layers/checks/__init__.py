"""Check features before they are published: small named rules, and a report of what they find.

A rule never raises: it yields findings. Errors block; warnings need a reason to pass.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from .fields import check_ids, check_schema, check_texts, sound_part
from .geometry import check_district, check_shapes, check_types
from .head import check_head
from .places import STATED, check_stated
from .plan import check_citations, check_parents, check_words, check_zones
from .report import Report, make_report
from .rules import RULES, Accepted, Context, Rule
from .tiling import check_coverage, check_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from layers.errors import Finding
    from layers.model import Feature, Layer

    Progress: TypeAlias = Callable[[int, int], None]

__all__ = [
    "RULES",
    "STATED",
    "Accepted",
    "Context",
    "Report",
    "Rule",
    "check_layer",
    "check_one",
    "check_stated",
    "known_checks",
    "make_report",
    "sound_part",
]


def check_layer(
    layer: Layer,
    features: Sequence[Feature],
    context: Context,
    *,
    near: Sequence[Feature] | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """Return what the rules find in a layer's features.

    Features and their geometry are looked at first; what compares them with each other, with
    other layers or with the head only when those are sound.

    Parameters
    ----------
    near : sequence of Feature, optional
        Those of them that something is new for; the others were checked when they were published,
        and only rules of the layer as a whole look at them. All by default.
    progress : callable, optional
        Told after each rule how many of how many have looked.
    """
    looked = features if near is None else near
    declared = [each.partition(":") for each in layer.checks]
    own = [(name, argument) for name, _, argument in declared if name in _DECLARED]
    comparing = [name for name in _COMPARING if f"-{name}" not in layer.checks]
    rules = len(_ALWAYS) + len(_OF_VALUES) + len(own) + len(comparing)
    findings: list[Finding] = []
    numbers = count(1)

    def take(found: Iterable[Finding]) -> None:
        findings.extend(found)
        if progress is not None:
            progress(next(numbers), rules)

    for always in _ALWAYS:
        take(always(layer, looked, context))
    # These read values, so that they must be of the kinds that the schema asks for.
    broken = {each.feature_id for each in findings if each.severity == "error"}
    sound = [each for each in looked if each.id not in broken]
    for of_values in _OF_VALUES:
        take(of_values(layer, sound, context))
    if any(each.severity == "error" for each in findings):
        return findings
    for name, argument in own:
        whole = name in _OF_THE_WHOLE
        take(_DECLARED[name](layer, features if whole else looked, context, argument))
    for name in comparing:
        whole = name in _OF_THE_WHOLE
        take(_COMPARING[name](layer, features if whole else looked, context))
    return findings


def check_one(
    layer: Layer, feature: Feature, near: Sequence[Feature], context: Context
) -> list[Finding]:
    """Return what the rules find in one feature, by itself and beside those near it.

    Its place is looked at also while its fields are not filled in yet.

    Parameters
    ----------
    near : sequence of Feature
        Others of the layer; all of them where the layer is to cover another one. Their values are
        of the kinds that the schema asks for.
    """
    findings = [f for rule in _ALWAYS for f in rule(layer, [feature], context)]
    geometry, sound = feature.geometry, sound_part(layer, feature)
    findings += [f for rule in _OF_VALUES for f in rule(layer, [sound], context)]
    if geometry is None or geometry.is_empty or not geometry.is_valid:
        return findings
    # Others that are being drawn may be anything; what is not valid cannot be compared with.
    near = [each for each in near if each.geometry is None or each.geometry.is_valid]
    for check in layer.checks:
        name, _, argument = check.partition(":")
        if name in _DECLARED:
            findings += _DECLARED[name](layer, [sound, *near], context, argument)
    for name, rule in _COMPARING.items():
        if f"-{name}" not in layer.checks:
            findings += rule(layer, [sound], context)
    return [each for each in findings if feature.id in {each.feature_id or feature.id, each.value}]


def known_checks() -> frozenset[str]:
    """Return the names that a catalogue may declare as checks, without their argument."""
    return frozenset(_DECLARED) | {f"-{name}" for name in _COMPARING}


_ALWAYS: Sequence[Callable[[Layer, Sequence[Feature], Context], Iterable[Finding]]] = (
    check_ids,
    check_schema,
    check_texts,
    check_types,
    check_shapes,
)
_OF_VALUES: Sequence[Callable[[Layer, Sequence[Feature], Context], Iterable[Finding]]] = (
    check_citations,
    check_parents,
)
_DECLARED: Mapping[str, Callable[[Layer, Sequence[Feature], Context, str], Iterable[Finding]]] = {
    "coverage": check_coverage,
    "inside": check_zones,
    "tiles": check_tiles,
}
_COMPARING: Mapping[str, Callable[[Layer, Sequence[Feature], Context], Iterable[Finding]]] = {
    "district": check_district,
    "statements": check_words,
    "head": check_head,
}
"""Rules for every layer, unless its checks hold their name with a minus before it."""

_OF_THE_WHOLE = frozenset(["tiles", "statements", "head"])
"""Rules that cannot be told from some of a layer's features."""
