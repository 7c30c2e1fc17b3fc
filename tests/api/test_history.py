"""Revisions of a collection and what turned one into another."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.main import create_app
from app.settings import Settings
from layers.store import Store

COLLECTION = "/api/collections/projects"
REVISIONS = f"{COLLECTION}/revisions"
DIFF = f"{COLLECTION}/diff"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Publish the seed, a change, a change of what is internal only, and a withdrawal."""
    home = tmp_path_factory.mktemp("home")
    create_app(Settings(home=home))
    store = Store(home / "atlas.sqlite")
    publish(store, "laoshangbu", name="新名")
    publish(store, "zongbu-qiye-jujiquan", access="internal")
    publish(store, "zongbu-qiye-jujiquan", name="改了名")
    publish(store, "yufuhe", move=0.001)
    store.close()
    return home


def publish(store, feature_id, move=0.0, **properties):
    head = store.head("projects")
    features = []
    for each in store.features(head):
        if each.id == feature_id:
            shape = each.geometry
            if move:
                shape = shape.__class__([(x + move, y) for x, y in shape.coords])
            each = replace(each, geometry=shape, properties={**each.properties, **properties})
        features.append(each)
    return store.publish(
        "projects", features, base=head, kind="publish", author="a person", message=f"{feature_id}"
    )


@pytest.fixture(scope="module")
def application(home):
    return create_app(Settings(home=home))


def test_only_revisions_that_changed_something_public_are_listed(get):
    document = get(REVISIONS)
    assert document["numberMatched"] == document["numberReturned"] == 4
    shown = [
        (each["revision"], each["message"], each["added"], each["removed"], each["changed"])
        for each in document["revisions"]
    ]
    everything = get(COLLECTION, lang="zh")["numberOfItems"] + 1
    assert shown == [
        (4, "yufuhe", 0, 0, 1),
        (3, "", 0, 1, 0),
        (2, "laoshangbu", 0, 0, 1),
        (1, "", everything, 0, 0),
    ]
    assert get(COLLECTION)["revision"] == 4


def test_what_was_said_of_what_is_internal_now_is_not_repeated(client):
    for path in (REVISIONS, f"{REVISIONS}/3", f"{DIFF}?from=2&to=3"):
        for form in ("json", "html"):
            text = client.get(path, params={"f": form}).text
            assert "zongbu" not in text
            assert "Data shipped" not in text


def test_nobody_is_named(client):
    for path in (REVISIONS, f"{REVISIONS}/2", DIFF):
        for form in ("json", "html"):
            assert "a person" not in client.get(path, params={"f": form}).text


def test_the_list_has_pages(get):
    first = get(REVISIONS, limit=3)
    assert [each["revision"] for each in first["revisions"]] == [4, 3, 2]
    (following,) = [each["href"] for each in first["links"] if each["rel"] == "next"]
    second = get(following.removeprefix("http://testserver"))
    assert [each["revision"] for each in second["revisions"]] == [1]
    assert {each["rel"] for each in second["links"]} == {"self", "alternate", "collection", "prev"}
    assert get(REVISIONS, offset=100)["revisions"] == []


def test_a_revision_leads_to_its_neighbours_and_its_items(client, get):
    links = {each["rel"]: each["href"] for each in get(f"{REVISIONS}/2")["links"]}
    assert links["predecessor-version"].endswith("/revisions/1")
    assert links["successor-version"].endswith("/revisions/3")
    features = client.get(links["items"]).json()["features"]
    assert {each["id"]: each["properties"]["name"] for each in features}["laoshangbu"] == "新名"
    assert client.get(links["related"]).json()["counts"]["changed"] == 1
    rels = {each["rel"] for each in get(f"{REVISIONS}/4")["links"]}
    assert "successor-version" not in rels


def test_items_of_a_revision_are_asked_for_by_its_public_number(get):
    def name(number):
        return get(f"{COLLECTION}/items/laoshangbu", revision=number)["properties"]["name"]

    assert [name(1), name(2), name(4)] == ["老商埠", "新名", "新名"]


def test_a_difference_says_what_changed_field_by_field(get):
    document = get(DIFF, **{"from": 1, "to": 2})
    assert document["counts"]["changed"] == 1
    (change,) = document["changed"]
    assert change["id"] == "laoshangbu"
    assert change["fields"] == {"name": {"old": "老商埠", "new": "新名"}}
    assert (change["geometry"], change["moved_m"]) == (False, 0)
    assert (document["from"]["revision"], document["to"]["revision"]) == (1, 2)


