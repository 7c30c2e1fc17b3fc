"""What the public says: the queue, one page for each, the answer, closing, erasing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from app.access import Needs, VisitorDep
from app.condition import current_time
from app.dependencies import DeskDep, PublishedDep
from layers.errors import InvalidParameter, NotFound
from layers.opinions import PIN, PLAN, answer, close, find_subject
from layers.store import KINDS, STATUSES

from .answers import go_to, page, words_of

if TYPE_CHECKING:
    from app.access import Visitor
    from app.published import Published
    from app.wording import Wording
    from layers.store import Opinion

router = APIRouter(prefix="/reports", dependencies=[Depends(Needs("answer"))])

HERE = "/studio/reports"
_SHOWN = 50


@router.get("")
def get_reports(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    status: str = "open",
    kind: str = "",
    layer: str = "",
    before: int | None = None,
) -> Response:
    """Return the queue, the newest first, some at a time."""
    store = published.store.opinions
    found = store.chosen(status, kind, layer, _within(before))
    words = words_of(request)
    plans = [f"{PLAN}{each}" for each in published.latest.atlas.documents]
    return page(
        request,
        "reports.html",
        visitor,
        reports=[(each, _name(published, each, words)) for each in found[:_SHOWN]],
        count=len(found),
        more=found[_SHOWN - 1].number if len(found) > _SHOWN else None,
        chosen={"status": status, "kind": kind, "layer": layer},
        statuses=STATUSES,
        kinds=KINDS,
        layers=[*(each.id for each in published.bundle.catalogue.layers), *plans, PIN],
        waiting=store.waiting().open,
    )


@router.get("/{number}")
def get_report(
    request: Request, published: PublishedDep, visitor: VisitorDep, number: int
) -> Response:
    """Return one report with everything but how to reach its author."""
    return _page(request, published, visitor, _get(published, number))


@router.post("/{number}/contact")
def post_contact(
    request: Request, published: PublishedDep, visitor: VisitorDep, desk: DeskDep, number: int
) -> Response:
    """Show how to reach its author, and log that it was shown."""
    opinion = _get(published, number)
    author, now = visitor.account.name, current_time()
    sealed = published.store.opinions.contact(number, author=author, now=now)
    contact = None if sealed is None else desk.seal.open(sealed)
    lost = sealed is not None and contact is None
    return _page(request, published, visitor, opinion, contact=contact, lost=lost)


@router.post("/{number}/answer")
def post_answer(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    number: int,
    reply: Annotated[str, Form(max_length=10_000)] = "",
    summary: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Keep the answer to the author, and what becomes public."""
    opinion = _get(published, number)
    try:
        author, now = visitor.account.name, current_time()
        answer(published.store, number, reply, summary, author=author, now=now)
    except InvalidParameter as fault:
        typed = (reply, summary)
        return _page(request, published, visitor, opinion, fault=fault, typed=typed)
    return go_to(f"{HERE}/{number}", "answered")


@router.post("/{number}/close")
def post_close(
    request: Request, published: PublishedDep, visitor: VisitorDep, number: int
) -> Response:
    """Close a report."""
    opinion = _get(published, number)
    try:
        close(published.store, number, author=visitor.account.name, now=current_time())
    except InvalidParameter as fault:
        return _page(request, published, visitor, opinion, fault=fault)
    return go_to(f"{HERE}/{number}", "opinion-closed")


@router.post("/{number}/erase")
def post_erase(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    number: int,
    confirm: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Erase what was said; number, kind and subject stay."""
    opinion = _get(published, number)
    if confirm != "yes":
        fault = InvalidParameter("confirm", "Tick the box to erase it.")
        return _page(request, published, visitor, opinion, fault=fault)
    store = published.store.opinions
    store.erase(number, author=visitor.account.name, now=current_time())
    return go_to(f"{HERE}/{number}", "opinion-erased")


def _get(published: Published, number: int) -> Opinion:
    return published.store.opinions.get(_within(number) or 0)


def _within(number: int | None) -> int | None:
    """Return a number that both engines can compare with theirs."""
    return None if number is None else max(0, min(number, 2**31 - 1))


def _page(
    request: Request,
    published: Published,
    visitor: Visitor,
    opinion: Opinion,
    *,
    fault: InvalidParameter | None = None,
    typed: tuple[str, str] | None = None,
    contact: str | None = None,
    lost: bool = False,
) -> Response:
    reply, summary = typed or (opinion.answer or "", opinion.summary or "")
    return page(
        request,
        "report.html",
        visitor,
        200 if fault is None else 400,
        fault=fault,
        report=opinion,
        called=_name(published, opinion, words_of(request)),
        where=_where(opinion),
        reply=reply,
        summary=summary,
        has_contact=published.store.opinions.has_contact(opinion.number),
        contact=contact,
        lost=lost,
    )


def _where(opinion: Opinion) -> str:
    """Return the public page of a subject."""
    if opinion.layer.startswith(PLAN):
        return f"/plan/{opinion.layer.removeprefix(PLAN)}#{opinion.subject}"
    return "/" if opinion.layer == PIN else f"/?f={opinion.ref}"


def _name(published: Published, opinion: Opinion, words: Wording) -> str | None:
    """Return what a subject is called; None for what is not public any more."""
    try:
        subject = find_subject(published.latest.atlas, opinion.ref, pins=True)
    except NotFound:
        return None
    if subject.feature is not None:
        return str(words.view(*subject.feature)["name"])
    if subject.citation is None:
        return opinion.subject
    cited = subject.citation
    place = {"chapter": cited.chapter, "section": cited.section, "paragraph": cited.paragraph}
    return words.citation(place)
