"""What the template of the atlas page is given, and what maps tell their scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.maps.styles import feature_colour, is_ground, style_record, style_themes
from app.wording import day, distance, is_sketch
from layers.days import OFFSET
from layers.facets import FACETS, count_facets
from layers.snapshot import is_listed
from layers.tiles.matrices import WEB_MERCATOR
from layers.years import YEARS

from .given import known_values, link_notice
from .narrowed import year_query, year_sentence
from .strings import SCRIPT_STRINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Sequence

    from app.i18n import Language
    from app.maps.figure import RenderedMap
    from app.wording import Wording
    from layers.facets import Selection
    from layers.model import Feature, Layer
    from layers.served import ServedLayer
    from layers.snapshot import Atlas, LayerSnapshot
    from layers.years import YearFilter

    from .narrowed import Narrowed

_SHAPES = {"Polygon": "area", "LineString": "line", "Point": "point"}
_PAPER_INK = "#5B6470"


def atlas_context(
    atlas: Atlas,
    words: Wording,
    figure: RenderedMap,
    ref: str | None,
    shown: Narrowed,
    most: int,
    *,
    unused: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the context of ``atlas.html``.

    Parameters
    ----------
    atlas : Atlas
    words : Wording
        In the page's language.
    figure : RenderedMap
        Of the whole atlas.
    ref : str or None
        The selected feature as ``layer/feature``; an unknown one gives a notice.
    shown : Narrowed
        What the address leaves.
    most : int
        Features of a layer up to which each is listed and drawn.
    unused : sequence of str
        What else the link gave and nothing can use; it is named beside values that no facet has.

    Returns
    -------
    dict
        See the comment at the top of the template.
    """
    found = atlas.feature(ref or "")
    drawn = drawn_layers(atlas.layers.values(), most)
    names = {each.layer.id for each in drawn}
    selection, strange = known_values(atlas, shown.selection, drawn)
    shown = shown._replace(selection=selection)
    said = [
        link_notice(words, None if found else ref, [*unused, *strange]),
        year_sentence(atlas, words, shown),
    ]
    other: Language = "zh" if words.language == "en" else "en"
    return {
        "figure": figure,
        "config": script_config(atlas.layers.values(), words, figure, most),
        "tree": _tree(atlas, words, names),
        "themes": _themes(drawn, words),
        "facets": _facets(atlas, words, shown.selection, drawn),
        "chosen": bool(shown.selection) or shown.year is not None,
        "years": list(YEARS),
        "year": shown.year,
        "groups": _groups(drawn, words, shown),
        "tiled": [_tiled(each, words) for id_, each in atlas.layers.items() if id_ not in names],
        "detail": words.view(*found) if found else None,
        "notice": " ".join(filter(None, said)) or None,
        "pages": _pages(atlas.catalogue.plan, words),
        "switch_href": page_href(ref if found else None, other, shown.selection, shown.year),
        "print_href": _print_href(words, shown),
        "home_href": page_href(None, words.language),
        "revision": _revision(atlas, words),
        "credits": credits_line(atlas.layers.values(), words),
    }


def _print_href(words: Wording, shown: Narrowed) -> str:
    """Return the address of a sheet of what the page shows."""
    return page_href(None, words.language, shown.selection, shown.year).replace("/", "/print", 1)


def page_href(
    ref: str | None,
    language: Language,
    selection: Selection | None = None,
    year: YearFilter | None = None,
) -> str:
    """Return the address of the atlas page, with only what differs from the defaults."""
    query = [f"f={ref}"] if ref else []
    query += [
        f"{facet}={','.join(quote(value) for value in sorted(chosen))}"
        for facet, chosen in (selection or {}).items()
    ]
    query += year_query(year)
    query += ["lang=en"] if language == "en" else []
    return f"/?{'&'.join(query)}" if query else "/"


def plan_href(plan_id: str, words: Wording, page: str = "", fragment: str = "") -> str:
    """Return the address of a page of a plan in the language of these words."""
    query = "?lang=en" if words.language == "en" else ""
    return f"/plan/{plan_id}{f'/{page}' if page else ''}{query}{f'#{fragment}' if fragment else ''}"


