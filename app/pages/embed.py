"""Maps for the pages of others, and the page on which one is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, MapsDep, SettingsDep, TemplatesDep
from app.i18n import LANGUAGES, parse_language
from app.links import base_of
from app.maps.figure import WHOLE_ATLAS, with_frames
from app.maps.styles import is_ground, style_record
from app.security import policy
from layers.errors import NotFound
from layers.facets import meets

from .answers import page_response
from .context import credits_line, drawn_layers, entry, page_href, script_config
from .embedded import FAINTEST, can_be_embedded, embedded_path, parse_embedded
from .public import frame, href

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from app.i18n import Language
    from app.maps.figure import RenderedMap
    from app.wording import Wording
    from layers.model import Feature, Layer
    from layers.snapshot import Atlas, LayerSnapshot

    from .embedded import Embedded

router = APIRouter(include_in_schema=False)

HEIGHT = 480
"""Pixels of height that a map has unless it is said."""

SIZES = (200, 4_000)
"""Least and most pixels of a side."""


@router.api_route("/maps/{name}", methods=["GET", "HEAD"])
def get_map_page(
    request: Request,
    atlas: AtlasDep,
    maps: MapsDep,
    templates: TemplatesDep,
    settings: SettingsDep,
    name: str,
    lang: str | None = None,
) -> Response:
    """Return a plain map for an iframe: of one layer, or of those that ``layers`` names."""
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    if name not in {WHOLE_ATLAS, *atlas.layers}:
        known = ", ".join(atlas.layers)
        raise NotFound(words.say("没有图层“{layer}”；有的是：{known}。", layer=name, known=known))
    shown = parse_embedded(name, _given(request), atlas)
    context = map_context(atlas, name, shown, words, maps[name], settings.most_drawn)
    return page_response(
        request, templates.render("map.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/embed", methods=["GET", "HEAD"])
def get_builder(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Return the page on which a map for another page is put together: a form, code, a preview."""
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    given = _given(request)
    given["opacity"] = ",".join(_opacities(given, atlas)) or given.get("opacity", "")
    shown = parse_embedded(WHOLE_ATLAS, given, atlas)
    context = builder_context(given, shown, words, base_of(request))
    context |= frame(request, words, "", "/embed", {k: v for k, v in given.items() if v})
    response = page_response(
        request, templates.render("embed.html", atlas=atlas, lang=language, **context)
    )
    # The preview is a frame of ours.
    response.headers["Content-Security-Policy"] = policy(frames="'self'")
    return response


def _given(request: Request) -> dict[str, str]:
    """Return parameters by name; what a form says several times is joined."""
    query = request.query_params
    return {name: ",".join(query.getlist(name)) for name in query if name != "lang"}


def _opacities(given: Mapping[str, str], atlas: Atlas) -> Iterator[str]:
    for each in can_be_embedded(atlas):
        if percent := given.get(f"opacity-{each.layer.id}"):
            yield f"{each.layer.id}:{percent}"


def map_context(
    atlas: Atlas, name: str, shown: Embedded, words: Wording, figure: RenderedMap, most: int
) -> dict[str, Any]:
    """Return the context of ``map.html``; see the comment at its top, and `atlas_context`."""
    drawn = [
        each
        for each in (atlas.layers.values() if name == WHOLE_ATLAS else with_frames(atlas, name))
        if each.layer.id in shown.layers or not style_record(each.layer.style)["interactive"]
    ]
    found = atlas.feature(shown.ref) if shown.ref else None
    listed = [each for each in drawn_layers(drawn, most) if each.layer.id in shown.layers]
    config = script_config(drawn, words, figure, most) | {
        "fades": dict(shown.fades),
        "ref": shown.ref,
        "bounds": _bounds(found, shown, atlas),
        "away": [_ref(each.layer, f) for each in listed for f in _left_out(each, shown)],
    }
    (layer, *more) = [atlas.layers[id_].layer for id_ in shown.layers]
    return {
        "figure": figure,
        "config": config,
        "title": words.title(layer) if not more else words.title(atlas.catalogue),
        "detail": words.view(*found) if found else None,
        "lists": [_list(each, shown, words) for each in listed] if shown.has_list else [],
        "unknown": shown.unknown,
        "home_href": page_href(shown.ref, words.language, shown.selection),
        "items_href": href(f"/tables/{layer.id}", words) if not more else href("/tables", words),
        "credits": credits_line(drawn, words),
    }


def _left_out(snapshot: LayerSnapshot, shown: Embedded) -> Iterator[Feature]:
    """Yield what the facets leave out; the ground stays, as on the atlas page."""
    if not is_ground(snapshot.layer.style):
        yield from (each for each in snapshot.features if not meets(each, shown.selection))


