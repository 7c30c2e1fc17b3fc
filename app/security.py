"""Headers that every answer carries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


def policy(
    *, framed_by: str = "'self'", frames: str = "", scripts: str = "", pictures: str = ""
) -> str:
    """Return a Content-Security-Policy that allows nothing but our own files (CSP3, section 6).

    Parameters
    ----------
    framed_by : str
        Who may show the page in a frame.
    frames : str
        What it may show in frames of its own; nothing without it.
    scripts : str
        Digests of the inline scripts that it may run beside our files.
    pictures : str
        Origins of pictures beside ours.
    """
    parts = {
        "default-src": "'none'",
        "script-src": f"'self' {scripts}",
        "style-src": "'self'",
        "img-src": f"'self' data: {pictures}",
        "font-src": "'self'",
        "connect-src": "'self'",
        "frame-src": frames,
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": framed_by,
    }
    return "; ".join(f"{name} {sources.rstrip()}" for name, sources in parts.items() if sources)


SENT_BY_SCRIPTS = (
    "Authorization", "Content-Crs", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
    "If-Range", "Range",
)  # fmt: skip
"""What scripts of other sites may say in the head of a request."""

READ_BY_SCRIPTS = (
    "Accept-Patch", "Accept-Post", "Accept-Ranges", "Allow", "Content-Crs", "Content-Disposition",
    "Content-Range", "ETag", "Link", "Location", "Retry-After", "WWW-Authenticate",
)  # fmt: skip
"""What they may read in that of an answer, beside what they always may (Fetch, section 2.2.2)."""

HEADERS: list[tuple[bytes, bytes]] = [
    (b"content-security-policy", policy().encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(READ_BY_SCRIPTS).encode()),
]
"""What answers carry that do not pass through the middleware."""


class SecurityHeaders:
    """ASGI middleware: a page may load nothing but our files, and only maps may be embedded.

    Parameters
    ----------
    embedded_by : str
        Who may show the maps in a frame, as the policy has it.
    pictures : sequence of str
        Origins from which pages may load pictures that offer basemaps, and no others: the atlas
        page, and those on which a draft is drawn.
    """

    def __init__(self, app: ASGIApp, embedded_by: str, pictures: Sequence[str] = ()) -> None:
        self.app = app
        self._maps = policy(framed_by=embedded_by)
        self._atlas = policy(pictures=" ".join(dict.fromkeys(pictures)))
        self._drawing = policy(framed_by="'none'", pictures=" ".join(dict.fromkeys(pictures)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on and add the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        usual = self._policy(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # A page may have one of its own.
                headers.setdefault("Content-Security-Policy", usual)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _policy(self, path: str) -> str:
        """Return what holds for a page: maps may be framed as it is set, the studio never."""
        if path == "/":
            return self._atlas
        if path.startswith("/maps/"):
            return self._maps
        if _DRAWING.fullmatch(path):
            return self._drawing
        return _STUDIO if path == "/studio" or path.startswith("/studio/") else _USUAL


_DRAWING = re.compile("/studio/draw/[^/]+/[0-9]+")
_USUAL = policy()
_STUDIO = policy(framed_by="'none'")
