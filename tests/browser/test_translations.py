"""Every Chinese message has its English text."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import app
from app.i18n import LOCALE_DIRECTORY
from app.pages.strings import SCRIPT_STRINGS

ROOT = Path(app.__file__).parent
METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "say": None, "gettext": None, "gettext_noop": None}


def used_messages() -> set[str]:
    found = extract_from_dir(str(ROOT), METHODS, keywords=KEYWORDS)
    return {str(message) for _, _, message, _, _ in found} | set(SCRIPT_STRINGS.values())


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    with (LOCALE_DIRECTORY / "en.po").open("rb") as file:
        return {str(each.id): str(each.string) for each in read_po(file) if each.id}


def test_no_message_lacks_its_english_text(english):
    assert sorted(used_messages() - {id_ for id_, text in english.items() if text}) == []


def test_no_english_text_is_left_over(english):
    assert sorted(set(english) - used_messages()) == []


def test_both_texts_have_the_same_gaps(english):
    def gaps(text: str) -> set[str]:
        return {part.split("}")[0] for part in text.split("{")[1:]}

    assert [id_ for id_, text in english.items() if gaps(id_) != gaps(text)] == []
