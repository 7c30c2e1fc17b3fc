"""The pages for people."""

from fastapi import APIRouter

from app.access import PUBLIC

from . import (
    areas,
    basemaps,
    compare,
    docs,
    embed,
    features,
    help,
    indicators,
    nearby,
    opinions,
    pack,
    plan,
    routes,
    tables,
    zones,
)

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
_PARTS = (
    routes,
    basemaps,
    embed,
    plan,
    indicators,
    opinions,
    pack,
    features,
    nearby,
    zones,
    tables,
    compare,
    areas,
    help,
    docs,
)
for _part in _PARTS:
    router.include_router(_part.router)

__all__ = ["router"]
