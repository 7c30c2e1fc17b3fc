"""What there is at a place, by collection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from shapely import Point, get_coordinates

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from app.links import GEOJSON, HTML, JSON, address, link, own_address
from layers.crs import find_crs, published_crs
from layers.errors import InvalidParameter
from layers.places import features_near

from .answers import json_answer
from .operations import get as described
from .operations import query, reference
from .parameters import (
    DEFAULT_LIMIT,
    chosen_collections,
    numbers,
    page_limit,
    refuse_unknown,
)

if TYPE_CHECKING:
    from app.wording import Wording
    from layers.places import Near
    from layers.served import ServedLayer

    from .operations import Schema

router = APIRouter(prefix="/api")

FARTHEST_M = 1_000.0
"""Metres around a place that can be looked at."""


@router.api_route("/at", methods=["GET", "HEAD"])
def get_at(request: Request, atlas: AtlasDep, templates: TemplatesDep) -> Response:
    """Return everything at a place: what covers it, and with `within` what is near it."""
    given = refuse_unknown(request, ["point", "crs", "collections", "within", "limit"])
    longitude, latitude = _point(given)
    within_m = _within(given.get("within", "0"))
    limit = page_limit(given["limit"]) if "limit" in given else DEFAULT_LIMIT
    words = templates.wording(atlas, parse_language(given.get("lang")))
    collections = []
    for snapshot in chosen_collections(atlas, given.get("collections")):
        found = features_near(snapshot, longitude, latitude, within_m)
        collections.append(
            {
                "id": snapshot.layer.id,
                "title": words.title(snapshot.layer),
                "numberMatched": len(found),
                "numberReturned": min(limit, len(found)),
                "features": [_feature(request, words, snapshot, each) for each in found[:limit]],
            }
        )
    document = {
        "point": {"type": "Point", "coordinates": [longitude, latitude]},
        "within_m": within_m,
        "collections": collections,
        "links": [link(own_address(request), "self", JSON, "This document")],
    }
    return json_answer(request, document)


def _point(given: dict[str, str]) -> tuple[float, float]:
    """Return the place that is asked for in CRS84 degrees.

    Raises
    ------
    InvalidParameter
        If it is none, or not on the earth.
    """
    if "point" not in given:
        raise InvalidParameter(
            "point", "Parameter point is missing; write longitude,latitude as in 116.98,36.6."
        )
    crs = find_crs(given["crs"], "crs") if "crs" in given else published_crs()[0]
    first, second = numbers("point", given["point"], 2)
    ((longitude, latitude),) = get_coordinates(crs.to_crs84(Point(first, second))).tolist()
    on_earth = math.isfinite(longitude) and abs(longitude) <= 180 and abs(latitude) <= 90
    if not on_earth:
        raise InvalidParameter(
            "point",
            "Parameter point is outside longitude ±180, latitude ±90; its order is that of the "
            "axes of crs.",
        )
    return longitude, latitude


def _within(text: str) -> float:
    (metres,) = numbers("within", text, 1)
    if not 0 <= metres <= FARTHEST_M:
        raise InvalidParameter("within", f"Parameter within must be 0 to {FARTHEST_M:g} metres.")
    return metres


def _feature(request: Request, words: Wording, snapshot: ServedLayer, near: Near) -> dict[str, Any]:
    feature, layer = near.feature, snapshot.layer
    path = f"/api/collections/{layer.id}"
    item = f"{path}/items/{quote(feature.id, safe='')}"
    return {
        "id": feature.id,
        "name": words.text(feature.properties, "name") or layer.name_of(feature),
        "geometry_type": feature.geometry.geom_type if feature.geometry is not None else None,
        "distance_m": round(near.distance_m, 3),
        "precision": feature.properties.get("precision"),
        "uncertainty_m": feature.properties.get("uncertainty_m"),
        "links": [
            link(address(request, item), "item", GEOJSON, "The feature"),
            link(address(request, item, {"f": "html"}), "alternate", HTML, "As a page"),
            link(address(request, path), "collection", JSON, "Collection"),
        ],
    }


def describe() -> Schema:
    """Return the OpenAPI description of this resource."""
    metres = {"type": "number", "minimum": 0, "maximum": FARTHEST_M, "default": 0}
    position = {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 2,
        "example": [116.98, 36.6],
    }
    point = query("point", "Longitude and latitude, or what crs has for axes", position)
    named = {"type": "array", "items": {"type": "string"}}
    return described(
        "getAt",
        "Everything at a place",
        "Place",
        parameters=[
            {**point, "required": True},
            query("within", "Metres around the place that count too", metres),
            query("collections", "The only collections to look in", named),
            reference("crs"),
            reference("limit"),
        ],
        missing=True,
    )
