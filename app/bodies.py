"""The bodies of requests that change one feature."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from .problems import TooLarge

_LARGEST = 5_000_000


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises
    ------
    TooLarge
        If it is no single feature by its size; the rest is not read.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST:
            raise TooLarge(
                f"The body has more than {_LARGEST:,} bytes; an edit is of one feature. Many "
                "are published with atlas import."
            )
        parts.append(part)
    return b"".join(parts)


BodyDep = Annotated[bytes, Depends(read_body)]
