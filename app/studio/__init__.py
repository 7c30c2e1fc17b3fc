"""The studio: where staff upload, check, review, publish and look after the atlas."""

from fastapi import APIRouter

from . import account, audit, draft, drafts, overview, people, rebasing, session

router = APIRouter(include_in_schema=False)
for _part in (session, overview, drafts, draft, rebasing, account, people, audit):
    router.include_router(_part.router, prefix="/studio")

__all__ = ["router"]
