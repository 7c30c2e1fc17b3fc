"""Two stores that differ in internal data only give the same public bytes."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from io import BytesIO

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account
from layers.catalogue import bundled_data, read_bundle
from layers.people import issue_token
from layers.review import comment
from layers.store import ChangeSet, Store, new_draft
from layers.uploads import Uploads

HIDDEN = "看守所甲"


def publish(store, change, message):
    head = store.head("projects")
    return store.publish(
        "projects", change(store.features(head)), base=head, kind="publish", author="a",
        message=message,
    )  # fmt: skip


def renamed(feature_id, name):
    def change(features):
        return [
            replace(each, properties={**each.properties, "name": name})
            if each.id == feature_id
            else each
            for each in features
        ]

    return change


def with_secret(number, first=False):
    """Return a change that brings or changes an internal feature, in front of all or at the end."""

    def change(features):
        model = features[0]
        properties = {**model.properties, "name": f"{HIDDEN}{number}", "access": "internal"}
        secret = replace(model, id="kanshousuo", properties=properties)
        others = [each for each in features if each.id != "kanshousuo"]
        return [secret, *others] if first else [*others, secret]

    return change


def without_secret(features):
    return [each for each in features if each.id != "kanshousuo"]


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Return two homes with the same public past, one of which has internal things between."""
    plain = tmp_path_factory.mktemp("plain")
    create_app(Settings(home=plain))
    secretive = tmp_path_factory.mktemp("secretive")
    shutil.copytree(plain, secretive, dirs_exist_ok=True)
    for home, has_secret in ((plain, False), (secretive, True)):
        store = Store(home / "atlas.sqlite")
        if has_secret:
            publish(store, with_secret(1), f"{HIDDEN} added")
            publish(store, with_secret(2, first=True), f"{HIDDEN} put first")
        publish(store, renamed("laoshangbu", "新名"), "renamed")
        if has_secret:
            publish(store, with_secret(3), f"{HIDDEN} changed")
        publish(store, renamed("yufuhe", "新河"), "renamed again")
        publish(store, renamed("laoshangbu", "老商埠"), "renamed back")
        if has_secret:
            publish(store, without_secret, f"{HIDDEN} removed")
            publish(store, with_secret(4), f"{HIDDEN} added again")
            stay_at_work(store, secretive)
        store.close()
    _at_the_same_times(plain, secretive)
    return plain, secretive


def stay_at_work(store, home):
    """Do in the studio what leaves something behind: a draft, a comment, a file, a token."""
    bundle = read_bundle(bundled_data())
    account = new_account("wang", HIDDEN, "editor", "十四五规划 studio 2035")
    store.people.add(account, author="root")
    issue_token(store, bundle, account, HIDDEN, ["*:read"], 1)
    head = store.head("projects")
    (secret,) = [each for each in store.features(head) if each.id == "kanshousuo"]
    draft = new_draft(
        "projects", head.number, author="wang", source=f"{HIDDEN}.geojson", crs="EPSG:4490",
        notes=(), findings=(), context="",
    )  # fmt: skip
    moved = replace(secret, properties={**secret.properties, "summary": HIDDEN})
    draft = store.drafts.add(draft, ChangeSet((moved,), (), {}))
    comment(store, draft, account, HIDDEN, "kanshousuo")
    document = b'{"type": "FeatureCollection", "features": []}'
    uploads = Uploads(home / "uploads", store, bundle)
    uploads.add([(f"{HIDDEN}.json", BytesIO(document))], layer_id="projects", by=account)


def _at_the_same_times(*homes):
    """Give revisions of the same message the same time; all others are left as they are."""
    for home in homes:
        with closing(sqlite3.connect(home / "atlas.sqlite")) as connection, connection:
            for hour, message in enumerate(["renamed", "renamed again", "renamed back"]):
                connection.execute(
                    "UPDATE revision SET created = ? WHERE message = ?",
                    (f"2026-11-26T{hour:02}:00:00+00:00", message),
                )


@pytest.fixture(scope="module")
def clients(homes):
    plain, secretive = (create_app(Settings(home=home)) for home in homes)
    with TestClient(plain) as one, TestClient(secretive) as other:
        yield one, other


