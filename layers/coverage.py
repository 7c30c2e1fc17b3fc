"""The coverage ledger: what the atlas has made of each sentence of a plan.

A sentence is *mapped* if everything it names is drawn, mapped *partly* if everything it names is
a feature but some or all of it has no geometry, a *figure* if it names nothing and states a
figure, *none* if a person has read it and found no place in it, and to do (*todo*) otherwise.
The reading is kept by the sentence's digest: a sentence that changes is to do again.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from .errors import DataInvalid
from .plan import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from .plan import Citation

State: TypeAlias = Literal["mapped", "partly", "figure", "none", "todo"]
STATES: tuple[State, ...] = get_args(State)


class Entry(NamedTuple):
    """A sentence and its state.

    Attributes
    ----------
    named : tuple of str
        References of the features that the sentence names, in the order of the text.
    drawn : int
        How many of them have a geometry.
    figures : tuple of str
        Ids of the indicators that it states.
    """

    sentence: Sentence
    state: State
    named: tuple[str, ...]
    drawn: int
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """All sentences of a plan with their states, in the order of the text."""

    entries: tuple[Entry, ...]

    @property
    def chapters(self) -> list[int]:
        """Numbers of the chapters that have sentences."""
        return sorted({entry.sentence.chapter for entry in self.entries})

    def counts(self, chapter: int | None = None) -> dict[State, int]:
        """Return how many sentences are in each state, in one chapter or in all."""
        found = Counter(
            entry.state for entry in self.entries if chapter in {None, entry.sentence.chapter}
        )
        return {state: found[state] for state in STATES}

    def undrawn(self, chapter: int | None = None) -> int:
        """Return how many of the partly mapped sentences have nothing drawn at all."""
        return sum(
            entry.state == "partly" and entry.drawn == 0
            for entry in self.entries
            if chapter in {None, entry.sentence.chapter}
        )


def take_ledger(
    sentences: Sequence[Sentence],
    citations: Iterable[tuple[str, Citation]],
    figures: Iterable[tuple[str, Citation]],
    *,
    drawn: Mapping[str, bool],
    reviewed: frozenset[str],
) -> Ledger:
    """Return the ledger of a plan.

    Parameters
    ----------
    sentences : sequence of Sentence
        In the order of the text, not overlapping.
    citations, figures : iterable of (str, Citation)
        Reference of a feature, or id of an indicator, and where it stands.
    drawn : Mapping
        Whether a reference has a geometry.
    reviewed : frozenset of str
        Digests of the sentences in which a person found no place.
    """
    named = _by_sentence(sentences, citations)
    stated = _by_sentence(sentences, figures)
    return Ledger(
        tuple(
            _entry(sentence, named.get(i, ()), stated.get(i, ()), drawn, reviewed)
            for i, sentence in enumerate(sentences)
        )
    )


def read_sentences(path: Path) -> tuple[list[Sentence], frozenset[str]]:
    """Return the sentences of a plan and the digests of those in which no place was found.

    Parameters
    ----------
    path : Path
        CSV with chapter, section, paragraph, sentence, start, end, sha256, review.

    Raises
    ------
    DataInvalid
        If the file cannot be read or a row is not of that form; the sentence names the line.
    """
    sentences: list[Sentence] = []
    reviewed: set[str] = set()
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            for row in rows:
                chapter, section, paragraph, number, start, end = (
                    int(row[name]) for name in _NUMBERS
                )
                sha256 = row["sha256"]
                sentences.append(Sentence(chapter, section, paragraph, number, start, end, sha256))
                if {"": False, "none": True}[row["review"]]:
                    reviewed.add(sha256)
    except OSError as error:
        raise DataInvalid(f"{path}: cannot be read ({error.strerror}).") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataInvalid(f"{path.name}, line {rows.line_num}: {error}.") from error
    return sentences, frozenset(reviewed)


_NUMBERS = ("chapter", "section", "paragraph", "sentence", "start", "end")


def _by_sentence(
    sentences: Sequence[Sentence], citations: Iterable[tuple[str, Citation]]
) -> dict[int, tuple[str, ...]]:
    """Return the references cited in each sentence, each once, in the order of the text."""
    starts = [sentence.start for sentence in sentences]
    places = sorted(
        (citation.start, ref) for ref, citation in citations if citation.start is not None
    )
    found: dict[int, dict[str, None]] = {}
    for start, ref in places:
        i = bisect_right(starts, start) - 1
        if i >= 0 and start < sentences[i].end:
            found.setdefault(i, {})[ref] = None
    return {i: tuple(refs) for i, refs in found.items()}


def _entry(
    sentence: Sentence,
    named: tuple[str, ...],
    figures: tuple[str, ...],
    drawn: Mapping[str, bool],
    reviewed: frozenset[str],
) -> Entry:
    shown = sum(drawn[ref] for ref in named)
    state: State
    if named:
        state = "mapped" if shown == len(named) else "partly"
    elif figures:
        state = "figure"
    else:
        state = "none" if sentence.sha256 in reviewed else "todo"
    return Entry(sentence, state, named, shown, figures)
