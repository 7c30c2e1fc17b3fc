"""Our modules as plain scripts: each with all that it imports, in one file.

A browser asks for every module by itself, and starts none before the last has come; a page that is
opened from a folder (``file:``) may load no module at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NOTES = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n?", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([^"]+)";\n?', re.MULTILINE)
_LATER = re.compile(r'\bimport\("\./([^"]+)"\)')
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_LEFT = re.compile(r'^(?:import|export)\b.*|\bimport(?:\.|\((?!"\./)).*', re.MULTILINE)


def plain_script(directory: Path, name: str, *, is_alone: bool) -> str:
    """Return a module, and all that it imports, as one script without modules.

    Parameters
    ----------
    directory : Path
        Where our files are.
    name : str
        Relative to it; what is imported lies in the same folder.
    is_alone : bool
        Whether there is nothing beside the script, so that asking for what a module would load
        later fails. Else that is loaded as the module that it is.

    Raises
    ------
    ValueError
        If an import or export has another form than those that our modules use.
    """
    folder = name.rpartition("/")[0]
    bodies: dict[str, str] = {}

    def add(file: str) -> None:
        if file in bodies:
            return
        text = _read(directory / folder / file)
        for _, other in _IMPORT.findall(text):
            add(other)
        bodies[file] = _body(f"{folder}/{file}", text, is_alone)

    add(name.rpartition("/")[2])
    *parts, (_, entry) = bodies.items()
    modules = "".join(f'modules["{file}"] = (() => {{\n{body}}})();\n' for file, body in parts)
    head = '"use strict";\nconst modules = {};\n'
    return f"(() => {{\n{head}{modules}(async () => {{\n{entry}}})();\n}})();\n"


def imported(directory: Path, name: str) -> set[str]:
    """Return a module's name and those of all modules that it imports at once."""
    folder = name.rpartition("/")[0]
    found, open_ = set(), [name]
    while open_:
        file = open_.pop()
        if file not in found:
            found.add(file)
            open_ += [f"{folder}/{other}" for _, other in _IMPORT.findall(_read(directory / file))]
    return found


def _read(path: Path) -> str:
    return _NOTES.sub("", path.read_text(encoding="utf-8"))


def _body(name: str, text: str, is_alone: bool) -> str:
    names = [each[1] for each in _EXPORT.findall(text)]
    text = _IMPORT.sub(lambda each: _taken(each[1], each[2]), text)
    if is_alone:
        text = _LATER.sub(lambda each: f'Promise.reject(new Error("{each[1]}"))', text)
    text = _EXPORT.sub(r"\1 \2", text)
    if left := _LEFT.search(text):
        raise ValueError(f"{name} cannot become a plain script: {left[0]}")
    return f"{text}return {{ {', '.join(names)} }};\n" if names else text


def _taken(names: str, file: str) -> str:
    return f'const {{{names.replace(" as ", ": ")}}} = modules["{file}"];\n'
