"""How names are compared: folded, and as they are read in pinyin."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING

from opencc import OpenCC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_READINGS = 16
"""Polyphone readings that are kept of one name."""

HAN = re.compile(r"[㐀-鿿豈-﫿〇]")


def folded(text: str) -> str:
    """Return a text as it is compared: NFKC, lower case, simplified, letters and digits only."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(sign for sign in plain if sign.isalnum())
    return kept if kept.isascii() else _simplifier().convert(kept)


@lru_cache(maxsize=1)
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=50_000)
def spellings(
    text: str, known: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[tuple[str, str], tuple[tuple[str, str], ...]]:
    """Return how a name is usually spelled in pinyin, and how else it could be.

    Names hardly change from one state to the next, and a dictionary takes its time.
    """
    usual = syllables(text, dict(known))
    other = tuple(_spelling(each) for each in _other_readings(text, usual))
    return _spelling(usual), other


def syllables(text: str, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return how a text is read: a syllable for each character, other signs as they are."""
    read = _per_character(text)
    for word, reading in known.items():
        for found in re.finditer(re.escape(word), text):
            read[found.start() : found.end()] = reading
    return read


def _per_character(text: str) -> list[str]:
    """Return the dictionary's readings in context, aligned with the characters."""
    # The dictionary takes a quarter of a second, which most commands can do without.
    from pypinyin import Style, lazy_pinyin

    read: list[str] = []
    for part in re.findall(r"[㐀-鿿豈-﫿〇]+|.", text):
        if HAN.match(part):
            read += [_plain(each) for each in lazy_pinyin(part, style=Style.NORMAL)]
        else:
            read.append(part)
    return read


def _other_readings(text: str, usual: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the other readings of a name with polyphones, at most `MOST_READINGS`."""
    choices = [
        list(dict.fromkeys([syllable, *_readings(sign)]))
        for sign, syllable in zip(text, usual, strict=True)
    ]
    yield from islice(product(*choices), 1, MOST_READINGS + 1)


@lru_cache(maxsize=10_000)
def _readings(sign: str) -> tuple[str, ...]:
    """Return every reading of a character; none of another sign."""
    from pypinyin import Style, pinyin

    if not HAN.match(sign):
        return ()
    return tuple(_plain(each) for each in pinyin(sign, style=Style.NORMAL, heteronym=True)[0])


def _spelling(read: Sequence[str]) -> tuple[str, str]:
    """Return the full pinyin and the initials of some syllables."""
    return "".join(read), "".join(syllable[0] for syllable in read)


def _plain(syllable: str) -> str:
    return syllable.replace("ü", "v") or "_"
