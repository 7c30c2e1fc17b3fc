"""What stands between the public and what it sends: a question, a limit, a seal."""

from __future__ import annotations

import hmac
import math
import secrets
import time
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from layers.challenges import Challenges
from layers.opinions import Terms
from layers.sealing import Seal, read_key

from .clients import client_of

if TYPE_CHECKING:
    from .settings import Settings

KEY_FILE = "contact.key"


class Desk:
    """Where opinions come in.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    terms : Terms
        When opinions are taken.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.terms = Terms(
            settings.opinions,
            settings.opinions_from,
            settings.opinions_until,
            settings.opinion_pins,
        )
        self._rate = parse(settings.opinion_rate)
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._day, self._salt = date.min, b""

    @cached_property
    def seal(self) -> Seal:
        """What contacts are encrypted with; its file is made when it is first needed."""
        given = self._settings.contact_key
        if given is not None:
            return Seal(given.get_secret_value().encode())
        return Seal(read_key(self._settings.home / KEY_FILE))

    @cached_property
    def challenges(self) -> Challenges:
        """The questions that are asked before something is taken."""
        return Challenges(self.seal.derived("challenge"))

    def wait_s(self, host: str, today: date) -> int:
        """Count something that a client sends; return 0, or in how many seconds it may send more.

        An address is never kept: what is counted is its hash with a key that is thrown away
        every day, and never leaves this process.
        """
        if today != self._day:
            self._day, self._salt = today, secrets.token_bytes(32)
        client = hmac.new(self._salt, client_of(host).encode(), "sha256").hexdigest()
        if self._counts.hit(self._rate, client):
            return 0
        reset = self._counts.get_window_stats(self._rate, client).reset_time
        return max(1, math.ceil(reset - time.time()))
