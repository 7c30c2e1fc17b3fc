"""A layer with an office's own columns is served, found and drawn like any other."""

from __future__ import annotations

import pyogrio
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.store import Store


@pytest.fixture
def client(tmp_path, parcels, grid):
    app = create_app(Settings(home=tmp_path / "home", data=parcels))
    store = Store(tmp_path / "home" / "atlas.sqlite")
    made = store.publish(
        "parcels", grid, base=store.head("parcels"), kind="publish", author="a", message="m"
    )
    with TestClient(app) as client:
        assert client.get("/api", params={"min_seq": made.sequence}).status_code == 200
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?lang=en",
        "/maps/parcels",
        "/api/collections/parcels",
        "/api/collections/parcels/items?f=html",
        "/api/collections/parcels/items?datetime=2021-01-01",
        "/api/collections/parcels/items?revision=1",
        "/api/facets?collection=parcels",
        "/api/openapi",
        "/plan/shizhong-14-5",
    ],
)
def test_every_page_and_answer_copes_with_it(client, path):
    assert client.get(path).status_code == 200


def test_it_is_filtered_by_its_own_columns(client):
    items = "/api/collections/parcels/items"
    assert client.get(items, params={"用地代码": "R2"}).json()["numberMatched"] == 12
    assert client.get(items, params={"用地代码": "B1"}).json()["numberMatched"] == 0


def test_its_features_are_found_by_name(client):
    results = client.get("/api/search", params={"q": "居住用地"}).json()["results"]
    assert {each["id"] for each in results} >= {"Z001", "Z012"}


def test_its_panel_names_the_feature_and_lists_the_columns(client):
    page = client.get("/", params={"f": "parcels/Z001"}).text
    assert '<h2 id="detail-title" tabindex="-1" data-slot="name">居住用地（1号）</h2>' in page
    assert "用地代码：R2；面积：100.0" in page


def test_a_shapefile_cuts_the_names_of_its_columns_between_characters(client, tmp_path):
    path = tmp_path / "parcels.zip"
    path.write_bytes(client.get("/api/collections/parcels/download.shp.zip").content)
    read = pyogrio.read_dataframe(path)
    assert list(read) == ["id", "地块编", "用地名", "用地代", "面积", "geometry"]
    assert set(read["用地代"]) == {"R2"}
