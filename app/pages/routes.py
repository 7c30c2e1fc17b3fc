"""The pages for people: the atlas, the scripts of its maps, and the small files around them."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.dependencies import BasemapsDep, MapsDep, SettingsDep, StateDep, TemplatesDep
from app.i18n import parse_language
from app.links import IMMUTABLE, base_of
from app.maps.figure import WHOLE_ATLAS
from layers.errors import NotFound

from .answers import is_known, page_response
from .context import atlas_context
from .given import read_selection
from .narrowed import Narrowed, chosen_year

router = APIRouter(include_in_schema=False)

_ICON = Path(__file__).parent.parent / "static" / "atlas" / "icon.svg"


@router.api_route("/", methods=["GET", "HEAD"])
async def get_atlas_page(
    request: Request,
    state: StateDep,
    basemaps: BasemapsDep,
    templates: TemplatesDep,
    settings: SettingsDep,
    f: str | None = None,
    lang: str | None = None,
) -> Response:
    """Return the atlas.

    ``f=projects/laoshangbu`` opens a feature, ``lang=en`` is English; facets narrow the list and
    the map, as in ``zone=北部核心区&stage=建设,完成``. So does a year of the plan, ``year=2025``;
    ``undated=off`` leaves out what the plan does not date.
    """
    language = parse_language(lang)
    query = request.query_params
    selection, unused = read_selection(query)
    key = ("atlas", language)
    is_plain = f is None and not selection and not unused and not query.get("year")
    if is_plain and key in state.rendered:
        return page_response(request, state.rendered[key])
    atlas = state.atlas
    words = templates.wording(atlas, language)
    figure = state.maps[WHOLE_ATLAS]
    shown = Narrowed(selection, *chosen_year(query, atlas))
    context = atlas_context(atlas, words, figure, f, shown, settings.most_drawn, unused=unused)
    context["config"]["basemaps"] = [words.basemap(each) for each in basemaps.values()]
    page = templates.render("atlas.html", atlas=atlas, lang=language, **context)
    if is_plain:
        state.rendered[key] = page
    return page_response(request, page)


@router.api_route("/maps/{name}.{digest}.js", methods=["GET", "HEAD"])
async def get_map_script(request: Request, maps: MapsDep, name: str, digest: str) -> Response:
    """Return the script of a map; its bytes never change under one address."""
    figure = maps.get(name)
    if figure is None or figure.digest != digest:
        raise NotFound(
            f"There is no map script {name}.{digest}; reload the page that asked for it."
        )
    headers = {"ETag": f'"{digest}"', "Cache-Control": IMMUTABLE}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(figure.script, media_type="text/javascript", headers=headers)


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
async def get_icon() -> Response:
    """Return the icon for browsers that ask without reading the page."""
    return Response(
        _ICON.read_bytes(),
        media_type="image/svg+xml",
        headers={"Cache-Control": "public, max-age=86400"},
    )


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
async def get_robots(request: Request) -> Response:
    """Let every crawler in, and tell it where the pages are."""
    sitemap = f"Sitemap: {base_of(request)}/sitemap.xml\n"
    return Response(f"User-agent: *\nAllow: /\n\n{sitemap}", media_type="text/plain")
