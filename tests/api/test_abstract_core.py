"""The abstract tests of OGC API - Features Part 1.0.1 (17-069r4, annex A), by their ids.

`test_core_fc_op` is ``/conf/core/fc-op``. Each runs over every collection that the public sees, as
OGC's own suite does; what the standard leaves to us is tested elsewhere.
"""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator
from shapely.geometry import box, shape

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
COLLECTIONS = ["district", "zones", "places", "projects"]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
POSITION = {
    "type": "array",
    "minItems": 2,
    "maxItems": 3,
    "prefixItems": [{"minimum": -180, "maximum": 180}, {"minimum": -90, "maximum": 90}],
    "items": {"type": "number"},
}
FEATURE = {
    "type": "object",
    "required": ["type", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "id": {"type": ["string", "integer"]},
        "properties": {"type": ["object", "null"]},
        "geometry": {
            "type": ["object", "null"],
            "required": ["type", "coordinates"],
            "properties": {
                "type": {"enum": [f"{m}{k}" for m in ("", "Multi") for k in ("Point", "Polygon")]
                         + ["LineString", "MultiLineString"]},
                "coordinates": {"$ref": "#/$defs/coordinates"},
            },
        },
    },
    "$defs": {
        "position": POSITION,
        "coordinates": {
            "anyOf": [
                {"$ref": "#/$defs/position"},
                {"type": "array", "items": {"$ref": "#/$defs/coordinates"}},
            ]
        },
    },
}  # fmt: skip
"""RFC 7946, sections 3.1 and 3.2, with coordinates in degrees."""


@pytest.fixture(params=COLLECTIONS)
def path(request) -> str:
    return f"/api/collections/{request.param}"


@pytest.fixture
def items(get, path) -> list[dict]:
    return get(f"{path}/items", limit=10_000)["features"]


@pytest.fixture
def description(get) -> dict:
    return get("/api/openapi")


def links(document, rel):
    return [each for each in document["links"] if each["rel"] == rel]


def link(document, rel, media_type):
    (found,) = [each for each in links(document, rel) if each["type"] == media_type]
    return local(found["href"])


def local(address):
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def parameters(description, path):
    """Return the parameters of a collection's items by name, references followed."""
    given = description["paths"][f"{path.removeprefix('/api')}/items"]["get"]["parameters"]
    shared = description["components"]["parameters"]
    known = [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in given]
    return {each["name"]: each for each in known}


def assert_query_parameter(parameter):
    assert parameter["in"] == "query"
    assert not parameter.get("required", False)
    assert (parameter["style"], parameter["explode"]) == ("form", False)


def assert_typed_links(document):
    assert document["links"]
    for each in document["links"]:
        assert each["href"]
        assert each["rel"]
        assert each["type"]


def test_these_are_all_collections_that_the_public_sees(get):
    assert [each["id"] for each in get("/api/collections")["collections"]] == COLLECTIONS


def test_core_root_op(client):
    assert client.get("/api").status_code == 200


def test_core_root_success(client, get):
    landing = get("/api")
    assert landing["title"] == "市中规划图集"
    assert_typed_links(landing)
    assert links(landing, "service-desc")
    assert links(landing, "service-doc")
    assert links(landing, "conformance")
    assert links(landing, "data")
    for each in landing["links"]:
        answer = client.get(local(each["href"]))
        assert answer.status_code == 200, each
        assert answer.headers["content-type"].startswith(each["type"].split(";")[0]), each


def test_core_api_definition_op(client, get):
    for rel in ("service-desc", "service-doc"):
        for each in links(get("/api"), rel):
            assert client.get(local(each["href"])).status_code == 200


def test_core_api_definition_success(client, get):
    (each,) = links(get("/api"), "service-desc")
    answer = client.get(local(each["href"]))
    assert answer.headers["content-type"] == each["type"]
    assert each["type"] == "application/vnd.oai.openapi+json;version=3.0"


def test_core_conformance_op(client, get):
    assert client.get(link(get("/api"), "conformance", "application/json")).status_code == 200


