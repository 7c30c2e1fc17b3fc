"""What has become of one feature: every state that it has had, and who brought it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from .difference import compare_features
from .errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .difference import Changed
    from .model import Feature, Layer, Revision
    from .store import Stay, Store

    Became: TypeAlias = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Step:
    """What a revision made of a feature.

    Attributes
    ----------
    became : str
        ``added``, ``changed`` or ``removed``.
    feature : Feature
        As it was then; as it was before it was removed.
    change : Changed or None
        Which fields changed and how far it moved; None unless it changed.
    """

    revision: Revision
    became: Became
    feature: Feature
    change: Changed | None


def feature_past(store: Store, layer: Layer, feature_id: str) -> list[Step]:
    """Return what revisions made of a feature, the newest first, whether it is public or not.

    Raises
    ------
    NotFound
        If the layer never had it.
    """
    stays = [] if "\0" in feature_id else store.past.states(layer.id, feature_id)
    if not stays:
        raise NotFound(f"Layer {layer.id} never had a feature {feature_id}.")
    revisions = {each.number: each for each in store.revisions(layer.id)}
    steps = list(_steps(stays, revisions))
    return steps[::-1]


def _steps(stays: list[Stay], revisions: dict[int, Revision]) -> Iterator[Step]:
    before: Stay | None = None
    for stay in stays:
        if before is None or before.last is None or before.last + 1 < stay.first:
            if before is not None:
                yield from _removal(before, revisions)
            yield Step(revisions[stay.first], "added", stay.feature, None)
        elif stay.digest != before.digest:
            (change,) = compare_features([before.feature], [stay.feature]).changed
            yield Step(revisions[stay.first], "changed", stay.feature, change)
        before = stay
    if before is not None:
        yield from _removal(before, revisions)


def _removal(stay: Stay, revisions: dict[int, Revision]) -> Iterator[Step]:
    if stay.last is not None:
        yield Step(revisions[stay.last + 1], "removed", stay.feature, None)
