"""A published plan: its outline, its text if it was imported, and what the atlas links to it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .comparison import Anchor, reanchor
from .coverage import take_ledger
from .linking import Linker, Span, segments
from .plan import Citation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .coverage import Ledger
    from .indicators import IndicatorSet
    from .linking import Segment
    from .model import Feature, PlanVersion
    from .plan import Outline, PlanText, Sentence
    from .statements import Statement

FIGURE = "figure:"
"""Prefix of a span's reference that is an indicator rather than a feature."""


@dataclass(frozen=True, slots=True)
class PlanData:
    """What the atlas ships of a plan: everything but its text."""

    outline: Outline
    sentences: tuple[Sentence, ...]
    reviewed: frozenset[str]
    indicators: IndicatorSet
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A plan as it is read now.

    Attributes
    ----------
    outline : Outline
        Of the imported text; of the shipped outline where no text is imported.
    version : PlanVersion or None
        The imported version that is shown, None without one.
    text : PlanText or None
    citations : tuple of (str, Citation)
        Reference of a public feature and where the plan names it, in the order of the text.
    figures : tuple of (str, Citation)
        Id of an indicator and where the plan states it.
    anchors : Mapping
        How many citations are exact, moved, changed or lost in the text that is shown; empty
        where it is the text that they were made from.
    ledger : Ledger
    pieces : Mapping
        Headings and paragraphs cut into pieces, each with what it refers to, by address
        (``3-2-p4``); empty without a text.
    """

    outline: Outline
    version: PlanVersion | None
    text: PlanText | None
    citations: tuple[tuple[str, Citation], ...]
    figures: tuple[tuple[str, Citation], ...]
    anchors: Mapping[str, int]
    ledger: Ledger
    pieces: Mapping[str, tuple[Segment, ...]]

    @property
    def id(self) -> str:
        """The id of the plan."""
        return self.outline.id

    def cited(self, chapter: int, section: int, paragraph: int) -> list[str]:
        """Return the references that a paragraph names, each once, in the order of the text."""
        key = (chapter, section, paragraph)
        return list(
            dict.fromkeys(
                ref
                for ref, each in self.citations
                if (each.chapter, each.section, each.paragraph) == key
            )
        )


def take_document(
    plan_id: str,
    data: PlanData | None,
    version: PlanVersion | None,
    text: PlanText | None,
    base: str | None,
    features: Mapping[str, Feature],
) -> PlanDocument:
    """Return a plan as it is read now.

    Parameters
    ----------
    data : PlanData or None
        What the atlas ships of this plan, if anything.
    version, text
        The imported version to show and its text, None without one.
    base : str or None
        The text that the shipped citations were made from, if the store has it: needed to follow
        them into another version.
    features : Mapping
        Public features by reference (``layer/feature``).
    """
    cited = list(_citations(plan_id, features))
    figures = list(_figures(data))
    anchors: Mapping[str, int] = {}
    if text is None:
        if data is None:
            raise ValueError(f"Neither data nor text of {plan_id}.")
        outline, sentences = data.outline, list(data.sentences)
    else:
        outline = _outline(plan_id, data, version, text)
        sentences = text.sentences()
        if data is None or text.sha256 != data.outline.sha256:
            shipped = () if data is None else data.sentences
            follow = _Follower(text, base, shipped)
            linked = _link(text, features, plan_id)
            cited = list(dict.fromkeys([*follow(cited), *linked]))
            figures = follow(figures)
            anchors = dict(follow.states)
    ledger = take_ledger(
        sentences,
        cited,
        figures,
        drawn={ref: feature.geometry is not None for ref, feature in features.items()},
        reviewed=frozenset() if data is None else data.reviewed,
    )
    named, stated = _in_order(cited), _in_order(figures)
    pieces = {} if text is None else _pieces(text, named, stated)
    return PlanDocument(outline, version, text, named, stated, anchors, ledger, pieces)


def name_references(features: Mapping[str, Feature]) -> dict[str, str]:
    """Return the reference of every name and alias; of a name with two owners, the first's."""
    names: dict[str, str] = {}
    for ref, feature in features.items():
        own = [feature.properties.get("name"), *feature.properties.get("aliases", ())]
        for name in filter(None, own):
            names.setdefault(name, ref)
    return names


def _citations(plan_id: str, features: Mapping[str, Feature]) -> Iterable[tuple[str, Citation]]:
    for ref, feature in features.items():
        for record in feature.properties.get("citations", ()):
            if record["plan"] == plan_id:
                yield ref, Citation(**record)


