"""What a page about a draft is asked: by whom, of which draft, with which form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.access import VisitorDep
from app.dependencies import PublishedDep, get_templates
from layers.days import CHINA
from layers.errors import InvalidParameter, NotFound
from layers.publishing import layer_of

from .answers import language_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.access import Visitor
    from app.published import Published
    from app.wording import Wording
    from layers.accounts import Account
    from layers.background import DraftChecks
    from layers.catalogue import Bundle
    from layers.checks import Report
    from layers.model import Layer
    from layers.snapshot import Atlas
    from layers.store import Draft, Store

_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about a draft.

    Attributes
    ----------
    form : Mapping
        What was typed and chosen, by field; empty if nothing was sent.
    """

    request: Request
    published: Published
    visitor: Visitor
    draft: Draft
    layer: Layer
    form: Mapping[str, str]

    @property
    def store(self) -> Store:
        """Where the draft is."""
        return self.published.store

    @property
    def bundle(self) -> Bundle:
        """What the atlas declares."""
        return self.published.bundle

    @property
    def atlas(self) -> Atlas:
        """What is published."""
        return self.published.latest.atlas

    @property
    def account(self) -> Account:
        """Who asks."""
        return self.visitor.account

    @property
    def words(self) -> Wording:
        """What puts codes into the language of whoever asks."""
        return get_templates(self.request).wording(self.atlas, language_of(self.request))

    @property
    def here(self) -> str:
        """The path of the draft's page."""
        return draft_path(self.draft)

    def text(self, name: str) -> str:
        """Return a field of the form; empty if it was not sent."""
        return self.form.get(name, "")

    def moment(self, name: str) -> datetime:
        """Return a field of the form that is a date and a time in China.

        Raises
        ------
        InvalidParameter
            If it is none.
        """
        try:
            return datetime.fromisoformat(self.text(name)).replace(tzinfo=CHINA)
        except ValueError:
            raise InvalidParameter(
                name, f"{self.text(name)[:40]!r} is no date and time, as in 2026-12-01T08:00."
            ) from None

    def report(self) -> Report | None:
        """Return what the checks say of the draft; None while they still look."""
        checks: DraftChecks = self.request.app.state.draft_checks
        return checks.report(self.draft)

    def progress(self) -> tuple[int, int] | None:
        """Return how many of how many rules have looked at the draft, while they look."""
        checks: DraftChecks = self.request.app.state.draft_checks
        return checks.progress(self.draft)

    def again(self) -> Asked:
        """Return the same with the draft as it is by now."""
        return replace(self, draft=self.store.drafts.get(self.draft.layer_id, self.draft.number))


def draft_path(draft: Draft) -> str:
    """Return the path of a draft's page."""
    return f"/studio/drafts/{draft.layer_id}/{draft.number}"


async def get_asked(
    request: Request, published: PublishedDep, visitor: VisitorDep, layer: str, number: str
) -> Asked:
    """Return what is asked of the draft that the path names.

    Raises
    ------
    NotFound
        If there is no such draft.
    """
    form = await request.form() if request.method == "POST" else {}
    if not (number.isascii() and number.isdecimal() and len(number) <= _DIGITS):
        raise NotFound(f"Layer {layer} has no draft {number[:20]}.")
    declared = layer_of(published.bundle, layer)
    draft = await run_in_threadpool(published.store.drafts.get, layer, int(number))
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    return Asked(request, published, visitor, draft, declared, cast("Mapping[str, str]", typed))


AskedDep = Annotated[Asked, Depends(get_asked)]
