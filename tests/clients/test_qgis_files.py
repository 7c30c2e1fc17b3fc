"""QGIS opens our project and our layer definitions: connection, style, aliases, code lists."""

from __future__ import annotations

import base64
import zlib

import pytest

from app.maps.qgis import DEGREES, Told, layer_definition, project
from layers.catalogue import bundled_data, read_bundle

TITLE = "图集 <\"'&\\>"


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundled_data())


@pytest.fixture(scope="module")
def told(server):
    return Told(
        server.api,
        DEGREES,
        lambda layer: layer.title,
        lambda layer, name: layer.title_of(name),
        {"Point": "点", "LineString": "线", "Polygon": "面"},
    )


@pytest.fixture(scope="module")
def open_file(run_qgis):
    def open_text(text):
        return run_qgis("open", base64.b64encode(zlib.compress(text)).decode())

    return open_text


@pytest.fixture(scope="module")
def opened(open_file, bundle, told):
    catalogue = bundle.catalogue
    return open_file(project(catalogue.layers, catalogue, TITLE, told))


@pytest.fixture
def layers(opened):
    return {each["name"]: each for each in opened["layers"]}


def test_the_project_has_every_layer_in_metres(opened, bundle):
    assert opened["crs"] == "EPSG:4548"
    assert opened["title"] == TITLE
    assert all(each["valid"] for each in opened["layers"])
    names = [each["name"] for each in opened["layers"]]
    assert [each for each in names if "·" not in each] == [
        layer.title for layer in bundle.catalogue.layers[::-1]
    ]


def test_a_layer_that_is_edited_comes_through_the_provider_of_ogc_api_features(layers, bundle):
    for layer in bundle.catalogue.layers:
        assert layers[layer.title]["provider"].upper() == "OAPIF"
        public = [each for each in bundle.features[layer.id] if layer.is_public(each)]
        assert layers[layer.title]["count"] == len(public)


def test_every_kind_of_geometry_of_a_mixed_layer_is_shown(layers, bundle, told):
    declared = next(each for each in bundle.catalogue.layers if each.id == "projects")
    public = filter(declared.is_public, bundle.features["projects"])
    drawn = [each for each in public if each.geometry is not None]
    kinds = [each.geometry.geom_type.removeprefix("Multi") for each in drawn]
    for kind, name in told.families.items():
        assert layers[f"重点项目 · {name}"]["count"] == kinds.count(kind)


def test_the_place_of_a_layer_is_right_in_the_system_that_it_says(layers):
    shown = layers["市中区范围"]
    assert shown["crs"] in {"OGC:CRS84", "EPSG:4326"}
    assert shown["extent"][:2] == pytest.approx([116.811, 36.484], abs=0.001)


def test_colours_are_those_of_the_maps(layers):
    zones = layers["三大空间"]
    assert zones["values"][:3] == ["北部核心区", "中部崛起区", "南部生态区"]
    assert zones["colours"][:3] == ["#8c3b6e", "#b9770e", "#1f7a66"]
    assert layers["市中区范围"]["colours"] == ["#1d3557"]
    assert zones["labels"] == "name"


def test_columns_have_chinese_names_and_lists_of_values(layers, bundle):
    zones = layers["三大空间"]
    declared = next(each for each in bundle.catalogue.layers if each.id == "zones")
    assert zones["aliases"]["area_km2"] == "面积（平方千米，椭球面）"
    for name, alias in zones["aliases"].items():
        if name != "id" and declared.title_of(name) != name:
            assert alias == declared.title_of(name)
    assert zones["widgets"]["kind"] == "ValueMap"


def test_a_definition_adds_one_layer(open_file, bundle, told):
    catalogue = bundle.catalogue
    zones = next(each for each in catalogue.layers if each.id == "zones")
    seen = open_file(layer_definition(zones, catalogue, told))
    (layer,) = seen["layers"]
    assert (layer["name"], layer["valid"], layer["count"]) == ("三大空间", True, 3)
    assert layer["colours"][0] == "#8c3b6e"
