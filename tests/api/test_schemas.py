"""Part 5 (schemas) and Part 3 (queryables): what clients learn before they ask."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"


def test_a_collection_links_to_its_schemas(client, get):
    links = {link["rel"]: link for link in get("/api/collections/projects")["links"]}
    for name in ("schema", "queryables", "sortables"):
        link = links[f"{RELATION}{name}"]
        assert link["type"] == "application/schema+json"
        answer = client.get(link["href"])
        assert answer.headers["content-type"] == "application/schema+json"
        document = answer.json()
        Draft202012Validator.check_schema(document)
        assert document["$id"] == link["href"]


@pytest.mark.parametrize("collection", ["district", "zones", "projects", "places"])
def test_every_feature_meets_the_schema_of_its_collection(get, collection):
    schema = get(f"/api/collections/{collection}/schema")
    assert schema["properties"]["geometry"]["x-ogc-role"] == "primary-geometry"
    known = schema["properties"].keys() - {"geometry"}
    for feature in get(f"/api/collections/{collection}/items", limit=1000)["features"]:
        assert feature["properties"].keys() <= known
        given = {name: v for name, v in feature["properties"].items() if v is not None}
        shown = {name: each for name, each in schema["properties"].items() if name in given}
        Draft202012Validator({"properties": shown}).validate(given)


def test_roles_are_said(get):
    properties = get("/api/collections/projects/schema")["properties"]
    assert properties["valid_from"]["x-ogc-role"] == "primary-interval-start"
    assert properties["valid_to"]["x-ogc-role"] == "primary-interval-end"


@pytest.mark.parametrize(
    ("collection", "kind"),
    [("district", "polygon"), ("zones", "polygon-or-multipolygon"), ("places", "any")],
)
def test_the_schema_says_which_geometry_may_come(get, collection, kind):
    geometry = get(f"/api/collections/{collection}/schema")["properties"]["geometry"]
    assert geometry["format"] == f"geometry-{kind}"


def test_the_schema_says_in_which_order_columns_come(get):
    properties = get("/api/collections/projects/schema")["properties"]
    numbers = [properties[name].get("x-ogc-propertySeq") for name in properties]
    assert numbers == [None, *range(1, len(properties))]


def test_every_queryable_can_be_filtered_by_and_nothing_else(client, get):
    queryables = get("/api/collections/projects/queryables")
    assert queryables["additionalProperties"] is False
    for name in queryables["properties"]:
        params = {"filter": f'"{name}" IS NULL'}
        assert client.get("/api/collections/projects/items", params=params).status_code == 200
    assert "citations" not in queryables["properties"]
    refused = client.get("/api/collections/projects/items", params={"filter": "citations IS NULL"})
    assert refused.status_code == 400


def test_every_sortable_can_be_sorted_by(client, get):
    for name in get("/api/collections/projects/sortables")["properties"]:
        answer = client.get("/api/collections/projects/items", params={"sortby": f"-{name}"})
        assert answer.status_code == 200, name


def test_titles_are_in_the_language_that_is_asked_for(get):
    chinese = get("/api/collections/projects/schema")["properties"]["kind"]["title"]
    english = get("/api/collections/projects/schema", lang="en")["properties"]["kind"]["title"]
    assert (chinese, english) == ("类别", "Kind")


@pytest.mark.parametrize("name", ["schema", "queryables", "sortables"])
def test_an_unknown_collection_has_none(assert_problem, name):
    assert_problem(f"/api/collections/nothing/{name}", 404)
