"""Documents that name things of the project name things that exist."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from app.api.conformance import CONFORMANCE
from app.settings import Settings
from layers.checks import RULES

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/\S+\.py)::(\w+)`", (ROOT / "docs/promises.md").read_text("utf-8"))


def test_the_nine_promises_are_numbered_in_the_document():
    numbers = re.findall(r"^(\d)\. \*\*", (ROOT / "docs/promises.md").read_text("utf-8"), re.M)
    assert numbers == list("123456789")


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_test_that_shows_a_promise_exists(file, test):
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


CLASSES = re.findall(
    r"^\| `(http\S+)` \| (.+) \|$", (ROOT / "docs/conformance.md").read_text("utf-8"), re.M
)


def test_every_class_that_is_declared_has_a_row():
    assert sorted(uri for uri, _ in CLASSES) == sorted(CONFORMANCE)


@pytest.mark.parametrize(("uri", "cell"), CLASSES, ids=[uri for uri, _ in CLASSES])
def test_the_tests_of_a_class_exist(uri, cell):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)
    assert named, uri
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_every_rule_and_reason_is_documented():
    text = (ROOT / "docs/imports.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "layers/imports").glob("*.py"))
    reasons = set(re.findall(r'Refused\(\s*"([a-z0-9-]+)"', sources))
    assert len(reasons) > 30
    assert {each for each in {*RULES, *reasons} if f"`{each}`" not in text} == set()


SETTINGS = dict(
    re.findall(
        r"^\| `ATLAS_(\w+)` \| (.+?) \|",
        (ROOT / "docs/reference/settings.md").read_text("utf-8"),
        re.M,
    )
)


def test_every_setting_has_a_row_and_every_row_a_setting():
    assert sorted(name.lower() for name in SETTINGS) == sorted(Settings.model_fields)


DEFAULTS = {
    name: str(field.default).lower() if field.default in (True, False) else str(field.default)
    for name, field in Settings.model_fields.items()
    if isinstance(field.default, bool | int | str)
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_row_of_a_setting_says_its_default(name):
    assert SETTINGS[name.upper()] == f"`{DEFAULTS[name]}`"


MUST_HAVES = re.findall(
    r"^\| ([MN]\d+) \| .+ \| (.+) \|$", (ROOT / "docs/musthaves.md").read_text("utf-8"), re.M
)


def test_the_must_haves_and_what_nobody_else_has_are_numbered_in_the_document():
    twenty = [f"M{number}" for number in range(1, 21)]
    ten = [f"N{number}" for number in range(1, 11)]
    assert [number for number, _ in MUST_HAVES] == twenty + ten


@pytest.mark.parametrize(("number", "cell"), MUST_HAVES, ids=[number for number, _ in MUST_HAVES])
def test_the_tests_of_a_must_have_exist(number, cell):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)
    assert named, number
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_the_page_of_the_command_is_what_it_declares():
    module = runpy.run_path(str(ROOT / "docs/cli.py"))
    assert module["PAGE"].read_text("utf-8") == module["page"]()
