"""How the API answers: JSON or a page, with an ETag that lets a client keep what it has."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Response

from app.i18n import parse_language
from app.links import HTML, JSON, Link, address, link, prefers_html

if TYPE_CHECKING:
    from fastapi import Request

    from app.templating import Templates
    from layers.snapshot import Atlas


def wants_page(request: Request) -> bool:
    """Tell whether the answer is to be a page: `f` decides, else the Accept header."""
    wanted = request.query_params.get("f")
    return wanted == "html" if wanted else prefers_html(request.headers.get("accept", ""))


def self_links(request: Request, *, page: bool, media_type: str = JSON) -> list[Link]:
    """Return the links to this resource and to its other format (Part 1, section 7.2)."""
    here = link(_with(request, f="html" if page else "json"), "self", media_type, "This document")
    there = link(_with(request, f="json" if page else "html"), "alternate", HTML, "As a page")
    if page:
        here["type"], there["type"], there["title"] = HTML, media_type, "As JSON"
    return [here, there]


def json_answer(
    request: Request, document: Any, media_type: str = JSON, cache: str = "no-cache"
) -> Response:
    """Return a document as JSON."""
    return bytes_answer(request, orjson.dumps(document), media_type, cache)


def bytes_answer(
    request: Request, body: bytes, media_type: str, cache: str = "no-cache"
) -> Response:
    """Return ready bytes, or 304 without them if the client has them already."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Accept"}
    known = request.headers.get("if-none-match", "")
    if etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def page_answer(
    request: Request,
    atlas: Atlas,
    templates: Templates,
    name: str,
    *,
    trail: list[tuple[str, str]],
    **context: object,
) -> Response:
    """Return a page of the API.

    Parameters
    ----------
    name : str
        Template below ``app/templates/api``.
    trail : list of (path, words)
        The way down to this page, this page excluded.
    **context
        What the comment at the top of the template asks for.
    """
    language = parse_language(request.query_params.get("lang"))
    html = templates.render(
        f"api/{name}",
        atlas=atlas,
        lang=language,
        trail=[{"href": page_href(request, path), "words": words} for path, words in trail],
        json_href=_with(request, f="json", lang=None),
        switch_href=_with(request, f="html", lang=None if language == "en" else "en"),
        self_href=request.url.path,
        **context,
    )
    return bytes_answer(request, html.encode(), HTML)


def page_href(request: Request, path: str, **query: object) -> str:
    """Return the address of a page in the language of this one."""
    english = parse_language(request.query_params.get("lang")) == "en"
    return address(request, path, {"f": "html", "lang": "en" if english else None, **query})


def _with(request: Request, **changes: object) -> str:
    """Return the address of this request with some parameters changed."""
    query: dict[str, object] = {**request.query_params, **changes}
    return address(request, request.url.path, query)