def test_core_conformance_success(get):
    declared = get("/api/conformance")["conformsTo"]
    assert len(declared) == len(set(declared))
    assert {CORE + name for name in ("core", "geojson", "html", "oas30")} <= set(declared)


def test_core_fc_md_op(client, get):
    assert client.get(link(get("/api"), "data", "application/json")).status_code == 200


def test_core_fc_md_success(get):
    document = get("/api/collections")
    assert {"links", "collections"} <= document.keys()
    assert len({each["id"] for each in document["collections"]}) == len(document["collections"])


def test_core_fc_md_links(get):
    document = get("/api/collections")
    assert_typed_links(document)
    assert [each["type"] for each in links(document, "self")] == ["application/json"]
    assert [each["type"] for each in links(document, "alternate")] == ["text/html"]


def test_core_fc_md_items(get):
    for collection in get("/api/collections")["collections"]:
        assert collection["id"]
        assert_typed_links(collection)


def test_core_fc_md_items_links(client, get):
    for collection in get("/api/collections")["collections"]:
        found = links(collection, "items")
        assert {each["type"] for each in found} == {"application/geo+json", "text/html"}
        for each in found:
            answer = client.get(local(each["href"]))
            assert answer.headers["content-type"].startswith(each["type"])


def test_core_fc_md_extent_multi(get, path, items):
    spatial = get(path)["extent"]["spatial"]
    assert spatial.get("crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84").endswith("/CRS84")
    first, *others = spatial["bbox"]
    assert not others
    assert all(box(*first).covers(shape(f["geometry"])) for f in items if f["geometry"])


def test_core_sfc_md_op(client, path):
    assert client.get(path).status_code == 200


def test_core_sfc_md_success(get, path):
    listed = {each["id"]: each for each in get("/api/collections")["collections"]}
    alone = get(path)
    assert alone == listed[alone["id"]]
    assert links(alone, "self")