COLLECTION = "/api/collections/projects"
RESOURCES = [
    "/",
    "/?lang=en",
    "/maps/projects",
    "/api",
    "/api/openapi",
    "/api/collections",
    "/api/conformance",
    COLLECTION,
    f"{COLLECTION}?f=html",
    f"{COLLECTION}/items?limit=10000",
    f"{COLLECTION}/items?f=html",
    f"{COLLECTION}/items?sortby=name&limit=20&offset=5",
    f"{COLLECTION}/items?revision=1",
    f"{COLLECTION}/items?revision=2",
    f"{COLLECTION}/items?revision=2026-11-26T00:30:00Z",
    f"{COLLECTION}/items?filter=name LIKE '%看守所%'",
    f"{COLLECTION}/items/laoshangbu",
    f"{COLLECTION}/items/kanshousuo",
    f"{COLLECTION}/queryables",
    f"{COLLECTION}/sortables",
    f"{COLLECTION}/schema",
    f"{COLLECTION}/revisions",
    f"{COLLECTION}/revisions?f=html",
    *(f"{COLLECTION}/revisions/{number}" for number in range(7)),
    f"{COLLECTION}/revisions/3?f=html",
    *(f"{COLLECTION}/revisions/{number}/items" for number in range(6)),
    f"{COLLECTION}/diff",
    f"{COLLECTION}/diff?f=html",
    f"{COLLECTION}/diff?from=1&to=4",
    f"{COLLECTION}/diff?from=0&to=2&limit=10000",
    f"{COLLECTION}/diff?from=4&to=1&f=geojson",
    f"{COLLECTION}/stats",
    "/api/stats",
    "/api/at?point=116.98,36.6&within=1000",
    "/api/facets",
    "/api/search?q=看守所",
    "/api/search?q=kss",
    "/api/search?q=老商埠",
    "/api/plans",
    "/api/plans/shizhong-14-5",
    "/api/plans/shizhong-14-5/coverage",
    "/api/plans/shizhong-14-5/statements",
    "/api/indicators",
    "/plan/shizhong-14-5",
    "/indicators",
    "/api/tiles/WebMercatorQuad/10/401/844",
    f"{COLLECTION}/tiles/WebMercatorQuad/10/401/844",
    f"{COLLECTION}/tiles/WebMercatorQuad",
    f"{COLLECTION}/style",
    f"{COLLECTION}/items?limit=0",
    f"{COLLECTION}/items/kanshousuo?revision=1",
    f"{COLLECTION}/items?bbox=116.8,36.4,117.2,36.8&limit=1",
    "/api/plans/shizhong-14-5/proposals/kanshousuo",
    "/?f=projects/kanshousuo",
    "/plan/shizhong-14-5/statements",
    "/plan/shizhong-14-5/coverage",
    "/nowhere",
    "/healthz",
    "/readyz",
    "/robots.txt",
    "/studio/login",
    "/studio/drafts/projects/1",
    f"{COLLECTION}/download.geojson",
    f"{COLLECTION}/download.csv",
    f"{COLLECTION}/download.fgb",
    f"{COLLECTION}/download.parquet",
    f"{COLLECTION}/download.kml",
    f"{COLLECTION}/download.csv?revision=2",
]


def answer(client, path, **headers):
    found = client.get(path, headers=headers)
    kept = {name: value for name, value in found.headers.items() if name != "date"}
    return found.status_code, kept, found.content


@pytest.mark.parametrize("path", RESOURCES)
def test_they_answer_with_the_same_bytes_and_headers(clients, path):
    one, other = (answer(client, path) for client in clients)
    assert one[0] == other[0] < 500
    assert one[1] == other[1]
    assert one[2] == other[2]
    assert HIDDEN.encode() not in other[2]


def test_the_secretive_one_has_more_revisions_than_it_shows(homes):
    plain, secretive = homes
    counts = []
    for home in (plain, secretive):
        store = Store(home / "atlas.sqlite")
        counts.append(len(store.revisions("projects")))
        store.close()
    assert counts == [4, 9]


def test_the_public_past_is_that_of_a_store_without_secrets(clients):
    for client in clients:
        document = client.get(f"{COLLECTION}/revisions").json()
        assert [each["message"] for each in document["revisions"]] == [
            "renamed back", "renamed again", "renamed", "Data shipped with the atlas",
        ]  # fmt: skip
        assert client.get(COLLECTION).json()["updated"] == "2026-11-26T02:00:00+00:00"


def test_compressed_bytes_and_map_data_are_the_same(clients):
    for encoding in ("br", "gzip"):
        answers = [
            answer(client, f"{COLLECTION}/revisions/4/items", **{"accept-encoding": encoding})
            for client in clients
        ]
        assert answers[0] == answers[1]
    pages = [client.get("/").text for client in clients]
    (path,) = {
        part.split('"')[0]
        for page in pages
        for part in page.split('"/api/collections/projects/revisions/')[1:]
    }
    data = [client.get(f"/api/collections/projects/revisions/{path}").content for client in clients]
    assert data[0] == data[1]
