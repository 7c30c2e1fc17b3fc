"""Items of a collection (OGC API - Features Part 1, sections 7.15 and 7.16)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.links import address, base_of

from .answers import page_answer, page_href, wants_page
from .parameters import parse_items_query, query_pairs, refuse_unknown
from .reads import Ready, Where, item_answer, items_answer, items_links

if TYPE_CHECKING:
    from app.templating import Templates
    from app.wording import Wording
    from layers.model import Feature
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

    from .parameters import ItemsQuery

_CQL2 = (
    "cql2-text",
    "cql2-json",
    "basic-cql2",
    "advanced-comparison-operators",
    "case-insensitive-comparison",
    "accent-insensitive-comparison",
    "basic-spatial-functions",
    "basic-spatial-functions-plus",
    "spatial-functions",
    "temporal-functions",
    "array-functions",
    "property-property",
    "arithmetic",
)

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    *(f"http://www.opengis.net/spec/cql2/1.0/conf/{name}" for name in _CQL2),
)

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
    query = parse_items_query(query_pairs(request.scope["query_string"]), snapshot.layer)
    if query.revision is not None:
        snapshot = published.revision(snapshot, snapshot.history.find(query.revision))
    if wants_page(request):
        return _items_page(request, atlas, templates, snapshot, query)
    return sent(items_answer(snapshot, query, where_of(request), _known(request)))


@router.api_route("/collections/{collection_id}/items/{item_id}", methods=["GET", "HEAD"])
def get_item(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
    item_id: str,
) -> Response:
    """Return one item, also of an older revision or in another reference system."""
    snapshot = atlas.layer(collection_id)
    given = refuse_unknown(request, ["revision", "crs"])
    if "revision" in given:
        snapshot = published.revision(snapshot, snapshot.history.find(given["revision"]))
    if wants_page(request):
        (feature,) = snapshot.item(item_id).features()
        return _item_page(request, atlas, templates, snapshot, feature)
    query = parse_items_query([("crs", given["crs"])] if "crs" in given else [], snapshot.layer)
    return sent(item_answer(snapshot, item_id, where_of(request), _known(request), query))


def where_of(request: Request) -> Where:
    """Return the address under which a client asked."""
    path = request.scope.get("raw_path") or quote(request.url.path).encode()
    return Where(base_of(request), path.partition(b"?")[0], request.scope["query_string"])


def _known(request: Request) -> bytes:
    return request.headers.get("if-none-match", "").encode("latin-1")


def sent(ready: Ready) -> Response:
    """Return a ready answer as the framework sends it."""
    response = Response(b"".join(ready.body), ready.status)
    response.raw_headers = list(ready.headers)
    return response


def _items_page(
    request: Request,
    atlas: Atlas,
    templates: Templates,
    snapshot: ServedLayer,
    query: ItemsQuery,
) -> Response:
    page = snapshot.read(query.query, query.limit, query.start)
    words = templates.wording(atlas, parse_language(request.query_params.get("lang")))
    layer = snapshot.layer
    path = f"/api/collections/{layer.id}/items"
    rows = [
        {"id": f.id, "href": page_href(request, f"{path}/{f.id}"), "view": words.view(layer, f)}
        for f in page.features()
    ]
    beside = {
        each["rel"]: each["href"] for each in items_links(snapshot, query, where_of(request), page)
    }
    return page_answer(
        request,
        atlas,
        templates,
        "items.html",
        trail=_trail(words, snapshot),
        collection={"id": layer.id, "title": words.title(layer)},
        rows=rows,
        number_matched=page.matched,
        number_returned=len(page),
        offset=query.offset,
        next_href=beside.get("next"),
        prev_href=beside.get("prev"),
    )


def _item_page(
    request: Request, atlas: Atlas, templates: Templates, snapshot: ServedLayer, feature: Feature
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


def _trail(words: Wording, snapshot: ServedLayer) -> list[tuple[str, str]]:
    layer = snapshot.layer
    return [
        ("/api", words.gettext("数据接口")),
        ("/api/collections", words.gettext("数据集")),
        (f"/api/collections/{layer.id}", words.title(layer)),
    ]
