"""The plan's figures as a table without geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep

from .answers import json_answer
from .parameters import refuse_unknown

if TYPE_CHECKING:
    from layers.indicators import Actual, Indicator, IndicatorSet

router = APIRouter(prefix="/api")


@router.api_route("/indicators", methods=["GET", "HEAD"])
def get_indicators(request: Request, atlas: AtlasDep) -> Response:
    """Return every figure of the plan, with what has come of its series since."""
    refuse_unknown(request)
    known = atlas.indicators
    actuals: dict[str, list[dict[str, Any]]] = {}
    for actual in atlas.actuals:
        actuals.setdefault(actual.series, []).append(_actual(actual))
    document = {
        "plan": known.plan,
        "indicators": [
            _indicator(each, known) | {"actual": actuals.get(each.series, [])}
            for each in known.indicators
        ],
        "units": {
            code: {
                "label": unit.label,
                "label_en": unit.label_en,
                "dimension": unit.dimension,
                "factor": unit.factor,
            }
            for code, unit in known.units.items()
        },
        "hedges": {
            code: {"label": hedge.label, "label_en": hedge.label_en}
            for code, hedge in known.hedges.items()
        },
    }
    return json_answer(request, document)


def _indicator(each: Indicator, known: IndicatorSet) -> dict[str, Any]:
    citation = {k: v for k, v in each.citation._asdict().items() if v is not None}
    return {
        "id": each.id,
        "series": each.series,
        "name": each.name,
        "name_en": each.name_en,
        "value": each.value,
        "unit": each.unit,
        "unit_en": known.units[each.unit].label_en,
        "period": each.period,
        "period_basis": each.period_basis,
        "status": each.status,
        "hedge": each.hedge,
        "direction": each.direction,
        "theme": each.theme,
        "note": each.note,
        "note_en": each.note_en,
        "citation": citation,
        "value_range": each.value_range,
    }


def _actual(actual: Actual) -> dict[str, Any]:
    return {
        "year": actual.year,
        "value": actual.value,
        "unit": actual.unit,
        "source": actual.source,
        "author": actual.author,
        "entered": actual.entered.isoformat(timespec="seconds"),
    }
