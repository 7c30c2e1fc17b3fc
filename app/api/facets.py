"""Facets: how many features there are of each zone, kind, stage and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from layers.errors import InvalidParameter, NotFound
from layers.facets import FACETS, count_facets, meets, parse_selection
from layers.snapshot import LayerSnapshot

from .answers import json_answer
from .parameters import refuse_unknown

if TYPE_CHECKING:
    from layers.model import Feature
    from layers.snapshot import Atlas

router = APIRouter(prefix="/api")


@router.api_route("/facets", methods=["GET", "HEAD"])
def get_facets(request: Request, atlas: AtlasDep, templates: TemplatesDep) -> Response:
    """Return the counts of every facet under what the parameters choose."""
    given = refuse_unknown(request, {*FACETS, "collection"})
    words = templates.wording(atlas, parse_language(given.get("lang")))
    selection = parse_selection(given)
    features = _features(atlas, given.get("collection"))
    counts = count_facets(features, selection)
    document = {
        "matched": sum(meets(feature, selection) for feature in features),
        "total": len(features),
        "facets": {
            facet: [
                {"value": value, "label": words.facet_value(facet, value), "count": count}
                for value, count in values.items()
            ]
            for facet, values in counts.items()
        },
    }
    return json_answer(request, document)


def _features(atlas: Atlas, collections: str | None) -> list[Feature]:
    wanted = collections.split(",") if collections else list(atlas.layers)
    if unknown := set(wanted) - set(atlas.layers):
        raise NotFound(
            f"There is no collection {', '.join(sorted(unknown))}; "
            f"the collections are {', '.join(atlas.layers)}."
        )
    packed = [each for name in wanted if isinstance(each := atlas.layers[name], LayerSnapshot)]
    if collections and len(packed) < len(wanted):
        raise InvalidParameter(
            "collection",
            "Parameter collection names a layer that is too large to be counted by facets; ask "
            "for its items with the facets as parameters, numberMatched says how many there are.",
        )
    return [feature for snapshot in packed for feature in snapshot.features]