def drawn_layers(snapshots: Iterable[ServedLayer], most: int) -> list[LayerSnapshot]:
    """Return the layers of which each feature is listed and drawn, having no more than `most`."""
    return [each for each in snapshots if is_listed(each) and each.count <= most]


def script_config(
    snapshots: Collection[ServedLayer],
    words: Wording,
    figure: RenderedMap,
    most: int,
) -> dict[str, Any]:
    """Return what the page's script is told, ready for JSON; see `atlas_context`."""
    shown = drawn_layers(snapshots, most)
    names = {each.layer.id for each in shown}
    return {
        "lang": words.language,
        "clock": OFFSET,
        "title": words.title(words.atlas.catalogue),
        "layers": [
            _script_layer(each, words) if each.layer.id in names else _tiled_layer(each, words)
            for each in snapshots
        ],
        "anchors": {
            ref: at for ref, at in figure.anchors.items() if ref.partition("/")[0] in names
        },
        "codes": {
            name: {code: words.code(name, code) for code in codes}
            for name, codes in words.atlas.catalogue.codes.items()
        },
        "sections": dict(_cited_sections(shown, words)),
        "facets": list(FACETS),
        "plan": words.atlas.catalogue.plan,
        "strings": {name: words.gettext(text) for name, text in SCRIPT_STRINGS.items()},
    }


def credits_line(snapshots: Iterable[ServedLayer], words: Wording) -> str:
    """Return the attributions of some layers, each once."""
    credits_ = (words.title(snapshot.layer, "attribution") for snapshot in snapshots)
    return " · ".join(dict.fromkeys(credit for credit in credits_ if credit))


def _script_layer(snapshot: ServedLayer, words: Wording) -> dict[str, Any]:
    layer = snapshot.layer
    return {
        "id": layer.id,
        "title": words.title(layer),
        "url": f"/api/collections/{layer.id}/revisions/{snapshot.revision_id}/overview",
        "label": layer.style.get("label"),
        "ground": is_ground(layer.style),
        "name": layer.label,
        "columns": words.columns(layer),
        "themes": {name: list(each.items()) for name, each in style_themes(layer.style).items()},
    }


def _tiled_layer(snapshot: ServedLayer, words: Wording) -> dict[str, Any]:
    """Return what the page's script is told of a layer that it draws from vector tiles."""
    layer = snapshot.layer
    revision = f"/api/collections/{layer.id}/revisions/{snapshot.revision_id}"
    return {
        **_script_layer(snapshot, words),
        "url": None,
        "tiles": f"{revision}/tiles/{WEB_MERCATOR}/{{z}}/{{y}}/{{x}}",
        "bbox": snapshot.bbox,
        "style": style_record(layer.style),
        "facets": [name for name in FACETS if name in snapshot.tiles.fields],
    }


def _tiled(snapshot: ServedLayer, words: Wording) -> dict[str, str]:
    """Return what stands in the list for a layer that is not listed."""
    table = f"/tables/{quote(snapshot.layer.id, safe='')}"
    return {
        "id": snapshot.layer.id,
        "title": words.title(snapshot.layer),
        "counts": words.say("{count} 个", count=f"{snapshot.count:,}"),
        "table_href": f"{table}?lang=en" if words.language == "en" else table,
    }


def _cited_sections(
    snapshots: Iterable[LayerSnapshot], words: Wording
) -> Iterator[tuple[str, tuple[str, str]]]:
    for snapshot in snapshots:
        for feature in snapshot.features:
            for citation in feature.properties.get("citations") or []:
                key = f"{citation['chapter']}.{citation['section']}"
                yield key, (words.section(citation), words.heading(citation))


