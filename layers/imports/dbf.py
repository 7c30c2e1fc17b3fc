"""What a .dbf says of its own encoding and fields, which GDAL would pass over in silence.

The layout is that of dBASE III: a header of 32 bytes, one descriptor of 32 bytes for each field
(the name in the first 11), a 0x0D, then records of one length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .container import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER = 32
_NAME = 11
_LONGEST_NAME = 10
_CODE_PAGE_936 = 0x4D
"""The one language driver id that says something."""

_SPELLINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "65001": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "936": "gb18030",
    "cp936": "gb18030",
    "ansi 936": "gb18030",
}


@dataclass(frozen=True, slots=True)
class Dbf:
    """What was found.

    Attributes
    ----------
    encoding : str
        ``utf-8`` or ``gb18030``, as GDAL is to be told.
    notes : tuple of (str, str)
        Code and sentence of what is odd.
    basis : str
        Why it is this encoding, see `RawLayer.encoding_basis`.
    """

    encoding: str
    notes: tuple[tuple[str, str], ...]
    basis: str


def read_dbf(path: Path, name: str, encoding: str | None = None) -> Dbf:
    """Return the encoding of a table and what is odd about its fields.

    Parameters
    ----------
    encoding : str, optional
        Where a person says so; else the .cpg decides, then the language id, then the bytes.

    Raises
    ------
    Refused
        If the file is shorter than it says, or a field's name is cut within a character.
    """
    content = path.read_bytes()
    start = _records_start(content, name)
    fields = [
        content[at : at + _NAME].split(b"\0")[0]
        for at in range(_HEADER, start - 1, _HEADER)
        if content[at] != 0x0D
    ]
    body = b"".join([*fields, content[start:]])
    chosen, basis = _encoding(path, content[29], body, encoding)
    notes: list[tuple[str, str]] = []
    if basis in {"utf-8", "not-utf-8"}:
        sentence = f"{name} does not say its encoding (no .cpg); it was read as {chosen}."
        notes.append(("encoding-guessed", sentence))
    notes += _cut_names(fields, chosen, name)
    return Dbf(chosen, tuple(notes), basis)


def _records_start(content: bytes, name: str) -> int:
    """Return where the records begin, once the file is found to hold as many as it says."""
    count = int.from_bytes(content[4:8], "little")
    start = int.from_bytes(content[8:10], "little")
    length = int.from_bytes(content[10:12], "little")
    if len(content) < _HEADER or len(content) < start + count * length:
        raise Refused(
            "shapefile-damaged",
            f"{name}: the .dbf has {len(content):,} bytes for {count:,} records; export it again.",
        )
    return start


def _cut_names(fields: list[bytes], encoding: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield a note for each name of a field that may be cut; refuse one that is, in a character."""
    for each in fields:
        if not _decodes(each, encoding):
            raise Refused(
                "field-name-truncated",
                f"{name}: the name of a field is cut within a character "
                f"({each.decode(encoding, errors='replace')}); shorten it, or send a GeoPackage.",
            )
        if len(each) == _LONGEST_NAME:
            yield (
                "field-name-truncated",
                f'{name}: the field "{each.decode(encoding)}" has the longest name that a .dbf '
                "holds; it may be cut.",
            )


def _encoding(path: Path, language: int, body: bytes, told: str | None) -> tuple[str, str]:
    """Return the encoding of a table's texts, and why it is taken for that."""
    for spelling, basis in ((told, "told"), (None if told else _declared(path), "cpg")):
        if chosen := _SPELLINGS.get((spelling or "").strip().lower()):
            return chosen, basis
    if language == _CODE_PAGE_936:
        return "gb18030", "language-id"
    if body.isascii():
        return "utf-8", "ascii"
    return ("utf-8", "utf-8") if _decodes(body, "utf-8") else ("gb18030", "not-utf-8")


def _declared(path: Path) -> str | None:
    page = path.with_suffix(".cpg")
    return page.read_text(encoding="ascii", errors="replace") if page.is_file() else None


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
