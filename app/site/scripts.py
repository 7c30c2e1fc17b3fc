"""Which of the application's scripts and styles the files of a site need, and as what.

A page that is opened from a folder (``file:``) may load scripts, but neither modules nor data. So
a module becomes, together with what it imports, one plain script; and data are scripts as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from app.assets import STATIC_DIRECTORY
from layers.errors import SiteRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT = "window.atlasData"
"""Where the pages' scripts look for data before they ask a server."""

_NOTES = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([^"]+)";\n?', re.MULTILINE)
_LATER = re.compile(r'\bimport\("\./([^"]+)"\)')
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*|\bimport[(.].*", re.MULTILINE)


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

    Raises
    ------
    SiteRefused
        If a module is written in a way that cannot be made a plain script.
    """
    if name.startswith("vendor/") or not name.endswith(".js"):
        return (STATIC_DIRECTORY / name).read_bytes()
    return plain_script(name).encode()


def plain_script(name: str) -> str:
    """Return a module of ours, and all that it imports, as one script without modules.

    What a module would load later is left out: that is for what a site has not, as large layers.

    Raises
    ------
    SiteRefused
        If an import or export has another form than those that our modules use.
    """
    folder = name.rpartition("/")[0]
    bodies: dict[str, str] = {}

    def add(file: str) -> None:
        if file in bodies:
            return
        text = _NOTES.sub("", (STATIC_DIRECTORY / folder / file).read_text(encoding="utf-8"))
        for _, other in _IMPORT.findall(text):
            add(other)
        bodies[file] = _body(f"{folder}/{file}", text)

    add(name.rpartition("/")[2])
    *parts, (_, entry) = bodies.items()
    modules = "".join(f'modules["{file}"] = (() => {{\n{body}}})();\n' for file, body in parts)
    head = '"use strict";\nconst modules = {};\n'
    return f"(() => {{\n{head}{modules}(async () => {{\n{entry}}})();\n}})();\n"


def _body(name: str, text: str) -> str:
    names = [each[1] for each in _EXPORT.findall(text)]
    text = _IMPORT.sub(lambda each: _taken(each[1], each[2]), text)
    text = _LATER.sub(lambda each: f'Promise.reject(new Error("{each[1]}"))', text)
    text = _EXPORT.sub(r"\1 \2", text)
    if left := _LEFT.search(text):
        raise SiteRefused(f"{name} cannot become a plain script: {left[0]}")
    return f"{text}return {{ {', '.join(names)} }};\n" if names else text


def _taken(names: str, file: str) -> str:
    return f'const {{{names.replace(" as ", ": ")}}} = modules["{file}"];\n'


def data_script(name: str, document: bytes) -> bytes:
    """Return a script that keeps a JSON document for the pages' scripts, by a name."""
    return b"(%s ??= {})[%s] = %s;\n" % (KEPT.encode(), orjson.dumps(name), document)
