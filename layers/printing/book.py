"""What stands in the atlas as a book: plain values, drawn by `binding`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .paper import Paper, View
    from .sheet import Drawn


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: a zone, a project.

    Attributes
    ----------
    ref : str
        ``layer/feature``, by which the index finds the page.
    certainty : str
        How sure the place is; where it is not known, why there is no map.
    view : View or None
        The map; None where the place is not known.
    lines : tuple of (str, str)
        Name and value of what is known.
    cited_title : str
    cited : tuple of str
        Where the plan speaks of it.
    """

    ref: str
    title: str
    subtitle: str
    summary: str
    certainty: str
    view: View | None
    layers: tuple[Drawn, ...]
    lines: tuple[tuple[str, str], ...]
    cited_title: str
    cited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Pages under one heading: one for each entry, or a table.

    Attributes
    ----------
    rows : tuple of tuple of str
        Of a table: a row of one cell is a heading.
    widths : tuple of float
        Of its columns, in parts of the page.
    """

    title: str
    entries: tuple[Entry, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[float, ...] = ()


class Term(NamedTuple):
    """A line of the index.

    Attributes
    ----------
    words : str
        A name; of a heading, its letter.
    ref : str
        The entry on whose page it stands; empty for a heading.
    """

    words: str
    ref: str


@dataclass(frozen=True, slots=True)
class Cover:
    """The title page.

    Attributes
    ----------
    view : View
        Of the whole.
    """

    title: str
    subtitle: str
    lines: tuple[str, ...]
    view: View
    layers: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The whole atlas.

    Attributes
    ----------
    notice : str
        At the lower left of every map.
    north : str
        The letter at the arrow of every map.
    foot : str
        At the foot of every page, beside its number.
    """

    paper: Paper
    language: str
    cover: Cover
    contents_title: str
    chapters: tuple[Chapter, ...]
    index_title: str
    index: tuple[Term, ...]
    notice: str
    north: str
    foot: str
