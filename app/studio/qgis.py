"""How to connect with QGIS, and files with which it opens the atlas ready to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import shapely
from fastapi import APIRouter, Depends, Request, Response

from app.access import Needs, VisitorDep
from app.dependencies import PublishedDep, SettingsDep, TemplatesDep
from app.i18n import gettext_noop as _
from app.links import address, attachment
from app.maps.qgis import DEGREES, METRES, Told, layer_definition, project
from layers.measure import to_4548
from layers.publishing import layer_of

from .answers import language_of, page

if TYPE_CHECKING:
    from app.published import Published
    from app.settings import Settings
    from app.wording import Wording
    from layers.model import Layer

router = APIRouter(prefix="/qgis", dependencies=[Depends(Needs("own"))])

Unit: TypeAlias = Literal["metres", "degrees"]

_FAMILIES = {"Point": _("点"), "LineString": _("线"), "Polygon": _("面")}


@router.get("")
def get_page(
    request: Request, published: PublishedDep, settings: SettingsDep, visitor: VisitorDep
) -> Response:
    """Return the page that says how to connect."""
    return page(
        request,
        "qgis.html",
        visitor,
        api=_api(request, settings),
        layers=_layers(published),
    )


@router.get("/atlas.qgs")
def get_project(
    request: Request,
    published: PublishedDep,
    settings: SettingsDep,
    templates: TemplatesDep,
    unit: Unit = "metres",
) -> Response:
    """Return a project with all layers."""
    catalogue = published.bundle.catalogue
    words = templates.wording(published.latest.atlas, language_of(request))
    title = words.title(catalogue)
    told = _told(request, settings, words, unit)
    text = project(_layers(published), catalogue, title, told, _view(published))
    return _file(text, "shizhong-atlas", title, "qgs")


@router.get("/{layer_id}.qlr")
def get_layer(
    request: Request,
    published: PublishedDep,
    settings: SettingsDep,
    templates: TemplatesDep,
    layer_id: str,
    unit: Unit = "metres",
) -> Response:
    """Return the definition of a layer."""
    layer = layer_of(published.bundle, layer_id)
    words = templates.wording(published.latest.atlas, language_of(request))
    told = _told(request, settings, words, unit)
    text = layer_definition(layer, published.bundle.catalogue, told)
    return _file(text, layer.id, words.title(layer), "qlr")


def _layers(published: Published) -> list[Layer]:
    """Return the layers that the API has, the lowest first."""
    known = published.latest.atlas.layers
    return [each for each in published.bundle.catalogue.layers if each.id in known]


def _view(published: Published) -> tuple[float, float, float, float] | None:
    """Return what encloses the lowest layer, in EPSG:4548 metres."""
    box = next((published.latest.atlas.layers[each.id].bbox for each in _layers(published)), None)
    if box is None:
        return None
    west, south, east, north = to_4548(shapely.box(*box)).bounds
    return west, south, east, north


def _told(request: Request, settings: Settings, words: Wording, unit: Unit) -> Told:
    return Told(
        _api(request, settings),
        METRES if unit == "metres" else DEGREES,
        words.title,
        words.column,
        {name: words.gettext(title) for name, title in _FAMILIES.items()},
    )


def _api(request: Request, settings: Settings) -> str:
    return f"{settings.public_url}/api" if settings.public_url else address(request, "/api")


def _file(text: bytes, plain: str, title: str, ending: str) -> Response:
    headers = {
        "Content-Disposition": attachment(plain, title, "", ending),
        "Cache-Control": "no-store",
    }
    return Response(text, headers=headers, media_type="application/xml")
