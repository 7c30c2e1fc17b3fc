"""The published seed keeps its promises: schema, RFC 7946, zones, citations, honest geometry."""

from __future__ import annotations

import json
from itertools import combinations

import pytest
import shapely
from jsonschema import Draft202012Validator
from shapely.geometry import shape

from layers.catalogue import bundled_data, read_bundle
from layers.geojson import read_features, write_features
from layers.measure import area_m2, to_4548
from layers.plan import Citation

DATA = bundled_data()
LAYERS = ["district", "zones", "places", "projects"]
KEY_PROJECTS = {
    "老商埠",
    "总部企业聚集圈",
    "趵突泉西广场",
    "二环南路科创带",
    "南部科创新城",
    "二环西创智谷",
    "玉符河",
    "涝坡峪",
    "渴马峪",
}


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(DATA)


@pytest.fixture(scope="module")
def zones(bundle):
    return {f.properties["name"]: f for f in bundle.features["zones"]}


def document(layer_id: str) -> dict:
    return json.loads((DATA / "geojson" / f"{layer_id}.geojson").read_text(encoding="utf-8"))


def positions(node: list) -> list[list[float]]:
    if node and not isinstance(node[0], list):
        return [node]
    return [position for child in node for position in positions(child)]


def polygons(geometry: dict) -> list:
    if geometry["type"] == "Polygon":
        return [geometry["coordinates"]]
    return geometry["coordinates"] if geometry["type"] == "MultiPolygon" else []


def drawn(layer_id: str) -> list[dict]:
    return [f for f in document(layer_id)["features"] if f["geometry"] is not None]


@pytest.mark.parametrize("layer_id", LAYERS)
def test_every_feature_fits_the_schema_of_its_layer(bundle, layer_id):
    layer = next(each for each in bundle.catalogue.layers if each.id == layer_id)
    validator = Draft202012Validator(layer.schema)
    for feature in document(layer_id)["features"]:
        assert [error.message for error in validator.iter_errors(feature["properties"])] == []


def test_ids_are_unique_over_all_layers(bundle):
    ids = [f.id for features in bundle.features.values() for f in features]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("layer_id", LAYERS)
def test_coordinates_have_seven_decimals_and_longitude_first(layer_id):
    for feature in drawn(layer_id):
        for longitude, latitude in positions(feature["geometry"]["coordinates"]):
            assert 116.8 < longitude < 117.2
            assert 36.4 < latitude < 36.7
            assert round(longitude, 7) == longitude
            assert round(latitude, 7) == latitude


@pytest.mark.parametrize("layer_id", LAYERS)
def test_rings_are_closed_and_exteriors_counter_clockwise(layer_id):
    for feature in drawn(layer_id):
        for exterior, *holes in polygons(feature["geometry"]):
            assert exterior[0] == exterior[-1]
            assert shapely.is_ccw(shapely.linearrings(exterior))
            assert not any(shapely.is_ccw(shapely.linearrings(hole)) for hole in holes)


@pytest.mark.parametrize("layer_id", LAYERS)
def test_files_have_no_crs_member_and_are_written_in_their_own_form(layer_id, tmp_path):
    assert "crs" not in document(layer_id)
    published = DATA / "geojson" / f"{layer_id}.geojson"
    again = tmp_path / "again.geojson"
    write_features(again, read_features(published))
    assert again.read_bytes() == published.read_bytes()


def test_every_geometry_is_valid():
    for layer_id in LAYERS:
        for feature in drawn(layer_id):
            assert shape(feature["geometry"]).is_valid, feature["id"]


def test_a_project_with_a_place_lies_in_its_zone(bundle, zones):
    for feature in bundle.features["projects"]:
        if feature.geometry is not None and feature.properties["zone"]:
            zone = zones[feature.properties["zone"]].geometry
            assert zone.buffer(1e-7).covers(feature.geometry), feature.id


