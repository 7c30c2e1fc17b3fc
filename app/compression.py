"""Compression of answers, with entity tags that say which bytes they are of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette_compress import CompressMiddleware

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT_COMPRESSED = re.compile(r"/api/collections/[^/]+/(revisions/[^/]+/items|download\.[^/]+)")
"""Answers that are kept compressed, or are files of their own."""

_CODED = re.compile(r'"([^"]*)-(?:br|gzip|zstd)"')


class Compress:
    """ASGI middleware that compresses answers for those who can read it.

    The compressed form of an answer is a representation of its own, and so is its strong entity
    tag (RFC 9110, section 8.8.3.3): it ends in the name of the coding. What a client gives back in
    If-None-Match is compared without it.
    """

    def __init__(self, app: ASGIApp, minimum_size: int) -> None:
        self.app = app
        self._compressing = CompressMiddleware(app, minimum_size=minimum_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and compress its answer."""
        if scope["type"] != "http" or _KEPT_COMPRESSED.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        known: dict[str, str] = {}
        given = MutableHeaders(scope=scope).get("if-none-match")
        if given is not None:
            known = {f'"{match[1]}"': match[0] for match in _CODED.finditer(given)}
            headers = MutableHeaders(raw=list(scope["headers"]))
            headers["if-none-match"] = _CODED.sub(r'"\1"', given)
            scope = {**scope, "headers": headers.raw}

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                _name(message, known)
            await send(message)

        await self._compressing(scope, receive, send_named)


def _name(message: Message, known: Mapping[str, str]) -> None:
    """Let the entity tag of an answer name its coding; that of a 304 is the one that was given."""
    headers = MutableHeaders(scope=message)
    etag = headers.get("etag", "")
    if message["status"] == 304:
        headers.update({"etag": known[etag]} if etag in known else {})
    elif etag.startswith('"') and "content-encoding" in headers:
        headers["etag"] = f'{etag[:-1]}-{headers["content-encoding"]}"'
