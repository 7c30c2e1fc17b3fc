"""The plan as a document: its chapters, sections and numbered paragraphs, and citations of them.

The text of a plan is not part of the atlas. Its outline is: titles, and how many paragraphs each
section has. A paragraph is a line of the text that is no heading, numbered from 1 within its
section; the heading itself is paragraph 0. The lines between a chapter's heading and its first
section are section 0 of the chapter, the lines before the first chapter are chapter 0, section 0.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import DataInvalid
from .geojson import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NUMERALS = "零一二三四五六七八九十"
_NUMBER = r"\s*([一二三四五六七八九十](?:\s*[一二三四五六七八九十]){0,2}|[0-9]{1,2})\s*"
_CHAPTER = re.compile(rf"第{_NUMBER}章(.*)")
_SECTION = re.compile(rf"第{_NUMBER}节(.*)")
_CONTENTS_ENTRY = re.compile(r"(\.{3,}|…|·{3,}|\t)\s*[0-9]+$")
_SENTENCE_MARK = re.compile(r"[。，,；;]")
_SUBHEADING = re.compile(r"[^。，,；;：:！？]{2,30}。(?=.)")
_LONGEST_TITLE_LINE = 30

ENCODINGS = ("utf-8-sig", "gb18030")
"""What plain texts of plans come in, in the order in which they are tried."""


class Citation(NamedTuple):
    """A passage of a plan: a paragraph, or some characters of it.

    Attributes
    ----------
    paragraph : int
        From 1 within its section; 0 is the heading.
    start, end : int or None
        Half-open range of characters (code points) in the whole text.
    quote : str or None
        The cited characters, where they are a name or a figure.
    sha256 : str or None
        SHA-256 of the cited characters as UTF-8, where they are more than that.
    """

    plan: str
    chapter: int
    section: int
    paragraph: int
    start: int | None = None
    end: int | None = None
    quote: str | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        place = f"chapter {self.chapter}, section {self.section}, paragraph {self.paragraph}"
        return place if self.start is None else f"{place}, characters {self.start} to {self.end}"

    @property
    def digest(self) -> str | None:
        """SHA-256 of the cited characters, None where only a paragraph is cited."""
        return self.sha256 if self.quote is None else sha256(self.quote)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a chapter; number 0 is what stands before the first one."""

    number: int
    title: str
    paragraphs: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter and its sections in order."""

    number: int
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What is published of a plan document without its text.

    Attributes
    ----------
    sha256 : str
        Of the text that the paragraphs were counted in, as UTF-8.
    characters : int
        Length of that text in code points.
    """

    id: str
    title: str
    title_en: str
    date: str
    sha256: str
    characters: int
    chapters: tuple[Chapter, ...]

    def has(self, citation: Citation) -> bool:
        """Tell whether the plan has the cited paragraph, and characters as far as cited."""
        if not 0 <= (citation.start or 0) <= (citation.end or 0) <= self.characters:
            return False
        if citation.paragraph == 0:
            return bool(self.heading(citation.chapter, citation.section))
        section = self._section(citation.chapter, citation.section)
        return section is not None and 1 <= citation.paragraph <= section.paragraphs

    def heading(self, chapter: int, section: int) -> str:
        """Return the title of a section; of the chapter for section 0; empty if unknown."""
        found = self._section(chapter, section)
        if found is not None and found.title:
            return found.title
        return next((c.title for c in self.chapters if c.number == chapter), "")

    def _section(self, chapter: int, section: int) -> Section | None:
        return next(
            (
                each
                for found in self.chapters
                if found.number == chapter
                for each in found.sections
                if each.number == section
            ),
            None,
        )


class Paragraph(NamedTuple):
    """A paragraph of a plan's text, or a heading (number 0).

    Attributes
    ----------
    start, end : int
        Half-open range of characters (code points) in the text as it was read.
    """

    chapter: int
    section: int
    number: int
    start: int
    end: int
    text: str

    @property
    def id(self) -> str:
        """The address of the paragraph: ``3-2-p4``."""
        return paragraph_id(self.chapter, self.section, self.number)

    @property
    def subheading(self) -> str:
        """The short first sentence that names what a paragraph is about; empty without one."""
        found = _SUBHEADING.match(self.text)
        return found[0] if found and self.number else ""


