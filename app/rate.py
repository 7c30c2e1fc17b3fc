"""A limit on what one client may ask in some time. Each worker counts for itself."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from .clients import client_of
from .problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_STEPS = 100
"""Into so many parts the limit is divided where requests are counted some at a time."""

_MOST_CLIENTS = 10_000


class Rate:
    """What one client may ask, and how much each has asked.

    Parameters
    ----------
    rate : str
        As in ``12000/minute`` or ``100/10 seconds``.
    """

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._step = max(1, self._rate.amount // _STEPS)
        self._uncounted: dict[str, int] = {}

    def __str__(self) -> str:
        return str(self._rate)

    def allows(self, host: str) -> bool:
        """Count a request, and tell whether it may be answered."""
        return self._counts.hit(self._rate, client_of(host))

    def allows_about(self, host: str) -> bool:
        """Do the same for answers that cost less than to count them: some are counted at a time."""
        asked = self._uncounted.pop(host, 0) + 1
        if asked >= self._step:
            if self._counts.hit(self._rate, client_of(host), cost=asked):
                return True
            self._uncounted[host] = self._step - 1
            return False
        if len(self._uncounted) >= _MOST_CLIENTS:
            self._uncounted.clear()
        self._uncounted[host] = asked
        return True

    def wait_s(self, host: str) -> int:
        """Return in how many seconds a client that was refused may ask again."""
        reset = self._counts.get_window_stats(self._rate, client_of(host)).reset_time
        return max(1, math.ceil(reset - time.time()))


class RateLimit:
    """ASGI middleware that answers 429 to a client that asks too often.

    References
    ----------
    .. [1] RFC 6585, section 4 (429) and RFC 9110, section 10.2.3 (Retry-After).
    """

    def __init__(self, app: ASGIApp, rate: Rate) -> None:
        self.app = app
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or refuse it."""
        host = scope["client"][0] if scope.get("client") else ""
        if scope["type"] != "http" or self._rate.allows(host):
            await self.app(scope, receive, send)
            return
        wait = self._rate.wait_s(host)
        sentence = f"More than {self._rate} came from your address; ask again in {wait} s."
        answer = problem(Request(scope), 429, sentence, code="too-many-requests")
        answer.headers["Retry-After"] = str(wait)
        await answer(scope, receive, send)
