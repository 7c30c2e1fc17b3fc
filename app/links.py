"""Addresses, media types, and which of them a client wants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from mimeparse import MimeTypeParseException, best_match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
PROBLEM = "application/problem+json"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
MVT = "application/vnd.mapbox-vector-tile"
STYLE = "application/vnd.mapbox.style+json"

IMMUTABLE = "public, max-age=31536000, immutable"
"""Of an address whose bytes never change: it names a revision."""

POINTER = "public, max-age=5, stale-while-revalidate=60"
"""Of an address that answers with what is published now (RFC 5861, section 3)."""

REQUEST_ID = "x-request-id"
"""The header by which a request is found again in the log."""

Link = dict[str, str]

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]+')


def address(request: Request, path: str, query: Mapping[str, object] | None = None) -> str:
    """Return an absolute address of this server, as the client knows it.

    Parameters
    ----------
    path : str
        Absolute, without host.
    query : Mapping, optional
        Parameters in order; those that are None are left out.
    """
    given = {name: value for name, value in (query or {}).items() if value is not None}
    suffix = f"?{urlencode(given)}" if given else ""
    return f"{base_of(request)}{path}{suffix}"


def base_of(request: Request) -> str:
    """Return scheme and host of this server, as clients know it: set, or else what they say."""
    return str(request.app.state.settings.public_url or request.base_url).rstrip("/")


def own_address(request: Request) -> str:
    """Return the address that was asked for, as clients know it."""
    asked = request.url
    return f"{base_of(request)}{str(asked).removeprefix(f'{asked.scheme}://{asked.netloc}')}"


def link(href: str, rel: str, media_type: str, title: str) -> Link:
    """Return a link object (OGC API - Features Part 1, section 7.1; RFC 8288)."""
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def attachment(plain: str, title: str, parts: str, ending: str) -> str:
    """Return the header that names a file, for clients of every kind (RFC 6266, RFC 8187).

    Parameters
    ----------
    plain : str
        Its name for clients that know ASCII only, without the ending.
    title : str
        How its full name begins: a title that somebody has thought of, or nothing.
    parts : str
        How it goes on, as in ``-第3版-2026-11-27``.
    """
    plain = _NOT_IN_NAMES.sub("-", plain.encode("ascii", "replace").decode())
    begin = _NOT_IN_NAMES.sub(" ", title).strip()
    full = quote(f"{begin}{parts}.{ending}" if begin else f"{plain}.{ending}", safe="")
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{full}"


def prefers_html(accept: str) -> bool:
    """Tell whether an Accept header asks for a page rather than for JSON.

    JSON is what a client gets that takes anything, or whose header cannot be read.
    """
    try:
        return bool(best_match([HTML, GEOJSON, JSON], accept or "*/*") == HTML)
    except MimeTypeParseException:
        return False
