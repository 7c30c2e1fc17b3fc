"""Files of a collection: their names, their limits, and how they are sent."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

import app.api.downloads
import app.downloads
from app.main import create_app
from app.settings import Settings
from layers.days import day_of

COLLECTION = "/api/collections/projects"
ENDINGS = ["geojson", "gpkg", "shp.zip", "fgb", "kml", "dxf", "csv", "parquet"]


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def client(home):
    with TestClient(create_app(Settings(home=home)), raise_server_exceptions=False) as client:
        yield client


def names_in(answer):
    disposition = answer.headers["content-disposition"]
    found = re.fullmatch(r"attachment; filename=\"([ -~]+)\"; filename\*=UTF-8''(\S+)", disposition)
    assert found, disposition
    return found[1], unquote(found[2])


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_has_a_chinese_name_and_a_plain_one(client, ending):
    answer = client.get(f"{COLLECTION}/download.{ending}")
    assert answer.status_code == 200
    plain, full = names_in(answer)
    day = day_of(datetime.fromisoformat(client.get(COLLECTION).json()["updated"]))
    assert plain == f"projects-1-{day}.{ending}"
    assert full == f"重点项目-第1版-{day}.{ending}"
    assert answer.headers["content-length"] == str(len(answer.content))


def test_a_file_that_holds_only_a_part_says_so_in_its_name(client):
    for query in ({"zone": "北部核心区"}, {"limit": 3}, {"properties": "name"}):
        plain, full = names_in(client.get(f"{COLLECTION}/download.csv", params=query))
        assert full.endswith("-筛选.csv")
        assert plain.endswith("-part.csv")
    _, full = names_in(client.get(f"{COLLECTION}/download.csv", params={"sortby": "name"}))
    assert "筛选" not in full


def test_the_name_is_in_the_language_that_is_asked_for(client):
    _, full = names_in(client.head(f"{COLLECTION}/download.csv", params={"lang": "en"}))
    assert full.isascii()
    assert "revision-1" in full


def test_the_collection_leads_to_its_files(client):
    links = client.get(COLLECTION).json()["links"]
    files = {
        each["href"].partition("download.")[2]: each
        for each in links
        if "/download." in each["href"]
    }
    assert list(files) == ENDINGS
    for link in files.values():
        assert link["rel"] == "enclosure"
        answer = client.get(link["href"])
        assert answer.headers["content-type"] == link["type"]
    page = client.get(COLLECTION, params={"f": "html"}).text
    assert all(f"download.{ending}" in page for ending in ENDINGS)


def test_a_whole_layer_is_written_once(client, monkeypatch):
    written = []
    real = app.downloads.export_layer

    def count(*arguments):
        written.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(app.downloads, "export_layer", count)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: client.get(f"{COLLECTION}/download.gpkg"), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(written) == 1
    client.get(f"{COLLECTION}/download.gpkg", params={"zone": "北部核心区"})
    assert len(written) == 2


def test_nothing_stays_in_the_folder(client, home):
    for ending in ("gpkg", "shp.zip"):
        assert client.get(f"{COLLECTION}/download.{ending}").status_code == 200
    client.get(f"{COLLECTION}/download.csv", params={"limit": 2})
    assert list((home / "downloads").iterdir()) == []


def test_a_file_that_fails_leaves_nothing_and_the_next_is_written(client, home, monkeypatch):
    with monkeypatch.context() as patched:

        def fail(*_):
            raise OSError("disk full")

        patched.setattr(app.downloads, "export_layer", fail)
        for _ in range(3):
            assert client.get(f"{COLLECTION}/download.csv").status_code == 500
    assert list((home / "downloads").iterdir()) == []
    assert client.get(f"{COLLECTION}/download.csv").status_code == 200


def test_beyond_two_at_a_time_a_client_is_asked_to_come_again(client, monkeypatch):
    begun, go_on = threading.Semaphore(0), threading.Event()
    real = app.downloads.export_layer

    def wait(*arguments):
        begun.release()
        assert go_on.wait(30)
        return real(*arguments)

    monkeypatch.setattr(app.downloads, "export_layer", wait)
    with ThreadPoolExecutor(2) as pool:
        busy = [
            pool.submit(client.get, f"{COLLECTION}/download.csv", params={"limit": limit})
            for limit in (1, 2)
        ]
        for _ in busy:
            assert begun.acquire(timeout=30)
        refused = client.get(f"{COLLECTION}/download.csv", params={"limit": 3})
        kept = client.get(f"{COLLECTION}/download.geojson", params={"limit": 3})
        go_on.set()
        assert [each.result().status_code for each in busy] == [200, 200]
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["type"].endswith(":busy")
    assert kept.status_code == 200
    assert client.get(f"{COLLECTION}/download.csv", params={"limit": 3}).status_code == 200


def test_too_many_features_for_a_format_are_refused_with_a_way_out(client, monkeypatch):
    kinds = app.api.downloads.KINDS
    few = {name: kind._replace(most=10 if name == "kml" else 1000) for name, kind in kinds.items()}
    monkeypatch.setattr(app.api.downloads, "KINDS", few)
    answer = client.get(f"{COLLECTION}/download.kml")
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["errors"][0]["parameter"] == "limit"
    assert "at most 10" in problem["detail"]
    assert "gpkg" in problem["detail"]
    assert client.get(f"{COLLECTION}/download.kml", params={"limit": 10}).status_code == 200


def test_a_download_is_resumed_and_not_sent_twice(client):
    address = f"{COLLECTION}/download.gpkg"
    whole = client.get(address)
    tag = whole.headers["etag"]
    part = client.get(address, headers={"range": "bytes=100-199", "if-range": tag})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert client.get(address, headers={"if-none-match": tag}).status_code == 304


def test_files_are_not_compressed_on_the_way(client):
    answer = client.get(f"{COLLECTION}/download.geojson", headers={"accept-encoding": "br"})
    assert "content-encoding" not in answer.headers


def test_head_writes_no_file(client, monkeypatch):
    monkeypatch.setattr(app.downloads, "export_layer", None)
    answer = client.head(f"{COLLECTION}/download.gpkg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    names_in(answer)


def test_nothing_found_is_an_empty_geojson_and_no_other_file(client, assert_problem):
    empty = client.get(f"{COLLECTION}/download.geojson", params={"bbox": "0,0,1,1"})
    assert empty.json()["features"] == []
    assert_problem(f"{COLLECTION}/download.gpkg?bbox=0,0,1,1", 404)


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("download.xlsx", 404, None),
        ("download.", 404, None),
        ("download.GPKG", 404, None),
        ("download.gpkg?limit=0", 400, "limit"),
        ("download.gpkg?limit=x", 400, "limit"),
        ("download.gpkg?bbox=1", 400, "bbox"),
        ("download.gpkg?crs=EPSG:1", 400, "crs"),
        ("download.kml?crs=EPSG:4548", 400, "crs"),
        ("download.geojson?crs=EPSG:4548", 400, "crs"),
        ("download.gpkg?filter=(", 400, "filter"),
        ("download.gpkg?nonsense=1", 400, "nonsense"),
        ("download.gpkg?revision=2", 404, None),
        ("download.gpkg?zone=a&zone=b", 400, "zone"),
        ("download.gpkg?offset=100000", 404, None),
        ("download.gpkg?after=yufuhe", 400, "after"),
        ("download.geojson?after=yufuhe", 400, "after"),
    ],
)
def test_what_is_malformed_is_named(assert_problem, path, status, parameter):
    problem = assert_problem(f"{COLLECTION}/{path}", status)
    if parameter:
        assert problem["errors"][0]["parameter"] == parameter
