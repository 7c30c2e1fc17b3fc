"""Codes, numbers and citations of the atlas in the words that a reader sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layers.days import CHINA, day_of
from layers.facets import NO_VALUE
from layers.plan import paragraph_id
from layers.statements import RELATIONS

from .i18n import gettext_noop, localised
from .maps.styles import is_ground

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from layers.basemaps import Basemap
    from layers.indicators import Indicator
    from layers.model import Feature, Layer
    from layers.snapshot import Atlas

    from .i18n import Language

_STATES: Mapping[str, str] = {
    "mapped": gettext_noop("已上图"),
    "partly": gettext_noop("部分上图"),
    "figure": gettext_noop("指标"),
    "none": gettext_noop("没有地名"),
    "todo": gettext_noop("待办"),
}
_OUTCOMES: Mapping[str, str] = {
    "holds": gettext_noop("成立"),
    "fails": gettext_noop("不成立"),
    "untestable": gettext_noop("无法检验"),
}
_BASES: Mapping[str, str] = {
    "explicit": gettext_noop("原文明写"),
    "heading": gettext_noop("由所在章节得出"),
    "implied": gettext_noop("由上下文得出"),
    "name": gettext_noop("由名称得出"),
}
_ANCHORS: Mapping[str, str] = {
    "exact": gettext_noop("未变"),
    "moved": gettext_noop("移动"),
    "changed": gettext_noop("改动"),
    "lost": gettext_noop("消失"),
}
_FACET_NAMES: Mapping[str, str] = {
    "zone": gettext_noop("片区"),
    "kind": gettext_noop("类别"),
    "stage": gettext_noop("阶段"),
    "commitment": gettext_noop("承诺"),
    "precision": gettext_noop("精度"),
    "chapter": gettext_noop("章"),
    "mapped": gettext_noop("上图"),
}
_NO_VALUES: Mapping[str, str] = {
    "zone": gettext_noop("全区与跨片区"),
    "kind": gettext_noop("未分类"),
    "stage": gettext_noop("规划未说明"),
    "commitment": gettext_noop("没有承诺"),
    "precision": gettext_noop("没有位置"),
}
_POINTS: Mapping[str, str] = {
    "reached": gettext_noop("已达到"),
    "target": gettext_noop("目标"),
    "vision": gettext_noop("远景"),
    "actual": gettext_noop("实际"),
}
_SIGNS: Mapping[str, str] = {"exact": "", "at_least": "≥ ", "at_most": "≤ ", "about": "≈ "}
_PAIRS: Mapping[str, str] = {
    "moved": gettext_noop("移动"),
    "changed": gettext_noop("改动"),
    "added": gettext_noop("新增"),
    "removed": gettext_noop("删除"),
}
_KINDS: Mapping[str, str] = {
    "seed": gettext_noop("随图集而来"),
    "publish": gettext_noop("发布"),
    "edit": gettext_noop("逐项修改"),
    "rollback": gettext_noop("恢复旧版"),
}
_LONGEST_CELL = 120
_DIGITS = "〇一二三四五六七八九"
_SKETCHES = frozenset(["P3", "P4"])


def chinese_number(number: int) -> str:
    """Return 1 to 99 as the plan writes its chapters: 四, 十, 十二, 二十一.

    Raises
    ------
    ValueError
        If the number is outside 1 to 99.
    """
    if not 1 <= number <= 99:
        raise ValueError(f"{number} is not between 1 and 99.")
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


def number(value: float) -> str:
    """Return a number with its digits in groups of three."""
    return f"{value:,.10g}"


def distance(metres: float) -> str:
    """Return a distance as ``300 m`` or ``1.5 km``."""
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.3g} km"


def is_sketch(properties: Mapping[str, Any]) -> bool:
    """Tell whether a feature's place is a sketch rather than a survey."""
    return properties.get("precision") in _SKETCHES


def moment(when: datetime) -> str:
    """Return a moment as every page writes it: in China's time, with its zone."""
    return f"{when.astimezone(CHINA):%Y-%m-%d %H:%M %Z}"


def day(when: datetime) -> str:
    """Return the day of a moment as every page writes it: the day that it was in China."""
    return day_of(when).isoformat()


