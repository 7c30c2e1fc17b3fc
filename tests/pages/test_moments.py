"""Moments are written in one way, with their zone, wherever the atlas runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import app
from app.main import create_app
from app.settings import Settings
from app.wording import day, moment


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-5))])
def test_a_moment_is_in_the_time_of_china_and_says_so(zone):
    when = datetime(2026, 11, 27, 16, 31, tzinfo=UTC).astimezone(zone)
    assert moment(when) == "2026-11-28 00:31 UTC+8"


def test_the_pages_of_the_history_have_it(visitor):
    for path in ("revisions", "revisions/1"):
        page = visitor.read(f"/api/collections/projects/{path}", f="html")
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC\+8", page)


def test_a_day_is_the_one_that_it_was_in_china():
    assert day(datetime(2026, 11, 1, 16, 30, tzinfo=UTC)) == "2026-11-02"
    assert day(datetime(2026, 11, 1, 15, 59, tzinfo=UTC)) == "2026-11-01"


@pytest.fixture
def late(late_home, over):
    return over(create_app(Settings(home=late_home)))


def test_pages_write_the_day_of_a_change_late_in_the_afternoon_as_the_next(late):
    assert "第 2 版（2026-11-02）" in late.read("/compare", layer="projects")
    for path in ("/", "/features/projects/yufuhe"):
        page = late.read(path)
        assert "2026-11-02" in page
        assert "2026-11-01" not in page
    assert "-2026-11-02" in late.get("/api/collections/projects/download.csv").headers[
        "content-disposition"
    ]  # fmt: skip


@pytest.mark.parametrize(("on", "number"), [("2026-11-01", 1), ("2026-11-02", 2)])
def test_pages_look_for_a_day_of_china(late, on, number):
    table = late.read("/tables/projects", revision=on, limit="200")
    assert ("新名" in table) == (number == 2)
    compared = late.read("/compare", layer="projects", **{"from": on})
    assert f"从第 {number} 版" in compared


def test_a_table_of_a_day_leads_to_the_downloads_of_its_revision(late):
    page = late.read("/tables/projects", revision="2026-11-01")
    assert "download.csv?revision=1" in page
    assert "revision=2026" not in page


def test_the_api_goes_by_utc(late):
    found = late.get(
        "/api/collections/projects/items/yufuhe", params={"revision": "2026-11-01", "f": "json"}
    )
    assert found.json()["properties"]["name"] == "新名"


def test_no_template_writes_moments_or_days_in_another_way():
    templates = (Path(app.__file__).parent / "templates").rglob("*.html")
    other = re.compile(r"%[HY]|\.date\(\)|strftime")
    assert [path.name for path in templates if other.search(path.read_text("utf-8"))] == []
