"""Logging in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.concurrency import run_in_threadpool

from app.access import PUBLIC, Needs, VisitorDep, drop_session, refuse_other_sites, set_session
from app.dependencies import PublishedDep, get_provider
from layers.errors import AtlasError, LockedOut, NotAllowed
from layers.people import log_in

from .answers import go_to, page

router = APIRouter()

HOME = "/studio"


@router.get("/login", dependencies=[PUBLIC])
def get_login(request: Request, next: str = HOME) -> Response:
    """Return the page where people log in."""
    return login_page(request, next)


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
    where = inside(next)
    try:
        secret = await run_in_threadpool(log_in, published.store, name, password)
    except LockedOut as refusal:
        return login_page(request, where, refusal, typed=name)
    except NotAllowed as refusal:
        return login_page(request, where, refusal, typed=name)
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


def login_page(
    request: Request, where: str, refusal: AtlasError | None = None, *, typed: str = ""
) -> Response:
    """Return the page where people log in, or do so again after a refusal.

    Parameters
    ----------
    where : str
        Page to go to afterwards.
    typed : str, optional
        The name that somebody has tried.
    """
    is_locked = isinstance(refusal, LockedOut)
    answer = page(
        request,
        "login.html",
        None,
        200 if refusal is None else 429 if is_locked else 401,
        fault=None if is_locked else refusal,
        next=inside(where),
        typed=typed,
        locked=-(-refusal.wait_s // 60) if isinstance(refusal, LockedOut) else None,
        has_provider=get_provider(request) is not None,
    )
    if isinstance(refusal, LockedOut):
        answer.headers["Retry-After"] = str(refusal.wait_s)
    return answer


def inside(address: str) -> str:
    """Return where to go after logging in: a page of the studio, and of no other site."""
    inside = address == HOME or address.startswith((f"{HOME}/", f"{HOME}?"))
    return address if inside and "\\" not in address and address.isprintable() else HOME
