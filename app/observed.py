"""Every request that reaches the application: its id, its line in the log, and its count."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders

from .links import REQUEST_ID

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .metrics import Metrics

_LOG = logging.getLogger(__name__)
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_GONE = 499
"""Logged where a client has gone before it was answered, as nginx does."""


class Observe:
    """ASGI middleware that names, counts and logs requests.

    A line holds the template of the route, never what stands in its place, and no query, name,
    address or token.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and note what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        given = Headers(scope=scope).get(REQUEST_ID, "")
        is_named = _GIVEN.fullmatch(given) is not None
        name = given if is_named else uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        status = _GONE

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            # Without a name from outside, answers to one question are the same each time.
            if message["type"] == "http.response.start" and is_named:
                MutableHeaders(scope=message)[REQUEST_ID] = name
            await send(message)

        try:
            await self.app(scope, receive, send_named)
        except Exception:
            status = 500
            raise
        finally:
            self._note(scope, status, time.perf_counter() - began, name)

    def _note(self, scope: Scope, status: int, seconds: float, name: str) -> None:
        route, method = route_of(scope), scope["method"]
        self._metrics.count(route, method, status, seconds)
        _LOG.info(
            "request",
            extra={
                "route": route,
                "method": method[:20],
                "status": status,
                "ms": round(seconds * 1000, 2),
                "request_id": name,
            },
        )


def route_of(scope: Scope) -> str:
    """Return the template of the route that a request went to, never what was sent in its place."""
    found = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    if found is not None:
        return str(found.path)
    return "/static" if scope["path"].startswith("/static/") else "none"
