"""OWSLib, with which analysts write scripts, reads, filters and edits."""

from __future__ import annotations

import json

import owslib.ogcapi
import pytest
from owslib.ogcapi.features import Features

WORDS = '“示范”"引号"与\\反斜杠\\'


@pytest.fixture
def connect(server, monkeypatch):
    """Connect, with a token or without."""
    # OWSLib keeps the headers of one connection for all that follow.
    monkeypatch.setattr(owslib.ogcapi, "REQUEST_HEADERS", {})

    def open_api(token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else None
        return Features(server.api, headers=headers)

    return open_api


@pytest.fixture
def features(connect):
    return connect()


@pytest.fixture
def editor(connect, server):
    return connect(server.token)


def parcel(feature_id, name):
    ring = [[116.98, 36.56], [116.981, 36.56], [116.981, 36.561], [116.98, 36.561], [116.98, 36.56]]
    return {
        "type": "Feature",
        "id": feature_id,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"用地名称": name, "用地代码": "R2", "面积": 1.0},
    }


def test_the_api_says_what_it_is_and_what_it_keeps(features):
    assert features.api()["openapi"].startswith("3.0")
    classes = features.conformance()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes


def test_collections_are_listed_and_described(features):
    listed = features.feature_collections()
    assert {"district", "zones", "places", "projects", "parcels"} <= set(listed)
    assert features.collection("parcels")["title"] == "地块"


def test_schema_and_queryables_name_the_columns(features):
    columns = ["地块编号", "用地名称", "用地代码", "面积"]
    assert [*features.collection_schema("parcels")["properties"]][1:] == columns
    assert set(columns) <= features.collection_queryables("parcels")["properties"].keys()


def test_pages_are_walked_by_offset(features):
    pages = [
        features.collection_items("parcels", limit=100, offset=offset) for offset in (0, 100, 200)
    ]
    assert [each["numberReturned"] for each in pages] == [100, 100, 30]
    ids = [feature["id"] for page in pages for feature in page["features"]]
    assert len(set(ids)) == pages[0]["numberMatched"] == 230


@pytest.mark.parametrize(
    ("question", "matches"),
    [
        ({"filter": "用地代码 = 'G1'"}, 23),
        ({"filter": '"面积" > 100'}, 30),
        ({"filter": "用地名称 LIKE '地块2%' AND \"面积\" > 100"}, 30),
        ({"用地代码": "G1"}, 23),
        ({"bbox": [116.9502, 36.5502, 116.9518, 36.5518]}, 4),
    ],
)
def test_questions_are_answered(features, question, matches):
    assert features.collection_items("parcels", **question)["numberMatched"] == matches


def test_items_come_sorted(features):
    page = features.collection_items("parcels", sortby=("地块编号", "desc"), limit=2)
    assert [each["id"] for each in page["features"]] == ["Z230", "Z229"]


def test_a_single_item_is_read(features):
    assert features.collection_item("parcels", "Z001")["properties"]["用地名称"] == WORDS


def test_an_item_is_created_replaced_and_deleted(editor):
    assert editor.collection_item_create("edited", json.dumps(parcel("owslib", WORDS)))
    assert editor.collection_item("edited", "owslib")["properties"]["用地名称"] == WORDS

    # A replacement must say what it replaces; OWSLib sends that where the caller says so.
    editor.headers["If-Match"] = editor.response_headers["ETag"]
    assert editor.collection_item_update("edited", "owslib", json.dumps(parcel("owslib", "乙")))
    del editor.headers["If-Match"]
    assert editor.collection_item("edited", "owslib")["properties"]["用地名称"] == "乙"

    assert editor.collection_item_delete("edited", "owslib")
    with pytest.raises(RuntimeError, match="has no item owslib"):
        editor.collection_item("edited", "owslib")


def test_a_feature_can_be_given_as_a_dictionary(editor):
    assert editor.collection_item_create("edited", parcel("owslib-2", "丙"))
    assert editor.collection_item_delete("edited", "owslib-2")


def test_a_replacement_that_does_not_say_what_it_replaces_is_refused(editor):
    with pytest.raises(RuntimeError, match="If-Match"):
        editor.collection_item_update("edited", "Z001", json.dumps(parcel("Z001", "乙")))


def test_nobody_edits_without_a_token(features):
    with pytest.raises(RuntimeError, match="needs a token"):
        features.collection_item_create("edited", json.dumps(parcel("owslib-3", "丁")))
