"""Whole collections: the bytes of a revision, which never change.

An address names a revision by its number and the digest of its bytes. It answers for ever with
these bytes, or with 410 once something in them is no longer public.
"""

from __future__ import annotations

import asyncio
import re
from itertools import chain
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, StreamingResponse

from app.dependencies import AtlasDep, PublishedDep
from app.links import GEOJSON, IMMUTABLE, address
from layers.encodings import ENCODINGS
from layers.errors import NotFound, Withdrawn
from layers.snapshot import LayerSnapshot

from .answers import bytes_answer
from .buffers import buffer_answer
from .operations import content, reference
from .operations import get as described
from .parameters import refuse_unknown
from .reads import is_known, revision_etag

if TYPE_CHECKING:
    from app.published import Published
    from layers.encodings import Encoding
    from layers.model import Layer
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

    from .operations import Schema

router = APIRouter(prefix="/api")

PATIENCE_S = 5.0
"""How long a request waits for a layer to be compressed; then it is sent as it is."""

_SMALLEST_COMPRESSED = 500
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
    if not isinstance(snapshot, LayerSnapshot):
        return await run_in_threadpool(_streamed, request, snapshot)
    encoding = _encoding(request.headers.get("accept-encoding", ""), snapshot)
    body = None if encoding is None else await _encoded(published, snapshot, encoding)
    if body is None:
        encoding, body = None, snapshot.document
    etag = revision_etag(snapshot, encoding)
    headers = {"ETag": etag.decode(), "Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"}
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return buffer_answer(request, body, GEOJSON, headers)


@router.api_route(_OVERVIEW, methods=["GET", "HEAD"])
def get_overview(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    collection_id: str,
    revision_id: str,
) -> Response:
    """Return a collection as the map draws it: all geometry, few properties; never changes.

    A number alone leads on to the address of the bytes.
    """
    refuse_unknown(request)
    snapshot = find_revision(published, atlas, collection_id, revision_id)
    if snapshot.revision_id != revision_id:
        path = f"/api/collections/{collection_id}/revisions/{snapshot.revision_id}/overview"
        return RedirectResponse(address(request, path), headers={"Cache-Control": "no-cache"})
    if not isinstance(snapshot, LayerSnapshot):
        raise NotFound(
            f"Collection {collection_id} is too large for an overview; its items are at "
            f"/api/collections/{collection_id}/items."
        )
    return bytes_answer(request, snapshot.overview, GEOJSON, cache=IMMUTABLE)


def _streamed(request: Request, layer: ServedLayer) -> Response:
    """Return a whole layer as the database gives it, without holding it."""
    etag = revision_etag(layer)
    headers = {"ETag": etag.decode(), "Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"}
    if is_known(etag, request.headers.get("if-none-match", "").encode("latin-1")):
        return Response(status_code=304, headers=headers)
    parts = layer.parts()
    # What the database refuses must be known before the answer begins.
    first = next(parts)
    return StreamingResponse(chain((first,), parts), headers=headers, media_type=GEOJSON)


def find_revision(
    published: Published, atlas: Atlas, collection_id: str, revision_id: str
) -> ServedLayer:
    """Return the revision that an address names by its number, or by number and digest.

    Raises
    ------
    NotFound
        If there was never one of this number with these bytes.
    Withdrawn
        If something in them is no longer public.
    """
    head = atlas.layer(collection_id)
    if revision_id == head.revision_id:
        # Maps ask for it, also while the store cannot be reached.
        return head
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


def describe(layer: Layer) -> Schema:
    """Return the OpenAPI path of the bytes of a collection's revisions."""
    whole = content("The whole collection", GEOJSON, "FeatureCollection")
    return {
        f"/collections/{layer.id}/revisions/{{revisionId}}/items": described(
            f"{layer.id}.getRevisionItems",
            f"{layer.title}: the bytes of a revision, which never change",
            "FeatureCollection",
            parameters=[reference("revisionId")],
            missing=True,
            refusals=["410", "416"],
            answers={
                "200": whole,
                "206": whole,
                "307": {"description": "Where the bytes of a number are"},
            },
        )
    }
