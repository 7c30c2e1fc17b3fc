"""Values that take long to make: each made once, also when many ask at the same time."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING, Generic, TypeVar

from cachetools import LRUCache, cached

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The values that were asked for last.

    Parameters
    ----------
    size : float
        How much is kept: as many values, or what `measure` gives of all of them.
    measure : callable, optional
        Size of one value.
    """

    def __init__(self, size: float, measure: Callable[[Value], float] | None = None) -> None:
        cache: LRUCache[Hashable, Value] = LRUCache(size, getsizeof=measure)

        @cached(cache, key=_key, condition=Condition())
        def get(key: Hashable, make: Callable[[], Value]) -> Value:
            return make()

        self._get = get
        self._cache = cache

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key; whoever asks while it is being made waits for it.

        What `make` raises is raised, and nothing is kept.
        """
        return self._get(key, make)

    def has(self, key: Hashable) -> bool:
        """Tell whether a value is there and need not be made."""
        return key in self._cache


def _key(key: Hashable, _make: object) -> Hashable:
    return key
