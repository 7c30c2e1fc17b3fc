"""The pages for people."""

from fastapi import APIRouter

from app.access import PUBLIC

from . import (
    areas,
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
    routes, embed, plan, indicators, opinions, pack, features, nearby, zones, tables, areas, help,
    docs,
)  # fmt: skip
for _part in _PARTS:
    router.include_router(_part.router)

__all__ = ["router"]
