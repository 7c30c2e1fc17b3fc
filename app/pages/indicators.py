"""The page of the plan's figures: charts from 2020 to 2025, and all figures as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, TemplatesDep
from app.i18n import parse_language
from app.wording import number

from .answers import as_json, page_response
from .chart import Change, Point, overview_chart, series_chart
from .context import plan_href
from .plan import excerpt, plan_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.wording import Wording
    from layers.indicators import Actual, Indicator
    from layers.snapshot import Atlas

router = APIRouter()


@router.api_route("/indicators", methods=["GET", "HEAD"])
def get_indicators_page(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, lang: str | None = None
) -> Response:
    """Return all figures of the plan."""
    if answer := as_json(request, "/api/indicators"):
        return answer
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    context = indicators_context(atlas, words)
    return page_response(
        request, templates.render("indicators.html", atlas=atlas, lang=language, **context)
    )


def indicators_context(atlas: Atlas, words: Wording) -> dict[str, Any]:
    """Return the context of ``indicators.html``; see the comment at the top of the template."""
    series = atlas.indicators.series()
    actuals = {
        name: [actual for actual in atlas.actuals if actual.series == name] for name in series
    }
    charted = [
        _chart(atlas, words, figures, actuals[name])
        for name, figures in series.items()
        if len({figure.status for figure in figures}) > 1 or actuals[name]
    ]
    themes = [
        {
            "title": words.theme(theme),
            "rows": [
                _row(atlas, words, each)
                for each in atlas.indicators.indicators
                if each.theme == theme
            ],
        }
        for theme in atlas.indicators.themes
    ]
    return {
        "plan": plan_view(atlas.document, words),
        "overview": _overview(atlas, words),
        "charts": charted,
        "themes": [theme for theme in themes if theme["rows"]],
        "count": len(atlas.indicators.indicators),
        "actuals": [_actual(atlas, words, each) for each in atlas.actuals],
        "self_href": "/indicators",
        "switch_href": "/indicators" if words.language == "en" else "/indicators?lang=en",
    }


def _overview(atlas: Atlas, words: Wording) -> str:
    """Return how far the plan wants to take what it states for 2020 and 2025 alike.

    A series whose two figures cover different periods is left out: they are not the same thing.
    """
    changes = [
        Change(
            words.title(progress.target, "name"),
            100 * progress.difference / (progress.target.value - progress.difference),
            f"{words.figure(progress.reached)} → {words.figure(progress.target)} "
            f"{words.unit(progress.target.unit)}",
        )
        for series in atlas.indicators.series()
        if (progress := atlas.indicators.progress(series)) is not None
        and progress.reached.period == "2020"
    ]
    title = words.gettext("2025 年目标比 2020 年高多少")
    description = "; ".join(f"{each.name} {each.label}" for each in changes)
    return overview_chart(changes, title=title, description=description) if changes else ""


def _chart(
    atlas: Atlas, words: Wording, figures: Sequence[Indicator], actuals: Sequence[Actual]
) -> dict[str, Any]:
    unit = figures[0].unit
    points = [
        Point(
            2025 if figure.status == "target" else 2020,
            atlas.indicators.convert(figure.value, figure.unit, unit),
            figure.status,
            words.figure(figure),
        )
        for figure in figures
    ] + [
        Point(
            actual.year,
            (value := atlas.indicators.convert(actual.value, actual.unit, unit)),
            "actual",
            number(value),
        )
        for actual in actuals
    ]
    title = words.title(figures[0], "name")
    table = [
        {
            "year": _when(words, point),
            "kind": words.point(point.kind),
            "value": point.label,
        }
        for point in sorted(points)
    ]
    description = "; ".join(f"{row['year']} {row['kind']} {row['value']}" for row in table)
    notes = [words.title(figure, "note") for figure in figures if figure.note]
    return {
        "id": figures[0].series,
        "title": title,
        "unit": words.unit(unit),
        "svg": series_chart(points, title=title, description=description, unit=words.unit(unit)),
        "table": table,
        "notes": notes,
    }


def _when(words: Wording, point: Point) -> str:
    return words.say("{year} 年", year=point.year)


def _row(atlas: Atlas, words: Wording, figure: Indicator) -> dict[str, Any]:
    cited = figure.citation
    place = {"chapter": cited.chapter, "section": cited.section, "paragraph": cited.paragraph}
    fragment = f"{cited.chapter}-{cited.section}-p{cited.paragraph}"
    return {
        "id": figure.id,
        "name": words.title(figure, "name"),
        "value": words.figure(figure),
        "unit": words.unit(figure.unit),
        "period": figure.period.replace("-", "–"),
        "inferred": figure.period_basis == "inferred",
        "status": words.point(figure.status),
        "hedge": words.hedge(figure.hedge),
        "note": words.title(figure, "note") if figure.note else "",
        "where": words.citation(place),
        "href": plan_href(cited.plan, words, fragment=fragment),
        "text": excerpt(atlas.document, cited.start, cited.end),
    }


def _actual(atlas: Atlas, words: Wording, actual: Actual) -> dict[str, Any]:
    return {
        "name": words.title(atlas.indicators.series()[actual.series][0], "name"),
        "year": actual.year,
        "value": number(actual.value),
        "unit": words.unit(actual.unit),
        "source": actual.source,
    }
