"""Whose day it is: half past four in the afternoon, UTC, is the next day in Jinan."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from layers.days import CHINA, OFFSET, day_of, read_moment
from layers.errors import NotFound
from layers.history import History
from layers.model import PublicRevision

LATE = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)


@pytest.fixture
def history():
    created = [datetime(2026, 10, 1, 4, 0, tzinfo=UTC), LATE]
    revisions = tuple(
        PublicRevision("plots", number, number, number, "publish", "", moment, 0, 0, 1)
        for number, moment in enumerate(created, 1)
    )
    return History(lambda: revisions)


def test_a_moment_late_in_the_afternoon_is_of_the_next_day_in_china():
    assert day_of(LATE) == date(2026, 11, 2)
    assert day_of(datetime(2026, 11, 1, 15, 59, 59, 999_999, UTC)) == date(2026, 11, 1)


def test_a_day_is_its_last_microsecond_by_the_clock_that_is_named():
    assert read_moment("2026-11-01") == datetime(2026, 11, 1, 23, 59, 59, 999_999, UTC)
    assert read_moment("2026-11-01", CHINA) == datetime(2026, 11, 1, 15, 59, 59, 999_999, UTC)
    assert read_moment(f"2026-11-01T23:59:59.999999{OFFSET}") == read_moment("2026-11-01", CHINA)


def test_a_moment_with_an_offset_is_the_same_by_every_clock():
    assert read_moment("2026-11-01T16:30Z") == read_moment("2026-11-02T00:30+08:00", CHINA) == LATE
    assert read_moment("2026-11-02T00:30", CHINA) == LATE


def test_a_revision_is_found_by_the_day_that_it_was_in_china_or_in_utc(history):
    assert history.find("2026-11-01", zone=CHINA).number == 1
    assert history.find("2026-11-02", zone=CHINA).number == 2
    assert history.find("2026-11-01").number == 2


def test_the_refusal_names_the_first_day_by_the_same_clock(history):
    with pytest.raises(NotFound, match="its first is of 2026-10-01"):
        history.find("2026-09-30", zone=CHINA)
