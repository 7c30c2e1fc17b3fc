"""What is kept of people is encrypted; the key is a file that only the atlas may read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from .errors import InvalidParameter

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.fernet import Fernet

_LEAST = 32


class Seal:
    """Encrypts and decrypts short texts, and gives keys for other uses.

    Parameters
    ----------
    key : bytes
        At least 32 bytes; anything longer or shorter to remember is hashed.

    Raises
    ------
    InvalidParameter
        If the key is too short to protect anything.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _LEAST:
            raise InvalidParameter(
                "contact_key", f"The key for contacts is shorter than {_LEAST} bytes."
            )
        self._key = key

    def derived(self, use: str) -> bytes:
        """Return a key for one use, from which neither the others nor the first one follow."""
        return hmac.new(self._key, use.encode(), "sha256").digest()

    def close(self, text: str) -> str:
        """Return a text encrypted and signed (Fernet)."""
        return self._fernet().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Return the text; None if it was sealed with another key."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def _fernet(self) -> Fernet:
        # Loading the library takes longer than all the rest of a start.
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(self._key).digest()))


def read_key(path: Path) -> bytes:
    """Return the key in a file, which is made if there is none.

    Processes that start together end up with the same one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(_LEAST).encode())
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes().strip()
