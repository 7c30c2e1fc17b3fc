"""The pages for people."""

from fastapi import APIRouter

from app.access import PUBLIC

from . import areas, features, help, indicators, nearby, plan, routes, tables, zones

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
for _part in (routes, plan, indicators, features, nearby, zones, tables, areas, help):
    router.include_router(_part.router)

__all__ = ["router"]
