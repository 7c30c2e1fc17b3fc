"""What the templates about drafts are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.wording import moment
from layers.checks import RULES
from layers.consequences import consequences_of, judge_statements
from layers.geojson import geometry_document
from layers.next_steps import STEPS, find_obstacles
from layers.plan import paragraph_id
from layers.review import authors_of, mark_of

from .draft_words import (
    EVENTS,
    OBSTACLES,
    STATES,
    TITLES,
    is_citation,
    name_field,
    show_source,
    show_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from app.wording import Wording
    from layers.checks import Report
    from layers.consequences import Consequences, Verdict
    from layers.document import PlanDocument
    from layers.model import Feature, Layer
    from layers.next_steps import Obstacle, Step
    from layers.snapshot import Atlas
    from layers.store import Draft, Event

    from .asked import Asked

SHOWN = 200
"""Features of a difference on one page."""

MOST_DRAWN = 5_000
"""Features of a difference on its map."""

_FINDINGS = 50
_AROUND = 60
_UNSEEN_M = 0.05
"""Metres up to which a difference is what is left of a transformation."""
_GROUND = ("district", "zones")


def timed(when: datetime) -> dict[str, str]:
    """Return a moment for a program and for a reader in China."""
    return {"iso": when.isoformat(), "words": moment(when)}


def draft_view(asked: Asked) -> dict[str, Any]:
    """Return the head of a draft's page: what it is, and by whom."""
    draft, words = asked.draft, asked.words
    head = asked.store.head(draft.layer_id)
    return {
        "layer": words.title(asked.layer),
        "layer_id": draft.layer_id,
        "number": draft.number,
        "path": asked.here,
        "state": words.gettext(STATES[draft.status]),
        "status": draft.status,
        "base": draft.base,
        "head": None if head is None else head.number,
        "is_stale": draft.is_waiting and head is not None and head.number != draft.base,
        "author": draft.author,
        "authors": sorted(authors_of(asked.store, draft) - {draft.author}),
        "created": timed(draft.created),
        "source": show_source(draft, words),
        "crs": draft.crs,
        "due": None if draft.due is None else timed(draft.due),
        "message": draft.message,
        "revision": draft.revision,
        "mark": mark_of(asked.store, draft),
        "reviewed": asked.layer.review,
    }


def find_steps(asked: Asked, report: Report | None) -> Mapping[Step, Obstacle | None]:
    """Return what keeps whoever asks from each step; see `layers.next_steps`."""
    has_errors = None if report is None else bool(report.errors)
    return find_obstacles(
        asked.store, asked.bundle, asked.draft, asked.account, has_errors=has_errors
    )


def steps_view(
    obstacles: Mapping[Step, Obstacle | None], words: Wording
) -> dict[str, dict[str, Any]]:
    """Return every step with its title, and what stands in its way in a sentence."""
    return {
        step: {
            "title": words.gettext(TITLES[step]),
            "obstacle": None if (found := obstacles[step]) is None else OBSTACLES[found],
        }
        for step in STEPS
    }


def report_view(report: Report, words: Wording) -> list[dict[str, Any]]:
    """Return the findings of a draft grouped by rule, errors first."""
    english = words.language == "en"
    groups: dict[str, list[Any]] = {}
    for each in report.findings:
        groups.setdefault(each.rule, []).append(each)
    view = []
    for code, findings in groups.items():
        rule = RULES.get(code)
        view.append(
            {
                "code": code,
                "severity": findings[0].severity,
                "title": code if rule is None else rule.title_en if english else rule.title,
                "cause": "" if rule is None else rule.cause_en if english else rule.cause,
                "cure": "" if rule is None else rule.cure_en if english else rule.cure,
                "count": len(findings),
                "findings": findings[:_FINDINGS],
            }
        )
    return view