def _list(snapshot: LayerSnapshot, shown: Embedded, words: Wording) -> dict[str, Any]:
    away = {each.id for each in _left_out(snapshot, shown)}
    left = [each for each in snapshot.features if each.id not in away]
    # What is drawn comes first.
    left.sort(key=lambda each: each.geometry is None)
    return {
        "title": words.title(snapshot.layer),
        "entries": [entry(snapshot.layer, each, words) | {"hidden": False} for each in left],
    }


def _bounds(
    found: tuple[Layer, Feature] | None, shown: Embedded, atlas: Atlas
) -> list[list[float]] | None:
    """Return the corners of what the map begins with, latitude first; None for everything."""
    feature = found[1] if found else _only_zone(shown, atlas)
    if feature is None or feature.geometry is None or feature.geometry.is_empty:
        return None
    west, south, east, north = feature.geometry.bounds
    return [[south, west], [north, east]]


def _only_zone(shown: Embedded, atlas: Atlas) -> Feature | None:
    zones, chosen = atlas.listed.get("zones"), shown.selection.get("zone", frozenset())
    if zones is None or len(chosen) != 1:
        return None
    return next((f for f in zones.features if f.properties.get("name") in chosen), None)


def _ref(layer: Layer, feature: Feature) -> str:
    return f"{layer.id}/{feature.id}"


class _Size(NamedTuple):
    """Pixels of a frame; a width of None fills what it stands in."""

    width: int | None
    height: int


def builder_context(
    given: Mapping[str, str], shown: Embedded, words: Wording, base: str
) -> dict[str, Any]:
    """Return the context of ``embed.html``; see the comment at its top."""
    atlas = words.atlas
    choices = can_be_embedded(atlas)
    size, unread = _size(given)
    language: Language = "en" if given.get("language", words.language) == "en" else "zh"
    path = embedded_path(shown, [each.layer.id for each in choices], language)
    title = _frame_title(shown, words)
    return {
        "layers": [
            {
                "id": each.layer.id,
                "title": words.title(each.layer),
                "chosen": each.layer.id in shown.layers,
                "opacity": shown.fades.get(each.layer.id, 100),
            }
            for each in choices
        ],
        "faintest": FAINTEST,
        "places": list(_places(atlas.listed.values(), shown.ref, words)),
        "ref": shown.ref or "",
        "zones": [
            (code, words.code("zone", code)) for code in atlas.catalogue.codes.get("zone", {})
        ],
        "zone": next(iter(sorted(shown.selection.get("zone", ()))), ""),
        "has_list": shown.has_list,
        "size": size,
        "sizes": SIZES,
        "language": language,
        "languages": LANGUAGES,
        "unknown": (*shown.unknown, *unread),
        "preview": path,
        "title": title,
        "src": base + path,
        "home": base + page_href(shown.ref, language),
        "home_title": words.title(atlas.catalogue),
    }


def _size(given: Mapping[str, str]) -> tuple[_Size, list[str]]:
    sides: dict[str, int | None] = {"width": None, "height": HEIGHT}
    unread = []
    for name in sides:
        text = given.get(name, "")
        if text.isascii() and text.isdecimal() and SIZES[0] <= int(text[:9]) <= SIZES[1]:
            sides[name] = int(text)
        elif text:
            unread.append(f"{name}={text[:60]}")
    return _Size(sides["width"], sides["height"] or HEIGHT), unread


def _frame_title(shown: Embedded, words: Wording) -> str:
    """Return what a frame is called: nobody can tell without it what is in it."""
    atlas = words.atlas
    found = atlas.feature(shown.ref) if shown.ref else None
    if found is not None:
        part = str(words.view(*found)["name"])
    elif len(shown.layers) == 1:
        part = words.title(atlas.layers[shown.layers[0]].layer)
    else:
        return words.say("地图：{title}", title=words.title(atlas.catalogue))
    return words.say("地图：{title} · {part}", title=words.title(atlas.catalogue), part=part)


def _places(
    snapshots: Iterable[LayerSnapshot], ref: str | None, words: Wording
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what can be shown of each layer: what is drawn, and what was asked for."""
    for snapshot in snapshots:
        layer = snapshot.layer
        options = [
            (_ref(layer, each), words.text(each.properties, "name") or layer.name_of(each))
            for each in snapshot.features
            if each.geometry is not None or _ref(layer, each) == ref
        ]
        if options and style_record(layer.style)["interactive"]:
            yield words.title(layer), options
