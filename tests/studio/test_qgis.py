"""How staff connect with QGIS, and the files with which it opens the atlas."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree.ElementTree import fromstring

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.maps.qgis import METRES, Told, layer_definition
from app.settings import Settings
from layers.catalogue import bundled_data, read_catalogue

HOSTILE = "<script>\"'\\&\x00\x0b]]>名"


def root_of(answer):
    assert answer.status_code == 200
    return fromstring(answer.content)  # noqa: S314  our own


def sources(root):
    return [each.text for each in root.iter("datasource")]


@pytest.mark.parametrize("role", ["editor", "reviewer", "administrator", "auditor"])
def test_everybody_is_told_how_to_connect(visit, role):
    page = visit(role).get("/studio/qgis").text
    assert "http://testserver/api</code>" in page
    assert 'href="/studio/account"' in page
    for path in ("atlas.qgs", "zones.qlr", "projects.qlr"):
        assert f'href="/studio/qgis/{path}"' in page


def test_the_project_names_each_layer_of_the_api_and_no_token(visit, application):
    browser = visit("editor")
    answer = browser.get("/studio/qgis/atlas.qgs")
    root = root_of(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert "市中规划图集.qgs" in unquote(answer.headers["content-disposition"])
    edited = [each for each in sources(root) if each.startswith("url=")]
    assert edited == [
        f"url='http://testserver/api' typename='{each}' srsname='EPSG:4548' pagesize='1000'"
        for each in ("projects", "places", "zones", "district")
    ]
    assert {each.text for each in root.iter("provider")} == {"OAPIF", "ogr"}
    assert "authcfg" not in answer.text
    listed = [each.get("id") for each in root.iter("layer-tree-layer")]
    assert listed == [each.text for each in root.iter("id")]


def test_the_project_shows_the_district_at_first(visit):
    root = root_of(visit("editor").get("/studio/qgis/atlas.qgs"))
    west, south, east, north = (float(each.text) for each in root.find("mapcanvas/extent"))
    assert 480_000 < west < east < 520_000
    assert 4_030_000 < south < north < 4_070_000


def test_in_degrees_no_system_is_asked_for(visit):
    root = root_of(visit("editor").get("/studio/qgis/zones.qlr?unit=degrees"))
    assert sources(root) == ["url='http://testserver/api' typename='zones' pagesize='1000'"]
    assert root.findtext("maplayers/maplayer/srs/spatialrefsys/authid") == "OGC:CRS84"


def test_the_address_is_the_one_that_clients_know(own_home, password):
    settings = Settings(home=own_home, public_url="https://atlas.example")
    with TestClient(create_app(settings), "https://testserver") as browser:
        browser.post("/studio/login", data={"name": "the-editor", "password": password})
        root = root_of(browser.get("/studio/qgis/zones.qlr"))
    assert sources(root)[0].startswith("url='https://atlas.example/api' ")


def test_names_follow_the_language(visit):
    browser = visit("editor")
    root = root_of(browser.get("/studio/qgis/zones.qlr?lang=en"))
    assert "Area in km², geodesic" in [each.get("name") for each in root.iter("alias")]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studio/qgis/nothing.qlr", 404),
        ("/studio/qgis/zones.qlr?unit=miles", 400),
        ("/studio/qgis/zones.txt", 404),
    ],
)
def test_what_is_not_there_is_refused(visit, path, status):
    assert visit("editor").get(path).status_code == status


def test_whatever_things_are_called_the_file_can_be_read():
    catalogue = read_catalogue(bundled_data() / "geojson" / "catalog.json")
    told = Told(
        "https://atlas.example/it's\\api",
        METRES,
        lambda _: HOSTILE,
        lambda *_: HOSTILE,
        {"Point": HOSTILE, "LineString": HOSTILE, "Polygon": HOSTILE},
    )
    layer = next(each for each in catalogue.layers if each.id == "projects")
    root = fromstring(layer_definition(layer, catalogue, told))  # noqa: S314  our own
    assert root.find("maplayers/maplayer/layername").text == "<script>\"'\\&]]>名"
    assert sources(root)[0].startswith("url='https://atlas.example/it\\'s\\\\api' typename=")
