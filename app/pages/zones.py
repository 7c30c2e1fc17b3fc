"""The zones: a profile of each, and all side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from app.maps.picture import feature_shapes, ground_shapes, svg_map, view_of
from layers.errors import NotFound
from layers.profiles import all_zones, zone_profile

from .answers import page_response
from .context import page_href, plan_href
from .features import feature_picture, statement_view
from .public import card, feature_href, frame, href, zone_href, zone_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.wording import Wording
    from layers.indicators import Indicator
    from layers.model import Feature
    from layers.profiles import Profile
    from layers.snapshot import Atlas

router = APIRouter()

_OUTCOMES = ("holds", "fails", "untestable")
_SHOWN = 12


@router.api_route("/zones", methods=["GET", "HEAD"])
def get_zones(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Return all zones side by side."""
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    profiles = [zone_profile(atlas, zone.id) for zone in all_zones(atlas)]
    context = zones_context(atlas, words, profiles) | frame(request, words, "zones", "/zones")
    return page_response(
        request, templates.render("zones.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/zones/{zone_id}", methods=["GET", "HEAD"])
def get_zone(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    zone_id: str,
    lang: str | None = None,
) -> Response:
    """Return the profile of a zone."""
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    zones = [each.id for each in all_zones(atlas)]
    if zone_id not in zones:
        known = ", ".join(zones)
        raise NotFound(words.say("没有片区“{zone}”；有的是：{known}。", zone=zone_id, known=known))
    context = zone_context(atlas, words, zone_profile(atlas, zone_id))
    context |= frame(request, words, "zones", f"/zones/{zone_id}")
    return page_response(
        request, templates.render("zone.html", atlas=atlas, lang=language, **context)
    )


Row: TypeAlias = tuple[str, list[str]]
"""What is counted, and how many of it each zone has."""


def zones_context(atlas: Atlas, words: Wording, profiles: list[Profile]) -> dict[str, Any]:
    """Return the context of ``zones.html``; see the comment at the top of the template."""
    return {
        "zones": [
            {
                "name": words.text(each.zone.properties, "name"),
                "href": zone_href(each.zone.id, words),
                "summary": words.text(each.zone.properties, "summary"),
            }
            for each in profiles
        ],
        "picture": _overview(atlas, words),
        "blocks": [
            (words.gettext("概况"), _facts(words, profiles)),
            (words.gettext("项目按阶段"), _by_stage(atlas, words, profiles)),
            (words.gettext("项目按产业"), _by_industry(words, profiles)),
            (
                words.gettext("空间陈述"),
                [
                    (words.outcome(code), [_times(words, each.outcomes, code) for each in profiles])
                    for code in _OUTCOMES
                ],
            ),
        ],
    }


def _by_stage(atlas: Atlas, words: Wording, profiles: list[Profile]) -> list[Row]:
    """Return the projects of each stage that any zone has, in the order of the stages."""
    stages = [*atlas.catalogue.codes.get("stage", {}), None]
    return [
        (_coded(words, "stage", stage), [_times(words, each.stages, stage) for each in profiles])
        for stage in stages
        if any(each.stages.get(stage) for each in profiles)
    ]


def _by_industry(words: Wording, profiles: list[Profile]) -> list[Row]:
    """Return the projects of the most frequent industries, the most frequent first."""
    industries = sorted(
        {name for each in profiles for name in each.industries if name is not None},
        key=lambda name: (-sum(each.industries.get(name, 0) for each in profiles), name),
    )
    return [
        (
            words.code("industries", name),
            [_times(words, each.industries, name) for each in profiles],
        )
        for name in industries[:_SHOWN]
    ]


def _overview(atlas: Atlas, words: Wording) -> Markup | None:
    zones = [each for each in all_zones(atlas) if each.geometry is not None]
    if not zones:
        return None
    shapes = ground_shapes(atlas, zone_names(atlas, words))
    return svg_map(
        view_of(each.geometry for each in shapes), shapes, words.gettext("地图：各片区的大致范围")
    )


def _facts(words: Wording, profiles: list[Profile]) -> list[Row]:
    say, gettext = words.say, words.gettext
    return [
        (gettext("图上面积"), [_area(words, each) for each in profiles]),
        (gettext("界线误差"), [_error(each.zone) for each in profiles]),
        (gettext("项目"), [say("{count} 个", count=len(each.projects)) for each in profiles]),
        (gettext("其中已上图"), [say("{count} 个", count=each.mapped) for each in profiles]),
        (gettext("地名"), [say("{count} 个", count=len(each.places)) for each in profiles]),
        (
            gettext("只写本片区的指标"),
            [say("{count} 个", count=len(each.figures)) for each in profiles],
        ),
    ]


def _area(words: Wording, profile: Profile) -> str:
    return words.say("{area} 平方公里", area=f"{profile.area_m2 / 1e6:.2f}")


def _error(zone: Feature) -> str:
    uncertainty = zone.properties.get("uncertainty_m")
    return "—" if uncertainty is None else f"±{float(uncertainty):,.0f} m"


def _times(words: Wording, counts: Mapping[Any, int], value: str | None) -> str:
    return words.say("{count} 个", count=counts.get(value, 0))


def _coded(words: Wording, codes: str, value: str | None) -> str:
    return words.gettext("规划未说明") if value is None else words.code(codes, value)


def zone_context(atlas: Atlas, words: Wording, profile: Profile) -> dict[str, Any]:
    """Return the context of ``zone.html``; see the comment at the top of the template."""
    zone = profile.zone
    layer = atlas.listed["zones"].layer
    name = zone.properties["name"]
    drawn = sorted(profile.projects, key=lambda each: each[1].geometry is None)
    return {
        "view": words.view(layer, zone),
        "facts": [(title, values[0]) for title, values in _facts(words, [profile])],
        "range": words.area(zone.properties),
        "picture": _picture(atlas, words, profile),
        "map_href": page_href(f"zones/{zone.id}", words.language),
        "feature_href": feature_href("zones", zone.id, words),
        "counts": [
            (words.gettext("按阶段"), _bars(words, "stage", profile.stages, name)),
            (words.gettext("按产业"), _bars(words, "industries", profile.industries, None)),
            (words.gettext("按类别"), _bars(words, "kind", profile.kinds, name)),
        ],
        "outcomes": [(words.outcome(code), profile.outcomes.get(code, 0)) for code in _OUTCOMES],
        "statements": [
            statement_view(words, each)
            for each in sorted(profile.results, key=lambda each: _OUTCOMES.index(each.outcome))
            if each.outcome != "untestable"
        ],
        "figures": [_figure(words, each) for each in profile.figures],
        "projects": [card(*each, words) for each in drawn[:_SHOWN]],
        "more": max(0, len(drawn) - _SHOWN),
        "table_href": href("/tables/projects", words, zone=name),
        "places": [card(*each, words) for each in profile.places],
    }


def _picture(atlas: Atlas, words: Wording, profile: Profile) -> Markup | None:
    layer = atlas.listed["zones"].layer
    if profile.zone.geometry is None:
        return feature_picture(atlas, words, layer, profile.zone)
    members = [
        shape
        for each in profile.projects
        for shape in feature_shapes(*each)
        if shape.role == "focus"
    ]
    ground = ground_shapes(
        atlas, {f"zones/{profile.zone.id}": words.text(profile.zone.properties, "name")}
    )
    count = len(members)
    name = words.text(profile.zone.properties, "name")
    label = words.say("地图：{name}和其中已上图的 {count} 个项目", name=name, count=count)
    return svg_map(view_of([profile.zone.geometry]), [*ground, *members], label)


def _bars(
    words: Wording, facet: str, counts: Mapping[str | None, int], zone: str | None
) -> list[dict[str, Any]]:
    """Return counts, the largest first, each as a share of the largest and with its table."""
    most = max(counts.values(), default=1)
    ordered = sorted(counts.items(), key=lambda each: (each[0] is None, -each[1]))
    return [
        {
            "label": _coded(words, facet, value),
            "count": count,
            "width": round(100 * count / most, 1),
            "href": None
            if zone is None
            else href("/tables/projects", words, **{"zone": zone, facet: value or "none"}),
        }
        for value, count in ordered
    ]


def _figure(words: Wording, figure: Indicator) -> dict[str, str]:
    cited = figure.citation
    place = {"chapter": cited.chapter, "section": cited.section, "paragraph": cited.paragraph}
    fragment = f"{cited.chapter}-{cited.section}-p{cited.paragraph}"
    return {
        "name": words.title(figure, "name"),
        "value": f"{words.figure(figure)} {words.unit(figure.unit)}",
        "hedge": words.hedge(figure.hedge),
        "period": figure.period.replace("-", "–"),
        "status": words.point(figure.status),
        "where": words.citation(place),
        "href": plan_href(cited.plan, words, fragment=fragment),
    }