def difference_view(asked: Asked, start: int) -> dict[str, Any]:
    """Return what a draft changes, feature by feature, from a place in the list on."""
    made = consequences_of(asked.store, asked.draft)
    difference = made.difference
    verdicts = judge_statements(asked.store, asked.bundle, asked.draft, made)
    events = asked.store.drafts.events(asked.draft)
    listed = _listed(made)
    shown = listed[start : start + SHOWN]
    return {
        "added": len(difference.added),
        "changed": len(difference.changed),
        "removed": len(difference.removed),
        "unchanged": made.unchanged,
        "entries": [
            _entry(asked, made, kind, id_, verdicts, events) | {"number": start + number}
            for number, (kind, id_) in enumerate(shown)
        ],
        "broken": sum(v.before.outcome == "holds" != v.after.outcome for v in verdicts),
        "start": start,
        "total": len(listed),
        "previous": max(0, start - SHOWN) if start else None,
        "next": start + SHOWN if start + SHOWN < len(listed) else None,
        "drawn": min(len(listed), MOST_DRAWN),
        "ground": ground_of(asked.atlas),
    }


def ground_of(atlas: Atlas) -> list[str]:
    """Return where a map finds what it draws below everything: the district and its zones."""
    known = [id_ for id_ in _GROUND if id_ in atlas.listed]
    return [f"/api/collections/{id_}/items?limit=100" for id_ in known]


def events_view(events: Iterable[Event], words: Wording) -> list[dict[str, Any]]:
    """Return what was said and decided, in that order."""
    return [
        {
            "kind": words.gettext(EVENTS[each.kind]),
            "author": each.author,
            "time": timed(each.time),
            "text": each.text,
            "feature": each.feature_id,
        }
        for each in events
    ]


def map_document(layer: Layer, sides: Mapping[str, Iterable[Feature]]) -> dict[str, Any]:
    """Return what a map of sides draws: the shapes of each, with their names."""
    return {
        side: {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": each.id,
                    "geometry": geometry_document(each.geometry),
                    "properties": {"name": layer.name_of(each)},
                }
                for each in features
                if each.geometry is not None
            ],
        }
        for side, features in sides.items()
    }


def drawn_sides(asked: Asked) -> dict[str, list[Feature]]:
    """Return what the map of a draft draws: the old and the new state of what it changes."""
    made = consequences_of(asked.store, asked.draft)
    ids = [id_ for _, id_ in _listed(made)[:MOST_DRAWN]]
    return {
        "old": [made.before[id_] for id_ in ids if id_ in made.before],
        "new": [made.after[id_] for id_ in ids if id_ in made.after],
    }


def _listed(made: Consequences) -> list[tuple[str, str]]:
    difference = made.difference
    return [
        *(("changed", each.id) for each in difference.changed),
        *(("added", each.id) for each in difference.added),
        *(("removed", each.id) for each in difference.removed),
    ]


def _entry(
    asked: Asked,
    made: Consequences,
    kind: str,
    feature_id: str,
    verdicts: Sequence[Verdict],
    events: Sequence[Event],
) -> dict[str, Any]:
    layer, words = asked.layer, asked.words
    feature = made.feature(feature_id)
    old, new = made.before.get(feature_id), made.after.get(feature_id)
    return {
        "kind": kind,
        "id": feature_id,
        "name": layer.name_of(feature),
        "is_internal": not layer.is_public(feature),
        "drawn": any(each is not None and each.geometry is not None for each in (old, new)),
        "moved": _moved(made, feature_id, words),
        "fields": [
            {
                "name": name,
                "title": name_field(layer, name, words),
                "old": show_value(before, words),
                "new": show_value(after, words),
            }
            for name, (before, after) in _fields(made, feature_id).items()
        ],
        "passages": _passages(asked, feature),
        "verdicts": [
            _verdict_view(each, words) for each in verdicts if feature_id in _named_by(each)
        ],
        "comments": events_view((e for e in events if e.feature_id == feature_id), words),
    }


