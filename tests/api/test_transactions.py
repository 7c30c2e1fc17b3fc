"""OGC API - Features Part 4: edits by QGIS and scripts are revisions, and go through the checks."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account, new_token

PARCELS = "/api/collections/parcels/items"
PROJECTS = "/api/collections/projects/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def square(west, south, size=0.001):
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def parcel(name="甲", code="R2", **more):
    return {
        "type": "Feature",
        "geometry": square(116.97, 36.56),
        "properties": {"用地名称": name, "用地代码": code, "面积": 1.5},
        **more,
    }


@pytest.fixture(scope="module")
def application(tmp_path_factory, declare):
    home = tmp_path_factory.mktemp("home")
    data = declare(home / "data", {}, {"id": "strict", "if_match": True})
    return create_app(Settings(home=home, data=data))


@pytest.fixture(scope="module")
def store(application):
    return application.state.published.store


@pytest.fixture(scope="module")
def make_token(store):
    def make(*scopes, role="editor", days=1):
        name = f"user{len(store.people.accounts())}"
        account = new_account(name, name, role, "a long enough passphrase")
        store.people.add(account, author="test")
        token, secret = new_token(
            account, "test", list(scopes), days, ["parcels", "projects", "strict"]
        )
        store.people.add_token(token, author="test")
        return secret

    return make


@pytest.fixture(scope="module")
def secret(make_token):
    return make_token("*:edit")


@pytest.fixture
def editor(application, secret):
    with TestClient(application, raise_server_exceptions=False) as client:
        client.headers["authorization"] = f"Bearer {secret}"
        yield client


@pytest.fixture
def made(editor):
    """A parcel that exists."""
    answer = editor.post(PARCELS, json=parcel())
    assert answer.status_code == 201, answer.text
    yield answer.json()
    editor.delete(f"{PARCELS}/{answer.json()['id']}")


def test_a_new_item_answers_with_its_address_and_is_there(editor):
    answer = editor.post(PARCELS, json=parcel(id="p-1"))
    assert answer.status_code == 201
    assert answer.headers["location"] == f"http://testserver{PARCELS}/p-1"
    assert (b"Location", answer.headers["location"].encode()) in answer.headers.raw
    there = editor.get(answer.headers["location"])
    assert there.json()["properties"]["用地名称"] == "甲"
    assert there.headers["etag"] == answer.headers["etag"]
    assert editor.delete(f"{PARCELS}/p-1").status_code == 204
    assert editor.get(f"{PARCELS}/p-1").status_code == 404


def test_an_id_is_made_or_taken_from_the_column_of_ids(editor):
    made = editor.post(PARCELS, json=parcel()).json()["id"]
    assert made.startswith("parcels-")
    document = parcel(geometry=square(116.98, 36.56))
    document["properties"]["地块编号"] = "甲-7"
    answer = editor.post(PARCELS, json=document)
    assert answer.json()["id"] == "甲-7"
    assert editor.get(answer.headers["location"]).status_code == 200
    for each in (made, "甲-7"):
        assert editor.delete(f"{PARCELS}/{each}").status_code == 204


def test_a_patch_changes_what_it_names_and_nothing_else(editor, made):
    address = f"{PARCELS}/{made['id']}"
    patch = {"properties": {"用地名称": '引号"反斜杠\\'}}
    answer = editor.patch(address, json=patch)
    assert answer.status_code == 200
    assert answer.json()["properties"] == made["properties"] | patch["properties"]
    assert answer.json()["geometry"] == made["geometry"]
    assert b"\\u0022" in answer.content
    assert b"\\u005c" in answer.content


def test_null_in_a_patch_empties_what_may_be_empty(editor, made):
    answer = editor.patch(f"{PARCELS}/{made['id']}", json={"properties": {"面积": None}})
    assert answer.json()["properties"]["面积"] is None
    refused = editor.patch(f"{PARCELS}/{made['id']}", json={"properties": {"用地代码": None}})
    assert refused.status_code == 422
    assert editor.get(f"{PARCELS}/{made['id']}").json()["properties"]["用地代码"] == "R2"


def test_a_replacement_must_name_the_state_that_it_replaces(editor, made):
    address = f"{PARCELS}/{made['id']}"
    assert editor.put(address, json=parcel("乙")).status_code == 428
    etag = editor.get(address).headers["etag"]
    answer = editor.put(address, json=parcel("乙"), headers={"if-match": etag})
    assert answer.status_code == 200
    assert answer.json()["properties"]["用地名称"] == "乙"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_what_has_been_changed_since_it_was_read_is_not_overwritten(editor, made, method):
    address = f"{PARCELS}/{made['id']}"
    etag = editor.get(address).headers["etag"]
    assert editor.patch(address, json={"properties": {"用地名称": "丙"}}).status_code == 200
    more = {} if method == "delete" else {"json": parcel("丁")}
    refused = editor.request(method, address, headers={"if-match": etag}, **more)
    assert refused.status_code == 412
    assert refused.headers["content-type"] == "application/problem+json"
    assert editor.get(address).json()["properties"]["用地名称"] == "丙"


def test_an_etag_of_any_representation_will_do(editor, made):
    address = f"{PARCELS}/{made['id']}"
    etag = editor.get(address, params={"crs": f"{EPSG}4548"}).headers["etag"]
    answer = editor.patch(
        address, json={"properties": {"用地名称": "戊"}}, headers={"if-match": etag}
    )
    assert answer.status_code == 200


def test_without_if_match_an_item_can_be_changed_and_deleted(editor, made):
    """QGIS and OWSLib never send it."""
    address = f"{PARCELS}/{made['id']}"
    assert editor.patch(address, json={"properties": {"用地名称": "己"}}).status_code == 200
    assert editor.delete(address).status_code == 204


def test_a_layer_can_demand_if_match_of_every_edit(editor):
    address = "/api/collections/strict/items"
    assert editor.post(address, json=parcel(id="s")).status_code == 201
    assert editor.patch(f"{address}/s", json={"properties": {}}).status_code == 428
    assert editor.delete(f"{address}/s").status_code == 428
    etag = editor.get(f"{address}/s").headers["etag"]
    assert editor.delete(f"{address}/s", headers={"if-match": etag}).status_code == 204


@pytest.mark.parametrize("written", [f"{EPSG}4548", f"<{EPSG}4548>"])
def test_coordinates_come_in_the_system_that_content_crs_names(editor, written):
    ring = [[4046573, 497761], [4046573, 497861], [4046673, 497861], [4046673, 497761]]
    document = parcel(geometry={"type": "Polygon", "coordinates": [[*ring, ring[0]]]})
    answer = editor.post(PARCELS, json=document, headers={"content-crs": written})
    assert answer.status_code == 201, answer.text
    longitude, latitude = answer.json()["geometry"]["coordinates"][0][0]
    assert (longitude, latitude) == pytest.approx((116.975, 36.55), abs=1e-2)
    back = editor.get(answer.headers["location"], params={"crs": f"{EPSG}4548"}).json()
    assert sorted(map(tuple, back["geometry"]["coordinates"][0])) == [
        pytest.approx(each, abs=1e-3) for each in sorted(map(tuple, [*ring, ring[0]]))
    ]
    editor.delete(answer.headers["location"])


def test_metres_without_content_crs_are_refused(editor):
    document = parcel(geometry=square(497761, 4046573, 100))
    refused = editor.post(PARCELS, json=document)
    assert refused.status_code == 400
    assert "Content-Crs" in refused.json()["detail"]


FAULTS = {
    "a code that is none": (parcel(code="X9"), "用地代码"),
    "a bow tie": (
        parcel(
            geometry={
                "type": "Polygon",
                "coordinates": [
                    [[117, 36.5], [117.1, 36.6], [117.1, 36.5], [117, 36.6], [117, 36.5]]
                ],
            }
        ),
        "geometry",
    ),
    "no geometry": (parcel(geometry=None), "geometry"),
    "a line": (
        parcel(geometry={"type": "LineString", "coordinates": [[117, 36.5], [117, 36.6]]}),
        "geometry",
    ),
}


@pytest.mark.parametrize(("document", "field"), FAULTS.values(), ids=FAULTS)
def test_what_breaks_a_rule_is_refused_with_the_findings_and_stores_nothing(
    editor, store, document, field
):
    before = store.sequence()
    refused = editor.post(PARCELS, json=document)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    finding = refused.json()["errors"][0]
    assert finding["field"] == field
    assert finding["code"]
    assert finding["remedy"]
    assert store.sequence() == before


def test_an_overlap_with_a_neighbour_is_found(editor, made):
    refused = editor.post(PARCELS, json=parcel("乙", geometry=square(116.9705, 36.5605)))
    assert refused.status_code == 422
    assert {each["code"] for each in refused.json()["errors"]} == {"overlap"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff",
        b'{"type":"Feature","type":"Feature"}',
        b'{"properties":5}',
        b'{"geometry":{"type":"Circle"}}',
        b'{"geometry":{"type":"Point","coordinates":"x"}}',
        b'{"properties":{"a":NaN}}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_that_is_no_feature_is_refused(editor, made, method, body):
    address = PARCELS if method == "POST" else f"{PARCELS}/{made['id']}"
    refused = editor.request(method, address, content=body)
    assert refused.status_code in {400, 422}
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_refused(editor):
    refused = editor.post(PARCELS, content=b" " * 10_000_000)
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"


def test_the_media_type_of_a_body_is_not_looked_at(editor):
    """OWSLib sends text/xml."""
    answer = editor.post(
        PARCELS,
        json=parcel(id="xml"),
        headers={"content-type": "text/xml", "accept": "text/xml"},
    )
    assert answer.status_code == 201
    editor.delete(f"{PARCELS}/xml")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (PARCELS, {"GET", "POST", "OPTIONS"}),
        (f"{PARCELS}/unknown_id", {"GET", "PUT", "PATCH", "DELETE", "OPTIONS"}),
    ],
)
def test_options_name_every_method_even_of_an_unknown_item(editor, path, methods):
    answer = editor.options(path)
    assert answer.status_code == 204
    assert set(answer.headers["allow"].split(", ")) >= methods


def test_a_browser_may_ask_before_it_edits_from_another_place(editor):
    answer = editor.options(
        PARCELS,
        headers={
            "origin": "https://elsewhere.example",
            "access-control-request-method": "PATCH",
            "access-control-request-headers": (
                "authorization,content-crs,content-type,idempotency-key,if-match"
            ),
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer x", "Basic !", "Digest x"])
def test_nobody_edits_without_a_token(editor, store, authorization):
    before = store.sequence()
    del editor.headers["authorization"]
    headers = {} if authorization is None else {"authorization": authorization}
    refused = editor.post(PARCELS, json=parcel(), headers=headers)
    assert refused.status_code == (403 if authorization == "Bearer x" else 401)
    if refused.status_code == 401:
        assert "Basic" in refused.headers["www-authenticate"]
    assert store.sequence() == before


def test_a_token_can_be_the_password_of_http_basic(editor, secret):
    pair = base64.b64encode(f"anyone:{secret}".encode()).decode()
    answer = editor.post(
        PARCELS, json=parcel(id="basic"), headers={"authorization": f"Basic {pair}"}
    )
    assert answer.status_code == 201
    editor.delete(f"{PARCELS}/basic")


def test_a_token_for_another_layer_or_for_reading_edits_nothing(editor, make_token):
    for scope in ("projects:edit", "parcels:read"):
        headers = {"authorization": f"Bearer {make_token(scope)}"}
        assert editor.post(PARCELS, json=parcel(), headers=headers).status_code == 403


def test_an_edit_is_a_revision_with_author_and_message(editor, store, made):
    address = f"{PARCELS}/{made['id']}"
    editor.patch(address, json={"properties": {"用地名称": "庚"}}, params={"message": "更正名称"})
    head = store.head("parcels")
    assert (head.kind, head.message, head.changed) == ("edit", "更正名称", 1)
    assert head.author.startswith("user")
    assert store.log()[-1].action == "edit"
    assert (datetime.now(UTC) - head.created).total_seconds() < 60


def test_a_key_makes_an_edit_happen_once(editor):
    headers = {"idempotency-key": "one"}
    first = editor.post(PARCELS, json=parcel(), headers=headers)
    second = editor.post(PARCELS, json=parcel(), headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.headers["location"] == second.headers["location"]
    assert editor.delete(first.headers["location"]).status_code == 204


def test_a_key_of_another_edit_is_refused(editor, made):
    key = {"idempotency-key": "two"}
    assert editor.patch(f"{PARCELS}/{made['id']}", json={"properties": {"面积": 9}}, headers=key)
    refused = editor.post(PARCELS, json=parcel(), headers=key)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":taken")


@pytest.mark.parametrize("given", ["", "a/b", "..", "a\u0000", "x" * 201, {}, [], True, None, 1.5])
def test_an_id_that_cannot_stand_in_an_address_is_refused(editor, given):
    refused = editor.post(PARCELS, json=parcel(id=given))
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["parameter"] == "id"


@pytest.mark.parametrize("left_out", ["type", "geometry", "properties"])
def test_a_feature_has_all_of_its_members(editor, left_out):
    document = parcel()
    del document[left_out]
    refused = editor.post(PARCELS, json=document)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["parameter"] == left_out


def test_a_column_of_ids_that_is_left_null_is_filled_in(editor):
    document = parcel(geometry=square(116.99, 36.56))
    document["properties"]["地块编号"] = None
    made = editor.post(PARCELS, json=document).json()
    assert made["properties"]["地块编号"] == made["id"]
    assert editor.delete(f"{PARCELS}/{made['id']}").status_code == 204


@pytest.mark.parametrize(
    "values",
    [
        {"aliases": [{}]},
        {"parent": {}},
        {"parent": []},
        {"citations": [{"plan": {}, "paragraph": 1}]},
        {"name": {}},
        {"aliases": {"a": 1}},
    ],
)
def test_values_of_the_wrong_kind_are_findings(editor, values):
    refused = editor.patch(f"{PROJECTS}/laoshangbu", json={"properties": values})
    assert refused.status_code == 422


def test_an_id_that_is_taken_is_refused(editor, made):
    refused = editor.post(PARCELS, json=parcel(id=made["id"]))
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":taken")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_unknown_item_cannot_be_changed(editor, method):
    refused = editor.request(method, f"{PARCELS}/nothing", json=parcel(), headers={"if-match": "*"})
    assert refused.status_code == 404


def test_edits_at_the_same_time_all_arrive(editor, store):
    before = store.head("parcels")
    start = 0 if before is None else before.number

    def create(number):
        geometry = square(116.98 + number * 0.002, 36.57)
        return editor.post(PARCELS, json=parcel(id=f"many-{number}", geometry=geometry))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(create, range(8)))
    assert [each.status_code for each in answers] == [201] * 8
    assert store.head("parcels").number == start + 8
    assert list(store.faults()) == []


def test_a_project_of_the_plan_is_edited_like_any_other(editor):
    address = f"{PROJECTS}/laoshangbu"
    before = editor.get(address).json()
    answer = editor.patch(address, json={"properties": {"stage": "建设"}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"] == before["properties"] | {"stage": "建设"}
    refused = editor.patch(address, json={"properties": {"citations": []}})
    assert refused.status_code == 422
