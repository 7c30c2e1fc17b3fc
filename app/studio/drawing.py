"""Drawing: the features of a draft on a map, each change kept as soon as it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from app.access import Needs, VisitorDep
from app.dependencies import BasemapsDep, PublishedDep, get_templates
from app.maps.figure import WHOLE_ATLAS
from app.maps.styles import is_ground, style_record
from app.maps.vendor import local_copies
from layers.checks import RULES
from layers.drawing import SHOWN, begin, find_drawn
from layers.publishing import layer_of

from .answers import go_to, language_of, page
from .draw_edits import Number, open_drawing
from .fields import fields_of
from .sentences import DRAWING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.wording import Wording
    from layers.model import Layer
    from layers.sheets import Sheet
    from layers.snapshot import Atlas
    from layers.store import Draft

router = APIRouter(prefix="/draw", dependencies=[Depends(Needs("draft"))])

_GEOMAN = "https://unpkg.com/@geoman-io/leaflet-geoman-free@latest/dist/leaflet-geoman"


@router.post("/{layer_id}")
def post_begin(published: PublishedDep, visitor: VisitorDep, layer_id: str) -> Response:
    """Begin a draft, or go on with one's own."""
    draft = begin(published.store, published.bundle, layer_id, visitor.account)
    return go_to(f"/studio/draw/{quote(layer_id)}/{draft.number}")


@router.get("/{layer_id}")
def get_begin(
    request: Request, published: PublishedDep, visitor: VisitorDep, layer_id: str
) -> Response:
    """Go on with one's own draft, or show how to begin one: a link alone changes nothing."""
    layer = layer_of(published.bundle, layer_id)
    known = find_drawn(published.store, layer_id, visitor.account)
    if known is not None:
        return go_to(f"/studio/draw/{quote(layer_id)}/{known.number}")
    drafts = published.store.drafts.list(layer_id)
    return page(request, "draw_begin.html", visitor, layer=layer, drafts=drafts)


@router.get("/{layer_id}/{number}")
def get_page(
    request: Request,
    published: PublishedDep,
    basemaps: BasemapsDep,
    visitor: VisitorDep,
    layer_id: str,
    number: Number,
) -> Response:
    """Return the page where a draft is drawn."""
    layer, draft, sheet = open_drawing(published, layer_id, number)
    if not draft.is_waiting:
        return go_to("/studio", "draft-closed")
    state = published.latest
    words = get_templates(request).wording(state.atlas, language_of(request))
    figure = state.maps[WHOLE_ATLAS]
    head = published.store.head(layer_id)
    return page(
        request,
        "draw.html",
        visitor,
        layer=layer,
        draft=draft,
        fields=fields_of(layer, words),
        figure=figure,
        geoman={each: local_copies()[f"{_GEOMAN}.{each}"] for each in ("js", "css")},
        config={
            "lang": words.language,
            "strings": {name: words.gettext(text) for name, text in DRAWING.items()},
            "basemaps": [words.basemap(each) for each in basemaps.values()],
            "grounds": list(_grounds(state.atlas, layer_id)),
            "sheet": _sheet_config(words, layer, draft, sheet),
        },
        credits=" · ".join(
            dict.fromkeys(
                words.title(each.layer, "attribution") for each in state.atlas.listed.values()
            )
        ),
        is_stale=head is not None and head.number != draft.base,
    )


def _credits(atlas: Atlas, words: Wording) -> str:
    listed = (words.title(each.layer, "attribution") for each in atlas.listed.values())
    return " · ".join(dict.fromkeys(each for each in listed if each))


def _grounds(atlas: Atlas, layer_id: str) -> Iterable[dict[str, str]]:
    """Yield the published layers that lie below what is drawn."""
    for snapshot in atlas.listed.values():
        if snapshot.layer.id != layer_id and is_ground(snapshot.layer.style):
            path = f"/api/collections/{snapshot.layer.id}/revisions/{snapshot.revision_id}"
            yield {"id": snapshot.layer.id, "url": f"{path}/overview"}


def _sheet_config(words: Wording, layer: Layer, draft: Draft, sheet: Sheet) -> dict[str, Any]:
    """Return what the page's script has to know of the draft."""
    return {
        "layer": layer.id,
        "draft": draft.number,
        "url": f"/studio/draw/{quote(layer.id)}/{draft.number}",
        "number": sheet.number,
        "whole": sheet.count <= SHOWN,
        "label": layer.label,
        "idColumn": layer.id_column,
        "blank": _blank(layer),
        "style": style_record(layer.style),
        "types": list(layer.geometry_types),
        "shares": any(each.startswith(("coverage", "tiles")) for each in layer.checks),
        "rules": {
            code: [rule.title_en, rule.cure_en]
            if words.language == "en"
            else [rule.title, rule.cure]
            for code, rule in RULES.items()
        },
    }


def _blank(layer: Layer) -> dict[str, Any]:
    """Return the properties of a new feature: lists that may be empty are."""
    declared = layer.schema["properties"]
    return {
        name: []
        for name in layer.schema["required"]
        if declared[name].get("type") == "array" and not declared[name].get("minItems")
    }
