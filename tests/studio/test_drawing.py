"""The drawing page and what its script sends: who may, what is refused, what is told."""

from __future__ import annotations

import json

import pytest

from layers.geojson import feature_document

HOSTILE = "<script>alert(1)</script>\"'\\{{7*7}}"
SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[116.9, 36.5], [116.91, 36.5], [116.91, 36.51], [116.9, 36.51], [116.9, 36.5]]
    ],
}
HERE = "/studio/draw/places/1"


@pytest.fixture
def draw(visit):
    """Begin a draft; returns the browser of whoever draws in it, which sends as the script does."""

    def draw(role="editor", layer="places"):
        browser = visit(role)
        browser.token = browser.csrf
        assert browser.submit(f"/studio/draw/{layer}").status_code == 303

        def script(method, path, body=None, **options):
            headers = {"x-csrf-token": browser.token, "accept": "application/json"}
            content = body if isinstance(body, bytes | None) else json.dumps(body)
            return browser.request(method, path, content=content, headers=headers, **options)

        browser.script = script
        return browser

    return draw


def put(browser, feature_id="new", seen=0, geometry=SQUARE, path=HERE, shared=False, **properties):
    body = {"geometry": geometry, "properties": properties, "seen": seen, "shared": shared}
    return browser.script("PUT", f"{path}/features/{feature_id}", body)


def test_the_button_of_a_layer_begins_a_draft_and_goes_on_with_it(visit, store):
    browser = visit("editor")
    assert 'action="/studio/draw/places"' in browser.get("/studio").text
    for _ in range(2):
        answer = browser.submit("/studio/draw/places")
        assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    assert [each.number for each in store.drafts.list("places")] == [1]


def test_who_may_not_draft_sees_no_button(visit):
    assert "/studio/draw/" not in visit("auditor").get("/studio").text


def test_a_link_alone_begins_nothing(visit, store):
    browser = visit("editor")
    assert "开始绘制" in browser.get("/studio/draw/places").text
    assert store.drafts.list("places") == []
    browser.submit("/studio/draw/places")
    assert browser.get("/studio/draw/places").headers["location"] == HERE


def test_the_page_has_the_layers_tools_and_the_form_of_its_schema(draw):
    page = draw().get(HERE).text
    for name in ("画点", "画线", "画面", "分割", "挖除", "撤销", "位置从何而来"):
        assert name in page
    assert """<option value='"P1"'>准确</option>""" in page
    assert 'data-field="valid_from" data-kind="date"' in page
    assert 'data-field="aliases" data-kind="texts"' in page
    assert 'data-field="citations" data-kind="json"' in page


def test_a_layer_of_areas_has_no_tool_for_points(draw):
    page = draw(layer="zones").get("/studio/draw/zones/1").text
    assert "画面" in page
    assert "画点" not in page


def test_all_features_of_the_draft_are_there_internal_ones_too(draw, store):
    browser = draw()
    put(browser, name="内部", access="internal")
    found = browser.script("GET", f"{HERE}/features").json()
    ids = {each["id"] for each in found["features"]}
    assert ids == {"new", *(each.id for each in store.features(store.head("places")))}
    assert (found["number"], found["complete"]) == (1, True)
    assert browser.get("/api/collections/places/items/new?f=json").status_code == 404


def test_features_are_asked_for_by_box_and_by_name(draw):
    browser = draw()
    put(browser, name="某某新公园")
    for query in ("bbox=116.905,36.505,116.906,36.506", "q=新公园"):
        found = browser.script("GET", f"{HERE}/features?{query}").json()["features"]
        assert "new" in {each["id"] for each in found}
    elsewhere = browser.script("GET", f"{HERE}/features?bbox=116.0,36.0,116.1,36.1").json()
    assert elsewhere["features"] == []


def test_of_a_large_layer_only_what_is_asked_for_is_told(draw, monkeypatch):
    monkeypatch.setattr("app.studio.draw_edits.SHOWN", 5)
    browser = draw()
    answer = browser.script("GET", f"{HERE}/features")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "bbox")
    whole = browser.script("GET", f"{HERE}/features?bbox=116,36,118,37").json()
    assert (len(whole["features"]), whole["complete"]) == (5, False)


def test_a_change_is_answered_with_what_is_there_and_what_the_checks_find(draw):
    answer = put(draw(), name="新公园")
    told = answer.json()
    assert (answer.status_code, told["number"], told["others"]) == (200, 1, [])
    assert told["mine"][0]["feature"]["geometry"] == SQUARE
    assert {"place-unstated", "attribute-missing"} <= {each["rule"] for each in told["findings"]}
    assert answer.headers["cache-control"] == "no-store"


