"""The plan as a document: its chapters, sections and numbered paragraphs, and citations of them.

The text of a plan is not part of the atlas. Its outline is: titles, and how many paragraphs each
section has. A paragraph is a line of the text that is no heading, numbered from 1 within its
section; the lines between a chapter's heading and its first section are section 0 of the chapter,
the lines before the first chapter are chapter 0, section 0.
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
_CHAPTER = re.compile(r"第([一二三四五六七八九十]{1,3})章(.*)")
_SECTION = re.compile(r"第([一二三四五六七八九十]{1,3})节(.*)")
_SENTENCE_MARK = re.compile(r"[。，,；;]")
_LONGEST_TITLE_LINE = 30


class Citation(NamedTuple):
    """A paragraph of a plan."""

    plan: str
    chapter: int
    section: int
    paragraph: int

    def __str__(self) -> str:
        return f"chapter {self.chapter}, section {self.section}, paragraph {self.paragraph}"


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
    """

    id: str
    title: str
    title_en: str
    date: str
    sha256: str
    chapters: tuple[Chapter, ...]

    def has(self, citation: Citation) -> bool:
        """Tell whether the plan has the cited paragraph."""
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
    """A paragraph of a plan's text.

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


@dataclass(frozen=True, slots=True)
class PlanText:
    """A plan's text taken apart."""

    sha256: str
    chapters: tuple[Chapter, ...]
    paragraphs: tuple[Paragraph, ...]


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
    except (KeyError, TypeError, ValueError) as error:
        raise DataInvalid(f"{path.name}: not an outline of a plan ({error}).") from error
    return Outline(**texts, chapters=chapters)


def parse_plan(text: str) -> PlanText:
    """Take the plain text of a plan apart.

    Parameters
    ----------
    text : str
        Decoded, unchanged: paragraph ranges are positions in it.

    Raises
    ------
    DataInvalid
        If no line begins with 第…章.
    """
    paragraphs: list[Paragraph] = []
    titles: dict[tuple[int, int], str] = {}
    chapter = section = number = 0
    title_open = False
    for start, line in _lines(text):
        if heading := _CHAPTER.match(line):
            chapter, section, number = _numeral(heading[1]), 0, 0
            titles[chapter, 0] = heading[2].strip()
            title_open = True
        elif heading := _SECTION.match(line):
            section, number = _numeral(heading[1]), 0
            titles[chapter, section] = heading[2].strip()
            title_open = False
        elif title_open and len(line) <= _LONGEST_TITLE_LINE and not _SENTENCE_MARK.search(line):
            titles[chapter, 0] = f"{titles[chapter, 0]} {line}".strip()
            title_open = False
        else:
            number += 1
            title_open = False
            end = start + len(line)
            paragraphs.append(Paragraph(chapter, section, number, start, end, line))
    if not any(section == 0 and chapter > 0 for chapter, section in titles):
        raise DataInvalid("No chapter found: no line begins with 第一章, 第二章 and so on.")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return PlanText(digest, _chapters(titles, paragraphs), tuple(paragraphs))


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
    """Return the value of a Chinese numeral up to 九十九."""
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
