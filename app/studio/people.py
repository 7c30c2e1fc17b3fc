"""The people of the atlas, as an administrator sees them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response

from app.access import Needs, VisitorDep
from app.dependencies import PublishedDep
from layers.accounts import new_account
from layers.errors import InvalidParameter
from layers.people import change_access
from layers.roles import ROLES

from .answers import go_to, page

router = APIRouter(prefix="/people", dependencies=[Depends(Needs("administer"))])

HERE = "/studio/people"


@router.get("")
def get_people(request: Request, published: PublishedDep, visitor: VisitorDep) -> Response:
    """Return everybody with role, state and tokens in force."""
    return _page(request, published, visitor)


@router.post("")
def post_person(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    name: Annotated[str, Form(max_length=200)] = "",
    shown: Annotated[str, Form(max_length=100)] = "",
    role: Annotated[str, Form(max_length=20)] = "editor",
    password: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Add a person."""
    try:
        account = new_account(name, shown.strip(), role, password)
        published.store.people.add(account, author=visitor.account.name)
    except InvalidParameter as fault:
        return _page(request, published, visitor, fault)
    return go_to(HERE, "added")


@router.post("/{name}")
def post_change(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    name: str,
    what: Annotated[str, Form(max_length=20)] = "",
    value: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Change a person; see `layers.people.change_access`."""
    try:
        change_access(published.store, visitor.account, name, what, value)
    except InvalidParameter as fault:
        return _page(request, published, visitor, fault)
    return go_to(HERE, "changed")


@router.post("/tokens/{number}/revoke")
def post_revoke(
    published: PublishedDep, visitor: VisitorDep, number: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> Response:
    """End anybody's token."""
    published.store.people.revoke(number, author=visitor.account.name)
    return go_to(HERE, "revoked")


def _page(
    request: Request,
    published: PublishedDep,
    visitor: VisitorDep,
    fault: InvalidParameter | None = None,
) -> Response:
    now = datetime.now(UTC)
    return page(
        request,
        "people.html",
        visitor,
        200 if fault is None else 400,
        fault=fault,
        accounts=published.store.people.accounts(),
        tokens=[
            each
            for each in published.store.people.tokens()
            if each.revoked is None and each.expires > now
        ],
        roles=ROLES,
    )
