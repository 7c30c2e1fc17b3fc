"""Plans beside the collections: versions, coverage ledger, spatial statements, comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.dependencies import AtlasDep, PublishedDep, TemplatesDep
from app.links import GEOJSON, HTML, address, link
from layers.comparison import ANCHOR_STATES
from layers.coverage import STATES
from layers.errors import InvalidParameter
from layers.geojson import geometry_document

from .answers import json_answer
from .parameters import refuse_unknown

if TYPE_CHECKING:
    from layers.comparison import Anchor, Change
    from layers.coverage import Entry, Ledger
    from layers.document import PlanDocument
    from layers.plan import Citation
    from layers.statements import Party, Result

router = APIRouter(prefix="/api")


@router.api_route("/plans", methods=["GET", "HEAD"])
def get_plans(request: Request, atlas: AtlasDep) -> Response:
    """Return the plans that the atlas knows."""
    refuse_unknown(request)
    plans = [_summary(request, document) for document in atlas.documents.values()]
    return json_answer(request, {"plans": plans})


@router.api_route("/plans/{plan_id}", methods=["GET", "HEAD"])
def get_plan(request: Request, atlas: AtlasDep, plan_id: str) -> Response:
    """Return a plan's outline and where it is read; its text is on the reader's page only."""
    refuse_unknown(request)
    document = atlas.plan(plan_id)
    outline = [
        {
            "number": chapter.number,
            "title": chapter.title,
            "sections": [
                {"number": each.number, "title": each.title, "paragraphs": each.paragraphs}
                for each in chapter.sections
            ],
        }
        for chapter in document.outline.chapters
    ]
    return json_answer(request, _summary(request, document) | {"chapters": outline})


@router.api_route("/plans/{plan_id}/coverage", methods=["GET", "HEAD"])
def get_coverage(request: Request, atlas: AtlasDep, plan_id: str) -> Response:
    """Return the coverage ledger: by chapter, and sentence by sentence."""
    given = refuse_unknown(request, {"chapter", "state"})
    chapter = _chapter(given.get("chapter"))
    state = given.get("state")
    if state is not None and state not in STATES:
        raise InvalidParameter(
            "state", f"There is no state {state!r}; there are: {', '.join(STATES)}."
        )
    ledger = atlas.plan(plan_id).ledger
    sentences = [
        _sentence(entry)
        for entry in ledger.entries
        if chapter in {None, entry.sentence.chapter} and state in {None, entry.state}
    ]
    document = {
        "plan": plan_id,
        "named": atlas.named(plan_id),
        "total": _shares(ledger, None),
        "chapters": [{"chapter": each} | _shares(ledger, each) for each in ledger.chapters],
        "sentences": sentences,
    }
    return json_answer(request, document)


@router.api_route("/plans/{plan_id}/statements", methods=["GET", "HEAD"])
def get_statements(request: Request, atlas: AtlasDep, plan_id: str) -> Response:
    """Return the plan's spatial statements and what has become of each."""
    refuse_unknown(request)
    atlas.plan(plan_id)
    results = [r for r in atlas.results if r.statement.citations[0].plan == plan_id]
    counts = {
        outcome: sum(result.outcome == outcome for result in results)
        for outcome in ("holds", "fails", "untestable")
    }
    return json_answer(
        request, {"plan": plan_id, "counts": counts, "statements": [_result(r) for r in results]}
    )


@router.api_route("/plans/{plan_id}/proposals/{feature_id}", methods=["GET", "HEAD"])
def get_proposal(
    request: Request, atlas: AtlasDep, templates: TemplatesDep, plan_id: str, feature_id: str
) -> Response:
    """Return the polygon that the plan's words about a feature's sides describe, as a proposal."""
    refuse_unknown(request)
    atlas.plan(plan_id)
    feature, sides, area = atlas.proposal(plan_id, feature_id)
    words = templates.wording(atlas, "zh")
    listed = "；".join(f"{words.relation(side.direction)}{side.name}" for side in sides)
    document = {
        "type": "Feature",
        "id": feature_id,
        "geometry": geometry_document(area),
        "properties": {
            "name": feature.properties.get("name", feature.id),
            "geometry_method": f"按规划写明的方位拟议：{listed}；其余各边以所在分区为限。",
            "precision": "P4",
            "proposal": True,
        },
    }
    return json_answer(request, document, GEOJSON)


