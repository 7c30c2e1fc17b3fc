"""The first page of the static site: a still map, all names, and a search of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.maps.picture import feature_shapes, ground_shapes, svg_map, view_of
from app.maps.styles import is_ground
from app.pages.public import card, framed, href, zone_names
from app.printing.book import by_zone

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
        "revision": ""
        if newest is None
        else words.say("数据版本：{date}", date=f"{newest:%Y-%m-%d}"),
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


def whole_picture(words: Wording) -> str | None:
    """Return a still map of everything that is drawn; None where nothing is."""
    atlas = words.atlas
    ground = ground_shapes(atlas, zone_names(atlas, words))
    drawn = [
        shape
        for each in atlas.listed.values()
        if not is_ground(each.layer.style)
        for feature in each.features
        for shape in feature_shapes(each.layer, feature)
        if shape.role == "focus"
    ]
    shapes = [*ground, *drawn]
    if not shapes:
        return None
    label = words.say("地图：{title}", title=words.title(atlas.catalogue))
    return svg_map(view_of(each.geometry for each in shapes), shapes, label)
