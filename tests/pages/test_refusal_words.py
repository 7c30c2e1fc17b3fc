"""What a page cannot use is said in the page's language."""

from __future__ import annotations

import re

import pytest

AREAS = [
    ("nonsense", "既不是 WKT", "neither as WKT"),
    ("POINT(117 36)", "线和点没有内部", "lines and points"),
    ("POLYGON EMPTY", "空的", "empty"),
    ("POLYGON((117 36,118 37,118 36,117 37,117 36))", "图形无效", "not valid"),
    ("POLYGON((36 217,37 217,37 218,36 217))", "请先写经度", "longitude comes first"),
    ("POLYGON((110 30,120 30,120 40,110 40,110 30))", "请画小一些", "draw a smaller one"),
]


def notices(page: str) -> str:
    return " ".join(re.findall(r'class="[^"]*notice[^"]*"[^>]*>(.*?)</', page, re.S))


@pytest.mark.parametrize(("area", "chinese", "english"), AREAS)
def test_an_area_is_refused_in_the_language_of_the_page(visitor, area, chinese, english):
    assert chinese in notices(visitor.read("/areas", area=area))
    assert english in notices(visitor.read("/areas", area=area, lang="en"))


@pytest.mark.parametrize("asked", ["limit=x", "bbox=1,2", "colour=red", "filter=(((", "sortby=x"])
def test_a_table_says_in_chinese_what_it_has_left_out(visitor, asked):
    said = notices(visitor.read(f"/tables/projects?{asked}"))
    assert f"“{asked.partition('=')[0]}”用不了，已略去" in said
    assert not re.search("[A-Za-z]{4,} [a-z]{2,} ", said)


def test_a_zone_that_is_not_there_is_refused_in_the_language_of_the_page(visitor):
    assert "没有片区“nowhere”" in visitor.get("/zones/nowhere").text
    assert "There is no zone nowhere" in visitor.get("/zones/nowhere?lang=en").text


@pytest.mark.parametrize(
    ("name", "content", "chinese"),
    [
        ("track.gpx", b'<?xml version="1.0"?><gpx version="1.1"/>', "请用 GeoJSON"),
        ("half.zip", b"PK\x03\x04nothing", "压缩包损坏"),
        ("points.csv", b"x,y\n497761,4046573\n", "哪一列是北"),
    ],
)
def test_a_file_with_an_area_is_refused_for_a_reason_in_the_language_of_the_page(
    visitor, name, content, chinese
):
    page = visitor.post("/areas", files={"file": (name, content)}).text
    assert chinese in notices(page)
    assert "在下面" not in notices(page)
    english = visitor.post("/areas?lang=en", files={"file": (name, content)}).text
    assert not re.search("[\u4e00-\u9fff]", notices(english))


def test_a_ring_round_the_world_is_too_large(visitor):
    ring = "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))"
    assert "请画小一些" in notices(visitor.read("/areas", area=ring))
