"""The API over the published state.

OGC API - Features, one module per part of the standard, and beside it what has no geometry:
plans, figures, search.
"""

from fastapi import APIRouter

from app.access import PUBLIC

from . import (
    common,
    conformance,
    downloads,
    facets,
    features,
    history,
    indicators,
    openapi,
    places,
    plans,
    schemas,
    search,
    stats,
    tiles,
    transactions,
    whole,
    years,
)

router = APIRouter(dependencies=[PUBLIC])
for _part in (
    common,
    conformance,
    features,
    schemas,
    transactions,
    tiles,
    history,
    whole,
    downloads,
    places,
    stats,
    openapi,
    facets,
    plans,
    years,
    indicators,
    search,
):
    router.include_router(_part.router)

__all__ = ["router"]
