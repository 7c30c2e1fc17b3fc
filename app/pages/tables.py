"""Any selection of a collection as a table: sorted, with chosen columns, and to be taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response

from app.api.downloads import KINDS
from app.api.parameters import parse_items_query, query_pairs
from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from layers.days import CHINA
from layers.errors import InvalidParameter, NotFound
from layers.facets import FACETS
from layers.filters import queryable_kinds

from .answers import as_json, page_response
from .public import feature_href, frame, href, short_certainty
from .refusal_words import absent_words, refused_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.wording import Wording
    from layers.model import Feature, Layer
    from layers.served import ServedLayer

    Pairs = list[tuple[str, str]]

router = APIRouter()

_PAGE = 50
_LONGEST_PAGE = 500
_COLUMNS = "columns"
_OF_THE_TABLE = frozenset([_COLUMNS, "lang", "f"])
_OF_PAGES = frozenset(["limit", "offset", "after"])
_SURE = "sure"
"""The column that is no property: how sure the place is."""

_SURE_IS = ("precision", "uncertainty_m")
_USUAL = ("kind", "zone", "stage", "commitment", _SURE)
_MOST_USUAL = 6


@router.api_route("/tables", methods=["GET", "HEAD"])
def get_tables(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Return which tables there are."""
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    context = frame(request, words, "tables", "/tables")
    context["tables"] = [
        {
            "href": href(f"/tables/{quote(layer_id, safe='')}", words),
            "title": words.title(each.layer),
            "description": words.title(each.layer, "description"),
            "count": words.say("{count} 个", count=f"{each.count:,}"),
        }
        for layer_id, each in atlas.layers.items()
    ]
    return page_response(
        request, templates.render("tables.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/tables/{collection_id}", methods=["GET", "HEAD"])
def get_table(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
) -> Response:
    """Return a page of a collection as a table; the parameters are those of the API's items.

    ``columns`` names the properties to show. What is unknown gives a notice, and is left out.
    """
    path = f"/tables/{quote(collection_id, safe='')}"
    if answer := as_json(request, f"/api/collections/{quote(collection_id, safe='')}/items"):
        return answer
    snapshot = atlas.layer(collection_id)
    pairs = query_pairs(request.scope["query_string"])
    language = parse_language(dict(pairs).get("lang"))
    words = templates.wording(atlas, language)
    asked = [(name, value) for name, value in pairs if name not in _OF_THE_TABLE and value]
    known, notices = _understood(asked, snapshot.layer, words)
    if "revision" in dict(known):
        try:
            found = snapshot.history.find(dict(known)["revision"], zone=CHINA)
        except NotFound as error:
            known = [each for each in known if each[0] != "revision"]
            notices.append(absent_words(error, snapshot, words))
        else:
            snapshot = published.revision(snapshot, found)
            # To the API, where the downloads are, a day would be another.
            known = [(n, str(found.number) if n == "revision" else value) for n, value in known]
    columns = _columns(_chosen(pairs), snapshot.layer)
    kept = [*known, *([(_COLUMNS, ",".join(columns.given))] if columns.given else [])]
    context = table_context(words, snapshot, known, columns, kept)
    context |= frame(request, words, "tables", path, dict(kept))
    context["notices"] = notices
    return page_response(
        request, templates.render("table.html", atlas=atlas, lang=language, **context)
    )


class _Columns(NamedTuple):
    """Which columns are shown, and which of them were asked for."""

    shown: list[str]
    given: list[str]


def _chosen(pairs: Pairs) -> list[str]:
    """Return the columns of a form, whose boxes send one parameter each."""
    return [each for name, value in pairs if name == _COLUMNS for each in value.split(",")]


def _columns(chosen: Iterable[str], layer: Layer) -> _Columns:
    known = [_SURE, *layer.schema["properties"]]
    given = [each for each in dict.fromkeys(chosen) if each in known]
    if given:
        return _Columns(given, given)
    usual = [each for each in _USUAL if each == _SURE or each in known]
    if len(usual) == 1:
        usual = [each for each in known if each not in {_SURE, layer.label}][:_MOST_USUAL]
    return _Columns(usual, [])


def _understood(asked: Pairs, layer: Layer, words: Wording) -> tuple[Pairs, list[str]]:
    """Return the parameters that mean something, and what is said of the others."""
    notices = []
    known = list(asked)
    while True:
        try:
            parse_items_query(known, layer)
        except InvalidParameter as error:
            kept = [each for each in known if each[0] != error.parameter]
            notices.append(refused_words(error, words))
            known = kept if len(kept) < len(known) else []
        else:
            return known, notices


def table_context(
    words: Wording, snapshot: ServedLayer, known: Pairs, columns: _Columns, kept: Pairs
) -> dict[str, Any]:
    """Return the context of ``table.html``; see the comment at the top of the template."""
    layer, shown = snapshot.layer, columns.shown
    query = parse_items_query(known, layer)
    limit = min(query.limit, _LONGEST_PAGE) if "limit" in dict(known) else _PAGE
    page = snapshot.read(query.query, limit, query.start)
    path = f"/tables/{quote(layer.id, safe='')}"
    return {
        "layer": words.title(layer),
        "path": path,
        "columns": [_head(words, layer, path, name, query.query.order, kept) for name in shown],
        "name_head": _head(words, layer, path, layer.label, query.query.order, kept),
        "rows": [_row(words, layer, each, shown) for each in page.features()],
        "matched": page.matched,
        "first": query.offset + 1,
        "last": query.offset + len(page),
        "before": _at(words, path, kept, max(0, query.offset - limit)) if query.offset else None,
        "after": _at(words, path, kept, query.offset + limit)
        if query.offset + len(page) < page.matched
        else None,
        "filters": [(_filter_name(words, layer, n), v) for n, v in known if n not in _NO_FILTERS],
        "hidden": [each for each in known if each[0] not in _OF_PAGES],
        "all_href": href(path, words),
        "chosen": bool(columns.given),
        "choices": [
            {"name": name, "label": _label(words, layer, name), "chosen": name in shown}
            for name in [_SURE, *layer.schema["properties"]]
            if name != layer.label
        ],
        "facets": _facets(words, layer, known),
        "downloads": _downloads(layer, known, columns.given) if page.matched else [],
    }


_NO_FILTERS = _OF_PAGES | {"sortby", "properties", "skipGeometry", "crs"}


def _facets(words: Wording, layer: Layer, known: Pairs) -> list[dict[str, Any]]:
    """Return the facets that a form offers, with what is chosen."""
    codes = words.atlas.catalogue.codes
    given = dict(known)
    properties = layer.schema["properties"]
    return [
        {
            "name": facet,
            "title": words.facet(facet),
            "values": [
                {
                    "value": value,
                    "label": words.facet_value(facet, value),
                    "chosen": given.get(facet) == value,
                }
                for value in (["true", "false"] if facet == "mapped" else codes.get(facet, {}))
            ],
        }
        for facet in FACETS
        if facet == "mapped" or (facet in properties and facet in codes)
    ]


def _head(
    words: Wording,
    layer: Layer,
    path: str,
    name: str,
    order: Sequence[tuple[str, bool]],
    kept: Pairs,
) -> dict[str, Any]:
    """Return the head of a column: what a click sorts by, and how it is sorted now."""
    kinds = queryable_kinds(layer)
    sorts = name in kinds and kinds[name] not in {"geometry", "list"}
    is_first = bool(order) and order[0][0] == name
    down = is_first and order[0][1]
    others = [each for each in kept if each[0] not in _OF_PAGES | {"sortby"}]
    then = [*others, ("sortby", name if down or not is_first else f"-{name}")]
    return {
        "label": _label(words, layer, name),
        "href": _address(words, path, then) if sorts else None,
        "sorted": ("descending" if down else "ascending") if is_first else "none",
    }


def _label(words: Wording, layer: Layer, name: str) -> str:
    if name == _SURE:
        return words.gettext("位置有多准")
    return words.column(layer, name)


def _filter_name(words: Wording, layer: Layer, name: str) -> str:
    if name in FACETS:
        return words.facet(name)
    return words.column(layer, name) if name in layer.schema["properties"] else name


def _row(words: Wording, layer: Layer, feature: Feature, shown: Sequence[str]) -> dict[str, Any]:
    properties = feature.properties
    return {
        "name": words.text(properties, "name") or layer.name_of(feature),
        "href": feature_href(layer.id, feature.id, words),
        "cells": [
            short_certainty(feature, words)
            if name == _SURE
            else words.value(name, properties.get(name))
            for name in shown
        ],
    }


def _downloads(layer: Layer, known: Pairs, chosen: Sequence[str]) -> list[dict[str, str]]:
    """Return the files that hold exactly what the table has on all its pages, in its order.

    Where columns were chosen they are the file's, too; else it has all.
    """
    pairs = [each for each in known if each[0] not in _OF_PAGES]
    if chosen and "properties" not in dict(pairs):
        pairs.append(("properties", ",".join(_taken(layer, chosen))))
    query = urlencode(pairs)
    path = f"/api/collections/{quote(layer.id, safe='')}/download"
    return [
        {"words": kind.title, "href": f"{path}.{ending}{f'?{query}' if query else ''}"}
        for ending, kind in KINDS.items()
    ]


def _taken(layer: Layer, chosen: Sequence[str]) -> list[str]:
    """Return the properties that chosen columns are made of, the name first."""
    known = layer.schema["properties"]
    made = [layer.label]
    for each in chosen:
        made += _SURE_IS if each == _SURE else [each]
    return [each for each in dict.fromkeys(made) if each in known]


def _at(words: Wording, path: str, kept: Pairs, offset: int) -> str:
    others = [each for each in kept if each[0] not in {"offset", "after"}]
    return _address(words, path, [*others, ("offset", str(offset))])


def _address(words: Wording, path: str, pairs: Pairs) -> str:
    language = [("lang", "en")] if words.language == "en" else []
    query = urlencode([*pairs, *language])
    return f"{path}?{query}" if query else path
