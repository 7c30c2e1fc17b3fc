"""A limit on what one client may ask of the application in some time.

What is answered at once is sent before the application is asked (`app.server`), and is not counted.
Each worker counts for itself.
"""

from __future__ import annotations

import math
import time
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from .problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_NETWORK = 64
"""Bits of an IPv6 address that name a network; one client may have every address in it."""


class RateLimit:
    """ASGI middleware that answers 429 to a client that asks too often.

    Parameters
    ----------
    rate : str
        As in ``12000/minute`` or ``100/10 seconds``.

    References
    ----------
    .. [1] RFC 6585, section 4 (429) and RFC 9110, section 10.2.3 (Retry-After).
    """

    def __init__(self, app: ASGIApp, rate: str) -> None:
        self.app = app
        self._rate = parse(rate)
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or refuse it."""
        if scope["type"] != "http" or self._counts.hit(self._rate, client := _client(scope)):
            await self.app(scope, receive, send)
            return
        reset = self._counts.get_window_stats(self._rate, client).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        sentence = f"More than {self._rate} came from your address; ask again in {wait} s."
        answer = problem(Request(scope), 429, sentence, code="too-many-requests")
        answer.headers["Retry-After"] = str(wait)
        await answer(scope, receive, send)


def _client(scope: Scope) -> str:
    """Return what a client is counted by: its address, or its network where it has one."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> (128 - _NETWORK))
    return host
