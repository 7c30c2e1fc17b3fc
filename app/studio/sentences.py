"""What the studio says in Chinese of what was done, and of what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.i18n import gettext_noop as _
from app.identity import NotIdentified
from app.refusals import REFUSALS
from layers.errors import AtlasError, InvalidParameter, NotAllowed
from layers.imports import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

_DONE = {
    "logged-out": _("已退出。"),
    "password": _("密码已修改，其他设备上的登录已失效。"),
    "revoked": _("令牌已作废。"),
    "added": _("已添加。"),
    "restored": _("已恢复成新的一版，公开页面马上就变。"),
    "changed": _("已更改；此人须重新登录。"),
    "draft-closed": _("这份草稿已经关闭，不能再画。"),
    "repaired": _("已接受修复，并重新检查。"),
    "unrepaired": _("已撤销修复，并重新检查。"),
    "moved-on": _("图层已有新的修订，已重新检查；请再看一遍，再保存。"),
    "thrown-away": _("已删除。"),
    "said": _("批注已保存。"),
    "submitted": _("已提交，等别人审核。"),
    "withdrawn": _("已撤回，可以继续编辑。"),
    "returned": _("已退回，请作者修改。"),
    "approved": _("已通过审核，可以发布。"),
    "published": _("已发布，公众现在看到的就是这个修订。"),
    "scheduled": _("已定时，到时自动发布。"),
    "unscheduled": _("已取消定时。"),
    "discarded": _("已丢弃；日志里仍有记录。"),
    "answered": _("答复已保存；持回执编号的人可以看到。"),
    "opinion-closed": _("已关闭。"),
    "opinion-erased": _("已删除内容和联系方式。"),
    "rebased": _("已更新到当前修订；提交过的须重新提交。"),
}

ALERTS = {
    "store": _("已有 {figure} 秒没有读到数据库；页面显示的是在那以前的内容。"),
    "disk": _("磁盘只剩 {figure} GB，请尽快腾出空间。"),
    "review-expired": _("审图号已过期 {figure} 天，请立即送审并更换。"),
    "review-expiring": _("审图号还有 {figure} 天到期，请及时送审。"),
    "statements": _("有 {figure} 条规划的空间陈述与图不符。"),
    "drafts": _("有草稿已经等了 {figure} 天。"),
    "opinions": _("有公众意见已经等了 {figure} 天没有答复。"),
}
"""Of what somebody should look after, by `app.condition.Code`."""

DRAWING = {
    "baseCredit": _("底图：{credit}"),
    "baseConverted": _("底图原为 GCJ-02，已逐片移回 WGS 84，误差约一个像素。"),
    "baseFailed": _("底图“{base}”没有取到；规划内容不受影响。"),
    "map": _("绘图区。所有对象也列在旁边的列表里。"),
    "zoomIn": _("放大"),
    "zoomOut": _("缩小"),
    "point": _("点"),
    "line": _("线"),
    "area": _("面"),
    "saved": _("已存入草稿"),
    "saving": _("正在保存…"),
    "waiting": _("连接断开：{count} 处修改留在本页，恢复后自动保存。请不要关闭。"),
    "restored": _("上次没有存完的修改已找回，正在保存。"),
    "closed": _("这份草稿不能再改：{reason} 还有 {count} 处修改没有存入。"),
    "refused": _("没有存入：{reason}"),
    "again": _("重试"),
    "failed": _("没有取到数据，请重试。"),
    "offlineCut": _("分割和挖除须连接服务器，现在连不上。"),
    "choose": _("先在图上或列表里选一个对象。"),
    "drawing": _("在图上点击绘制{kind}；双击或点回起点结束，Esc 取消。"),
    "editing": _("拖动顶点修改，点中点加一个顶点，右键点顶点删去它。"),
    "moving": _("拖动对象移到新位置。"),
    "dividing": _("画一条线，从对象的一边穿到另一边。"),
    "cutting": _("画出要挖除的范围。"),
    "removed": _("已删除“{name}”；可以撤销。"),
    "undone": _("已撤销"),
    "redone": _("已重做"),
    "changedBy": _("{author} 刚刚改了“{name}”，已更新到图上。"),
    "removedBy": _("{author} 刚刚删除了“{name}”。"),
    "unnamed": _("（未命名）"),
    "noPlace": _("没有位置"),
    "error": _("错误"),
    "warning": _("提醒"),
    "noFindings": _("没有发现问题。"),
    "count": _("共 {count} 个"),
    "inView": _("图上范围内 {count} 个；放大或移动地图看其他的"),
    "tooMany": _("范围内对象太多，只显示前 {count} 个，请放大。"),
    "conflict": _("{author} 已改了“{name}”，你的修改没有存入。请选择："),
    "conflictRemoved": _("{author} 已删除“{name}”，你的修改没有存入。请选择："),
    "newId": _("新编号（发布以后不能再改）："),
    "taken": _("编号“{id}”已经有了。"),
    "geometry": _("图形"),
    "gone": _("已删除"),
    "badJson": _("不是有效的 JSON"),
}
"""What the drawing page's script says, by the name that it knows the sentence under."""

