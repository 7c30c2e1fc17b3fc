"""Which of the application's scripts and styles the files of a site need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.assets import STATIC_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterable

_IMPORTED = re.compile(r'(?:from|import)\s*\(?\s*"\./([^"]+)"')


def needed(used: Iterable[str]) -> set[str]:
    """Return the files that some files need, and these.

    Parameters
    ----------
    used : iterable of str
        Relative to ``app/static``. Of another project's package, whose styles name pictures, all
        is needed; of our own scripts what they import.
    """
    found: set[str] = set()
    open_ = list(used)
    while open_:
        name = open_.pop()
        if name in found:
            continue
        found.add(name)
        if name.startswith("vendor/"):
            found |= _package(name)
        elif name.endswith(".js"):
            text = (STATIC_DIRECTORY / name).read_text(encoding="utf-8")
            folder = name.rpartition("/")[0]
            open_ += [f"{folder}/{each}" for each in _IMPORTED.findall(text)]
    return found


def _package(name: str) -> set[str]:
    folder = STATIC_DIRECTORY.joinpath(*name.split("/")[:2])
    files = (each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(STATIC_DIRECTORY).as_posix() for each in files}
