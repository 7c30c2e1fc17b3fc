"""Checks of drafts that take longer than somebody waits for a page."""

from __future__ import annotations

import logging
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeAlias

from .drafts import is_checked, report_of

if TYPE_CHECKING:
    from .catalogue import Bundle
    from .checks import Report
    from .store import Draft, Store

_LOG = logging.getLogger(__name__)

_SOON = 1_000
"""Features of a layer up to which its drafts are checked in about a second."""

_PATIENCE_S = 1.0

_Key: TypeAlias = tuple[str, int]


class DraftChecks:
    """Checks drafts, those of large layers in the background, one after the other.

    What is found is kept with the draft, so that nobody waits for it twice, and a check that was
    lost with its process is made anew when somebody looks.
    """

    def __init__(self, store: Store, bundle: Bundle) -> None:
        self._store = store
        self._bundle = bundle
        self._running: dict[_Key, Thread] = {}
        self._steps: dict[_Key, tuple[int, int]] = {}
        self._lock = Lock()
        self._turn = Lock()

    def report(self, draft: Draft) -> Report | None:
        """Return what the checks say of a draft; None while they look, which they now do.

        A draft that is closed, or that a store which is read only has, is checked at once: what is
        found of it cannot be kept.
        """
        at_once = not draft.is_waiting or self._store.read_only or self._is_small(draft)
        if at_once or is_checked(self._store, draft):
            return report_of(self._store, self._bundle, draft)
        self._begin(draft).join(_PATIENCE_S)
        now = self._store.drafts.get(draft.layer_id, draft.number)
        if is_checked(self._store, now):
            return report_of(self._store, self._bundle, now)
        return None

    def progress(self, draft: Draft) -> tuple[int, int] | None:
        """Return how many of how many rules have looked; None before one has, or afterwards."""
        return self._steps.get((draft.layer_id, draft.number))

    def _is_small(self, draft: Draft) -> bool:
        if draft.base is None:
            return False
        return self._store.count(self._store.revision(draft.layer_id, draft.base)) <= _SOON

    def _begin(self, draft: Draft) -> Thread:
        key = draft.layer_id, draft.number
        with self._lock:
            if key not in self._running:
                # A daemon, since nobody wants to wait for it when the server is to end.
                thread = Thread(target=self._check, args=(key,), daemon=True)
                self._running[key] = thread
                thread.start()
            return self._running[key]

    def _check(self, key: _Key) -> None:
        try:
            with self._turn:
                draft = self._store.drafts.get(*key)
                report_of(self._store, self._bundle, draft, partial(self._tell, key))
        except Exception:  # noqa: BLE001  whatever it is, whoever looks next begins anew
            _LOG.exception("Draft %d of %s was not checked", key[1], key[0])
        finally:
            with self._lock:
                self._running.pop(key, None)
                self._steps.pop(key, None)

    def _tell(self, key: _Key, done: int, rules: int) -> None:
        self._steps[key] = done, rules