_UNKNOWN = _("用户名或密码不对。")
_NOT_IDENTIFIED = {
    "provider": _("现在连不上统一身份认证，请稍后再试，或用密码登录。"),
    "answer": _("统一身份认证的答复无效或已过期，请重新登录。"),
    "cancelled": _("统一身份认证没有让您登录。"),
    "claim": _("统一身份认证没有给出用户名，请找管理员。"),
    "account": _("统一身份认证认得您，但图集里没有您可用的账户，请找管理员。"),
}
_REFUSED = {
    "old": _("现在的密码不对。"),
    "again": _("两次输入的新密码不一样。"),
    "password": _("密码至少 12 个字符，不能含用户名，也不能太简单；可以想一句话。"),
    "name": _("这个用户名不能用：只能有小写字母、数字、点、横线和下划线，而且不能重名。"),
    "own": _("自己的角色和停用须由另一位管理员更改。"),
    "role": _("没有这个角色。"),
    "scope": _("令牌的范围不对：须是已有的图层和可以做的事。"),
    "action": _("你的角色只能读取。"),
    "message": _("请写明改了什么、为什么；最多 5000 个字符。"),
    "revision": _("图层现在就和这一版一样，没有什么要恢复。"),
    "files": _("请先选择文件。"),
    "uploads": _("你有太多文件在等；请先处理或删除一些。"),
    "told": _("请选择列出的选项。"),
    "repair": _("那里已经没有建议的修复。"),
    "upload": _("文件还没有检查完，或已经成为草稿。"),
    "text": _("请写明内容：不能为空，也不能超过 5000 字。"),
    "reason": _("草稿有警告，须写明为什么可以放行（不超过 5000 字）。"),
    "due": _("定时须是将来的日期和时间。"),
    "reply": _("请写明答复：不能为空；答复和公开摘要都不能超过 2000 字。"),
    "report": _("这条意见已被删除，不能再答复。"),
    "confirm": _("请勾选确认后再删除。"),
    "days": _("令牌的有效期须在 1 到 366 天之间。"),
}


def done(code: str | None, gettext: Callable[[str], str]) -> str | None:
    """Return the sentence about what was done; None if nothing was."""
    return gettext(_DONE[code]) if code in _DONE else None


def refused(error: AtlasError, gettext: Callable[[str], str]) -> str:
    """Return the sentence about what was refused, in English where there is no other."""
    if isinstance(error, NotAllowed) and not error.known:
        return gettext(_UNKNOWN)
    if isinstance(error, NotIdentified):
        return gettext(_NOT_IDENTIFIED[error.reason])
    if isinstance(error, Refused) and error.reason in REFUSALS:
        return gettext(REFUSALS[error.reason])
    known = _REFUSED.get(error.parameter) if isinstance(error, InvalidParameter) else None
    return error.sentence if known is None else gettext(known)
