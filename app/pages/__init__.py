"""The pages for people."""

from fastapi import APIRouter

from app.access import PUBLIC

from . import indicators, opinions, plan, routes

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
for _part in (routes, plan, indicators, opinions):
    router.include_router(_part.router)

__all__ = ["router"]
