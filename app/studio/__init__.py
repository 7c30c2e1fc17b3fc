"""The studio: where staff upload, check, review, publish and look after the atlas."""

from fastapi import APIRouter

from . import account, audit, overview, people, session, uploads

router = APIRouter(include_in_schema=False)
for _part in (session, overview, account, people, audit, uploads):
    router.include_router(_part.router, prefix="/studio")

__all__ = ["router"]