def _figures(data: PlanData | None) -> Iterable[tuple[str, Citation]]:
    if data is None:
        return
    for indicator in data.indicators.indicators:
        start, end = indicator.value_range
        # The number itself is shown as a link; the digest is of the words around it.
        yield indicator.id, indicator.citation._replace(start=start, end=end, sha256=None)


def _outline(
    plan_id: str, data: PlanData | None, version: PlanVersion | None, text: PlanText
) -> Outline:
    known = version or (data.outline if data else None)
    if known is None:
        raise ValueError(f"Neither data nor version of {plan_id}.")
    return text.outline(plan_id, known.title, known.title_en, known.date)


class _Follower:
    """Follows the shipped citations into another text.

    With the text that they were made from, through its differences; without it, by the sentences
    that stand in both (known by their digests), so that only those of other sentences are lost.
    """

    def __init__(self, text: PlanText, base: str | None, shipped: Sequence[Sentence]) -> None:
        self.states: Counter[str] = Counter()
        self._text = text
        self._base = base
        self._shipped = sorted(shipped, key=lambda each: each.start)
        self._starts = [each.start for each in self._shipped]
        self._there: dict[str, list[Sentence]] = {}
        for sentence in text.sentences():
            self._there.setdefault(sentence.sha256, []).append(sentence)

    def __call__(self, citations: Sequence[tuple[str, Citation]]) -> list[tuple[str, Citation]]:
        anchors = (
            [self._by_sentence(citation) for _, citation in citations]
            if self._base is None
            else reanchor([citation for _, citation in citations], self._base, self._text.text)
        )
        kept = []
        for (ref, _), anchor in zip(citations, anchors, strict=True):
            self.states[anchor.state] += 1
            if anchor.new is not None and anchor.state in {"exact", "moved"}:
                kept.append((ref, anchor.new))
        return kept

    def _by_sentence(self, citation: Citation) -> Anchor:
        if citation.start is None or citation.end is None:
            return Anchor(citation, "lost", None)
        i = bisect_right(self._starts, citation.start) - 1
        if i < 0 or citation.end > self._shipped[i].end:
            return Anchor(citation, "lost", None)
        old = self._shipped[i]
        now = self._there.get(old.sha256)
        if not now:
            return Anchor(citation, "lost", None)
        # A sentence that stands twice is the one of the same paragraph, else the first.
        place = next((each for each in now if each[:4] == old[:4]), now[0])
        start = place.start + citation.start - old.start
        moved = citation._replace(
            chapter=place.chapter,
            section=place.section,
            paragraph=place.paragraph,
            start=start,
            end=start + citation.end - citation.start,
        )
        return Anchor(citation, "exact" if place[:4] == old[:4] else "moved", moved)


def _link(
    text: PlanText, features: Mapping[str, Feature], plan_id: str
) -> Iterable[tuple[str, Citation]]:
    linker = Linker(name_references(features))
    for passage in text.passages:
        for mention in linker.mentions(passage.text):
            start, end = passage.start + mention.start, passage.start + mention.end
            quote = text.text[start:end]
            yield (
                mention.ref,
                Citation(
                    plan_id,
                    passage.chapter,
                    passage.section,
                    passage.number,
                    start,
                    end,
                    quote=quote,
                ),
            )


def _pieces(
    text: PlanText,
    citations: Sequence[tuple[str, Citation]],
    figures: Sequence[tuple[str, Citation]],
) -> Mapping[str, tuple[Segment, ...]]:
    spans: dict[tuple[int, int, int], list[tuple[str, Citation]]] = {}
    for ref, each in [*citations, *((FIGURE + id_, each) for id_, each in figures)]:
        spans.setdefault((each.chapter, each.section, each.paragraph), []).append((ref, each))
    return {
        passage.id: tuple(
            segments(
                passage.text,
                [
                    Span(each.start - passage.start, each.end - passage.start, ref)
                    for ref, each in spans.get(
                        (passage.chapter, passage.section, passage.number), []
                    )
                    if each.start is not None and each.end is not None
                ],
            )
        )
        for passage in text.passages
    }


def _in_order(citations: Iterable[tuple[str, Citation]]) -> tuple[tuple[str, Citation], ...]:
    return tuple(sorted(citations, key=lambda each: (each[1].start or 0, each[1].end or 0)))