def test_by_default_the_newest_revision_is_compared_with_the_one_before(get):
    document = get(DIFF)
    assert (document["from"]["revision"], document["to"]["revision"]) == (3, 4)
    (change,) = document["changed"]
    assert change["id"] == "yufuhe"
    assert change["moved_m"] == pytest.approx(89.5, abs=0.5)
    assert get(DIFF, to=2)["from"]["revision"] == 1
    assert get(DIFF, to=1)["from"] is None


def test_a_difference_is_read_backwards_too(get):
    document = get(DIFF, **{"from": 2, "to": 1})
    assert document["changed"][0]["fields"] == {"name": {"old": "新名", "new": "老商埠"}}


def test_what_is_internal_now_is_in_no_difference(client):
    for query in ({"from": 1, "to": 4}, {"from": 0, "to": 1}, {"from": 2, "to": 3}):
        for form in ("json", "geojson", "html"):
            answer = client.get(DIFF, params={**query, "f": form, "limit": 10000})
            assert answer.status_code == 200
            assert "zongbu-qiye-jujiquan" not in answer.text
            assert '"总部企业聚集圈"' not in answer.text


def test_a_difference_is_drawn_from_geojson(client):
    answer = client.get(DIFF, params={"f": "geojson"})
    assert answer.headers["content-type"] == "application/geo+json"
    (feature,) = answer.json()["features"]
    assert feature["geometry"]["type"] == "LineString"
    assert feature["properties"]["change"] == "changed"
    assert feature["properties"]["moved_m"] == pytest.approx(89.5, abs=0.5)
    everything = client.get(DIFF, params={"f": "geojson", "from": "0", "to": "1", "limit": 5})
    assert [each["properties"]["change"] for each in everything.json()["features"]] == ["added"] * 5


@pytest.mark.parametrize("path", [REVISIONS, f"{REVISIONS}/2", DIFF, f"{DIFF}?from=1&to=3"])
def test_each_has_a_page_in_both_languages(client, path):
    page = client.get(path, headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    english = client.get(path, params={"f": "html", "lang": "en"})
    assert '<html lang="en"' in english.text
    assert "历次版本" in page.text
    assert "Revisions" in english.text


@pytest.mark.parametrize(
    ("query", "chinese", "english"),
    [({"from": 1, "to": 2}, "名称", "Name"), ({"from": 3, "to": 4}, "几何", "Geometry")],
)
def test_the_page_of_a_difference_calls_properties_by_their_titles(client, query, chinese, english):
    for language, title in (("zh", chinese), ("en", english)):
        page = client.get(DIFF, params={**query, "f": "html", "lang": language}).text
        (row,) = re.findall(r"<tbody>\s*(<tr>.*?</tr>)\s*</tbody>", page, re.DOTALL)
        assert re.search(rf"<td[^>]*>{title}</td>", row), row


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        (f"{REVISIONS}?limit=0", 400, "limit"),
        (f"{REVISIONS}?limit=x", 400, "limit"),
        (f"{REVISIONS}?offset=-1", 400, "offset"),
        (f"{REVISIONS}?order=up", 400, "order"),
        (f"{REVISIONS}/x", 400, "revision"),
        (f"{REVISIONS}/5", 404, None),
        (f"{REVISIONS}/0", 404, None),
        (f"{REVISIONS}/99999999999999999999", 400, "revision"),
        (f"{DIFF}?from=x", 400, "from"),
        (f"{DIFF}?to=%00", 400, "to"),
        (f"{DIFF}?to=5", 404, None),
        (f"{DIFF}?to=0", 404, None),
        (f"{DIFF}?from=1&from=2", 400, "from"),
        (f"{DIFF}?f=xml", 400, "f"),
        (f"{DIFF}?limit=%E4%BA%8C", 400, "limit"),
        ("/api/collections/nothing/revisions", 404, None),
        ("/api/collections/nothing/diff", 404, None),
    ],
)
def test_what_is_malformed_is_named(assert_problem, path, status, parameter):
    problem = assert_problem(path, status)
    if parameter:
        assert problem["errors"][0]["parameter"] == parameter
