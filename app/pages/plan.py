"""The pages of a plan: reader, coverage, spatial statements, comparison of versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, MapsDep, PublishedDep, StateDep, TemplatesDep
from app.i18n import parse_language
from app.maps.figure import WHOLE_ATLAS
from layers.comparison import ANCHOR_STATES
from layers.coverage import STATES
from layers.document import FIGURE
from layers.errors import NotFound
from layers.snapshot import LARGE
from layers.statements import DIRECTIONS

from .answers import as_json, page_response
from .context import credits_line, page_href, plan_href, script_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.maps.figure import RenderedMap
    from app.wording import Wording
    from layers.comparison import Change, Comparison
    from layers.coverage import Entry, Ledger
    from layers.document import PlanDocument
    from layers.linking import Segment
    from layers.model import PlanVersion
    from layers.plan import Chapter, Section
    from layers.snapshot import Atlas
    from layers.statements import Result, Statement

router = APIRouter()


@router.api_route("/plan/{plan_id}", methods=["GET", "HEAD"])
def get_reader(
    request: Request,
    state: StateDep,
    templates: TemplatesDep,
    plan_id: str,
    lang: str | None = None,
) -> Response:
    """Return the plan beside its map; ``#3-2-p4`` is a paragraph, ``#3-2`` a section."""
    if answer := as_json(request, f"/api/plans/{plan_id}"):
        return answer
    language = parse_language(lang)
    key = ("reader", plan_id, language)
    if key not in state.rendered:
        atlas = state.atlas
        words = templates.wording(atlas, language)
        context = reader_context(atlas, atlas.plan(plan_id), words, state.maps[WHOLE_ATLAS])
        state.rendered[key] = templates.render("plan.html", atlas=atlas, lang=language, **context)
    return page_response(request, state.rendered[key])


