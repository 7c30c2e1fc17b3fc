"""Answers whose bytes are there: all of them, a range, or nothing for a client that has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request, Response

from .reads import is_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

_PART = 262_144
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII | re.IGNORECASE)


def buffer_answer(
    request: Request, buffer: memoryview, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Return bytes as a client asks for them (RFC 9110, sections 13 and 14).

    Parameters
    ----------
    headers : Mapping
        With a strong ``ETag``, and ``Content-Encoding`` if the bytes are in one.

    Returns
    -------
    Response
        304 if the client has the bytes; 206 with one range; else all. What is no range, or
        several, is answered with everything, as the standard allows.

    Raises
    ------
    HTTPException
        416 if the range holds nothing.
    """
    etag = headers["ETag"]
    if is_known(etag.encode(), request.headers.get("if-none-match", "").encode("latin-1")):
        kept = {name: value for name, value in headers.items() if name != "Content-Encoding"}
        return Response(status_code=304, headers=kept)
    full = {**headers, "Accept-Ranges": "bytes"}
    wanted = _range(request, len(buffer), etag)
    if wanted is None:
        return _BufferResponse(buffer, 200, media_type, full)
    full["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{len(buffer)}"
    return _BufferResponse(buffer[wanted.start : wanted.stop], 206, media_type, full)


def _range(request: Request, size: int, etag: str) -> range | None:
    if request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return None
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None:
        return None
    first, last = match.groups()
    if not (first or last) or (first and last and int(last) < int(first)):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise HTTPException(
            416,
            f"There are {size} bytes here; the range that is asked for holds none of them.",
            {"Content-Range": f"bytes */{size}"},
        )
    return range(start, end)


class _BufferResponse(Response):
    """Sends a buffer in parts, as fast as the client takes them, without a copy of the whole."""

    def __init__(
        self, buffer: memoryview, status: int, media_type: str, headers: Mapping[str, str]
    ) -> None:
        length = {"Content-Length": str(len(buffer))}
        super().__init__(None, status, {**headers, **length}, media_type)
        self._buffer = buffer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and, unless only they are asked for, the bytes."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        size = 0 if scope["method"] == "HEAD" else len(self._buffer)
        for place in range(0, size, _PART):
            part = bytes(self._buffer[place : place + _PART])
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
