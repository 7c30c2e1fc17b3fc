"""What is planned near a place: a written answer that says how sure each location is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from app.maps.anchors import label_point
from app.maps.picture import feature_shapes, ground_shapes, here_shape, svg_map, view_of
from app.maps.styles import is_ground
from app.wording import is_sketch
from layers.nearby import WITHIN_M, what_is_nearby

from .answers import page_response
from .public import card, feature_href, frame, href, zone_href, zone_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.wording import Wording
    from layers.model import Feature, Layer
    from layers.nearby import Found, Nearby
    from layers.snapshot import Atlas

router = APIRouter()

_LONGEST_NAME = 200
_LONGEST_BODY = 2_000
_SHOWN = 12
_MOST_CHOICES = 8


@router.api_route("/nearby", methods=["GET", "HEAD"])
def get_nearby(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    lang: str | None = None,
    at: str = "",
    q: str = "",
) -> Response:
    """Return what is planned near ``at`` (longitude,latitude in CRS84) or near a name ``q``."""
    html = _page(request, atlas, templates.wording(atlas, parse_language(lang)), at, q, templates)
    return page_response(request, html)


@router.post("/nearby")
async def post_nearby(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Answer for a position that stands in the body, so that no address and no log holds it."""
    body = b""
    async for part in request.stream():
        body = (body + part)[: _LONGEST_BODY + 1]
    at = parse_qs(body.decode("utf-8", "replace")).get("at", [""])[0]
    words = templates.wording(atlas, parse_language(lang))
    html = _page(request, atlas, words, at, "", templates, hides=True)
    headers = {"Cache-Control": "no-store"}
    return Response(html, media_type="text/html", headers=headers)


def _page(
    request: Request,
    atlas: Atlas,
    words: Wording,
    at: str,
    q: str,
    templates: Any,
    *,
    hides: bool = False,
) -> str:
    context = nearby_context(atlas, words, at.strip(), q.strip()[:_LONGEST_NAME])
    if hides:
        context |= {"at": "", "here_words": words.gettext("您的位置")}
    query = {} if hides else {"at": at or None, "q": q or None}
    context |= frame(request, words, "nearby", "/nearby", query)
    html: str = templates.render("nearby.html", atlas=atlas, lang=words.language, **context)
    return html


def nearby_context(atlas: Atlas, words: Wording, at: str, q: str) -> dict[str, Any]:
    """Return the context of ``nearby.html``; see the comment at the top of the template."""
    context: dict[str, Any] = {
        "at": at,
        "q": q,
        "notice": "",
        "answer": None,
        "choices": [],
        "here_words": "",
        "action": href("/nearby", words),
        "radius": _far(words, WITHIN_M),
    }
    if q:
        return context | _by_name(atlas, words, q)
    if not at:
        return context
    place = parse_position(at)
    if place is None:
        notice = words.gettext("看不懂这个位置。请写成“经度,纬度”，例如 116.99,36.65。")
        return context | {"notice": notice}
    shown = words.say("东经 {lon}、北纬 {lat}", lon=f"{place[0]:.5f}", lat=f"{place[1]:.5f}")
    return context | {"here_words": shown, "answer": _answer(atlas, words, *place)}


def parse_position(text: str) -> tuple[float, float] | None:
    """Return longitude and latitude in CRS84 degrees; None for anything else."""
    parts = text.replace("，", ",").split(",")
    try:
        longitude, latitude = (float(part) for part in parts)
    except ValueError:
        return None
    on_earth = math.isfinite(longitude) and abs(longitude) <= 180 and abs(latitude) <= 90
    return (longitude, latitude) if on_earth else None


def _by_name(atlas: Atlas, words: Wording, q: str) -> dict[str, Any]:
    hits = [hit for hit in atlas.search.search(q, 50) if hit.collection != "plan"]
    found = [atlas.feature(f"{hit.collection}/{hit.id}") for hit in hits]
    known = [each for each in found if each is not None]
    choices = [_choice(words, *each) for each in known[:_MOST_CHOICES]]
    if not known:
        notice = words.say("图集里没有叫“{name}”的地方。试试更短的名字，或在地图上点一下。", name=q)
        return {"notice": notice}
    layer, feature = known[0]
    name = words.view(layer, feature)["name"]
    if feature.geometry is None:
        notice = words.say(
            "“{name}”在规划里有名字，但没有可靠位置，所以量不出离它多远；下面是它的页面和别的同名结果。",
            name=name,
        )
        return {"notice": notice, "choices": choices}
    point = label_point(feature.geometry)
    answer = _answer(atlas, words, point.x, point.y)
    certainty = words.certainty(feature.properties)
    here = words.say("“{name}”的中心（{certainty}）", name=name, certainty=certainty.rstrip("。"))
    return {"answer": answer, "choices": choices[1:], "here_words": here}


