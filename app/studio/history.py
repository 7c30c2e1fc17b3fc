"""What has become of a layer, internal features too: revisions, differences, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import orjson
from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from app.access import Needs, VisitorDep
from app.dependencies import PublishedDep, TemplatesDep
from app.links import GEOJSON, attachment
from app.wording import day
from layers.consequences import find_features
from layers.errors import AtlasError, InvalidParameter, NotFound, RevisionConflict
from layers.history import compare_stored
from layers.past import feature_past
from layers.publishing import layer_of
from layers.review import LONGEST_TEXT
from layers.served import as_collection
from layers.updates import roll_back

from .answers import go_to, language_of, page
from .draft_views import ground_of, map_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.access import Visitor
    from app.published import Published
    from layers.history import Compared
    from layers.model import Feature, Layer, Revision
    from layers.store import Stay

router = APIRouter(prefix="/layers/{layer_id}", dependencies=[Depends(Needs("view"))])

_ON_A_PAGE = 50
_COMPARED = 200
"""Features that are compared one by one of those that were added, removed and changed each."""

_FOUND = 50
_LARGEST = 2**31 - 1

Number = Annotated[int, Path(ge=1, le=_LARGEST)]


@router.get("")
def get_layer(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    layer_id: str,
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int, Query(ge=1, le=_LARGEST)] = _LARGEST,
) -> Response:
    """Return the revisions of a layer, the newest first, and the features that a text finds."""
    layer = layer_of(published.bundle, layer_id)
    store = published.store
    revisions = store.revisions(layer_id)
    shown = [each for each in revisions if each.number < before]
    text = q.replace("\0", "").strip()
    return page(
        request,
        "layer.html",
        visitor,
        layer=layer,
        head=revisions[0] if revisions else None,
        revisions=shown[:_ON_A_PAGE],
        more=shown[_ON_A_PAGE - 1].number if len(shown) > _ON_A_PAGE else None,
        text=text,
        found=_found(published, layer, text) if text else [],
        most=_FOUND,
    )


@router.get("/diff")
def get_difference(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    layer_id: str,
    old: Annotated[int, Query(alias="from", ge=0, le=_LARGEST)],
    new: Annotated[int, Query(alias="to", ge=1, le=_LARGEST)],
) -> Response:
    """Return what turns one revision into another, which may be the older one."""
    layer = layer_of(published.bundle, layer_id)
    return page(
        request,
        "diff.html",
        visitor,
        layer=layer,
        compared=_compare(published, layer_id, old, new),
        most=_COMPARED,
        ground=ground_of(published.latest.atlas),
    )


@router.get("/diff.json")
def get_difference_shapes(
    published: PublishedDep,
    layer_id: str,
    old: Annotated[int, Query(alias="from", ge=0, le=_LARGEST)],
    new: Annotated[int, Query(alias="to", ge=1, le=_LARGEST)],
) -> Response:
    """Return the shapes in which two revisions differ, old and new, for the map of the pages."""
    compared = _compare(published, layer_id, old, new)
    difference, store = compared.difference, published.store
    changed = find_features(store, compared.old, [each.id for each in difference.changed])
    return _shapes(
        layer_of(published.bundle, layer_id),
        [*changed.values(), *difference.removed],
        [*compared.now.values(), *difference.added],
    )


@router.get("/past.json")
def get_past_shapes(published: PublishedDep, layer_id: str, feature: str) -> Response:
    """Return the shapes that a feature has had, and the one that it has, for its page."""
    layer = layer_of(published.bundle, layer_id)
    steps = feature_past(published.store, layer, feature)
    is_there = steps[0].became != "removed"
    return _shapes(
        layer,
        [each.feature for each in steps[int(is_there) :]],
        [steps[0].feature] if is_there else [],
    )


@router.get("/revisions/{number}")
def get_revision(
    request: Request, published: PublishedDep, visitor: VisitorDep, layer_id: str, number: Number
) -> Response:
    """Return a revision: what it changed, and what it would change to restore it."""
    return _revision_page(request, published, visitor, layer_id, number)


@router.get("/revisions/{number}/download.geojson")
def get_download(
    request: Request,
    published: PublishedDep,
    templates: TemplatesDep,
    layer_id: str,
    number: Number,
) -> Response:
    """Return a whole revision as GeoJSON, with what is internal."""
    layer = layer_of(published.bundle, layer_id)
    revision = published.store.revision(layer_id, number)
    words = templates.wording(published.latest.atlas, language_of(request))
    of = day(revision.created)
    said = words.say("-含内部-第{number}版", number=number)
    name = attachment(
        f"{layer_id}-internal-{number}-{of}", words.title(layer), f"{said}-{of}", "geojson"
    )
    # What the store refuses, it refuses before the answer begins.
    parts = as_collection(published.store.features(revision))
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return StreamingResponse(parts, headers=headers, media_type=GEOJSON)


@router.post("/revisions/{number}/restore", dependencies=[Depends(Needs("publish"))])
async def post_restore(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    layer_id: str,
    number: Number,
    message: Annotated[str, Form()] = "",
) -> Response:
    """Make a new revision that is as an old one."""
    try:
        restored = await run_in_threadpool(
            _restore, published, visitor, layer_id, number, message.strip()
        )
    except (InvalidParameter, RevisionConflict) as fault:
        return await run_in_threadpool(
            _revision_page, request, published, visitor, layer_id, number, fault, message
        )
    await published.renew()
    return go_to(f"/studio/layers/{restored.layer_id}", "restored")


@router.get("/features/{feature_id:path}")
def get_feature(
    request: Request, published: PublishedDep, visitor: VisitorDep, layer_id: str, feature_id: str
) -> Response:
    """Return every state of a feature, of one that is removed too."""
    layer = layer_of(published.bundle, layer_id)
    steps = feature_past(published.store, layer, feature_id)
    return page(
        request,
        "feature.html",
        visitor,
        layer=layer,
        id=feature_id,
        steps=steps,
        ground=ground_of(published.latest.atlas),
    )


def _shapes(layer: Layer, old: Iterable[Feature], new: Iterable[Feature]) -> Response:
    document = map_document(layer, {"old": old, "new": new})
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(document), 200, headers, media_type="application/json")


def _found(published: Published, layer: Layer, text: str) -> list[Stay]:
    """Return what a text finds, first what is called so."""

    def is_elsewhere(stay: Stay) -> bool:
        return text not in layer.name_of(stay.feature) and text not in stay.feature.id

    return sorted(published.store.past.find(layer.id, text, _FOUND), key=is_elsewhere)


def _compare(published: Published, layer_id: str, old: int, new: int) -> Compared[Revision]:
    store = published.store
    first = store.revision(layer_id, old) if old else None
    second = store.revision(layer_id, new)
    layer = layer_of(published.bundle, layer_id)
    return compare_stored(store, layer, first, second, _COMPARED)


def _restore(
    published: Published, visitor: Visitor, layer_id: str, number: int, message: str
) -> Revision:
    if not message or len(message) > LONGEST_TEXT:
        raise InvalidParameter(
            "message", f"Say why you restore it, in 1 to {LONGEST_TEXT:,} characters."
        )
    return roll_back(
        published.store,
        published.bundle,
        layer_id,
        number,
        author=visitor.account.name,
        message=message,
    )


def _revision_page(
    request: Request,
    published: Published,
    visitor: Visitor,
    layer_id: str,
    number: int,
    fault: AtlasError | None = None,
    typed: str = "",
) -> Response:
    layer = layer_of(published.bundle, layer_id)
    store = published.store
    head = store.head(layer_id)
    if head is None:
        raise NotFound(f"Layer {layer_id} has no revision yet.")
    revision = store.revision(layer_id, number)
    differs = revision.digest != head.digest
    return page(
        request,
        "revision.html",
        visitor,
        200 if fault is None else 400,
        fault=fault,
        typed=typed,
        layer=layer,
        compared=_compare(published, layer_id, revision.parent or 0, number),
        back=_compare(published, layer_id, head.number, number) if differs else None,
        most=_COMPARED,
        ground=ground_of(published.latest.atlas),
    )
