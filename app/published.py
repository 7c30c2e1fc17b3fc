"""What is published now, kept up to date with the store."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from mmap import mmap
from typing import TYPE_CHECKING

from layers.encodings import encoded_document
from layers.errors import InvalidParameter, NotFresh, StoreUnavailable
from layers.history import compare_revisions
from layers.publishing import compare_plans, lacks_withheld, open_atlas, open_older
from layers.served import EVERYTHING
from layers.sheets import open_base
from layers.snapshot import LayerSnapshot
from layers.statistics import take_statistics
from layers.store import listen

from .kept import Kept
from .maps.figure import build_maps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from layers.catalogue import Bundle
    from layers.comparison import Comparison
    from layers.encodings import Encoding
    from layers.history import Compared
    from layers.model import Layer, PlanVersion, PublicRevision
    from layers.served import Query, ServedLayer
    from layers.sheets import Base
    from layers.snapshot import Atlas
    from layers.statistics import Statistics
    from layers.store import Store

    from .assets import StaticTree
    from .maps.figure import RenderedMap

_LOG = logging.getLogger(__name__)
_POLL_S = 1.0
"""How long a state is shown before the store is asked whether there is a newer one."""

_PATIENCE_S = 0.8
"""How long a request waits for that answer; then it is shown what was known before."""

_PATIENCE_FOR_NEWER_S = 5.0
"""How long one waits that says what it must be shown, and has no use for anything before."""

_SETTLED_S = 5.0
"""How long after the start what is not needed at once is made ready."""

_LARGE = 200_000
"""Features from which on a layer is made ready after the start; others take 0.1 s at most."""

_OLDER_KEPT = 256_000_000
"""Bytes of older revisions that are kept in memory once they were asked for."""

_COMPARED_KEPT = 64
_STATISTICS_KEPT = 256
_DRAWN_KEPT = 256_000_000
"""Bytes of revisions that are kept in memory while somebody draws on them."""

_ENCODERS = 2
_ENCODED_KEPT = 64_000_000
"""Bytes of compressed layers that are kept in memory; those of large layers are in files."""


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
        self._older: Kept[ServedLayer] = Kept(_OLDER_KEPT, _bytes_in_memory)
        self._bases: Kept[Base] = Kept(_DRAWN_KEPT, _bytes_of_base)
        self._compared: Kept[Compared[PublicRevision]] = Kept(_COMPARED_KEPT)
        self._statistics: Kept[Statistics] = Kept(_STATISTICS_KEPT)
        self._encoded: Kept[memoryview] = Kept(_ENCODED_KEPT, _size)
        self._encoders = ThreadPoolExecutor(_ENCODERS, "encoder")
        self._stopped = threading.Event()
        self._stopped.set()
        self._state = self._take(None)
        self._asked = self._seen = time.monotonic()

    @property
    def unseen_s(self) -> float:
        """Seconds since the store last told whether there is something newer."""
        return time.monotonic() - self._seen

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
        self._prepare_layers(self._state.atlas, large=False)
        for target, arguments in (
            (self._look, ()),
            (self._prepare, ()),
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
            patience = _PATIENCE_FOR_NEWER_S if wanted else _PATIENCE_S
            with contextlib.suppress(TimeoutError):
                # What takes longer goes on in its thread, and is shown to whoever asks next.
                await asyncio.wait_for(asyncio.to_thread(self._refresh), patience)
        state = self._state
        if state.sequence < wanted:
            raise NotFresh(
                f"The store has not reached sequence {wanted} here; try again in a second."
            )
        return state

    def revision(self, head: ServedLayer, shown: PublicRevision) -> ServedLayer:
        """Return a revision of a layer as it may be shown now; see `layers.publishing.open_older`.

        The store is asked whether something has become internal since. Revisions that were asked
        for last are kept.
        """
        self._refresh()
        now = self._state.atlas.layers.get(head.layer.id, head)
        if shown.number == now.shown.number:
            return now
        key = (head.layer.id, shown.stored, shown.created, now.history.withheld)
        return self._older.get(key, lambda: open_older(self._store, now, shown, self._folder))

    def base(self, layer: Layer, number: int | None) -> Base:
        """Return the features of a revision, internal ones too, for whoever draws on it.

        Those that were asked for last are kept.
        """
        key = (layer.id, number)
        return self._bases.get(key, lambda: open_base(self._store, layer, number))

    def lacks_withheld(self, snapshot: ServedLayer) -> bool:
        """Tell whether a revision once showed what is internal now."""
        return lacks_withheld(self._store, snapshot)

    def encode(self, snapshot: LayerSnapshot, encoding: Encoding) -> Future[memoryview]:
        """Begin to compress a whole layer's GeoJSON; it is made once for each revision.

        It has threads of its own, so that whoever waits for a large layer holds up nobody else.
        """
        packed = snapshot.packed
        key = (snapshot.layer.id, packed.digest, packed.folder, encoding)
        return self._encoders.submit(
            self._encoded.get, key, lambda: encoded_document(packed, encoding)
        )

    def statistics(
        self, snapshot: ServedLayer, zones: ServedLayer | None, query: Query, text: str
    ) -> Statistics:
        """Return the statistics of what a query finds in a layer, by the zones of another.

        Parameters
        ----------
        text : str
            Names the query: what was counted last under a name is kept.
        """
        drawn = () if zones is None else zones.stream(EVERYTHING)
        areas = [each for each in drawn if each.geometry]
        key = (snapshot.layer.id, snapshot.digest, zones and zones.digest, text)
        return self._statistics.get(key, lambda: take_statistics(snapshot.shapes(query), areas))

    def differences(
        self, head: ServedLayer, old: PublicRevision | None, new: PublicRevision, limit: int
    ) -> Compared[PublicRevision]:
        """Return how two revisions differ; see `layers.history.compare_revisions`.

        The comparisons that were asked for last are kept.
        """
        history = head.history
        key = (head.layer.id, history.withheld, old and old.stored, new.stored, new.created, limit)
        return self._compared.get(
            key, lambda: compare_revisions(self._store, head.layer, history, old, new, limit)
        )

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

    def _prepare(self) -> None:
        # What takes a while is made neither while the start waits for it, nor when somebody asks
        # for the first time: first where the features of large layers are, and, once it is quiet,
        # how all names are spelled, and the history of a large layer.
        atlas = self._state.atlas
        self._prepare_layers(atlas, large=True)
        if self._stopped.wait(_SETTLED_S):
            return
        atlas.search.prepare()
        for snapshot in atlas.layers.values():
            with contextlib.suppress(StoreUnavailable):
                snapshot.history.read()

    @staticmethod
    def _prepare_layers(atlas: Atlas, *, large: bool) -> None:
        for snapshot in atlas.layers.values():
            if isinstance(snapshot, LayerSnapshot) and (snapshot.count > _LARGE) is large:
                snapshot.prepare()

    def _look(self) -> None:
        while not self._stopped.wait(_POLL_S / 2):
            self._refresh()

    def _refresh(self) -> None:
        with self._lock:
            self._asked = time.monotonic()
            try:
                if self._store.sequence() != self._state.sequence:
                    self._state = self._take(self._state)
                self._seen = time.monotonic()
            except StoreUnavailable:
                _LOG.warning("The store cannot be read; the last state is shown.")

    def _take(self, before: State | None) -> State:
        sequence = self._store.sequence()
        if before is None:
            atlas = open_atlas(self._store, self._bundle, None, self._folder, self._largest)
            return State(atlas, build_maps(atlas, self._assets), sequence)
        atlas = open_atlas(self._store, self._bundle, before.atlas, self._folder, self._largest)
        if before.atlas.search.is_prepared:
            # What was spelled before is known; the first time takes too long to be waited for.
            atlas.search.prepare()
        maps = build_maps(atlas, self._assets, (before.atlas, before.maps))
        return State(atlas, maps, sequence)


def _bytes_in_memory(snapshot: ServedLayer) -> float:
    if not isinstance(snapshot, LayerSnapshot):
        return 10_000
    # Features as values take several times their bytes.
    packed = snapshot.packed
    return 10_000 + (0 if packed.folder else 5 * (len(packed.document) + len(packed.wkb)))


def _bytes_of_base(base: Base) -> float:
    return 10_000 + 2 * (len(base.packed.document) + len(base.packed.wkb))


def _size(encoded: memoryview) -> float:
    return 1_000 + (0 if isinstance(encoded.obj, mmap) else len(encoded))


def _version(name: str, text: str | None) -> int | None:
    return None if text is None else _number(name, text)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidParameter(name, f"Parameter {name} must be a whole number.")
    return int(text)
