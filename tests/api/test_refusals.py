"""Whatever is asked wrongly is refused with problem details that name the parameter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.api.parameters import parse_bbox, parse_items_query
from app.main import create_app
from app.settings import Settings
from layers.catalogue import bundled_data, read_catalogue
from layers.errors import InvalidParameter

PROJECTS = read_catalogue(bundled_data() / "geojson" / "catalog.json").layers[-1]
ITEMS = "/api/collections/projects/items"
PARAMETERS = [
    "limit", "offset", "bbox", "bbox-crs", "datetime", "f", "zone", "crs", "filter", "filter-crs",
    "filter-lang", "sortby", "properties",
]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("limit", "abc"),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", ""),
        ("limit", "\uff11\uff10"),
        ("limit", "9" * 400),
        ("offset", "-1"),
        ("offset", "x"),
        ("bbox", "1,2,3"),
        ("bbox", ""),
        ("bbox", "1,2,3,4,5"),
        ("bbox", "nan,36,117,37"),
        ("bbox", "116,36,inf,37"),
        ("bbox", "116,36,1e999,37"),
        ("bbox", "116.8,36.7,117.2,36.4"),
        ("bbox", "-181,0,0,1"),
        ("bbox", "0,0,1,91"),
        ("bbox", "36.4,116.8,36.7,117.2"),
        ("bbox", "a,b,c,d"),
        ("bbox", "1_1,2,3,4"),
        ("datetime", "yesterday"),
        ("datetime", "2021-13-01"),
        ("datetime", "2025-01-01/2021-01-01"),
        ("datetime", "2021-01-01/2022-01-01/2023-01-01"),
        ("datetime", ".."),
        ("f", "xml"),
        ("colour", "red"),
        ("citations", "4"),
        ("crs", "http://www.opengis.net/def/crs/EPSG/0/2154"),
        ("filter", "kind="),
        ("filter-lang", "sql"),
        ("sortby", "citations"),
        ("properties", "colour"),
    ],
)
def test_a_malformed_or_unknown_parameter_is_named(assert_problem, parameter, value):
    problem = assert_problem(ITEMS, 400, params={parameter: value})
    assert [each["parameter"] for each in problem["errors"]] == [parameter]
    assert parameter in problem["detail"]


def test_a_parameter_that_stands_twice_is_refused(assert_problem):
    problem = assert_problem(f"{ITEMS}?limit=1&limit=2", 400)
    assert "twice" in problem["detail"]


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/conformance", "/api/collections", "/api/collections/zones", f"{ITEMS}/yufuhe"],
)
def test_unknown_parameters_are_refused_everywhere(assert_problem, path):
    assert_problem(path, 400, params={"surprise": "1"})


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/nothing",
        "/api/collections/nothing",
        "/api/collections/nothing/items",
        f"{ITEMS}/nothing",
        f"{ITEMS}/..%2F..%2Fetc%2Fpasswd",
        f"{ITEMS}/%00",
        f"{ITEMS}/老商埠",
        f"{ITEMS}/{'x' * 5000}",
        "/api/collections/projects/revisions/0000/items",
        "/maps/nothing",
        "/maps/zones.0000.js",
        "/static/0000/atlas/main.js",
    ],
)
def test_what_is_not_there_is_a_problem(assert_problem, path):
    assert_problem(path, 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_method_that_is_not_offered_says_which_are(assert_problem, client, method):
    assert_problem(ITEMS, 405, method=method)
    allowed = client.request(method, ITEMS).headers["allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_person_with_a_browser_gets_a_page(client):
    for path, status in (("/nothing", 404), (f"{ITEMS}?limit=abc", 400)):
        answer = client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert "回到图集" in answer.text


def test_a_name_in_the_address_is_text_on_the_page(client):
    answer = client.get("/<script>alert(1)</script>", headers={"accept": "text/html"})
    assert "<script>alert" not in answer.text


def test_a_fault_of_ours_shows_no_stack_trace(tmp_path):
    application = create_app(Settings(home=tmp_path))

    @application.get("/fault")
    def fault() -> None:
        raise ZeroDivisionError("secret detail")

    with TestClient(application, raise_server_exceptions=False) as client:
        answer = client.get("/fault")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "incident" in answer.json()["detail"]


@given(st.text(max_size=40), st.sampled_from(PARAMETERS))
def test_no_value_of_a_parameter_breaks_the_reader(value, name):
    refused = None
    try:
        query = parse_items_query([(name, value)], PROJECTS)
    except InvalidParameter as error:
        refused = error.parameter
    assert refused == name or (1 <= query.limit <= 10_000 and query.offset >= 0)


@given(
    st.lists(st.floats(-180, 180), min_size=2, max_size=2).map(sorted),
    st.lists(st.floats(-90, 90), min_size=2, max_size=2).map(sorted),
)
def test_every_box_within_the_globe_is_read_as_it_was_written(x, y):
    (west, east), (south, north) = x, y
    assert parse_bbox(f"{west!r},{south!r},{east!r},{north!r}") == (west, south, east, north)