def test_core_fc_op(client, path):
    for suffix in ("", "?limit=1"):
        answer = client.get(f"{path}/items{suffix}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/geo+json"


def test_core_fc_response(get, path):
    document = get(f"{path}/items")
    assert document["type"] == "FeatureCollection"
    # A time stamp would be another answer each second, which nobody could keep.
    assert "timeStamp" not in document


def test_core_fc_links(get, path):
    document = get(f"{path}/items", limit=1)
    assert_typed_links(document)
    assert [each["type"] for each in links(document, "self")] == ["application/geo+json"]
    assert [each["type"] for each in links(document, "alternate")] == ["text/html"]
    following = links(document, "next")
    assert bool(following) == (document["numberMatched"] > 1)
    for each in following:
        page = get(local(each["href"]))
        assert page["features"][0]["id"] != document["features"][0]["id"]


def test_core_fc_number_matched(get, path, items):
    assert get(f"{path}/items", limit=1)["numberMatched"] == len(items)


def test_core_fc_number_returned(get, path):
    for limit in (1, 3, 10_000):
        page = get(f"{path}/items", limit=limit)
        assert page["numberReturned"] == len(page["features"])


def test_core_crs84(get, path, items):
    west, south, east, north = get(path)["extent"]["spatial"]["bbox"][0]
    for feature in filter(lambda each: each["geometry"], items):
        left, bottom, right, top = shape(feature["geometry"]).bounds
        assert -180 <= west <= left <= right <= east <= 180
        assert -90 <= south <= bottom <= top <= north <= 90


def test_core_fc_bbox_definition(description, path):
    parameter = parameters(description, path)["bbox"]
    assert_query_parameter(parameter)
    schema = parameter["schema"]
    assert (schema["type"], schema["minItems"], schema["maxItems"]) == ("array", 4, 6)
    assert schema["items"] == {"type": "number"}
    assert schema["oneOf"] == [{"minItems": n, "maxItems": n} for n in (4, 6)]


@pytest.mark.parametrize("corners", [(116.95, 36.55, 117.0, 36.6), (0, 0, 1, 1)])
def test_core_fc_bbox_response(get, path, items, corners):
    """What has no place is not in a box: see docs/decisions/0016."""
    asked = box(*corners)
    expected = [f["id"] for f in items if f["geometry"] and shape(f["geometry"]).intersects(asked)]
    west, south, east, north = corners
    for written in (f"{west},{south},{east},{north}", f"{west},{south},0,{east},{north},99"):
        found = get(f"{path}/items", bbox=written, limit=10_000)["features"]
        assert [each["id"] for each in found] == expected


def test_core_fc_limit_definition(description, path):
    parameter = parameters(description, path)["limit"]
    assert_query_parameter(parameter)
    schema = parameter["schema"]
    assert schema["type"] == "integer"
    assert 1 <= schema["minimum"] <= schema["default"] <= schema["maximum"]


def test_core_fc_limit_response(get, description, path, items):
    schema = parameters(description, path)["limit"]["schema"]
    for limit in (schema["minimum"], 2, schema["maximum"], schema["maximum"] + 1):
        found = get(f"{path}/items", limit=limit)["features"]
        assert len(found) == min(limit, schema["maximum"], len(items))
    assert len(get(f"{path}/items")["features"]) == min(schema["default"], len(items))


def test_core_fc_time_definition(description, path):
    parameter = parameters(description, path)["datetime"]
    assert_query_parameter(parameter)
    assert parameter["schema"]["type"] == "string"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("2024-06-01T12:00:00Z", "2024-06-01", "2024-06-01"),
        ("2024-06-01", "2024-06-01", "2024-06-01"),
        ("2020-01-01T00:00:00Z/2022-12-31T23:59:59Z", "2020-01-01", "2022-12-31"),
        ("../2020-12-31T00:00:00Z", "0001-01-01", "2020-12-31"),
        ("/2020-12-31T00:00:00Z", "0001-01-01", "2020-12-31"),
        ("2026-01-01T00:00:00Z/..", "2026-01-01", "9999-12-31"),
        ("2026-01-01T00:00:00Z/", "2026-01-01", "9999-12-31"),
    ],
)
def test_core_fc_time_response(get, path, items, asked, first, last):
    def end(feature, name, unknown):
        return date.fromisoformat(feature["properties"].get(name) or unknown)

    expected = [
        each["id"]
        for each in items
        if end(each, "valid_from", "0001-01-01") <= date.fromisoformat(last)
        and end(each, "valid_to", "9999-12-31") >= date.fromisoformat(first)
    ]
    found = get(f"{path}/items", datetime=asked, limit=10_000)["features"]
    assert [each["id"] for each in found] == expected


def test_core_query_param_unknown(assert_problem, path):
    for place in ("", "/items", "/items/nothing"):
        problem = assert_problem(f"{path}{place}?unknownQueryParameter=1", 400)
        assert problem["errors"][0]["parameter"] == "unknownQueryParameter"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", each) for each in ("0", "-1", "x", "1.5")),
        *(("bbox", each) for each in ("0,0,1", "0,0,0,0,0", "a,b,c,d")),
        *(("datetime", each) for each in ("yesterday", "2024-13-01T00:00:00Z", "../..x")),
    ],
)
def test_core_query_param_invalid(assert_problem, path, name, value):
    problem = assert_problem(f"{path}/items", 400, params={name: value})
    assert problem["errors"][0]["parameter"] == name


def test_core_f_op(client, path, items):
    for feature in items[:5]:
        assert client.get(f"{path}/items/{feature['id']}").status_code == 200
    assert client.get(f"{path}/items/there-is-none").status_code == 404


def test_core_f_success(client, path, items):
    for feature in items[:5]:
        answer = client.get(f"{path}/items/{feature['id']}")
        assert answer.headers["content-type"] == "application/geo+json"
        assert answer.json().items() >= feature.items()


def test_core_f_links(get, path, items):
    for feature in items[:5]:
        document = get(f"{path}/items/{feature['id']}")
        assert_typed_links(document)
        assert [each["type"] for each in links(document, "self")] == ["application/geo+json"]
        assert [each["type"] for each in links(document, "alternate")] == ["text/html"]
        (collection,) = links(document, "collection")
        assert local(collection["href"]) == path


