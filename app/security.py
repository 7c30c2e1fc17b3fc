"""Headers that every answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
)


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
    (b"content-security-policy", f"{_POLICY}'self'".encode()),
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
    pictures : sequence of str
        Origins from which the atlas page, and no other, may load pictures: those of basemaps.
    """

    def __init__(self, app: ASGIApp, pictures: Sequence[str] = ()) -> None:
        self.app = app
        sources = " ".join(["img-src 'self' data:", *dict.fromkeys(pictures)])
        self._policy_of_atlas = _POLICY.replace("img-src 'self' data:", sources)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on and add the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        policy = self._policy_of_atlas if scope["path"] == "/" else _POLICY
        policy += _framed_by(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _framed_by(path: str) -> str:
    """Return who may show a page in a frame: maps everybody, the studio nobody."""
    if path.startswith("/maps/"):
        return "*"
    return "'none'" if path == "/studio" or path.startswith("/studio/") else "'self'"
