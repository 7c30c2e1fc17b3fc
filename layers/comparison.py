"""Two versions of a plan: which paragraphs correspond, and where the citations have gone.

Paragraphs correspond if they read the same, or nearly the same, whatever their number; a citation
follows its characters through the differences within its paragraph. Spacing and full-width forms
are no differences: plans are typeset anew more often than they are rewritten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from .errors import Finding
from .linking import fold
from .plan import parse_plan, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .plan import Citation, Paragraph, PlanText

AnchorState: TypeAlias = Literal["exact", "moved", "changed", "lost"]
ANCHOR_STATES: tuple[AnchorState, ...] = get_args(AnchorState)
PairState: TypeAlias = Literal["same", "moved", "changed", "added", "removed"]

SIMILAR = 60.0
"""Similarity of two paragraphs (0 to 100, normalised Indel) from which they may correspond."""

_FIGURE = re.compile(r"[0-9]+(?:\.[0-9]+)?\s*[%％万亿个家座处条公里]*")


class Anchor(NamedTuple):
    """What has become of a citation in another version.

    Attributes
    ----------
    state : str
        ``exact``: the same characters in the same place of a paragraph of the same number.
        ``moved``: the same words elsewhere. ``changed``: their paragraph has a counterpart, they
        are not in it. ``lost``: their paragraph has none.
    new : Citation or None
        Where to look now; for a changed citation the stretch that replaced it.
    """

    citation: Citation
    state: AnchorState
    new: Citation | None


class Pair(NamedTuple):
    """A paragraph of the old version and its counterpart.

    Attributes
    ----------
    similarity : float
        0 (nothing in common) to 100 (the same words).
    """

    old: Paragraph | None
    new: Paragraph | None
    state: PairState
    similarity: float


class Difference(NamedTuple):
    """A stretch of text that is in both versions, or in one."""

    kind: Literal["equal", "insert", "delete"]
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A paragraph that differs, and what is cited in it.

    Attributes
    ----------
    features, figures : tuple of str
        References and ids of what the old paragraph is cited for.
    new_figures : tuple of str
        Numbers with digits that only the new paragraph has; a number in words is not seen.
    """

    pair: Pair
    differences: tuple[Difference, ...]
    features: tuple[str, ...]
    figures: tuple[str, ...]
    new_figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one version of a plan differs from another.

    Attributes
    ----------
    changes : tuple of Change
        In the order of the new text, removed paragraphs where they stood.
    headings_added, headings_removed : tuple of str
        Titles of chapters and sections.
    features, figures : Mapping
        The citations of each reference or indicator, followed into the new text.
    """

    changes: tuple[Change, ...]
    unchanged: int
    headings_added: tuple[str, ...]
    headings_removed: tuple[str, ...]
    features: Mapping[str, tuple[Anchor, ...]]
    figures: Mapping[str, tuple[Anchor, ...]]


def compare(
    old_text: str,
    new_text: str,
    features: Iterable[tuple[str, Citation]],
    figures: Iterable[tuple[str, Citation]],
) -> Comparison:
    """Compare two versions of a plan: text, figures and features together.

    Parameters
    ----------
    features, figures : iterable of (str, Citation)
        What the old text is cited for.
    """
    old, new = parse_plan(old_text), parse_plan(new_text)
    pairs = align(old, new)
    named, stated = list(features), list(figures)
    old_titles, new_titles = ([_plain(h.text) for h in each.headings] for each in (old, new))
    return Comparison(
        changes=tuple(_change(p, named, stated) for p in pairs if p.state != "same"),
        unchanged=sum(pair.state == "same" for pair in pairs),
        headings_added=tuple(h.text for h in new.headings if _plain(h.text) not in old_titles),
        headings_removed=tuple(h.text for h in old.headings if _plain(h.text) not in new_titles),
        features=_followed(named, old, new, pairs),
        figures=_followed(stated, old, new, pairs),
    )


def reanchor(citations: Sequence[Citation], old_text: str, new_text: str) -> list[Anchor]:
    """Follow citations of one version into another; one anchor for each, in order."""
    old, new = parse_plan(old_text), parse_plan(new_text)
    return _anchors(citations, old, new, align(old, new))


def check_citations(
    citations: Iterable[tuple[str, Citation]], text: PlanText, file: str
) -> list[Finding]:
    """Return the citations that do not hold in the text that they claim to cite.

    Parameters
    ----------
    citations : iterable of (str, Citation)
        Each with the feature or record that it belongs to.
    file : str
        Where they were read, for the findings.
    """
    places = {(p.chapter, p.section, p.number): p for p in text.passages}
    return [
        Finding("citation", file, owner, "citations", fault, _MEND)
        for owner, citation in citations
        if (fault := _fault(citation, text, places))
    ]


_MEND = "Compare the text with the one that was cited, then correct the citation."


def align(old: PlanText, new: PlanText) -> list[Pair]:
    """Return which paragraphs of two versions correspond, in the order of the new text.

    The same words first (nearest in position), then the most similar of those that are left; each
    paragraph is used once.
    """
    found: dict[int, tuple[int, float]] = {}
    _pair_equal(old, new, found)
    _pair_similar(old, new, found)
    pairs = [
        _pair(old.paragraphs[found[j][0]], paragraph, found[j][1])
        if j in found
        else Pair(None, paragraph, "added", 0)
        for j, paragraph in enumerate(new.paragraphs)
    ]
    used = {i for i, _ in found.values()}
    for i, paragraph in enumerate(old.paragraphs):
        if i not in used:
            place = next(
                (
                    k
                    for k, p in enumerate(pairs)
                    if p.old is not None and p.old.start > paragraph.start
                ),
                len(pairs),
            )
            pairs.insert(place, Pair(paragraph, None, "removed", 0))
    return pairs


def differences(old: str, new: str) -> tuple[Difference, ...]:
    """Return the stretches that turn one text into another; equal and new ones joined are it."""
    found: list[Difference] = []
    for code in Indel.opcodes(old, new):
        if code.tag == "equal":
            found.append(Difference("equal", old[code.src_start : code.src_end]))
        elif code.tag == "delete":
            found.append(Difference("delete", old[code.src_start : code.src_end]))
        else:
            found.append(Difference("insert", new[code.dest_start : code.dest_end]))
    return tuple(found)


def _pair_equal(old: PlanText, new: PlanText, found: dict[int, tuple[int, float]]) -> None:
    places: dict[str, list[int]] = {}
    for i, paragraph in enumerate(old.paragraphs):
        places.setdefault(_plain(paragraph.text), []).append(i)
    for j, paragraph in enumerate(new.paragraphs):
        if candidates := places.get(_plain(paragraph.text)):
            best = min(
                candidates, key=lambda i: (old.paragraphs[i][:3] != paragraph[:3], abs(i - j))
            )
            candidates.remove(best)
            found[j] = (best, 100.0)


def _pair_similar(old: PlanText, new: PlanText, found: dict[int, tuple[int, float]]) -> None:
    used = {i for i, _ in found.values()}
    left = [i for i in range(len(old.paragraphs)) if i not in used]
    right = [j for j in range(len(new.paragraphs)) if j not in found]
    scores = process.cdist(
        [_plain(old.paragraphs[i].text) for i in left],
        [_plain(new.paragraphs[j].text) for j in right],
        scorer=fuzz.ratio,
        score_cutoff=SIMILAR,
    )
    ranked = sorted(
        (-float(scores[a, b]), old.paragraphs[i][:2] != new.paragraphs[j][:2], abs(i - j), i, j)
        for a, i in enumerate(left)
        for b, j in enumerate(right)
        if scores[a, b] > 0
    )
    for score, _, _, i, j in ranked:
        if i not in used and j not in found:
            found[j] = (i, -score)
            used.add(i)


def _pair(old: Paragraph, new: Paragraph, similarity: float) -> Pair:
    if similarity < 100:
        return Pair(old, new, "changed", similarity)
    return Pair(old, new, "same" if old[:3] == new[:3] else "moved", 100)


def _key(paragraph: Paragraph) -> tuple[int, int, int]:
    return paragraph.chapter, paragraph.section, paragraph.number


def _plain(text: str) -> str:
    return fold(text)[0]


def _anchors(
    citations: Sequence[Citation], old: PlanText, new: PlanText, pairs: Sequence[Pair]
) -> list[Anchor]:
    counterparts = {_key(pair.old): pair.new for pair in pairs if pair.old is not None}
    titles = {(h.chapter, h.section): h for h in new.headings}
    for heading in old.headings:
        counterparts[_key(heading)] = titles.get((heading.chapter, heading.section))
    places = {_key(passage): passage for passage in old.passages}
    return [_anchor(citation, places, counterparts) for citation in citations]


def _anchor(
    citation: Citation,
    places: Mapping[tuple[int, int, int], Paragraph],
    counterparts: Mapping[tuple[int, int, int], Paragraph | None],
) -> Anchor:
    key = (citation.chapter, citation.section, citation.paragraph)
    old, new = places.get(key), counterparts.get(key)
    if old is None or new is None:
        return Anchor(citation, "lost", None)
    place = citation._replace(chapter=new.chapter, section=new.section, paragraph=new.number)
    if citation.start is None or citation.end is None:
        return Anchor(citation, "exact" if new[:3] == old[:3] else "moved", place)
    start, end = _follow(old.text, new.text, citation.start - old.start, citation.end - old.start)
    quote, now = (
        old.text[citation.start - old.start : citation.end - old.start],
        new.text[start:end],
    )
    place = place._replace(
        start=new.start + start,
        end=new.start + end,
        quote=None if citation.quote is None else now,
        sha256=None if citation.sha256 is None else sha256(now),
    )
    if _plain(quote) != _plain(now):
        return Anchor(citation, "changed", place)
    stays = new[:3] == old[:3] and start == citation.start - old.start and now == quote
    return Anchor(citation, "exact" if stays else "moved", place)


def _follow(old: str, new: str, start: int, end: int) -> tuple[int, int]:
    """Return where a range of one text has gone in another, through their differences.

    If its words are no longer there, but stand elsewhere in the new text, the nearest of them.
    """
    plain_old, from_old = fold(old)
    plain_new, from_new = fold(new)
    first = sum(position < start for position in from_old)
    last = sum(position < end for position in from_old)
    a, b = _through(plain_old, plain_new, first, last)
    quote = plain_old[first:last]
    if quote and plain_new[a:b] != quote:
        others = [m.start() for m in re.finditer(re.escape(quote), plain_new)]
        if others:
            a = min(others, key=lambda other: abs(other - a))
            b = a + len(quote)
    if b <= a:
        return min(a, len(new)), min(a, len(new))
    return from_new[a], from_new[b - 1] + 1


def _through(old: str, new: str, first: int, last: int) -> tuple[int, int]:
    a, b = None, 0
    for code in Indel.opcodes(old, new):
        if code.tag != "equal":
            continue
        begin, finish = max(first, code.src_start), min(last, code.src_end)
        if begin < finish:
            shift = code.dest_start - code.src_start
            a = begin + shift if a is None else a
            b = finish + shift
    return (0, 0) if a is None else (a, b)


def _followed(
    citations: Sequence[tuple[str, Citation]], old: PlanText, new: PlanText, pairs: Sequence[Pair]
) -> dict[str, tuple[Anchor, ...]]:
    followed: dict[str, list[Anchor]] = {}
    anchors = _anchors([citation for _, citation in citations], old, new, pairs)
    for (owner, _), anchor in zip(citations, anchors, strict=True):
        followed.setdefault(owner, []).append(anchor)
    return {owner: tuple(found) for owner, found in followed.items()}


def _change(
    pair: Pair,
    features: Sequence[tuple[str, Citation]],
    figures: Sequence[tuple[str, Citation]],
) -> Change:
    before = "" if pair.old is None else pair.old.text
    after = "" if pair.new is None else pair.new.text
    known = _FIGURE.findall(before)
    fresh = [figure.strip() for figure in _FIGURE.findall(after) if figure not in known]
    return Change(
        pair,
        differences(before, after),
        _cited_in(pair.old, features),
        _cited_in(pair.old, figures),
        tuple(dict.fromkeys(fresh)),
    )


def _cited_in(
    paragraph: Paragraph | None, citations: Sequence[tuple[str, Citation]]
) -> tuple[str, ...]:
    if paragraph is None:
        return ()
    return tuple(
        dict.fromkeys(
            owner
            for owner, each in citations
            if (each.chapter, each.section, each.paragraph) == paragraph[:3]
        )
    )


def _fault(
    citation: Citation, text: PlanText, places: Mapping[tuple[int, int, int], Paragraph]
) -> str | None:
    place = places.get((citation.chapter, citation.section, citation.paragraph))
    if place is None:
        return f"{citation} is not in the text."
    if citation.start is None or citation.end is None:
        return None
    if not place.start <= citation.start < citation.end <= place.end:
        return f"{citation}, lies outside the paragraph ({place.start} to {place.end})."
    if citation.digest and sha256(text.text[citation.start : citation.end]) != citation.digest:
        words = f"“{citation.quote}”" if citation.quote else "the quote"
        return f"{citation}: the text does not read {words} there (SHA-256 differs)."
    return None
