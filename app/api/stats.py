"""Counts, areas and lengths of collections, by zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.links import JSON, address, link, own_address

from .answers import json_answer
from .operations import filter_parameters, query, reference
from .operations import get as described
from .parameters import (
    chosen_collections,
    parse_filters,
    query_pairs,
    refuse_unknown,
)

if TYPE_CHECKING:
    from app.published import Published
    from app.wording import Wording
    from layers.model import Layer
    from layers.served import Query, ServedLayer
    from layers.snapshot import Atlas
    from layers.statistics import Statistics, Sums

    from .operations import Schema

router = APIRouter(prefix="/api")

_FILTERS = ("bbox", "bbox-crs", "datetime")
"""Filters that every collection has."""


@router.api_route("/stats", methods=["GET", "HEAD"])
def get_all_statistics(
    request: Request, atlas: AtlasDep, published: PublishedDep, templates: TemplatesDep
) -> Response:
    """Return how many features each collection has, how large they are, and in which zone."""
    given = refuse_unknown(request, [*_FILTERS, "collections"])
    words = templates.wording(atlas, parse_language(given.get("lang")))
    pairs = [(name, given[name]) for name in _FILTERS if name in given]
    collections = []
    for snapshot in chosen_collections(atlas, given.get("collections")):
        parsed = parse_filters(pairs, snapshot.layer)
        found = _taken(published, atlas, snapshot, parsed.query, str(pairs))
        collections.append(
            {"id": snapshot.layer.id, "title": words.title(snapshot.layer)}
            | _document(found, words)
            | {"links": _links(request, snapshot)}
        )
    here = link(own_address(request), "self", JSON, "This document")
    return json_answer(request, {"collections": collections, "links": [here]})


@router.api_route("/collections/{collection_id}/stats", methods=["GET", "HEAD"])
def get_statistics(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
) -> Response:
    """Return the same of one collection, under every filter that its items have."""
    snapshot = atlas.layer(collection_id)
    pairs = query_pairs(request.scope["query_string"])
    parsed = parse_filters(pairs, snapshot.layer)
    if parsed.revision is not None:
        snapshot = published.revision(snapshot, snapshot.history.find(parsed.revision))
    words = templates.wording(atlas, parse_language(dict(pairs).get("lang")))
    beside = {"f", "lang", "min_seq", "revision"}
    filters = str(sorted(pair for pair in pairs if pair[0] not in beside))
    found = _taken(published, atlas, snapshot, parsed.query, filters)
    document = {
        "id": snapshot.layer.id,
        "title": words.title(snapshot.layer),
        "revision": snapshot.shown.number,
        **_document(found, words),
        "links": [
            link(own_address(request), "self", JSON, "This document"),
            *_links(request, snapshot),
        ],
    }
    return json_answer(request, document)


def _taken(
    published: Published, atlas: Atlas, snapshot: ServedLayer, query: Query, filters: str
) -> Statistics:
    """Return the statistics of what a query finds, whose text is `filters`."""
    zones = atlas.layers.get("zones")
    return published.statistics(snapshot, zones, query, filters)


def _document(found: Statistics, words: Wording) -> dict[str, Any]:
    return {
        "numberMatched": found.count,
        "mapped": found.mapped.count,
        "unmapped": found.unmapped,
        "area_m2": round(found.mapped.area_m2, 1),
        "area_km2": _km2(found.mapped.area_m2),
        "length_m": round(found.mapped.length_m, 1),
        "zones": [
            {"id": zone.id, "name": words.text(zone.properties, "name"), **_sums(sums)}
            for zone, sums in found.zones
        ],
        "outside": _sums(found.outside),
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "count": sums.count,
        "area_m2": round(sums.area_m2, 1),
        "area_km2": _km2(sums.area_m2),
        "length_m": round(sums.length_m, 1),
    }


def _km2(square_metres: float) -> float:
    return round(square_metres / 1e6, 6)


def _links(request: Request, snapshot: ServedLayer) -> list[dict[str, str]]:
    path = f"/api/collections/{snapshot.layer.id}"
    return [link(address(request, path), "collection", JSON, "Collection")]


def describe_all() -> Schema:
    """Return the OpenAPI description of the statistics of all collections."""
    named = {"type": "array", "items": {"type": "string"}}
    collections = query("collections", "The only collections to count", named)
    return described(
        "getAllStatistics",
        "Counts, areas and lengths by zone",
        "AllStatistics",
        parameters=[collections, *map(reference, _FILTERS)],
        missing=True,
    )


def describe(layer: Layer) -> Schema:
    """Return the OpenAPI paths of a collection's statistics."""
    return {
        f"/collections/{layer.id}/stats": described(
            f"{layer.id}.getStatistics",
            f"{layer.title}: counts, areas and lengths by zone",
            "Statistics",
            parameters=[*filter_parameters(layer), reference("revision")],
            missing=True,
        )
    }
