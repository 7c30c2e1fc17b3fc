"""Who asks, and whether they may: every route declares the right that it needs."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from layers.errors import NotAllowed
from layers.people import find_session
from layers.roles import has_right

from .dependencies import get_published, get_settings

if TYPE_CHECKING:
    from starlette.responses import Response

    from layers.accounts import Account, Action
    from layers.roles import Right
    from layers.store import Session

_SAFE = frozenset(["GET", "HEAD", "OPTIONS"])
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"


class LoginNeeded(NotAllowed):
    """A page of the studio is asked for by somebody who is not logged in."""

    def __init__(self) -> None:
        super().__init__("Log in at /studio/login first.", known=False)


class Visitor(NamedTuple):
    """Somebody who is logged in.

    Attributes
    ----------
    csrf : str
        What forms of their pages must carry; another site cannot know it.
    """

    account: Account
    session: Session
    csrf: str

    def may(self, right: Right) -> bool:
        """Tell whether their role has a right."""
        return has_right(self.account.role, right)


class Declared:
    """The right that a route needs; a dependency of FastAPI, which each route has.

    Parameters
    ----------
    right : Right
    """

    def __init__(self, right: Right) -> None:
        self.right: Right = right


class Needs(Declared):
    """What a route asks of whoever calls it with a browser.

    Requests that change something must also come from a page of ours.
    """

    async def __call__(self, request: Request) -> None:
        """Let a request pass.

        Raises
        ------
        LoginNeeded
            If nobody is logged in, and the right is not everybody's.
        NotAllowed
            If the role does not have the right, or the request comes from another site.
        """
        if self.right == "public":
            return
        visitor = await _visitor(request)
        if visitor is None:
            raise LoginNeeded
        if request.method not in _SAFE:
            refuse_other_sites(request)
            await _refuse_forged(request, visitor)
        if not visitor.may(self.right):
            raise NotAllowed(
                f"The role {visitor.account.role} may not do this ({self.right}); ask an "
                "administrator.",
                known=True,
            )


class NeedsToken(Declared):
    """What a route asks of a program: a token for the collection of its path.

    The token stands in ``Authorization: Bearer``, or as the password of HTTP Basic, whose user
    name is not looked at: QGIS and old scripts know nothing else. A cookie is worth nothing here.
    """

    async def __call__(self, request: Request, collection_id: str) -> None:
        """Let a request pass; `get_token_account` then tells whose token it has.

        Raises
        ------
        NotAllowed
            If there is no token, or it may not.
        """
        find = partial(_token_account, request, collection_id, self.right)
        request.state.token_account = await run_in_threadpool(find)


def get_token_account(request: Request) -> Account:
    """Return whose token a request has; its route declares a right with `NeedsToken`."""
    return cast("Account", request.state.token_account)


def _token_account(request: Request, collection_id: str, right: Right) -> Account:
    secret = _token(request.headers.get("authorization", ""))
    if secret is None:
        raise NotAllowed(
            "Editing needs a token: send it as Authorization: Bearer, or as the password of HTTP "
            "Basic; atlas token add makes one.",
            known=False,
        )
    published = get_published(request)
    layers = {layer.id: layer for layer in published.bundle.catalogue.layers}
    reviewed = collection_id in layers and layers[collection_id].review
    actions: tuple[Action, ...] = ("publish",) if reviewed else ("edit", "publish")
    needed = "publish" if reviewed else right
    for action in actions:
        account = published.store.people.verify_token(secret, collection_id, action)
        if account is not None and has_right(account.role, needed):
            return account
    raise NotAllowed(
        f"Changes of {collection_id} are reviewed: make a draft in the studio, or use a token of a "
        "reviewer that may publish."
        if reviewed
        else f"This token may not edit {collection_id}, has expired, or was revoked.",
        known=True,
    )


def _token(authorization: str) -> str | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_THIS_MACHINE = frozenset(["127.0.0.1", "::1", "localhost"])


class NeedsOperator(Declared):
    """What a route asks of whoever runs the atlas: the token of its settings.

    Where none is set, a request must come from this machine and through no proxy. Whoever is
    logged in and has the right may read it too.
    """

    async def __call__(self, request: Request) -> None:
        """Let a request pass.

        Raises
        ------
        NotAllowed
            If it may not.
        """
        token = get_settings(request).metrics_token
        given = _token(request.headers.get("authorization", "")) or ""
        if token is None:
            if _is_from_this_machine(request):
                return
        elif secrets.compare_digest(given.encode(), token.get_secret_value().encode()):
            return
        visitor = await _visitor(request)
        if visitor is None or not visitor.may(self.right):
            raise NotAllowed(
                "This is for those who run the atlas: send what ATLAS_METRICS_TOKEN is set to as "
                "Authorization: Bearer.",
                known=visitor is not None,
            )


def _is_from_this_machine(request: Request) -> bool:
    """Tell whether no proxy and no page of another site can have sent a request."""
    host = request.client.host if request.client else ""
    # A page whose name was made to lead here still sends that name (DNS rebinding).
    named = urlsplit(f"//{request.headers.get('host', '')}").hostname
    forwarded = any(name in request.headers for name in _FORWARDED)
    return host in _THIS_MACHINE and named in _THIS_MACHINE and not forwarded


PUBLIC = Depends(Needs("public"))


async def get_visitor(request: Request) -> Visitor:
    """Return who is logged in; a route that asks for it also declares a right."""
    visitor = await _visitor(request)
    if visitor is None:
        raise LoginNeeded
    return visitor


VisitorDep = Annotated[Visitor, Depends(get_visitor)]


async def _visitor(request: Request) -> Visitor | None:
    """Return who is logged in; asked once for a request."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = await run_in_threadpool(_find, request)
    return cast("Visitor | None", request.state.visitor)


