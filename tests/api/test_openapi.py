"""The API's description is OpenAPI 3.0 and describes what is there."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def document(get):
    return get("/api/openapi")


def test_it_is_openapi_3_0_with_its_media_type(client, document):
    answer = client.get("/api/openapi")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert document["openapi"].startswith("3.0.")


def test_every_reference_leads_somewhere(document):
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_path_answers(client, document, get):
    base = document["servers"][0]["url"].removeprefix("http://testserver")
    for path in document["paths"]:
        collection = path.split("/")[2] if path.count("/") > 1 else ""
        known = {"zones": "beibu-hexinqu", "places": "huanghe", "district": "shizhong"}
        concrete = path.replace("{featureId}", known.get(collection, "yufuhe"))
        concrete = concrete.replace("{tileMatrixSetId}", "WebMercatorQuad")
        concrete = re.sub(r"\{tile\w+\}", "0", concrete)
        for name, value in (("number", "1"), ("revisionId", "1"), ("ending", "csv")):
            concrete = concrete.replace(f"{{{name}}}", value)
        query = {"/search": {"q": "玉符河"}, "/at": {"point": "116.98,36.6"}}.get(path)
        answer = client.get(f"{base}{concrete}".rstrip("/"), params=query)
        # Nothing can be proposed or compared in the data as shipped; the refusal says why.
        needs_more = path.endswith(("/compare", "/proposals/{featureId}"))
        assert answer.status_code == (404 if needs_more else 200), path


def test_every_route_of_the_api_is_described_or_known_to_be_ours(application, document):
    def paths(routes, prefix=""):
        for route in routes:
            inner = getattr(getattr(route, "original_router", None), "routes", None)
            if inner is not None:
                yield from paths(inner)
            elif hasattr(route, "path"):
                yield route.path

    templates = {path.replace("projects", "{collection_id}") for path in document["paths"]}
    plans = {path.replace("shizhong-14-5", "{plan_id}") for path in templates}
    proposals = {path.replace("proposals/{featureId}", "proposals/{feature_id}") for path in plans}
    items = {path.replace("{featureId}", "{item_id}") for path in proposals}
    described = {
        re.sub(r"[A-Z](?=\w*\})", lambda match: f"_{match[0].lower()}", path) for path in items
    }
    ours = {"/openapi", "/collections/{collection_id}/revisions/{revision_id}/overview"}
    served = {
        path.removeprefix("/api") or "/"
        for path in paths(application.routes)
        if path.startswith("/api")
    }
    assert served <= described | ours
    assert "/collections/{collection_id}/items" in served


def test_the_limit_is_where_clients_look_for_it(document):
    limit = document["components"]["parameters"]["limit"]["schema"]
    assert (limit["default"], limit["maximum"], limit["minimum"]) == (100, 10_000, 1)


def test_every_filter_is_a_parameter_of_its_collection(document):
    parameters = document["paths"]["/collections/projects/items"]["get"]["parameters"]
    names = {each["name"] for each in parameters if "name" in each}
    assert names >= {"name", "zone", "kind", "stage", "precision", "industries"}
    assert "citations" not in names
    for each in parameters:
        assert "$ref" in each or (each["style"], each["explode"]) == ("form", False)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("limit", {"type": "integer", "minimum": 1}),
        ("bbox", {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}),
        ("datetime", {"type": "string"}),
        ("crs", {"type": "string", "format": "uri"}),
        ("bbox-crs", {"type": "string", "format": "uri"}),
    ],
)
def test_parameters_are_defined_as_the_standard_writes_them(document, name, schema):
    """What OGC's own suite looks for: /ats/core/fc-limit-definition and so on."""
    parameters = document["paths"]["/collections/projects/items"]["get"]["parameters"]
    assert {"$ref": f"#/components/parameters/{name}"} in parameters
    defined = document["components"]["parameters"][name]
    assert (defined["name"], defined["in"], defined["required"]) == (name, "query", False)
    assert (defined["style"], defined["explode"]) == ("form", False)
    assert defined["schema"].items() >= schema.items()


def test_every_method_of_an_edit_is_described_with_who_may_do_it(client, document):
    for path, methods in (
        ("/collections/projects/items", ["post"]),
        ("/collections/projects/items/{featureId}", ["put", "patch", "delete"]),
    ):
        item = document["paths"][path]
        for method in methods:
            assert item[method]["security"] == [{"token": []}, {"password": []}]
            assert {"401", "403", "409"} <= item[method]["responses"].keys()
        allowed = client.options(f"/api{path}").headers["allow"].lower().split(", ")
        assert set(allowed) - {"head"} == item.keys()
    assert document["components"]["securitySchemes"].keys() == {"token", "password"}
