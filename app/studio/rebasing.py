"""Bringing a draft up to date: what merges by itself, and what somebody has to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import orjson
from fastapi import APIRouter, Depends, Response

from app.access import Needs
from layers.consequences import find_features
from layers.errors import RevisionConflict
from layers.merging import GEOMETRY, WHOLE
from layers.next_steps import RIGHTS
from layers.review import mark_of, prepare_rebase, rebase

from .answers import go_to, page
from .asked import AskedDep
from .draft_views import draft_view, find_steps, ground_of, map_document, timed
from .draft_words import OBSTACLES, name_field, show_side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.merging import Conflict, Side
    from layers.model import Feature
    from layers.review import Rebase

    from .asked import Asked

router = APIRouter(prefix="/drafts/{layer}/{number}/rebase")

_RIGHT = Depends(Needs(RIGHTS["rebase"]))
_SIDES = ("theirs", "mine")
_UNDECIDED = "undecided"
_MOVED_ON = "moved-on"


@router.get("", dependencies=[_RIGHT])
def get_rebase(asked: AskedDep) -> Response:
    """Return what has to be decided before a draft is up to date."""
    return _page(asked)


@router.get("/conflicts.json", dependencies=[_RIGHT])
def get_shapes(asked: AskedDep) -> Response:
    """Return the shapes that both sides have changed: as they were, theirs and mine."""
    rebased = _prepare(asked, {})
    document = map_document(asked.layer, {} if rebased is None else _shapes(asked, rebased))
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(document), 200, headers, media_type="application/json")


@router.post("", dependencies=[_RIGHT])
def post_rebase(asked: AskedDep) -> Response:
    """Make the head the base of a draft, with what was decided."""
    rebased = _prepare(asked, _decided(asked))
    if rebased is None:
        return go_to(asked.here)
    if (asked.text("head"), asked.text("seen")) != _seen(asked, rebased):
        return _page(asked, _MOVED_ON)
    if rebased.conflicts:
        return _page(asked, _UNDECIDED)
    try:
        rebase(asked.store, rebased, asked.account)
    except RevisionConflict:
        return _page(asked.again(), _MOVED_ON)
    return go_to(asked.here, "rebased")


def _prepare(asked: Asked, decided: Mapping[str, Mapping[str, Side]]) -> Rebase | None:
    return prepare_rebase(asked.store, asked.draft, decided) if asked.draft.is_waiting else None


def _seen(asked: Asked, rebased: Rebase) -> tuple[str, str]:
    return str(rebased.head.number), mark_of(asked.store, asked.draft)


def _decided(asked: Asked) -> dict[str, dict[str, Side]]:
    """Return which side each field is taken from, as the form says it."""
    decided: dict[str, dict[str, Side]] = {}
    for name, side in asked.form.items():
        if name.startswith("[") and side in _SIDES:
            try:
                feature_id, field = orjson.loads(name)
            except (ValueError, TypeError):
                continue
            decided.setdefault(str(feature_id), {})[str(field)] = cast("Side", side)
    return decided


def _page(asked: Asked, refusal: str | None = None) -> Response:
    rebased = _prepare(asked, {})
    obstacle = find_steps(asked, None)["rebase"]
    decided = _decided(asked)
    features = [] if rebased is None else _conflicts(asked, rebased, decided)
    return page(
        asked.request,
        "rebase.html",
        asked.visitor,
        200 if refusal is None else 409,
        draft=draft_view(asked),
        obstacle=OBSTACLES[obstacle] if obstacle else None,
        head=None if rebased is None else rebased.head.number,
        features=features,
        drawn=any(field["is_geometry"] for each in features for field in each["fields"]),
        ground=ground_of(asked.atlas),
        revisions=_since(asked),
        undecided=sum(not field["chosen"] for each in features for field in each["fields"]),
        refusal=refusal,
    )


def _since(asked: Asked) -> list[dict[str, Any]]:
    """Return what was published since a draft was made."""
    return [
        {
            "number": each.number,
            "author": each.author,
            "message": each.message,
            "created": timed(each.created),
        }
        for each in asked.store.revisions(asked.draft.layer_id, asked.draft.base or 0)
    ]


def _conflicts(
    asked: Asked, rebased: Rebase, decided: Mapping[str, Mapping[str, Side]]
) -> list[dict[str, Any]]:
    names = _shapes(asked, rebased, every=True)
    known = {each.id: each for side in names.values() for each in side}
    return [
        {
            "id": feature_id,
            "name": asked.layer.name_of(known[feature_id]) if feature_id in known else feature_id,
            "fields": [
                _field(asked, feature_id, each, decided.get(feature_id, {}).get(each.field))
                for each in conflicts
            ],
        }
        for feature_id, conflicts in rebased.conflicts.items()
    ]


def _field(
    asked: Asked, feature_id: str, conflict: Conflict, chosen: Side | None
) -> dict[str, Any]:
    layer, words, field = asked.layer, asked.words, conflict.field
    return {
        "key": orjson.dumps([feature_id, field]).decode(),
        "title": name_field(layer, field, words),
        "is_geometry": field in {GEOMETRY, WHOLE},
        "chosen": chosen,
        **{
            side: show_side(layer, field, getattr(conflict, side), words)
            for side in ("base", "theirs", "mine")
        },
    }


def _shapes(asked: Asked, rebased: Rebase, *, every: bool = False) -> dict[str, list[Feature]]:
    """Return the features whose shape is in conflict, or all in conflict, on the three sides."""
    ids = {
        feature_id
        for feature_id, conflicts in rebased.conflicts.items()
        if every or any(each.field in {GEOMETRY, WHOLE} for each in conflicts)
    }
    store, draft = asked.store, asked.draft
    base = None if draft.base is None else store.revision(draft.layer_id, draft.base)
    mine = [each for each in store.drafts.changes(draft).put if each.id in ids]
    return {
        "base": list(find_features(store, base, ids).values()),
        "theirs": list(find_features(store, rebased.head, ids).values()),
        "mine": mine,
    }
