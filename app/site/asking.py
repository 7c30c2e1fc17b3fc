"""The application asked in this process, as a visitor asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from layers.errors import SiteRefused

from .addresses import BASE

if TYPE_CHECKING:
    from types import TracebackType

    from fastapi import FastAPI

_HTML = "text/html"
_MISSING = frozenset([404, 410, 422, 400])


class Visitor:
    """Asks an application for public addresses, without a network."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx2.ASGITransport(app=app)
        self._client = httpx2.AsyncClient(transport=transport, base_url=BASE)

    async def __aenter__(self) -> Visitor:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def read(self, address: str, accept: str = _HTML) -> bytes:
        """Return what an address answers with.

        Raises
        ------
        SiteRefused
            If it does not answer: a site with holes must not take the place of a whole one.
        """
        found = await self.read_if_there(address, accept)
        if found is None:
            raise SiteRefused(f"{address} does not answer, so that the site is not complete.")
        return found

    async def read_if_there(self, address: str, accept: str = _HTML) -> bytes | None:
        """Return what an address answers with; None where there is nothing, or too much."""
        answer = await self._client.get(address, headers={"accept": accept})
        if answer.status_code in _MISSING:
            return None
        if answer.status_code != 200:
            raise SiteRefused(
                f"{address} answered {answer.status_code}; the site was left as it was."
            )
        return answer.content
