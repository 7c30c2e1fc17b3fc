"""``atlas plan``, ``atlas indicators`` and what ``atlas check`` says of the plan's words."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def text_file(tmp_path, plan_text):
    path = tmp_path / "plan.txt"
    path.write_bytes(plan_text.encode("gb18030"))
    return path


def test_a_text_is_imported_and_what_was_recognised_is_said(atlas, text_file):
    done = atlas("plan", "import", text_file)

    assert done.returncode == 0, done.stderr
    assert "read as gb18030" in done.stdout
    assert "3 chapters, 2 sections, 8 paragraphs" in done.stdout
    assert "Stored as version 1." in done.stdout
    assert "not the text that the atlas's citations were made from" in done.stdout
    assert re.search(r"followed into it: \d+ lost", done.stdout)
    listed = atlas("plan", "list").stdout
    assert re.search(r"shizhong-14-5 version 1: .* gb18030", listed)


def test_the_same_text_is_not_stored_twice(atlas, text_file):
    atlas("plan", "import", text_file)
    done = atlas("plan", "import", text_file)
    assert "The same text as version 1; nothing was stored." in done.stdout


def test_another_plan_needs_a_title(atlas, text_file):
    refused = atlas("plan", "import", text_file, "--id", "other")
    assert refused.returncode == 2
    assert "--title" in refused.stderr
    done = atlas("plan", "import", text_file, "--id", "other", "--title", "别的规划")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no chapters here", "No chapter was found"),
        ("第一章甲\n一段。".encode("utf-16"), "UTF-8 or GB18030"),
        (b"\xff\xfe\xff\xff", "UTF-8 or GB18030"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_with_what_was_looked_for(
    atlas, tmp_path, content, reason
):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    done = atlas("plan", "import", path)
    assert done.returncode == 3
    assert reason in done.stderr
    assert "bad.txt" in done.stderr
    assert "Traceback" not in done.stderr
    assert "No text was imported yet" in atlas("plan", "list").stdout


def test_a_file_that_is_not_there_is_named(atlas, tmp_path):
    done = atlas("plan", "import", tmp_path / "nowhere.txt")
    assert done.returncode == 3
    assert "nowhere.txt" in done.stderr


def test_two_versions_are_compared(atlas, text_file, plan_text):
    atlas("plan", "import", text_file)
    text_file.write_text(plan_text.replace("120亿元", "150亿元"), encoding="utf-8")
    atlas("plan", "import", text_file)
    done = atlas("plan", "compare", "shizhong-14-5")
    assert done.returncode == 0, done.stderr
    assert "version 1 → 2" in done.stdout
    assert "changed 1-0-p1 → 1-0-p1" in done.stdout
    assert re.search(r"citations of features: \d+ exact, 0 moved, 0 changed, 0 lost", done.stdout)


def test_an_actual_figure_is_entered_with_its_source(atlas):
    figure = ("gdp", "2022", "1250", "--unit", "亿元")
    done = atlas("indicators", "enter", *figure, "--source", "统计公报")
    assert done.returncode == 0, done.stderr
    assert "gdp 2022: 1250 亿元" in done.stdout
    assert atlas("indicators", "enter", *figure, "--source", " ").returncode == 2


def test_a_unit_that_contradicts_the_series_is_refused(atlas):
    done = atlas("indicators", "enter", "gdp", "2022", "9", "--unit", "家", "--source", "x")
    assert done.returncode == 3
    assert "measures CNY" in done.stderr


def test_check_counts_the_statements_and_lists_them(atlas):
    done = atlas("check", "--summary")
    assert done.returncode == 0, done.stderr
    counted = re.search(
        r"(\d+) spatial statements, (\d+) hold, (\d+) fail, (\d+) cannot be tested", done.stdout
    )
    total, *parts = map(int, counted.groups())
    assert sum(parts) == total > 200
    assert not re.findall(r"^  s-.* holds", done.stdout, re.MULTILINE)
    listed = atlas("check").stdout
    assert len(re.findall(r"^  s-", listed, re.MULTILINE)) == total


def test_check_names_a_statement_that_the_map_contradicts(atlas, data, edit):
    def move(document):
        laoshangbu = next(f for f in document["features"] if f["id"] == "laoshangbu")
        laoshangbu["properties"]["zone"] = None
        laoshangbu["properties"]["zone_basis"] = None
        laoshangbu["geometry"] = {"type": "Point", "coordinates": [116.9, 36.52]}

    edit("projects.geojson", move)
    done = atlas("check", data)
    assert done.returncode == 0, done.stderr
    assert re.search(r"fails: 老商埠 belongs_to_zone 北部核心区 .*Off by [\d,]+ m", done.stdout)
