"""What a database role needs to run the atlas, and no more."""

from __future__ import annotations

import re

from layers.errors import InvalidParameter

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_ADDED = (
    "revision",
    "feature_version",
    "audit",
    "draft",
    "draft_change",
    "draft_edit",
    "draft_event",
    "plan_version",
    "actual",
    "account",
    "token",
    "session",
    "login_attempt",
    "opinion",
    "opinion_contact",
)
_CHANGED = {
    "catalogue": ("sequence",),
    "feature_version": ("last",),
    "draft": (
        "status",
        "revision",
        "base",
        "findings",
        "context",
        "message",
        "reason",
        "due",
    ),
    "account": ("shown", "role", "password", "disabled"),
    "token": ("revoked",),
    "session": ("seen", "ended"),
    "login_attempt": ("outcome",),
    "opinion": ("text", "status", "answer", "summary", "answered", "closed"),
    "opinion_contact": ("sealed",),
}


def grants(role: str) -> str:
    """Return the SQL that lets a role run the atlas on a store that its owner has set up.

    It may read everything, add rows, and change the few columns that ever change. It can neither
    delete a row nor change a table: history and log cannot be rewritten with it.

    Raises
    ------
    InvalidParameter
        If the name is no plain name of a role.
    """
    if not _ROLE.fullmatch(role):
        raise InvalidParameter("role", f"{role[:40]!r} is no plain role; use a-z, 0-9 and _.")
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT INSERT ON {', '.join(_ADDED)} TO {role}",
        *(
            f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO {role}"
            for table, columns in _CHANGED.items()
        ),
    ]
    return "".join(f"{each};\n" for each in statements)
