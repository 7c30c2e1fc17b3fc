"""A sheet of the published state: its shapes, its legend, and what it says of itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from app.i18n import gettext_noop
from app.maps.styles import feature_colour, is_ground, style_record
from app.wording import day, is_sketch
from layers.errors import InvalidParameter
from layers.facets import FACETS
from layers.printing import Drawn, LegendRow, Precision, Sheet, Style
from layers.snapshot import is_listed

from .asked import view_bbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.wording import Wording
    from layers.model import Feature, Layer
    from layers.served import Query, ServedLayer
    from layers.years import YearFilter

    from .asked import Asked

MOST_SHAPES = 20_000
"""Shapes on one sheet; more would be a blot, and nobody could wait for it."""

PIXEL_PT = 0.75
"""Points of a pixel of the map on a screen (CSS Values and Units, section 6.2)."""

_SHAPES = {"Polygon": "area", "LineString": "line", "Point": "point"}
_SHAPE_NAMES = {
    "area": gettext_noop("范围"),
    "line": gettext_noop("线"),
    "point": gettext_noop("点"),
}
_NAMED = ("always", "room")
_KEY_COLOUR = "#1D3557"


class _Found(NamedTuple):
    """What is drawn of a layer, and how much of it has no place."""

    served: ServedLayer
    features: list[Feature]
    placeless: int


def make_sheet(asked: Asked, words: Wording, review_number: str | None) -> Sheet:
    """Return what stands on the sheet that somebody asks for.

    Raises
    ------
    InvalidParameter
        If more shapes than a sheet can hold are in its extent.
    """
    found = _find(asked)
    title = asked.title or words.title(words.atlas.catalogue)
    return Sheet(
        paper=asked.paper,
        view=asked.view,
        title=title,
        subtitle=words.title(words.atlas.catalogue, "tagline"),
        file_title=title,
        layers=tuple(drawn_of(each.served.layer, each.features, words) for each in found),
        legend_title=words.gettext("图例"),
        legend=tuple(row for each in found for row in _legend(each, words)),
        key_title=words.gettext("这条线有多准"),
        precision=tuple(precision_key(words)),
        facts_title=words.gettext("关于这张图"),
        facts=tuple(_facts(asked, found, words)),
        notice=notice(words, review_number),
        credits=_credits(found, words),
        north=words.gettext("北"),
    )


def notice(words: Wording, review_number: str | None) -> str:
    """Return what stands at the lower left of a map: its review number, or what it is not."""
    if review_number:
        return words.say("审图号：{number}", number=review_number)
    return words.gettext("示意图，不作为法定规划依据")


def drawn_of(layer: Layer, features: Sequence[Feature], words: Wording) -> Drawn:
    """Return the shapes of features in the colours and lines of the map."""
    palette: dict[Style, int] = {}
    styles = tuple(
        palette.setdefault(shape_style(layer, feature), len(palette)) for feature in features
    )
    named = layer.style.get("label") in _NAMED
    return Drawn(
        shapes=tuple(shapely.to_wkb([feature.geometry for feature in features]).tolist())
        if features
        else (),
        styles=styles,
        palette=tuple(palette),
        names=tuple(_name(layer, feature, words) if named else "" for feature in features),
        above=layer.style.get("label") == "always",
    )


def shape_style(layer: Layer, feature: Feature) -> Style:
    """Return how a feature is drawn: as `app.maps.elements.StyleRules` does on the screen."""
    colour = feature_colour(layer.style, feature.id, feature.properties)
    return _style(layer.style, colour, sketch=is_sketch(feature.properties))


def _style(style: Any, colour: str, *, sketch: bool) -> Style:
    record = style_record(style)
    dash = tuple(float(part) * PIXEL_PT for part in str(record["dash"]).split()) if sketch else ()
    fill = record["fill"] * 0.7 if sketch else record["fill"]
    return Style(colour, record["weight"] * PIXEL_PT, record["opacity"], fill, dash)


def _find(asked: Asked) -> list[_Found]:
    box, left, found = view_bbox(asked.view), MOST_SHAPES, []
    for served, query in asked.layers:
        page = served.read(query._replace(bbox=box), left + 1)
        if page.matched > left:
            raise InvalidParameter(
                "layers",
                f"There are {page.matched:,} shapes of {served.layer.id} in this extent, and a "
                f"sheet holds {MOST_SHAPES:,}: choose a smaller extent, fewer layers or a filter, "
                f"or download the layer at /api/collections/{served.layer.id}.",
            )
        features = [each for each in page.features() if _is_left(asked, served, each)]
        left -= len(features)
        found.append(_Found(served, features, _placeless(asked, served, query)))
    return found


def _is_left(asked: Asked, served: ServedLayer, feature: Feature) -> bool:
    return asked.year is None or asked.year.leaves(f"{served.layer.id}/{feature.id}")


def _placeless(asked: Asked, served: ServedLayer, query: Query) -> int:
    if not is_listed(served):
        return 0
    return sum(
        feature.geometry is None and _is_left(asked, served, feature)
        for feature in served.stream(query)
    )


def _name(layer: Layer, feature: Feature, words: Wording) -> str:
    return words.text(feature.properties, "name") or layer.name_of(feature)


def _legend(found: _Found, words: Wording) -> Iterable[LegendRow]:
    """Yield the rows of a layer: of what is on the sheet, and of nothing else."""
    layer = found.served.layer
    if not found.features:
        return
    if not style_record(layer.style)["fill"]:
        style = shape_style(layer, found.features[0])
        yield LegendRow("line", words.title(layer), style._replace(weight=style.weight + 0.4))
        return
    yield LegendRow(
        "head", words.say("{title}（{count}）", title=words.title(layer), count=len(found.features))
    )
    if is_ground(layer.style):
        for feature in found.features:
            yield LegendRow("area", _name(layer, feature, words), shape_style(layer, feature))
        return
    yield from _kinds(found, words)


def _kinds(found: _Found, words: Wording) -> Iterable[LegendRow]:
    """Yield one row for each colour and shape of a layer."""
    layer = found.served.layer
    by = style_record(layer.style)["by"]
    rows: dict[tuple[str, str], LegendRow] = {}
    for feature in found.features:
        kind = _SHAPES.get(
            str(feature.geometry and feature.geometry.geom_type).removeprefix("Multi")
        )
        style = shape_style(layer, feature)
        value = feature.properties.get(by) if by != "id" else None
        label = words.code(by, value) if value else words.gettext("全区与跨片区")
        shape = words.gettext(_SHAPE_NAMES[kind or "area"])
        text = words.say("{label} · {shape}", label=label, shape=shape)
        rows.setdefault((text, kind or "area"), LegendRow(kind or "area", text, style))
    yield from (rows[key] for key in sorted(rows))


def precision_key(words: Wording) -> Iterable[Precision]:
    """Yield the rows that say how each degree of precision is drawn."""
    style = {"weight": 1.8, "fill": 0.32}
    for code, row in words.precisions():
        yield Precision(row, _style(style, _KEY_COLOUR, sketch=is_sketch({"precision": code})))


def _facts(asked: Asked, found: list[_Found], words: Wording) -> Iterable[tuple[str, str]]:
    # What is written of a sheet is read apart from it: the scale stands there in words too.
    yield (
        words.gettext("比例尺"),
        f"1:{asked.view.scale:,}（{asked.paper.name}）"
        if (words.language == "zh")
        else f"1:{asked.view.scale:,} ({asked.paper.name})",
    )
    yield words.gettext("坐标"), words.gettext("CGCS2000，3 度带，中央经线 117°（EPSG:4548）")
    yield words.gettext("筛选"), filter_words(asked, words)
    newest = max((each.served.shown for each in found), key=lambda each: each.created)
    listed = ", " if words.language == "en" else "、"
    yield (
        words.gettext("版本"),
        listed.join(
            words.say("{layer} 第{number}版", layer=words.title(each.served.layer),
                      number=each.served.shown.number)
            for each in found
        ),
    )  # fmt: skip
    yield words.gettext("数据日期"), day(newest.created)
    yield words.gettext("打印日期"), day(datetime.now(UTC))
    if placeless := sum(each.placeless for each in found):
        yield (
            words.gettext("未上图"),
            words.say("另有 {count} 个对象，规划没有给出定位依据，没有画在图上。", count=placeless),
        )


def filter_words(asked: Asked, words: Wording) -> str:
    """Return what narrows down a sheet, in words."""
    between, behind = ("; ", ": ") if words.language == "en" else ("；", "：")
    named = [_filter(*each, asked, words) for each in asked.filters]
    if asked.year is not None:
        named.append((words.gettext("规划年份"), _year(asked.year, words)))
    if not named:
        return words.gettext("没有筛选")
    return between.join(f"{name}{behind}{value}" for name, value in named)


def _year(chosen: YearFilter, words: Wording) -> str:
    if chosen.is_undated_shown:
        return words.say("{year}（含规划没有给时间的）", year=chosen.year)
    return words.say("{year}（不含规划没有给时间的）", year=chosen.year)


def _filter(name: str, value: str, asked: Asked, words: Wording) -> tuple[str, str]:
    listed = ", " if words.language == "en" else "、"
    if name in FACETS:
        chosen = [each.strip() for each in value.split(",") if each.strip()]
        return words.facet(name), listed.join(words.facet_value(name, each) for each in chosen)
    if name == "datetime":
        return words.gettext("有效时间"), value
    if name == "filter":
        return words.gettext("条件"), value
    layer = asked.layers[-1][0].layer
    return words.column(layer, name), value


def _credits(found: list[_Found], words: Wording) -> str:
    named = (words.title(each.served.layer, "attribution") for each in found if each.features)
    return " · ".join(dict.fromkeys(each for each in named if each))
