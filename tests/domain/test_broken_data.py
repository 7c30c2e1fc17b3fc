"""Broken published data is refused with file, feature id, field and reason."""

from __future__ import annotations

import pytest

from layers.catalogue import read_bundle
from layers.errors import DataInvalid, ValidationFailed


def feature(document, feature_id):
    return next(f for f in document["features"] if f["id"] == feature_id)


def properties(**changes):
    return lambda document: feature(document, "laoshangbu")["properties"].update(changes)


def geometry(value):
    return lambda document: feature(document, "laoshangbu").update(geometry=value)


def polygon(*ring):
    return {"type": "Polygon", "coordinates": [list(map(list, ring))]}


BOWTIE = polygon(
    (116.98, 36.65), (116.99, 36.66), (116.99, 36.65), (116.98, 36.66), (116.98, 36.65)
)
ELSEWHERE = {"type": "Point", "coordinates": [116.9, 36.52]}
CITED = {
    "plan": "shizhong-14-5",
    "chapter": 4,
    "section": 1,
    "paragraph": 99,
    "start": 12000,
    "end": 12003,
    "quote": "老商埠",
}
LONGER = CITED | {"paragraph": 2, "end": 12_009}
BEYOND = CITED | {"paragraph": 2, "start": 90_000, "end": 90_003}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        (properties(kind="飞船"), "kind", "is not one of"),
        (properties(zone="东部"), "zone", "is not one of"),
        (properties(aliases="一埠"), "aliases", "must be of type array"),
        (properties(surprise=1), "surprise", "not declared"),
        (properties(uncertainty_m=-1), "uncertainty_m", "exclusiveMinimum"),
        (properties(valid_from="2021-13-01"), "valid_from", "date"),
        (properties(parent="nobody"), "parent", "no other feature"),
        (properties(citations=[CITED]), "citations", "paragraph 99"),
        (properties(citations=[BEYOND]), "citations", "90000"),
        (properties(citations=[LONGER]), "citations", "3 characters long"),
        (lambda d: feature(d, "laoshangbu")["properties"].pop("summary"), "summary", "missing"),
        (geometry(BOWTIE), "geometry", "Self-intersection"),
        (geometry(ELSEWHERE), "zone", "m out of 北部核心区"),
    ],
)
def test_a_feature_that_breaks_a_rule_is_named(data, edit, change, field, reason):
    edit("projects.geojson", change)
    with pytest.raises(ValidationFailed) as refused:
        read_bundle(data)
    (sentence,) = refused.value.sentence.splitlines()
    assert sentence.startswith(f'projects.geojson, feature laoshangbu, field "{field}"')
    assert reason in sentence


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"type": "Circle", "coordinates": [1, 2]}, "type must be one of"),
        ({"type": "Point", "coordinates": [116.9]}, "two numbers"),
        ({"type": "Point", "coordinates": [116.9, "36.5"]}, "two numbers"),
        ({"type": "Point", "coordinates": [36.5, 116.9]}, "outside longitude"),
        ({"type": "Point", "coordinates": []}, "non-empty"),
        ({"type": "Polygon", "coordinates": [[[116.9, 36.5], [117.0, 36.5]]]}, "not a Polygon"),
        ({"type": "Polygon", "coordinates": [116.9, 36.5]}, "not a Polygon"),
        ({"type": "GeometryCollection", "geometries": []}, "type must be one of"),
        ("POINT(1 2)", "type must be one of"),
    ],
)
def test_a_geometry_that_cannot_be_built_is_named(data, edit, value, reason):
    edit("projects.geojson", geometry(value))
    with pytest.raises(DataInvalid) as refused:
        read_bundle(data)
    assert "projects.geojson, feature laoshangbu" in refused.value.sentence
    assert '"geometry"' in refused.value.sentence
    assert reason in refused.value.sentence


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b'{"type": "FeatureCollection",\n "features": [}', "line 2"),
        ("{'老商埠'}".encode("gbk"), "UTF-8"),
        (b"[]", "FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "features"),
        (b'{"type": "FeatureCollection", "features": [1]}', "feature 1"),
        (b'{"type": "FeatureCollection", "features": [{"type": "Feature"}]}', '"id"'),
        (b'{"type": "FeatureCollection", "crs": {}, "features": []}', '"crs"'),
        (b'{"type": "FeatureCollection", "type": "x", "features": []}', "stands twice"),
        (b'{"type": "FeatureCollection", "features": [NaN]}', "NaN"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_layer_is_named(data, content, reason):
    (data / "geojson" / "projects.geojson").write_bytes(content)
    with pytest.raises(DataInvalid) as refused:
        read_bundle(data)
    assert refused.value.sentence.startswith("projects.geojson")
    assert reason in refused.value.sentence


def test_a_missing_file_is_named(data):
    (data / "geojson" / "zones.geojson").unlink()
    with pytest.raises(DataInvalid, match=r"zones\.geojson: cannot be read"):
        read_bundle(data)


def test_an_id_that_stands_twice_is_named(data, edit):
    edit("projects.geojson", lambda d: d["features"].append(feature(d, "laoshangbu")))
    with pytest.raises(ValidationFailed, match=r"laoshangbu.*stands 2 times"):
        read_bundle(data)


def test_zones_that_leave_a_gap_are_told_so(data, edit):
    def move(document):
        feature(document, "beibu-hexinqu")["geometry"]["coordinates"][0][1][0] += 0.001

    edit("zones.geojson", move)
    with pytest.raises(ValidationFailed, match=r"m² of district uncovered|overlaps"):
        read_bundle(data)


def test_a_zone_must_have_a_geometry(data, edit):
    edit("zones.geojson", lambda d: d["features"][0].update(geometry=None))
    with pytest.raises(ValidationFailed, match="must not be null"):
        read_bundle(data)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["layers"][0].pop("title"), "incomplete"),
        (lambda d: d["layers"][0].update(checks=["levitates"]), "levitates"),
        (lambda d: d["properties"]["name"].update(type="texte"), "not a JSON Schema"),
        (lambda d: d.update(plan="another"), "no plan another"),
    ],
)
def test_a_catalogue_that_declares_nonsense_is_refused(data, edit, change, reason):
    edit("catalog.json", change)
    with pytest.raises(DataInvalid, match=reason):
        read_bundle(data)


def test_a_layer_in_a_group_that_is_not_declared_is_named(data, edit):
    edit("catalog.json", lambda document: document["layers"][0].update(group="nowhere"))
    with pytest.raises(DataInvalid, match="layer district: there is no group nowhere"):
        read_bundle(data)
