"""What is published now, kept up to date with the store."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from layers.errors import InvalidParameter, StoreUnavailable
from layers.publishing import compare_plans, open_atlas

from .maps.figure import build_maps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.catalogue import Bundle
    from layers.comparison import Comparison
    from layers.model import PlanVersion
    from layers.snapshot import Atlas
    from layers.store import Store

    from .assets import StaticTree
    from .maps.figure import RenderedMap

_LOG = logging.getLogger(__name__)
_POLL_S = 1.0
"""How long a state is shown before the store is asked whether there is a newer one."""


@dataclass(frozen=True, slots=True)
class State:
    """One published state and the maps that show it.

    Attributes
    ----------
    rendered : dict
        Long pages as HTML, each written once for this state, by what they depend on.
    """

    atlas: Atlas
    maps: Mapping[str, RenderedMap]
    sequence: int
    rendered: dict[tuple[str, ...], str] = field(default_factory=dict)


class Published:
    """Gives every request the newest state; replaces it when the store has moved on.

    Parameters
    ----------
    store : Store
        Also written to by other processes: the command line imports texts into it.
    bundle : Bundle
    assets : StaticTree
    """

    def __init__(self, store: Store, bundle: Bundle, assets: StaticTree) -> None:
        self._store = store
        self._bundle = bundle
        self._assets = assets
        self._lock = threading.Lock()
        self._state = self._take()
        self._asked = time.monotonic()

    @property
    def latest(self) -> State:
        """The state that was last shown, without asking the store."""
        return self._state

    async def current(self) -> State:
        """Return the state that is published now.

        A store that cannot be asked leaves it as it was.
        """
        if time.monotonic() - self._asked >= _POLL_S:
            await run_in_threadpool(self._refresh)
        return self._state

    def compare(
        self, plan_id: str, old: str | None, new: str | None
    ) -> tuple[Comparison, PlanVersion, PlanVersion]:
        """Compare two imported versions of a plan; see `layers.publishing.compare_plans`.

        Raises
        ------
        InvalidParameter
            If a version is no number.
        NotFound
            If there is no such version.
        """
        first, second = _version("from", old), _version("to", new)
        return compare_plans(self._store, self._bundle, plan_id, first, second)

    def _refresh(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._asked = time.monotonic()
            if self._store.sequence() != self._state.sequence:
                self._state = self._take()
        except StoreUnavailable:
            _LOG.warning("The store cannot be read; the last state is shown.")
        finally:
            self._lock.release()

    def _take(self) -> State:
        sequence = self._store.sequence()
        atlas = open_atlas(self._store, self._bundle)
        return State(atlas, build_maps(atlas, self._assets), sequence)


def _version(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidParameter(name, f"Parameter {name} must be the number of a version.")
    return int(text)
