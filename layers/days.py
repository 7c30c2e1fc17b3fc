"""Moments and days: when a day begins and ends depends on the clock that people live by."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

CHINA = timezone(timedelta(hours=8), "UTC+8")
"""The clock that pages and their forms go by: China has one, and has not moved it since 1991.

The API goes by UTC, which RFC 3339 leaves no doubt about.
"""

OFFSET = "+08:00"
"""The same, as moments of ISO 8601 end with it."""

_DAY = "2026-11-24"


def day_of(when: datetime) -> date:
    """Return the day of a moment in China."""
    return when.astimezone(CHINA).date()


def read_moment(text: str, zone: tzinfo = UTC) -> datetime:
    """Return the moment that a text names.

    Parameters
    ----------
    text : str
        ISO 8601: a moment, or a day, which means its last microsecond.
    zone : tzinfo
        Whose day it is, and whose clock a moment without an offset was read from.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    moment = datetime.fromisoformat(text)
    if len(text) == len(_DAY):
        moment = datetime.combine(moment, time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
