"""Search by name, pinyin, initials and the plan's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep
from app.i18n import parse_language
from layers.errors import InvalidParameter

from .answers import json_answer
from .parameters import refuse_unknown, whole_number

if TYPE_CHECKING:
    from layers.search import Hit
    from layers.snapshot import Atlas

DEFAULT_HITS = 20
MOST_HITS = 100
LONGEST_QUESTION = 2000

router = APIRouter(prefix="/api")


@router.api_route("/search", methods=["GET", "HEAD"])
async def get_search(request: Request, atlas: AtlasDep) -> Response:
    """Return what a query finds, best first: features, then paragraphs of imported texts."""
    given = refuse_unknown(request, {"q", "limit"})
    if "q" not in given:
        raise InvalidParameter("q", "Parameter q is missing; give what to look for.")
    if len(given["q"]) > LONGEST_QUESTION:
        raise InvalidParameter("q", f"Parameter q is longer than {LONGEST_QUESTION} characters.")
    limit = whole_number("limit", given["limit"]) if "limit" in given else DEFAULT_HITS
    english = parse_language(given.get("lang")) == "en"
    hits = atlas.search.search(given["q"], min(limit, MOST_HITS))
    return json_answer(
        request, {"q": given["q"], "results": [_result(atlas, hit, english) for hit in hits]}
    )


def _result(atlas: Atlas, hit: Hit, english: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": hit.name,
        "collection": hit.collection,
        "id": hit.id,
        "kind": hit.kind,
        "matched": hit.matched,
        "tier": hit.tier,
    }
    found = atlas.feature(f"{hit.collection}/{hit.id}")
    suffix = "lang=en" if english else ""
    if found is None:
        plan_id, _, paragraph = hit.id.partition("#")
        page = f"/plan/{plan_id}{f'?{suffix}' if suffix else ''}#{paragraph}"
        return result | {"mapped": False, "href": page}
    properties = found[1].properties
    return result | {
        "name_en": properties.get("name_en", hit.name),
        "zone": properties.get("zone"),
        "mapped": found[1].geometry is not None,
        "href": f"/?f={hit.collection}/{hit.id}{f'&{suffix}' if suffix else ''}",
    }
