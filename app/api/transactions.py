"""Create, replace, update and delete items (OGC API - Features Part 4).

What clients need beyond the standard was observed with QGIS 3.40 and OWSLib 0.35: `OPTIONS` that
names every method whatever the item, PATCH, a header called ``Location`` with a capital, and
edits without ``If-Match``, which neither of them sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.access import NeedsToken, get_token_account
from app.bodies import read_body
from app.dependencies import AtlasDep, PublishedDep
from app.problems import PreconditionRequired
from layers.crs import find_crs, published_crs
from layers.edits import Editing
from layers.errors import InvalidParameter, NotFound
from layers.geojson import parse_json

from .features import sent, where_of
from .parameters import refuse_unknown
from .reads import item_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from app.published import Published
    from layers.crs import PublishedCrs
    from layers.model import Feature
    from layers.served import ServedLayer

_PART_4 = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/"

CONFORMANCE = tuple(
    f"{_PART_4}{name}"
    for name in ("create-replace-delete", "update", "optimistic-locking-etags", "features")
)

MERGE_PATCH = "application/merge-patch+json"

router = APIRouter(prefix="/api")
_EDITING = [Depends(NeedsToken("draft"))]

LONGEST_KEY = 200
"""Characters of the name of an edit."""

_ITEMS = "/collections/{collection_id}/items"
_ITEM = "/collections/{collection_id}/items/{item_id}"


@router.options(_ITEMS)
def get_items_options(atlas: AtlasDep, collection_id: str) -> Response:
    """Return what can be done with the items of a collection."""
    atlas.layer(collection_id)
    headers = {"Allow": "GET, HEAD, OPTIONS, POST", "Accept-Post": "application/geo+json"}
    return Response(status_code=204, headers=headers)


@router.options(_ITEM)
def get_item_options(atlas: AtlasDep, collection_id: str, item_id: str) -> Response:
    """Return what can be done with an item, whether there is one of this id or not.

    QGIS asks about an id that it makes up where a collection is empty.
    """
    atlas.layer(collection_id)
    del item_id
    headers = {"Allow": "GET, HEAD, OPTIONS, PUT, PATCH, DELETE", "Accept-Patch": MERGE_PATCH}
    return Response(status_code=204, headers=headers)


@router.post(_ITEMS, dependencies=_EDITING)
async def create_item(request: Request, published: PublishedDep, collection_id: str) -> Response:
    """Publish a new item; it answers with the item and where it is."""

    def create(editing: Editing, document: dict[str, Any]) -> Feature:
        return editing.create(document, _crs(request))

    feature = await _edit(request, published, collection_id, None, create)
    answer = await run_in_threadpool(_item, request, published, collection_id, feature.id, 201)
    address = f"{where_of(request).base}/api/collections/{collection_id}/items/{quote(feature.id)}"
    answer.raw_headers.append((_AsWritten(b"Location"), address.encode()))
    return answer


@router.put(_ITEM, dependencies=_EDITING)
async def replace_item(
    request: Request, published: PublishedDep, collection_id: str, item_id: str
) -> Response:
    """Publish an item anew; it must say in ``If-Match`` which state it replaces."""
    return await _change(request, published, collection_id, item_id, Editing.replace)


@router.patch(_ITEM, dependencies=_EDITING)
async def update_item(
    request: Request, published: PublishedDep, collection_id: str, item_id: str
) -> Response:
    """Publish an item with some members changed (RFC 7396)."""
    return await _change(request, published, collection_id, item_id, Editing.update)


@router.delete(_ITEM, dependencies=_EDITING)
async def delete_item(
    request: Request, published: PublishedDep, collection_id: str, item_id: str
) -> Response:
    """Publish the collection without an item; its earlier states stay in the history."""

    def delete(editing: Editing, _: dict[str, Any]) -> None:
        editing.delete(item_id)

    await _edit(request, published, collection_id, item_id, delete)
    return Response(status_code=204)


async def _change(
    request: Request,
    published: Published,
    collection_id: str,
    item_id: str,
    change: Callable[[Editing, str, dict[str, Any], PublishedCrs], Feature],
) -> Response:
    """Publish an item as the body has it, and return it as it is shown then."""

    def make(editing: Editing, document: dict[str, Any]) -> Feature:
        return change(editing, item_id, document, _crs(request))

    await _edit(request, published, collection_id, item_id, make)
    return await run_in_threadpool(_item, request, published, collection_id, item_id, 200)


async def _edit(
    request: Request,
    published: Published,
    collection_id: str,
    item_id: str | None,
    make: Callable[[Editing, dict[str, Any]], Any],
) -> Any:
    """Run an edit for whoever asks, and wait until it is shown here."""
    given = refuse_unknown(request, ["message", "reason"])
    state = await published.current()
    snapshot = state.atlas.layer(collection_id)
    expected = _expected(request, snapshot)
    document = {} if request.method == "DELETE" else _document(request, await read_body(request))
    editing = Editing(
        published.store,
        published.bundle,
        collection_id,
        near=snapshot.near,
        author=get_token_account(request).name,
        message=given.get("message", ""),
        reason=given.get("reason", ""),
        key=_key(request),
        expected=None if item_id is None else expected,
    )
    made = await run_in_threadpool(make, editing, document)
    await published.renew()
    return made


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise InvalidParameter(
            "Idempotency-Key", f"Idempotency-Key has 1 to {LONGEST_KEY} characters."
        )
    return key


def _expected(request: Request, snapshot: ServedLayer) -> Collection[bytes] | None:
    """Return the tags of the states that may be changed; None for any.

    Raises
    ------
    PreconditionRequired
        If the request must say so and does not.
    """
    given = request.headers.get("if-match")
    if given is None:
        if request.method == "PUT" or (request.method != "POST" and snapshot.layer.if_match):
            raise PreconditionRequired(
                f"{request.method} needs If-Match with the ETag of the state that you have read; "
                "PATCH changes single members without it."
                if not snapshot.layer.if_match
                else f"{request.method} of {snapshot.layer.id} needs If-Match with the ETag of the "
                "state that you have read."
            )
        return None
    if given.strip() == "*":
        return None
    # The first part of an item's ETag is the same in all of its representations.
    tags = [tag.strip().strip('"').partition(".")[0].encode() for tag in given.split(",")]
    return [] if "W/" in given and len(tags) == 1 else tags


def _document(request: Request, body: bytes) -> dict[str, Any]:
    """Return the feature in a body, or what a patch says of one (RFC 7946, section 3.2)."""
    document = parse_json(body)
    if not isinstance(document, dict):
        raise InvalidParameter("body", "The body must be a GeoJSON feature, or members of one.")
    whole = request.method != "PATCH"
    if document.get("type", None if whole else "Feature") != "Feature":
        raise InvalidParameter("type", 'Member "type" must be "Feature".')
    missing = [name for name in ("geometry", "properties") if name not in document]
    if whole and missing:
        raise InvalidParameter(
            missing[0], f'A feature has a member "{missing[0]}", which may be null.'
        )
    return document


def _crs(request: Request) -> PublishedCrs:
    given = request.headers.get("content-crs")
    return published_crs()[0] if given is None else find_crs(given, "Content-Crs")


def _item(
    request: Request, published: Published, collection_id: str, item_id: str, status: int
) -> Response:
    """Return an item as it is shown now; nothing where it is shown to nobody."""
    snapshot = published.latest.atlas.layer(collection_id)
    where = where_of(request).at(f"/api/collections/{collection_id}/items/{quote(item_id)}")
    try:
        answer = sent(item_answer(snapshot, item_id, where))
    except NotFound:
        return Response(status_code=status)
    answer.status_code = status
    return answer


class _AsWritten(bytes):
    """A header's name that the server leaves as it is: QGIS 3.40 finds no ``location``."""

    def lower(self) -> bytes:
        return self
