"""What routes are given: the published state, its maps, and the pages' templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import Depends, Request

from layers.basemaps import Basemap
from layers.snapshot import Atlas
from layers.uploads import Uploads

from .desk import Desk
from .downloads import Downloads
from .identity import Provider
from .maps.figure import RenderedMap
from .published import Published, State
from .settings import Settings
from .templating import Templates


async def get_state(request: Request) -> State:
    """Return the state that is published now; a request keeps it from start to end.

    With the parameter ``min_seq`` it is at least as new as that sequence number.

    Raises
    ------
    InvalidParameter
        If the parameter is no number.
    NotFresh
        If the store does not have it yet: a replica that lags behind.
    """
    return await get_published(request).current(request.query_params.get("min_seq"))


def get_basemaps(request: Request) -> Mapping[str, Basemap]:
    """Return the basemaps that the operator has configured, by id."""
    return cast("Mapping[str, Basemap]", request.app.state.basemaps)


def get_templates(request: Request) -> Templates:
    """Return the templates of all pages."""
    return cast("Templates", request.app.state.templates)


def get_published(request: Request) -> Published:
    """Return what keeps the published state up to date."""
    return cast("Published", request.app.state.published)


def get_downloads(request: Request) -> Downloads:
    """Return what writes files for clients."""
    return cast("Downloads", request.app.state.downloads)


def get_uploads(request: Request) -> Uploads:
    """Return the files that wait to become drafts."""
    return cast("Uploads", request.app.state.uploads)


def get_provider(request: Request) -> Provider | None:
    """Return through whom people may log in besides with a password."""
    return cast("Provider | None", request.app.state.provider)


def get_desk(request: Request) -> Desk:
    """Return where opinions of the public come in."""
    return cast("Desk", request.app.state.desk)


def get_settings(request: Request) -> Settings:
    """Return how this atlas runs."""
    return cast("Settings", request.app.state.settings)


BasemapsDep = Annotated[Mapping[str, Basemap], Depends(get_basemaps)]
DeskDep = Annotated[Desk, Depends(get_desk)]
DownloadsDep = Annotated[Downloads, Depends(get_downloads)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
PublishedDep = Annotated[Published, Depends(get_published)]
ProviderDep = Annotated[Provider | None, Depends(get_provider)]
StateDep = Annotated[State, Depends(get_state)]
UploadsDep = Annotated[Uploads, Depends(get_uploads)]
TemplatesDep = Annotated[Templates, Depends(get_templates)]


async def get_atlas(state: StateDep) -> Atlas:
    """Return the published state without its maps."""
    return state.atlas


async def get_maps(state: StateDep) -> Mapping[str, RenderedMap]:
    """Return the maps of the published state, by name."""
    return state.maps


AtlasDep = Annotated[Atlas, Depends(get_atlas)]
MapsDep = Annotated[Mapping[str, RenderedMap], Depends(get_maps)]
