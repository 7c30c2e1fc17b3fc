"""OGC API - Features over the published state; one module per part of the standard."""

from fastapi import APIRouter

from . import common, features, openapi

CONFORMANCE = (*common.CONFORMANCE, *features.CONFORMANCE, *openapi.CONFORMANCE)

router = APIRouter(prefix="/api")
for part in (common, features, openapi):
    router.include_router(part.router)

__all__ = ["CONFORMANCE", "router"]
