"""What the public may know of the past of one feature: what changed it, and what it has become."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from .difference import compare_features
from .history import unsaid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .history import History
    from .model import Layer, PublicRevision
    from .served import ServedLayer
    from .store import Stay, Store

    Became: TypeAlias = Literal["added", "changed", "removed"]

_REPLACED = re.compile(r"([^\s,;，；：。]+)\s*(?:->|→)\s*([^\s,;，；。]+)")
"""How a message says that a feature is now another one: ``old -> new``."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a public revision made of a feature.

    Attributes
    ----------
    fields : tuple of str
        The properties that it changed.
    moved : bool
        Whether it changed the geometry.
    """

    revision: PublicRevision
    became: Became
    fields: tuple[str, ...] = ()
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """The public past of a feature.

    Attributes
    ----------
    name : str
        What it was called last.
    events : tuple of Event
        The newest first.
    reason : str
        What was said of its removal; empty while it is there, or where nothing was said.
    replaced_by : str or None
        ``layer/feature`` of what is shown in its place.
    """

    name: str
    events: tuple[Event, ...]
    reason: str = ""
    replaced_by: str | None = None

    def since(self, name: str | None) -> Event:
        """Return what made a property, or with None the geometry, what it is.

        That is the last change of it, or else what added the feature.
        """
        return next(
            each
            for each in self.events
            if each.became == "added" or (each.moved if name is None else name in each.fields)
        )

    @property
    def is_over(self) -> bool:
        """Whether it has been removed."""
        return self.events[0].became == "removed"


def public_life(store: Store, head: ServedLayer, feature_id: str) -> Life | None:
    """Return the public past of a feature; None for one that the public knows nothing of.

    Whatever is internal now, or was when it was removed, is unknown. A feature that was merged
    into another one is known by the message of the revision that removed it, which says so as
    ``old -> new`` (docs/decisions/0019).

    Raises
    ------
    StoreUnavailable
        If the store cannot be asked.
    """
    stays = _stays(store, head.layer, feature_id)
    if not stays or not head.layer.is_public(stays[-1].feature):
        return None
    events = tuple(_events(stays, head.layer, head.history))[::-1]
    if not events:
        return None
    name = head.layer.name_of(stays[-1].feature)
    if events[0].became != "removed":
        return Life(name, events)
    reason = head.history.message_of(events[0].revision)
    if reason == unsaid("Removed", feature_id):
        reason = ""
    return Life(name, events, reason, _successor(store, head, feature_id, reason))


def _stays(store: Store, layer: Layer, feature_id: str) -> list[Stay]:
    return [] if "\0" in feature_id else store.past.states(layer.id, feature_id)


def _events(stays: Sequence[Stay], layer: Layer, history: History) -> Iterator[Event]:
    revisions = {each.stored: each for each in history.revisions}
    before: Stay | None = None
    for stay in (each for each in stays if layer.is_public(each.feature)):
        follows = before is not None and before.last is not None and before.last + 1 == stay.first
        if before is not None and before.last is not None and not follows:
            yield from _event(revisions, before.last + 1, "removed")
        if before is None or not follows:
            yield from _event(revisions, stay.first, "added")
        elif stay.digest != before.digest:
            (change,) = compare_features([before.feature], [stay.feature]).changed
            revision = revisions.get(stay.first)
            if revision is not None:
                yield Event(revision, "changed", tuple(change.fields), change.geometry)
        before = stay
    if before is not None and before.last is not None:
        yield from _event(revisions, before.last + 1, "removed")


def _event(revisions: dict[int, PublicRevision], number: int, became: Became) -> Iterator[Event]:
    # The store may have moved on since the state was taken that is shown.
    if number in revisions:
        yield Event(revisions[number], became)


def _successor(store: Store, head: ServedLayer, feature_id: str, reason: str) -> str | None:
    """Return what is shown in the place of a removed feature, however often it was merged."""
    seen = {feature_id}
    while (named := dict(_REPLACED.findall(reason)).get(feature_id)) is not None:
        feature_id = named.removeprefix(f"{head.layer.id}/")
        if head.feature(feature_id) is not None:
            return f"{head.layer.id}/{feature_id}"
        if feature_id in seen:
            return None
        seen.add(feature_id)
        stays = _stays(store, head.layer, feature_id)
        if not stays or not head.layer.is_public(stays[-1].feature):
            return None
        events = list(_events(stays, head.layer, head.history))
        reason = head.history.message_of(events[-1].revision) if events else ""
    return None
