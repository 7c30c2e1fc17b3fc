"""Every command explains itself, and those for scripts speak JSON."""

from __future__ import annotations

import pytest
import typer

from app.cli import app

GROUP = typer.main.get_command(app)


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(GROUP))
WITHOUT_JSON = {
    ("serve",),
    ("plan", "import"),
    ("plan", "list"),
    ("plan", "compare"),
    ("indicators", "enter"),
    ("store", "grants"),
}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_says_what_it_does_and_what_each_option_means(path):
    command = ALL[path]
    assert len(command.help or "") > 20
    for parameter in command.params:
        assert parameter.name == "help" or parameter.help, parameter.name


@pytest.mark.parametrize("path", sorted(set(ALL) - WITHOUT_JSON), ids=" ".join)
def test_a_command_that_answers_can_answer_in_json(path):
    assert "--json" in {name for each in ALL[path].params for name in each.opts}
