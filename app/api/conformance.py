"""Conformance (OGC API - Features Part 1, section 7.4): the union of what each part earns."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep

from . import common, features, openapi, schemas, tiles, transactions
from .answers import json_answer, page_answer, self_links, wants_page
from .parameters import refuse_unknown

_PARTS = (common, features, schemas, transactions, tiles, openapi)
CONFORMANCE = tuple(uri for part in _PARTS for uri in part.CONFORMANCE)

router = APIRouter(prefix="/api")


@router.api_route("/conformance", methods=["GET", "HEAD"])
def get_conformance(request: Request, atlas: AtlasDep, templates: TemplatesDep) -> Response:
    """Return the conformance classes that the API keeps."""
    refuse_unknown(request)
    if wants_page(request):
        return page_answer(
            request,
            atlas,
            templates,
            "conformance.html",
            trail=common.collections_trail(request, atlas, templates)[:1],
            conforms_to=CONFORMANCE,
        )
    links = self_links(request, page=False)
    return json_answer(request, {"conformsTo": CONFORMANCE, "links": links})
