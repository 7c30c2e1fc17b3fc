"""What has become of a collection: its public revisions, and how two of them differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.links import GEOJSON, HTML, JSON, address, link
from app.wording import moment
from layers.geojson import feature_document
from layers.packed import feature_json

from .answers import bytes_answer, json_answer, page_answer, page_href, self_links, wants_page
from .common import collections_trail
from .operations import content, in_path, query
from .operations import get as described
from .parameters import DEFAULT_LIMIT, MAXIMUM_LIMIT, page_limit, refuse_unknown, whole_number

if TYPE_CHECKING:
    from app.templating import Templates
    from app.wording import Wording
    from layers.difference import Changed
    from layers.history import Compared
    from layers.model import Feature, Layer, PublicRevision
    from layers.served import ServedLayer
    from layers.snapshot import Atlas

    from .operations import Schema

router = APIRouter(prefix="/api")

_REVISIONS = "/collections/{collection_id}/revisions"
_FORMATS = ("json", "geojson", "html")


@router.api_route(_REVISIONS, methods=["GET", "HEAD"])
def get_revisions(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, collection_id: str
) -> Response:
    """Return the revisions of a collection, the newest first."""
    given = refuse_unknown(request, ["limit", "offset"])
    snapshot = atlas.layer(collection_id)
    limit = page_limit(given["limit"]) if "limit" in given else DEFAULT_LIMIT
    offset = whole_number("offset", given.get("offset", "0"))
    revisions = snapshot.history.revisions
    page = revisions[::-1][offset : offset + limit]
    around = _pages_around(request, offset, limit, len(revisions))
    if wants_page(request):
        words = templates.wording(atlas, parse_language(given.get("lang")))
        return page_answer(
            request,
            atlas,
            templates,
            "revisions.html",
            trail=_trail(request, atlas, templates, snapshot),
            collection=_collection(words, snapshot),
            rows=[_row(request, snapshot, each, words) for each in page],
            total=len(revisions),
            offset=offset,
            next_href=around.get("next"),
            prev_href=around.get("prev"),
        )
    document = {
        "collection": collection_id,
        "numberMatched": len(revisions),
        "numberReturned": len(page),
        "revisions": [_revision(request, snapshot, each) for each in page],
        "links": [
            *self_links(request, page=False),
            _collection_link(request, snapshot),
            *(link(href, rel, JSON, f"{rel.capitalize()} page") for rel, href in around.items()),
        ],
    }
    return json_answer(request, document)


@router.api_route(_REVISIONS + "/{number}", methods=["GET", "HEAD"])
def get_revision(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, collection_id: str, number: str
) -> Response:
    """Return what is known of one revision, and where its items are."""
    given = refuse_unknown(request)
    snapshot = atlas.layer(collection_id)
    revision = snapshot.history.numbered(whole_number("revision", number))
    if wants_page(request):
        words = templates.wording(atlas, parse_language(given.get("lang")))
        path = f"/api/collections/{collection_id}"
        way = [(f"{path}/revisions", words.gettext("历次版本"))]
        return page_answer(
            request,
            atlas,
            templates,
            "revision.html",
            trail=[*_trail(request, atlas, templates, snapshot), *way],
            collection=_collection(words, snapshot),
            row=_row(request, snapshot, revision, words),
            items_href=page_href(request, f"{path}/items", revision=revision.number),
            bytes_href=address(request, f"{path}/revisions/{revision.number}/items"),
        )
    return json_answer(request, _revision(request, snapshot, revision))


@router.api_route("/collections/{collection_id}/diff", methods=["GET", "HEAD"])
def get_difference(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
) -> Response:
    """Return what turns one revision of a collection into another."""
    given = refuse_unknown(request, ["from", "to", "limit"], _FORMATS)
    snapshot = atlas.layer(collection_id)
    history = snapshot.history
    limit = page_limit(given["limit"]) if "limit" in given else DEFAULT_LIMIT
    new = history.find(given["to"], "to") if "to" in given else history.newest
    before = given.get("from", str(new.number - 1))
    old = None if before == "0" else history.find(before, "from")
    compared = published.differences(snapshot, old, new, limit)
    words = templates.wording(atlas, parse_language(given.get("lang")))
    if given.get("f") == "geojson":
        return bytes_answer(request, _as_geojson(snapshot.layer, compared), GEOJSON)
    if not wants_page(request):
        return json_answer(request, _difference(request, snapshot, compared))
    return page_answer(
        request,
        atlas,
        templates,
        "diff.html",
        trail=_trail(request, atlas, templates, snapshot),
        collection=_collection(words, snapshot),
        compared=compared,
        layer=snapshot.layer,
        items_href=f"/api/collections/{collection_id}/items",
        revisions_href=page_href(request, f"/api/collections/{collection_id}/revisions"),
    )


def _revision(request: Request, snapshot: ServedLayer, revision: PublicRevision) -> dict[str, Any]:
    """Return a revision without its author: who publishes is nobody else's business."""
    path = f"/api/collections/{snapshot.layer.id}"
    here = f"{path}/revisions/{revision.number}"
    links = [
        link(address(request, here), "self", JSON, "This revision"),
        link(address(request, here, {"f": "html"}), "alternate", HTML, "As a page"),
        link(address(request, f"{here}/items"), "items", GEOJSON, "The whole collection then"),
        link(address(request, f"{path}/revisions"), "version-history", JSON, "All revisions"),
        link(
            address(request, f"{path}/diff", {"from": revision.number - 1, "to": revision.number}),
            "related",
            JSON,
            "What changed",
        ),
        _collection_link(request, snapshot),
    ]
    # RFC 5829, section 3.
    for rel, number in (
        ("predecessor-version", revision.number - 1),
        ("successor-version", revision.number + 1),
    ):
        if 1 <= number <= snapshot.shown.number:
            href = address(request, f"{path}/revisions/{number}")
            links.append(link(href, rel, JSON, f"Revision {number}"))
    return {**_told(snapshot, revision), "links": links}