def test_the_shapes_of_neighbours_that_follow_are_told(draw, store):
    browser = draw(layer="zones")
    zones = {each.id: each for each in store.features(store.head("zones"))}
    before = feature_document(zones["beibu-hexinqu"])
    ring = before["geometry"]["coordinates"][0]
    shared = next(each for each in ring if each == [116.9823, 36.6144])
    moved = [[116.983, 36.615] if each == shared else each for each in ring]
    told = put(
        browser,
        "beibu-hexinqu",
        geometry={"type": "Polygon", "coordinates": [moved]},
        path="/studio/draw/zones/1",
        shared=True,
        **before["properties"],
    ).json()
    assert {each["id"] for each in told["mine"]} == {"beibu-hexinqu", "zhongbu-jueqiqu"}
    assert "overlap" not in {each["rule"] for each in told["findings"]}


def test_several_features_change_together_or_not_at_all(draw, store):
    browser = draw()
    feature = {"geometry": SQUARE, "properties": {}}
    edits = [
        {"id": "a", "feature": feature},
        {"id": "b", "feature": {"geometry": 7, "properties": {}}},
    ]
    refused = browser.script("POST", f"{HERE}/edits", {"seen": 0, "edits": edits})
    assert refused.status_code == 400
    edits[1] = {"id": "b", "feature": feature}
    assert (
        browser.script("POST", f"{HERE}/edits", {"seen": 0, "edits": edits}).json()["number"] == 2
    )
    assert len(store.drafts.edits(store.drafts.get("places", 1))) == 2


def test_a_feature_is_removed_and_cut(draw):
    browser = draw()
    put(browser)
    line = {"type": "LineString", "coordinates": [[116.905, 36.49], [116.905, 36.52]]}
    told = browser.script("POST", f"{HERE}/features/new/cut", {"seen": 1, "geometry": line}).json()
    assert [each["id"] == "new" for each in told["mine"]] == [True, False]
    answer = browser.script("DELETE", f"{HERE}/features/new?seen={told['number']}")
    assert answer.json()["mine"] == [{"id": "new", "feature": None}]
    assert browser.script("GET", f"{HERE}/features/new").status_code == 404


def test_the_second_of_two_is_refused_and_can_ask_who_was_first(draw, visit, store):
    first = draw()
    put(first, name="王的")
    second = draw("reviewer")

    answer = put(second, name="李的")

    assert answer.status_code == 412
    assert "the-editor" in answer.json()["detail"]
    told = second.script("GET", f"{HERE}/edits?since=0").json()
    assert [(each["author"], each["feature"]["properties"]["name"]) for each in told["others"]] == [
        ("the-editor", "王的")
    ]
    assert told["number"] == 1


def test_nothing_is_drawn_in_a_closed_draft(draw, store):
    browser = draw()
    store.drafts.close(store.drafts.get("places", 1), "discarded", author="x")
    assert put(browser).status_code == 409
    assert browser.get(HERE).headers["location"] == "/studio?done=draft-closed"


NAN = b'{"geometry":{"type":"Point","coordinates":[NaN,36]},"properties":{},"seen":0}'
BAD_BODIES = [
    b"",
    b"[]",
    b"{",
    b"\xff\xfe",
    NAN,
    b'{"geometry":null,"properties":{},"seen":0,"seen":1}',
    b'{"geometry":null,"properties":{}}',
    b'{"geometry":null,"properties":{},"seen":"1"}',
    b'{"geometry":null,"properties":{},"seen":true}',
    b'{"geometry":null,"properties":{},"seen":-1}',
    b'{"geometry":null,"properties":{},"seen":99999999999999999999,"shared":false}',
    b'{"geometry":null,"properties":{},"seen":0,"shared":1}',
    b'{"properties":{},"seen":0}',
    b'{"geometry":null,"seen":0}',
    b'{"geometry":null,"properties":[],"seen":0}',
    b'{"geometry":{"type":"Circle"},"properties":{},"seen":0}',
    b'{"geometry":{"type":"Point","coordinates":["a","b"]},"properties":{},"seen":0}',
    b'{"geometry":{"type":"Point","coordinates":[497761.6,4046573.2]},"properties":{},"seen":0}',
    b'{"geometry":{"type":"Point","coordinates":[1e999,1]},"properties":{},"seen":0}',
    b'{"geometry":{"type":"Polygon","coordinates":[[[1,2],[3,4]]]},"properties":{},"seen":0}',
    b'{"geometry":null,"properties":{"name":"a\\u0000b"},"seen":0}',
    b'{"geometry":null,"properties":{"name":"\\ud800"},"seen":0}',
    b'{"geometry":null,"properties":{"uncertainty_m":1e400},"seen":0}',
    b'{"geometry":null,"properties":{"uncertainty_m":123456789012345678901234567890},"seen":0}',
    b"[" * 100_000,
]


