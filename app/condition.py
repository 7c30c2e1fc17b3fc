"""How the atlas is doing, and what somebody should look after: for studio and monitoring alike."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from layers.days import day_of
from layers.errors import StoreUnavailable
from layers.store import Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .published import Published
    from .settings import Settings

Code: TypeAlias = Literal[
    "disk", "review-expired", "review-expiring", "store", "statements", "drafts", "opinions"
]
CODES: tuple[Code, ...] = get_args(Code)
"""What can be wrong.

``disk``: little is left where the atlas keeps its files. ``review-expired``, ``review-expiring``:
the review number of the public maps (审图号). ``store``: the store has not answered for a while.
``statements``: the plan says something about space that does not hold. ``drafts``: some have been
waiting for long. ``opinions``: so have some of the public's.
"""

_LEAST_FREE = 1_000_000_000
_LEAST_SHARE = 20
_UNSEEN_S = 30.0
"""How old what is shown may be, where the store is asked every second."""

_RENEWED_IN_DAYS = 90
"""How long before its end a review number should be asked for anew."""


class Condition(NamedTuple):
    """How the atlas is doing.

    Attributes
    ----------
    unseen_s : float
        Seconds since the store last told whether there is something newer.
    free, disk : int
        Bytes that are left where the atlas keeps its files, and all.
    drafts : int or None
        How many wait; None if the store cannot be asked.
    oldest_days : float
        Age of the oldest of them; 0 without any.
    publishes : Mapping
        Revisions by layer and kind; an edit of one feature is one of kind ``edit``.
    failing : int
        Statements of the plan about space that do not hold.
    review_days : int or None
        Days until the review number ends, negative afterwards; None where no date is known.
    opinions : int
        How many of the public's reports and opinions nobody has answered.
    opinion_days : float
        Age of the oldest of them; 0 without any.
    """

    unseen_s: float
    free: int
    disk: int
    drafts: int | None
    oldest_days: float
    publishes: Mapping[tuple[str, str], int]
    failing: int
    review_days: int | None
    opinions: int = 0
    opinion_days: float = 0.0


class Alert(NamedTuple):
    """Something that somebody should look after, and its figure: GB, days, seconds or how many."""

    code: Code
    figure: float


def take_condition(published: Published, settings: Settings, now: datetime) -> Condition:
    """Return how the atlas is doing; a store that cannot be asked is part of that."""
    state = published.latest
    disk = shutil.disk_usage(settings.home)
    drafts: int | None = None
    oldest = 0.0
    publishes: Mapping[tuple[str, str], int] = {}
    unanswered = Waiting(0, None)
    try:
        waiting = published.store.drafts.list()
        publishes = published.store.past.publishes()
        unanswered = published.store.opinions.waiting()
        ages = [_days(now - each.created) for each in waiting]
        drafts, oldest = len(waiting), max(ages, default=0.0)
    except StoreUnavailable:
        pass
    return Condition(
        unseen_s=published.unseen_s,
        free=disk.free,
        disk=disk.total,
        drafts=drafts,
        oldest_days=oldest,
        publishes=publishes,
        failing=sum(each.outcome == "fails" for each in state.atlas.results),
        review_days=_days_until(settings.review_number_expires, now),
        opinions=unanswered.open,
        opinion_days=0.0 if unanswered.oldest is None else _days(now - unanswered.oldest),
    )


def _days(age: timedelta) -> float:
    return age.total_seconds() / 86_400


def _days_until(end: date | None, now: datetime) -> int | None:
    return None if end is None else (end - day_of(now)).days


def alerts(condition: Condition, settings: Settings) -> list[Alert]:
    """Return what somebody should look after, the most urgent first."""
    found = []
    if condition.drafts is None or condition.unseen_s > _UNSEEN_S:
        found.append(Alert("store", round(condition.unseen_s)))
    if condition.free < max(_LEAST_FREE, condition.disk // _LEAST_SHARE):
        found.append(Alert("disk", round(condition.free / 1e9, 1)))
    days = condition.review_days
    if days is not None and days < 0:
        found.append(Alert("review-expired", -days))
    elif days is not None and days <= _RENEWED_IN_DAYS:
        found.append(Alert("review-expiring", days))
    if condition.failing:
        found.append(Alert("statements", condition.failing))
    if condition.oldest_days > settings.old_draft_days:
        found.append(Alert("drafts", int(condition.oldest_days)))
    if condition.opinion_days > settings.old_opinion_days:
        found.append(Alert("opinions", int(condition.opinion_days)))
    return found


def current_time() -> datetime:
    """Return the moment, in UTC."""
    return datetime.now(UTC)
