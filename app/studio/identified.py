"""Logging in through the provider of identities that the operator has named."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.access import PUBLIC, drop_flow, get_flow, set_flow, set_session
from app.dependencies import ProviderDep, PublishedDep
from app.identity import Flow, NotIdentified
from layers.errors import LockedOut, NotAllowed, NotFound
from layers.people import log_in_identified
from layers.store import Store

from .answers import go_to, page
from .session import HOME, inside, login_page

router = APIRouter()

PATH = "/studio/login/identity/back"
"""Where the provider sends browsers; the operator registers it there."""


@router.get("/login/identity", dependencies=[PUBLIC])
def get_provider_page(request: Request, provider: ProviderDep, next: str = HOME) -> Response:
    """Send somebody to the provider.

    Raises
    ------
    NotFound
        If the operator has named none.
    """
    if provider is None:
        raise NotFound("There is no identity provider here; log in at /studio/login.")
    flow = Flow.begin(inside(next[:1_000]))
    try:
        answer = go_to(provider.begin(flow))
    except NotIdentified as refusal:
        return login_page(request, flow.where, refusal)
    set_flow(request, answer, str(flow))
    return answer


@router.get("/login/identity/back", dependencies=[PUBLIC])
def get_provider_answer(
    request: Request, provider: ProviderDep, published: PublishedDep
) -> Response:
    """Let in whom the provider names, or say why not.

    Raises
    ------
    NotFound
        If the operator has named none.
    """
    if provider is None:
        raise NotFound("There is no identity provider here; log in at /studio/login.")
    flow = Flow.read(get_flow(request))
    where = HOME if flow is None else inside(flow.where)
    try:
        name = provider.finish(flow, request.query_params)
        secret = _enter(published.store, name)
    except (LockedOut, NotIdentified) as refusal:
        answer = login_page(request, where, refusal)
    else:
        answer = page(request, "entered.html", None, next=where)
        set_session(request, answer, secret)
    drop_flow(request, answer)
    return answer


def _enter(store: Store, name: str) -> str:
    try:
        return log_in_identified(store, name, "the identity provider")
    except NotAllowed as refusal:
        raise NotIdentified("account", refusal.sentence) from refusal
