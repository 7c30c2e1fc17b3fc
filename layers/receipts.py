"""Receipt numbers: unguessable, and so written that a typing error is noticed."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

from .errors import InvalidParameter

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are taken for others (Crockford's base 32)."""

_ALL = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LENGTH = 16
_READ_AS = str.maketrans("ILO", "110", " -–—_.")


def new_receipt() -> str:
    """Return a new receipt number of 80 random bits: ``XXXX-XXXX-XXXX-XXXX-C``."""
    while True:
        body = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        check = _check(body)
        if check in _LETTERS:
            parts = [body[i : i + 4] for i in range(0, _LENGTH, 4)]
            return "-".join([*parts, check])


def receipt_digest(typed: str) -> str:
    """Return the SHA-256 of a receipt number, which is what is kept of it.

    Small letters, full-width ones, spaces and dashes make no difference.

    Raises
    ------
    InvalidParameter
        If it is none: a sign is wrong, missing, or changed places with its neighbour.
    """
    plain = unicodedata.normalize("NFKC", typed[:200]).upper().translate(_READ_AS)
    plain = "".join(plain.split())
    known = len(plain) == _LENGTH + 1 and set(plain) <= set(_LETTERS)
    if not known or _check(plain[:-1]) != plain[-1]:
        raise InvalidParameter(
            "receipt",
            "This is no receipt number: it has 17 letters and figures, as in "
            "XXXX-XXXX-XXXX-XXXX-X; one may be mistyped.",
        )
    return hashlib.sha256(plain.encode()).hexdigest()


def _check(body: str) -> str:
    """Return the check character of ISO 7064 (hybrid system MOD 37,36)."""
    product = 36
    for letter in body:
        total = (product + _ALL.index(letter)) % 36 or 36
        product = total * 2 % 37
    return _ALL[(37 - product) % 36]
