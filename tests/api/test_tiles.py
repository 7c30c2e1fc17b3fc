"""OGC API - Tiles Part 1: the abstract tests of the standard, by their names, and what we add."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import mapbox_vector_tile
import morecantile
import pytest
from morecantile.models import TileMatrixSet
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.catalogue import read_bundle
from layers.store import Store

OGC = "http://www.opengis.net/def/rel/ogc/1.0/"
TILES = "/api/collections/projects/tiles"
MERCATOR = f"{TILES}/WebMercatorQuad"
MVT = "application/vnd.mapbox-vector-tile"
JINAN = (117.0, 36.6)


def href(document, rel, media_type=None, title=""):
    return next(
        link["href"]
        for link in document["links"]
        if link["rel"] == rel
        and media_type in (None, link["type"])
        and title in link.get("title", "")
    )


def at(z, matrix_set="WebMercatorQuad"):
    tile = morecantile.tms.get(matrix_set).tile(*JINAN, z)
    return f"{z}/{tile.y}/{tile.x}"


def filled(template, z):
    tile = morecantile.tms.get("WebMercatorQuad").tile(*JINAN, z)
    known = {"{tileMatrix}": z, "{tileRow}": tile.y, "{tileCol}": tile.x}
    known |= {"{z}": z, "{y}": tile.y, "{x}": tile.x}
    for name, value in known.items():
        template = template.replace(name, str(value))
    return template


def test_core_conformance_success(get):
    declared = set(get("/api/conformance")["conformsTo"])
    tiles = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
    names = ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt")
    assert declared >= {tiles + name for name in (*names, "oas30")}
    tms = "http://www.opengis.net/spec/tms/2.0/conf/"
    names = ("tilematrixset", "json-tilematrixset", "tilesetmetadata", "json-tilesetmetadata")
    assert declared >= {tms + name for name in names}


def test_core_tc_success(client):
    answer = client.get(f"{MERCATOR}/{at(9)}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, MVT)
    tile = mapbox_vector_tile.decode(answer.content)
    assert set(tile) == {"projects", "projects_labels"}
    names = {each["properties"]["name"] for each in tile["projects"]["features"]}
    assert "南部科创新城" in names


def test_core_tc_error(client, assert_problem):
    empty = client.get(f"{MERCATOR}/11/0/0")
    assert (empty.status_code, empty.content) == (204, b"")
    assert "content-type" not in empty.headers
    for outside in ("25/0/0", "2/4/0", "2/0/4", f"2/0/{'9' * 300}", f"{'9' * 5000}/0/0"):
        assert_problem(f"{MERCATOR}/{outside}", 404)


@pytest.mark.parametrize(
    "words", ["-1", "1.5", "1e3", "abc", "\uff11", "%00", "0x1", " 1", "\u0661"]
)
@pytest.mark.parametrize(
    ("parameter", "path"),
    [("tileMatrix", "{}/0/0"), ("tileRow", "3/{}/0"), ("tileCol", "3/0/{}")],
)
def test_core_tc_parameters(assert_problem, parameter, path, words):
    for tiles in (MERCATOR, "/api/tiles/WorldCRS84Quad"):
        problem = assert_problem(f"{tiles}/{path.format(words)}", 400)
        assert [each["parameter"] for each in problem["errors"]] == [parameter]


@pytest.mark.parametrize(
    "path",
    [
        "/api/collections/nothing/tiles",
        "/api/collections/nothing/tiles/WebMercatorQuad",
        "/api/collections/nothing/tiles/WebMercatorQuad/0/0/0",
        "/api/collections/nothing/style",
        f"{TILES}/nothing",
        f"{TILES}/网格/0/0/0",
        f"{TILES}/{'x' * 3000}/0/0/0",
        "/api/tiles/nothing/0/0/0",
        "/api/tileMatrixSets/nothing",
        f"{MERCATOR}/0/0",
        f"{MERCATOR}/0/0/0/0",
        "/api/collections/projects/revisions/0000/tiles/WebMercatorQuad/0/0/0",
    ],
)
def test_what_is_not_there_is_a_problem(assert_problem, path):
    assert_problem(path, 404)


@pytest.mark.parametrize(
    "path",
    ["/api/tileMatrixSets", "/api/tiles", TILES, MERCATOR, f"{MERCATOR}/0/0/0", "/api/style"],
)
def test_unknown_parameters_and_formats_are_named(assert_problem, path):
    for name, value in (("surprise", "1"), ("f", "png")):
        problem = assert_problem(path, 400, params={name: value})
        assert [each["parameter"] for each in problem["errors"]] == [name]
    assert_problem(f"{path}?lang=zh&lang=en", 400)


def test_tilesets_list_tileset_links(client, get):
    for path, tiles in (("/api/collections/projects", TILES), ("/api", "/api/tiles")):
        listed = get(client.get(href(get(path), f"{OGC}tilesets-vector")).url.path)["tilesets"]
        assert [each["tileMatrixSetURI"].rpartition("/")[2] for each in listed] == [
            "WebMercatorQuad",
            "WorldCRS84Quad",
        ]
        for each in listed:
            assert each["dataType"] == "vector"
            assert each["crs"].startswith("http://www.opengis.net/def/crs/")
            name = each["tileMatrixSetURI"].rpartition("/")[2]
            assert href(each, "self") == f"http://testserver{tiles}/{name}"
            assert client.get(href(each, f"{OGC}tiling-scheme")).json()["id"] == name


def test_dataset_tilesets_landingpage(client, get):
    landing = get("/api")
    assert client.get(href(landing, f"{OGC}tilesets-vector")).json()["tilesets"]
    assert client.get(href(landing, f"{OGC}tiling-schemes")).json()["tileMatrixSets"]


def test_geodata_tilesets_desc_links(get):
    for collection in get("/api/collections")["collections"]:
        listed = href(collection, f"{OGC}tilesets-vector", "application/json")
        assert listed.endswith(f"/api/collections/{collection['id']}/tiles")


@pytest.mark.parametrize("path", [TILES, "/api/tiles", "/api/collections/zones/tiles"])
@pytest.mark.parametrize("name", ["WebMercatorQuad", "WorldCRS84Quad"])
def test_tileset_description(client, get, path, name):
    document = get(f"{path}/{name}")
    assert document["dataType"] == "vector"
    assert document["tileMatrixSetURI"].endswith(f"/{name}")
    assert document["crs"] == morecantile.tms.get(name).model_dump(mode="json")["crs"]
    assert get(href(document, f"{OGC}tiling-scheme"))["uri"] == document["tileMatrixSetURI"]
    for link in (each for each in document["links"] if each["rel"] == "item"):
        assert (link["templated"], link["type"]) == (True, MVT)
        assert link["href"].endswith("/{tileMatrix}/{tileRow}/{tileCol}")
        known = {"{tileMatrix}": "0", "{tileRow}": "0", "{tileCol}": "0"}
        tile = link["href"]
        for variable, value in known.items():
            tile = tile.replace(variable, value)
        assert client.get(tile).status_code in {200, 204}
    (west, south), (east, north) = (
        document["boundingBox"][corner] for corner in ("lowerLeft", "upperRight")
    )
    assert 116 < west < east < 118
    assert 36 < south < north < 37


def test_the_layers_of_a_tileset_are_those_of_its_tiles(client, get):
    described = {each["id"]: each for each in get(MERCATOR)["layers"]}
    tile = mapbox_vector_tile.decode(client.get(f"{MERCATOR}/{at(9)}").content)
    assert described.keys() == tile.keys() == {"projects", "projects_labels"}
    types = {"string": str, "number": (int, float), "boolean": bool}
    for name, layer in tile.items():
        properties = described[name]["propertiesSchema"]["properties"]
        for feature in layer["features"]:
            for field, value in feature["properties"].items():
                assert isinstance(value, types[properties[field]["type"]])


def test_mvt_content(client):
    """The grid maps linearly to the tile, its origin at the top left."""
    for name in ("WebMercatorQuad", "WorldCRS84Quad"):
        tms = morecantile.tms.get(name)
        item = client.get("/api/collections/district/items/shizhong").json()
        ring = item["geometry"]["coordinates"][0]
        index = tms.tile(*ring[0], 12)
        bounds = tms.xy_bounds(index)
        address = f"/api/collections/district/tiles/{name}/12/{index.y}/{index.x}"
        decoded = mapbox_vector_tile.decode(
            client.get(address).content, default_options={"y_coord_down": True}
        )
        (feature,) = decoded["district"]["features"]
        assert decoded["district"]["version"] == 2
        assert feature["type"] == "Feature"
        x, y = tms.xy(*ring[0])
        there = (
            (x - bounds.left) / (bounds.right - bounds.left) * 4096,
            (bounds.top - y) / (bounds.top - bounds.bottom) * 4096,
        )
        points = [point for part in _rings(feature["geometry"]) for point in part]
        nearest = min(max(abs(px - there[0]), abs(py - there[1])) for px, py in points)
        # Generalised by at most a pixel.
        assert nearest < 8


def _rings(geometry):
    polygons = geometry["coordinates"]
    return polygons if geometry["type"] == "Polygon" else [r for part in polygons for r in part]


def test_oas30_operation_id(get):
    operations = [
        operation["operationId"]
        for path in get("/api/openapi")["paths"].values()
        for operation in path.values()
    ]
    assert max(Counter(operations).values()) == 1
    for suffix in (
        "getTileMatrixSetsList",
        "getTileMatrixSet",
        "dataset.vector.getTileSetsList",
        "dataset.vector.getTileSet",
        "dataset.vector.getTile",
        "collection.vector.getTileSetsList",
        "collection.vector.getTileSet",
        "collection.vector.getTile",
    ):
        assert any(each.endswith(suffix) for each in operations), suffix


def test_tms_json_tilematrixset(get):
    listed = get("/api/tileMatrixSets")["tileMatrixSets"]
    assert [each["id"] for each in listed] == ["WebMercatorQuad", "WorldCRS84Quad"]
    for each in listed:
        document = get(href(each, "self"))
        assert document["uri"] == each["uri"]
        read = TileMatrixSet.model_validate(document)
        assert read.bounds(0, 0, 0) == morecantile.tms.get(each["id"]).bounds(0, 0, 0)


def test_tilejson_names_tiles_that_are_there(client, get):
    document = get(MERCATOR, f="tilejson")
    assert document["tilejson"] == "3.0.0"
    (template,) = document["tiles"]
    # QGIS 3.40 draws nothing where braces are encoded.
    assert template.endswith("/{z}/{y}/{x}")
    tile = mapbox_vector_tile.decode(client.get(filled(template, 10)).content)
    fields = {each["id"]: each["fields"].keys() for each in document["vector_layers"]}
    for name, layer in tile.items():
        for feature in layer["features"]:
            assert feature["properties"].keys() <= fields[name]
    assert document["minzoom"] == 0 < document["maxzoom"]
    west, south, east, north = document["bounds"]
    assert west < document["center"][0] < east
    assert south < document["center"][1] < north


def test_tilejson_is_of_web_mercator_only(assert_problem):
    assert_problem(f"{TILES}/WorldCRS84Quad", 400, params={"f": "tilejson"})


def test_a_tile_of_the_dataset_is_that_of_every_collection(client):
    tile = mapbox_vector_tile.decode(client.get(f"/api/tiles/WebMercatorQuad/{at(11)}").content)
    assert tile.keys() >= {"district", "zones", "projects", "places"}
    alone = mapbox_vector_tile.decode(client.get(f"{MERCATOR}/{at(11)}").content)
    assert tile["projects"] == alone["projects"]


def test_a_tile_of_a_revision_never_changes_and_that_of_now_may(client, get):
    template = href(get(MERCATOR), "item", title="revision")
    fixed, pointer = client.get(filled(template, 11)), client.get(f"{MERCATOR}/{at(11)}")
    assert fixed.content == pointer.content
    assert fixed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "stale-while-revalidate" in pointer.headers["cache-control"]
    for answer, address in ((fixed, filled(template, 11)), (pointer, f"{MERCATOR}/{at(11)}")):
        tag = answer.headers["etag"]
        assert not tag.startswith("W/")
        again = client.get(address, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == answer.headers["cache-control"]
        assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200


def test_other_sites_may_read_tiles(client):
    for path in (f"{MERCATOR}/{at(11)}", f"{MERCATOR}/11/0/0", f"{MERCATOR}?f=tilejson"):
        answer = client.get(path, headers={"origin": "https://elsewhere.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_answers_as_get_without_a_body(client):
    for path in (TILES, MERCATOR, f"{MERCATOR}/{at(11)}", "/api/tileMatrixSets"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == got.headers["etag"]


def test_a_tile_that_was_made_is_sent_before_the_framework_is_asked(client):
    reads = client.app_state["reads"]
    host = [(b"host", b"testserver")]
    links = client.get("/api/collections/projects").json()
    revision = href(links, "enclosure").split("/revisions/")[1].split("/")[0]
    for url in (
        f"{MERCATOR}/{at(12)}",
        f"/api/collections/projects/revisions/{revision}/tiles/WebMercatorQuad/{at(12)}",
        f"{MERCATOR}/12/1/1",
    ):
        asked = client.get(url, headers={"accept-encoding": "identity"})
        ready = reads.answer(url.encode(), host)
        assert ready is not None
        assert (ready.status, b"".join(ready.body)) == (asked.status_code, asked.content)
        ours = {name.decode(): value.decode() for name, value in ready.headers}
        assert ours["cache-control"] == asked.headers["cache-control"]
        assert ours["etag"] == asked.headers["etag"]
        known = reads.answer(url.encode(), [*host, (b"if-none-match", ours["etag"].encode())])
        assert known is not None
        assert known.status == 304
        assert dict(known.headers)[b"cache-control"] == ours["cache-control"].encode()
    # What has to be generalised first is not made while others wait.
    for url in (f"{MERCATOR}/{at(5)}", f"{MERCATOR}/x/0/0", f"{MERCATOR}/99/0/0"):
        assert reads.answer(url.encode(), host) is None


def test_a_style_needs_nothing_but_the_tiles(client, get):
    for path, names in (
        ("/api/collections/projects/style", {"projects"}),
        ("/api/style", {"district", "zones", "places", "projects"}),
    ):
        answer = client.get(path)
        assert answer.headers["content-type"] == "application/vnd.mapbox.style+json"
        style = answer.json()
        assert style["version"] == 8
        assert not style.keys() & {"glyphs", "sprite"}
        (source,) = style["sources"].values()
        tilejson = get(source["url"])
        known = {each["id"] for each in tilejson["vector_layers"]}
        used = {each["source-layer"] for each in style["layers"]}
        assert used <= known
        assert {name for name in used if not name.endswith("_labels")} == names
        assert len({each["id"] for each in style["layers"]}) == len(style["layers"])


def test_names_are_in_the_language_of_the_style(get):
    def text(**query):
        layers = get("/api/collections/projects/style", **query)["layers"]
        return layers[-1]["layout"]["text-field"]

    assert text() == ["coalesce", ["get", "name"], ["get", "id"]]
    assert text(lang="en")[1] == ["get", "name_en"]


def test_a_collection_links_to_its_style(client, get):
    address = href(get("/api/collections/projects"), "stylesheet")
    assert client.get(address).json()["name"] == "重点项目"


@pytest.fixture
def parcels_client(tmp_path, parcels, grid):
    """Serve the parcels; gives a client, and what publishes others and shows them."""
    settings = Settings(home=tmp_path / "served", data=parcels)
    application = create_app(settings)
    store = Store(settings.store_address)
    with TestClient(application, raise_server_exceptions=False) as client:

        def publish(features):
            base = store.head("parcels")
            store.publish("parcels", features, base=base, kind="publish", author="t", message="")
            client.portal.call(application.state.published.renew)

        publish(grid)
        yield client, publish


def test_a_publish_changes_the_tiles_that_look_different(parcels_client, grid):
    client, publish = parcels_client
    path = "/api/collections/parcels/tiles/WebMercatorQuad"

    def tile(z, lon, lat):
        index = morecantile.tms.get("WebMercatorQuad").tile(lon, lat, z)
        return client.get(f"{path}/{z}/{index.y}/{index.x}")

    before = tile(16, 116.955, 36.555), tile(16, 116.985, 36.575)
    index = morecantile.tms.get("WebMercatorQuad").tile(116.955, 36.555, 16)
    at_row, at_col = index.y, index.x
    template = href(client.get(path).json(), "item", title="revision")
    changed = [replace(grid[0], properties=grid[0].properties | {"用地名称": "公园"}), *grid[1:]]
    publish(changed)
    after = tile(16, 116.955, 36.555), tile(16, 116.985, 36.575)
    assert before[0].headers["etag"] != after[0].headers["etag"]
    assert before[1].headers["etag"] == after[1].headers["etag"]
    names = {
        each["properties"].get("name")
        for each in mapbox_vector_tile.decode(after[0].content)["parcels_labels"]["features"]
    }
    assert "公园" in names
    older = client.get(template.format(tileMatrix=16, tileRow=at_row, tileCol=at_col))
    assert older.content == before[0].content
    assert "immutable" in older.headers["cache-control"]


def test_an_office_s_own_columns_are_in_the_tile(parcels_client):
    client, _ = parcels_client
    index = morecantile.tms.get("WebMercatorQuad").tile(116.97, 36.565, 12)
    path = f"/api/collections/parcels/tiles/WebMercatorQuad/12/{index.y}/{index.x}"
    feature = mapbox_vector_tile.decode(client.get(path).content)["parcels"]["features"][0]
    # The column of the ids is the id.
    assert feature["properties"] == {
        "id": "Z001",
        "用地名称": "居住用地（1号）",
        "用地代码": "R2",
        "面积": 100.0,
    }


def test_an_internal_feature_is_in_no_tile(tmp_path, data, edit):
    def hide(document):
        document["features"][0]["properties"]["access"] = "internal"

    edit("zones.geojson", hide)
    with TestClient(create_app(Settings(home=tmp_path / "home", data=data))) as client:
        hidden = read_bundle(data).features["zones"][0]
        for z in (0, 9, 11):
            tile = mapbox_vector_tile.decode(
                client.get(f"/api/tiles/WebMercatorQuad/{at(z)}").content
            )
            for name in {"zones", "zones_labels"} & tile.keys():
                shown = [each["properties"]["id"] for each in tile[name]["features"]]
                assert hidden.id not in shown
        content = client.get("/api/collections/zones/tiles/WebMercatorQuad/0/0/0").content
        assert hidden.properties["name"].encode() not in content
        assert "中部崛起区".encode() in content
