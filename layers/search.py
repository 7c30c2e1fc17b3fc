"""Find names and paragraphs by what people type: characters, pinyin, initials, with mistakes.

Every name and alias is kept as folded text (NFKC, lower case, simplified, without spaces and
punctuation), as full pinyin, as initials, and in the readings of its polyphones. A query is
compared with all of them; the tier of the best comparison comes first, then the weight of what
was found, then the shorter name.
"""

from __future__ import annotations

import csv
import unicodedata
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import fuzz, process

from .errors import DataInvalid
from .spelling import HAN, folded, spellings, syllables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

LONGEST_NAME = 60
"""Characters of a folded query up to which it may be a name."""

LONGEST_QUERY = 400
"""Characters of a query up to which it is looked for in the plan's words."""

MOST_PASSAGES = 10
_EXCERPT = 40
_SIMILAR, _SIMILAR_WHOLE, _SIMILAR_SOUND = 68.0, 60.0, 84.0
"""Least similarity (0 to 100) of a mistyped query: tried on queries with one wrong sign."""
_SHORTEST_FUZZY, _SHORTEST_FUZZY_SOUND = 3, 5
TIERS = ("exact", "prefix", "infix", "pinyin", "initials", "homophone", "fuzzy", "text")
"""How a query can match, best first."""
_EXACT, _PREFIX, _INFIX, _PINYIN, _INITIALS, _HOMOPHONE, _FUZZY, _TEXT = range(len(TIERS))


class Named(NamedTuple):
    """Something that can be found by its names.

    Attributes
    ----------
    weight : int
        The larger comes first among equally good matches.
    """

    collection: str
    id: str
    name: str
    name_en: str
    aliases: tuple[str, ...]
    kind: str
    weight: int


class Passage(NamedTuple):
    """A paragraph that can be found by its words."""

    id: str
    title: str
    text: str


class Hit(NamedTuple):
    """What a query found.

    Attributes
    ----------
    collection : str
        Of a feature; ``plan`` for a paragraph.
    matched : str
        The name or alias that matched; of a paragraph, the words around the first match.
    tier : str
        How it matched, from ``exact`` to ``fuzzy``; ``text`` for a paragraph.
    """

    collection: str
    id: str
    name: str
    kind: str
    matched: str
    tier: str


class _Form(NamedTuple):
    """One spelling of a name, and what it belongs to."""

    owner: int
    name: str
    text: str


class _Match(NamedTuple):
    """A form that matches: the smaller step, then the larger closeness, comes first."""

    step: int
    tier: int
    closeness: float
    form: int


