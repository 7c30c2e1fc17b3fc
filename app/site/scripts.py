"""Which of the application's scripts and styles the files of a site need, and as what.

A page that is opened from a folder (``file:``) may load scripts, but neither modules nor data: a
module becomes a plain script, and data are scripts as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from app.assets import STATIC_DIRECTORY
from app.scripts import plain_script
from layers.errors import SiteRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT = "window.atlasData"
"""Where the pages' scripts look for data before they ask a server."""


def needed(used: Iterable[str]) -> set[str]:
    """Return the files that some files need, and these.

    Parameters
    ----------
    used : iterable of str
        Relative to ``app/static``. Of another project's package, whose styles name pictures, all
        is needed.
    """
    found: set[str] = set()
    for name in used:
        found |= _package(name) if name.startswith("vendor/") else {name}
    return found


def _package(name: str) -> set[str]:
    folder = STATIC_DIRECTORY.joinpath(*name.split("/")[:2])
    files = (each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(STATIC_DIRECTORY).as_posix() for each in files}


def content(name: str) -> bytes:
    """Return a file of ``app/static`` as the site has it: of our modules, the plain script.

    What a module would load later is left out: that is for what a site has not, as large layers.

    Raises
    ------
    SiteRefused
        If a module is written in a way that cannot be made a plain script.
    """
    if name.startswith("vendor/") or not name.endswith(".js"):
        return (STATIC_DIRECTORY / name).read_bytes()
    try:
        return plain_script(STATIC_DIRECTORY, name, is_alone=True).encode()
    except ValueError as error:
        raise SiteRefused(f"{error}.") from error


def data_script(name: str, document: bytes) -> bytes:
    """Return a script that keeps a JSON document for the pages' scripts, by a name."""
    return b"(%s ??= {})[%s] = %s;\n" % (KEPT.encode(), orjson.dumps(name), document)
