"""What the drawing page's script sends and asks for: features of a draft, as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response

from app.access import Needs, VisitorDep
from app.bodies import BodyDep
from app.dependencies import PublishedDep
from layers.bodies import complete_properties, read_geometry, read_id, read_object
from layers.drawing import SHOWN, Step, changes_since, check_drawn, cut, save
from layers.errors import DataInvalid, InvalidParameter, NotFound
from layers.geojson import DECIMALS, canonical_bytes, feature_document, parse_json
from layers.model import BBox, Feature
from layers.packed import feature_json
from layers.publishing import layer_of
from layers.sheets import Sheet, open_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.access import Visitor
    from app.published import Published
    from layers.errors import Finding
    from layers.model import Layer
    from layers.store import Draft, Edit

router = APIRouter(prefix="/draw/{layer_id}/{number}", dependencies=[Depends(Needs("draft"))])

_FEATURE = "/features/{feature_id}"
_LARGEST = 2**31 - 1
"""Of what a database can count to."""

Number = Annotated[int, Path(ge=1, le=_LARGEST)]
Seen = Annotated[int, Query(ge=0, le=_LARGEST)]
_NO_STORE = {"Cache-Control": "no-store"}
_MOST_EDITS = 200
_OF_PAIRS = frozenset(["overlap", "sliver-overlap", "sliver-gap"])
"""Rules whose findings name another feature as their value."""


class Drawing(NamedTuple):
    """What a request draws on."""

    layer: Layer
    draft: Draft
    sheet: Sheet


def open_drawing(published: Published, layer_id: str, number: Number) -> Drawing:
    """Return a draft of a layer with its features."""
    layer = layer_of(published.bundle, layer_id)
    draft = published.store.drafts.get(layer_id, number)
    base = published.base(layer, draft.base)
    return Drawing(layer, draft, open_sheet(published.store, base, draft))


@router.get("/features")
def get_features(
    published: PublishedDep,
    layer_id: str,
    number: Number,
    bbox: Annotated[str | None, Query(max_length=200)] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Return the features of a draft: all of a small layer, else what is in a box or has a name."""
    _, _, sheet = open_drawing(published, layer_id, number)
    if q:
        found = sheet.named(q)
    elif bbox is not None:
        found = sheet.near(_bbox(bbox))
    elif sheet.count <= SHOWN:
        found = sheet.all()
    else:
        raise InvalidParameter(
            "bbox", f"The layer has more than {SHOWN:,} features; say with bbox which part of it."
        )
    told = b",".join(feature_json(feature_document(each)) for each in found[:SHOWN])
    known = {"number": sheet.number, "complete": len(found) <= SHOWN, "new": sheet.new[:SHOWN]}
    head = orjson.dumps(known)
    return _json(head[:-1] + b',"features":[' + told + b"]}")


@router.get(_FEATURE)
def get_feature(
    published: PublishedDep, layer_id: str, number: Number, feature_id: str
) -> Response:
    """Return a feature of a draft as it is now, with what the checks find in it."""
    _, _, sheet = open_drawing(published, layer_id, number)
    feature = sheet.feature(feature_id)
    if feature is None:
        raise NotFound(f"Draft {number} of {layer_id} has no feature {feature_id}.")
    findings = check_drawn(published.store, published.bundle, sheet, feature)
    told = {"number": sheet.number, "id": feature_id, "feature": feature_document(feature)}
    return _answer(told | {"findings": _findings(findings)})


@router.put(_FEATURE)
def put_feature(
    published: PublishedDep,
    visitor: VisitorDep,
    layer_id: str,
    number: Number,
    feature_id: str,
    body: BodyDep,
) -> Response:
    """Put a feature into a draft, or replace it; see `layers.drawing.save`."""
    document = _document(body)
    drawing = open_drawing(published, layer_id, number)
    step = _step(drawing, feature_id, document)
    return _save(published, visitor, drawing, [step], document)


@router.delete(_FEATURE)
def delete_feature(
    published: PublishedDep,
    visitor: VisitorDep,
    layer_id: str,
    number: Number,
    feature_id: str,
    seen: Seen,
) -> Response:
    """Take a feature out of a draft."""
    drawing = open_drawing(published, layer_id, number)
    steps = [Step(read_id(feature_id), None)]
    return _save(published, visitor, drawing, steps, {"seen": seen})


@router.post("/edits")
def post_edits(
    published: PublishedDep, visitor: VisitorDep, layer_id: str, number: Number, body: BodyDep
) -> Response:
    """Change several features at once: what one step changed is taken back by one."""
    document = _document(body)
    drawing = open_drawing(published, layer_id, number)
    edits = document.get("edits")
    if not isinstance(edits, list) or not 1 <= len(edits) <= _MOST_EDITS:
        raise InvalidParameter("edits", f'Member "edits" is a list of 1 to {_MOST_EDITS} edits.')
    steps = []
    for each in edits:
        if not isinstance(each, dict) or "feature" not in each:
            raise InvalidParameter("edits", 'An edit has an "id", and a "feature" or null.')
        feature = each["feature"]
        if feature is not None and not isinstance(feature, dict):
            raise InvalidParameter("feature", 'Member "feature" is an object or null.')
        gone = Step(read_id(each.get("id")), None)
        steps.append(gone if feature is None else _step(drawing, gone.feature_id, feature))
    if len({each.feature_id for each in steps}) < len(steps):
        raise InvalidParameter("edits", "Each feature is changed once.")
    return _save(published, visitor, drawing, steps, document)


