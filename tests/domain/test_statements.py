"""What the plan says about space holds, fails by so many metres, or cannot be tested."""

from __future__ import annotations

import json

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from layers.errors import DataInvalid, NotFound
from layers.measure import area_m2, from_4548
from layers.plan import Citation
from layers.statements import (
    Party,
    Side,
    Statement,
    check_statements,
    propose_area,
    propose_sides,
    read_statements,
    sides_in,
)

EAST, NORTH = 500_000.0, 4_057_000.0
"""A place in the district, in EPSG:4548 metres."""


def square(x: float, y: float, size: float = 100):
    return from_4548(box(EAST + x, NORTH + y, EAST + x + size, NORTH + y + size))


def line(*points: tuple[float, float]):
    return from_4548(LineString([(EAST + x, NORTH + y) for x, y in points]))


def say(relation: str, *objects: str, subject: str | None = "s") -> Statement:
    return Statement(
        "one",
        relation,
        Party(subject, "主"),
        tuple(Party(each, f"“{each}”") for each in objects),
        "explicit",
        (Citation("x", 1, 1, 1, 0, 5, sha256="0" * 64),),
    )


def check(statement: Statement, uncertain=None, **geometries):
    (result,) = check_statements([statement], geometries, uncertain or {})
    return result


ROAD = line((0, -1000), (0, 1000))


@pytest.mark.parametrize(
    ("relation", "subject", "other", "outcome"),
    [
        ("within", square(10, 10, 20), square(0, 0), "holds"),
        ("within", square(90, 0, 20), square(0, 0), "fails"),
        ("belongs_to_zone", square(0, 0), square(0, 0), "holds"),
        ("contains", square(0, 0), square(10, 10, 20), "holds"),
        ("contains", square(10, 10, 20), square(0, 0), "fails"),
        ("east_of", square(50, 0), ROAD, "holds"),
        ("east_of", square(-150, 0), ROAD, "fails"),
        ("west_of", square(-150, 0), ROAD, "holds"),
        ("north_of", square(0, 500), square(0, 0), "holds"),
        ("south_of", square(0, 500), square(0, 0), "fails"),
        ("along", square(0, 0), ROAD, "holds"),
        ("along", square(300, 0), ROAD, "fails"),
        ("adjacent", square(100, 0), square(0, 0), "holds"),
        ("flows_into", ROAD, square(-50, 1000), "holds"),
    ],
)
def test_a_relation_is_judged_on_the_geometry(relation, subject, other, outcome):
    assert check(say(relation, "o"), s=subject, o=other).outcome == outcome


def test_a_failure_says_by_how_many_metres():
    result = check(say("within", "o"), s=square(150, 0), o=square(0, 0))
    assert result.distance_m == pytest.approx(150, abs=0.2)
    assert "150 m" in result.reason_en


def test_a_failure_smaller_than_the_sketches_are_uncertain_says_so():
    statement, uncertain = say("west_of", "o"), {"s": 500.0, "o": 500.0}
    result = check(statement, uncertain, s=square(50, 0), o=ROAD)
    assert result.outcome == "fails"
    assert "less than the uncertainty" in result.reason_en


def test_two_sketches_meet_if_they_may_meet():
    far = square(300, 0)
    assert check(say("adjacent", "o"), {"s": 150.0, "o": 100.0}, s=far, o=ROAD).outcome == "fails"
    assert check(say("adjacent", "o"), {"s": 200.0, "o": 100.0}, s=far, o=ROAD).outcome == "holds"


@pytest.mark.parametrize("relation", ["within", "east_of", "between", "connects"])
def test_a_side_that_is_not_drawn_cannot_be_tested_and_is_named(relation):
    drawn = square(0, 0) if relation == "within" else square(-100, 0)
    result = check(say(relation, "o", "gone"), s=square(0, 0), o=drawn)
    assert result.outcome == "untestable"
    assert "“gone”" in result.reason
    assert result.distance_m is None


def test_words_without_a_feature_cannot_be_tested():
    assert check(say("within", "o", subject=None), o=square(0, 0)).outcome == "untestable"


def test_nothing_lies_within_a_point():
    point = from_4548(Point(EAST, NORTH))
    assert check(say("within", "o"), s=square(0, 0), o=point).outcome == "untestable"


