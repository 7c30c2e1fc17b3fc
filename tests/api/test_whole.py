"""The bytes of a revision: the same for ever, whole or in part, compressed once."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import brotli
import pytest
from shapely.geometry import Point
from starlette.testclient import TestClient

import app.published
from app.main import create_app
from app.settings import Settings
from layers.model import Feature
from layers.snapshot import LARGE

COLLECTION = "/api/collections/projects"


@pytest.fixture
def atlas(tmp_path):
    return create_app(Settings(home=tmp_path / "home"))


@pytest.fixture
def client(atlas):
    with TestClient(atlas, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def change(atlas, client):
    """Publish a change of one project, and wait until it is shown."""

    def publish(feature_id="laoshangbu", **properties):
        store = atlas.state.published.store
        head = store.head("projects")
        features = [
            replace(each, properties={**each.properties, **properties})
            if each.id == feature_id
            else each
            for each in store.features(head)
        ]
        store.publish("projects", features, base=head, kind="publish", author="a", message="m")
        client.portal.call(atlas.state.published.renew)

    return publish


def newest(client, collection=COLLECTION):
    links = client.get(collection).json()["links"]
    (href,) = [each["href"] for each in links if "/revisions/" in each["href"]]
    return href.removeprefix("http://testserver")


def plain(client, address, **headers):
    return client.get(address, headers={"accept-encoding": "identity", **headers})


def test_the_bytes_of_a_revision_stay_after_a_publish(client, change):
    address = newest(client)
    before = plain(client, address)
    assert before.headers["cache-control"] == "public, max-age=31536000, immutable"
    change(name="新名")
    assert newest(client) != address
    after = plain(client, address)
    assert after.content == before.content
    assert after.headers["etag"] == before.headers["etag"]
    assert client.get(address.replace("/items", "/overview")).status_code == 200


def test_a_number_alone_leads_to_the_bytes(client, change):
    address = newest(client)
    change(name="新名")
    answer = client.get(f"{COLLECTION}/revisions/1/items", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == f"http://testserver{address}"
    assert "immutable" not in answer.headers["cache-control"]


def test_what_is_no_longer_public_is_gone_from_its_address(client, change, assert_problem):
    address = newest(client)
    change(access="internal")
    problem = assert_problem(address, 410)
    assert "no longer public" in problem["detail"]
    assert "laoshangbu" not in json.dumps(problem)
    assert assert_problem(address.replace("/items", "/overview"), 410)
    left = client.get(f"{COLLECTION}/revisions/1/items").json()
    assert "laoshangbu" not in {each["id"] for each in left["features"]}
    page = client.get(address, headers={"accept": "text/html"})
    assert page.status_code == 410
    assert "已不再公开" in page.text


@pytest.mark.parametrize(
    "revision", ["1-abc", "2", "0", "x", "-", "1-", "99999999999", "%00", "1-" + "0" * 64]
)
def test_bytes_that_never_were_are_not_found(assert_problem, revision):
    assert_problem(f"{COLLECTION}/revisions/{revision}/items", 404)


@pytest.mark.parametrize(
    ("encoding", "decode"), [("br", brotli.decompress), ("gzip", gzip.decompress)]
)
def test_they_are_sent_compressed_with_a_length_and_a_tag_of_their_own(client, encoding, decode):
    address = newest(client)
    whole = plain(client, address)
    with client.stream("GET", address, headers={"accept-encoding": encoding}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == encoding
    assert answer.headers["content-length"] == str(len(raw))
    assert "Accept-Encoding" in answer.headers["vary"]
    assert decode(raw) == whole.content
    assert answer.headers["etag"] != whole.headers["etag"]
    assert not answer.headers["etag"].startswith("W/")
    known = {"accept-encoding": encoding, "if-none-match": answer.headers["etag"]}
    again = client.get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    other = plain(client, address, **{"if-none-match": answer.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("gzip, br", "br"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("*;q=0.5, br;q=0", "gzip"),
        ("zstd", None),
        ("br;q=nonsense", None),
        ("", None),
        ("identity", None),
        ("deflate;q=1.0, GZIP;Q=0.3", "gzip"),
    ],
)
def test_the_coding_is_one_that_the_client_takes(client, accepted, sent):
    answer = client.head(newest(client), headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == sent


def test_each_coding_is_made_once_however_many_ask(client, monkeypatch):
    made = []
    real = app.published.encoded_document

    def count(packed, encoding):
        made.append(encoding)
        return real(packed, encoding)

    monkeypatch.setattr(app.published, "encoded_document", count)
    address = newest(client)
    with ThreadPoolExecutor(8) as pool:
        for encoding in ("br", "gzip"):
            headers = {"accept-encoding": encoding}
            bodies = pool.map(lambda _, h=headers: client.get(address, headers=h).content, range(8))
            assert len(set(bodies)) == 1
    assert sorted(made) == ["br", "gzip"]


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=0-99999999999", 0, None),
        ("BYTES=5-5", 5, 6),
        ("bytes=-99999999999", 0, None),
    ],
)
def test_a_range_is_sent_alone(client, wanted, first, last):
    address = newest(client)
    whole = plain(client, address).content
    answer = plain(client, address, range=wanted)
    assert answer.status_code == 206
    assert answer.content == whole[first:last]
    start = first if first >= 0 else len(whole) + first
    end = start + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "lines=0-1", "bytes=", "bytes=-", "bytes=9-1", "0-1", "bytes=a-b"]
)
def test_what_is_no_single_range_is_answered_with_everything(client, wanted):
    answer = plain(client, newest(client), range=wanted)
    assert answer.status_code == 200
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("wanted", ["bytes=999999999-", "bytes=-0"])
def test_a_range_of_nothing_is_refused_with_the_size(client, assert_problem, wanted):
    address = newest(client)
    size = len(plain(client, address).content)
    assert_problem(address, 416, headers={"range": wanted, "accept-encoding": "identity"})
    answer = plain(client, address, range=wanted)
    assert answer.headers["content-range"] == f"bytes */{size}"


def test_a_download_goes_on_only_with_the_same_bytes(client):
    address = newest(client)
    tag = plain(client, address).headers["etag"]
    part = {"range": "bytes=0-9"}
    assert plain(client, address, **part, **{"if-range": tag}).status_code == 206
    for other in ('"other"', f"W/{tag}", "Fri, 27 Nov 2026 00:00:00 GMT"):
        assert plain(client, address, **part, **{"if-range": other}).status_code == 200


def test_a_part_of_compressed_bytes_is_one_of_these_bytes(client):
    address = newest(client)
    with client.stream("GET", address, headers={"accept-encoding": "br"}) as answer:
        whole = b"".join(answer.iter_raw())
    ranged = {"accept-encoding": "br", "range": "bytes=10-19"}
    with client.stream("GET", address, headers=ranged) as answer:
        assert b"".join(answer.iter_raw()) == whole[10:20]
    assert answer.headers["content-encoding"] == "br"


def test_head_says_what_get_would(client):
    address = newest(client)
    for encoding in ("identity", "br"):
        headers = {"accept-encoding": encoding}
        got, head = client.get(address, headers=headers), client.head(address, headers=headers)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "content-length", "cache-control", "content-type", "vary"):
            assert head.headers[name] == got.headers[name]


def test_the_server_gives_the_newest_revision_without_asking_the_application(client):
    address = newest(client)
    whole = plain(client, address)
    reads, host = client.app_state["reads"], (b"host", b"testserver")
    ready = reads.answer(address.encode(), [host])
    assert (ready.status, b"".join(ready.body)) == (200, whole.content)
    headers = {name.decode(): value.decode() for name, value in ready.headers}
    for name in ("etag", "cache-control", "content-type", "content-length", "accept-ranges"):
        assert headers[name] == whole.headers[name]
    known = reads.answer(address.encode(), [host, (b"if-none-match", headers["etag"].encode())])
    assert (known.status, known.body) == (304, ())
    assert dict(known.headers)[b"cache-control"] == headers["cache-control"].encode()
    for name, value in ((b"range", b"bytes=0-9"), (b"accept-encoding", b"br, gzip")):
        assert reads.answer(address.encode(), [host, (name, value)]) is None
    for other in (address.replace("1-", "2-"), address.replace("1-", "1-0"), f"{address}?f=json"):
        assert reads.answer(other.encode(), [host]) is None


@pytest.fixture(scope="module")
def large(tmp_path_factory, declare):
    """Publish a layer that is kept in files, and then a change of it."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, data=declare(home / "data", {"geometry_types": ["Point"]}))
    application = create_app(settings)
    store = application.state.published.store
    features = [
        Feature(f"Z{i:05}", Point(117 + i / 1e6, 36.6), {"地块编号": f"Z{i:05}", "用地代码": "R2"})
        for i in range(LARGE)
    ]
    for number in range(5):
        changed = replace(features[0], properties={**features[0].properties, "面积": number})
        head = store.head("parcels")
        store.publish(
            "parcels", [changed, *features[1:]], base=head, kind="publish", author="", message=""
        )
    with TestClient(application) as client:
        client.portal.call(application.state.published.renew)
        yield client, settings


def test_a_large_layer_keeps_its_compressed_bytes_in_a_file(large):
    client, settings = large
    address = newest(client, "/api/collections/parcels")
    first = client.get(address, headers={"accept-encoding": "br"})
    assert first.headers["content-encoding"] == "br"
    assert list(settings.snapshots.glob("parcels-*/document.geojson.br"))
    with TestClient(create_app(settings)) as restarted:
        again = restarted.get(address, headers={"accept-encoding": "br"})
    assert again.content == first.content


def test_older_revisions_of_a_large_layer_answer_and_few_of_their_files_stay(large):
    client, settings = large
    for number in (2, 3, 4, 5, 2):
        answer = client.get(f"/api/collections/parcels/revisions/{number}/items")
        assert answer.status_code == 200, answer.text
        assert answer.json()["features"][0]["properties"]["面积"] == number - 2
    assert len(list(settings.snapshots.glob("parcels-*"))) <= 4
