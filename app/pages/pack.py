"""Evidence packs: all that is published of a feature, a zone or a plan, in one file."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from app.assets import STATIC_DIRECTORY
from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.links import attachment
from app.maps.styles import is_ground
from app.wording import day
from layers.errors import NotFound, StoreUnavailable
from layers.geojson import canonical_bytes
from layers.lives import public_life
from layers.plan import paragraph_id

from .answers import page_response
from .features import feature_context
from .public import short_certainty, whole_picture, zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from app.templating import Templates
    from app.wording import Wording
    from layers.document import PlanDocument
    from layers.lives import Life
    from layers.model import Feature, Layer
    from layers.snapshot import Atlas
    from layers.store import Store

router = APIRouter()

_STYLES = ("base.css", "page.css", "public.css")

Member = tuple["Layer", "Feature"]


@router.api_route("/features/{collection_id}/{feature_id}/pack.html", methods=["GET", "HEAD"])
def get_feature_pack(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
    feature_id: str,
    lang: str | None = None,
) -> Response:
    """Return the evidence pack of a feature, to be kept as a file."""
    words = templates.wording(atlas, parse_language(lang))
    html = make_pack(templates, published.store, words, f"{collection_id}/{feature_id}")
    return _as_file(request, html, f"{collection_id}-{feature_id}")


@router.api_route("/plan/{plan_id}/pack.html", methods=["GET", "HEAD"])
def get_plan_pack(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    plan_id: str,
    lang: str | None = None,
) -> Response:
    """Return the evidence pack of the atlas's plan, to be kept as a file."""
    words = templates.wording(atlas, parse_language(lang))
    html = make_pack(templates, published.store, words, f"plan/{plan_id}")
    return _as_file(request, html, f"plan-{plan_id}")


def make_pack(templates: Templates, store: Store, words: Wording, ref: str) -> str:
    """Return an evidence pack as one HTML file that asks for no other.

    Parameters
    ----------
    ref : str
        ``layer/feature``, or ``plan/id``. The same state gives the same bytes.

    Raises
    ------
    NotFound
        If nothing public has this name.
    """
    atlas = words.atlas
    kind, _, id_ = ref.partition("/")
    if kind == "plan":
        if id_ != atlas.catalogue.plan:
            raise NotFound(
                f"There is no pack of plan {id_}; there is one of {atlas.catalogue.plan}."
            )
        context = plan_pack(words, atlas.document)
    else:
        found = atlas.feature(ref)
        if found is None:
            raise NotFound(f"Nothing public is called {ref}; name it as layer/id or plan/id.")
        life = None
        with suppress(StoreUnavailable):
            # The pack says that its past is missing.
            life = public_life(store, atlas.layers[kind], id_)
        context = feature_pack(words, *found, life)
    css = "\n".join(
        (STATIC_DIRECTORY / "atlas" / each).read_text(encoding="utf-8") for each in _STYLES
    )
    context["css"] = Markup(css)  # noqa: S704  our own files
    return templates.render("pack.html", atlas=atlas, lang=words.language, **context)


def feature_pack(
    words: Wording, layer: Layer, feature: Feature, life: Life | None
) -> dict[str, Any]:
    """Return the context of ``pack.html`` for a feature; a zone has what lies in it too."""
    atlas = words.atlas
    known = feature_context(atlas, words, layer, feature, life)
    view = known["view"]
    data = canonical_bytes(feature)
    members = _members_of(atlas, feature) if known["is_zone"] else []
    return {
        "title": view["name"],
        "kicker": " · ".join(each for each in (view["layer"], view["kind"]) if each),
        "lead": view["summary"],
        "picture": known["picture"],
        "verdict": view["certainty"] or words.gettext("位置误差未说明"),
        "sure": [
            (words.gettext("精度"), view["precision_words"]),
            (words.gettext("精度的含义"), known["meaning"]),
            (words.gettext("怎么来的"), view["method"]),
            (words.gettext("依据来源"), view["source"]),
        ],
        "facts": [
            (words.gettext("又名"), view["aliases"]),
            (words.gettext("片区"), view["zone"]),
            (words.gettext("阶段"), view["stage"]),
            (words.gettext("承诺"), view["commitment"]),
            (words.gettext("产业"), view["industries"]),
            (words.gettext("面积"), view["area"]),
        ],
        "citations": list(_cited(words, feature)),
        "statements": known["statements"],
        "figures": [],
        "members": [_member(words, *each) for each in members],
        "events": known["events"],
        "sums": [
            (words.gettext("本对象的数据（附后）"), hashlib.sha256(data).hexdigest()),
            *_sums(words, [layer.id]),
        ],
        "data": data.decode(),
        "data_href": f"data:application/geo+json;charset=utf-8,{quote(data)}",
        "file": f"{layer.id}-{feature.id}.geojson",
    }


