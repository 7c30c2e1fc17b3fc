"""QGIS from 3.40 on filters on the server and edits; `make qgis` runs this with such a QGIS."""

from __future__ import annotations

import base64
import zlib

import pytest

from app.maps.qgis import METRES, Told, project
from layers.catalogue import bundled_data, read_bundle

NAME = '引号"反斜杠\\与“示范”'


@pytest.fixture(scope="module")
def seen(run_qgis):
    return run_qgis("edit")


def test_it_is_a_qgis_that_edits(seen):
    assert seen["version"] >= 34000


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("用地代码 = 'G1'", 23),
        ("\"用地代码\" = 'G1'", 23),
        ('"面积" > 100 AND "用地名称" LIKE \'地块2%\'', 30),
        ("\"用地名称\" = '地块7'", 1),
        ('"面积" IS NULL', 1),
        ("\"地块编号\" IN ('Z003', 'Z004')", 2),
    ],
)
def test_an_expression_filters_with_chinese_names_bare_and_quoted(seen, expression, matches):
    assert seen["filtered"][expression] == [True, matches, matches]


@pytest.mark.parametrize("system", ["degrees", "metres"])
def test_editing_is_offered(seen, system):
    assert set(seen[system]["can"]) == {"add", "delete", "attributes", "geometries"}


def test_the_layer_is_in_the_system_that_was_asked_for(seen):
    assert seen["degrees"]["crs"] == "OGC:CRS84"
    assert seen["metres"]["crs"] == "EPSG:4548"


@pytest.mark.parametrize("system", ["degrees", "metres"])
def test_a_feature_is_created_changed_and_deleted_with_its_text_unharmed(seen, system):
    (created,) = seen[system]["created"]
    assert created["values"]["用地名称"] == NAME
    assert (created["values"]["用地代码"], created["values"]["面积"]) == ("R2", 1.5)
    (changed,) = seen[system]["changed"]
    assert changed["values"] == created["values"] | {"用地名称": f"{NAME}，已改\\"}
    assert changed["ring"] == created["ring"]
    (moved,) = seen[system]["moved"]
    assert moved["values"] == changed["values"]
    assert seen[system]["deleted"] == []


@pytest.mark.parametrize(
    ("system", "step", "corner", "size", "tolerance"),
    [
        # QGIS sends a new feature with six decimals of a degree, a changed one with all of them.
        ("degrees", "created", (116.9700123, 36.5600456), 0.001, 6e-7),
        ("degrees", "moved", (116.9720123, 36.5600456), 0.001, 6e-8),
        ("metres", "created", (497700.123, 4047500.456), 100, 1e-3),
        ("metres", "moved", (497900.123, 4047500.456), 100, 1e-3),
    ],
)
def test_coordinates_come_back_where_they_were_drawn(seen, system, step, corner, size, tolerance):
    x, y = corner
    drawn = {(x, y), (x + size, y), (x + size, y + size), (x, y + size)}
    (feature,) = seen[system][step]
    assert len(feature["ring"]) == 5
    for place in drawn:
        assert any(each == pytest.approx(place, rel=0, abs=tolerance) for each in feature["ring"])


@pytest.fixture(scope="module")
def opened(run_qgis, server):
    catalogue = read_bundle(bundled_data()).catalogue
    told = Told(
        server.api,
        METRES,
        lambda layer: layer.title,
        lambda layer, name: layer.title_of(name),
        {"Point": "点", "LineString": "线", "Polygon": "面"},
    )
    text = project(catalogue.layers, catalogue, "图集", told)
    return run_qgis("open", base64.b64encode(zlib.compress(text)).decode())


def test_our_project_opens_in_metres_with_style_and_names(opened):
    layers = {each["name"]: each for each in opened["layers"]}
    zones, district = layers["三大空间"], layers["市中区范围"]
    assert opened["crs"] == district["crs"] == "EPSG:4548"
    assert district["extent"][:2] == pytest.approx([483_100, 4_038_900], abs=1_500)
    assert all(each["valid"] for each in layers.values())
    assert set(zones["can"]) == {"add", "delete", "attributes", "geometries"}
    assert zones["count"] == 3
    assert zones["colours"][:3] == ["#8c3b6e", "#b9770e", "#1f7a66"]
    assert zones["aliases"]["area_km2"] == "面积（平方千米，椭球面）"
    assert zones["widgets"]["kind"] == "ValueMap"
