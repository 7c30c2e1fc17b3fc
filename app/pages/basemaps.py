"""Basemaps: what the atlas page is told of them, and the tiles of archives on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from app.dependencies import BasemapsDep
from layers.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.wording import Wording
    from layers.basemaps import Basemap

router = APIRouter(include_in_schema=False)

_OF_A_DAY = "public, max-age=86400"


@router.api_route("/basemaps/{basemap_id}/{zoom}/{x}/{y}", methods=["GET", "HEAD"])
def get_basemap_tile(basemaps: BasemapsDep, basemap_id: str, zoom: int, x: int, y: int) -> Response:
    """Return a picture of an archive on this machine; 204 where it has none."""
    basemap = basemaps.get(basemap_id)
    if basemap is None or basemap.archive is None:
        raise NotFound(f"There is no basemap {basemap_id} whose tiles are here.")
    tile = basemap.archive.tile(zoom, x, y)
    headers = {"Cache-Control": _OF_A_DAY}
    if tile is None:
        return Response(status_code=204, headers=headers)
    return Response(tile, media_type=basemap.archive.media_type, headers=headers)


def basemap_choices(basemaps: Iterable[Basemap], words: Wording) -> list[dict[str, Any]]:
    """Return what the atlas page offers, and what its script draws it from."""
    return [
        {
            "id": each.id,
            "title": words.title(each),
            "urls": each.urls or [f"/basemaps/{each.id}/{{z}}/{{x}}/{{y}}"],
            "subdomains": each.subdomains,
            "maxZoom": each.max_zoom,
            "converted": each.datum == "gcj02",
            "credit": " ".join(
                filter(None, [words.title(each, "attribution"), each.review_number])
            ),
            "first": each.is_default,
        }
        for each in basemaps
    ]
