"""What is published now, kept up to date with the store."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layers.database import DatabaseLayer
from layers.errors import InvalidParameter, NotFresh, StoreUnavailable
from layers.publishing import compare_plans, find_revision, old_revision, open_atlas
from layers.snapshot import take_layer
from layers.store import listen

from .maps.figure import build_maps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from layers.catalogue import Bundle
    from layers.comparison import Comparison
    from layers.model import PlanVersion
    from layers.served import ServedLayer
    from layers.snapshot import Atlas
    from layers.store import Store

    from .assets import StaticTree
    from .maps.figure import RenderedMap

_LOG = logging.getLogger(__name__)
_POLL_S = 1.0
"""How long a state is shown before the store is asked whether there is a newer one."""

_PATIENCE_S = 0.8
"""How long a request waits for that answer; then it is shown what was known before."""


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
    folder : Path, optional
        Where large layers are kept ready to be read.
    largest : int, optional
        Features beyond which a layer is served from the database, if the store is one.
    """

    def __init__(
        self,
        store: Store,
        bundle: Bundle,
        assets: StaticTree,
        folder: Path | None = None,
        largest: int | None = None,
    ) -> None:
        self._store = store
        self._bundle = bundle
        self._assets = assets
        self._folder = folder
        self._largest = largest
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._stopped.set()
        self._state = self._take(None)
        self._asked = time.monotonic()

    @property
    def store(self) -> Store:
        """Where everything is kept."""
        return self._store

    @property
    def bundle(self) -> Bundle:
        """What the atlas declares of its layers and plans."""
        return self._bundle

    async def renew(self) -> State:
        """Return the state with everything in it that has been stored until now."""
        await asyncio.to_thread(self._refresh)
        return self._state

    @property
    def latest(self) -> State:
        """The state that was last shown, without asking the store."""
        return self._state

    @property
    def at_once(self) -> State | None:
        """The state to show now; None if nobody looks whether there is a newer one.

        Then the store has to be asked first, see `current`.
        """
        return None if self._stopped.is_set() else self._state

    def start(self) -> None:
        """Look in the background whether the store has changed, and listen where it can say so."""
        self._stopped.clear()
        for target, arguments in (
            (self._look, ()),
            (listen, (self._store, self._refresh, self._stopped)),
        ):
            threading.Thread(target=target, args=arguments, daemon=True).start()

    def stop(self) -> None:
        """Look and listen no more."""
        self._stopped.set()

    async def current(self, minimum: str | None = None) -> State:
        """Return the state that is published now.

        A store that cannot be asked, or takes long, leaves it as it was.

        Parameters
        ----------
        minimum : str, optional
            Sequence number that it must have reached.

        Raises
        ------
        InvalidParameter
            If the number is none.
        NotFresh
            If the store has not reached it.
        """
        wanted = 0 if minimum is None else _number("min_seq", minimum)
        if time.monotonic() - self._asked >= _POLL_S or self._state.sequence < wanted:
            with contextlib.suppress(TimeoutError):
                # What takes longer goes on in its thread, and is shown to whoever asks next.
                await asyncio.wait_for(asyncio.to_thread(self._refresh), _PATIENCE_S)
        state = self._state
        if state.sequence < wanted:
            raise NotFresh(
                f"The store is at sequence {state.sequence} here, {wanted} is asked for; try again "
                "in a second."
            )
        return state

    def revision(self, head: ServedLayer, text: str) -> ServedLayer:
        """Return an older revision of a layer; see `layers.publishing.old_revision`.

        Raises
        ------
        InvalidParameter, NotFound
            If the text names no revision.
        """
        if isinstance(head, DatabaseLayer):
            return head.at(find_revision(self._store, head.layer.id, text))
        revision, features = old_revision(self._store, head.layer, text)
        return take_layer(head.layer, revision, features)

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

    def _look(self) -> None:
        while not self._stopped.wait(_POLL_S / 2):
            self._refresh()

    def _refresh(self) -> None:
        with self._lock:
            self._asked = time.monotonic()
            try:
                if self._store.sequence() != self._state.sequence:
                    self._state = self._take(self._state)
            except StoreUnavailable:
                _LOG.warning("The store cannot be read; the last state is shown.")

    def _take(self, before: State | None) -> State:
        sequence = self._store.sequence()
        if before is None:
            atlas = open_atlas(self._store, self._bundle, None, self._folder, self._largest)
            return State(atlas, build_maps(atlas, self._assets), sequence)
        atlas = open_atlas(self._store, self._bundle, before.atlas, self._folder, self._largest)
        maps = build_maps(atlas, self._assets, (before.atlas, before.maps))
        return State(atlas, maps, sequence)


def _version(name: str, text: str | None) -> int | None:
    return None if text is None else _number(name, text)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidParameter(name, f"Parameter {name} must be a whole number.")
    return int(text)
