"""Texts of strangers: what is taken, and how they are shown without playing tricks.

What was typed is kept as it is. Where it is shown, marks that nobody sees, and that turn the
direction of a line or hide in a word, become visible signs: what staff read is what was sent.
"""

from __future__ import annotations

import unicodedata

from .errors import InvalidParameter

LONGEST = 2_000
"""Characters of an opinion."""

LONGEST_CONTACT = 200
_MOST_MARKS = 3
"""Combining marks on one letter; more climb over the lines around."""

_JOINER = "\u200d"
_KEPT = "\n\t"


def read_text(typed: str, name: str, longest: int, *, needed: bool = True) -> str:
    """Return a text as it is kept: line ends of one kind, nothing that no store can hold.

    Raises
    ------
    InvalidParameter
        If it is too long, or there is none and one is needed.
    """
    text = typed.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    text = text.encode("utf-8", "replace").decode().strip()
    if len(text) > longest:
        raise InvalidParameter(
            name, f"The text has {len(text):,} characters; at most {longest:,} are taken."
        )
    if needed and not visible(text).strip():
        raise InvalidParameter(name, "There is no text; say what it is about.")
    return text


def visible(text: str) -> str:
    """Return a text with every mark that nobody sees as a sign that everybody sees.

    The joiner within an emoji stays: it is what makes one picture of several.
    """
    shown, marks = [], 0
    for at, letter in enumerate(text):
        category = unicodedata.category(letter)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MOST_MARKS:
            continue
        hidden = category in {"Cf", "Cc", "Co", "Cs", "Zl", "Zp"} and letter not in _KEPT
        if hidden and not _joins(text, at):
            shown.append(f"⟦U+{ord(letter):04X}⟧")
        else:
            shown.append(letter)
    return "".join(shown)


def _joins(text: str, at: int) -> bool:
    """Tell whether a sign is a joiner between two pictures."""
    if text[at] != _JOINER or not 0 < at < len(text) - 1:
        return False
    return _is_picture(text[at - 1]) and _is_picture(text[at + 1])


def _is_picture(letter: str) -> bool:
    return unicodedata.category(letter) in {"So", "Sk"} or letter == "\ufe0f"
