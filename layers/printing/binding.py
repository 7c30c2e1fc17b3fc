"""The book: every page drawn in turn, then joined with outline and links."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .child import new_figure
from .drawing import draw_map
from .fonts import FAMILIES, find_fonts
from .paper import Box
from .pen import INK, QUIET, RULE, Pen, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pypdf import PdfWriter

    from .book import Book, Chapter, Cover, Entry
    from .fonts import Fonts

    Line = TypeVar("Line")

MAP_HEIGHT = 138.0
"""Millimetres of the map on the page of an entry."""

_MARGIN = 10.0
_FOOT = 12.0
_HEAD = 24.0
_STEP = 4.5
_COLUMNS = 2
_COLUMN_GAP = 8.0


class Bound(NamedTuple):
    """What has become of a book.

    Attributes
    ----------
    size : int
        Bytes of the file.
    """

    pages: int
    size: int


class _Link(NamedTuple):
    """A box on a page that leads to another page, counted from 0."""

    box: Box
    target: int


class _Leaf(NamedTuple):
    """A page: its title in the outline, the chapter it belongs to, and what draws it."""

    title: str
    chapter: str
    draw: Callable[[Pen], list[_Link]]


class _Item(NamedTuple):
    """A line of contents or index; without a page it is a heading."""

    words: str
    page: int | None


def map_box(paper_width: float, paper_height: float) -> Box:
    """Return where the map of an entry is on its page."""
    top = paper_height - _MARGIN - _HEAD
    return Box(_MARGIN, top - MAP_HEIGHT, paper_width - 2 * _MARGIN, MAP_HEIGHT)


def bind(
    book: Book,
    path: Path,
    tell: Callable[[int, int], None],
    families: tuple[str, ...] = FAMILIES,
) -> Bound:
    """Write a book as PDF, with outline, links and embedded fonts.

    Parameters
    ----------
    path : Path
        Replaced when all is written, and not before.
    tell : callable
        Is told after each page how many are done, and of how many.

    Raises
    ------
    PrintingUnavailable
        If no font with Chinese characters is installed.
    OSError
        If the file cannot be written.
    """
    fonts = find_fonts(families)
    leaves = _leaves(book)
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".atlas-pdf-") as folder:
        drawn = Path(folder) / "drawn.pdf"
        links = _draw(book, leaves, drawn, fonts, tell)
        joined = Path(folder) / "joined.pdf"
        _join(book, leaves, links, drawn, joined)
        size = joined.stat().st_size
        joined.replace(path)
    return Bound(len(leaves), size)


def _draw(
    book: Book,
    leaves: Sequence[_Leaf],
    path: Path,
    fonts: Fonts,
    tell: Callable[[int, int], None],
) -> list[list[_Link]]:
    from matplotlib.backends.backend_pdf import PdfPages

    links = []
    described = {"Title": book.cover.title, "CreationDate": None}
    with PdfPages(path, metadata=described) as pages:
        for number, leaf in enumerate(leaves):
            figure = new_figure(book.paper.width, book.paper.height)
            pen = Pen(figure, book.paper, fonts)
            links.append(leaf.draw(pen))
            if number:
                _draw_foot(pen, book, number + 1)
            pages.savefig(figure)
            tell(number + 1, len(leaves))
    return links


def _leaves(book: Book) -> list[_Leaf]:
    """Return every page in order. How many each part takes is known before any is drawn."""
    numbers: dict[str, int] = {}
    room = _room(book)
    listed = sum(1 + len(chapter.entries) for chapter in book.chapters) + 1
    first = 1 + _pages_of(listed, room)
    body: list[_Leaf] = []
    starts = []
    for chapter in book.chapters:
        starts.append(first + len(body))
        for entry in chapter.entries:
            numbers[entry.ref] = first + len(body)
            draw = partial(_draw_entry, book=book, chapter=chapter, entry=entry)
            body.append(_Leaf(entry.title, chapter.title, draw))
        body += [
            _Leaf("", chapter.title, partial(_draw_table, chapter=chapter, rows=rows))
            for rows in _parts(chapter.rows, _ROWS)
        ]
    index = [_Item(term.words, numbers.get(term.ref)) for term in book.index]
    contents = list(_contents(book, starts, numbers, first + len(body)))
    return [
        _Leaf(book.cover.title, "", partial(_draw_cover, book=book, cover=book.cover)),
        *_list_leaves(book.contents_title, contents, room),
        *body,
        *_list_leaves(book.index_title, index, room),
    ]


def _contents(
    book: Book, starts: Sequence[int], numbers: Mapping[str, int], index_page: int
) -> Iterator[_Item]:
    for chapter, start in zip(book.chapters, starts, strict=True):
        yield _Item(f"■ {chapter.title}", start)
        for entry in chapter.entries:
            yield _Item(entry.title, numbers[entry.ref])
    yield _Item(f"■ {book.index_title}", index_page)


def _room(book: Book) -> int:
    """Return how many lines of contents or index a page holds."""
    high = book.paper.height - 2 * _MARGIN - _HEAD - _FOOT
    return _COLUMNS * int(high / _STEP)


def _pages_of(lines: int, room: int) -> int:
    return max(1, -(-lines // room))


def _parts(lines: Sequence[Line], size: int) -> list[Sequence[Line]]:
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def _list_leaves(title: str, items: Sequence[_Item], room: int) -> list[_Leaf]:
    return [
        _Leaf("", title, partial(_draw_list, title=title, items=part))
        for part in _parts(items, room) or [()]
    ]


def _draw_head(pen: Pen, title: str, small: str) -> None:
    top, right = pen.paper.height - _MARGIN, pen.paper.width - _MARGIN
    pen.text(_MARGIN, top - 3, small, 8, colour=QUIET)
    pen.text(_MARGIN, top - 12.5, title, 18, font=pen.fonts.title, colour=INK)
    pen.rule(_MARGIN, right, top - 16, colour=INK, weight=1.0)


def _draw_foot(pen: Pen, book: Book, number: int) -> None:
    right = pen.paper.width - _MARGIN
    pen.rule(_MARGIN, right, _MARGIN + 4)
    pen.text(_MARGIN, _MARGIN, book.foot, 7, colour=QUIET)
    pen.text(right, _MARGIN, str(number), 9, font=pen.fonts.bold, colour=INK, align="right")


def _draw_cover(pen: Pen, *, book: Book, cover: Cover) -> list[_Link]:
    width, top = pen.paper.width, pen.paper.height
    pen.rule(_MARGIN, width - _MARGIN, top - 22, colour=INK, weight=2.0)
    pen.text(_MARGIN, top - 42, cover.title, 34, font=pen.fonts.title, colour=INK)
    pen.paragraph(_MARGIN, top - 48, width - 2 * _MARGIN, cover.subtitle, 13, colour=QUIET)
    draw_map(pen, cover.view, cover.layers, book.notice, book.north)
    below = cover.view.frame.bottom - 4
    for line in cover.lines:
        below = pen.paragraph(_MARGIN, below, width - 2 * _MARGIN, line, 9.5, most=3) - 0.8
    return []


def _draw_list(pen: Pen, *, title: str, items: Sequence[_Item]) -> list[_Link]:
    """Draw contents or index in columns; each line leads to its page."""
    _draw_head(pen, title, "")
    width = (pen.paper.width - 2 * _MARGIN - (_COLUMNS - 1) * _COLUMN_GAP) / _COLUMNS
    top = pen.paper.height - _MARGIN - _HEAD + 4
    room = int((top - 4 - _MARGIN - _FOOT) / _STEP)
    links = []
    for number, item in enumerate(items):
        left = _MARGIN + number // room * (width + _COLUMN_GAP)
        line = Box(left, top - (number % room + 1) * _STEP, width, _STEP)
        strong = item.page is None or item.words.startswith("■ ")
        font = pen.fonts.bold if strong else pen.fonts.plain
        colour = INK if strong else None
        options = {"colour": colour} if colour else {}
        words = item.words.removeprefix("■ ")
        pen.paragraph(left, line.top - 0.6, width - 12, words, 8.5, font=font, most=1, **options)
        if item.page is not None:
            pen.text(line.right, line.bottom + 1.2, str(item.page + 1), 8.5, font=font,
                     align="right", **options)  # fmt: skip
            links.append(_Link(line, item.page))
        if strong:
            pen.rule(left, line.right, line.bottom)
    return links


def _draw_entry(pen: Pen, *, book: Book, chapter: Chapter, entry: Entry) -> list[_Link]:
    _draw_head(pen, entry.title, chapter.title)
    width = pen.paper.width - 2 * _MARGIN
    top = pen.paper.height - _MARGIN - 17.5
    pen.paragraph(_MARGIN, top, width, entry.subtitle, 9, colour=QUIET, most=1)
    top = pen.paper.height - _MARGIN - _HEAD
    if entry.view is not None:
        draw_map(pen, entry.view, entry.layers, book.notice, book.north)
        top = entry.view.frame.bottom - 3
        top = (
            pen.paragraph(_MARGIN, top, width, entry.certainty, 9, font=pen.fonts.bold, most=2) - 2
        )
    else:
        top = _draw_placeless(pen, entry, top)
    top = pen.paragraph(_MARGIN, top, width, entry.summary, 11, most=6) - 3
    top = _draw_lines(pen, entry, top)
    _draw_cited(pen, entry, top - 2)
    return []


def _draw_placeless(pen: Pen, entry: Entry, top: float) -> float:
    """Say in place of the map that the place is not known."""
    box = Box(_MARGIN, top - 18, pen.paper.width - 2 * _MARGIN, 16)
    pen.frame(box, colour=RULE, fill="#F7F3EA")
    pen.paragraph(box.left + 5, box.top - 5, box.width - 10, entry.certainty, 10.5, most=2)
    return box.bottom - 6


_NAMES = 38
"""Millimetres for the names of values, which are longer in English."""


def _draw_lines(pen: Pen, entry: Entry, top: float) -> float:
    """Draw names and values, one below the other."""
    wide = pen.paper.width - 2 * _MARGIN
    for name, value in entry.lines:
        pen.paragraph(_MARGIN, top - 0.8, _NAMES - 2, name, 8.5, colour=QUIET, most=1)
        value_left, value_wide = _MARGIN + _NAMES, wide - _NAMES
        top = pen.paragraph(value_left, top - 0.8, value_wide, value, 8.5, most=3) - 0.8
        pen.rule(_MARGIN, _MARGIN + wide, top)
    return top


def _draw_cited(pen: Pen, entry: Entry, top: float) -> None:
    if not entry.cited:
        return
    wide = pen.paper.width - 2 * _MARGIN
    top = pen.paragraph(_MARGIN, top - 2, wide, entry.cited_title, 9.5, font=pen.fonts.bold) - 0.5
    room = int((top - _MARGIN - _FOOT) / _STEP)
    shown = list(entry.cited[: max(1, room)])
    if len(shown) < len(entry.cited):
        shown[-1] = f"… +{len(entry.cited) - len(shown) + 1}"
    for line in shown:
        pen.paragraph(_MARGIN, top, wide, line, 8.5, most=1)
        top -= _STEP


_ROWS = 44
_ROW = 5.2


def _draw_table(pen: Pen, *, chapter: Chapter, rows: Sequence[tuple[str, ...]]) -> list[_Link]:
    _draw_head(pen, chapter.title, "")
    wide = pen.paper.width - 2 * _MARGIN
    top = pen.paper.height - _MARGIN - _HEAD + 4
    for row in rows:
        if len(row) == 1:
            pen.paragraph(
                _MARGIN, top - 1, wide, row[0], 9, font=pen.fonts.bold, colour=INK, most=1
            )
        left = _MARGIN
        for cell, share in zip(row, chapter.widths, strict=False):
            if len(row) > 1:
                pen.paragraph(left, top - 1, share * wide - 3, cell, 8, most=1)
            left += share * wide
        top -= _ROW
        pen.rule(_MARGIN, _MARGIN + wide, top)
    return []


def _join(
    book: Book,
    leaves: Sequence[_Leaf],
    links: Sequence[Sequence[_Link]],
    drawn: Path,
    joined: Path,
) -> None:
    """Add outline, links, language and page labels to what was drawn."""
    from pypdf import PdfWriter
    from pypdf.annotations import Link
    from pypdf.generic import NameObject, TextStringObject

    writer = PdfWriter(clone_from=drawn)
    _outline(writer, leaves)
    point = 72 / 25.4
    for number, each in enumerate(links):
        for box, target in each:
            left, right = box.left * point, box.right * point
            rect = (left, box.bottom * point, right, box.top * point)
            writer.add_annotation(number, Link(rect=rect, target_page_index=target))
    writer.root_object[NameObject("/Lang")] = TextStringObject(book.language)
    writer.page_mode = "/UseOutlines"
    writer.add_metadata({"/Title": book.cover.title, "/Producer": "Shizhong Planning Atlas"})
    with joined.open("wb") as file:
        writer.write(file)
        file.flush()
        os.fsync(file.fileno())


def _outline(writer: PdfWriter, leaves: Sequence[_Leaf]) -> None:
    """Add a bookmark for each chapter, and below it one for each of its entries."""
    chapter, parent = None, None
    for number, leaf in enumerate(leaves):
        if leaf.chapter and leaf.chapter != chapter:
            chapter = leaf.chapter
            parent = writer.add_outline_item(
                title=printable(chapter), page_number=number, is_open=False
            )
        if leaf.title:
            above = parent if leaf.chapter else None
            writer.add_outline_item(title=printable(leaf.title), page_number=number, parent=above)
