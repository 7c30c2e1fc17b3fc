"""The features of a layer as a draft makes them, read where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from .indexes import Indexes
from .packed import pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .model import BBox, Feature, Layer
    from .packed import Packed
    from .store import Draft, Store

_FOUND = 50


class Base:
    """The features of the revision that drafts change, internal ones too, found by id and place.

    Parameters
    ----------
    layer : Layer
    packed : Packed
        See `open_base`.
    """

    def __init__(self, layer: Layer, packed: Packed) -> None:
        self.layer = layer
        self.packed = packed
        self.indexes = Indexes(packed)

    def has(self, feature_id: str) -> bool:
        """Tell whether there is a feature of an id."""
        return self.indexes.position(feature_id) is not None

    def feature(self, feature_id: str) -> Feature | None:
        """Return a feature; None if there is none of this id."""
        position = self.indexes.position(feature_id)
        return None if position is None else self.packed.feature(position)

    def near(self, box: BBox) -> Iterator[Feature]:
        """Yield the features whose boxes meet a box."""
        return map(self.packed.feature, self.indexes.boxes.candidates(box).tolist())

    def all(self) -> Iterator[Feature]:
        """Yield every feature, in their order."""
        return map(self.packed.feature, range(len(self.packed)))

    def named(self, text: str) -> Iterator[Feature]:
        """Yield the features whose name or id holds a text."""
        columns = [self.packed.ids, self.packed.columns.get(self.layer.label)]
        hits = [
            pc.match_substring(column, text, ignore_case=True).fill_null(False)
            for column in columns
            if column is not None and column.type == self.packed.ids.type
        ]
        found = np.any([each.to_numpy(zero_copy_only=False) for each in hits], axis=0)
        return map(self.packed.feature, np.flatnonzero(found).tolist())


def open_base(store: Store, layer: Layer, number: int | None) -> Base:
    """Return the features of a revision of a layer; none where there is no revision."""
    features: Iterable[Feature] = ()
    if number is not None:
        features = store.stream(store.revision(layer.id, number))
    return Base(layer, pack(layer, features))


@dataclass(frozen=True)
class Sheet:
    """The features of a layer as a draft makes them.

    Attributes
    ----------
    by_hand : frozenset of str
        Ids of what was edited: it can be anything, since it is checked only afterwards.
    number : int
        Of the last edit that is in it; 0 before the first.
    """

    base: Base
    put: Mapping[str, Feature]
    removed: frozenset[str]
    by_hand: frozenset[str]
    number: int

    @property
    def layer(self) -> Layer:
        """The layer that is drawn."""
        return self.base.layer

    @property
    def count(self) -> int:
        """How many features it has."""
        return len(self.base.packed) + len(self.new) - len(self.removed)

    @property
    def new(self) -> list[str]:
        """Ids of the features that are in no revision yet, and can be called otherwise."""
        return [each for each in self.put if not self.base.has(each)]

    def feature(self, feature_id: str) -> Feature | None:
        """Return a feature as it is in the draft; None if it is not there."""
        if feature_id in self.removed:
            return None
        return self.put.get(feature_id) or self.base.feature(feature_id)

    def near(self, box: BBox) -> list[Feature]:
        """Return the features whose boxes meet a box in CRS84 degrees."""
        drawn = [each for each in self.put.values() if each.bbox and _meet(each.bbox, box)]
        return [*self._kept(self.base.near(box)), *drawn]

    def all(self) -> list[Feature]:
        """Return every feature."""
        return [*self._kept(self.base.all()), *self.put.values()]

    def named(self, text: str) -> list[Feature]:
        """Return some features whose name or id holds a text."""
        wanted = text.casefold()
        drawn = [
            each
            for each in self.put.values()
            if wanted in f"{self.layer.name_of(each)}\n{each.id}".casefold()
        ]
        return list(islice([*drawn, *self._kept(self.base.named(text))], _FOUND))

    def _kept(self, features: Iterable[Feature]) -> Iterator[Feature]:
        return (
            each for each in features if each.id not in self.put and each.id not in self.removed
        )


def open_sheet(store: Store, base: Base, draft: Draft) -> Sheet:
    """Return the features of a layer as a draft makes them now."""
    edits = store.drafts.edits(draft)
    changes = store.drafts.changes(draft)
    known = frozenset(each for each in changes.removed if base.has(each))
    put = {each.id: each for each in changes.put}
    by_hand = frozenset(each.feature_id for each in edits)
    return Sheet(base, put, known, by_hand, edits[-1].number if edits else 0)


def _meet(one: BBox, other: BBox) -> bool:
    return (
        one.west <= other.east
        and one.east >= other.west
        and one.south <= other.north
        and one.north >= other.south
    )