@router.api_route("/plan/{plan_id}/coverage", methods=["GET", "HEAD"])
def get_coverage_page(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    plan_id: str,
    lang: str | None = None,
    chapter: int | None = None,
    state: str | None = None,
) -> Response:
    """Return the coverage ledger; ``chapter`` and ``state`` choose the sentences listed."""
    if answer := as_json(request, f"/api/plans/{plan_id}/coverage"):
        return answer
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    context = coverage_context(atlas, atlas.plan(plan_id), words, chapter, state)
    return page_response(
        request, templates.render("coverage.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/plan/{plan_id}/statements", methods=["GET", "HEAD"])
def get_statements_page(
    request: Request,
    atlas: AtlasDep,
    maps: MapsDep,
    templates: TemplatesDep,
    plan_id: str,
    lang: str | None = None,
    outcome: str | None = None,
) -> Response:
    """Return the plan's spatial statements beside the map, with what became of each."""
    if answer := as_json(request, f"/api/plans/{plan_id}/statements"):
        return answer
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    document = atlas.plan(plan_id)
    context = statements_context(atlas, document, words, maps[WHOLE_ATLAS], outcome)
    return page_response(
        request, templates.render("statements.html", atlas=atlas, lang=language, **context)
    )


@router.api_route("/plan/{plan_id}/compare", methods=["GET", "HEAD"])
def get_comparison_page(
    request: Request,
    atlas: AtlasDep,
    templates: TemplatesDep,
    published: PublishedDep,
    plan_id: str,
    lang: str | None = None,
) -> Response:
    """Return how two imported versions of a plan differ; ``from`` and ``to`` are their numbers."""
    if answer := as_json(request, f"/api/plans/{plan_id}/compare"):
        return answer
    language = parse_language(lang)
    words = templates.wording(atlas, language)
    document = atlas.plan(plan_id)
    query = request.query_params
    found = published.compare(plan_id, query.get("from"), query.get("to"))
    context = comparison_context(atlas, document, words, *found)
    return page_response(
        request, templates.render("compare.html", atlas=atlas, lang=language, **context)
    )


def comparison_context(
    atlas: Atlas,
    document: PlanDocument,
    words: Wording,
    comparison: Comparison,
    old: PlanVersion,
    new: PlanVersion,
) -> dict[str, Any]:
    """Return the context of ``compare.html``; see the comment at the top of the template."""
    groups = [
        (words.gettext("项目与地名"), comparison.features),
        (words.gettext("指标"), comparison.figures),
    ]
    return {
        "plan": plan_view(document, words),
        "old": old,
        "new": new,
        "unchanged": comparison.unchanged,
        "headings_added": comparison.headings_added,
        "headings_removed": comparison.headings_removed,
        "changes": [_change(atlas, document, words, change) for change in comparison.changes],
        "states": [words.anchor(state) for state in ANCHOR_STATES],
        "citations": [
            {
                "title": title,
                "counts": [
                    sum(anchor.state == state for found in group.values() for anchor in found)
                    for state in ANCHOR_STATES
                ],
            }
            for title, group in groups
        ],
        "self_href": f"/plan/{document.id}/compare",
        "switch_href": _switch(f"/plan/{document.id}/compare", words),
    }


def _change(atlas: Atlas, document: PlanDocument, words: Wording, change: Change) -> dict[str, Any]:
    pair = change.pair
    places = [each for each in (pair.old, pair.new) if each is not None]
    names = {each.id: each for each in atlas.indicators.indicators}
    return {
        "state": words.pair(pair.state),
        "where": list(
            dict.fromkeys(
                words.citation(
                    {"chapter": each.chapter, "section": each.section, "paragraph": each.number}
                )
                for each in places
            )
        ),
        "href": plan_href(document.id, words, fragment=pair.new.id) if pair.new else None,
        "differences": [{"kind": each.kind, "text": each.text} for each in change.differences],
        "features": [_named(atlas, words, ref) for ref in change.features],
        "figures": [words.title(names[id_], "name") for id_ in change.figures if id_ in names],
        "new_figures": change.new_figures,
    }


def reader_context(
    atlas: Atlas, document: PlanDocument, words: Wording, figure: RenderedMap
) -> dict[str, Any]:
    """Return the context of ``plan.html``; see the comment at the top of the template."""
    return {
        "figure": figure,
        "config": script_config(atlas.listed.values(), words, figure, LARGE),
        "plan": plan_view(document, words),
        "chapters": [_chapter(atlas, document, words, each) for each in document.outline.chapters],
        "has_text": document.text is not None,
        "anchors": {words.anchor(state): count for state, count in document.anchors.items()},
        "credits": credits_line(atlas.layers.values(), words),
        "home_href": page_href(None, words.language),
        "switch_href": _switch(f"/plan/{document.id}", words),
    }


def coverage_context(
    atlas: Atlas,
    document: PlanDocument,
    words: Wording,
    chapter: int | None,
    state: str | None,
) -> dict[str, Any]:
    """Return the context of ``coverage.html``; see the comment at the top of the template."""
    ledger = document.ledger
    chosen = [
        entry
        for entry in ledger.entries
        if chapter in {None, entry.sentence.chapter} and state in {None, entry.state}
    ]
    listed = chosen if chapter is not None or state is not None else []
    return {
        "plan": plan_view(document, words),
        "states": [{"code": code, "label": words.state(code)} for code in STATES],
        "total": _shares(ledger, None),
        "named": atlas.named(document.id),
        "rows": [_coverage_row(ledger, document, words, each) for each in ledger.chapters],
        "chosen": {"chapter": chapter, "state": state},
        "sentences": [_sentence(atlas, document, words, entry) for entry in listed],
        "self_href": f"/plan/{document.id}/coverage",
        "switch_href": _switch(f"/plan/{document.id}/coverage", words),
    }


def statements_context(
    atlas: Atlas,
    document: PlanDocument,
    words: Wording,
    figure: RenderedMap,
    outcome: str | None,
) -> dict[str, Any]:
    """Return the context of ``statements.html``; see the comment at the top of the template."""
    results = [r for r in atlas.results if r.statement.citations[0].plan == document.id]
    shown = [r for r in results if outcome in {None, r.outcome}]
    return {
        "figure": figure,
        "config": script_config(atlas.listed.values(), words, figure, LARGE),
        "plan": plan_view(document, words),
        "outcomes": [
            {
                "code": code,
                "label": words.outcome(code),
                "count": sum(r.outcome == code for r in results),
            }
            for code in ("holds", "fails", "untestable")
        ],
        "chosen": outcome,
        "results": [_result(atlas, document, words, result) for result in shown],
        "credits": credits_line(atlas.layers.values(), words),
        "home_href": page_href(None, words.language),
        "self_href": f"/plan/{document.id}/statements",
        "switch_href": _switch(f"/plan/{document.id}/statements", words),
    }


def excerpt(document: PlanDocument, start: int | None, end: int | None) -> str:
    """Return some characters of a plan's text; empty without a text."""
    if document.text is None or start is None or end is None:
        return ""
    return document.text.text[start:end]


def plan_view(document: PlanDocument, words: Wording) -> dict[str, Any]:
    """Return what the head of every page of a plan shows."""
    outline, version = document.outline, document.version
    return {
        "id": document.id,
        "title": outline.title,
        "title_en": outline.title_en,
        "date": outline.date,
        "sha256": outline.sha256,
        "version": version,
        "href": plan_href(document.id, words),
        "compare_href": plan_href(document.id, words, "compare")
        if version is not None and version.number > 1
        else None,
        "coverage_href": plan_href(document.id, words, "coverage"),
        "statements_href": plan_href(document.id, words, "statements"),
        "indicators_href": "/indicators?lang=en" if words.language == "en" else "/indicators",
    }


def _switch(path: str, words: Wording) -> str:
    return path if words.language == "en" else f"{path}?lang=en"


def _chapter(
    atlas: Atlas, document: PlanDocument, words: Wording, chapter: Chapter
) -> dict[str, Any]:
    return {
        "number": chapter.number,
        "id": f"{chapter.number}",
        "label": words.section({"chapter": chapter.number, "section": 0}) if chapter.number else "",
        "title": chapter.title,
        "pieces": _pieces(atlas, document, words, f"{chapter.number}-0-p0"),
        "sections": [
            _section(atlas, document, words, chapter.number, section)
            for section in chapter.sections
        ],
    }


def _section(
    atlas: Atlas, document: PlanDocument, words: Wording, chapter: int, section: Section
) -> dict[str, Any]:
    place = {"chapter": chapter, "section": section.number}
    return {
        "id": f"{chapter}-{section.number}",
        "label": words.section(place) if section.number else "",
        "title": section.title,
        "pieces": _pieces(atlas, document, words, f"{chapter}-{section.number}-p0"),
        "paragraphs": [
            {
                "id": f"{chapter}-{section.number}-p{number}",
                "number": number,
                "pieces": _pieces(atlas, document, words, f"{chapter}-{section.number}-p{number}"),
                "cited": [
                    _named(atlas, words, ref)
                    for ref in document.cited(chapter, section.number, number)
                ]
                if document.text is None
                else [],
            }
            for number in range(1, section.paragraphs + 1)
        ],
    }


def _pieces(
    atlas: Atlas, document: PlanDocument, words: Wording, paragraph: str
) -> list[dict[str, Any]]:
    return [_piece(atlas, words, segment) for segment in document.pieces.get(paragraph, ())]


def _piece(atlas: Atlas, words: Wording, segment: Segment) -> dict[str, Any]:
    """Return a piece of text; it links to the narrowest thing that it belongs to."""
    places = [ref for ref in segment.refs if not ref.startswith(FIGURE)]
    figures = [ref.removeprefix(FIGURE) for ref in segment.refs if ref.startswith(FIGURE)]
    piece: dict[str, Any] = {"text": segment.text, "href": None}
    if figures and not places:
        query = "?lang=en" if words.language == "en" else ""
        piece |= {"href": f"/indicators{query}#{figures[0]}", "figure": True, "refs": ""}
    elif places:
        found = atlas.feature(places[0])
        drawn = found is not None and found[1].geometry is not None
        piece |= {
            "href": page_href(places[0], words.language),
            "figure": False,
            "refs": " ".join(places),
            "drawn": drawn,
        }
    return piece


def _named(atlas: Atlas, words: Wording, ref: str) -> dict[str, Any]:
    found = atlas.feature(ref)
    properties = found[1].properties if found else {}
    return {
        "ref": ref,
        "href": page_href(ref, words.language),
        "name": words.text(properties, "name"),
        "summary": words.text(properties, "summary"),
        "drawn": found is not None and found[1].geometry is not None,
    }


def _shares(ledger: Ledger, chapter: int | None) -> dict[str, Any]:
    counts = ledger.counts(chapter)
    total = sum(counts.values())
    return {
        "total": total,
        "counts": counts,
        "percent": {
            state: round(100 * count / total, 1) if total else 0 for state, count in counts.items()
        },
        "undrawn": ledger.undrawn(chapter),
    }


def _coverage_row(
    ledger: Ledger, document: PlanDocument, words: Wording, chapter: int
) -> dict[str, Any]:
    return _shares(ledger, chapter) | {
        "chapter": chapter,
        "label": words.section({"chapter": chapter, "section": 0})
        if chapter
        else words.gettext("卷首"),
        "title": document.outline.heading(chapter, 0),
    }


def _sentence(atlas: Atlas, document: PlanDocument, words: Wording, entry: Entry) -> dict[str, Any]:
    sentence = entry.sentence
    place = {
        "chapter": sentence.chapter,
        "section": sentence.section,
        "paragraph": sentence.paragraph,
    }
    fragment = f"{sentence.chapter}-{sentence.section}-p{sentence.paragraph}"
    return {
        "where": words.citation(place),
        "number": sentence.number,
        "href": plan_href(document.id, words, fragment=fragment),
        "state": words.state(entry.state),
        "text": excerpt(document, sentence.start, sentence.end),
        "named": [_named(atlas, words, ref) for ref in entry.named],
        "drawn": entry.drawn,
        "figures": list(_figure_names(atlas, words, entry)),
    }


def _figure_names(atlas: Atlas, words: Wording, entry: Entry) -> Iterator[str]:
    for indicator in atlas.indicators.indicators:
        if indicator.id in entry.figures:
            yield words.title(indicator, "name")


def _result(atlas: Atlas, document: PlanDocument, words: Wording, result: Result) -> dict[str, Any]:
    statement = result.statement
    cited = statement.citations[0]
    return {
        "id": statement.id,
        "outcome": result.outcome,
        "outcome_words": words.outcome(result.outcome),
        "relation": words.relation(statement.relation),
        "subject": _party(atlas, words, statement.subject),
        "objects": [_party(atlas, words, each) for each in statement.objects],
        "reason": result.reason_en if words.language == "en" else result.reason,
        "basis": words.basis(statement.basis),
        "where": words.citation(
            {"chapter": cited.chapter, "section": cited.section, "paragraph": cited.paragraph}
        ),
        "href": plan_href(
            document.id, words, fragment=f"{cited.chapter}-{cited.section}-p{cited.paragraph}"
        ),
        "text": excerpt(document, cited.start, cited.end),
        "proposal_href": _proposal_href(atlas, document, statement),
    }


def _proposal_href(atlas: Atlas, document: PlanDocument, statement: Statement) -> str | None:
    """Return where the area that the words describe can be had, if all its sides are drawn."""
    subject = statement.subject.id
    if subject is None or statement.relation not in DIRECTIONS:
        return None
    try:
        atlas.proposal(document.id, subject)
    except NotFound:
        return None
    return f"/api/plans/{document.id}/proposals/{subject}"


def _party(atlas: Atlas, words: Wording, party: Any) -> dict[str, Any]:
    ref = atlas.ref_of(party.id) if party.id else None
    found = atlas.feature(ref) if ref else None
    return {
        "words": party.words,
        "ref": ref,
        "href": page_href(ref, words.language) if ref else None,
        "drawn": found is not None and found[1].geometry is not None,
    }