class Wording:
    """The words of one published state in one language.

    Parameters
    ----------
    atlas : Atlas
    language : Language
    gettext : callable
        Returns the translation of a Chinese message.
    """

    def __init__(self, atlas: Atlas, language: Language, gettext: Callable[[str], str]) -> None:
        self.atlas = atlas
        self.language = language
        self.gettext = gettext

    def say(self, message: str, **values: object) -> str:
        """Return a message with its ``{names}`` filled in."""
        return self.gettext(message).format(**values)

    def text(self, properties: Mapping[str, Any], key: str) -> str:
        """Return a property in this language."""
        return localised(properties, key, self.language)

    def title(self, thing: object, attribute: str = "title") -> str:
        """Return a title (or another attribute) of a layer or the catalogue."""
        english = getattr(thing, f"{attribute}_en", None) if self.language == "en" else None
        return str(english or getattr(thing, attribute))

    def basemap(self, basemap: Basemap) -> dict[str, Any]:
        """Return what a page offers of a basemap, and what its script draws it from."""
        credit = filter(None, [self.title(basemap, "attribution"), basemap.review_number])
        return {
            "id": basemap.id,
            "title": self.title(basemap),
            "urls": basemap.urls or [f"/basemaps/{basemap.id}/{{z}}/{{x}}/{{y}}"],
            "subdomains": basemap.subdomains,
            "maxZoom": basemap.max_zoom,
            "converted": basemap.datum == "gcj02",
            "credit": " ".join(credit),
            "first": basemap.is_default,
        }

    def code(self, code_list: str, code: str | None, attribute: str = "label") -> str:
        """Return the label of a code; the code itself where the list does not hold it."""
        if code is None:
            return ""
        entry = self.atlas.catalogue.codes.get(code_list, {}).get(code)
        return code if entry is None else self.title(entry, attribute)

    def state(self, code: str) -> str:
        """Return the state of a sentence in the coverage ledger in words."""
        return self.gettext(_STATES[code])

    def outcome(self, code: str) -> str:
        """Return what became of a spatial statement in words."""
        return self.gettext(_OUTCOMES[code])

    def relation(self, code: str) -> str:
        """Return a spatial relation in words."""
        label, label_en = RELATIONS[code]
        return label_en if self.language == "en" else label

    def basis(self, code: str) -> str:
        """Return what a spatial statement rests on in words."""
        return self.gettext(_BASES[code])

    def anchor(self, code: str) -> str:
        """Return what became of a citation in another version of the text in words."""
        return self.gettext(_ANCHORS[code])

    def facet(self, facet: str) -> str:
        """Return the name of a facet."""
        return self.gettext(_FACET_NAMES[facet])

    def facet_value(self, facet: str, value: str) -> str:
        """Return a value of a facet in words."""
        if facet == "mapped":
            return self.gettext("已上图") if value == "true" else self.gettext("未上图")
        if facet == "chapter":
            return self.section({"chapter": int(value), "section": 0})
        if value == NO_VALUE:
            return self.gettext(_NO_VALUES[facet])
        return self.code(facet, value)

    def pair(self, code: str) -> str:
        """Return what became of a paragraph in another version of the text in words."""
        return self.gettext(_PAIRS[code])

    def kind(self, code: str) -> str:
        """Return how a revision came about in words."""
        return self.gettext(_KINDS[code]) if code in _KINDS else code

    def unit(self, code: str) -> str:
        """Return a unit of the plan's figures in words."""
        return self.title(self.atlas.indicators.units[code], "label")

    def hedge(self, code: str | None) -> str:
        """Return the word that hedges a figure; empty without one."""
        return self.title(self.atlas.indicators.hedges[code], "label") if code else ""

    def theme(self, theme: str) -> str:
        """Return a theme of the plan's figures in words."""
        return self.atlas.indicators.themes[theme] if self.language == "en" else theme

    def point(self, kind: str) -> str:
        """Return whether a figure was reached, is a target, or is an actual one, in words."""
        return self.gettext(_POINTS[kind])

    def figure(self, indicator: Indicator) -> str:
        """Return the value of a figure with the sign of how it is meant: ``≥ 1,500``."""
        return f"{_SIGNS[indicator.direction]}{number(indicator.value)}"

    def section(self, citation: Mapping[str, Any]) -> str:
        """Return chapter and section of a citation: 第四章 第一节, or Chapter 4, section 1."""
        chapter, section = int(citation["chapter"]), int(citation["section"])
        if chapter == 0:
            return self.gettext("卷首")
        if self.language == "en":
            return f"Chapter {chapter}, section {section}" if section else f"Chapter {chapter}"
        words = f"第{chinese_number(chapter)}章"
        return f"{words} 第{chinese_number(section)}节" if section else words

    def citation(self, citation: Mapping[str, Any]) -> str:
        """Return a whole citation: 第四章 第一节 第2段."""
        number = int(citation["paragraph"])
        paragraph = self.say("第{number}段", number=number) if number else self.gettext("标题")
        return f"{self.section(citation)}{', ' if self.language == 'en' else ' '}{paragraph}"

    def heading(self, citation: Mapping[str, Any]) -> str:
        """Return the plan's own title of the cited section (always Chinese)."""
        return self.atlas.outline.heading(int(citation["chapter"]), int(citation["section"]))

    def certainty(self, properties: Mapping[str, Any]) -> str:
        """Return in a sentence how sure the place of a feature is."""
        if "precision" not in properties:
            return ""
        if properties["precision"] is None:
            return self.gettext("规划没有给出足以定位的依据，所以没有画在图上。")
        if properties.get("uncertainty_m") is None:
            # A layer with an office's own columns need not have it.
            return ""
        error = distance(float(properties["uncertainty_m"]))
        if is_sketch(properties):
            return self.say("示意，位置误差约 ±{distance}", distance=error)
        return self.say("位置误差约 ±{distance}", distance=error)

    def precisions(self) -> list[tuple[str, str]]:
        """Return each degree of precision with what a key says of it."""
        return [
            (
                code,
                self.say(
                    "{code} {label}：{meaning}",
                    code=code,
                    label=self.code("precision", code),
                    meaning=self.code("precision", code, "meaning"),
                ),
            )
            for code in self.atlas.catalogue.codes.get("precision", {})
        ]

    def area(self, properties: Mapping[str, Any]) -> str:
        """Return the area with the range that the line's uncertainty allows."""
        area = properties.get("area_km2")
        if area is None:
            return ""
        low, high = properties.get("area_km2_min"), properties.get("area_km2_max")
        if low is None or high is None:
            return f"{area} km²"
        return self.say("{area} km²（界线移动时 {low}–{high} km²）", area=area, low=low, high=high)

    def view(self, layer: Layer, feature: Feature) -> dict[str, Any]:
        """Return what the detail panel shows of a feature; empty where there is nothing to say."""
        properties = feature.properties
        listing = ", " if self.language == "en" else "、"
        industries = properties.get("industries") or []
        return {
            "ref": f"{layer.id}/{feature.id}",
            "layer": self.title(layer),
            "name": self.text(properties, "name") or layer.name_of(feature),
            "aliases": listing.join(properties.get("aliases") or []),
            "kind": self.code("kind", properties.get("kind")),
            "summary": self.text(properties, "summary") or self._columns(layer, properties),
            "zone": self.code("zone", properties.get("zone")),
            "zone_basis": self.code("zone_basis", properties.get("zone_basis")),
            "stage": self._stage(layer, properties),
            "commitment": self._commitment(properties),
            "industries": listing.join(self.code("industries", code) for code in industries),
            "area": self.area(properties),
            "certainty": self.certainty(properties),
            "precision": properties.get("precision"),
            "precision_words": self._precision(properties.get("precision")),
            "source": self.text(properties, "geometry_source"),
            "method": self.text(properties, "geometry_method"),
            "citations": self._cited(properties.get("citations") or []),
            "api": f"/api/collections/{layer.id}/items/{feature.id}",
        }

    def _cited(self, citations: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """Return the cited paragraphs, each once, with their addresses in the reader."""
        cited = {
            paragraph_id(each["chapter"], each["section"], each["paragraph"]): each
            for each in citations
        }
        query = "?lang=en" if self.language == "en" else ""
        return [
            {
                "words": self.citation(each),
                "title": self.heading(each),
                "href": f"/plan/{each['plan']}{query}#{place}",
            }
            for place, each in cited.items()
        ]

    def columns(self, layer: Layer) -> list[tuple[str, str]]:
        """Return the properties of a layer with columns of its own, each with its title."""
        if "summary" in layer.schema["properties"]:
            return []
        names = [name for name in layer.schema["properties"] if name != layer.label]
        return [(name, self.column(layer, name)) for name in names]

    def column(self, layer: Layer, name: str) -> str:
        """Return what a property of a layer is called."""
        return layer.title_of(name, english=self.language == "en")

    def value(self, name: str, value: Any) -> str:
        """Return the value of a property as a cell of a table shows it, cut where it is long."""
        if value is None or value == []:
            return "—"
        between = ", " if self.language == "en" else "、"
        if name == "citations" and isinstance(value, list):
            text = between.join(dict.fromkeys(self.citation(each) for each in value))
        elif isinstance(value, list):
            text = between.join(self.code(name, str(each)) for each in value)
        elif isinstance(value, str):
            text = self.code(name, value)
        else:
            text = str(value)
        return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"

    def _columns(self, layer: Layer, properties: Mapping[str, Any]) -> str:
        """Return an office's own columns in a line."""
        between, behind = ("; ", ": ") if self.language == "en" else ("；", "：")
        return between.join(
            f"{title}{behind}{properties[name]}"
            for name, title in self.columns(layer)
            if properties.get(name) is not None
        )

    def _stage(self, layer: Layer, properties: Mapping[str, Any]) -> str:
        if is_ground(layer.style) or "stage" not in layer.schema["properties"]:
            return ""
        stage = properties.get("stage")
        return self.code("stage", stage) if stage else self.gettext("规划未说明")

    def _commitment(self, properties: Mapping[str, Any]) -> str:
        """Return how firmly the plan commits itself, with its own verb."""
        verb = properties.get("verb")
        label = self.code("commitment", properties.get("commitment"))
        if not verb or self.language == "en":
            return label
        return self.say("{label}（原文“{verb}”）", label=label, verb=verb)

    def _precision(self, precision: str | None) -> str:
        if precision is None:
            return ""
        label = self.code("precision", precision)
        return label if label == precision else f"{precision} · {label}"
