"""The public history of a layer, and how two of its revisions differ."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from .days import read_moment
from .difference import Difference, compare_features
from .errors import InvalidParameter, NotFound
from .model import PublicRevision, Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from .model import Feature, Layer
    from .store import Store


class History:
    """Revisions of a layer as the public can tell them apart; read when they are first asked for.

    Parameters
    ----------
    read : callable
        Gives the revisions, the oldest first; at least one.
    read_withheld : callable
        Gives the ids of the features that are internal now, whatever they were before.
    read_silent : callable
        Gives the store's numbers of the revisions that changed some of them while they were public.
    """

    def __init__(
        self,
        read: Callable[[], tuple[PublicRevision, ...]],
        read_withheld: Callable[[], frozenset[str]] = frozenset,
        read_silent: Callable[[frozenset[str]], frozenset[int]] = lambda _: frozenset(),
    ) -> None:
        self._read = read
        self._read_withheld = read_withheld
        self._read_silent = read_silent

    @cached_property
    def revisions(self) -> tuple[PublicRevision, ...]:
        """All of them, the oldest first."""
        return self._read()

    @cached_property
    def withheld(self) -> frozenset[str]:
        """Ids of features that are not shown in any revision, since they are internal now."""
        return self._read_withheld()

    def message_of(self, revision: PublicRevision) -> str:
        """Return what was said of a revision; nothing if it may name what is internal now."""
        return "" if revision.stored in self._silent else revision.message

    @cached_property
    def _silent(self) -> frozenset[int]:
        return self._read_silent(self.withheld) if self.withheld else frozenset()

    def read(self) -> None:
        """Read the revisions now, so that they are there when the store is not."""
        _ = self.revisions

    @property
    def known(self) -> tuple[PublicRevision, ...]:
        """The revisions if they have been read already, else none."""
        known: tuple[PublicRevision, ...] = self.__dict__.get("revisions", ())
        return known

    @property
    def newest(self) -> PublicRevision:
        """The last one."""
        return self.revisions[-1]

    def numbered(self, number: int) -> PublicRevision:
        """Return a revision by its public number.

        Raises
        ------
        NotFound
            If there is none; the sentence says which there are.
        """
        if 1 <= number <= len(self.revisions):
            return self.revisions[number - 1]
        newest = self.newest
        raise NotFound(
            f"Collection {newest.layer_id} has no revision {number}; its revisions are 1 to "
            f"{newest.number}."
        )

    def at(self, moment: datetime) -> PublicRevision:
        """Return the revision that was the newest at a moment.

        Raises
        ------
        NotFound
            If there was none yet.
        """
        place = bisect_right(self.revisions, moment, key=lambda each: each.created)
        if place == 0:
            first = self.revisions[0]
            raise NotFound(
                f"Collection {first.layer_id} had no revision at {moment:%Y-%m-%d %H:%M}; its "
                f"first is of {first.created.astimezone(moment.tzinfo):%Y-%m-%d}."
            )
        return self.revisions[place - 1]

    def find(self, text: str, parameter: str = "revision", zone: tzinfo = UTC) -> PublicRevision:
        """Return the revision that a text names.

        Parameters
        ----------
        text : str
            Its public number, or an ISO 8601 day or moment at which it was the newest; a day means
            its end.
        parameter : str
            Under what name the caller gave the text.
        zone : tzinfo
            Whose day it is.

        Raises
        ------
        InvalidParameter
            If the text is neither.
        NotFound
            If there was no such revision.
        """
        if text.isascii() and text.isdecimal() and len(text) < 10:
            return self.numbered(int(text))
        try:
            return self.at(read_moment(text, zone))
        except ValueError:
            raise InvalidParameter(
                parameter,
                f"Parameter {parameter}: {text[:40]!r} names no revision; give a number, or a day "
                "such as 2026-11-24.",
            ) from None

    def until(self, revision: PublicRevision) -> History:
        """Return the history as far as a revision."""
        return History(
            lambda: self.revisions[: revision.number], lambda: self.withheld, self._read_silent
        )


def read_history(
    store: Store, layer: Layer, head: Revision, before: History | None = None
) -> History:
    """Return the public history of a layer up to a head.

    Parameters
    ----------
    before : History, optional
        That of an older head; what was read for it is not read again.
    """
    known = () if before is None else before.known
    return History(
        lambda: store.history.revisions(layer, head.number, known),
        lambda: store.history.withheld(layer, head.number),
        lambda ids: store.history.touching(layer, ids),
    )


def history_of(revision: Revision) -> History:
    """Return the history of a layer of which nothing but one revision is known."""
    only = PublicRevision(
        revision.layer_id,
        revision.number,
        revision.number,
        revision.number,
        revision.kind,
        revision.message,
        revision.created,
        revision.added,
        revision.removed,
        revision.changed,
    )
    return History(lambda: (only,))


AnyRevision = TypeVar("AnyRevision", bound=PublicRevision | Revision)


@dataclass(frozen=True, slots=True)
class Compared(Generic[AnyRevision]):
    """How two revisions of a layer differ: as far as it is public, or all of it.

    Attributes
    ----------
    old : PublicRevision, Revision or None
        None for the state before the first revision.
    difference : Difference
        The first features that were added, removed and changed, one by one.
    now : Mapping
        Those that were changed as they are in the new revision, by id.
    added, removed, changed, unchanged : int
        How many there are in all.
    """

    old: AnyRevision | None
    new: AnyRevision
    difference: Difference
    now: Mapping[str, Feature]
    added: int
    removed: int
    changed: int
    unchanged: int


def compare_revisions(
    store: Store,
    layer: Layer,
    history: History,
    old: PublicRevision | None,
    new: PublicRevision,
    limit: int,
) -> Compared[PublicRevision]:
    """Return what turns one revision of a layer into another.

    What is internal now appears in neither, whatever it was then. Only features that differ are
    read from the store.

    Parameters
    ----------
    old : PublicRevision or None
        None for the state before the first revision.
    limit : int
        How many features to compare one by one of those that were added, removed and changed each.
    """
    withheld = history.withheld
    before_number = 0 if old is None else old.stored
    before, after = (
        {id_: digest for id_, digest in digests.items() if id_ not in withheld}
        for digests in store.history.differing(layer, before_number, new.stored)
    )

    def read(revision: PublicRevision, ids: Sequence[str]) -> list[Feature]:
        return store.history.features(layer, revision.stored, ids)

    count = _count(store, layer, withheld, new)
    return _compared(old, new, before, after, count, limit, read)


def compare_stored(
    store: Store, layer: Layer, old: Revision | None, new: Revision, limit: int
) -> Compared[Revision]:
    """Return what turns one revision of a layer into another, internal features too.

    Parameters
    ----------
    old, limit
        See `compare_revisions`.
    """
    number = 0 if old is None else old.number
    before, after = store.past.differing(layer.id, number, new.number)

    def read(revision: Revision, ids: Sequence[str]) -> list[Feature]:
        return store.history.features(layer, revision.number, ids)

    return _compared(old, new, before, after, store.count(new), limit, read)


def _compared(
    old: AnyRevision | None,
    new: AnyRevision,
    before: Mapping[str, str],
    after: Mapping[str, str],
    count: int,
    limit: int,
    read: Callable[[AnyRevision, Sequence[str]], list[Feature]],
) -> Compared[AnyRevision]:
    removed = [id_ for id_ in before if id_ not in after]
    added = [id_ for id_ in after if id_ not in before]
    # What only stands elsewhere in the order is in both, and the same.
    changed = [id_ for id_ in after if id_ in before and before[id_] != after[id_]]
    first_changed = changed[:limit]
    were = [] if old is None else read(old, [*removed[:limit], *first_changed])
    are = read(new, [*added[:limit], *first_changed])
    return Compared(
        old,
        new,
        compare_features(were, are),
        {each.id: each for each in are if each.id in before},
        len(added),
        len(removed),
        len(changed),
        count - len(added) - len(changed),
    )


def _count(store: Store, layer: Layer, withheld: frozenset[str], revision: PublicRevision) -> int:
    if not withheld:
        return store.history.count(layer, revision.stored)
    return sum(id_ not in withheld for id_ in store.history.ids(layer, revision.stored))


def unsaid(verb: str, feature_id: str) -> str:
    """Return the message of an edit of one feature whose author wrote none."""
    return f"{verb} {feature_id}"
