"""A page for every feature, at an address that stays."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.i18n import parse_language
from app.links import base_of
from app.maps.picture import feature_shapes, ground_shapes, svg_map, view_of
from app.maps.preview import MAP_WIDTH, SIZE, preview_png
from app.wording import day
from layers.errors import NotFound, StoreUnavailable, Withdrawn
from layers.lives import public_life
from layers.opinions import Subject, public_summaries

from .answers import as_json, page_response
from .context import page_href
from .public import (
    card,
    feature_href,
    feature_path,
    frame,
    href,
    zone_href,
    zone_names,
    zone_of,
)

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.published import Published
    from app.wording import Wording
    from layers.lives import Event, Life
    from layers.model import Feature, Layer
    from layers.snapshot import Atlas
    from layers.statements import Result, Statement

router = APIRouter()

_FILES = ("gpkg", "shp.zip", "kml", "csv")
_MOST_RELATED = 12
_OF_A_DAY = "public, max-age=86400"


@router.api_route("/features/{collection_id}/{feature_id}", methods=["GET", "HEAD"])
def get_feature_page(
    request: Request,
    atlas: AtlasDep,
    published: PublishedDep,
    templates: TemplatesDep,
    collection_id: str,
    feature_id: str,
    lang: str | None = None,
) -> Response:
    """Return everything that is published of a feature.

    One that was merged leads to what it is now (301), one that was withdrawn says why (410).
    """
    here = feature_path(collection_id, feature_id)
    item = here.replace("/features/", "/api/collections/", 1).rpartition("/")
    if answer := as_json(request, f"{item[0]}/items/{item[2]}"):
        return answer
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    found = atlas.feature(f"{collection_id}/{feature_id}")
    if found is None:
        return _moved(published, atlas, words, collection_id, feature_id)
    life, opinions = None, []
    with suppress(StoreUnavailable):
        # The page is worth having without its past.
        life = public_life(published.store, atlas.layers[collection_id], feature_id)
        opinions = public_summaries(published.store, Subject(collection_id, feature_id))
    context = feature_context(atlas, words, *found, life) | {"opinions": opinions}
    base = base_of(request)
    context |= frame(request, words, "", here)
    context["preview"] = f"{base}{here}/preview.png"
    return page_response(
        request, templates.render("feature.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/features/{collection_id}/{feature_id}/qr.svg", methods=["GET", "HEAD"])
def get_qr_code(request: Request, atlas: AtlasDep, collection_id: str, feature_id: str) -> Response:
    """Return the permanent address of a feature as a QR code (ISO/IEC 18004)."""
    _find(atlas, collection_id, feature_id)
    svg = _qr(f"{base_of(request)}{feature_path(collection_id, feature_id)}")
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": _OF_A_DAY})


@router.api_route("/features/{collection_id}/{feature_id}/preview.png", methods=["GET", "HEAD"])
def get_preview(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    collection_id: str,
    feature_id: str,
    lang: str | None = None,
) -> Response:
    """Return the picture that other sites show beside a link to a feature."""
    layer, feature = _find(atlas, collection_id, feature_id)
    words = templates.wording(atlas, parse_language(lang))
    view = words.view(layer, feature)
    caution = words.gettext("示意图，不作为法定规划依据")
    lines = [view["name"], view["certainty"], words.title(atlas.catalogue), caution]
    shapes = [*ground_shapes(atlas, {}), *feature_shapes(layer, feature)]
    drawn = [each.geometry for each in feature_shapes(layer, feature)]
    place = view_of(drawn, width=MAP_WIDTH, height=SIZE[1]) if drawn else None
    png = preview_png(place, shapes, [line for line in lines if line])
    return Response(png, media_type="image/png", headers={"Cache-Control": _OF_A_DAY})


def feature_context(
    atlas: Atlas, words: Wording, layer: Layer, feature: Feature, life: Life | None
) -> dict[str, Any]:
    """Return the context of ``feature.html``; see the comment at the top of the template."""
    ref, here = f"{layer.id}/{feature.id}", feature_path(layer.id, feature.id)
    zone = zone_of(atlas, feature.properties.get("zone"))
    is_zone = zone is not None and zone.id == feature.id
    related = [] if is_zone else _related(atlas, feature)
    return {
        "view": words.view(layer, feature),
        "card": card(layer, feature, words),
        "picture": feature_picture(atlas, words, layer, feature),
        "map_href": page_href(ref, words.language),
        "zone_href": zone_href(zone.id, words) if zone is not None else None,
        "is_zone": is_zone,
        "meaning": words.code("precision", feature.properties.get("precision"), "meaning"),
        "stage_meaning": words.code("stage", feature.properties.get("stage"), "meaning"),
        "related": [card(*each, words) for each in related[:_MOST_RELATED]],
        "more_related": max(0, len(related) - _MOST_RELATED),
        "statements": statements_about(atlas, words, feature.id),
        "events": [_event(words, layer, each) for each in life.events] if life else None,
        "provenance": _provenance(words, layer, feature, life),
        "downloads": [
            *downloads(layer.id, feature.id),
            {"words": words.gettext("证据包"), "href": href(f"{here}/pack.html", words)},
        ],
        "report_hrefs": [
            f"/opinions?{urlencode({'kind': each, 'about': ref})}"
            for each in ("problem", "opinion")
        ],
        "path": here,
        "embed_href": href("/embed", words, f=ref),
    }


def feature_picture(atlas: Atlas, words: Wording, layer: Layer, feature: Feature) -> Markup | None:
    """Return a still map of a feature; None where nothing says where it is."""
    shapes = list(feature_shapes(layer, feature))
    if not shapes:
        return None
    names = zone_names(atlas, words)
    view = words.view(layer, feature)
    label = words.say("地图：{name}。{certainty}", name=view["name"], certainty=view["certainty"])
    ground = ground_shapes(atlas, names)
    return svg_map(view_of(each.geometry for each in shapes), [*ground, *shapes], label)


def statements_about(atlas: Atlas, words: Wording, feature_id: str) -> list[dict[str, str]]:
    """Return what the plan says of where a feature is, with what became of it on the map."""
    about = [
        result
        for result in atlas.results
        if feature_id in {each.id for each in (result.statement.subject, *result.statement.objects)}
    ]
    ranked = sorted(about, key=lambda each: each.outcome == "untestable")
    return [statement_view(words, each) for each in ranked]


def statement_view(words: Wording, result: Result) -> dict[str, str]:
    """Return a spatial statement as ``cards.html`` lists it."""
    return {
        "outcome": result.outcome,
        "label": words.outcome(result.outcome),
        "words": _sentence(words, result.statement),
        "reason": result.reason_en if words.language == "en" else result.reason,
    }


def downloads(layer_id: str, feature_id: str) -> list[dict[str, str]]:
    """Return where a feature is as files."""
    path = f"/api/collections/{quote(layer_id, safe='')}"
    condition = "id='{}'".format(feature_id.replace("'", "''"))
    query = urlencode({"filter": condition})
    item = f"{path}/items/{quote(feature_id, safe='')}?f=json"
    return [
        {"words": "GeoJSON", "href": item},
        *(
            {"words": _KINDS[ending], "href": f"{path}/download.{ending}?{query}"}
            for ending in _FILES
        ),
    ]


_KINDS = {"gpkg": "GeoPackage", "shp.zip": "Shapefile", "kml": "KML", "csv": "CSV"}


def _find(atlas: Atlas, collection_id: str, feature_id: str) -> tuple[Layer, Feature]:
    found = atlas.feature(f"{collection_id}/{feature_id}")
    if found is None:
        raise NotFound(f"Collection {collection_id} has no item {feature_id}.")
    return found


def _moved(
    published: Published, atlas: Atlas, words: Wording, collection_id: str, feature_id: str
) -> Response:
    """Lead to what a feature is now, or say why it is gone."""
    head = atlas.layer(collection_id)
    life = public_life(published.store, head, feature_id)
    if life is None or not life.is_over:
        raise NotFound(
            words.say(
                "“{layer}”里没有编号为 {id} 的对象。", layer=words.title(head.layer), id=feature_id
            )
        )
    if life.replaced_by is not None:
        layer_id, _, now = life.replaced_by.partition("/")
        place = feature_href(layer_id, now, words)
        return RedirectResponse(place, 301, {"Cache-Control": _OF_A_DAY})
    said = life.reason or words.gettext("没有写明理由")
    raise Withdrawn(
        words.say(
            "“{name}”已于 {day} 撤下：{reason}。",
            name=life.name,
            day=day(life.events[0].revision.created),
            reason=said.rstrip("。."),
        )
    )


def _related(atlas: Atlas, feature: Feature) -> list[tuple[Layer, Feature]]:
    """Return what a feature is part of, what its parts are, and what the plan puts beside it."""
    ids = [feature.properties.get("parent")]
    ids += [
        each.id
        for snapshot in atlas.listed.values()
        for each in snapshot.features
        if each.properties.get("parent") == feature.id
    ]
    for result in atlas.results:
        parties = [each.id for each in (result.statement.subject, *result.statement.objects)]
        ids += parties if feature.id in parties else []
    refs = (atlas.ref_of(each) for each in dict.fromkeys(ids) if each and each != feature.id)
    found = (atlas.feature(ref) for ref in refs if ref)
    return [each for each in found if each is not None]


def _sentence(words: Wording, statement: Statement) -> str:
    between = ", " if words.language == "en" else "、"
    objects = between.join(each.words for each in statement.objects)
    relation = words.relation(statement.relation)
    space = " " if words.language == "en" else ""
    return f"{statement.subject.words}{space}{relation}{space}{objects}"


def _provenance(
    words: Wording, layer: Layer, feature: Feature, life: Life | None
) -> list[dict[str, str | None]]:
    """Return every property that has a value: what it is, where it is from, and since when."""
    known = {name: each for name, each in feature.properties.items() if each not in (None, "", [])}
    rows = [
        _since(words, layer, life, name)
        | {
            "title": words.column(layer, name),
            "value": words.value(name, value),
            "source": words.code("source", layer.source_of(name))
            or words.title(layer, "attribution"),
            "meaning": words.code("source", layer.source_of(name), "meaning"),
        }
        for name, value in known.items()
    ]
    if feature.geometry is not None:
        geometry: dict[str, str | None] = {
            "title": words.gettext("几何"),
            "value": words.certainty(feature.properties),
            "source": words.text(known, "geometry_source") or words.title(layer, "attribution"),
            "meaning": words.text(known, "geometry_method"),
        }
        rows.append(_since(words, layer, life, None) | geometry)
    return rows


def _since(
    words: Wording, layer: Layer, life: Life | None, name: str | None
) -> dict[str, str | None]:
    if life is None:
        return {"day": None, "revision": None, "href": None}
    revision = life.since(name).revision
    return {
        "day": day(revision.created),
        "revision": words.say("第 {number} 版", number=revision.number),
        "href": _difference(layer, revision.number),
    }


def _difference(layer: Layer, number: int) -> str:
    """Return where it is said what a revision changed."""
    query = urlencode({"from": number - 1, "to": number, "f": "html"})
    return f"/api/collections/{layer.id}/diff?{query}"


def _event(words: Wording, layer: Layer, event: Event) -> dict[str, str]:
    became = {
        "added": words.gettext("加入图集"),
        "changed": words.gettext("修改"),
        "removed": words.gettext("撤下"),
    }
    changed = [words.column(layer, name) for name in event.fields]
    changed += [words.gettext("几何")] if event.moved else []
    number = event.revision.number
    return {
        "day": day(event.revision.created),
        "words": became[event.became],
        "changed": (", " if words.language == "en" else "、").join(changed),
        "revision": words.say("第 {number} 版", number=number),
        "href": _difference(layer, number),
    }


def _qr(text: str) -> bytes:
    # Few visitors ask for one.
    from io import BytesIO

    import segno

    try:
        code = segno.make_qr(text, error="m")
    except segno.encoder.DataOverflowError:
        raise NotFound("The address of this feature is too long for a QR code.") from None
    file = BytesIO()
    code.save(file, kind="svg", scale=6, border=4, dark="#000", light="#fff")
    return file.getvalue()
