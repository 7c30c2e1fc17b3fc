"""What the checks find in a layer before it is published, and how it is reported."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from layers.catalogue import bundled_data, read_bundle
from layers.checks import RULES, Context, check_layer, known_checks, make_report
from layers.errors import InvalidParameter, ValidationFailed
from layers.gcj02 import from_bd09, from_gcj02, to_bd09, to_gcj02
from layers.measure import distance_m


@pytest.fixture
def layer(parcels):
    return read_bundle(parcels).catalogue.layers[-1]


@pytest.fixture(scope="module")
def shipped():
    return read_bundle(bundled_data())


@pytest.fixture
def found(layer, shipped):
    """Return what is found in features: codes by severity, or the findings."""

    def look(features, head=None, checks=None):
        context = Context(
            {plan_id: data.outline for plan_id, data in shipped.plans.items()},
            {**shipped.features, "parcels": features},
            head,
        )
        declared = layer if checks is None else replace(layer, checks=checks)
        return check_layer(declared, features, context)

    return look


def changed(feature, geometry=None, **properties):
    return replace(
        feature,
        geometry=feature.geometry if geometry is None else geometry,
        properties={**feature.properties, **properties},
    )


def codes(findings):
    return sorted({(each.rule, each.severity) for each in findings})


def test_sound_parcels_have_no_findings(found, grid):
    assert found(grid) == []


CORNER = (116.95, 36.55)
BOWTIE = Polygon([CORNER, (116.96, 36.56), (116.96, 36.55), (116.95, 36.56)])
LINE = Polygon([CORNER, (116.955, 36.55), (116.96, 36.55), CORNER])
SPIKE = Polygon(
    [CORNER, (116.96, 36.55), (116.96, 36.555), (116.961, 36.55501), (116.96, 36.55501),
     (116.96, 36.56), (116.95, 36.56)]
)  # fmt: skip
SLIVER = box(116.95, 36.55, 116.950003, 36.56)
HOLE = Polygon(
    box(116.95, 36.55, 116.96, 36.56).exterior.coords,
    [box(116.97, 36.57, 116.98, 36.58).exterior.coords],
)


@pytest.mark.parametrize(
    ("geometry", "code", "severity"),
    [
        (BOWTIE, "self-intersection", "error"),
        (HOLE, "geometry-invalid", "error"),
        (LINE, "zero-area", "error"),
        (SPIKE, "spike", "warning"),
        (SLIVER, "sliver", "warning"),
        (Point(CORNER), "geometry-type", "error"),
        (LineString([CORNER, (116.96, 36.56)]), "geometry-type", "error"),
        (Polygon(), "geometry-empty", "error"),
        (box(0, 0, 0.01, 0.01), "outside-district", "error"),
        (box(118, 36.55, 118.01, 36.56), "outside-district", "error"),
        (box(117.0, 36.55, 117.2, 36.56), "across-district", "warning"),
    ],
)
def test_a_shape_that_is_wrong_is_named_with_its_place(found, grid, geometry, code, severity):
    findings = found([changed(grid[0], geometry), *grid[4:]])
    assert (code, severity) in codes(findings)
    finding = next(each for each in findings if each.rule == code)
    assert finding.feature_id == "Z001"
    assert finding.remedy
    assert (finding.place is None) == geometry.is_empty


def test_a_missing_geometry_is_an_error_where_one_is_required(found, grid):
    assert codes(found([replace(grid[0], geometry=None)])) == [("geometry-missing", "error")]


def test_an_invalid_shape_comes_with_a_repair_that_is_not_applied(found, grid):
    (finding,) = found([changed(grid[0], BOWTIE)])
    assert shapely.geometry.shape(finding.repair).is_valid
    assert finding.place == pytest.approx((116.955, 36.555), abs=1e-6)
    assert "proposed repair" in finding.message


@pytest.mark.parametrize(
    ("properties", "code", "severity"),
    [
        ({"用地代码": "X9"}, "attribute-code", "error"),
        ({"面积": "十二亩"}, "attribute-type", "error"),
        ({"面积": -1.0}, "attribute-range", "error"),
        ({"多余": 1}, "attribute-unknown", "error"),
        ({"用地名称": "居住\ufffd地"}, "encoding-damaged", "error"),
        ({"用地名称": "居住用地".encode().decode("gb18030")}, "encoding-damaged", "error"),
        ({"用地名称": "居住用地".encode().decode("latin-1")}, "encoding-damaged", "error"),
        ({"用地名称": "居住用地".encode("gb18030").decode("latin-1")}, "encoding-damaged", "error"),
        ({"用地名称": "<b>居住</b>"}, "markup", "warning"),
        ({"用地名称": "<script>alert(1)</script>"}, "markup", "warning"),
        ({"用地名称": "某某看守所"}, "internal-name", "error"),
        ({"用地名称": "人防工程"}, "internal-name", "error"),
    ],
)  # fmt: skip
def test_a_value_that_is_wrong_is_named_with_its_field(found, grid, properties, code, severity):
    (finding,) = found([changed(grid[0], **properties), *grid[1:]])
    assert (finding.rule, finding.severity) == (code, severity)
    assert finding.field == next(iter(properties))
    assert finding.value


@pytest.mark.parametrize(
    "name", ["居住用地", "A33 中小学", "Café Résumé", "甲 < 乙", "军民街", "联通"]
)
def test_an_ordinary_name_is_no_fault(found, grid, name):
    assert found([changed(grid[0], 用地名称=name)]) == []


def test_an_internal_feature_may_have_an_internal_name(layer, grid, shipped):
    hidden = replace(layer, access="internal")
    features = [changed(grid[0], 用地名称="某某看守所")]
    context = Context({}, {**shipped.features, "parcels": features})
    assert check_layer(hidden, features, context) == []


def test_a_missing_field_is_named(found, grid):
    properties = {k: v for k, v in grid[0].properties.items() if k != "用地代码"}
    (finding,) = found([replace(grid[0], properties=properties)])
    assert (finding.rule, finding.field) == ("attribute-missing", "用地代码")


def test_several_missing_fields_are_one_finding_of_a_feature(found, grid):
    properties = {k: v for k, v in grid[0].properties.items() if k not in {"用地代码", "地块编号"}}
    missing = [
        each
        for each in found([replace(grid[0], properties=properties)])
        if each.rule == "attribute-missing"
    ]
    assert [each.field for each in missing] == ["地块编号, 用地代码"]


def test_an_id_that_stands_twice_is_an_error(found, grid):
    assert codes(found([*grid, replace(grid[-1], id="Z001")])) == [("duplicate-id", "error")]


def moved(feature, metres):
    return changed(feature, affinity.translate(feature.geometry, metres / 89_500))


@pytest.mark.parametrize(
    ("metres", "code", "severity"),
    [
        (400, "overlap", "error"),
        (0.05, "sliver-overlap", "warning"),
        (-0.3, "sliver-gap", "warning"),
    ],
)
def test_neighbours_that_do_not_meet_are_named_as_a_pair(found, grid, metres, code, severity):
    pair = [moved(grid[0], metres), grid[1]]
    (finding,) = found(pair)
    assert (finding.rule, finding.severity) == (code, severity)
    assert (finding.feature_id, finding.value) == ("Z001", "Z002")
    assert 116.94 < finding.place[0] < 116.98


def test_parcels_far_apart_leave_no_gap(found, grid):
    assert found([grid[0], grid[2], grid[9]]) == []


def test_a_vertex_of_one_neighbour_on_the_edge_of_the_other_is_no_fault(found, grid):
    halves = [box(116.96, 36.55, 116.97, 36.555), box(116.96, 36.555, 116.97, 36.56)]
    features = [grid[0], changed(grid[1], halves[0]), changed(grid[2], halves[1])]
    assert found(features) == []


@settings(max_examples=50, deadline=None)
@given(cells=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=6))
def test_an_overlap_is_found_if_and_only_if_two_areas_share_ground(shipped, cells):
    bundle = shipped
    layer = replace(
        bundle.catalogue.layers[-1], checks=("coverage", "-district"), schema={"properties": {}}
    )
    squares = [
        box(116.95 + x * 1e-3, 36.55 + y * 1e-3, 116.952 + x * 1e-3, 36.552 + y * 1e-3)
        for x, y in cells
    ]
    features = [
        replace(bundle.features["zones"][0], id=f"f{i}", geometry=square, properties={})
        for i, square in enumerate(squares)
    ]
    shared = any(
        a.intersection(b).area > 1e-9 for i, a in enumerate(squares) for b in squares[i + 1 :]
    )
    findings = check_layer(layer, features, Context({}, {}))
    assert ("overlap" in {each.rule for each in findings}) == shared


def shifted(feature, shift):
    return changed(feature, shapely.transform(feature.geometry, shift))


@pytest.mark.parametrize(
    ("shift", "code"), [(to_gcj02, "suspected-gcj02"), (to_bd09, "suspected-bd09")]
)
def test_a_layer_in_shifted_coordinates_is_suspected(found, grid, shift, code):
    findings = found([shifted(each, shift) for each in grid], head=grid)
    assert codes(findings) == [(code, "error")]


def test_one_feature_that_moved_is_no_shift_of_the_layer(found, grid):
    away = [moved(grid[3], 5_000), *grid[:3], *grid[4:]]
    findings = found(away, head=grid, checks=("-district",))
    assert codes(findings) == [("jump-place", "warning")]


def test_an_area_that_jumps_is_named(found, grid):
    halved = changed(grid[11], box(116.98, 36.57, 116.983, 36.58))
    assert ("jump-area", "warning") in codes(found([*grid[:11], halved], head=grid))


def test_a_file_with_a_part_of_the_layer_is_noticed(found, grid):
    assert codes(found(grid[:3], head=grid)) == [("many-removed", "warning")]


@given(st.lists(st.tuples(st.floats(116.7, 117.2), st.floats(36.4, 36.7)), min_size=1, max_size=20))
def test_gcj02_and_bd09_are_undone_exactly(positions):
    there = np.array(positions)
    assert abs(from_gcj02(to_gcj02(there)) - there).max() < 1e-13
    assert abs(from_bd09(to_bd09(there)) - there).max() < 1e-13


def test_gcj02_moves_jinan_by_half_a_kilometre_to_the_east():
    (east, north) = to_gcj02(np.array([[116.975, 36.55]]))[0]
    assert 496 < distance_m(116.975, 36.55, east, north) < 551
    assert east > 116.975


def test_a_repair_is_no_part_of_what_is_published(found, grid):
    before = changed(grid[0], BOWTIE)
    found([before])
    assert before.geometry == BOWTIE


def test_multi_part_shapes_are_checked_in_every_part(found, grid):
    both = MultiPolygon([grid[0].geometry, box(0, 0, 0.01, 0.01)])
    assert ("across-district", "warning") in codes(found([changed(grid[0], both)]))


class TestReport:
    @pytest.fixture
    def report(self, found, grid):
        features = [
            changed(grid[0], BOWTIE),
            changed(grid[1], 用地代码="X9", 用地名称="<b>=1+1</b>"),
            *grid[2:],
        ]
        ids = [each.id for each in features]
        return make_report("parcels", found(features), ids, {"Z001": 1, "Z002": 2})

    def test_errors_come_first_with_rows(self, report):
        assert [each.severity for each in report.findings] == ["error", "error", "warning"]
        assert {each.row for each in report.findings} == {1, 2}

    def test_text_groups_by_rule_with_cause_and_cure(self, report):
        text = report.text()
        assert "error self-intersection" in text
        assert "cause: " in text
        assert "cure: " in text
        assert 'row 2, feature Z002, field "用地代码"' in text
        assert text.splitlines()[-1].startswith("parcels: 12 features, ")

    def test_the_table_of_faults_opens_in_a_spreadsheet(self, report):
        table = report.table()
        assert table.startswith("\ufeff")
        rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
        assert {each["rule"] for each in rows} == {"self-intersection", "attribute-code", "markup"}
        assert any(each["value"].startswith("'") for each in rows)

    def test_places_are_geojson(self, report):
        places = report.places()["features"]
        (place,) = [each["geometry"] for each in places if each["geometry"]]
        assert place["coordinates"] == pytest.approx([116.955, 36.555])

    def test_errors_block_whatever_the_reason(self, report):
        with pytest.raises(ValidationFailed):
            report.accept("because")

    def test_warnings_pass_with_a_reason_only(self, found, grid):
        features = [moved(grid[0], 0.05), grid[1]]
        report = make_report("parcels", found(features), ["Z001", "Z002"])
        with pytest.raises(InvalidParameter, match="need a reason"):
            report.accept(" ")
        assert str(report.accept("旧图如此")) == "accepted sliver-overlap 1: 旧图如此"


def test_every_rule_says_cause_and_cure_in_both_languages():
    for code, rule in RULES.items():
        assert rule.code == code
        assert all(rule), code
        assert any("\u4e00" <= sign <= "\u9fff" for sign in rule.cause + rule.cure)


def test_a_catalogue_may_leave_out_a_comparison_but_not_a_rule():
    assert {"-district", "-head", "-statements", "coverage", "tiles", "inside"} == known_checks()


def test_the_shipped_data_have_no_findings(shipped):
    context = Context(
        {plan_id: data.outline for plan_id, data in shipped.plans.items()},
        shipped.features,
        None,
        [each for data in shipped.plans.values() for each in data.statements],
    )
    for layer in shipped.catalogue.layers:
        assert check_layer(layer, shipped.features[layer.id], context) == []
