"""Whatever the checks and the readers can say, Chinese pages say in Chinese."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import layers.checks
import layers.imports
from app.studio.finding_words import in_words_of, say_finding
from layers.checks import Report
from layers.errors import Finding

CHECKS = sorted(Path(layers.checks.__file__).parent.glob("*.py"))
READERS = sorted(Path(layers.imports.__file__).parent.glob("*.py"))
WHOLE = {"_reason", "_fault"}
"""Functions that return a message."""


def samples(node: ast.expr) -> list[str]:
    """Return what an expression may write, with a number for whatever it fills in."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return ["".join(each) for each in product(*map(samples, values))]
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id="_metres"))):
            return ["7 m"]
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id="_change"))):
            return ["The proposed repair has 7.0 m² (now 8.0 m²)."]
        case ast.FormattedValue(value=ast.Attribute(attr="reason_en")):
            return [f"Off by 7 m against 甲, {each} than the uncertainty of both."
                    for each in ("less", "more")]  # fmt: skip
        case ast.FormattedValue(value=ast.Name(id="damage")):
            return DAMAGES
        case ast.FormattedValue(value=ast.Name(id="words")):
            return WORDS
        case ast.FormattedValue():
            return ["7"]
        case ast.BinOp(left=left, right=right):
            return ["".join(each) for each in product(samples(left), samples(right))]
        case ast.IfExp(body=body, orelse=orelse):
            return [*samples(body), *samples(orelse)]
    return []


def returned(tree: ast.AST, name: str) -> list[str]:
    return [
        text
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name == name
        for each in ast.walk(function)
        if isinstance(each, ast.Return) and each.value is not None
        for text in samples(each.value)
    ]


DAMAGES = returned(
    ast.parse((Path(layers.checks.__file__).parent / "fields.py").read_text("utf-8")), "_damage"
)
WORDS = ["of 甲 uncovered", "beyond 甲"]


def written(path: Path) -> set[str]:
    """Return every message that a module can write."""
    tree = ast.parse(path.read_text("utf-8"))
    found = {text for name in WHOLE for text in returned(tree, name)}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="message" | "sentence")], value=value):
                found.update(samples(value))
            case ast.Call(func=ast.Name(id="found"), args=[_, _, _, _, message, *_]):
                found.update(samples(message))
            case ast.Call(func=ast.Name(id="Note"), args=[ast.Constant(), sentence]):
                found.update(samples(sentence))
            case ast.Tuple(elts=[ast.Constant(value=str(code)), ast.JoinedStr() as sentence]) if (
                "-" in code
            ):
                found.update(samples(sentence))
    return found


@pytest.mark.parametrize("path", [*CHECKS, *READERS], ids=lambda path: path.stem)
def test_every_sentence_has_a_chinese_one(path):
    assert [each for each in written(path) if say_finding(each, "zh") is None] == []


def test_the_sentences_are_found_where_they_are_written():
    assert sum(len(written(path)) for path in CHECKS) > 30
    assert sum(len(written(path)) for path in READERS) >= 8


@given(st.text(min_size=1, max_size=40), st.integers(0, 10**7))
def test_names_and_numbers_stay_as_they_are(name, number):
    said = say_finding(f"overlaps {name} by {number:,}.00 m².", "zh")
    assert said == f"与 {name} 重叠 {number:,}.00 m²。"


def test_what_geos_calls_a_fault_is_named():
    message = (
        "is not valid: Self-intersection[116.95 36.55]. The proposed repair has 4,967.7 m² "
        "(now 0.0 m²)."
    )
    said = "图形无效：自相交[116.95 36.55]。建议的修复有 4,967.7 m²（现在 0.0 m²）。"
    assert say_finding(message, "zh") == said
    assert say_finding(message, "en") is None


def test_what_is_not_known_stays_in_english():
    assert say_finding("is odd.", "zh") is None
    report = Report("parcels", (Finding("odd", "a", None, "x", "is odd.", "mend it"),), 1)
    assert in_words_of(report, "zh").findings[0].message == "is odd."
    assert in_words_of(report, "en") is report