def test_between_is_seen_along_the_line_that_joins_the_two():
    ends = {"a": square(-500, 0), "b": square(500, 0)}
    assert check(say("between", "a", "b"), s=square(0, 200), **ends).outcome == "holds"
    beyond = check(say("between", "a", "b"), s=square(800, 0), **ends)
    assert beyond.outcome == "fails"
    assert beyond.distance_m == pytest.approx(300, abs=1)


@given(st.integers(200, 5000), st.integers(-300, 300))
def test_east_one_way_is_west_the_other(distance, aside):
    here, there = square(0, 0), square(distance, aside)
    assert check(say("east_of", "o"), s=there, o=here).outcome == "holds"
    assert check(say("west_of", "o"), s=here, o=there).outcome == "holds"


@given(st.integers(1, 3000))
def test_a_subject_moved_out_fails_by_what_it_was_moved(metres):
    result = check(say("within", "o"), s=square(metres, 0), o=square(0, 0))
    assert result.distance_m == pytest.approx(metres, abs=0.5) or metres < 1


def test_a_shape_that_bridges_a_bay_or_a_hole_is_not_within():
    """All its corners are inside; what lies between them is not."""
    bay = from_4548(
        Polygon(
            (EAST + x, NORTH + y)
            for x, y in [(0, 0), (99, 0), (99, 99), (70, 99), (70, 9), (30, 9), (30, 99), (0, 99)]
        )
    )
    bridge = from_4548(box(EAST + 10, NORTH + 50, EAST + 90, NORTH + 60))
    result = check(say("within", "o"), s=bridge, o=bay)
    assert result.outcome == "fails"
    assert result.distance_m == pytest.approx(20, abs=1)
    ring = square(0, 0, 1000).difference(square(300, 300, 400))
    result = check(say("contains", "o"), s=ring, o=square(200, 200, 600))
    assert result.outcome == "fails"
    assert result.distance_m == pytest.approx(200, abs=1)


@pytest.mark.parametrize("relation", ["east_of", "west_of", "north_of", "south_of"])
def test_what_lies_in_a_thing_lies_on_no_side_of_it(relation):
    result = check(say(relation, "o"), s=square(0, 0), o=square(0, 0))
    assert result.outcome == "fails"
    assert result.distance_m == pytest.approx(50, abs=1)


def test_what_lies_north_of_a_street_lies_neither_east_nor_west_of_it():
    street, north = line((-1000, 0), (1000, 0)), square(-50, 400)
    outcomes = {r: check(say(r, "o"), s=north, o=street).outcome for r in ("east_of", "west_of")}
    assert outcomes == {"east_of": "fails", "west_of": "fails"}
    assert check(say("north_of", "o"), s=north, o=street).outcome == "holds"


def test_a_river_flows_into_what_one_of_its_ends_reaches():
    river = line((0, -500), (0, 500))
    assert check(say("flows_into", "o"), s=river, o=square(-50, 450)).outcome == "holds"
    assert check(say("flows_into", "o"), s=river, o=square(-50, -50)).outcome == "fails"


def test_something_connects_what_it_comes_near_to_each_of():
    ends = {"a": square(-100, 900), "b": square(0, -1000)}
    assert check(say("connects", "a", "b"), s=ROAD, **ends).outcome == "holds"
    short = line((0, 0), (0, 1000))
    assert check(say("connects", "a", "b"), s=short, **ends).outcome == "fails"


def test_between_more_than_two_is_within_what_they_enclose():
    around = {"a": square(-500, 0), "b": square(500, 0), "c": square(0, 500), "d": square(0, -500)}
    assert check(say("between", *around), s=square(0, 0), **around).outcome == "holds"
    beyond = check(say("between", *around), s=square(0, 750), **around)
    assert beyond.outcome == "fails"
    assert beyond.distance_m == pytest.approx(200, abs=1)


