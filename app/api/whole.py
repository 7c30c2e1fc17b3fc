"""Whole collections: the bytes of a revision, which never change.

An address names a revision by its number and the digest of its bytes. It answers for ever with
these bytes, or with 410 once something in them is no longer public.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from app.dependencies import AtlasDep, PublishedDep
from app.links import GEOJSON, IMMUTABLE, address
from app.problems import problem
from layers.encodings import ENCODINGS
from layers.errors import NotFound, Withdrawn

from .answers import bytes_answer
from .parameters import refuse_unknown
from .reads import is_known, revision_etag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from app.published import Published
    from layers.encodings import Encoding
    from layers.snapshot import Atlas, LayerSnapshot

router = APIRouter(prefix="/api")

PATIENCE_S = 5.0
"""How long a request waits for a layer to be compressed; then it is sent as it is."""

_SMALLEST_COMPRESSED = 500
_PART = 262_144
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII | re.IGNORECASE)
_QUALITY = re.compile(r"\s*q\s*=\s*(0(\.[0-9]{0,3})?|1(\.0{0,3})?)\s*", re.ASCII | re.IGNORECASE)

_ITEMS = "/collections/{collection_id}/revisions/{revision_id}/items"
_OVERVIEW = "/collections/{collection_id}/revisions/{revision_id}/overview"


@router.api_route(_ITEMS, methods=["GET", "HEAD"])
async def get_revision_items(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    collection_id: str,
    revision_id: str,
) -> Response:
    """Return a whole collection as it was in a revision.

    A number alone leads on to the address of the bytes.
    """
    refuse_unknown(request)
    snapshot = await run_in_threadpool(find_revision, published, atlas, collection_id, revision_id)
    if snapshot.revision_id != revision_id:
        path = f"/api/collections/{collection_id}/revisions/{snapshot.revision_id}/items"
        return RedirectResponse(address(request, path), headers={"Cache-Control": "no-cache"})
    encoding = _encoding(request.headers.get("accept-encoding", ""), snapshot)
    body = None if encoding is None else await _encoded(published, snapshot, encoding)
    if body is None:
        encoding, body = None, snapshot.document
    etag = revision_etag(snapshot, encoding)
    headers = {"ETag": etag.decode(), "Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"}
    if is_known(etag, request.headers.get("if-none-match", "").encode("latin-1")):
        return Response(status_code=304, headers=headers)
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return _part_or_all(request, body, headers)


@router.api_route(_OVERVIEW, methods=["GET", "HEAD"])
def get_overview(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    collection_id: str,
    revision_id: str,
) -> Response:
    """Return a collection as the map draws it: all geometry, few properties; never changes."""
    refuse_unknown(request)
    snapshot = find_revision(published, atlas, collection_id, revision_id)
    return bytes_answer(request, snapshot.overview, GEOJSON, cache=IMMUTABLE)


def find_revision(
    published: Published, atlas: Atlas, collection_id: str, revision_id: str
) -> LayerSnapshot:
    """Return the revision that an address names by its number, or by number and digest.

    Raises
    ------
    NotFound
        If there was never one of this number with these bytes.
    Withdrawn
        If something in them is no longer public.
    """
    head = atlas.layer(collection_id)
    number, dash, digest = revision_id.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound(
            f"Collection {collection_id} has no revision {revision_id[:80]}; "
            f"/api/collections/{collection_id}/revisions lists those that there are."
        )
    snapshot = published.revision(head, head.history.numbered(int(number)))
    if not dash or digest == snapshot.digest:
        return snapshot
    now = f"/api/collections/{collection_id}/revisions/{snapshot.shown.number}/items"
    if published.lacks_withheld(snapshot):
        raise Withdrawn(
            f"Something in revision {snapshot.shown.number} of {collection_id} is no longer "
            f"public, so that its bytes are not given any more; what still is public is at {now}."
        )
    raise NotFound(
        f"Revision {snapshot.shown.number} of {collection_id} never had these bytes; see {now}."
    )


def _encoding(accepted: str, snapshot: LayerSnapshot) -> Encoding | None:
    """Return the content coding to answer in (RFC 9110, section 12.5.3); None for none."""
    if len(snapshot.document) < _SMALLEST_COMPRESSED:
        return None
    weights: dict[str, bool] = {}
    for each in accepted.lower().split(","):
        name, _, quality = each.partition(";")
        weight = _QUALITY.fullmatch(quality)
        weights[name.strip()] = not quality or (weight is not None and float(weight[1]) > 0)
    anything = weights.get("*", False)
    return next((each for each in ENCODINGS if weights.get(each, anything)), None)


async def _encoded(
    published: Published, snapshot: LayerSnapshot, encoding: Encoding
) -> memoryview | None:
    """Return a compressed layer; None if it takes long. Then it will be ready for the next."""
    making = asyncio.wrap_future(published.encode(snapshot, encoding))
    done, _ = await asyncio.wait([making], timeout=PATIENCE_S)
    return making.result() if done else None


def _part_or_all(request: Request, body: memoryview, headers: dict[str, str]) -> Response:
    """Answer with all bytes or with one range of them (RFC 9110, section 14.2)."""
    headers |= {"Accept-Ranges": "bytes"}
    given = request.headers.get("range", "").replace(" ", "") if request.method == "GET" else ""
    condition = request.headers.get("if-range", headers["ETag"])
    match = _RANGE.fullmatch(given) if condition == headers["ETag"] else None
    # What is no range, or several, is answered with everything, as the standard allows.
    if match is None or not any(match.groups()):
        return BufferResponse(body, headers=headers)
    first, last = match.groups()
    start = int(first) if first else max(0, len(body) - int(last))
    end = min(int(last) + 1, len(body)) if first and last else len(body)
    if first and last and int(last) < int(first):
        return BufferResponse(body, headers=headers)
    if start >= end:
        sentence = f"The collection has {len(body)} bytes; the range {given[:60]} has none."
        answer = problem(request, 416, sentence, code="range-not-satisfiable")
        answer.headers["Content-Range"] = f"bytes */{len(body)}"
        return answer
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(body)}"
    return BufferResponse(body[start:end], 206, headers)


class BufferResponse(Response):
    """Sends a buffer in parts, as fast as the client takes them, without a copy of the whole."""

    def __init__(
        self, buffer: memoryview, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        length = {"Content-Length": str(len(buffer))}
        super().__init__(None, status, {**(headers or {}), **length}, GEOJSON)
        self._buffer = buffer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and, unless only they are asked for, the bytes."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        size = 0 if scope["method"] == "HEAD" else len(self._buffer)
        for start in range(0, size, _PART):
            part = bytes(self._buffer[start : start + _PART])
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
