"""The plan by year: what it dates, to when, from which words, and what it leaves without a date."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from app.links import HTML, JSON, address, link
from app.maps.styles import is_ground
from app.wording import number
from layers.errors import InvalidParameter
from layers.indicators import IndicatorSet
from layers.years import YEARS, YearFilter, figures_of, parse_year, plan_years

from .answers import json_answer
from .operations import get as described
from .operations import query
from .parameters import refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wording import Wording
    from layers.model import Feature
    from layers.snapshot import Atlas
    from layers.years import PlanYears

    from .operations import Schema

router = APIRouter(prefix="/api")


@router.api_route("/plans/{plan_id}/years", methods=["GET", "HEAD"])
def get_years(request: Request, atlas: AtlasDep, templates: TemplatesDep, plan_id: str) -> Response:
    """Return the years of what a plan dates; `year` leaves only what belongs to one of them."""
    given = refuse_unknown(request, {"year"})
    years = dated(atlas, plan_id)
    year = parse_year(given["year"]) if "year" in given else None
    words = templates.wording(atlas, parse_language(given.get("lang")))
    features = filtered(atlas)
    shown = {ref: each for ref, each in years.items() if year is None or each.holds(year)}
    layers = Counter(ref.partition("/")[0] for ref in features)
    document = {
        "plan": plan_id,
        "years": list(YEARS),
        "year": year,
        "collections": [
            {
                "id": layer_id,
                "title": words.title(atlas.layers[layer_id].layer),
                "total": count,
                "dated": _of_layer(layer_id, years),
                "matched": _of_layer(layer_id, shown),
                "undated": count - _of_layer(layer_id, years),
            }
            for layer_id, count in layers.items()
        ],
        "features": [_feature(ref, each) for ref, each in shown.items()],
        "figures": [
            each
            for asked in (YEARS if year is None else (year,))
            for each in _figures(atlas, words, plan_id, asked)
        ],
        "links": [
            link(str(request.url), "self", JSON, "This document"),
            link(address(request, f"/plan/{plan_id}"), "related", HTML, "Reader"),
        ],
    }
    return json_answer(request, document)


def filtered(atlas: Atlas) -> dict[str, Feature]:
    """Return by reference what filters of the map move: all that is listed but the ground."""
    return {
        f"{layer_id}/{feature.id}": feature
        for layer_id, snapshot in atlas.listed.items()
        if not is_ground(snapshot.layer.style)
        for feature in snapshot.features
    }


def dated(atlas: Atlas, plan_id: str) -> dict[str, PlanYears]:
    """Return the years of what a plan dates, by reference; see `layers.years`.

    Raises
    ------
    NotFound
        If there is no such plan.
    """
    return plan_years(atlas.plan(plan_id), _of_plan(atlas, plan_id), filtered(atlas))


def year_filter(given: Mapping[str, str], atlas: Atlas) -> YearFilter | None:
    """Return what ``year`` and ``undated`` of a map's address leave; None without a year.

    Raises
    ------
    InvalidParameter
        If the year is none of the plan's, or `undated` is anything but ``off``.
    """
    if not given.get("year"):
        return None
    year = parse_year(given["year"])
    undated = given.get("undated", "")
    if undated not in {"", "off"}:
        raise InvalidParameter(
            "undated", f"Parameter undated is {undated[:40]!r}; it must be off, or left out."
        )
    plan = atlas.catalogue.plan
    years = dated(atlas, plan) if plan in atlas.documents else {}
    moved = frozenset(ref.partition("/")[0] for ref in filtered(atlas))
    return YearFilter(year, not undated, years, moved)


def _of_plan(atlas: Atlas, plan_id: str) -> IndicatorSet:
    own = atlas.indicators
    return own if own.plan == plan_id else IndicatorSet(plan_id, {}, {}, {}, ())


def _of_layer(layer_id: str, years: dict[str, PlanYears]) -> int:
    return sum(ref.startswith(f"{layer_id}/") for ref in years)


def _feature(ref: str, years: PlanYears) -> dict[str, Any]:
    return {
        "id": ref,
        "from": years.first,
        "to": years.last,
        "basis": years.basis,
        "inferred": years.is_inferred,
        "citations": [
            {"chapter": each.chapter, "section": each.section, "paragraph": each.paragraph}
            for each in years.sentences
        ],
    }


def _figures(atlas: Atlas, words: Wording, plan_id: str, year: int) -> list[dict[str, Any]]:
    known = _of_plan(atlas, plan_id)
    aimed, actual = figures_of(known, atlas.actuals, year)
    series = known.series()
    return [
        *(
            {
                "id": each.id,
                "year": year,
                "status": each.status,
                "name": words.title(each, "name"),
                "value": f"{words.figure(each)} {words.unit(each.unit)}",
                "inferred": each.period_basis == "inferred",
            }
            for each in aimed
        ),
        *(
            {
                "id": series[each.series][0].id,
                "year": year,
                "status": "actual",
                "name": words.title(series[each.series][0], "name"),
                "value": f"{number(each.value)} {words.unit(each.unit)}",
                "inferred": False,
            }
            for each in actual
            if each.series in series
        ),
    ]


def describe(plan_id: str, name: str) -> Schema:
    """Return the OpenAPI paths of a plan's years."""
    year = query("year", "A year of the plan", {"type": "integer", "enum": list(YEARS)})
    return {
        f"/plans/{plan_id}/years": described(
            f"{name}.getYears", "What the plan dates", "Plan", parameters=[year]
        )
    }
