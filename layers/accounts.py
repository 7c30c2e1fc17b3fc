"""People who may change the atlas: accounts with a role, and tokens for programs."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .errors import InvalidParameter
from .roles import as_role

if TYPE_CHECKING:
    from .roles import Role

Action: TypeAlias = Literal["read", "edit", "publish"]

ACTIONS: tuple[Action, ...] = get_args(Action)

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1_000
LONGEST_TOKEN_DAYS = 366
TOKEN_PREFIX = "atlas_"  # noqa: S105  it makes a token that leaked easy to find

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_HASHER = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Account:
    """A person.

    Attributes
    ----------
    name : str
        What they log in with.
    shown : str
        What others see.
    password : str
        Argon2id, with its parameters.
    disabled : datetime or None
        Since when it cannot be used.
    """

    name: str
    shown: str
    role: Role
    password: str
    created: datetime
    disabled: datetime | None = None


class Scope(NamedTuple):
    """What a token may do: an action on a layer, or on all (``*``)."""

    layer_id: str
    action: Action

    def __str__(self) -> str:
        return f"{self.layer_id}:{self.action}"


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows instead of a password; only its digest is kept."""

    number: int
    account: str
    label: str
    scopes: tuple[Scope, ...]
    sha256: str
    created: datetime
    expires: datetime
    revoked: datetime | None = None

    def allows(self, layer_id: str, action: Action, now: datetime) -> bool:
        """Tell whether it may do something now."""
        if self.revoked is not None or now >= self.expires:
            return False
        return any(
            scope.action == action and scope.layer_id in {layer_id, "*"} for scope in self.scopes
        )


def new_account(name: str, shown: str, role: str, password: str) -> Account:
    """Return an account.

    Raises
    ------
    InvalidParameter
        If the name, the role or the password cannot be taken; the sentence says what can.
    """
    if not is_name(name):
        raise InvalidParameter(
            "name", f"{name[:40]!r} cannot be a name; use a-z, 0-9, points, hyphens, underscores."
        )
    return Account(
        name, shown or name, as_role(role), hash_password(name, password), datetime.now(UTC)
    )


def is_name(text: str) -> bool:
    """Tell whether an account can have a name."""
    return _NAME.fullmatch(text) is not None


def hash_password(name: str, password: str) -> str:
    """Return a password as it is kept.

    Raises
    ------
    InvalidParameter
        If it is too short, too long, or holds the name.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidParameter(
            "password", f"A password needs at least {SHORTEST_PASSWORD} characters."
        )
    if name.casefold() in password.casefold() or len(set(password)) < 5:
        raise InvalidParameter("password", "The password is too easy; think of a sentence.")
    return _HASHER.hash(password)


def verify_password(account: Account | None, password: str) -> bool:
    """Tell whether a password is that of an account that can be used.

    It takes as long for a name that nobody has.
    """
    try:
        _HASHER.verify(_nobody() if account is None else account.password, password)
    except (VerificationError, InvalidHashError):
        return False
    return account is not None and account.disabled is None


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Return what is verified for a name that nobody has, so that the answer takes as long."""
    return _HASHER.hash(secrets.token_urlsafe())


def needs_rehash(account: Account) -> bool:
    """Tell whether a password was hashed with older parameters than today's."""
    return _HASHER.check_needs_rehash(account.password)


def new_token(
    account: Account, label: str, scopes: list[str], days: int, layer_ids: list[str]
) -> tuple[Token, str]:
    """Return a token, and the text that its owner is shown once.

    Parameters
    ----------
    scopes : list of str
        ``LAYER:ACTION`` each, ``*`` for all layers.

    Raises
    ------
    InvalidParameter
        If a scope names nothing, or it would be valid for too long.
    """
    if not scopes:
        raise InvalidParameter("scope", "A token needs a scope, such as projects:edit or *:read.")
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise InvalidParameter("days", f"A token is valid for 1 to {LONGEST_TOKEN_DAYS} days.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    token = Token(
        0,
        account.name,
        label,
        tuple(as_scope(each, layer_ids) for each in scopes),
        token_digest(secret),
        now,
        now + timedelta(days=days),
    )
    return token, secret


def as_scope(text: str, layer_ids: list[str]) -> Scope:
    """Return the scope that a text writes.

    Raises
    ------
    InvalidParameter
        If it names no layer or no action.
    """
    layer_id, _, action = text.partition(":")
    for known in ACTIONS:
        if known == action and layer_id in {*layer_ids, "*"}:
            return Scope(layer_id, known)
    raise InvalidParameter(
        "scope",
        f"{text[:60]!r} is no scope; write LAYER:ACTION with a layer ({', '.join(layer_ids)}, or * "
        f"for all) and an action ({', '.join(ACTIONS)}).",
    )


def token_digest(secret: str) -> str:
    """Return what is kept of a token. It has 256 bits of its own, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