def _fields(made: Consequences, feature_id: str) -> Mapping[str, tuple[Any, Any]]:
    """Return old and new values; of what is added or removed, those of all its fields."""
    if (changed := made.changed.get(feature_id)) is not None:
        return changed.fields
    old, new = made.before.get(feature_id), made.after.get(feature_id)
    known = made.feature(feature_id).properties
    return {
        name: (
            None if old is None else old.properties.get(name),
            None if new is None else new.properties.get(name),
        )
        for name, value in known.items()
        if value not in (None, "", [])
    }


def _moved(made: Consequences, feature_id: str, words: Wording) -> str | None:
    changed = made.changed.get(feature_id)
    if changed is None or not changed.geometry:
        return None
    if changed.moved_m is None:
        return words.gettext("有无几何变了")
    if changed.moved_m < _UNSEEN_M:
        return None
    return words.say("移动 {metres} 米", metres=f"{changed.moved_m:,.1f}")


def _named_by(verdict: Verdict) -> set[str | None]:
    statement = verdict.statement
    return {statement.subject.id, *(party.id for party in statement.objects)}


def _verdict_view(verdict: Verdict, words: Wording) -> dict[str, Any]:
    statement, after = verdict.statement, verdict.after
    return {
        "words": f"{statement.subject.words} {words.relation(statement.relation)} "
        + "、".join(party.words for party in statement.objects),
        "before": words.outcome(verdict.before.outcome),
        "after": words.outcome(after.outcome),
        "is_worse": verdict.before.outcome == "holds" != after.outcome,
        "is_same": verdict.before.outcome == after.outcome,
        "outcome": after.outcome,
        "reason": after.reason_en if words.language == "en" else after.reason,
    }


def _passages(asked: Asked, feature: Feature) -> list[dict[str, Any]]:
    """Return where the plan speaks of a feature, with its words if its text was imported."""
    stated = feature.properties.get("citations")
    records = stated if isinstance(stated, list) else []
    return [_passage(asked, each) for each in records if is_citation(each)]


def _passage(asked: Asked, citation: Mapping[str, Any]) -> dict[str, Any]:
    words = asked.words
    document = asked.atlas.documents.get(citation["plan"])
    chapter, section, number = (citation[part] for part in ("chapter", "section", "paragraph"))
    query = "?lang=en" if words.language == "en" else ""
    place = paragraph_id(chapter, section, number)
    return {
        "where": words.citation(citation),
        "heading": "" if document is None else document.outline.heading(chapter, section),
        "href": None if document is None else f"/plan/{document.id}{query}#{place}",
        "text": None if document is None else _cited_words(document, citation),
    }


def _cited_words(
    document: PlanDocument, citation: Mapping[str, Any]
) -> tuple[str, str, str] | None:
    """Return the cited words with some before and behind them; None if they are not found."""
    text = document.text
    place = tuple(citation[part] for part in ("chapter", "section", "paragraph"))
    found = [] if text is None else [each for each in text.passages if each[:3] == place]
    quote = citation.get("quote")
    if text is None or not found:
        return None
    paragraph, start, end = found[0], citation.get("start"), citation.get("end")
    whole = text.text[paragraph.start : paragraph.end]
    if not (isinstance(start, int) and isinstance(end, int)):
        return ("", whole[: 2 * _AROUND], "")
    at = start - paragraph.start
    if isinstance(quote, str) and whole[max(0, at) : max(0, at) + len(quote)] != quote:
        at, end = whole.find(quote), start + len(quote)
    if not 0 <= at < len(whole):
        return None
    behind = at + end - start
    return whole[max(0, at - _AROUND) : at], whole[at:behind], whole[behind : behind + _AROUND]


def row_view(asked_by: str, draft: Draft, layer: str, **known: Any) -> dict[str, Any]:
    """Return a draft as the list of drafts shows it."""
    return {
        "layer": layer,
        "number": draft.number,
        "layer_id": draft.layer_id,
        "status": draft.status,
        "state": STATES[draft.status],
        "author": draft.author,
        "created": timed(draft.created),
        "due": None if draft.due is None else timed(draft.due),
        "is_own": draft.author == asked_by,
        **known,
    }
