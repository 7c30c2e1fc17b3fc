"""One draft: what it changes, what is said of it, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Depends, Response
from starlette.concurrency import run_in_threadpool

from app.access import Needs
from layers import review
from layers.checks import Report
from layers.errors import (
    AtlasError,
    InvalidParameter,
    NotAllowed,
    RevisionConflict,
    ValidationFailed,
)
from layers.next_steps import RIGHTS

from .answers import go_to, page
from .asked import Asked, AskedDep
from .draft_views import (
    difference_view,
    draft_view,
    drawn_sides,
    events_view,
    find_steps,
    map_document,
    report_view,
    steps_view,
)
from .draft_words import say_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from layers.next_steps import Step

router = APIRouter(prefix="/drafts/{layer}/{number}")

VIEW = Depends(Needs("view"))
_STATUS: dict[type[AtlasError], int] = {
    InvalidParameter: 400,
    NotAllowed: 403,
    RevisionConflict: 409,
    ValidationFailed: 422,
}


def _needs(step: Step) -> Any:
    return Depends(Needs(RIGHTS[step]))


@router.get("", dependencies=[VIEW])
def get_draft(asked: AskedDep, start: str = "") -> Response:
    """Return a draft: what it changes, what the checks say, what can be done with it."""
    return _page(asked, start=_start(start))


@router.get("/difference.json", dependencies=[VIEW])
def get_difference(asked: AskedDep) -> Response:
    """Return the shapes that a draft changes, old and new, for the map of its page."""
    document = map_document(asked.layer, drawn_sides(asked))
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(document), 200, headers, media_type="application/json")


@router.get("/checked.json", dependencies=[VIEW])
def get_checked(asked: AskedDep) -> Response:
    """Return whether it is known what the checks say of a draft, and how far they are."""
    document = {"checked": asked.report() is not None, "progress": asked.progress()}
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(document), 200, headers, media_type="application/json")


@router.post("/comment", dependencies=[_needs("comment")])
def post_comment(asked: AskedDep) -> Response:
    """Say something of a draft, or of one of its features."""
    feature = asked.text("feature") or None
    return _take(
        asked,
        "comment",
        "said",
        lambda: review.comment(
            asked.store, asked.draft, asked.account, asked.text("text"), feature
        ),
    )


@router.post("/submit", dependencies=[_needs("submit")])
def post_submit(asked: AskedDep) -> Response:
    """Ask for a draft to be looked at."""
    return _take(
        asked,
        "submit",
        "submitted",
        lambda: review.submit(
            asked.store, asked.bundle, asked.draft, asked.account, asked.text("text")
        ),
    )


@router.post("/withdraw", dependencies=[_needs("withdraw")])
def post_withdraw(asked: AskedDep) -> Response:
    """Take back what was submitted."""
    return _take(
        asked,
        "withdraw",
        "withdrawn",
        lambda: review.withdraw(asked.store, asked.draft, asked.account),
    )


@router.post("/return", dependencies=[_needs("return")])
def post_return(asked: AskedDep) -> Response:
    """Give a draft back to its author."""
    return _take(
        asked,
        "return",
        "returned",
        lambda: review.ask_for_changes(asked.store, asked.draft, asked.account, asked.text("text")),
    )


@router.post("/approve", dependencies=[_needs("approve")])
def post_approve(asked: AskedDep) -> Response:
    """Agree to a draft as it was seen."""
    return _take(
        asked,
        "approve",
        "approved",
        lambda: review.approve(asked.store, asked.draft, asked.account, asked.text("text")),
    )


@router.post("/publish", dependencies=[_needs("publish")])
async def post_publish(asked: AskedDep) -> Response:
    """Publish a draft; whoever asks the public addresses from now on is answered with it."""
    answer = await run_in_threadpool(
        _take,
        asked,
        "publish",
        "published",
        lambda: review.publish(
            asked.store,
            asked.bundle,
            asked.draft,
            asked.account,
            asked.text("text"),
            asked.text("reason"),
        ),
    )
    await asked.published.renew()
    return answer


@router.post("/schedule", dependencies=[_needs("schedule")])
def post_schedule(asked: AskedDep) -> Response:
    """Have a draft publish itself at a moment."""
    return _take(
        asked,
        "schedule",
        "scheduled",
        lambda: review.schedule(
            asked.store,
            asked.bundle,
            asked.draft,
            asked.account,
            asked.moment("due"),
            asked.text("text"),
            asked.text("reason"),
        ),
    )


@router.post("/unschedule", dependencies=[_needs("unschedule")])
def post_unschedule(asked: AskedDep) -> Response:
    """Have a draft wait for somebody again."""
    return _take(
        asked,
        "unschedule",
        "unscheduled",
        lambda: review.unschedule(asked.store, asked.draft, asked.account),
    )


@router.post("/discard", dependencies=[_needs("discard")])
def post_discard(asked: AskedDep) -> Response:
    """Throw a draft away."""
    return _take(
        asked,
        "discard",
        "discarded",
        lambda: review.discard(asked.store, asked.draft, asked.account),
    )


_OF_WHAT_WAS_SEEN = frozenset(["submit", "approve", "publish", "schedule", "discard"])
"""Steps that are meant for what the page showed, and for nothing else."""


_OF_CHECKED_DRAFTS = frozenset(["submit", "approve", "publish", "schedule"])
"""Steps before which the checks must have said what they find."""


def _take(asked: Asked, step: Step, done: str, action: Callable[[], object]) -> Response:
    """Take a step, or show the draft again with why not, and with all that was typed."""
    try:
        if step in _OF_WHAT_WAS_SEEN and "seen" in asked.form:
            review.refuse_unseen(asked.store, asked.draft, asked.text("seen"))
        if step in _OF_CHECKED_DRAFTS:
            _refuse_unchecked(asked)
        action()
    except (InvalidParameter, NotAllowed, RevisionConflict, ValidationFailed) as fault:
        return _page(asked.again(), step, fault, _start(asked.text("start")))
    start = _start(asked.text("start"))
    answer = go_to(f"{asked.here}?start={start}" if start else asked.here, done)
    if place := asked.text("place"):
        answer.headers["location"] += f"#f-{place}" if place.isascii() and place.isdecimal() else ""
    return answer


def _refuse_unchecked(asked: Asked) -> None:
    if asked.report() is None:
        raise RevisionConflict(
            f"Draft {asked.draft.number} of {asked.draft.layer_id} is still being checked; try "
            "again when that is done."
        )


def _start(text: str) -> int:
    """Return the place in the list of features that a form was shown with."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def _page(
    asked: Asked, step: Step | None = None, fault: AtlasError | None = None, start: int = 0
) -> Response:
    report, words = asked.report(), asked.words
    obstacles = find_steps(asked, report)
    refusal = None
    if fault is not None and step is not None:
        refusal = say_refusal(fault, obstacles[step], words)
    return page(
        asked.request,
        "draft.html",
        asked.visitor,
        200 if fault is None else next(_STATUS[k] for k in _STATUS if isinstance(fault, k)),
        draft=draft_view(asked),
        steps=steps_view(obstacles, words),
        difference=difference_view(asked, start),
        report=report or Report(asked.draft.layer_id, (), 0),
        is_checking=report is None,
        progress=asked.progress(),
        findings=[] if report is None else report_view(report, words),
        events=events_view(asked.store.drafts.events(asked.draft), words),
        refusal=refusal,
        typed={**asked.form, "step": step} if fault is not None else {"step": None},
    )
