"""Items of a collection (OGC API - Features Part 1, sections 7.15 and 7.16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.links import GEOJSON, IMMUTABLE, JSON, address, link
from layers.errors import NotFound
from layers.facets import meets

from .answers import bytes_answer, page_answer, page_href, self_links, wants_page
from .parameters import ItemsQuery, parse_items_query, refuse_unknown

if TYPE_CHECKING:
    from app.links import Link
    from app.templating import Templates
    from app.wording import Wording
    from layers.model import Feature
    from layers.snapshot import Atlas, LayerSnapshot

CONFORMANCE = ("http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",)

router = APIRouter(prefix="/api")


@router.api_route("/collections/{collection_id}/items", methods=["GET", "HEAD"])
def get_items(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
) -> Response:
    """Return a page of items, filtered by box, time and properties, also of an older revision."""
    snapshot = atlas.layer(collection_id)
    query = parse_items_query(request.query_params, snapshot.layer)
    if query.revision is not None:
        snapshot = published.revision(snapshot, query.revision)
    hits = [
        position
        for position in snapshot.select(query.bbox, query.equal)
        if _is_valid_in(snapshot.features[position], query.interval)
        and meets(snapshot.features[position], query.selection)
    ]
    page = hits[query.offset : query.offset + query.limit]
    if wants_page(request):
        return _items_page(request, atlas, templates, snapshot, query, hits, page)
    links = [
        *self_links(request, page=False, media_type=GEOJSON),
        link(
            address(request, f"/api/collections/{collection_id}"), "collection", JSON, "Collection"
        ),
        *_paging(request, query, len(hits)),
    ]
    body = b'{"type":"FeatureCollection","numberMatched":%d,"numberReturned":%d,"links":%b,' % (
        len(hits),
        len(page),
        orjson.dumps(links),
    )
    body += b'"features":[\n' + snapshot.collection(page) + b"\n]}\n"
    return bytes_answer(request, body, GEOJSON)


@router.api_route("/collections/{collection_id}/items/{item_id}", methods=["GET", "HEAD"])
def get_item(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
    item_id: str,
) -> Response:
    """Return one item, also of an older revision."""
    given = refuse_unknown(request.query_params, ["revision"])
    snapshot = atlas.layer(collection_id)
    if "revision" in given:
        snapshot = published.revision(snapshot, given["revision"])
    position = snapshot.position(item_id)
    if wants_page(request):
        return _item_page(request, atlas, templates, snapshot, snapshot.features[position])
    links = [
        *self_links(request, page=False, media_type=GEOJSON),
        link(
            address(request, f"/api/collections/{collection_id}"), "collection", JSON, "Collection"
        ),
    ]
    body = snapshot.serialised[position][:-1] + b',"links":' + orjson.dumps(links) + b"}\n"
    return bytes_answer(request, body, GEOJSON)


@router.api_route("/collections/{collection_id}/revisions/{digest}/items", methods=["GET", "HEAD"])
def get_revision_items(
    request: Request, atlas: AtlasDep, collection_id: str, digest: str
) -> Response:
    """Return a whole collection as it was published; these bytes never change."""
    refuse_unknown(request.query_params)
    snapshot = _of_revision(atlas, collection_id, digest)
    return bytes_answer(request, snapshot.document, GEOJSON, cache=IMMUTABLE)


@router.api_route(
    "/collections/{collection_id}/revisions/{digest}/overview", methods=["GET", "HEAD"]
)
def get_overview(request: Request, atlas: AtlasDep, collection_id: str, digest: str) -> Response:
    """Return a collection as the map draws it: all geometry, few properties; never changes."""
    refuse_unknown(request.query_params)
    snapshot = _of_revision(atlas, collection_id, digest)
    return bytes_answer(request, snapshot.overview, GEOJSON, cache=IMMUTABLE)


def _of_revision(atlas: Atlas, collection_id: str, digest: str) -> LayerSnapshot:
    snapshot = atlas.layer(collection_id)
    if digest != snapshot.digest:
        raise NotFound(
            f"Collection {collection_id} has no revision {digest[:64]}; "
            f"the newest is at /api/collections/{collection_id}/items."
        )
    return snapshot


def _is_valid_in(feature: Feature, interval: tuple[str | None, str | None]) -> bool:
    """Tell whether a feature's validity meets an interval; an unknown end is open."""
    first, last = interval
    valid_from, valid_to = (feature.properties.get(key) for key in ("valid_from", "valid_to"))
    begins_in_time = last is None or valid_from is None or valid_from <= last
    ends_in_time = first is None or valid_to is None or valid_to >= first
    return begins_in_time and ends_in_time


def _paging(request: Request, query: ItemsQuery, matched: int) -> list[Link]:
    links = []
    if query.offset + query.limit < matched:
        href = _page_address(request, query, query.offset + query.limit)
        links.append(link(href, "next", GEOJSON, "Next page"))
    if query.offset > 0:
        href = _page_address(request, query, max(0, query.offset - query.limit))
        links.append(link(href, "prev", GEOJSON, "Previous page"))
    return links


def _page_address(request: Request, query: ItemsQuery, offset: int) -> str:
    changes = {"offset": offset or None, "limit": query.limit}
    return address(request, request.url.path, {**request.query_params, **changes})


def _items_page(
    request: Request,
    atlas: Atlas,
    templates: Templates,
    snapshot: LayerSnapshot,
    query: ItemsQuery,
    hits: list[int],
    page: list[int],
) -> Response:
    words = templates.wording(atlas, parse_language(request.query_params.get("lang")))
    layer = snapshot.layer
    path = f"/api/collections/{layer.id}/items"
    features = [snapshot.features[position] for position in page]
    rows = [
        {"id": f.id, "href": page_href(request, f"{path}/{f.id}"), "view": words.view(layer, f)}
        for f in features
    ]
    beside = {each["rel"]: each["href"] for each in _paging(request, query, len(hits))}
    return page_answer(
        request,
        atlas,
        templates,
        "items.html",
        trail=_trail(words, snapshot),
        collection={"id": layer.id, "title": words.title(layer)},
        rows=rows,
        number_matched=len(hits),
        number_returned=len(page),
        offset=query.offset,
        next_href=beside.get("next"),
        prev_href=beside.get("prev"),
    )


def _item_page(
    request: Request, atlas: Atlas, templates: Templates, snapshot: LayerSnapshot, feature: Feature
) -> Response:
    language = parse_language(request.query_params.get("lang"))
    words = templates.wording(atlas, language)
    layer = snapshot.layer
    here = {"f": f"{layer.id}/{feature.id}", "lang": "en" if language == "en" else None}
    items = (f"/api/collections/{layer.id}/items", words.gettext("所有对象"))
    return page_answer(
        request,
        atlas,
        templates,
        "item.html",
        trail=[*_trail(words, snapshot), items],
        collection={"id": layer.id, "title": words.title(layer)},
        view=words.view(layer, feature),
        properties=feature.properties,
        geometry_type=None if feature.geometry is None else feature.geometry.geom_type,
        map_href=address(request, "/", here),
    )


def _trail(words: Wording, snapshot: LayerSnapshot) -> list[tuple[str, str]]:
    layer = snapshot.layer
    return [
        ("/api", words.gettext("数据接口")),
        ("/api/collections", words.gettext("数据集")),
        (f"/api/collections/{layer.id}", words.title(layer)),
    ]
