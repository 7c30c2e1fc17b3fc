"""Hear at once that something was published, where the database can say so."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .store import Store

_LOG = logging.getLogger(__name__)
_CHANNEL = "atlas"
_LOOK_UP_S = 0.5
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0


def listen(store: Store, heard: Callable[[], None], stopped: threading.Event) -> None:
    """Call back whenever the store has changed, until told to stop.

    It returns at once for a store that cannot say so: a file, or a standby, which PostgreSQL lets
    nobody listen to. It is a hint only: whoever must not miss a change asks for the sequence too.
    A connection that is lost is made anew, and the callback is called then, since something may
    have been missed.
    """
    if isinstance(store.where, Path) or store.read_only:
        return
    address = make_url(store.where).set(drivername="postgresql")
    wait = _FIRST_WAIT_S
    while not stopped.is_set():
        try:
            with psycopg.connect(
                address.render_as_string(hide_password=False),
                autocommit=True,
                connect_timeout=3,
                application_name="atlas listener",
            ) as connection:
                connection.execute(f"LISTEN {_CHANNEL}")
                heard()
                wait = _FIRST_WAIT_S
                while not stopped.is_set():
                    for _ in connection.notifies(timeout=_LOOK_UP_S, stop_after=1):
                        heard()
        except psycopg.Error as error:
            _LOG.warning("Listening to the store was broken off (%s).", type(error).__name__)
            stopped.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)
