"""What stands in the atlas as a book: plain values, drawn by `binding`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .paper import Paper, View
    from .sheet import Drawn


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: a zone, a project.

    Attributes
    ----------
    view : View or None
        The map; None where the place is not known, and `unmapped` says so.
    lines : tuple of (str, str)
        Name and value of what is known.
    cited : tuple of str
        Where the plan speaks of it.
    terms : tuple of str
        Under what it stands in the index of places.
    """

    title: str
    subtitle: str
    summary: str
    lines: tuple[tuple[str, str], ...]
    cited_title: str
    cited: tuple[str, ...]
    certainty: str
    view: View | None
    layers: tuple[Drawn, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Pages under one heading; those of tables have rows instead of entries.

    Attributes
    ----------
    rows : tuple of tuple of str
        Of a table: a row of one cell is a heading.
    """

    title: str
    lead: str
    entries: tuple[Entry, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """The whole atlas.

    Attributes
    ----------
    cover : Entry
        Its title page; its map is that of the whole district.
    contents_title, index_title : str
    notice : str
        At the lower left of every map.
    foot : str
        At the foot of every page, beside its number.
    """

    paper: Paper
    language: str
    cover: Entry
    contents_title: str
    chapters: tuple[Chapter, ...]
    index_title: str
    notice: str
    foot: str
    north: str
