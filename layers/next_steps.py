"""What can be done next with a draft, by whom, and what stands in the way of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from .publishing import layer_of
from .review import authors_of, may_publish
from .roles import has_right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .accounts import Account
    from .catalogue import Bundle
    from .roles import Right
    from .store import Draft, Store

Step: TypeAlias = Literal[
    "comment", "submit", "withdraw", "return", "approve", "publish", "schedule", "unschedule",
    "rebase", "discard",
]  # fmt: skip
Obstacle: TypeAlias = Literal[
    "closed", "right", "others", "own", "open", "submitted", "not-approved", "stale", "fresh",
    "errors", "checking", "unscheduled",
]  # fmt: skip

STEPS: tuple[Step, ...] = get_args(Step)

RIGHTS: Mapping[Step, Right] = {
    "comment": "draft",
    "submit": "draft",
    "withdraw": "draft",
    "return": "review",
    "approve": "review",
    "publish": "draft",
    "schedule": "draft",
    "unschedule": "draft",
    "rebase": "draft",
    "discard": "draft",
}
"""The least right of whoever takes a step; where a layer is reviewed, publishing needs more."""


class _Standing(NamedTuple):
    """All that a step may depend on."""

    draft: Draft
    by: Account
    is_author: bool
    is_stale: bool
    has_errors: bool | None
    is_reviewed: bool
    may_publish: bool


def find_obstacles(
    store: Store, bundle: Bundle, draft: Draft, by: Account, *, has_errors: bool | None
) -> Mapping[Step, Obstacle | None]:
    """Return what keeps somebody from each step; None where nothing does.

    Parameters
    ----------
    has_errors : bool or None
        Whether the checks have found an error in the draft; None while they still look.
    """
    head = store.head(draft.layer_id)
    standing = _Standing(
        draft,
        by,
        by.name in authors_of(store, draft),
        is_stale=head is not None and head.number != draft.base,
        has_errors=has_errors,
        is_reviewed=layer_of(bundle, draft.layer_id).review,
        may_publish=may_publish(store, bundle, draft, by),
    )
    return {step: _obstacle(step, standing) for step in STEPS}


def _obstacle(step: Step, at: _Standing) -> Obstacle | None:
    if not at.draft.is_waiting:
        return "closed"
    if not has_right(at.by.role, RIGHTS[step]):
        return "right"
    is_open = at.draft.status == "open"
    conditions: Mapping[Step, tuple[tuple[bool, Obstacle], ...]] = {
        "comment": (),
        "submit": ((not is_open, "submitted"), *_sound(at)),
        "withdraw": ((not at.is_author, "others"), (is_open, "open")),
        "return": ((is_open, "open"),),
        "approve": (
            (at.is_author, "own"),
            (at.draft.status != "submitted", "open" if is_open else "submitted"),
            (at.is_stale, "stale"),
            (at.has_errors is None, "checking"),
        ),
        "publish": _publishing(at),
        "schedule": _publishing(at),
        "unschedule": ((at.draft.due is None, "unscheduled"),),
        "rebase": ((not at.is_stale, "fresh"),),
        "discard": ((not at.is_author and not has_right(at.by.role, "review"), "others"),),
    }
    return next((obstacle for stands, obstacle in conditions[step] if stands), None)


def _publishing(at: _Standing) -> tuple[tuple[bool, Obstacle], ...]:
    reviewed = at.is_reviewed and at.draft.status != "approved"
    other: Obstacle = "right" if at.is_reviewed else "others"
    return ((reviewed, "not-approved"), (not at.may_publish, other), *_sound(at))


def _sound(at: _Standing) -> tuple[tuple[bool, Obstacle], ...]:
    return (
        (at.is_stale, "stale"),
        (at.has_errors is None, "checking"),
        (bool(at.has_errors), "errors"),
    )
