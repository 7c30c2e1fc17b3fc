"""The first page of the static site: a still map, all names, and a search of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.pages.public import card, framed, href, whole_picture
from app.printing.book import by_zone
from app.wording import day

if TYPE_CHECKING:
    from app.templating import Templates
    from app.wording import Wording


def home_page(templates: Templates, words: Wording) -> str:
    """Return the first page as the application would answer with it."""
    context = home_context(words) | framed(words, "map", "/") | {"canonical": "/"}
    return templates.render("site.html", atlas=words.atlas, lang=words.language, **context)


def home_context(words: Wording) -> dict[str, Any]:
    """Return the context of ``site.html``; see the comment at the top of the template."""
    atlas = words.atlas
    newest = max((each.shown.created for each in atlas.layers.values()), default=None)
    return {
        "picture": whole_picture(words),
        "revision": "" if newest is None else words.say("数据版本：{date}", date=day(newest)),
        "groups": [
            (title, [card(layer.layer, each, words) for each in features])
            for layer in atlas.listed.values()
            for title, features in by_zone(layer, words)
            if features
        ],
        "layers": [
            {
                "title": words.title(each.layer),
                "map_href": href(f"/maps/{quote(layer_id, safe='')}", words),
                "table_href": href(f"/tables/{quote(layer_id, safe='')}", words),
                "files": [
                    (name, f"/api/collections/{quote(layer_id, safe='')}/download.{ending}")
                    for name, ending in (("GeoJSON", "geojson"), ("CSV", "csv"))
                ],
            }
            for layer_id, each in atlas.layers.items()
        ],
    }