class Sentence(NamedTuple):
    """A sentence of a paragraph, numbered from 1.

    Attributes
    ----------
    start, end : int
        Half-open range of characters in the text.
    sha256 : str
        Of its characters as UTF-8, the first `SENTENCE_DIGITS` hexadecimal digits.
    """

    chapter: int
    section: int
    paragraph: int
    number: int
    start: int
    end: int
    sha256: str


SENTENCE_DIGITS = 16
"""Hexadecimal digits by which a sentence is known again: enough for a million sentences."""


@dataclass(frozen=True, slots=True)
class PlanText:
    """A plan's text taken apart.

    Attributes
    ----------
    text : str
        As it was read; all ranges are positions in it.
    headings : tuple of Paragraph
        Those of chapters (section 0) and sections.
    """

    text: str
    sha256: str
    chapters: tuple[Chapter, ...]
    headings: tuple[Paragraph, ...]
    paragraphs: tuple[Paragraph, ...]

    @property
    def passages(self) -> list[Paragraph]:
        """Headings and paragraphs in the order of the text."""
        return sorted([*self.headings, *self.paragraphs], key=lambda each: each.start)

    def outline(self, plan_id: str, title: str, title_en: str, date: str) -> Outline:
        """Return what may be published of the document without its text."""
        return Outline(plan_id, title, title_en, date, self.sha256, len(self.text), self.chapters)

    def sentences(self) -> list[Sentence]:
        """Return the sentences of all paragraphs.

        A sentence ends after 。！？ (or ! ?) and the quotation mark that closes with it; what a
        paragraph holds after the last one is a sentence too.
        """
        return [
            Sentence(
                paragraph.chapter,
                paragraph.section,
                paragraph.number,
                number,
                paragraph.start + found.start(),
                paragraph.start + found.end(),
                sha256(found[0])[:SENTENCE_DIGITS],
            )
            for paragraph in self.paragraphs
            for number, found in enumerate(_SENTENCE.finditer(paragraph.text), 1)
        ]


_SENTENCE = re.compile(r"\S.*?(?:[。！？!?]+[”’）)]*|$)")


