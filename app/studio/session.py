"""Logging in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.concurrency import run_in_threadpool

from app.access import PUBLIC, Needs, VisitorDep, drop_session, refuse_other_sites, set_session
from app.dependencies import PublishedDep
from layers.errors import LockedOut, NotAllowed
from layers.people import log_in

from .answers import go_to, page

router = APIRouter()

HOME = "/studio"


@router.get("/login", dependencies=[PUBLIC])
def get_login(request: Request, next: str = HOME) -> Response:
    """Return the page where people log in."""
    return page(request, "login.html", None, next=_inside(next), typed="", locked=None)


@router.post("/login", dependencies=[PUBLIC])
async def post_login(
    request: Request,
    published: PublishedDep,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2_000)] = "",
    next: Annotated[str, Form(max_length=2_000)] = HOME,
) -> Response:
    """Log somebody in, or say that it did not work."""
    refuse_other_sites(request)
    where = _inside(next)
    try:
        secret = await run_in_threadpool(log_in, published.store, name, password)
    except LockedOut as refusal:
        minutes = -(-refusal.wait_s // 60)
        answer = page(request, "login.html", None, 429, next=where, typed=name, locked=minutes)
        answer.headers["Retry-After"] = str(refusal.wait_s)
        return answer
    except NotAllowed as refusal:
        context = {"next": where, "typed": name, "locked": None}
        return page(request, "login.html", None, 401, fault=refusal, **context)
    answer = go_to(where)
    set_session(request, answer, secret)
    return answer


@router.post("/logout", dependencies=[Depends(Needs("own"))])
async def post_logout(request: Request, published: PublishedDep, visitor: VisitorDep) -> Response:
    """Log somebody out."""
    await run_in_threadpool(published.store.sessions.end, visitor.session, datetime.now(UTC))
    answer = go_to("/studio/login", "logged-out")
    drop_session(request, answer)
    return answer


def _inside(address: str) -> str:
    """Return where to go after logging in: a page of the studio, and of no other site."""
    inside = address == HOME or address.startswith((f"{HOME}/", f"{HOME}?"))
    return address if inside and "\\" not in address and address.isprintable() else HOME