def test_geojson_definition(client, path, items):
    for place in ("/items", f"/items/{items[0]['id']}"):
        answer = client.get(f"{path}{place}", headers={"accept": "application/geo+json"})
        assert answer.headers["content-type"] == "application/geo+json"


def test_geojson_content(path, items, get):
    validator = Draft202012Validator(FEATURE)
    for feature in items:
        validator.validate(feature)
    validator.validate(get(f"{path}/items/{items[0]['id']}"))
    assert len({each["id"] for each in items}) == len(items)


def test_html_definition(client, path, items):
    for place in ("/api", "/api/conformance", "/api/collections", path, f"{path}/items",
                  f"{path}/items/{items[0]['id']}"):  # fmt: skip
        answer = client.get(place, headers={"accept": "text/html"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")


class _Page(HTMLParser):
    """The addresses that a page leads to, and the elements that are open at its end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in {"meta", "link", "br", "img", "input", "hr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.hrefs += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_content(client, path, items):
    """All that the JSON says is in the page, and its links can be followed."""
    feature = items[0]
    page = client.get(f"{path}/items/{feature['id']}", params={"f": "html"}).text
    assert page.lower().startswith("<!doctype html>")
    read = _Page(page)
    assert read.open == []
    assert all(re.search(rf"\b{name}\b", page) for name in feature["properties"])
    leading = {local(each) for each in read.hrefs}
    assert f"{path}/items/{feature['id']}?f=json" in leading
    assert any(each.split("?")[0] == path for each in leading)


def test_oas30_definition_1(get):
    (each,) = links(get("/api"), "service-desc")
    assert get(local(each["href"]))["openapi"].startswith("3.0.")


def test_oas30_definition_2(description):
    assert {"openapi", "info", "paths"} <= description.keys()
    assert {"title", "version"} <= description["info"].keys()
    names = []
    for path, operations in description["paths"].items():
        assert path.startswith("/")
        for method, operation in operations.items():
            assert method in METHODS
            assert operation["responses"]
            names.append(operation["operationId"])
    assert len(names) == len(set(names))


def test_oas30_oas_impl(client, description, path, items):
    """Every path of Part 1 that is described is there with the media types it is said to have."""
    here = path.removeprefix("/api")
    for place in ("/", "/conformance", "/collections", here, f"{here}/items",
                  f"{here}/items/{{featureId}}"):  # fmt: skip
        concrete = f"/api{place}".rstrip("/").replace("{featureId}", items[0]["id"])
        for kind in description["paths"][place]["get"]["responses"]["200"]["content"]:
            answer = client.get(concrete, headers={"accept": kind})
            assert answer.headers["content-type"].split(";")[0] == kind


def test_oas30_completeness(description):
    for operations in description["paths"].values():
        for operation in operations.values():
            for code, answer in operation["responses"].items():
                assert re.fullmatch("[2-5][0-9]{2}", code)
                assert "$ref" in answer or answer["description"]


def test_oas30_exceptions_codes(client, description, path):
    here = path.removeprefix("/api")
    for place, asked, code in (
        (f"{here}/items", f"{path}/items?limit=0", 400),
        (f"{here}/items/{{featureId}}", f"{path}/items/there-is-none", 404),
        (here, f"{path}?unknown=1", 400),
    ):
        assert client.get(asked).status_code == code
        assert str(code) in description["paths"][place]["get"]["responses"]


def test_oas30_security(client, description, path):
    """What may be read by anybody says so by saying nothing; what may not names a scheme."""
    schemes = description["components"]["securitySchemes"]
    for operations in description["paths"].values():
        for method, operation in operations.items():
            named = {name for each in operation.get("security", []) for name in each}
            assert named <= schemes.keys()
            assert bool(named) == (method in {"post", "put", "patch", "delete"})
    assert client.post(f"{path}/items", json={}).status_code == 401
