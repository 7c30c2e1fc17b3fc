"""What the public's pages say of what they cannot use: the domain writes English, for the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.refusals import REFUSALS
from layers.imports import Refused

if TYPE_CHECKING:
    from app.wording import Wording
    from layers.errors import InvalidParameter, NotFound
    from layers.served import ServedLayer

_SENTENCES = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (
            r"The area can be read neither as WKT nor as GeoJSON\.",
            "这个范围看不懂：既不是 WKT，也不是 GeoJSON。",
        ),
        (r"The area is empty\.", "这个范围是空的。"),
        (
            r"The area has more than ([\d,]+) parts; give the outline only\.",
            "这个范围超过 {0} 个部分；请只给外轮廓。",
        ),
        (
            r"The area must be a polygon or several; lines and points have no inside\.",
            "范围必须是一个或几个多边形；线和点没有内部。",
        ),
        (
            r"The area has more than ([\d,]+) vertices; simplify it\.",
            "这个范围超过 {0} 个顶点；请先简化。",
        ),
        (
            r"The area is outside longitude ±180, latitude ±90; longitude comes first\.",
            "坐标超出经度 ±180、纬度 ±90；请先写经度。",
        ),
        (r"The area is not valid: (.+)\.", "这个范围的图形无效：{0}。"),
        (
            r"The area is larger than ([\d,]+) km²; draw a smaller one\.",
            "这个范围大于 {0} km²；请画小一些。",
        ),
    )
)


def refused_words(error: InvalidParameter, words: Wording) -> str:
    """Return in the language of a page what cannot be used.

    Of what is only known in English, a Chinese page says which part of the address it is.
    """
    if words.language == "en":
        return error.sentence
    for pattern, chinese in _SENTENCES:
        if match := pattern.fullmatch(error.sentence):
            return chinese.format(*match.groups())
    reason = error.__cause__
    if isinstance(reason, Refused) and reason.reason in REFUSALS:
        # In the studio one chooses below the file; here there is nothing to choose.
        return words.gettext(REFUSALS[reason.reason]).replace("在下面", "")
    if error.parameter in {"area", "file"}:
        return words.gettext("这个文件或范围读不出来。")
    return words.say("链接里的“{name}”用不了，已略去。", name=error.parameter[:60])


def absent_words(error: NotFound, snapshot: ServedLayer, words: Wording) -> str:
    """Return in the language of a page that a layer has no such revision."""
    if words.language == "en":
        return error.sentence
    return words.say(
        "“{layer}”没有链接里的版本；它有第 1 至 {last} 版。",
        layer=words.title(snapshot.layer),
        last=snapshot.history.newest.number,
    )
