"""What the public's pages share: their frame, links between them, and cards of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from app.links import base_of
from app.maps.picture import feature_shapes, ground_shapes, svg_map, view_of
from app.maps.styles import is_ground
from app.wording import distance, is_sketch

from .context import page_href, plan_href, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from markupsafe import Markup

    from app.wording import Wording
    from layers.model import Feature, Layer
    from layers.snapshot import Atlas


def href(path: str, words: Wording, **query: object) -> str:
    """Return the address of a page in the language of these words; what is None is left out."""
    given = {name: value for name, value in query.items() if value is not None}
    if words.language == "en":
        given["lang"] = "en"
    return f"{path}?{urlencode(given)}" if given else path


def feature_path(layer_id: str, feature_id: str) -> str:
    """Return the permanent address of a feature, without host."""
    return f"/features/{quote(layer_id, safe='')}/{quote(feature_id, safe='')}"


def feature_href(layer_id: str, feature_id: str, words: Wording) -> str:
    """Return where the page of a feature is; a zone has a page of its own."""
    return href(feature_path(layer_id, feature_id), words)


def zone_href(zone_id: str, words: Wording) -> str:
    """Return where the profile of a zone is."""
    return href(f"/zones/{quote(zone_id, safe='')}", words)


def frame(
    request: Request,
    words: Wording,
    here: str,
    path: str,
    query: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return what ``public.html`` wants; see `framed`."""
    return framed(words, here, path, query) | {"canonical": f"{base_of(request)}{path}"}


def framed(
    words: Wording, here: str, path: str, query: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Return what ``public.html`` wants, without the address of the server.

    Parameters
    ----------
    here : str
        Which entry of the navigation this page is.
    path : str
        Of this page.
    query : Mapping, optional
        Parameters that the page in the other language has too.
    """
    atlas = words.atlas
    english = words.language == "en"
    given: dict[str, object] = {k: v for k, v in (query or {}).items() if v is not None}
    switched = urlencode(given if english else {**given, "lang": "en"})
    entries = [
        ("map", page_href(None, words.language), words.gettext("地图")),
        ("nearby", href("/nearby", words), words.gettext("附近")),
        ("zones", href("/zones", words), words.gettext("片区")),
        ("tables", href("/tables", words), words.gettext("表格")),
        ("areas", href("/areas", words), words.gettext("范围报告")),
        ("compare", href("/compare", words), words.gettext("对比")),
        ("plan", plan_href(atlas.catalogue.plan, words), words.gettext("规划原文")),
        ("help", href("/help", words), words.gettext("帮助")),
    ]
    return {
        "here": here,
        "entries": [{"id": id_, "href": link, "words": name} for id_, link, name in entries],
        "switch_href": f"{path}?{switched}" if switched else path,
        "accessibility_href": href("/accessibility", words),
    }


def card(layer: Layer, feature: Feature, words: Wording) -> dict[str, Any]:
    """Return what a card shows of a feature: the plan's own verb, its stage, and how sure it is."""
    view = words.view(layer, feature)
    return {
        "href": feature_href(layer.id, feature.id, words),
        "name": view["name"],
        "kind": view["kind"],
        "zone": view["zone"],
        "stage": view["stage"],
        "commitment": view["commitment"],
        "summary": view["summary"],
        "shape": shape_of(feature),
        "sure": short_certainty(feature, words),
        "is_sure": feature.geometry is not None and not is_sketch(feature.properties),
    }


def short_certainty(feature: Feature, words: Wording) -> str:
    """Return in a few words how sure the place of a feature is."""
    if feature.geometry is None:
        return words.gettext("未上图")
    uncertainty = feature.properties.get("uncertainty_m")
    if uncertainty is None:
        return words.gettext("位置误差未说明")
    error = distance(float(uncertainty))
    if is_sketch(feature.properties):
        return words.say("示意 ±{distance}", distance=error)
    return f"±{error}"


def zone_of(atlas: Atlas, zone: str | None) -> Feature | None:
    """Return the published area of a zone; None without one."""
    zones = atlas.listed.get("zones")
    known = () if zones is None or zone is None else zones.features
    return next((each for each in known if each.properties.get("name") == zone), None)


def zone_names(atlas: Atlas, words: Wording) -> dict[str, str]:
    """Return what is written on the zones of a still map, by ``layer/feature``."""
    zones = atlas.listed.get("zones")
    return {
        f"zones/{each.id}": words.text(each.properties, "name")
        for each in (() if zones is None else zones.features)
    }


def whole_picture(words: Wording) -> Markup | None:
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
