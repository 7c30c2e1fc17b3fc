"""What the studio says in Chinese of what was done, and of what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.i18n import gettext_noop as _
from layers.errors import AtlasError, InvalidParameter, NotAllowed
from layers.imports import Refused

from .upload_words import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable

_DONE = {
    "logged-out": _("已退出。"),
    "password": _("密码已修改，其他设备上的登录已失效。"),
    "revoked": _("令牌已作废。"),
    "added": _("已添加。"),
    "changed": _("已更改；此人须重新登录。"),
    "repaired": _("已接受修复，并重新检查。"),
    "unrepaired": _("已撤销修复，并重新检查。"),
    "moved-on": _("图层已有新的修订，已重新检查；请再看一遍，再保存。"),
    "thrown-away": _("已删除。"),
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
    "files": _("请先选择文件。"),
    "uploads": _("你有太多文件在等；请先处理或删除一些。"),
    "told": _("请选择列出的选项。"),
    "repair": _("那里已经没有建议的修复。"),
    "upload": _("文件还没有检查完，或已经成为草稿。"),
    "days": _("令牌的有效期须在 1 到 366 天之间。"),
}


def done(code: str | None, gettext: Callable[[str], str]) -> str | None:
    """Return the sentence about what was done; None if nothing was."""
    return gettext(_DONE[code]) if code in _DONE else None


def refused(error: AtlasError, gettext: Callable[[str], str]) -> str:
    """Return the sentence about what was refused, in English where there is no other."""
    if isinstance(error, NotAllowed) and not error.known:
        return gettext(_UNKNOWN)
    if isinstance(error, Refused) and error.reason in REFUSALS:
        return gettext(REFUSALS[error.reason])
    known = _REFUSED.get(error.parameter) if isinstance(error, InvalidParameter) else None
    return error.sentence if known is None else gettext(known)