def test_every_citation_is_in_the_outline_of_the_plan(bundle):
    for features in bundle.features.values():
        for feature in features:
            cited = [Citation(**record) for record in feature.properties["citations"]]
            assert cited, feature.id
            assert [
                each for each in cited if not bundle.plans["shizhong-14-5"].outline.has(each)
            ] == []


@pytest.mark.parametrize("project", [lambda geometry: geometry, to_4548], ids=["degrees", "4548"])
def test_zones_cover_the_district_without_gap_or_overlap(bundle, zones, project):
    district = project(bundle.features["district"][0].geometry)
    areas = [project(zone.geometry) for zone in zones.values()]
    assert [shapely.intersection(a, b).area for a, b in combinations(areas, 2)] == [0, 0, 0]
    union = shapely.union_all(areas)
    assert shapely.symmetric_difference(union, district).area == 0


@pytest.mark.parametrize(
    ("name", "km2"), [("北部核心区", 19.19), ("中部崛起区", 112.82), ("南部生态区", 152.77)]
)
def test_a_zone_states_its_geodesic_area_and_range(zones, name, km2):
    zone = zones[name]
    stated = zone.properties
    assert area_m2(zone.geometry) / 1e6 == pytest.approx(stated["area_km2"], abs=0.005)
    assert stated["area_km2"] == pytest.approx(km2, rel=0.01)
    assert stated["area_km2_min"] < stated["area_km2"] < stated["area_km2_max"]


def test_the_nine_key_projects_are_there_and_twenty_more(bundle):
    names = {f.properties["name"] for f in bundle.features["projects"]}
    assert names >= KEY_PROJECTS
    assert len(names - KEY_PROJECTS) >= 20


def test_a_zone_comes_with_its_basis_and_none_without(bundle):
    for layer_id in ("projects", "places"):
        for feature in bundle.features[layer_id]:
            known = feature.properties
            assert (known["zone"] is None) == (known["zone_basis"] is None), feature.id


def test_a_project_says_how_firmly_the_plan_commits_itself(bundle):
    for feature in bundle.features["projects"]:
        verb, commitment = feature.properties["verb"], feature.properties["commitment"]
        assert (verb is None) == (commitment is None), feature.id


def test_the_gazetteer_is_complete_and_counts_what_it_cannot_place(bundle):
    named = [*bundle.features["projects"], *bundle.features["places"]]
    assert len(named) > 300
    assert any(feature.geometry is None for feature in named)
    assert all(feature.properties["citations"] for feature in named)


def test_what_should_not_be_public_is_internal(bundle):
    hidden = {
        f.properties["name"]
        for features in bundle.features.values()
        for f in features
        if f.properties["access"] == "internal"
    }
    assert {"闲置军产", "人防工程", "泉景天沅铁路看守所", "基层武装部"} == hidden


def test_what_has_a_source_is_on_the_map_and_what_has_none_is_not(bundle):
    places = {f.properties["name"]: f.geometry for f in bundle.features["projects"]}
    assert places["老商埠"] is not None
    assert places["二环南路科创带"] is not None
    assert places["玉符河"] is not None
    assert places["渴马峪"] is None


def test_every_geometry_says_how_it_is_known(bundle):
    for features in bundle.features.values():
        for feature in features:
            known = feature.properties
            assert known["geometry_method"], feature.id
            has_place = feature.geometry is not None
            for key in ("geometry_source", "precision", "uncertainty_m"):
                assert (known[key] is not None) == has_place, (feature.id, key)


def test_no_sketch_claims_to_be_a_survey(bundle):
    for feature in [*bundle.features["projects"], *bundle.features["places"]]:
        assert feature.properties["precision"] in {None, "P3", "P4"}
        if feature.properties["precision"]:
            assert feature.properties["uncertainty_m"] >= 500


def test_every_property_has_a_title_in_both_languages(bundle):
    for layer in bundle.catalogue.layers:
        for name, declared in layer.schema["properties"].items():
            assert declared["title"] == layer.title_of(name), (layer.id, name)
            assert declared["x-title-en"] == layer.title_of(name, english=True), (layer.id, name)
