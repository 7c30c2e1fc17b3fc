"""The bodies of requests: of those that change one feature, and of the public's forms."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from layers.errors import InvalidParameter

from .problems import TooLarge

_LARGEST = 5_000_000
_LARGEST_FORM = 100_000
"""Bytes; 2,000 letters outside the basic plane have 24,000 in a form."""

_MOST_FIELDS = 30


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises
    ------
    TooLarge
        If it is no single feature by its size; the rest is not read.
    """
    return await _read(
        request,
        _LARGEST,
        f"The body has more than {_LARGEST:,} bytes; an edit is of one feature. Many are "
        "published with atlas import.",
    )


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form that anybody may send, by name.

    Raises
    ------
    TooLarge
        If it has more bytes than any form of ours; the rest is not read.
    """
    sentence = f"The form has more than {_LARGEST_FORM:,} bytes; a text may have 2,000 characters."
    body = await _read(request, _LARGEST_FORM, sentence)
    try:
        fields = parse_qsl(body.decode(errors="replace"), True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidParameter("form", "This is no form of ours; open it again.") from None
    return dict(fields)


async def _read(request: Request, most: int, sentence: str) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge(sentence)
        parts.append(part)
    return b"".join(parts)


BodyDep = Annotated[bytes, Depends(read_body)]
FormDep = Annotated[dict[str, str], Depends(read_form)]
