"""What the studio says in Chinese of what was done, and of what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.i18n import gettext_noop as _
from layers.errors import AtlasError, InvalidParameter, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable

_DONE = {
    "logged-out": _("已退出。"),
    "password": _("密码已修改，其他设备上的登录已失效。"),
    "revoked": _("令牌已作废。"),
    "added": _("已添加。"),
    "restored": _("已恢复成新的一版，公开页面马上就变。"),
    "changed": _("已更改；此人须重新登录。"),
}

ALERTS = {
    "store": _("已有 {figure} 秒没有读到数据库；页面显示的是在那以前的内容。"),
    "disk": _("磁盘只剩 {figure} GB，请尽快腾出空间。"),
    "review-expired": _("审图号已过期 {figure} 天，请立即送审并更换。"),
    "review-expiring": _("审图号还有 {figure} 天到期，请及时送审。"),
    "statements": _("有 {figure} 条规划的空间陈述与图不符。"),
    "drafts": _("有草稿已经等了 {figure} 天。"),
}
"""Of what somebody should look after, by `app.condition.Code`."""

_UNKNOWN = _("用户名或密码不对。")
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
    "days": _("令牌的有效期须在 1 到 366 天之间。"),
}


def done(code: str | None, gettext: Callable[[str], str]) -> str | None:
    """Return the sentence about what was done; None if nothing was."""
    return gettext(_DONE[code]) if code in _DONE else None


def refused(error: AtlasError, gettext: Callable[[str], str]) -> str:
    """Return the sentence about what was refused, in English where there is no other."""
    if isinstance(error, NotAllowed) and not error.known:
        return gettext(_UNKNOWN)
    known = _REFUSED.get(error.parameter) if isinstance(error, InvalidParameter) else None
    return error.sentence if known is None else gettext(known)
