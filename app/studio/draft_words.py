"""States, steps, values and shapes of a draft in the words that a reader sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.i18n import gettext_noop as _
from layers.errors import InvalidParameter, NotAllowed, ValidationFailed
from layers.measure import area_m2, length_m
from layers.merging import GEOMETRY, WHOLE

from .sentences import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    from app.wording import Wording
    from layers.errors import AtlasError
    from layers.model import Feature, Layer
    from layers.next_steps import Obstacle, Step
    from layers.store import Draft

STATES: Mapping[str, str] = {
    "open": _("编辑中"),
    "submitted": _("待审核"),
    "approved": _("已通过"),
    "published": _("已发布"),
    "discarded": _("已丢弃"),
}
EVENTS: Mapping[str, str] = {
    "comment": _("批注"),
    "submit": _("提交审核"),
    "return": _("退回修改"),
    "approve": _("审核通过"),
    "schedule": _("定时发布"),
    "rebase": _("更新基准"),
    "withdraw": _("撤回"),
}
TITLES: Mapping[Step, str] = {
    "comment": _("批注"),
    "submit": _("提交审核"),
    "withdraw": _("撤回提交"),
    "return": _("退回修改"),
    "approve": _("审核通过"),
    "publish": _("发布"),
    "schedule": _("定时发布"),
    "unschedule": _("取消定时"),
    "rebase": _("更新基准"),
    "discard": _("丢弃草稿"),
}
OBSTACLES: Mapping[Obstacle, str] = {
    "closed": _("这份草稿已经结束，不能再改动。"),
    "right": _("你的角色不能做这一步。"),
    "others": _("这份草稿不是你做的，也没有你的改动。"),
    "own": _("自己做的或改过的草稿，须由别人审核。"),
    "open": _("草稿还没有提交审核。"),
    "submitted": _("草稿已经提交过了。"),
    "not-approved": _("这个图层的草稿须由别人审核通过后才能发布。"),
    "stale": _("图层已有更新的修订，须先更新草稿的基准。"),
    "fresh": _("草稿的基准就是当前修订，不用更新。"),
    "errors": _("草稿还有错误，须先改正。"),
    "checking": _("草稿还在检查，请等检查完毕。"),
    "unscheduled": _("没有定时发布。"),
}
_CHANGED = _("草稿在你打开之后又有变动，请看过现在的样子再做一次。")
_NOT_ALLOWED = _("你不能做这一步。")


def say_refusal(error: AtlasError, obstacle: Obstacle | None, words: Wording) -> str:
    """Return why a step was not taken.

    Parameters
    ----------
    obstacle : str or None
        What stands in its way by now.
    """
    if isinstance(error, InvalidParameter):
        return refused(error, words.gettext)
    if obstacle is not None:
        return words.gettext(OBSTACLES[obstacle])
    if isinstance(error, ValidationFailed):
        return words.gettext(OBSTACLES["errors"])
    return words.gettext(_NOT_ALLOWED if isinstance(error, NotAllowed) else _CHANGED)


def name_field(layer: Layer, field: str, words: Wording) -> str:
    """Return what a field is called, also where it is the geometry or the whole feature."""
    if field == GEOMETRY:
        return words.gettext("几何")
    return words.gettext("整个要素") if field == WHOLE else words.column(layer, field)


def show_value(value: Any, words: Wording) -> str:
    """Return the value of a field as text; drafts may hold what the layer's schema forbids."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    cited = [each for each in value if is_citation(each)] if isinstance(value, list) else []
    if cited and len(cited) == len(value):
        return "；".join(words.citation(each) for each in cited)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "、".join(value) or "[ ]"
    return json.dumps(value, ensure_ascii=False)


def is_citation(record: Any) -> bool:
    """Tell whether a record names a paragraph of a plan, and so can be put into words."""
    return (
        isinstance(record, dict)
        and isinstance(record.get("plan"), str)
        and all(
            isinstance(record.get(part), int) and 0 <= record[part] < 100
            for part in ("chapter", "section", "paragraph")
        )
    )


def show_geometry(geometry: BaseGeometry | None, words: Wording) -> str:
    """Return a shape in a sentence: what it is, how large, and where its middle lies."""
    if geometry is None or geometry.is_empty:
        return words.gettext("未上图")
    middle = geometry.centroid
    place = f"{middle.x:.5f}, {middle.y:.5f}"
    kind = geometry.geom_type
    if "Polygon" in kind:
        size = f"{area_m2(geometry) / 1e6:,.4g} km²"
        return words.say("面，{size}，中心 {place}", size=size, place=place)
    if "Line" in kind:
        size = f"{length_m(geometry) / 1e3:,.4g} km"
        return words.say("线，{size}，中心 {place}", size=size, place=place)
    return words.say("点，{place}", place=place)


def show_side(layer: Layer, field: str, value: Any, words: Wording) -> str:
    """Return one side of a conflict as text."""
    if field == GEOMETRY:
        return show_geometry(value, words)
    if field != WHOLE:
        return show_value(value, words)
    return words.gettext("没有这个要素") if value is None else _sum_up(layer, value, words)


def _sum_up(layer: Layer, feature: Feature, words: Wording) -> str:
    filled = {name: each for name, each in feature.properties.items() if each not in (None, [], "")}
    listed = [f"{words.column(layer, name)}：{show_value(v, words)}" for name, v in filled.items()]
    return "；".join([show_geometry(feature.geometry, words), *listed])


def show_source(draft: Draft, words: Wording) -> str:
    """Return what a draft was made from."""
    return draft.source or words.gettext("在浏览器中绘制")
