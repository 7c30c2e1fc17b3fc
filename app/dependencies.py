"""What routes are given: the published state and the pages' templates."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from layers.snapshot import Atlas

from .templating import Templates


def get_atlas(request: Request) -> Atlas:
    """Return the state that is published now; a request keeps it from start to end."""
    return cast("Atlas", request.app.state.atlas)


def get_templates(request: Request) -> Templates:
    """Return the templates of all pages."""
    return cast("Templates", request.app.state.templates)


AtlasDep = Annotated[Atlas, Depends(get_atlas)]
TemplatesDep = Annotated[Templates, Depends(get_templates)]