def _choice(words: Wording, layer: Layer, feature: Feature) -> dict[str, str]:
    name = words.view(layer, feature)["name"]
    if feature.geometry is None:
        return {"href": feature_href(layer.id, feature.id, words), "words": name}
    point = label_point(feature.geometry)
    at = f"{point.x:.5f},{point.y:.5f}"
    return {"href": href("/nearby", words, at=at), "words": name}


def _answer(atlas: Atlas, words: Wording, longitude: float, latitude: float) -> dict[str, Any]:
    ground = frozenset(
        layer_id for layer_id, each in atlas.layers.items() if is_ground(each.layer.style)
    )
    found = what_is_nearby(atlas, longitude, latitude, ground=ground)
    zone = found.zone
    zone_name = words.text(zone.properties, "name") if zone is not None else ""
    return {
        "zone": zone_name,
        "zone_href": zone_href(zone.id, words) if zone is not None else None,
        "where": _where(words, found, zone_name),
        "groups": [
            {
                "title": title,
                "lead": lead,
                "rows": [_row(words, each) for each in members[:_SHOWN]],
                "count": len(members),
                "more": max(0, len(members) - _SHOWN),
                "none": none,
            }
            for title, lead, none, members in _groups(words, found, zone_name)
        ],
        "list_href": _list_href(words, zone),
        "elsewhere": found.elsewhere,
        "elsewhere_href": href("/tables/projects", words, mapped="false", zone="none"),
        "picture": _picture(atlas, words, found, longitude, latitude),
    }


def _where(words: Wording, found: Nearby, zone_name: str) -> list[str]:
    if found.outside_m > 0:
        away = _far(words, found.outside_m)
        district = words.title(words.atlas.catalogue, "district")
        return [
            words.say(
                "这里不在{district}界之内，离区界约 {distance}。", district=district, distance=away
            )
        ]
    if not zone_name:
        return [words.gettext("这里不在图集画出的任何片区之内。")]
    said = [words.say("按图集画的界线，这里属于{zone}。", zone=zone_name)]
    said += [
        words.say(
            "但离{zone}只有约 {distance}，而这条界线是推定的，误差约 ±{error}，"
            "所以也可能属于{zone}。",
            zone=words.text(edge.zone.properties, "name"),
            distance=_far(words, edge.distance_m),
            error=_far(words, edge.uncertainty_m),
        )
        for edge in found.edges
    ]
    return said


def _groups(
    words: Wording, found: Nearby, zone_name: str
) -> list[tuple[str, str, str, Sequence[Found]]]:
    say, gettext = words.say, words.gettext
    groups: list[tuple[str, str, str, Sequence[Found]]] = [
        (
            gettext("位置可靠的"),
            gettext("误差在 500 米以内。距离从图上画的位置量起。"),
            gettext("附近没有位置可靠的项目或地名。"),
            found.exact,
        ),
        (
            gettext("只知道大致位置的"),
            gettext("画的是示意，实际可能更近或更远；括号里是误差。"),
            gettext("附近没有示意画出的项目或地名。"),
            found.approximate,
        ),
    ]
    if zone_name:
        groups += [
            (
                say("只知道在{zone}里的", zone=zone_name),
                gettext("规划写明属于本片区，但没有写在哪里，所以没有画在图上，也量不出距离。"),
                gettext("没有。"),
                found.in_zone,
            ),
            (
                say("位置不明、按上下文列在{zone}的", zone=zone_name),
                gettext("规划没有写明片区，由上下文推断；位置不明。"),
                gettext("没有。"),
                found.listed,
            ),
        ]
    return groups


def _row(words: Wording, found: Found) -> dict[str, Any]:
    shown = card(found.layer, found.feature, words)
    if found.distance_m is None:
        far = ""
    elif found.distance_m == 0:
        far = words.gettext("就在范围内")
    else:
        far = words.say("约 {distance}", distance=_far(words, found.distance_m))
    sketch = is_sketch(found.feature.properties)
    return shown | {"far": far, "error": shown["sure"] if sketch else ""}


def _far(words: Wording, metres: float) -> str:
    """Return a distance in words, no finer than anybody can tell."""
    if metres < 1_000:
        return words.say("{count} 米", count=f"{max(10, round(metres, -1)):.0f}")
    return words.say("{count} 公里", count=f"{round(metres / 1000, 1 if metres < 10_000 else 0):g}")


def _list_href(words: Wording, zone: Feature | None) -> str | None:
    if zone is None:
        return None
    return href("/tables/projects", words, zone=zone.properties["name"], mapped="false")


def _picture(
    atlas: Atlas, words: Wording, found: Nearby, longitude: float, latitude: float
) -> Markup:
    near = [*found.exact, *found.approximate]
    shapes = [
        shape
        for each in near
        for shape in feature_shapes(each.layer, each.feature)
        if shape.role == "focus"
    ]
    here = here_shape(longitude, latitude)
    names = zone_names(atlas, words)
    around = here.geometry.buffer(0.03)
    return svg_map(
        view_of([around]),
        [*ground_shapes(atlas, names), *shapes, here],
        words.say("地图：这个位置和附近的 {count} 个对象，下面逐一写出。", count=len(near)),
    )
