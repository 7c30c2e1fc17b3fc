"""Landing page, conformance and collections (OGC API - Features Part 1, sections 7.2 to 7.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from app.links import GEOJSON, HTML, JSON, OPENAPI, POINTER, SCHEMA, STYLE, address, link
from app.wording import day
from layers.crs import CRS84_URI, published_crs

from .answers import json_answer, page_answer, page_href, self_links, wants_page
from .downloads import download_links
from .parameters import refuse_unknown

if TYPE_CHECKING:
    from app.wording import Wording
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
)

_OGC = "http://www.opengis.net/def/rel/ogc/1.0/"

router = APIRouter(prefix="/api")


@router.api_route("", methods=["GET", "HEAD"])
def get_landing_page(request: Request, atlas: AtlasDep, templates: TemplatesDep) -> Response:
    """Return where everything else is."""
    refuse_unknown(request)
    words = _words(request, atlas, templates)
    catalogue = atlas.catalogue
    if wants_page(request):
        links = [
            {"href": page_href(request, "/api/collections"), "title": words.gettext("数据集")},
            {"href": page_href(request, "/api/conformance"), "title": words.gettext("符合的标准")},
            {
                "href": address(request, "/api/openapi"),
                "title": words.gettext("接口说明（OpenAPI）"),
            },
        ]
        landing = {"description": words.title(catalogue, "description"), "links": links}
        return page_answer(request, atlas, templates, "landing.html", trail=[], landing=landing)
    links = [
        *self_links(request, page=False),
        link(address(request, "/api/openapi"), "service-desc", OPENAPI, "API description"),
        link(address(request, "/api", {"f": "html"}), "service-doc", HTML, "API as pages"),
        link(address(request, "/api/conformance"), "conformance", JSON, "Conformance classes"),
        link(address(request, "/api/collections"), "data", JSON, "Collections"),
        link(address(request, "/api/tiles"), f"{_OGC}tilesets-vector", JSON, "Vector tiles"),
        link(
            address(request, "/api/tileMatrixSets"), f"{_OGC}tiling-schemes", JSON, "Tiling schemes"
        ),
        link(address(request, "/"), "related", HTML, "The atlas"),
    ]
    document = {
        "title": words.title(catalogue),
        "description": words.title(catalogue, "description"),
        "links": links,
    }
    return json_answer(request, document)


@router.api_route("/collections", methods=["GET", "HEAD"])
def get_collections(request: Request, atlas: AtlasDep, templates: TemplatesDep) -> Response:
    """Return what is known of every collection."""
    refuse_unknown(request)
    words = _words(request, atlas, templates)
    if wants_page(request):
        return page_answer(
            request,
            atlas,
            templates,
            "collections.html",
            trail=collections_trail(request, atlas, templates)[:1],
            collections=[collection_view(request, words, each) for each in atlas.layers.values()],
        )
    collections = [collection_document(request, words, each) for each in atlas.layers.values()]
    links = self_links(request, page=False)
    document = {"links": links, "collections": collections}
    return json_answer(request, document, cache=POINTER)


@router.api_route("/collections/{collection_id}", methods=["GET", "HEAD"])
def get_collection(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, collection_id: str
) -> Response:
    """Return what is known of one collection."""
    refuse_unknown(request)
    snapshot = atlas.layer(collection_id)
    words = _words(request, atlas, templates)
    if wants_page(request):
        return page_answer(
            request,
            atlas,
            templates,
            "collection.html",
            trail=collections_trail(request, atlas, templates),
            collection=collection_view(request, words, snapshot),
        )
    return json_answer(request, collection_document(request, words, snapshot), cache=POINTER)


def collection_document(request: Request, words: Wording, snapshot: ServedLayer) -> dict[str, Any]:
    """Return a collection as JSON describes it (Part 1, section 7.14)."""
    layer = snapshot.layer
    path = f"/api/collections/{layer.id}"
    links = [
        link(address(request, path), "self", JSON, "This document"),
        link(address(request, path, {"f": "html"}), "alternate", HTML, "As a page"),
        link(address(request, f"{path}/items"), "items", GEOJSON, "Items as GeoJSON"),
        link(address(request, f"{path}/items", {"f": "html"}), "items", HTML, "Items as a page"),
        link(
            address(request, f"{path}/revisions/{snapshot.revision_id}/items"),
            "enclosure",
            GEOJSON,
            "The whole collection as of this revision",
        ),
        *download_links(request, layer.id),
        link(address(request, f"{path}/revisions"), "version-history", JSON, "Revisions"),
        link(address(request, f"{path}/diff"), "related", JSON, "What the newest one changed"),
        link(address(request, f"{path}/stats"), "related", JSON, "Counts and areas by zone"),
        link(address(request, f"{path}/queryables"), f"{_OGC}queryables", SCHEMA, "Queryables"),
        link(address(request, f"{path}/sortables"), f"{_OGC}sortables", SCHEMA, "Sortables"),
        link(address(request, f"{path}/schema"), f"{_OGC}schema", SCHEMA, "Schema"),
        link(address(request, f"{path}/tiles"), f"{_OGC}tilesets-vector", JSON, "Vector tiles"),
        link(address(request, f"{path}/style"), "stylesheet", STYLE, "MapLibre style of the tiles"),
        link(address(request, f"/maps/{layer.id}"), "preview", HTML, "Map"),
    ]
    document: dict[str, Any] = {
        "id": layer.id,
        "title": words.title(layer),
        "description": words.title(layer, "description"),
        "attribution": words.title(layer, "attribution"),
        "itemType": "feature",
        "crs": [each.uri for each in published_crs()],
        "storageCrs": CRS84_URI,
        "revision": snapshot.shown.number,
        "updated": snapshot.shown.created.isoformat(timespec="seconds"),
        "numberOfItems": snapshot.count,
        "links": links,
    }
    if snapshot.bbox is not None:
        document["extent"] = {"spatial": {"bbox": [list(snapshot.bbox)], "crs": CRS84_URI}}
    return document


def collection_view(request: Request, words: Wording, snapshot: ServedLayer) -> dict[str, Any]:
    """Return what the pages show of a collection."""
    layer = snapshot.layer
    path = f"/api/collections/{layer.id}"
    return {
        "id": layer.id,
        "title": words.title(layer),
        "description": words.title(layer, "description"),
        "attribution": words.title(layer, "attribution"),
        "count": snapshot.count,
        "bbox": snapshot.bbox,
        "href": page_href(request, path),
        "items_href": page_href(request, f"{path}/items"),
        "map_href": f"/maps/{layer.id}",
        "revisions_href": page_href(request, f"{path}/revisions"),
        "downloads": download_links(request, layer.id),
        "revision": words.say(
            "第 {number} 版，{day}", number=snapshot.shown.number, day=day(snapshot.shown.created)
        ),
    }


def _words(request: Request, atlas: Atlas, templates: TemplatesDep) -> Wording:
    return templates.wording(atlas, parse_language(request.query_params.get("lang")))


def collections_trail(
    request: Request, atlas: Atlas, templates: TemplatesDep
) -> list[tuple[str, str]]:
    """Return the way down to the list of collections, as paths and words."""
    words = _words(request, atlas, templates)
    return [
        ("/api", words.gettext("数据接口")),
        ("/api/collections", words.gettext("数据集")),
    ]
