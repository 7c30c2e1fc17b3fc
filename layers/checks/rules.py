"""The rules by name: what each finds, why it matters, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from layers.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.model import Feature, Layer
    from layers.plan import Outline
    from layers.statements import Statement

Severity: TypeAlias = Literal["error", "warning", "note"]
Scope: TypeAlias = Literal["file", "field", "feature", "layer"]


class Rule(NamedTuple):
    """One thing that is looked for.

    Attributes
    ----------
    title, title_en : str
        What it finds, in a few words.
    cause, cause_en : str
        Where such a fault usually comes from.
    cure, cure_en : str
        How to mend it.
    """

    code: str
    scope: Scope
    severity: Severity
    title: str
    title_en: str
    cause: str
    cause_en: str
    cure: str
    cure_en: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at beside its own features.

    Attributes
    ----------
    layers : Mapping
        Features of every layer by its id, those being checked among them.
    head : sequence of Feature or None
        What is published of the layer now; None if nothing is, or if it is not to be compared.
    statements : sequence of Statement
        What the plans say about space.
    """

    outlines: Mapping[str, Outline]
    layers: Mapping[str, Sequence[Feature]]
    head: Sequence[Feature] | None = None
    statements: Sequence[Statement] = ()


class Accepted(NamedTuple):
    """Warnings that a person let pass, and why."""

    counts: Mapping[str, int]
    reason: str

    def __str__(self) -> str:
        listed = ", ".join(f"{code} {times}" for code, times in self.counts.items())
        return f"accepted {listed}: {self.reason}"


def found(
    code: str,
    layer: Layer,
    feature: Feature | None,
    field: str,
    message: str,
    **known: Any,
) -> Finding:
    """Return a finding of a rule, with the severity and the cure that the rule declares."""
    rule = RULES[code]
    identifier = None if feature is None else feature.id
    return Finding(
        code, layer.file, identifier, field, message, rule.cure_en, severity=rule.severity, **known
    )


def _rules(*rules: Rule) -> Mapping[str, Rule]:
    return {rule.code: rule for rule in rules}


