"""What belongs to the static site: pages, data and downloads of one published state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.i18n import LANGUAGES
from app.pages.public import feature_path
from layers.profiles import all_zones
from layers.snapshot import is_listed

from .addresses import ROWS, Page, file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.wording import Wording
    from layers.search import SearchIndex
    from layers.snapshot import Atlas

_PAGES = ("/zones", "/tables", "/help", "/accessibility", "/indicators")
_PLAN_PAGES = ("", "/coverage", "/statements")
_MOST_ROWS = 20_000
"""Rows of a layer that are written as tables; the rest is in its downloads."""


def all_pages(atlas: Atlas) -> Iterator[Page]:
    """Yield every page in every language; the home page is the first."""
    for language in LANGUAGES:
        yield Page("/", language)
        for path, offset in _paths(atlas):
            yield Page(path, language, offset)


def _paths(atlas: Atlas) -> Iterator[tuple[str, int]]:
    for path in _PAGES:
        yield path, 0
    for plan in atlas.documents:
        for end in _PLAN_PAGES:
            yield f"/plan/{quote(plan, safe='')}{end}", 0
    for zone in all_zones(atlas):
        yield f"/zones/{quote(zone.id, safe='')}", 0
    for layer_id, served in atlas.layers.items():
        yield f"/maps/{quote(layer_id, safe='')}", 0
        for offset in range(0, max(1, min(served.count, _MOST_ROWS)), ROWS):
            yield f"/tables/{quote(layer_id, safe='')}", offset
    for layer_id, snapshot in atlas.listed.items():
        for feature in snapshot.features:
            yield feature_path(layer_id, feature.id), 0


def search_entries(atlas: Atlas, index: SearchIndex, words: Wording) -> dict[str, Any]:
    """Return what the site's own search looks in.

    Returns
    -------
    dict
        ``names``: each with its spellings (characters, pinyin, initials; folded) and its page, to
        which the ending of a language is added; ``passages``: paragraphs of imported texts.
    """
    names = [
        {
            "name": named.name,
            "name_en": named.name_en,
            "kind": words.code("kind", named.kind),
            "spelled": sorted(spelled),
            "weight": named.weight,
            "page": _stem(feature_path(named.collection, named.id)),
        }
        for named, spelled in index.spelled()
        if atlas.feature(f"{named.collection}/{named.id}") is not None
    ]
    passages = []
    for passage in index.passages:
        plan, _, place = passage.id.partition("#")
        passages.append(
            {
                "title": passage.title,
                "text": passage.text,
                "page": _stem(f"/plan/{quote(plan, safe='')}"),
                "place": place,
            }
        )
    return {"names": names, "passages": passages}


def _stem(path: str) -> str:
    return Page(path).file.removesuffix(".html")


def map_layers(atlas: Atlas) -> Iterator[tuple[str, str, str]]:
    """Yield the id, the address and the file of the geometry that each map draws."""
    for layer_id, served in atlas.layers.items():
        if is_listed(served):
            quoted = quote(layer_id, safe="")
            address = f"/api/collections/{quoted}/revisions/{served.revision_id}/overview"
            yield layer_id, address, f"data/{file_name(quoted)}.js"


def layer_downloads(atlas: Atlas) -> Iterator[tuple[str, str]]:
    """Yield the address and the file of each layer in each format."""
    for layer_id in atlas.layers:
        quoted = quote(layer_id, safe="")
        for ending in ("geojson", "csv"):
            address = f"/api/collections/{quoted}/download.{ending}"
            yield address, f"downloads/{file_name(quoted)}.{ending}"
