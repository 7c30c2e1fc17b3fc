"""What is done when its moment has come, beside the server's other work.

Drafts are published, and contacts of the public erased that are not needed any more.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from layers.errors import StoreUnavailable
from layers.review import drafts_due, publish_scheduled

if TYPE_CHECKING:
    from layers.model import Revision
    from layers.store import Draft

    from .published import Published

_LOG = logging.getLogger(__name__)

EVERY_S = 15.0
"""How long a draft may wait beyond its moment."""


class Scheduler:
    """Looks for drafts whose moment has come while the application runs.

    Several processes may do so at once: what one of them publishes the others leave alone.

    Parameters
    ----------
    published : Published
    every_s : float, optional
        Seconds between two looks.
    contact_days : int, optional
        So many days after an opinion is closed its contact is erased.
    """

    def __init__(
        self, published: Published, every_s: float = EVERY_S, contact_days: int = 180
    ) -> None:
        self._published = published
        self._contact_days = contact_days
        self._every_s = every_s
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look from now on; a store that cannot be written is looked at by somebody else."""
        self._stopped.clear()
        if not self._published.store.read_only:
            threading.Thread(target=self._look, name="scheduler", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _look(self) -> None:
        while not self._stopped.wait(self._every_s):
            self.publish(datetime.now(UTC))
            self.erase(datetime.now(UTC))

    def publish(self, now: datetime) -> list[Revision]:
        """Publish what is due; what fails is left for the next time, and holds up nothing else."""
        try:
            due = drafts_due(self._published.store, now)
        except StoreUnavailable:
            _LOG.warning("The store cannot be read; drafts that are due wait.")
            return []
        made = (self._publish(draft) for draft in due)
        return [each for each in made if each is not None]

    def erase(self, now: datetime) -> int:
        """Erase contacts that were kept long enough; returns how many."""
        until = now - timedelta(days=self._contact_days)
        try:
            return self._published.store.opinions.erase_contacts(until, now=now)
        except StoreUnavailable:
            _LOG.warning("The store cannot be used; contacts that are due are erased later.")
            return 0

    def _publish(self, draft: Draft) -> Revision | None:
        try:
            return publish_scheduled(self._published.store, self._published.bundle, draft)
        except Exception:  # noqa: BLE001  the thread must live on for the other drafts
            _LOG.exception("Draft %d of %s was not published.", draft.number, draft.layer_id)
            return None
