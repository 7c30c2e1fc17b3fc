"""Moments are written in one way, with their zone, wherever the atlas runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import app
from app.wording import moment


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-5))])
def test_a_moment_is_in_the_time_of_china_and_says_so(zone):
    when = datetime(2026, 11, 27, 16, 31, tzinfo=UTC).astimezone(zone)
    assert moment(when) == "2026-11-28 00:31 UTC+8"


def test_the_pages_of_the_history_have_it(visitor):
    for path in ("revisions", "revisions/1"):
        page = visitor.read(f"/api/collections/projects/{path}", f="html")
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC\+8", page)


def test_no_template_writes_hours_in_another_way():
    templates = (Path(app.__file__).parent / "templates").rglob("*.html")
    assert [path.name for path in templates if "%H" in path.read_text(encoding="utf-8")] == []