@router.api_route("/plans/{plan_id}/compare", methods=["GET", "HEAD"])
def get_comparison(
    request: Request, atlas: AtlasDep, published: PublishedDep, plan_id: str
) -> Response:
    """Compare two imported versions of a plan: text, figures and features together."""
    given = refuse_unknown(request, {"from", "to"})
    atlas.plan(plan_id)
    comparison, old, new = published.compare(plan_id, given.get("from"), given.get("to"))
    followed = {
        kind: {
            owner: [_anchor(anchor) for anchor in anchors]
            for owner, anchors in group.items()
            if any(anchor.state != "exact" for anchor in anchors)
        }
        for kind, group in (("features", comparison.features), ("figures", comparison.figures))
    }
    counts = {
        kind: {
            state: sum(a.state == state for anchors in group.values() for a in anchors)
            for state in ANCHOR_STATES
        }
        for kind, group in (("features", comparison.features), ("figures", comparison.figures))
    }
    document = {
        "plan": plan_id,
        "from": old.number,
        "to": new.number,
        "paragraphs": {"same": comparison.unchanged, "different": len(comparison.changes)},
        "headings": {
            "added": comparison.headings_added,
            "removed": comparison.headings_removed,
        },
        "citations": counts,
        "changes": [_change(change) for change in comparison.changes],
        **followed,
    }
    return json_answer(request, document)


def _chapter(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise InvalidParameter("chapter", f"Parameter chapter is {text[:40]!r}; give a number.")
    return int(text)


def _summary(request: Request, document: PlanDocument) -> dict[str, Any]:
    path = f"/plan/{document.id}"
    outline, version = document.outline, document.version
    return {
        "id": document.id,
        "title": outline.title,
        "title_en": outline.title_en,
        "date": outline.date,
        "sha256": outline.sha256,
        "characters": outline.characters,
        "imported": document.text is not None,
        "version": None if version is None else version.number,
        "citations": len(document.citations),
        "anchors": dict(document.anchors),
        "links": [
            link(address(request, path), "alternate", HTML, "Reader"),
            link(address(request, f"{path}/coverage"), "related", HTML, "Coverage ledger"),
            link(address(request, f"{path}/statements"), "related", HTML, "Spatial statements"),
        ],
    }


def _shares(ledger: Ledger, chapter: int | None) -> dict[str, Any]:
    counts = ledger.counts(chapter)
    total = sum(counts.values())
    percent = {
        state: round(100 * count / total, 1) if total else 0.0 for state, count in counts.items()
    }
    return {
        "sentences": total,
        "counts": counts,
        "percent": percent,
        "partly_without_any_geometry": ledger.undrawn(chapter),
    }


def _sentence(entry: Entry) -> dict[str, Any]:
    sentence = entry.sentence
    return {
        "chapter": sentence.chapter,
        "section": sentence.section,
        "paragraph": sentence.paragraph,
        "sentence": sentence.number,
        "start": sentence.start,
        "end": sentence.end,
        "state": entry.state,
        "features": entry.named,
        "mapped": entry.drawn,
        "indicators": entry.figures,
    }


def _result(result: Result) -> dict[str, Any]:
    statement = result.statement
    return {
        "id": statement.id,
        "relation": statement.relation,
        "subject": _party(statement.subject),
        "objects": [_party(party) for party in statement.objects],
        "basis": statement.basis,
        "outcome": result.outcome,
        "distance_m": result.distance_m,
        "reason": result.reason,
        "reason_en": result.reason_en,
        "citations": [_citation(citation) for citation in statement.citations],
    }


def _party(party: Party) -> dict[str, Any]:
    return {"id": party.id, "words": party.words}


def _citation(citation: Citation) -> dict[str, Any]:
    return {name: value for name, value in citation._asdict().items() if value is not None}


def _anchor(anchor: Anchor) -> dict[str, Any]:
    return {
        "state": anchor.state,
        "from": _citation(anchor.citation),
        "to": None if anchor.new is None else _citation(anchor.new),
    }


def _change(change: Change) -> dict[str, Any]:
    old, new = change.pair.old, change.pair.new
    return {
        "state": change.pair.state,
        "similarity": round(change.pair.similarity, 1),
        "from": None if old is None else old.id,
        "to": None if new is None else new.id,
        "differences": [{"kind": d.kind, "text": d.text} for d in change.differences],
        "features": change.features,
        "figures": change.figures,
        "new_figures": change.new_figures,
    }
