"""The messages that the page's own script needs, by the name it knows them under."""

from __future__ import annotations

from typing import Final

SCRIPT_STRINGS: Final = {
    "map": "规划地图。方向键平移，加减键缩放；所有对象也列在列表里。",
    "zoomIn": "放大",
    "zoomOut": "缩小",
    "selected": "已选中：{name}",
    "cleared": "已返回列表",
    "inView": "图上可见 {count} 个对象",
    "hits": "此处有 {count} 个对象",
    "failed": "“{layer}”没有取到。",
    "copied": "链接已复制",
    "copyByHand": "请从地址栏复制链接",
    "unknown": "没有找到“{ref}”，已显示整个图集。",
    "unmapped": "规划没有给出足以定位的依据，所以没有画在图上。",
    "sketch": "示意，位置误差约 ±{distance}",
    "survey": "位置误差约 ±{distance}",
    "stageUnknown": "规划未说明",
    "area": "{area} km²",
    "areaRange": "{area} km²（界线移动时 {low}–{high} km²）",
    "paragraph": "第{number}段",
    "heading": "标题",
    "commitment": "{label}（原文“{verb}”）",
    "count": "{count} 个",
    "countMapped": "{count} 个，{mapped} 个已上图",
    "left": "{count} 个符合",
    "searchFailed": "搜索没有成功，请再试一次。",
    "noHits": "没有找到。试试拼音、首字母或更短的词。",
    "hitCount": "找到 {count} 个结果，用上下键选择",
    "inText": "规划原文",
    "mention": "“{name}”：第 {number} 处，共 {count} 处",
    "notInText": "原文里没有直接点名“{name}”。",
    "sheetPeek": "面板：收起",
    "sheetHalf": "面板：半屏",
    "sheetFull": "面板：全屏",
    "printScale": "比例尺 1:{scale}",
    "printFilter": "筛选：{filter}",
    "printNoFilter": "没有筛选",
    "printDate": "打印日期：{date}",
}
"""Name in ``config.strings`` and Chinese message."""