def _told(snapshot: ServedLayer, revision: PublicRevision) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "created": revision.created.isoformat(timespec="seconds"),
        "kind": revision.kind,
        "message": snapshot.history.message_of(revision),
        "added": revision.added,
        "removed": revision.removed,
        "changed": revision.changed,
    }


def _difference(
    request: Request, snapshot: ServedLayer, compared: Compared[PublicRevision]
) -> dict[str, Any]:
    layer, difference = snapshot.layer, compared.difference
    here = dict(request.query_params)
    geojson = address(request, request.url.path, {**here, "f": "geojson"})
    return {
        "collection": layer.id,
        "from": None if compared.old is None else _told(snapshot, compared.old),
        "to": _told(snapshot, compared.new),
        "counts": {
            "added": compared.added,
            "removed": compared.removed,
            "changed": compared.changed,
            "unchanged": compared.unchanged,
        },
        "added": [_named(layer, each) for each in difference.added],
        "removed": [_named(layer, each) for each in difference.removed],
        "changed": [
            _named(layer, compared.now[each.id]) | _changed(each) for each in difference.changed
        ],
        "links": [
            *self_links(request, page=False),
            link(geojson, "alternate", GEOJSON, "As GeoJSON"),
            _collection_link(request, snapshot),
        ],
    }


def _named(layer: Layer, feature: Feature) -> dict[str, Any]:
    return {"id": feature.id, "name": layer.name_of(feature)}


def _changed(change: Changed) -> dict[str, Any]:
    return {
        "fields": {name: {"old": old, "new": new} for name, (old, new) in change.fields.items()},
        "geometry": change.geometry,
        "moved_m": None if change.moved_m is None else round(change.moved_m, 3),
    }


def _as_geojson(layer: Layer, compared: Compared[PublicRevision]) -> bytes:
    """Return every feature that differs where it is now, or was before it was removed."""
    difference = compared.difference
    features = [
        *((each, {"change": "added"}) for each in difference.added),
        *((each, {"change": "removed"}) for each in difference.removed),
        *(
            (compared.now[each.id], {"change": "changed", **_changed(each)})
            for each in difference.changed
        ),
    ]
    return feature_json(
        {
            "type": "FeatureCollection",
            "features": [
                feature_document(each) | {"properties": {"name": layer.name_of(each), **said}}
                for each, said in features
            ],
        }
    )


def _row(
    request: Request, snapshot: ServedLayer, revision: PublicRevision, words: Wording
) -> dict[str, Any]:
    path = f"/api/collections/{revision.layer_id}"
    difference = {"from": revision.number - 1, "to": revision.number}
    return {
        "revision": revision,
        "kind": words.kind(revision.kind),
        "message": snapshot.history.message_of(revision),
        "day": moment(revision.created),
        "href": page_href(request, f"{path}/revisions/{revision.number}"),
        "diff_href": page_href(request, f"{path}/diff", **difference),
    }


def _collection(words: Wording, snapshot: ServedLayer) -> dict[str, str]:
    return {"id": snapshot.layer.id, "title": words.title(snapshot.layer)}


def _collection_link(request: Request, snapshot: ServedLayer) -> dict[str, str]:
    href = address(request, f"/api/collections/{snapshot.layer.id}")
    return link(href, "collection", JSON, "Collection")


def _trail(
    request: Request, atlas: Atlas, templates: Templates, snapshot: ServedLayer
) -> list[tuple[str, str]]:
    words = templates.wording(atlas, parse_language(request.query_params.get("lang")))
    here = (f"/api/collections/{snapshot.layer.id}", words.title(snapshot.layer))
    return [*collections_trail(request, atlas, templates), here]


def _pages_around(request: Request, offset: int, limit: int, count: int) -> dict[str, str]:
    def at(place: int) -> str:
        given = {**request.query_params, "offset": place, "limit": limit}
        return address(request, request.url.path, given)

    around = {"next": at(offset + limit)} if offset + limit < count else {}
    return around | ({"prev": at(max(0, offset - limit))} if offset else {})


def describe(layer: Layer) -> Schema:
    """Return the OpenAPI paths of a collection's history."""
    path = f"/collections/{layer.id}"
    limit = query(
        "limit",
        "How many at most",
        {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT},
    )
    number = in_path("number", "Number of a revision", {"type": "integer", "minimum": 1})
    ends = [
        query(name, "Number of a revision, or a day or moment", {"type": "string"})
        for name in ("from", "to")
    ]
    offset = {"$ref": "#/components/parameters/offset"}
    both = content("Two revisions compared", JSON, "Difference", page=True)
    both["content"][GEOJSON] = {"schema": {"$ref": "#/components/schemas/FeatureCollection"}}
    return {
        f"{path}/revisions": described(
            f"{layer.id}.getRevisions",
            f"{layer.title}: revisions",
            "Revisions",
            parameters=[limit, offset],
        ),
        f"{path}/revisions/{{number}}": described(
            f"{layer.id}.getRevision",
            f"{layer.title}: one revision",
            "Revision",
            parameters=[number],
            missing=True,
        ),
        f"{path}/diff": described(
            f"{layer.id}.getDifference",
            f"{layer.title}: two revisions compared",
            "Difference",
            answers={"200": both},
            parameters=[*ends, limit],
            formats=_FORMATS,
            missing=True,
        ),
    }
