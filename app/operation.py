"""What those who run the atlas ask it: whether it lives, whether it can answer, how it does."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from layers.errors import StoreUnavailable

from .access import PUBLIC, NeedsOperator
from .dependencies import PublishedDep

router = APIRouter(include_in_schema=False)

_NO_STORE = {"Cache-Control": "no-store"}
_PATIENCE_S = 5.0


@router.api_route("/healthz", methods=["GET", "HEAD"], dependencies=[PUBLIC])
async def get_health() -> Response:
    """Say that the process answers."""
    return Response("ok\n", 200, _NO_STORE, media_type="text/plain")


@router.api_route("/readyz", methods=["GET", "HEAD"], dependencies=[PUBLIC])
async def get_readiness(published: PublishedDep) -> Response:
    """Say that the store can be asked and something is shown.

    Raises
    ------
    StoreUnavailable
        If not: visitors are better sent to another worker.
    """
    try:
        await asyncio.wait_for(asyncio.to_thread(published.store.sequence), _PATIENCE_S)
    except (StoreUnavailable, TimeoutError) as error:
        # Where the store is, and why it cannot be asked, is for the log and not for everybody.
        raise StoreUnavailable(
            "The store cannot be asked; what was published last is still shown."
        ) from error
    return Response("ready\n", 200, _NO_STORE, media_type="text/plain")


@router.get("/metrics", dependencies=[Depends(NeedsOperator("administer"))])
def get_metrics(request: Request) -> Response:
    """Return what is counted and measured, in Prometheus' text format."""
    text: bytes = request.app.state.metrics.text()
    return Response(text, 200, _NO_STORE, media_type=CONTENT_TYPE_LATEST)