def _tree(atlas: Atlas, words: Wording, drawn: Container[str]) -> list[dict[str, Any]]:
    """Return the layers in their groups; those of no group last, in a group without a title."""
    shown = list(atlas.layers.values())

    def rows(group: str | None) -> list[dict[str, Any]]:
        members = (each for each in shown if each.layer.group == group)
        return [_layer_row(each, words, each.layer.id in drawn) for each in members]

    groups: list[dict[str, Any]] = [
        {"id": group.id, "title": words.title(group), "layers": rows(group.id)}
        for group in atlas.catalogue.groups
    ]
    groups.append({"id": None, "title": "", "layers": rows(None)})
    return [each for each in groups if each["layers"]]


def _themes(drawn: Iterable[ServedLayer], words: Wording) -> list[dict[str, str]]:
    """Return by what else the map may be coloured."""
    names = {
        name: words.column(each.layer, name)
        for each in drawn
        for name in style_themes(each.layer.style)
    }
    return [{"name": name, "title": title} for name, title in names.items()]


def _layer_row(snapshot: ServedLayer, words: Wording, is_drawn: bool) -> dict[str, Any]:
    row = {"id": snapshot.layer.id, "title": words.title(snapshot.layer)}
    if is_drawn and is_listed(snapshot):
        counts, legend = _counts(snapshot.features, words), _legend(snapshot, words)
    else:
        counts = words.say("{count} 个，太多不逐一列出", count=f"{snapshot.count:,}")
        kinds = {each.removeprefix("Multi") for each in snapshot.layer.geometry_types}
        shapes = {_SHAPES.get(each, "area") for each in kinds}
        legend = _legend_of(shapes, words, sketch="precision" in snapshot.tiles.fields)
    return {**row, "counts": counts, "legend": legend}


def _counts(features: Sequence[Feature], words: Wording) -> str:
    mapped = sum(feature.geometry is not None for feature in features)
    if mapped == len(features):
        return words.say("{count} 个", count=mapped)
    return words.say("{count} 个，{mapped} 个已上图", count=len(features), mapped=mapped)


def _legend(snapshot: LayerSnapshot, words: Wording) -> list[dict[str, str]]:
    record = style_record(snapshot.layer.style)
    if not record["fill"]:
        return []
    if not is_ground(snapshot.layer.style):
        return _shape_legend(snapshot, words)
    return [
        {
            "colour": feature_colour(record, feature.id, feature.properties),
            "kind": "sketch-area" if is_sketch(feature.properties) else "area",
            "words": words.text(feature.properties, "name"),
        }
        for feature in snapshot.features
    ]


def _shape_legend(snapshot: LayerSnapshot, words: Wording) -> list[dict[str, str]]:
    return _legend_of({shape_of(feature) for feature in snapshot.features}, words)


def _legend_of(present: set[str], words: Wording, *, sketch: bool = True) -> list[dict[str, str]]:
    names = {
        "area": words.gettext("范围"),
        "line": words.gettext("线"),
        "point": words.gettext("点"),
    }
    kinds = {"area": "sketch-area" if sketch else "area", "line": "line", "point": "point"}
    return [
        {"colour": _PAPER_INK, "kind": kinds[shape], "words": name}
        for shape, name in names.items()
        if shape in present
    ]


def _pages(plan_id: str, words: Wording) -> list[dict[str, str]]:
    suffix = "?lang=en" if words.language == "en" else ""
    indicators = f"/indicators{suffix}"
    return [
        {"href": f"/nearby{suffix}", "words": words.gettext("附近有什么规划")},
        {"href": f"/zones{suffix}", "words": words.gettext("片区")},
        {"href": plan_href(plan_id, words), "words": words.gettext("规划原文")},
        {"href": indicators, "words": words.gettext("指标")},
        {"href": plan_href(plan_id, words, "coverage"), "words": words.gettext("覆盖台账")},
        {"href": plan_href(plan_id, words, "statements"), "words": words.gettext("空间陈述")},
        {"href": f"/tables{suffix}", "words": words.gettext("表格")},
        {"href": f"/areas{suffix}", "words": words.gettext("范围报告")},
        {"href": f"/compare{suffix}", "words": words.gettext("对比")},
        {"href": f"/help{suffix}", "words": words.gettext("帮助")},
    ]


