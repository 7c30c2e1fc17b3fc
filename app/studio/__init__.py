"""The studio: where staff upload, check, review, publish and look after the atlas."""

from fastapi import APIRouter

from . import (
    account,
    audit,
    draft,
    drafts,
    draw_edits,
    drawing,
    history,
    identified,
    overview,
    people,
    qgis,
    rebasing,
    reports,
    session,
    uploads,
)

router = APIRouter(include_in_schema=False)
for _part in (
    session,
    identified,
    overview,
    uploads,
    drafts,
    draft,
    rebasing,
    history,
    drawing,
    draw_edits,
    qgis,
    account,
    reports,
    people,
    audit,
):
    router.include_router(_part.router, prefix="/studio")

__all__ = ["router"]
