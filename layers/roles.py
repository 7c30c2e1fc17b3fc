"""What people may do, by the role that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from .errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

Role: TypeAlias = Literal["editor", "reviewer", "administrator", "auditor"]
Right: TypeAlias = Literal[
    "public", "own", "view", "draft", "review", "publish", "answer", "audit", "administer"
]

ROLES: tuple[Role, ...] = get_args(Role)
RIGHTS: tuple[Right, ...] = get_args(Right)
"""What can be asked of whoever calls.

``public``: nothing. ``own``: an account, for what belongs to it. ``view``: to see what is not
published. ``draft``: to upload, draw and change drafts. ``review``: to ask for changes and approve.
``publish``: to publish, schedule and restore. ``answer``: to answer what the public reports.
``audit``: to read the log. ``administer``: people and their tokens.
"""

_EVERYBODY: frozenset[Right] = frozenset(["public", "own", "view"])
_RIGHTS: Mapping[Role, frozenset[Right]] = {
    "editor": _EVERYBODY | {"draft"},
    "reviewer": _EVERYBODY | {"draft", "review", "publish", "answer"},
    "administrator": _EVERYBODY | {"draft", "review", "publish", "answer", "audit", "administer"},
    "auditor": _EVERYBODY | {"audit"},
}


def has_right(role: Role, right: Right) -> bool:
    """Tell whether a role may do something."""
    return right in _RIGHTS[role]


def as_role(text: str) -> Role:
    """Return the role of a name.

    Raises
    ------
    InvalidParameter
        If there is none.
    """
    for role in ROLES:
        if role == text:
            return role
    raise InvalidParameter("role", f"There is no role {text[:40]}; there are {', '.join(ROLES)}.")
