"""What belongs to whoever is logged in: their password and their tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response

from app.access import Needs, VisitorDep, set_session
from app.dependencies import PublishedDep
from layers.accounts import ACTIONS
from layers.errors import AtlasError, InvalidParameter, LockedOut
from layers.people import change_own_password, issue_token, revoke_own_token

from .answers import go_to, page

router = APIRouter(prefix="/account", dependencies=[Depends(Needs("own"))])

HERE = "/studio/account"


@router.get("")
def get_account(request: Request, published: PublishedDep, visitor: VisitorDep) -> Response:
    """Return the page of whoever is logged in."""
    return _page(request, published, visitor)


@router.post("/password")
def post_password(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    old: Annotated[str, Form(max_length=2_000)] = "",
    new: Annotated[str, Form(max_length=2_000)] = "",
    again: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Give whoever is logged in a new password; all their other sessions end."""
    try:
        secret = change_own_password(published.store, visitor.account, old, new, again)
    except (InvalidParameter, LockedOut) as fault:
        return _page(request, published, visitor, fault=fault)
    answer = go_to(HERE, "password")
    set_session(request, answer, secret)
    return answer


@router.post("/tokens")
def post_token(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    label: Annotated[str, Form(max_length=100)] = "",
    layer: Annotated[str, Form(max_length=100)] = "*",
    action: Annotated[str, Form(max_length=20)] = "read",
    days: Annotated[int, Form()] = 90,
) -> Response:
    """Make a token; this answer is the only one that shows it."""
    store, bundle = published.store, published.bundle
    scopes = [f"{layer}:{action}"]
    try:
        _, secret = issue_token(store, bundle, visitor.account, label.strip(), scopes, days)
    except InvalidParameter as fault:
        return _page(request, published, visitor, fault=fault)
    return _page(request, published, visitor, secret=secret)


@router.post("/tokens/{number}/revoke")
def post_revoke(
    published: PublishedDep, visitor: VisitorDep, number: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> Response:
    """End a token of whoever is logged in."""
    revoke_own_token(published.store, visitor.account, number)
    return go_to(HERE, "revoked")


def _page(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    *,
    secret: str | None = None,
    fault: AtlasError | None = None,
) -> Response:
    return page(
        request,
        "account.html",
        visitor,
        200 if fault is None else 400,
        fault=fault,
        tokens=published.store.people.tokens(visitor.account.name),
        layers=published.bundle.catalogue.layers,
        actions=ACTIONS if visitor.may("draft") else ("read",),
        secret=secret,
    )
