"""The plan's figures: read strictly, comparable within a series, with actual values beside."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.chart import HEIGHT, WIDTH, Change, Point, nice_ticks, overview_chart, series_chart
from layers.catalogue import bundled_data, read_bundle
from layers.errors import DataInvalid, InvalidParameter, ValidationFailed
from layers.indicators import Actual, add_actual, read_indicators

CITATION = {"plan": "x", "chapter": 1, "section": 1, "paragraph": 1, "start": 0, "end": 9}
RECORD = {
    "id": "gdp-2025",
    "series": "gdp",
    "name": "地区生产总值",
    "name_en": "Gross regional product",
    "value": 1500,
    "unit": "亿元",
    "period": "2025",
    "period_basis": "explicit",
    "status": "target",
    "hedge": "力争",
    "direction": "at_least",
    "theme": "综合实力",
    "note": None,
    "note_en": None,
    "citation": CITATION,
    "value_range": [3, 7],
}
UNITS = {
    "亿元": {"label": "亿元", "label_en": "100 million yuan", "dimension": "CNY", "factor": 1e8},
    "元": {"label": "元", "label_en": "yuan", "dimension": "CNY", "factor": 1},
    "家": {"label": "家", "label_en": "firms", "dimension": "count", "factor": 1},
}


@pytest.fixture
def write(tmp_path):
    def write(*records):
        path = tmp_path / "indicators.json"
        document = {
            "plan": "x",
            "units": UNITS,
            "hedges": {"力争": {"label": "力争", "label_en": "striving for"}},
            "themes": {"综合实力": "Strength"},
            "indicators": [RECORD | each for each in records],
        }
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def published():
    return read_bundle(bundled_data()).plans["shizhong-14-5"].indicators


def actual(**changes) -> Actual:
    given = {
        "series": "gdp",
        "year": 2023,
        "value": 1290.0,
        "unit": "亿元",
        "source": "区统计公报 2023",
        "author": "a",
        "entered": datetime.now(UTC),
    }
    return Actual(**(given | changes))


def test_a_figure_in_another_unit_of_the_same_kind_belongs_to_its_series(write):
    found = read_indicators(write({}, {"id": "gdp-2020", "value": 1e11, "unit": "元"}))
    assert found.convert(1e11, "元", "亿元") == 1000
    assert [each.id for each in found.series()["gdp"]] == ["gdp-2025", "gdp-2020"]


def test_a_unit_that_contradicts_its_history_is_refused(write):
    with pytest.raises(ValidationFailed, match=r'gdp-2020, field "unit".*亿元.*CNY'):
        read_indicators(write({}, {"id": "gdp-2020", "unit": "家"}))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"unit": "个"}, '"unit": there is no unit 个'),
        ({"hedge": "大约"}, '"hedge"'),
        ({"theme": "无"}, '"theme"'),
        ({"direction": "upwards"}, '"direction"'),
        ({"status": "reached"}, '"status": a figure of 2025 is not reached'),
        ({"period": "2031"}, '"status"'),
        ({"citation": CITATION | {"plan": "y"}}, '"citation"'),
    ],
)
def test_an_unknown_code_is_named(write, change, named):
    with pytest.raises(ValidationFailed, match=named):
        read_indicators(write(change))


def test_an_id_that_stands_twice_is_named(write):
    with pytest.raises(ValidationFailed, match=r"gdp-2025.*stands twice"):
        read_indicators(write({}, {}))


@pytest.mark.parametrize("change", [{"value": "1500"}, {"value": True}, {"surprise": 1}])
def test_a_record_of_another_form_is_named(write, change):
    with pytest.raises(DataInvalid, match=r"indicators\.json, indicator gdp-2025"):
        read_indicators(write(change))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"unit": ["亿元"]}, "unit"),
        ({"value_range": [3, 10]}, "value_range"),
        ({"value_range": [7, 7]}, "value_range"),
    ],
)
def test_a_field_of_another_form_is_named(write, change, field):
    with pytest.raises(DataInvalid, match=f'indicator gdp-2025, field "{field}"'):
        read_indicators(write(change))


def test_a_unit_that_counts_nothing_is_named(write, monkeypatch):
    monkeypatch.setitem(UNITS, "元", UNITS["元"] | {"factor": 0})
    with pytest.raises(DataInvalid, match='unit 元, field "factor"'):
        read_indicators(write({}))


def test_money_does_not_become_firms(published):
    with pytest.raises(InvalidParameter, match="CNY"):
        published.convert(1, "亿元", "家")


def test_progress_leads_from_what_was_reached_to_the_target_in_its_unit(write):
    before = {"id": "gdp-2020", "value": 1e11, "unit": "元", "period": "2020", "status": "reached"}
    progress = read_indicators(write(before, {})).progress("gdp")
    assert (progress.reached.id, progress.target.id) == ("gdp-2020", "gdp-2025")
    assert progress.difference == 500


def test_a_series_with_one_side_has_no_progress(write):
    found = read_indicators(write({}))
    assert found.progress("gdp") is None
    with pytest.raises(InvalidParameter, match="no series income"):
        found.progress("income")


def test_five_series_of_the_plan_have_both_sides(published):
    both = {name for name in published.series() if published.progress(name)}
    assert both == {"gdp", "revenue", "income", "hightech-firms", "unemployment"}


def test_series_whose_words_differ_between_the_periods_say_so(published):
    """The rate of 2020 is the registered one; a line between the two needs that note."""
    reached, target = published.series()["unemployment"]
    assert reached.name != target.name
    assert reached.note
    assert target.note_en


def test_an_actual_figure_is_added_in_any_unit_of_its_kind(published):
    added = add_actual(published, [], actual(value=1.29e11, unit="元"))
    assert [each.year for each in added] == [2023]


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"series": "nothing"}, "series"),
        ({"year": 2019}, "year"),
        ({"year": 2024, "entered": datetime(2023, 12, 31, tzinfo=UTC)}, "year"),
        ({"value": float("nan")}, "value"),
        ({"source": "  "}, "source"),
        ({"unit": "斤"}, "unit"),
    ],
)
def test_an_actual_figure_that_cannot_be_is_refused(published, change, parameter):
    with pytest.raises(InvalidParameter) as refused:
        add_actual(published, [], actual(**change))
    assert refused.value.parameter == parameter


def test_an_actual_figure_of_another_kind_is_refused(published):
    with pytest.raises(ValidationFailed, match="measures count"):
        add_actual(published, [], actual(unit="家"))


def test_a_year_has_one_actual_figure(published):
    with pytest.raises(InvalidParameter, match="2023 already"):
        add_actual(published, [actual()], actual(value=1300.0))


points = st.lists(
    st.builds(
        Point,
        st.integers(2020, 2035),
        st.floats(0.001, 1e12) | st.floats(-1e6, 1e6),
        st.sampled_from(["reached", "target", "actual"]),
        st.text(alphabet="≥≤<&\"'0123", min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=8,
)


@given(points)
def test_a_chart_is_xml_with_every_point_inside_and_in_words(points):
    svg = series_chart(points, title="A & B", description="<d>", unit="亿元")
    tree = ElementTree.fromstring(svg)  # noqa: S314  our own
    assert tree.find("title").text == "A & B"
    assert tree.find("desc").text == "<d>"
    labels = [each.text for each in tree.findall("text") if each.get("class") == "value"]
    assert sorted(labels) == sorted(point.label for point in points)
    for dot in tree.findall("circle"):
        assert 0 <= float(dot.get("cx")) <= WIDTH
        assert 0 <= float(dot.get("cy")) <= HEIGHT
    for text in tree.findall("text"):
        assert 0 <= float(text.get("x")) <= WIDTH
        assert 0 <= float(text.get("y")) <= HEIGHT
    assert "style" not in svg


def test_an_actual_value_and_the_target_of_its_year_are_both_seen():
    points = [
        Point(2020, 61192, "reached", "61,192"),
        Point(2025, 85000, "actual", "85,000"),
        Point(2025, 85825, "target", "≥ 85,825"),
    ]
    tree = ElementTree.fromstring(series_chart(points, title="t", description="d", unit="元"))  # noqa: S314  our own
    shapes = [each.get("class") for each in tree if each.tag in {"circle", "path"}]
    assert shapes == ["target", "measured", "measured"]
    heights = [float(each.get("y")) for each in tree if each.get("class") == "value"]
    assert abs(heights[0] - heights[2]) >= 15


def test_a_series_that_came_to_nothing_has_an_axis():
    points = [Point(2021, 0, "actual", "0")]
    assert ">0.5<" in series_chart(points, title="t", description="d", unit="个")


@given(st.lists(st.floats(-100, 1e6), min_size=1, max_size=8))
def test_an_overview_names_and_labels_every_change_inside_its_frame(shares):
    changes = [Change(f"<{i}>", share, f"{i} & more") for i, share in enumerate(shares)]
    tree = ElementTree.fromstring(overview_chart(changes, title="A & B", description="d"))  # noqa: S314  our own
    assert tree.find("title").text == "A & B"
    width, height = map(float, tree.get("viewBox").split()[2:])
    texts = {each.text for each in tree.findall("text")}
    assert texts >= {text for change in changes for text in (change.name, change.label)}
    assert len(tree.findall("circle")) == len(tree.findall("path")) == len(changes)
    for dot in tree.findall("circle"):
        assert 0 <= float(dot.get("cx")) <= width
        assert 0 <= float(dot.get("cy")) <= height


@given(st.floats(1e-6, 1e15))
def test_ticks_are_even_and_enclose_the_values(high):
    ticks = nice_ticks(0, high)
    assert 2 <= len(ticks) <= 8
    assert ticks[0] == 0
    assert ticks[-1] >= high * 0.999