def test_a_body_that_is_no_feature_is_refused_and_nothing_is_kept(draw, store):
    browser = draw()
    for body in BAD_BODIES:
        answer = browser.script("PUT", f"{HERE}/features/new", body)
        assert answer.status_code == 400, body[:80]
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert store.drafts.edits(store.drafts.get("places", 1)) == []


BAD_EDITS = [
    None,
    {},
    [],
    [7],
    [{"id": "a"}],
    [{"id": "a", "feature": 7}],
    [{"id": "../a", "feature": None}],
    [{"id": None, "feature": None}],
    [{"id": "a", "feature": None}] * 2,
    [{"id": str(number), "feature": None} for number in range(201)],
]


def test_edits_that_are_none_are_refused(draw, store):
    browser = draw()
    for edits in BAD_EDITS:
        answer = browser.script("POST", f"{HERE}/edits", {"seen": 0, "edits": edits})
        assert answer.status_code == 400, edits
    assert store.drafts.edits(store.drafts.get("places", 1)) == []


WRONG = [
    ("GET", "/studio/draw/nowhere", 404),
    ("POST", "/studio/draw/nowhere", 404),
    ("GET", "/studio/draw/places/99", 404),
    ("GET", "/studio/draw/places/x", 400),
    ("GET", f"/studio/draw/places/{10**30}", 400),
    ("GET", "/studio/draw/places/-1", 400),
    ("GET", f"{HERE}/features?bbox=1,2,3", 400),
    ("GET", f"{HERE}/features?bbox=nan,nan,nan,nan", 400),
    ("GET", f"{HERE}/features?bbox=3,3,1,1", 400),
    ("GET", f"{HERE}/features/none", 404),
    ("GET", f"{HERE}/edits", 400),
    ("GET", f"{HERE}/edits?since=-1", 400),
    ("GET", f"{HERE}/edits?since={10**30}", 400),
    ("DELETE", f"{HERE}/features/none", 400),
    ("DELETE", f"{HERE}/features/a%0Ab?seen=0", 400),
    ("DELETE", f"{HERE}/features/a?seen={10**30}", 400),
    ("POST", f"{HERE}/features/none/cut", 400),
]


def test_what_is_asked_wrongly_is_refused(draw):
    browser = draw()
    answers = [
        (method, path, browser.script(method, path).status_code) for method, path, _ in WRONG
    ]
    assert answers == WRONG


def test_a_body_that_is_too_large_is_refused(draw):
    assert draw().script("PUT", f"{HERE}/features/new", b" " * 5_000_001).status_code == 413


def test_a_change_without_the_pages_token_is_refused(draw, store):
    browser = draw()
    browser.token = ""
    assert put(browser).status_code == 403
    assert store.drafts.edits(store.drafts.get("places", 1)) == []


@pytest.mark.parametrize("what", ["geometry", "properties"])
def test_whatever_can_be_drawn_is_checked_without_failing(draw, what):
    """Shapes and values that no layer holds are told of; none of them breaks the checks."""
    shapes = [
        {"type": "Polygon", "coordinates": [[[116.9, 36.5]] * 4]},
        {"type": "Polygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": []},
        {"type": "LineString", "coordinates": [[116.9, 36.5], [116.9, 36.5]]},
        {"type": "MultiPoint", "coordinates": [[116.9, 36.5], [0, 0]]},
        {
            "type": "Polygon",
            "coordinates": [
                [[116.9, 36.5], [117, 36.6], [117, 36.5], [116.9, 36.6], [116.9, 36.5]]
            ],
        },
        {"type": "Point", "coordinates": [-180, -90]},
    ]
    values = [
        {"name": 7, "aliases": "x", "citations": {"a": 1}, "uncertainty_m": "x", "zone": []},
        {"name": HOSTILE, "parent": "nobody", "access": "internal", "citations": [{}]},
        {"unknown": {"deep": [1, {"x": None}]}, "uncertainty_m": -1},
    ]
    browser = draw(layer="projects")
    sent = shapes if what == "geometry" else values
    for number, each in enumerate(sent):
        options = {"geometry": each} if what == "geometry" else {"geometry": SQUARE, **each}
        answer = put(browser, f"f{number}", number, path="/studio/draw/projects/1", **options)
        assert answer.status_code == 200, answer.text
        assert "error" in {finding["severity"] for finding in answer.json()["findings"]}


def test_what_is_typed_comes_back_as_it_was_typed(draw):
    browser = draw()
    put(browser, name=HOSTILE)
    feature = browser.script("GET", f"{HERE}/features/new").json()["feature"]
    assert feature["properties"]["name"] == HOSTILE
    assert "<script>alert" not in browser.get(HERE).text


def test_a_draft_whose_layer_has_moved_on_says_so(draw, store):
    browser = draw()
    put(browser)
    head = store.head("places")
    features = store.features(head)
    store.publish("places", features[1:], base=head, kind="publish", author="x", message="x")
    assert "已有更新的修订" in browser.get(HERE).text
