"""The drafts that wait for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response

from app.access import Needs, VisitorDep
from app.dependencies import PublishedDep, get_templates
from layers.review import authors_of

from .answers import language_of, page
from .draft_views import row_view
from .draft_words import show_source

if TYPE_CHECKING:
    from app.access import Visitor
    from app.published import Published
    from layers.store import Draft

router = APIRouter(prefix="/drafts")

_WHICH = ("all", "mine", "review", "closed")
_MOST_CLOSED = 200


@router.get("", dependencies=[Depends(Needs("view"))])
def get_drafts(
    request: Request, published: PublishedDep, visitor: VisitorDep, show: str = "all"
) -> Response:
    """Return the drafts that wait: all, one's own, those to be reviewed; or those that do not."""
    store = published.store
    which = show if show in _WHICH else "all"
    waiting = store.drafts.list()
    parts = {
        "all": waiting,
        "mine": [each for each in waiting if visitor.account.name in _authors(published, each)],
        "review": [
            each
            for each in waiting
            if each.status == "submitted" and visitor.account.name not in _authors(published, each)
        ],
    }
    chosen = parts[which] if which in parts else _closed(published)
    return page(
        request,
        "drafts.html",
        visitor,
        rows=_rows(request, published, visitor, chosen),
        counts={name: len(members) for name, members in parts.items()},
        show=which,
    )


def _authors(published: Published, draft: Draft) -> frozenset[str]:
    return authors_of(published.store, draft)


def _closed(published: Published) -> list[Draft]:
    every = published.store.drafts.list(waiting=False)
    ended = [each for each in every if not each.is_waiting]
    return sorted(ended, key=lambda each: each.created, reverse=True)[:_MOST_CLOSED]


def _rows(
    request: Request, published: Published, visitor: Visitor, drafts: list[Draft]
) -> list[dict[str, Any]]:
    store = published.store
    words = get_templates(request).wording(published.latest.atlas, language_of(request))
    titles = {each.id: words.title(each) for each in published.bundle.catalogue.layers}
    heads = store.heads()
    rows = []
    for draft in drafts:
        changes, head = store.drafts.changes(draft), heads.get(draft.layer_id)
        rows.append(
            row_view(
                visitor.account.name,
                draft,
                titles.get(draft.layer_id, draft.layer_id),
                source=show_source(draft, words),
                put=len(changes.put),
                removed=len(changes.removed),
                is_known=draft.layer_id in titles,
                is_stale=draft.is_waiting and head is not None and head.number != draft.base,
            )
        )
    return rows
