"""Find the atlas's names in a plan's text: longest match first, aliases included.

Texts come with odd spacing (``二 〇 三五``, ``5G 产业``) and full-width letters; a name is found in
spite of them, and the range that is returned is that of the text as it was read.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .plan import Citation

_SAME = str.maketrans({"〇": "〇", "○": "〇", "“": '"', "”": '"', "‘": "'", "’": "'"})


class Mention(NamedTuple):
    """A name where it stands in a text.

    Attributes
    ----------
    start, end : int
        Half-open range of characters in the text as it was read.
    """

    ref: str
    start: int
    end: int


class Linker:
    """Finds names in texts.

    Parameters
    ----------
    names : Mapping
        What a name refers to, by name or alias.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._refs = {fold(name)[0]: ref for name, ref in names.items() if name.strip()}
        longest_first = sorted(self._refs, key=lambda name: (-len(name), name))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def mentions(self, text: str) -> Iterator[Mention]:
        """Yield every name in a text, from left to right, the longest one at each place."""
        folded, positions = fold(text)
        for found in self._pattern.finditer(folded):
            last = positions[found.end() - 1]
            yield Mention(self._refs[found[0]], positions[found.start()], last + 1)


def fold(text: str) -> tuple[str, list[int]]:
    """Return a text as it is compared, and where each of its characters stood.

    White space is dropped, compatibility forms are made plain (NFKC), quotation marks and the
    zero of Chinese years are made one.
    """
    characters: list[str] = []
    positions: list[int] = []
    for position, sign in enumerate(text):
        for plain in unicodedata.normalize("NFKC", sign.translate(_SAME)):
            if not plain.isspace():
                characters.append(plain)
                positions.append(position)
    return "".join(characters), positions


def uncited(
    mentions: Iterable[Mention], citations: Iterable[tuple[str, Citation]]
) -> list[Mention]:
    """Return the mentions that no citation of the same reference covers.

    Parameters
    ----------
    citations : iterable of (str, Citation)
        Each with the reference that it belongs to.
    """
    cited: dict[str, list[tuple[int, int]]] = {}
    for ref, citation in citations:
        if citation.start is not None and citation.end is not None:
            cited.setdefault(ref, []).append((citation.start, citation.end))
    return [
        mention
        for mention in mentions
        if not any(
            start <= mention.start and mention.end <= end
            for start, end in cited.get(mention.ref, [])
        )
    ]


class Span(NamedTuple):
    """A range of characters of a text and what it refers to."""

    start: int
    end: int
    ref: str


class Segment(NamedTuple):
    """A piece of a text within which nothing begins or ends.

    Attributes
    ----------
    refs : tuple of str
        What the piece belongs to, the shortest span first.
    """

    text: str
    refs: tuple[str, ...]


def segments(text: str, spans: Iterable[Span]) -> list[Segment]:
    """Cut a text where spans begin and end; the pieces joined are the text."""
    known = sorted(set(spans), key=lambda span: (span.end - span.start, span))
    cuts = {0, len(text)}
    for span in known:
        cuts |= {min(max(span.start, 0), len(text)), min(max(span.end, 0), len(text))}
    edges = sorted(cuts)
    return [
        Segment(
            text[start:end],
            tuple(span.ref for span in known if span.start <= start and end <= span.end),
        )
        for start, end in itertools.pairwise(edges)
    ]
