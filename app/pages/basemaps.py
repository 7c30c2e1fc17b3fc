"""The tiles of basemaps whose archives are on this machine."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.dependencies import BasemapsDep
from layers.errors import NotFound

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
