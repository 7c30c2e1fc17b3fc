"""A question instead of a captcha: plain words, no picture, no script, no other host.

A form carries a token, which says nothing of the answer to whoever does not have the key. It ends
by itself, and is worth nothing a second time.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from cachetools import TTLCache

from .errors import InvalidParameter

if TYPE_CHECKING:
    from datetime import datetime

SOONEST_S = 3
"""Nobody reads and fills in the form in less."""

LONGEST_S = 7200
_MOST_USED = 100_000

_DIGITS = "零一二三四五六七八九十"
_ENGLISH = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip


class Question(NamedTuple):
    """What is asked: two numbers, and ``plus``, ``minus`` or ``larger``."""

    operation: str
    first: int
    second: int

    @property
    def answer(self) -> int:
        """What is right."""
        if self.operation == "plus":
            return self.first + self.second
        if self.operation == "minus":
            return self.first - self.second
        return max(self.first, self.second)


class Challenges:
    """Asks questions and looks at the answers.

    Parameters
    ----------
    key : bytes
        The same in every process that answers for an atlas.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._used: TTLCache[str, bool] = TTLCache(_MOST_USED, LONGEST_S)

    def ask(self, now: datetime) -> str:
        """Return a new token."""
        body = f"{secrets.token_hex(12)}.{int(now.timestamp())}"
        return f"{body}.{self._sign(body)}"

    def question(self, token: str) -> Question:
        """Return what a token asks."""
        made = hmac.new(self._key, b"question" + token.encode(), "sha256").digest()
        first, second = 2 + made[0] % 8, 2 + made[1] % 8
        operation = ("plus", "minus", "larger")[made[2] % 3]
        if operation == "minus":
            first, second = max(first, second) + 1, min(first, second)
        if operation == "larger" and first == second:
            second += 1
        return Question(operation, first, second)

    def check(self, token: str, answer: str, now: datetime) -> str:
        """Return what names a token that was answered; it is worth nothing from now on.

        Raises
        ------
        InvalidParameter
            If it is not of ours, too old or too new, or the answer is wrong.
        """
        body, _, signature = token[:200].rpartition(".")
        nonce, _, issued = body.partition(".")
        right = hmac.compare_digest(self._sign(body).encode(), signature.encode(errors="replace"))
        if not right or nonce in self._used:
            raise InvalidParameter("token", "This form is not valid any more; answer anew.")
        age = now.timestamp() - int(issued)
        if not 0 <= age <= LONGEST_S:
            raise InvalidParameter("token", "This form is too old; answer anew.")
        if age < SOONEST_S:
            raise InvalidParameter("early", "That was very fast; wait a moment and send it again.")
        self._used[nonce] = True
        if self.question(token).answer != read_number(answer):
            raise InvalidParameter("answer", "The answer is not right; here is another question.")
        return nonce

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(errors="replace"), "sha256").hexdigest()[:32]


def read_number(typed: str) -> int | None:
    """Return a number below twenty, in figures, Chinese or English; None for anything else."""
    plain = unicodedata.normalize("NFKC", typed[:40]).strip().casefold().rstrip("。.")
    if plain.isascii() and plain.isdigit():
        return int(plain)
    if plain in _ENGLISH:
        return _ENGLISH.index(plain)
    words = [*_DIGITS, *(f"十{digit}" for digit in _DIGITS[1:10])]
    return words.index(plain) if plain in words else None


def in_words(number: int, language: str) -> str:
    """Return a number from 0 to 10 in words."""
    return _ENGLISH[number] if language == "en" else _DIGITS[number]
