"""Why a file is refused, in Chinese: for the studio and for areas that the public uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .i18n import gettext_noop as _

if TYPE_CHECKING:
    from collections.abc import Mapping

_ZIP = _("压缩包损坏、加密，或装有不该有的东西；请重新打包。")
_LARGE = _("文件太大或太复杂；请拆开再传。")
_DAMAGED = _("文件损坏或不完整；请重新导出。")
_JSON = _("不是合格的 JSON；请重新导出。")
_POSITION = _("有不是数字、无穷大或超出范围的坐标；请改正后再传。")
_SHAPE = _("有不成立的图形（环不闭合、点太少、类型不对或为空）；请改正后再传。")

REFUSALS: Mapping[str, str] = {
    "format-unsupported": _(
        "不认得这种文件；请用 GeoJSON、GeoPackage、打成 ZIP 的 Shapefile、FlatGeobuf、KML、"
        "ASCII DXF 或 CSV。"
    ),
    "file-missing": _DAMAGED,
    "file-too-large": _LARGE,
    "too-large": _LARGE,
    "too-many-vertices": _LARGE,
    "too-slow": _LARGE,
    "zip-path": _ZIP,
    "zip-symlink": _ZIP,
    "zip-nested": _("压缩包里还有压缩包；请先解开里面的。"),
    "zip-entries": _ZIP,
    "zip-ratio": _ZIP,
    "zip-corrupt": _ZIP,
    "shapefile-incomplete": _("Shapefile 不全；.shp、.shx、.dbf（和 .prj）要一起选，或一起打包。"),
    "shapefile-damaged": _DAMAGED,
    "gpkg-invalid": _DAMAGED,
    "file-damaged": _DAMAGED,
    "table-damaged": _("表格的行列不齐，或不是表格；请重新导出。"),
    "layer-ambiguous": _("文件里有几个图层；请每次只传一个。"),
    "encoding-not-utf8": _("GeoJSON 必须是 UTF-8；请另存为 UTF-8。"),
    "encoding-damaged": _("文字不是所选的编码；请在下面换一种编码。"),
    "field-name-truncated": _("有字段名被截断在半个汉字处；请改短，或改用 GeoPackage。"),
    "json-invalid": _JSON,
    "json-duplicate-key": _("JSON 里同一个键出现两次；请只留一个。"),
    "json-too-deep": _JSON,
    "coordinate-not-a-number": _POSITION,
    "coordinate-not-finite": _POSITION,
    "coordinates-out-of-range": _("坐标不在经纬度范围内；请在下面选定真实的坐标系。"),
    "ring-not-closed": _SHAPE,
    "ring-too-short": _SHAPE,
    "geometry-empty": _SHAPE,
    "geometry-type": _SHAPE,
    "geometry-invalid": _SHAPE,
    "crs-missing": _("文件没有写明坐标系；请向制图单位核实，在下面选定。"),
    "crs-unknown": _("文件写的坐标系不能用；请向制图单位核实，在下面选定。"),
    "crs-coordinates-mismatch": _("坐标与所写的坐标系对不上；请在下面选定真实的坐标系。"),
    "axis-swapped": _("横纵坐标写反了；请对调后再传。"),
    "axes-ambiguous": _("X 和 Y 哪一列是北，表格没有写明；请在下面选定。"),
    "datum-transformation-unknown": _(
        "数据是西安 80 或北京 54 坐标；换算参数不公开，请测绘部门换成 CGCS2000 后再传。"
    ),
    "bad-id": _("有的要素没有能用的编号；请在下面指定编号列。"),
    "attribute-missing": _("缺少必填的列；请在下面把它对应起来。"),
    "attribute-range": _("有大得没有数据库能存的数字；请改正后再传。"),
    "columns-unclear": _("列的对应关系不成立；请在下面重新选。"),
    "data-invalid": _("图纸里有图层没有的要素；请先发布它们的属性。"),
    "not-found": _("没有这个图层。"),
    "store-unavailable": _("库暂时不能用；请稍后再读一次。"),
}
"""Why a file is refused, by the code of the reason; each says what to do."""
