"""What the opinions' pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.i18n import gettext_noop as _
from layers.challenges import in_words
from layers.opinions import PLAN

from .context import page_href, plan_href

if TYPE_CHECKING:
    from app.wording import Wording
    from layers.challenges import Question
    from layers.errors import InvalidParameter
    from layers.opinions import Closed, Subject, Terms

_QUESTIONS = {
    "plus": _("{first}加{second}等于几？"),
    "minus": _("{first}减{second}等于几？"),
    "larger": _("{first}和{second}，哪个数大？"),
}
_CLOSED = {
    "off": _("现在不收集意见，也不接受问题报告。"),
    "early": _("意见征集还没有开始，从 {first} 起。"),
    "over": _("意见征集已于 {last} 结束；数据的问题仍可报告。"),
}
_REFUSED = {
    "token": _("表单已过期或已经提交过；请回答新的问题，再提交一次。"),
    "early": _("提交得太快；请稍等几秒，回答新的问题，再提交一次。"),
    "answer": _("问题答得不对；请回答新的问题。"),
    "consent": _("没有同意说明，就不能保存；请阅读后勾选。"),
    "text": _("请写明内容：不能为空，也不能超过 2000 字。"),
    "contact": _("联系方式最多 200 个字符。"),
    "receipt": _("回执编号不对：共 17 个字母和数字，可能输错了一个。"),
    "unknown": _("没有收到过这个编号的意见，请核对。"),
}


def question_words(question: Question, words: Wording) -> str:
    """Return a question as it is asked."""
    first, second = (in_words(each, words.language) for each in question[1:])
    return words.say(_QUESTIONS[question.operation], first=first, second=second)


def closed_words(closed: Closed, terms: Terms, words: Wording) -> str:
    """Return why nothing is taken now."""
    return words.say(_CLOSED[closed], first=terms.first, last=terms.last)


def refused_words(fault: InvalidParameter, words: Wording) -> str:
    """Return why something was not taken."""
    known = _REFUSED.get(fault.parameter)
    return fault.sentence if known is None else words.gettext(known)


def subject_view(subject: Subject, words: Wording) -> dict[str, str]:
    """Return what a subject is called, what it is, and where it is shown."""
    if subject.feature is not None:
        view = words.view(*subject.feature)
        return {
            "ref": subject.ref,
            "name": str(view["name"]),
            "kind": str(view["layer"]),
            "href": page_href(subject.ref, words.language),
        }
    if subject.citation is not None:
        cited = subject.citation
        place = {
            "chapter": cited.chapter,
            "section": cited.section,
            "paragraph": cited.paragraph,
        }
        return {
            "ref": subject.ref,
            "name": words.citation(place),
            "kind": words.gettext("规划原文"),
            "href": plan_href(subject.layer.removeprefix(PLAN), words, fragment=subject.id),
        }
    return {
        "ref": subject.ref,
        "name": subject.id,
        "kind": words.gettext("地图上的一点"),
        "href": page_href(None, words.language),
    }
