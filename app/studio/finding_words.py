"""What the checks say of a feature, in Chinese; they write English, for the log and the API.

Each pattern is one sentence that a rule can write; what it names stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from layers.checks import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.checks import Report
    from layers.errors import Finding

_ANY, _NUMBER = "(.+?)", r"([\d,.]+)"

_SENTENCES: tuple[tuple[str, str], ...] = (
    # fields
    (f"stands {_NUMBER} times.", "出现了 {0} 次。"),
    ("is missing.", "缺少这一项。"),
    ("is not declared in the catalogue.", "图层没有声明这一项。"),
    (f"{_ANY} is not one of {_ANY}.", "{0} 不在允许的值之内：{1}。"),
    (f"{_ANY} must be of type {_ANY}.", "{0} 的类型不对，应为 {1}。"),
    (f"{_ANY} breaks {_ANY}: {_ANY}.", "{0} 不符合 {1} 的要求：{2}。"),
    (f"{_ANY} holds signs that stand for lost characters.", "{0} 里有代表丢失字符的符号。"),
    (f"{_ANY} is UTF-8 that was read as GBK.", "{0} 是被当作 GBK 读的 UTF-8。"),
    (f"{_ANY} is UTF-8 that was read as Latin-1.", "{0} 是被当作 Latin-1 读的 UTF-8。"),
    (f"{_ANY} is GBK that was read as Latin-1.", "{0} 是被当作 Latin-1 读的 GBK。"),
    (f"holds {_ANY}.", "含有 {0}。"),
    (
        f"“{_ANY}” is public, but names with “{_ANY}” must not be.",
        "“{0}”是公开的，但含“{1}”的名称不得公开。",
    ),
    # geometry
    ("must not be null.", "不能没有图形。"),
    ("is empty.", "图形是空的。"),
    (f"is a {_ANY}; this layer holds {_ANY}.", "图形是 {0}；这个图层只收 {1}。"),
    (
        "has no area: its vertices lie on one line, or on one spot.",
        "没有面积：顶点在一条线上，或在同一点上。",
    ),
    (f"lies {_NUMBER} m outside the district.", "在区界外 {0} m。"),
    (f"reaches {_NUMBER} m beyond the district's boundary.", "越出区界 {0} m。"),
    (
        rf"is not valid: {_ANY}. The proposed repair has {_NUMBER} m² \(now {_NUMBER} m²\).",
        "图形无效：{0}。建议的修复有 {1} m²（现在 {2} m²）。",
    ),
    (f"is {_NUMBER} cm wide in the mean.", "平均只有 {0} cm 宽。"),
    (f"turns back on itself; the spike is {_NUMBER} m long.", "折回自身，尖刺长 {0} m。"),
    # what is published
    (
        f"{_NUMBER} of the {_NUMBER} published features are not in it.",
        "已发布的 {1} 个要素中，有 {0} 个不在文件里。",
    ),
    (
        f"{_NUMBER} features lie {_NUMBER} m from where they are published, and only {_NUMBER} m "
        f"from there in {_ANY}.",
        "{0} 个要素离已发布的位置 {1} m，而按 {3} 换算只差 {2} m。",
    ),
    (f"moved {_NUMBER} m against what is published.", "比已发布的移动了 {0} m。"),
    (f"has {_NUMBER} m²; published are {_NUMBER} m².", "面积 {0} m²，已发布的是 {1} m²。"),
    # neighbours
    (f"overlaps {_ANY} by {_NUMBER} m².", "与 {0} 重叠 {1} m²。"),
    (
        f"overlaps {_ANY} by {_NUMBER} m², {_NUMBER} cm wide.",
        "与 {0} 重叠 {1} m²，宽 {2} cm。",
    ),
    (
        f"and {_ANY} leave a gap {_NUMBER} cm wide and {_NUMBER} m long.",
        "与 {0} 之间有缝，宽 {1} cm，长 {2} m。",
    ),
    (f"leaves {_NUMBER} m² of {_ANY} uncovered.", "{1} 还有 {0} m² 没有覆盖。"),
    (f"leaves {_NUMBER} m² beyond {_ANY}.", "超出 {1} {0} m²。"),
    # the plan
    (
        "is not stated; a place that was drawn needs it.",
        "没有写明；在图上画出的位置必须写明。",
    ),
    (f"{_ANY} is no other feature of the atlas.", "图集里没有另一个要素 {0}。"),
    (f"reaches {_NUMBER} m out of {_ANY}.", "越出 {1} {0} m。"),
    (f"there is no plan {_ANY}.", "没有规划 {0}。"),
    (f"{_ANY} is not in the plan {_ANY}.", "规划 {1} 里没有 {0}。"),
    (f"{_ANY}: “{_ANY}” is {_NUMBER} characters long.", "{0}：“{1}”有 {2} 个字，与位置不符。"),
    (
        f"{_ANY}, statement {_ANY}: Off by {_NUMBER} m against {_ANY}, less than the uncertainty "
        "of both.",
        "{0}，陈述 {1}：与“{3}”相差 {2} m，小于两边图形的误差。",
    ),
    (
        f"{_ANY}, statement {_ANY}: Off by {_NUMBER} m against {_ANY}, more than the uncertainty "
        "of both.",
        "{0}，陈述 {1}：与“{3}”相差 {2} m，大于两边图形的误差。",
    ),
    # what was guessed or left out while reading
    (
        rf"{_ANY} does not say its encoding( \(no \.cpg\))?; it was read as {_ANY}.",
        "{0} 没有写明编码，按 {2} 读取。",
    ),
    (
        f'{_ANY}: the field "{_ANY}" has the longest name that a .dbf holds; it may be cut.',
        "{0}：字段“{1}”的名称已到 .dbf 的上限，可能被截断。",
    ),
    (
        f"{_ANY}: the layer has no property for column {_ANY}.",
        "{0}：图层没有与列 {1} 对应的属性。",
    ),
    (f"{_ANY}: column {_ANY} held numbers as text.", "{0}：列 {1} 把数字存成了文字。"),
    (
        f"{_ANY}: {_NUMBER} features had the same vertex twice in a row; one was left out.",
        "{0}：{1} 个要素有连续重复的顶点，各去掉了一个。",
    ),
    (
        f"{_ANY}: {_NUMBER} features became multi-part, as the layer holds them.",
        "{0}：{1} 个要素转成了多部件，与图层一致。",
    ),
    (f"{_ANY}: {_NUMBER} closed lines became areas.", "{0}：{1} 条闭合线转成了面。"),
    (f"{_ANY} has heights; they were left out.", "{0} 带有高程，已略去。"),
    (rf"{_ANY} has measures \(M\); they were left out.", "{0} 带有 M 值，已略去。"),
    (
        f"{_ANY} was converted from {_ANY} by the published formula; what was drawn on such a map "
        "is no better than that map.",
        "{0} 已按公开的公式从 {1} 换算；在那种地图上画的，不会比那张地图更准。",
    ),
    (f"{_ANY} was transformed as the operator says.", "{0} 已按运维人员给的参数转换。"),
    (f"{_ANY}, feature {_ANY}: repaired as proposed.", "{0}，要素 {1}：已按建议修复。"),
)

_FAULTS: Mapping[str, str] = {
    "Self-intersection": "自相交",
    "Ring Self-intersection": "环自相交",
    "Too few points in geometry component": "顶点太少",
    "Hole lies outside shell": "洞在外环之外",
    "Holes are nested": "洞里套着洞",
    "Interior is disconnected": "内部不相连",
    "Nested shells": "面与面相套",
    "Duplicate Rings": "环重复",
    "Invalid Coordinate": "坐标无效",
    "Ring is not closed": "环没有闭合",
}
"""What GEOS calls faults of a geometry, before the place in brackets."""

_PATTERNS = [(re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in _SENTENCES]


def say_finding(message: str, language: str) -> str | None:
    """Return what a finding says in Chinese; None if it is only known in English, or asked so.

    Parameters
    ----------
    message : str
        As the rule has written it.
    language : str
        Of whoever reads.
    """
    if language == "en":
        return None
    for pattern, chinese in _PATTERNS:
        if match := pattern.fullmatch(message):
            return chinese.format(*(_fault(each or "") for each in match.groups()))
    return None


def _fault(text: str) -> str:
    name, bracket, place = text.partition("[")
    return _FAULTS[name] + bracket + place if name in _FAULTS else text


def in_words_of(report: Report, language: str) -> Report:
    """Return a report with its sentences in the language of whoever reads, as far as known."""
    if language == "en":
        return report
    return replace(report, findings=tuple(map(_in_chinese, report.findings)))


def _in_chinese(finding: Finding) -> Finding:
    rule = RULES.get(finding.rule)
    return replace(
        finding,
        message=say_finding(finding.message, "zh") or finding.message,
        remedy=finding.remedy if rule is None else rule.cure,
    )