@given(st.integers(0, 7), st.integers(-300, 300), st.integers(-300, 300))
def test_where_a_ring_starts_and_how_it_runs_changes_nothing(start, x, y):
    corners = [(0, 0), (400, 0), (400, 100), (100, 100), (100, 400), (0, 400)]
    turned = [*corners[start % 6 :], *corners[: start % 6]][:: 1 if start % 2 else -1]
    there, same = (
        from_4548(Polygon((EAST + e, NORTH + n) for e, n in each)) for each in (corners, turned)
    )
    for relation in ("within", "east_of", "north_of", "adjacent"):
        one, other = (check(say(relation, "o"), s=square(x, y), o=o) for o in (there, same))
        assert one.outcome == other.outcome
        assert one.distance_m == pytest.approx(other.distance_m, abs=0.2)


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_a_subject_moved_across_a_street_fails_by_as_much_more(metres, further):
    one, other = (
        check(say("east_of", "o"), s=square(-50 - d, 0), o=ROAD) for d in (metres, metres + further)
    )
    assert other.distance_m - one.distance_m == pytest.approx(further, abs=0.3)


@pytest.mark.parametrize("direction", ["east_of", "west_of"])
def test_a_road_that_does_not_cut_the_frame_is_named(direction):
    away = line((5000, 0), (5000, 10))
    with pytest.raises(NotFound, match="甲路 does not cut the frame"):
        propose_area([Side(direction, "甲路", away)], square(-1000, -1000, 2000))


def test_nothing_lies_east_of_a_street_that_runs_east():
    street = line((-500, 0), (500, 0))
    with pytest.raises(NotFound, match="east of 甲路"):
        propose_area([Side("east_of", "甲路", street)], square(-1000, -1000, 2000))


def test_an_area_is_proposed_from_two_roads():
    other = line((400, -1000), (400, 1000))
    frame = square(-2000, -500, 4000)
    sides = [Side("east_of", "甲路", ROAD), Side("west_of", "乙路", other)]
    area = propose_area(sides, frame)
    for x, y, inside in [(200, 0, True), (200, 3000, True), (-50, 0, False), (450, 0, False)]:
        assert area.covers(from_4548(Point(EAST + x, NORTH + y))) == inside
    assert area_m2(area) == pytest.approx(400 * 4000, rel=0.01)


def test_a_road_is_extended_until_it_cuts_the_frame():
    short = line((0, 0), (0, 10))
    area = propose_area([Side("east_of", "甲路", short)], square(-1000, -1000, 2000))
    assert area_m2(area) == pytest.approx(2_000_000, rel=0.01)


def test_an_area_beside_a_park_lies_beyond_its_edge():
    area = propose_area([Side("west_of", "园", square(0, 0))], square(-1000, -500, 1500))
    assert shapely.intersection(area, square(0, 0)).area == pytest.approx(0, abs=1e-12)


def test_a_side_that_leaves_nothing_is_named():
    with pytest.raises(NotFound, match="甲路"):
        propose_area([Side("east_of", "甲路", ROAD)], square(-500, 0, 100))


def test_a_road_without_geometry_is_named_before_anything_is_proposed():
    statements = [say("east_of", "road"), say("west_of", "park")]
    with pytest.raises(NotFound, match="“road”"):
        propose_sides("s", statements, {"park": square(0, 0)})
    with pytest.raises(NotFound, match="does not say"):
        propose_sides("elsewhere", statements, {})
    drawn = propose_sides("s", statements, {"park": square(0, 0), "road": ROAD})
    assert [side.direction for side in drawn] == ["east_of", "west_of"]


def test_a_side_phrase_is_read_with_the_longest_names():
    names = {"饮虎池街": "street", "趵突泉公园": "park", "公园": "other"}
    assert sides_in("饮虎池街以东、趵突泉公园以西区域", names) == [
        ("east_of", "street"),
        ("west_of", "park"),
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"relation": "near"}, "relation"),
        ({"basis": "guess"}, "basis"),
        ({"objects": []}, "object"),
        ({"subject": {"name": "x"}}, "statement one"),
    ],
)
def test_a_broken_statement_is_named(tmp_path, change, named):
    record = {
        "id": "one",
        "relation": "within",
        "subject": {"id": None, "words": "甲"},
        "objects": [{"id": "x", "words": "乙"}],
        "basis": "explicit",
        "citations": [{"plan": "x", "chapter": 1, "section": 1, "paragraph": 1}],
    }
    path = tmp_path / "statements.json"
    path.write_text(json.dumps({"statements": [record | change]}), encoding="utf-8")
    with pytest.raises(DataInvalid, match=named):
        read_statements(path)