def _find(request: Request) -> Visitor | None:
    secret = request.cookies.get(_cookie(request))
    if not secret:
        return None
    idle = timedelta(minutes=get_settings(request).idle_minutes)
    found = find_session(get_published(request).store, secret, idle)
    if found is None:
        return None
    session, account = found
    return Visitor(account, session, _csrf(secret))


def _csrf(secret: str) -> str:
    """Return what follows from a session's secret, and from which it does not follow."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", "sha256").hexdigest()


def set_session(request: Request, response: Response, secret: str) -> None:
    """Give a browser the secret of its session, which no script and no other site can use."""
    response.set_cookie(
        _cookie(request),
        secret,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def drop_session(request: Request, response: Response) -> None:
    """Take the secret from a browser."""
    response.delete_cookie(_cookie(request), path="/", secure=_is_secure(request), httponly=True)


def _cookie(request: Request) -> str:
    """Return the cookie's name; with its prefix no other host can set it (RFC 6265bis, 4.1.3)."""
    return "__Host-atlas" if _is_secure(request) else "atlas"


def set_flow(request: Request, response: Response, flow: str) -> None:
    """Let a browser keep what a login through a provider was begun with, for ten minutes.

    The provider sends the browser back from its own site: a strict cookie would not come along.
    """
    response.set_cookie(
        _flow_cookie(request),
        flow,
        max_age=600,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def get_flow(request: Request) -> str | None:
    """Return what it keeps."""
    return request.cookies.get(_flow_cookie(request))


def drop_flow(request: Request, response: Response) -> None:
    """Take it from a browser: an answer counts once."""
    name = _flow_cookie(request)
    response.delete_cookie(name, path="/", secure=_is_secure(request), httponly=True)


def _flow_cookie(request: Request) -> str:
    return f"{_cookie(request)}-flow"


def _is_secure(request: Request) -> bool:
    address = get_settings(request).public_url or str(request.url)
    return address.startswith("https:")


def refuse_other_sites(request: Request) -> None:
    """Refuse a request that a browser sends for a page of another site.

    Programs that are no browsers send neither header; they hold no cookie of ours either.

    Raises
    ------
    NotAllowed
        If it does.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = {request.url.netloc, urlsplit(get_settings(request).public_url or "").netloc}
    if site not in {None, "same-origin", "none"} or (
        origin is not None and urlsplit(origin).netloc not in own
    ):
        raise NotAllowed("This was sent by a page of another site, and is not done.", known=True)


async def _refuse_forged(request: Request, visitor: Visitor) -> None:
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(_FORMS):
        given = str((await request.form()).get(CSRF_FIELD, ""))
    if not secrets.compare_digest((given or "").encode(), visitor.csrf.encode()):
        raise NotAllowed("The page is too old; reload it and do that again.", known=True)
