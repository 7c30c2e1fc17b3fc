"""What the studio says in Chinese of a file: why it is taken for something, why it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.i18n import gettext_noop as _

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS: Mapping[str, str] = {
    "reading": _("正在读取文件"),
    "checking": _("正在检查"),
    "ready": _("检查完毕"),
    "refused": _("文件不能用"),
    "failed": _("没有读成"),
}

ENCODING_REASONS: Mapping[str, str] = {
    "told": _("由人指定。"),
    "cpg": _("压缩包里的 .cpg 这样写。"),
    "language-id": _(".dbf 的文件头这样写。"),
    "ascii": _("只有英文和数字，哪种编码都一样。"),
    "utf-8": _("文件没有写明；内容是合法的 UTF-8。"),
    "not-utf-8": _("文件没有写明；内容不是 UTF-8，按国标编码读。"),
    "format": _("这种格式只有一种编码。"),
}
CRS_REASONS: Mapping[str, str] = {
    "told": _("由人指定。"),
    "prj": _("压缩包里的 .prj 这样写。"),
    "file": _("文件里这样写。"),
    "standard": _("这种格式规定如此（WGS 84 经纬度）。"),
    "looks": _("文件没有写明；从数值看像是这个，请核实后选定。"),
    "unknown": _("文件没有写明，或写的不能用；请向制图单位核实后选定。"),
}
ID_REASONS: Mapping[str, str] = {
    "told": _("由人指定。"),
    "layer": _("图层规定用这一列。"),
    "usual": _("编号通常叫这个名字。"),
    "file": _("文件里每个要素自带编号。"),
    "none": _("没有找到编号列，请指定。"),
}
COLUMN_REASONS: Mapping[str, str] = {
    "told": _("由人指定"),
    "name": _("列名相同"),
    "title": _("与中文名相同"),
    "cut": _("与列名前十个字符相同"),
    "id": _("用作编号"),
    "none": _("图层没有这一列"),
}

SEVERITIES: Mapping[str, str] = {"error": _("错误"), "warning": _("警告"), "note": _("提示")}