def _facets(
    atlas: Atlas, words: Wording, selection: Selection, drawn: Sequence[LayerSnapshot]
) -> list[dict[str, Any]]:
    """Return every facet with its values, in the order of their code list, with counts."""
    features = [
        feature
        for snapshot in drawn
        if not is_ground(snapshot.layer.style)
        for feature in snapshot.features
    ]
    every, counts = count_facets(features, {}), count_facets(features, selection)
    return [
        {
            "name": facet,
            "title": words.facet(facet),
            "values": [
                {
                    "value": value,
                    "label": words.facet_value(facet, value),
                    "count": counts[facet].get(value, 0),
                    "chosen": value in selection.get(facet, frozenset()),
                }
                for value in sorted(every[facet], key=lambda each: _rank(atlas, facet, each))
            ],
        }
        for facet in FACETS
    ]


def _rank(atlas: Atlas, facet: str, value: str) -> int:
    if facet in {"chapter", "mapped"}:
        return int(value) if facet == "chapter" else -len(value)
    codes = list(atlas.catalogue.codes.get(facet, {}))
    return codes.index(value) if value in codes else len(codes)


def _groups(drawn: Sequence[LayerSnapshot], words: Wording, left: Narrowed) -> list[dict[str, Any]]:
    """Return all features of all layers by zone, those of no zone last.

    Within a zone what is drawn comes first, and projects before places.
    """
    members: dict[str | None, list[tuple[Layer, Feature]]] = {}
    for code in words.atlas.catalogue.codes.get("zone", {}):
        members[code] = []
    members[None] = []
    for snapshot in drawn:
        for feature in snapshot.features:
            members.setdefault(feature.properties.get("zone"), []).append((snapshot.layer, feature))
    last = members.pop(None)
    ordered = [*members.items(), (None, last)]
    return [_group(zone, group, words, left) for zone, group in ordered if group]


def _group(
    zone: str | None,
    members: Sequence[tuple[Layer, Feature]],
    words: Wording,
    left: Narrowed,
) -> dict[str, Any]:
    first_layer, first = members[0]
    layers = list(words.atlas.layers)
    ordered = sorted(
        members,
        key=lambda each: (
            not is_ground(each[0].style),
            each[1].geometry is None,
            -layers.index(each[0].id),
        ),
    )
    shown = [each for each in ordered if left.leaves(*each)]
    return {
        "title": words.code("zone", zone) if zone else words.gettext("全区与跨片区"),
        "colour": feature_colour(first_layer.style, first.id, first.properties),
        "counts": _counts([feature for _, feature in shown], words),
        "hidden": not any(not is_ground(layer.style) for layer, _ in shown)
        and bool(left.selection),
        "entries": [
            entry(layer, feature, words)
            | {"hidden": (layer, feature) not in shown, "undated": left.is_undated(layer, feature)}
            for layer, feature in ordered
        ],
    }


def entry(layer: Layer, feature: Feature, words: Wording) -> dict[str, Any]:
    """Return what a list shows of a feature."""
    ref = f"{layer.id}/{feature.id}"
    return {
        "ref": ref,
        "href": page_href(ref, words.language),
        "name": words.text(feature.properties, "name") or layer.name_of(feature),
        "colour": feature_colour(layer.style, feature.id, feature.properties),
        "shape": shape_of(feature),
        "leading": is_ground(layer.style),
        "note": _note(feature, words),
    }


def _note(feature: Feature, words: Wording) -> str:
    if feature.geometry is None:
        return words.gettext("未上图")
    uncertainty = feature.properties.get("uncertainty_m")
    return "" if uncertainty is None else f"±{distance(float(uncertainty))}"


def shape_of(feature: Feature) -> str:
    """Return ``area``, ``line``, ``point``, or ``none`` without a geometry."""
    if feature.geometry is None:
        return "none"
    return _SHAPES.get(feature.geometry.geom_type.removeprefix("Multi"), "area")


def _revision(atlas: Atlas, words: Wording) -> str:
    newest = max((item.shown for item in atlas.layers.values()), key=lambda item: item.created)
    return words.say("数据版本：{date}", date=day(newest.created))