def plan_pack(words: Wording, document: PlanDocument) -> dict[str, Any]:
    """Return the context of ``pack.html`` for a plan: all that it names, and all its figures."""
    atlas, outline = words.atlas, document.outline
    members = [(each.layer, feature) for each in atlas.listed.values() for feature in each.features]
    named = atlas.named(document.id)
    return {
        "title": outline.title_en if words.language == "en" else outline.title,
        "kicker": f"{words.gettext('规划')} · {outline.date}",
        "lead": words.title(atlas.catalogue, "description"),
        "picture": whole_picture(words),
        "verdict": words.say(
            "图集从规划里找到 {count} 个对象，其中 {mapped} 个已上图。",
            count=len(members),
            mapped=sum(feature.geometry is not None for _, feature in members),
        ),
        "sure": [],
        "facts": [(words.gettext("点名的地方和项目"), f"{sum(named.values()):,}")],
        "citations": [],
        "statements": [],
        "figures": list(_figures(words)),
        "members": [_member(words, *each) for each in members],
        "events": [],
        "sums": [
            (words.gettext("出处所数的原文"), outline.sha256),
            *_sums(words, list(atlas.layers)),
        ],
        "data": None,
        "data_href": None,
        "file": None,
    }


def _as_file(request: Request, html: str, name: str) -> Response:
    answer = page_response(request, html)
    answer.headers["Content-Disposition"] = attachment(f"pack-{name}", "", "", "html")
    return answer


def _cited(words: Wording, feature: Feature) -> Iterator[dict[str, str]]:
    """Yield each cited paragraph once, with the words that name the feature there."""
    citations: Iterable[Mapping[str, Any]] = feature.properties.get("citations") or []
    found: dict[str, dict[str, str]] = {}
    for each in citations:
        place = paragraph_id(each["chapter"], each["section"], each["paragraph"])
        if place not in found:
            found[place] = {
                "words": words.citation(each),
                "title": words.heading(each),
                "quotes": str(each.get("quote", "")),
                "text": _paragraph(words.atlas.documents.get(each["plan"]), each),
            }
        elif (quote_ := str(each.get("quote", ""))) not in found[place]["quotes"].split("、"):
            found[place]["quotes"] += f"、{quote_}"
    yield from found.values()


def _paragraph(document: PlanDocument | None, citation: Mapping[str, Any]) -> str:
    """Return a cited paragraph; nothing where another text is imported than was cited from."""
    version = None if document is None else document.version
    if document is None or document.text is None or version is None:
        return ""
    if version.sha256 != document.outline.sha256:
        return ""
    place = citation["chapter"], citation["section"], citation["paragraph"]
    return next(
        (
            each.text
            for each in document.text.paragraphs
            if (each.chapter, each.section, each.number) == place
        ),
        "",
    )


def _members_of(atlas: Atlas, zone: Feature) -> list[Member]:
    return [
        (each.layer, feature)
        for each in atlas.listed.values()
        if not is_ground(each.layer.style)
        for feature in each.features
        if (found := zone_of(atlas, feature.properties.get("zone"))) and found.id == zone.id
    ]


def _member(words: Wording, layer: Layer, feature: Feature) -> dict[str, str]:
    view = words.view(layer, feature)
    return {
        "name": view["name"],
        "kind": view["kind"],
        "stage": view["stage"],
        "sure": short_certainty(feature, words),
        "cited": "; ".join(each["words"] for each in view["citations"]),
    }


def _figures(words: Wording) -> Iterator[dict[str, str]]:
    for figure in words.atlas.indicators.indicators:
        cited = figure.citation
        place = {"chapter": cited.chapter, "section": cited.section, "paragraph": cited.paragraph}
        value = f"{words.hedge(figure.hedge)} {words.figure(figure)} {words.unit(figure.unit)}"
        yield {
            "name": words.title(figure, "name"),
            "value": value.strip(),
            "period": figure.period,
            "status": words.point(figure.status),
            "where": words.citation(place),
        }


def _sums(words: Wording, layers: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what the layers and the plan's text are known by."""
    for layer_id in layers:
        served = words.atlas.layers[layer_id]
        yield (
            words.say(
                "图层“{layer}”第 {number} 版，{day}",
                layer=words.title(served.layer),
                number=served.shown.number,
                day=day(served.shown.created),
            ),
            served.digest,
        )
    version = words.atlas.document.version
    if version is not None:
        yield words.say("导入的规划原文第 {number} 版", number=version.number), version.sha256
