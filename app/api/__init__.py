"""OGC API - Features over the published state; one module per part of the standard."""

from fastapi import APIRouter

from . import common, conformance, features, openapi

router = APIRouter()
for _part in (common, conformance, features, openapi):
    router.include_router(_part.router)

__all__ = ["router"]