class _Strings:
    """Many short strings in one, so that all of them are searched at the speed of one."""

    def __init__(self, strings: Iterable[str]) -> None:
        self.all = list(strings)
        self._joined = "\n" + "\n".join(self.all) + "\n"
        self._starts = [0, *accumulate(len(each) + 1 for each in self.all)]

    def __getitem__(self, i: int) -> str:
        return self.all[i]

    def holding(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the strings that hold a text without line breaks, each once, with their place."""
        at = self._joined.find(text)
        while at >= 0:
            i = bisect_right(self._starts, at - 1) - 1
            yield i, self.all[i]
            at = self._joined.find(text, self._starts[i + 1])


class _Forms:
    """How names are written and how they sound.

    Attributes
    ----------
    all : list of _Form
    texts, sounds, initials : _Strings
        Of each form.
    other_forms : list of int
        Those with polyphones, once for each reading but the usual one.
    other_sounds, other_initials : _Strings
        Of these readings.
    english : list of (int, str)
        The first form of what has an English name, and that name.
    """

    def __init__(self, named: Sequence[Named], readings: Mapping[str, str]) -> None:
        self.all: list[_Form] = []
        sounds: list[tuple[str, str]] = []
        others: list[tuple[int, str, str]] = []
        known = {folded(word): tuple(reading.split()) for word, reading in readings.items()}
        for owner, each in enumerate(named):
            for name in dict.fromkeys([each.name, *each.aliases]):
                self._add(owner, name, known, sounds, others)
        self.texts = _Strings(form.text for form in self.all)
        self.sounds = _Strings(full for full, _ in sounds)
        self.initials = _Strings(initials for _, initials in sounds)
        self.other_forms = [form for form, _, _ in others]
        self.other_sounds = _Strings(full for _, full, _ in others)
        self.other_initials = _Strings(initials for _, _, initials in others)
        first = {form.owner: i for i, form in reversed(list(enumerate(self.all)))}
        self.english = [
            (first[owner], f" {each.name_en.casefold()}")
            for owner, each in enumerate(named)
            if owner in first
        ]

    def _add(
        self,
        owner: int,
        name: str,
        known: Mapping[str, tuple[str, ...]],
        sounds: list[tuple[str, str]],
        others: list[tuple[int, str, str]],
    ) -> None:
        text = folded(name)
        if not text:
            return
        form = len(self.all)
        usual, other = spellings(text, tuple(known.items()))
        self.all.append(_Form(owner, name, text))
        sounds.append(usual)
        others += [(form, *each) for each in other]


class SearchIndex:
    """All names and paragraphs of one published state; see `prepare`.

    Parameters
    ----------
    named : iterable of Named
    passages : iterable of Passage
    readings : Mapping
        How words are read where the dictionary errs: word to syllables (``商埠``: ``shang bu``).
    """

    def __init__(
        self,
        named: Iterable[Named],
        passages: Iterable[Passage] = (),
        readings: Mapping[str, str] | None = None,
    ) -> None:
        self._named = tuple(named)
        self._read = tuple(passages)
        self._readings = readings or {}

    def prepare(self) -> None:
        """Spell everything now; else the first search does, which takes about a second."""
        _ = self._forms, self._passages

    @property
    def is_prepared(self) -> bool:
        """Whether everything is spelled."""
        return "_forms" in self.__dict__

    @cached_property
    def _forms(self) -> _Forms:
        return _Forms(self._named, self._readings)

    def spelled(self) -> Iterator[tuple[Named, set[str]]]:
        """Yield everything that has a name, with how it is written and sounds, folded."""
        forms = self._forms
        found: list[set[str]] = [set() for _ in self._named]
        for i, form in enumerate(forms.all):
            found[form.owner] |= {form.text, forms.sounds[i], forms.initials[i]}
        return zip(self._named, found, strict=True)

    @property
    def passages(self) -> Sequence[Passage]:
        """All paragraphs."""
        return self._read

    @cached_property
    def _passages(self) -> list[tuple[Passage, str]]:
        return [(passage, folded(passage.text)) for passage in self._read]

    def search(self, query: str, limit: int = 20) -> list[Hit]:
        """Return what a query finds, best first.

        Parameters
        ----------
        query : str
            Characters, full pinyin or initials; several words must all be in a paragraph.

        Returns
        -------
        list of Hit
            Features (each once), then paragraphs; empty where nothing is meant by the query.
        """
        text = folded(query)
        best: dict[int, _Match] = {}
        for match in self._matches(text, query) if 0 < len(text) <= LONGEST_NAME else ():
            owner = self._forms.all[match.form].owner
            if owner not in best or self._order(match) < self._order(best[owner]):
                best[owner] = match
        hits = [self._hit(match) for match in sorted(best.values(), key=self._order)[:limit]]
        return [*hits, *islice(self._in_passages(query), min(MOST_PASSAGES, limit - len(hits)))]

    def _order(self, match: _Match) -> tuple[object, ...]:
        form = self._forms.all[match.form]
        each = self._named[form.owner]
        # Whole matches come before partial ones of their kind; among partial ones of characters
        # the weight decides before the place in the name does.
        return (match.step, -match.closeness, -each.weight, match.tier, len(form.text), each.id)

    def _hit(self, match: _Match) -> Hit:
        form = self._forms.all[match.form]
        each = self._named[form.owner]
        return Hit(each.collection, each.id, each.name, each.kind, form.name, TIERS[match.tier])

    def _matches(self, text: str, query: str) -> Iterator[_Match]:
        """Yield everything that matches; what is close only if nothing else does."""
        exact = list(self._as_characters(text))
        if not HAN.search(text):
            exact += [*self._as_sounds(text), *self._as_english(query)]
        elif not exact:
            exact += self._as_homophone(text)
        yield from exact or self._as_mistyped(text)

    def _as_characters(self, text: str) -> Iterator[_Match]:
        for i, form in self._forms.texts.holding(text):
            tier = _EXACT if form == text else _PREFIX if form.startswith(text) else _INFIX
            yield _Match(0 if tier == _EXACT else 1, tier, 0, i)

    def _as_sounds(self, text: str) -> Iterator[_Match]:
        for i, sounds in self._forms.sounds.holding(text):
            if _sounds_like(text, sounds):
                yield _Match(2 if sounds == text else 3, _PINYIN, 0, i)
        for i, sounds in self._forms.other_sounds.holding(text):
            if _sounds_like(text, sounds):
                yield _Match(2 if sounds == text else 6, _HOMOPHONE, 0, self._forms.other_forms[i])
        if len(text) < 2:
            return
        for i, initials in self._forms.initials.holding(text):
            if initials.startswith(text):
                yield _Match(4 if initials == text else 5, _INITIALS, 0, i)
        for i, initials in self._forms.other_initials.holding(text):
            if initials == text:
                yield _Match(6, _HOMOPHONE, 0, self._forms.other_forms[i])

    def _as_english(self, query: str) -> Iterator[_Match]:
        words = " ".join(unicodedata.normalize("NFKC", query).casefold().split())
        if len(words) < _SHORTEST_FUZZY:
            return
        for i, english in self._forms.english:
            if f" {words}" in english:
                yield _Match(3, _PREFIX if english.startswith(f" {words}") else _INFIX, 0, i)

    def _as_homophone(self, text: str) -> Iterator[_Match]:
        """Find names that sound alike: a wrong character of the right sound."""
        if len(text) < 2:
            return
        sounds = "".join(syllables(text, {}))
        for i, known in self._forms.sounds.holding(sounds):
            if known.startswith(sounds) and not set(text).isdisjoint(self._forms.texts[i]):
                yield _Match(6 if known == sounds else 7, _HOMOPHONE, 0, i)

    def _as_mistyped(self, text: str) -> Iterator[_Match]:
        """Find names that differ by a character or two.

        Chinese queries are compared by characters (0.6) and by sound (0.4), others by sound.
        """
        if not HAN.search(text):
            yield from self._mistyped_sounds(text)
        elif len(text) >= _SHORTEST_FUZZY:
            yield from self._mistyped_characters(text)

    def _mistyped_characters(self, text: str) -> Iterator[_Match]:
        sounds = "".join(syllables(text, {}))
        near = process.extract(
            text, self._forms.texts.all, scorer=fuzz.partial_ratio, limit=None, score_cutoff=50
        )
        for form, score, i in near:
            if len(form) < 2 or set(text).isdisjoint(form):
                continue
            whole = fuzz.ratio(text, form)
            heard = fuzz.partial_ratio(sounds, self._forms.sounds[i])
            closeness = 0.6 * score + 0.4 * heard
            if closeness >= _SIMILAR and whole >= _SIMILAR_WHOLE * _share(text, form):
                yield _Match(8, _FUZZY, round(closeness + whole / 10, 3), i)

    def _mistyped_sounds(self, text: str) -> Iterator[_Match]:
        if len(text) < _SHORTEST_FUZZY_SOUND:
            return
        near = process.extract(
            text,
            self._forms.sounds.all,
            scorer=fuzz.ratio,
            limit=20,
            score_cutoff=_SIMILAR_SOUND,
        )
        for _, score, i in near:
            yield _Match(8, _FUZZY, score, i)

    def _in_passages(self, query: str) -> Iterator[Hit]:
        if len(query) > LONGEST_QUERY:
            return
        words = [folded(word) for word in query.split()]
        words = [word for word in words if word]
        if sum(map(len, words)) < 2:
            return
        for passage, text in self._passages:
            if all(word in text for word in words):
                excerpt = _excerpt(passage.text, words[0])
                yield Hit("plan", passage.id, passage.title, "", excerpt, TIERS[_TEXT])


def read_readings(path: Path) -> dict[str, str]:
    """Return the readings of a CSV file with the columns text and reading.

    Raises
    ------
    DataInvalid
        If the file cannot be read, or a reading has not one syllable for each character.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            readings = {}
            for row in rows:
                text, reading = row["text"], row["reading"]
                if len(text) != len(reading.split()):
                    raise DataInvalid(
                        f"{path.name}, line {rows.line_num}: {text} needs one syllable for each "
                        f"character, not {reading!r}."
                    )
                readings[text] = reading
    except OSError as error:
        raise DataInvalid(f"{path}: cannot be read ({error.strerror}).") from error
    except (KeyError, AttributeError) as error:
        raise DataInvalid(f"{path.name}: needs the columns text and reading.") from error
    return readings


def _sounds_like(text: str, sounds: str) -> bool:
    """Tell whether a query is the beginning of a name's sound, or a good part of it."""
    return sounds.startswith(text) or (len(text) >= 5 and text in sounds)


def _share(text: str, other: str) -> float:
    """Return how much of two texts could agree at best, 0 to 1."""
    return 2 * min(len(text), len(other)) / (len(text) + len(other))


def _excerpt(text: str, word: str) -> str:
    """Return about `_EXCERPT` characters around the first match of a folded word."""
    at = max(text.casefold().find(word), 0)
    start = max(0, at - _EXCERPT // 3)
    end = min(len(text), start + _EXCERPT)
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
