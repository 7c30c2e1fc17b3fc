"""Write docs/reference/cli.md anew: every command with its arguments and options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from app.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent / "reference" / "cli.md"

_HEAD = """# The command `atlas`

Written by `.venv/bin/python docs/cli.py` from the commands themselves; a test compares it with the
code. [Settings](settings.md) are environment variables.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(section(*each) for each in commands(typer.main.get_command(app)))])


def commands(group: Any, path: tuple[str, ...] = ("atlas",)) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with what is typed for it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def section(typed: str, command: Any) -> str:
    """Return what there is to say about one command."""
    given = [each for each in command.params if each.name != "help"]
    said = "\n".join(line.strip() for line in (command.help or "").splitlines())
    lines = [f"## {typed}", "", said.strip(), ""]
    if given:
        lines += ["| option | meaning | default |", "|---|---|---|", *map(_row, given), ""]
    return "\n".join(lines)


def _row(parameter: Any) -> str:
    option = parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if option else parameter.name.upper()
    meaning = " ".join((parameter.help or "").split()).replace("|", "\\|")
    return f"| `{name}` | {meaning} | {_default(parameter)} |"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    value = parameter.default
    if value is None or value is False or callable(value) or value in ((), []):
        return ""
    return f"`{getattr(value, 'value', value)}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
