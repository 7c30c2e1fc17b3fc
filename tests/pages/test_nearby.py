"""What is planned nearby: a written answer, grouped by how sure each location is."""

from __future__ import annotations

import logging

import pytest

IN_THE_NORTH = "116.99,36.65"


def titles(page: str) -> list[str]:
    return [part.split(" <span")[0] for part in page.split('<h2 id="group-')[1:]]


def test_the_answer_says_the_zone_and_has_a_group_for_each_kind_of_sureness(visitor):
    page = visitor.read("/nearby", at=IN_THE_NORTH)
    assert "按图集画的界线，这里属于北部核心区。" in page
    assert [title.split(">")[1] for title in titles(page)] == [
        "位置可靠的",
        "只知道大致位置的",
        "只知道在北部核心区里的",
        "位置不明、按上下文列在北部核心区的",
    ]


def test_distances_are_in_metres_and_a_sketch_says_so(visitor):
    page = visitor.read("/nearby", q="老商埠")
    assert "就在范围内" in page
    assert "示意 ±1.2 km" in page
    assert 'href="/features/projects/laoshangbu"' in page


def test_a_position_near_an_inferred_line_may_be_in_the_next_zone(visitor, application):
    zones = application.state.published.latest.atlas.listed["zones"].features
    north = next(each for each in zones if each.id == "beibu-hexinqu")
    middle = next(each for each in zones if each.id == "zhongbu-jueqiqu")
    shared = north.geometry.intersection(middle.geometry.buffer(1e-6))
    point = shared.representative_point()
    page = visitor.read("/nearby", at=f"{point.x},{point.y}")
    assert "这条界线是推定的" in page


def test_a_position_outside_says_how_far_it_is(visitor):
    page = visitor.read("/nearby", at="117.5,36.6")
    assert "这里不在市中区界之内，离区界约" in page
    assert "公里" in page


def test_a_name_without_a_place_is_not_measured_from(visitor):
    page = visitor.read("/nearby", q="上海复星")
    assert "没有可靠位置" in page
    assert titles(page) == []


@pytest.mark.parametrize("at", ["here", "1,2,3", "nan,3", "1e999,0", "200,10", "<b>,1", "，"])
def test_what_is_no_position_is_said_softly(visitor, at):
    page = visitor.read("/nearby", at=at)
    assert "看不懂这个位置" in page
    assert "<b>" not in page


def test_an_unknown_name_is_said_softly(visitor):
    assert "图集里没有叫" in visitor.read("/nearby", q="zzqqzz" * 100)


def test_a_browsers_position_is_in_no_address_no_page_and_no_log(visitor, caplog):
    with caplog.at_level(logging.DEBUG, logger="app"):
        answer = visitor.post("/nearby", data={"at": "116.98765,36.65432"})
    assert answer.status_code == 200
    assert "按图集画的界线，这里属于北部核心区。" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    kept = " ".join(str(vars(record)) for record in caplog.records) + answer.text
    assert "116.98765" not in kept
    assert "36.65432" not in kept


def test_internal_features_are_nowhere_in_it(own, publish):
    visitor, store = own
    publish(store, "x", laoshangbu={"access": "internal", "name": "看守所甲"})
    assert "看守所甲" not in visitor.read("/nearby", at="116.98,36.66")