def sha256(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def paragraph_id(chapter: int, section: int, number: int) -> str:
    """Return the address of a paragraph within its plan: ``3-2-p4``; ``p0`` is the heading."""
    return f"{chapter}-{section}-p{number}"


def decode_plan(content: bytes) -> tuple[str, str]:
    """Return the text of a plan's file, with line feeds between lines, and its encoding.

    Parameters
    ----------
    content : bytes
        UTF-8 (with or without a byte order mark) or GB18030, of which GBK and GB 2312 are parts.

    Raises
    ------
    DataInvalid
        If it is neither, or no text at all; the sentence says where it stops being one.
    """
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in content:
        raise DataInvalid(
            "The file is UTF-16 or not a text; save it as plain text in UTF-8 or GB18030."
        )
    faults = []
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            faults.append(f"not {encoding.removesuffix('-sig')} at byte {error.start}")
        else:
            lines = text.replace("\r\n", "\n").replace("\r", "\n")
            return lines, encoding.removesuffix("-sig")
    raise DataInvalid(
        f"The file is {' and '.join(faults)}; save it as plain text in UTF-8 or GB18030."
    )


def read_outline(path: Path) -> Outline:
    """Return the outline that a JSON file holds.

    Raises
    ------
    DataInvalid
        If the file is not JSON or lacks a member; the sentence names file and member.
    """
    document = read_json(path)
    try:
        chapters = tuple(_chapter(record) for record in document["chapters"])
        texts = {key: str(document[key]) for key in ("id", "title", "title_en", "date", "sha256")}
        characters = int(document["characters"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataInvalid(f"{path.name}: not an outline of a plan ({error}).") from error
    return Outline(**texts, characters=characters, chapters=chapters)


def parse_plan(text: str) -> PlanText:
    """Take the plain text of a plan apart.

    Parameters
    ----------
    text : str
        Decoded, unchanged: ranges are positions in it. Chapters are lines that begin with 第…章,
        sections with 第…节, in Chinese or Arabic numerals, also with spaces between; the line
        after a chapter's heading continues it if it is short and no sentence. Entries of a table
        of contents (they end in dots and a page number) are no headings.

    Raises
    ------
    DataInvalid
        If there is no chapter, or a chapter or a section stands twice.
    """
    reader = _Reader()
    for start, line in _lines(text):
        reader.take(start, line)
    if not any(heading.section == 0 for heading in reader.headings.values()):
        raise DataInvalid(
            "No chapter was found: no line begins with 第一章, 第二章 and so on "
            f"({len(reader.paragraphs)} lines were read)."
        )
    headings = tuple(reader.headings.values())
    titles = {(h.chapter, h.section): reader.titles[h.chapter, h.section] for h in headings}
    return PlanText(
        text,
        sha256(text),
        _chapters(titles, reader.paragraphs),
        tuple(h._replace(text=text[h.start : h.end]) for h in headings),
        tuple(reader.paragraphs),
    )


class _Reader:
    """Reads a plan line by line."""

    def __init__(self) -> None:
        self.chapter = self.section = self.number = 0
        self.title_open = False
        self.headings: dict[tuple[int, int], Paragraph] = {}
        self.titles: dict[tuple[int, int], str] = {}
        self.paragraphs: list[Paragraph] = []

    def take(self, start: int, line: str) -> None:
        """Take the next line that is not empty."""
        contents = _CONTENTS_ENTRY.search(line)
        if (heading := _CHAPTER.match(line)) and not contents:
            self.chapter, self.section = _numeral(heading[1]), 0
            self._open(start, line, heading[2])
            self.title_open = True
        elif (heading := _SECTION.match(line)) and not contents:
            self.section = _numeral(heading[1])
            self._open(start, line, heading[2])
        elif self.title_open and _continues_title(line):
            self._continue(start, line)
        else:
            self.number += 1
            self.title_open = False
            end = start + len(line)
            self.paragraphs.append(
                Paragraph(self.chapter, self.section, self.number, start, end, line)
            )

    def _open(self, start: int, line: str, title: str) -> None:
        key = self.chapter, self.section
        if key in self.headings:
            raise DataInvalid(
                f'The heading "{line[:30]}" stands twice; the text repeats a part, or has a table '
                "of contents without page numbers: delete it."
            )
        self.number = 0
        self.title_open = False
        self.headings[key] = Paragraph(*key, 0, start, start + len(line), line)
        self.titles[key] = title.strip()

    def _continue(self, start: int, line: str) -> None:
        key = self.chapter, self.section
        self.titles[key] = f"{self.titles[key]} {line}".strip()
        self.headings[key] = self.headings[key]._replace(end=start + len(line))
        self.title_open = False


def _continues_title(line: str) -> bool:
    return len(line) <= _LONGEST_TITLE_LINE and not _SENTENCE_MARK.search(line)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each non-empty line without its surrounding white space, and where it starts."""
    position = 0
    for line in text.splitlines(keepends=True):
        if stripped := line.strip():
            yield position + line.index(stripped), stripped
        position += len(line)


def _chapters(
    titles: dict[tuple[int, int], str], paragraphs: list[Paragraph]
) -> tuple[Chapter, ...]:
    keys = sorted(set(titles) | {(p.chapter, p.section) for p in paragraphs})
    counts = {key: sum((p.chapter, p.section) == key for p in paragraphs) for key in keys}
    return tuple(
        Chapter(
            number,
            titles.get((number, 0), ""),
            tuple(
                Section(section, titles.get((number, section), "") if section else "", counts[key])
                for key in keys
                if key[0] == number and ((section := key[1]) or counts[key])
            ),
        )
        for number in sorted({chapter for chapter, _ in keys})
    )


def _numeral(text: str) -> int:
    """Return the value of an Arabic numeral, or of a Chinese one up to 九十九."""
    text = "".join(text.split())
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _NUMERALS.index(text)
    return 10 * (_NUMERALS.index(tens) if tens else 1) + (_NUMERALS.index(ones) if ones else 0)


def _chapter(record: dict[str, Any]) -> Chapter:
    sections = tuple(
        Section(int(each["number"]), str(each["title"]), int(each["paragraphs"]))
        for each in record["sections"]
    )
    return Chapter(int(record["number"]), str(record["title"]), sections)