@router.post(f"{_FEATURE}/cut")
def post_cut(
    published: PublishedDep,
    visitor: VisitorDep,
    layer_id: str,
    number: Number,
    feature_id: str,
    body: BodyDep,
) -> Response:
    """Divide a feature by a line, or take an area out of it; see `layers.drawing.cut`."""
    document = _document(body)
    drawing = open_drawing(published, layer_id, number)
    tool = read_geometry(document.get("geometry"), drawing.layer)
    if tool is None:
        raise InvalidParameter("geometry", "Say with which line or area to cut.")
    steps = cut(drawing.sheet, feature_id, tool)
    return _save(published, visitor, drawing, steps, document | {"shared": False})


@router.get("/edits")
def get_edits(
    published: PublishedDep,
    layer_id: str,
    number: Number,
    since: Seen,
) -> Response:
    """Return what was done to a draft since an edit that the caller has seen."""
    _, draft, sheet = open_drawing(published, layer_id, number)
    newest, others = changes_since(published.store, sheet.base, draft, since)
    return _answer({"number": newest, "status": draft.status, "others": _others(others)})


def _save(
    published: Published,
    visitor: Visitor,
    drawing: Drawing,
    steps: Sequence[Step],
    document: Mapping[str, Any],
) -> Response:
    seen, shared = document.get("seen"), document.get("shared", False)
    if not isinstance(seen, int) or isinstance(seen, bool) or not 0 <= seen <= _LARGEST:
        raise InvalidParameter("seen", 'Member "seen" is the number of the last edit you know of.')
    if not isinstance(shared, bool):
        raise InvalidParameter("shared", 'Member "shared" is true or false.')
    store, (_, draft, sheet) = published.store, drawing
    account = visitor.account
    saved = save(store, sheet, draft, steps, by=account, seen=seen, shared=shared)
    after = open_sheet(store, sheet.base, draft)
    # What is in the draft already is told of too: the answer may be to a request sent twice.
    told = {each.feature_id: each for each in (*steps, *saved.mine)}
    changed = [Step(each, after.feature(each)) for each in told]
    first = changed[0].feature
    findings = [] if first is None else check_drawn(store, published.bundle, after, first)
    return _answer(
        {
            "number": saved.number,
            "mine": [_told(each) for each in changed],
            "others": _others(each for each in saved.others if each[0].feature_id not in told),
            "findings": _findings(findings),
        }
    )


def _document(body: bytes) -> dict[str, Any]:
    document = parse_json(body)
    if not isinstance(document, dict):
        raise InvalidParameter("body", "The body must be a JSON object.")
    return document


def _step(drawing: Drawing, feature_id: str, document: Mapping[str, Any]) -> Step:
    """Return a feature as it is sent, whatever the checks will say of it."""
    layer = drawing.layer
    if missing := [name for name in ("geometry", "properties") if name not in document]:
        raise InvalidParameter(
            missing[0], f'A feature has a member "{missing[0]}", which may be null.'
        )
    id_ = read_id(feature_id)
    before = drawing.sheet.feature(id_)
    known = None if before is None else before.properties
    properties = complete_properties(layer, id_, read_object(document, "properties"), known)
    feature = Feature(id_, read_geometry(document["geometry"], layer), properties)
    try:
        canonical_bytes(feature)
    except DataInvalid as fault:
        raise InvalidParameter("properties", fault.sentence) from None
    return Step(id_, feature)


def _bbox(text: str) -> BBox:
    try:
        west, south, east, north = (float(each) for each in text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidParameter("bbox", "A bbox is west,south,east,north in degrees.")
    return BBox(west, south, east, north)


def _told(step: Step) -> dict[str, Any]:
    feature = step.feature
    return {"id": step.feature_id, "feature": feature and feature_document(feature)}


def _others(others: Iterable[tuple[Edit, Step]]) -> list[dict[str, Any]]:
    return [
        _told(step) | {"author": edit.author, "time": edit.time.isoformat()}
        for edit, step in others
    ]


def _findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "rule": each.rule,
            "severity": each.severity,
            "field": each.field,
            "message": each.message,
            "other": each.value if each.rule in _OF_PAIRS else None,
            "place": each.place and [round(part, DECIMALS) for part in each.place],
        }
        for each in findings
        if each.severity != "note"
    ]


def _answer(document: Mapping[str, Any]) -> Response:
    return _json(feature_json(document))


def _json(body: bytes) -> Response:
    return Response(body, 200, _NO_STORE, media_type="application/json")
