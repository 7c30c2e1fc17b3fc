"""How pages are answered: fetched again only when they have changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import Response
from fastapi.responses import RedirectResponse

if TYPE_CHECKING:
    from fastapi import Request


def page_response(request: Request, html: str) -> Response:
    """Return a page that is fetched again only when it has changed.

    Parameters
    ----------
    request : Request
        Its ``If-None-Match`` is compared with the page's digest.
    html : str

    Returns
    -------
    Response
        The page, or 304 without a body.
    """
    body = html.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/html", headers=headers)


def as_json(request: Request, path: str) -> Response | None:
    """Return where the same resource is as JSON, if ``f=json`` asks for it."""
    if request.query_params.get("f") != "json":
        return None
    query = {k: v for k, v in request.query_params.items() if k not in {"f", "lang"}}
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path)


def is_known(request: Request, etag: str) -> bool:
    """Tell whether the client has the bytes of an ETag already."""
    known = request.headers.get("if-none-match", "")
    return etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}
