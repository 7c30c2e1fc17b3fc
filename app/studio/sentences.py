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
    "changed": _("已更改；此人须重新登录。"),
    "said": _("批注已保存。"),
    "submitted": _("已提交，等别人审核。"),
    "withdrawn": _("已撤回，可以继续编辑。"),
    "returned": _("已退回，请作者修改。"),
    "approved": _("已通过审核，可以发布。"),
    "published": _("已发布，公众现在看到的就是这个修订。"),
    "scheduled": _("已定时，到时自动发布。"),
    "unscheduled": _("已取消定时。"),
    "discarded": _("已丢弃；日志里仍有记录。"),
    "rebased": _("已更新到当前修订；提交过的须重新提交。"),
}

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
    "text": _("请写明内容：不能为空，也不能超过 5000 字。"),
    "reason": _("草稿有警告，须写明为什么可以放行（不超过 5000 字）。"),
    "due": _("定时须是将来的日期和时间。"),
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
