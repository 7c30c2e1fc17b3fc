"""A report of what an area of interest touches; it is drawn, written or uploaded, not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from app.maps.picture import Shape, feature_shapes, ground_shapes, svg_map, view_of
from app.problems import TooLarge
from app.wording import day
from layers.areas import LARGEST_UPLOAD, parse_area, read_area, report_area
from layers.errors import InvalidParameter

from .answers import page_response
from .public import card, frame, href, zone_names
from .refusal_words import refused_words

if TYPE_CHECKING:
    from markupsafe import Markup
    from shapely.geometry import MultiPolygon, Polygon

    from app.templating import Templates
    from app.wording import Wording
    from layers.areas import AreaReport, LayerReport, Touched
    from layers.snapshot import Atlas

router = APIRouter()

_LONGEST_LINK = 2_000
"""Characters of an area that may stand in an address; a longer one is sent in a body."""

_DIGITS = 1e-6
"""Degrees to which an area is rounded in a link, about a decimetre."""

_EXAMPLE = "POLYGON((116.96 36.63, 117.01 36.63, 117.01 36.67, 116.96 36.67, 116.96 36.63))"


@router.api_route("/areas", methods=["GET", "HEAD"])
def get_area(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    lang: str | None = None,
    area: str = "",
) -> Response:
    """Return the report of an area that is small enough to stand in the address."""
    words = templates.wording(atlas, parse_language(lang))
    if len(area) > 4 * _LONGEST_LINK:
        raise InvalidParameter("area", "The area is too long for an address; send it in the form.")
    html = _page(request, atlas, words, templates, area.strip(), lambda: parse_area(area))
    return page_response(request, html)


@router.post("/areas")
async def post_area(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Return the report of an area in a form or a file; neither is kept."""
    words = templates.wording(atlas, parse_language(lang))
    text, file, name = await _sent(request)

    def read() -> Polygon | MultiPolygon:
        return read_area(file, name) if file else parse_area(text)

    def answer() -> str:
        return _page(request, atlas, words, templates, text or name or "-", read)

    html = await run_in_threadpool(answer)
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-store"})


async def _sent(request: Request) -> tuple[str, bytes, str]:
    """Return the text, the file and its name that a form has.

    Raises
    ------
    TooLarge
        If it has more bytes than an area may have; the rest is not read.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_UPLOAD + 10_000:
            raise TooLarge(
                f"An area may have {LARGEST_UPLOAD / 1e6:.0f} MB; simplify it, or give its outline."
            )

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async with Request(request.scope, receive).form(
        max_files=1, max_fields=5, max_part_size=LARGEST_UPLOAD
    ) as form:
        given, text = form.get("file"), form.get("area")
        content = await given.read() if isinstance(given, UploadFile) else b""
        name = str(given.filename or "") if isinstance(given, UploadFile) else ""
        return (text.strip() if isinstance(text, str) else ""), content, name


def _page(
    request: Request,
    atlas: Atlas,
    words: Wording,
    templates: Templates,
    text: str,
    read: Any,
) -> str:
    """Return the page: a form, and below it a report or what is wrong with the area."""
    context: dict[str, Any] = {
        "text": text if text.startswith(("{", "P", "M", "p", "m")) else "",
        "example": _EXAMPLE,
        "action": href("/areas", words),
        "notice": "",
        "report": None,
    }
    link = None
    if text:
        try:
            area = read()
        except InvalidParameter as error:
            context["notice"] = refused_words(error, words)
        else:
            link = _link_text(area)
            context["report"] = report_view(atlas, words, report_area(atlas, area))
            context["link"] = href("/areas", words, area=link) if link else None
    context["canvas"] = None if context["report"] else _canvas(atlas, words)
    context |= frame(request, words, "areas", "/areas", {"area": link})
    return templates.render("areas.html", atlas=atlas, lang=words.language, **context)


def _link_text(area: Polygon | MultiPolygon) -> str | None:
    """Return an area as it may stand in an address; None where it is too long for one."""
    text = shapely.to_wkt(shapely.set_precision(area, _DIGITS), rounding_precision=6)
    return text if len(text) <= _LONGEST_LINK else None


def report_view(atlas: Atlas, words: Wording, report: AreaReport) -> dict[str, Any]:
    """Return a report as ``areas.html`` shows it."""
    touched = [each for each in report.layers if each.touched or each.perhaps]
    return {
        "area": _area(words, report.area_m2),
        "layers": [_layer(words, each) for each in touched],
        "untouched": [words.title(each.layer) for each in report.layers if each not in touched],
        "unmapped": report.unmapped,
        "picture": _picture(atlas, words, report),
        "revisions": [
            (words.title(each.layer), each.shown.number, day(each.shown.created))
            for each in atlas.layers.values()
        ],
    }


def _layer(words: Wording, report: LayerReport) -> dict[str, Any]:
    return {
        "title": words.title(report.layer),
        "matched": report.matched,
        "more": report.matched - len(report.touched),
        "rows": [_row(words, report, each) for each in report.touched],
        "perhaps": [
            _row(words, report, each)
            | {"far": words.say("{count} 米", count=f"{each.distance_m:,.0f}")}
            for each in report.perhaps
        ],
    }


def _row(words: Wording, report: LayerReport, touched: Touched) -> dict[str, Any]:
    view = words.view(report.layer, touched.feature)
    inside = _area(words, touched.area_m2) if touched.area_m2 else ""
    if touched.length_m:
        inside = words.say("{count} 米", count=f"{touched.length_m:,.0f}")
    return card(report.layer, touched.feature, words) | {
        "inside": inside,
        "share": "" if touched.share is None else f"{100 * touched.share:.1f}%",
        "citations": view["citations"][:3],
    }


def _area(words: Wording, metres: float) -> str:
    """Return an area in the units of planners."""
    if metres >= 1e6:
        return words.say(
            "{km} 平方公里（{ha} 公顷）", km=f"{metres / 1e6:,.2f}", ha=f"{metres / 1e4:,.0f}"
        )
    return words.say(
        "{ha} 公顷（{mu} 亩）", ha=f"{metres / 1e4:,.2f}", mu=f"{metres * 3 / 2000:,.1f}"
    )


def _canvas(atlas: Atlas, words: Wording) -> Markup | None:
    """Return the map that an area is drawn on; None where there is nothing to see on it."""
    shapes = ground_shapes(atlas, zone_names(atlas, words))
    if not shapes:
        return None
    label = words.gettext("可以在上面画范围的地图；也可以在下面写坐标")
    view = view_of((each.geometry for each in shapes), width=960, height=560)
    return svg_map(view, shapes, label, drawable=True)


def _picture(atlas: Atlas, words: Wording, report: AreaReport) -> Markup:
    touched = [
        shape
        for layer in report.layers
        if layer.layer.id not in {"zones", "district"}
        for each in layer.touched[:50]
        for shape in feature_shapes(layer.layer, each.feature)
        if shape.role == "focus"
    ]
    names = zone_names(atlas, words)
    shapes = [*ground_shapes(atlas, names), *touched, Shape("area", report.area)]
    return svg_map(view_of([report.area]), shapes, words.gettext("地图：这个范围和它碰到的对象"))