RULES: Mapping[str, Rule] = _rules(
    Rule(
        "encoding-guessed",
        "file",
        "warning",
        "编码是猜的",
        "The encoding was guessed",
        "压缩包里没有 .cpg。",
        "The archive holds no .cpg.",
        "核对中文是否正确，或用 --encoding 写明。",
        "Look at the Chinese texts, or say --encoding.",
    ),
    Rule(
        "field-name-truncated",
        "file",
        "warning",
        "字段名可能被截断",
        "A field's name may be cut",
        ".dbf 的字段名最长 10 字节。",
        "A .dbf holds names of 10 bytes at most.",
        "核对字段，或改用 GeoPackage。",
        "Check the field, or send a GeoPackage.",
    ),
    Rule(
        "column-unknown",
        "file",
        "note",
        "没有采用的列",
        "A column that was left out",
        "图层没有声明这一列。",
        "The layer does not declare it.",
        "确认可以不要，或改列名。",
        "Make sure that it is not needed, or rename it.",
    ),
    Rule(
        "attribute-converted",
        "file",
        "warning",
        "文字转成了数字",
        "Text that became numbers",
        "数字列存成了文本。",
        "The column was stored as text.",
        "核对数值。",
        "Check the numbers.",
    ),
    Rule(
        "z-dropped",
        "file",
        "warning",
        "去掉了高程",
        "Heights were left out",
        "CAD 导出时带了 Z。",
        "A CAD export carries Z.",
        "确认不需要高程。",
        "Make sure that heights are not needed.",
    ),
    Rule(
        "m-dropped",
        "file",
        "warning",
        "去掉了量测值",
        "Measures were left out",
        "Shapefile 带了 M。",
        "The Shapefile carries M.",
        "确认不需要量测值。",
        "Make sure that measures are not needed.",
    ),
    Rule(
        "duplicate-vertices-removed",
        "file",
        "warning",
        "去掉了重复的点",
        "Repeated vertices were left out",
        "数字化时连点了两次。",
        "A vertex was digitised twice.",
        "无须处理。",
        "Nothing needs to be done.",
    ),
    Rule(
        "closed-line-to-area",
        "file",
        "warning",
        "闭合线转成了面",
        "Closed lines became areas",
        "CAD 用多段线画边界。",
        "CAD draws outlines as polylines.",
        "核对各面。",
        "Look at the areas.",
    ),
    Rule(
        "promoted-to-multi",
        "file",
        "note",
        "转成了多部件",
        "Became multi-part",
        "单部件与多部件混用。",
        "Single and multi-part shapes were mixed.",
        "无须处理。",
        "Nothing needs to be done.",
    ),
    Rule(
        "shift-removed",
        "file",
        "warning",
        "已去除加密偏移",
        "A shift was removed",
        "数据取自网络地图。",
        "The data come from a web map.",
        "核实来源与精度。",
        "Check source and precision.",
    ),
    Rule(
        "datum-transformed",
        "file",
        "warning",
        "已作基准转换",
        "The datum was transformed",
        "数据为旧坐标系。",
        "The data are in an older datum.",
        "用控制点核对。",
        "Check it against control points.",
    ),
    Rule(
        "repaired",
        "file",
        "note",
        "已按建议修复",
        "Repaired as proposed",
        "上传者接受了建议的修复。",
        "Whoever sent the file has accepted a proposed repair.",
        "在图上核对该处。",
        "Look at it on the map.",
    ),
    Rule(
        "attribute-missing",
        "field",
        "error",
        "缺少必填字段",
        "A required field is missing",
        "表格缺列，或列名与图层的不同。",
        "The table lacks a column, or calls it otherwise.",
        "补上这一列，或改成图层的列名。",
        "Add the column, or call it as the layer does.",
    ),
    Rule(
        "attribute-unknown",
        "field",
        "error",
        "图层没有的字段",
        "A field that the layer does not have",
        "列名写错，或图层没有声明这一列。",
        "The name is misspelt, or the catalogue does not declare it.",
        "删去或改名，或在目录中声明。",
        "Rename or remove it, or declare it in the catalogue.",
    ),
    Rule(
        "attribute-type",
        "field",
        "error",
        "类型不符",
        "A value of the wrong type",
        "数字列里写了文字，或相反。",
        "Text stands in a column of numbers, or the other way round.",
        "改成所要的类型。",
        "Write a value of the type that is asked for.",
    ),
    Rule(
        "attribute-code",
        "field",
        "error",
        "不在代码表中",
        "A value that is not in the code list",
        "代码写错，或用了别的代码表。",
        "The code is misspelt, or comes from another list.",
        "改成代码表中的值。",
        "Use a value of the list.",
    ),
    Rule(
        "attribute-range",
        "field",
        "error",
        "超出范围",
        "A value out of range",
        "单位不同，或多写少写了一位。",
        "The unit is another one, or a digit is missing or too many.",
        "核对单位和数值。",
        "Check the unit and the number.",
    ),
    Rule(
        "attribute-form",
        "field",
        "error",
        "格式不符",
        "A value of another form",
        "太长、太短，或写法不同。",
        "It is too long, too short or written in another way.",
        "按图层的规定填写。",
        "Write it as the layer's schema says.",
    ),
    Rule(
        "encoding-damaged",
        "field",
        "error",
        "乱码",
        "Damaged text",
        "文件按错误的编码另存过。",
        "The file was saved in the wrong encoding once.",
        "从原始文件重新导出，并写明编码。",
        "Export it again from the original, and say its encoding.",
    ),
    Rule(
        "markup",
        "field",
        "warning",
        "文字中有标记",
        "Text with markup",
        "从网页复制而来，或有人试图注入代码。",
        "It was copied from a web page, or somebody tries to inject code.",
        "只留文字。",
        "Keep the text only.",
    ),
    Rule(
        "internal-name",
        "field",
        "error",
        "不应公开的名称",
        "A name that must stay internal",
        "看守所、军事、人防、油库等不得在公开地图上标注。",
        "Detention houses, military sites, shelters and depots must not be on a public map.",
        "把 access 设为 internal。",
        "Set access to internal.",
    ),
    Rule(
        "duplicate-id",
        "layer",
        "error",
        "编号重复",
        "An id that stands twice",
        "复制了一行，没有改编号。",
        "A row was copied and kept its id.",
        "给其中一个新编号。",
        "Give one of them another id.",
    ),
    Rule(
        "geometry-missing",
        "feature",
        "error",
        "没有图形",
        "No geometry",
        "只有属性行，没有画图。",
        "There is a row, but nothing was drawn.",
        "画出图形，或删去这一行。",
        "Draw it, or remove the row.",
    ),
    Rule(
        "geometry-empty",
        "feature",
        "error",
        "图形为空",
        "An empty geometry",
        "编辑时删光了点。",
        "All its vertices were deleted.",
        "画出图形；位置不明时写 null。",
        "Draw it; write null for an unknown place.",
    ),
    Rule(
        "geometry-type",
        "feature",
        "error",
        "图形类型不符",
        "A geometry of the wrong type",
        "点、线、面放错了图层。",
        "Points, lines and areas were mixed up.",
        "放到对应的图层，或转换类型。",
        "Put it into the layer for its type, or convert it.",
    ),
    Rule(
        "zero-area",
        "feature",
        "error",
        "面积为零",
        "An area of nothing",
        "面的点都在一条线上。",
        "All vertices of the area lie on one line.",
        "重画，或删去。",
        "Draw it again, or remove it.",
    ),
    Rule(
        "self-intersection",
        "feature",
        "error",
        "边界自相交",
        "A boundary that crosses itself",
        "顶点顺序错了，或有零宽度的尖刺。",
        "Vertices are out of order, or there is a spike without width.",
        "重画该处；报告附有建议的修复。",
        "Redraw it there; the report proposes a repair.",
    ),
    Rule(
        "geometry-invalid",
        "feature",
        "error",
        "图形无效",
        "An invalid geometry",
        "洞在面外，或环彼此嵌套。",
        "A hole lies outside, or rings are nested.",
        "重画该处；报告附有建议的修复。",
        "Redraw it there; the report proposes a repair.",
    ),
    Rule(
        "spike",
        "feature",
        "warning",
        "尖刺",
        "A spike",
        "捕捉到了远处的点。",
        "A vertex snapped to something far away.",
        "移开或删去这个顶点。",
        "Move or remove the vertex.",
    ),
    Rule(
        "sliver",
        "feature",
        "warning",
        "狭长碎面",
        "A sliver",
        "叠置分析留下的碎屑。",
        "It is left over from an overlay.",
        "并入邻近的面。",
        "Merge it into a neighbour.",
    ),
    Rule(
        "outside-district",
        "feature",
        "error",
        "在区外",
        "Outside the district",
        "坐标系声明错了，或数据是别区的。",
        "The reference system is wrong, or the data are of another district.",
        "核对坐标系；删去区外的要素。",
        "Check the reference system; remove what lies elsewhere.",
    ),
    Rule(
        "across-district",
        "feature",
        "warning",
        "越出区界",
        "Beyond the district's boundary",
        "要素跨界，或所用区界不同。",
        "It crosses the boundary, or was drawn against another one.",
        "核对区界；确实跨界的写明理由。",
        "Check the boundary; give a reason if it does cross it.",
    ),
    Rule(
        "place-unstated",
        "feature",
        "error",
        "没有写明位置的来源或精度",
        "Source or precision of a place is not stated",
        "图形是新画的，来源和精度还没有填。",
        "It was drawn, and where it comes from was not filled in.",
        "填写位置来源、方法、精度等级和误差。",
        "State source, method, precision and uncertainty.",
    ),
    Rule(
        "overlap",
        "layer",
        "error",
        "重叠",
        "An overlap",
        "两个面占了同一块地。",
        "Two areas claim the same ground.",
        "改其中一个的边界。",
        "Change the edge of one of them.",
    ),
    Rule(
        "sliver-overlap",
        "layer",
        "warning",
        "细缝重叠",
        "A sliver of overlap",
        "相邻的边没有捕捉到一起。",
        "Neighbouring edges were not snapped.",
        "让相邻的面共用顶点。",
        "Give neighbours the same vertices along their common edge.",
    ),
    Rule(
        "sliver-gap",
        "layer",
        "warning",
        "细缝",
        "A sliver of a gap",
        "相邻的边没有捕捉到一起。",
        "Neighbouring edges were not snapped.",
        "让相邻的面共用顶点。",
        "Give neighbours the same vertices along their common edge.",
    ),
    Rule(
        "tiles",
        "layer",
        "error",
        "没有恰好铺满",
        "Not covered exactly",
        "各面与所分的范围不一致。",
        "The areas and what they divide do not agree.",
        "让相邻的面共用顶点。",
        "Give neighbours the same vertices along their common edge.",
    ),
    Rule(
        "zone-attribute",
        "feature",
        "error",
        "分区与图形不符",
        "Zone and geometry disagree",
        "分区字段填错，或图形画错了地方。",
        "The field is wrong, or the shape is in the wrong place.",
        "改正其中一个。",
        "Correct one of them.",
    ),
    Rule(
        "citation",
        "field",
        "error",
        "出处不存在",
        "A citation of nothing",
        "章节段号写错。",
        "Chapter, section or paragraph is wrong.",
        "引用规划中存在的段落。",
        "Cite a paragraph that the plan's outline has.",
    ),
    Rule(
        "parent",
        "field",
        "error",
        "上级不存在",
        "A parent that does not exist",
        "编号写错，或上级已删去。",
        "The id is wrong, or the parent was removed.",
        "写存在的编号，或 null。",
        "Give an id that exists, or null.",
    ),
    Rule(
        "statement",
        "feature",
        "warning",
        "与规划原文不符",
        "Against the plan's words",
        "图形画错，或原文另有所指。",
        "The shape is wrong, or the plan means something else.",
        "对照原文核对图形。",
        "Hold the shape against the plan's words.",
    ),
    Rule(
        "suspected-gcj02",
        "layer",
        "error",
        "疑似火星坐标",
        "Suspected GCJ-02",
        "坐标取自高德、腾讯等网络地图。",
        "The coordinates come from a web map.",
        "核实来源：用 --crs GCJ-02 转换，或用 --crs 写明真实的坐标系。",
        "Ask where it is from: --crs GCJ-02 converts it, --crs with the true system keeps it.",
    ),
    Rule(
        "suspected-bd09",
        "layer",
        "error",
        "疑似百度坐标",
        "Suspected BD-09",
        "坐标取自百度地图。",
        "The coordinates come from Baidu's map.",
        "核实来源：用 --crs BD-09 转换，或用 --crs 写明真实的坐标系。",
        "Ask where it is from: --crs BD-09 converts it, --crs with the true system keeps it.",
    ),
    Rule(
        "jump-area",
        "feature",
        "warning",
        "面积突变",
        "A jump of the area",
        "图形被替换，或坐标系错了。",
        "The shape was replaced, or the reference system is wrong.",
        "与现行版本对照核实。",
        "Compare it with what is published.",
    ),
    Rule(
        "jump-place",
        "feature",
        "warning",
        "位置突变",
        "A jump of the place",
        "图形被移动，或编号错配。",
        "The shape was moved, or ids were mixed up.",
        "与现行版本对照核实。",
        "Compare it with what is published.",
    ),
    Rule(
        "many-removed",
        "layer",
        "warning",
        "大量要素消失",
        "Many features are gone",
        "上传的只是一部分，或编号全换了。",
        "The file holds a part only, or the ids are new.",
        "核对文件是否完整。",
        "Check that the file is complete.",
    ),
)
"""Every rule, by its code."""
