"""Collections that PostgreSQL serves answer what the packed ones do, and the others go on alone."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import geopandas
import geopandas.testing
import mapbox_vector_tile
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.accounts import new_account, new_token
from layers.model import Feature
from layers.store import Store

PROJECTS = "/api/collections/projects/items"
PLOTS = "/api/collections/plots/items"
CRS = "http://www.opengis.net/def/crs/EPSG/0/"


def plots(count):
    """Return parcels in a row, every fifth of them internal."""
    return [
        Feature(
            f"地块 {n:03}",
            box(116.9 + n / 1000, 36.6, 116.901 + n / 1000, 36.601),
            {
                "地块编号": f"地块 {n:03}",
                "用地名称": 'say "this" \\' if n % 3 else None,
                "用地代码": ("R2", "B1", "G1")[n % 3],
                "面积": n / 2,
                "access": "internal" if n % 5 == 4 else "public",
            },
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, declare):
    return declare(tmp_path_factory.mktemp("declared") / "data", {"id": "plots"})


@pytest.fixture(scope="module")
def address(cluster):
    store = Store(cluster.database())
    store.publish("plots", plots(60), base=None, kind="publish", author="me", message="first")
    head = store.head("plots")
    store.publish("plots", plots(60)[5:], base=head, kind="publish", author="me", message="second")
    store.close()
    return store.where


@pytest.fixture(scope="module")
def open_client(tmp_path_factory, folder):
    def start(address, largest):
        home = tmp_path_factory.mktemp("home")
        app = create_app(
            Settings(home=home, store=address, data=folder, largest_packed=largest, rate_limit="")
        )
        return TestClient(app, raise_server_exceptions=False)

    return start


@pytest.fixture(scope="module")
def database(address, open_client):
    with open_client(address, 10) as client:
        yield client


@pytest.fixture(scope="module")
def packed(address, open_client, database):
    with open_client(address, 0) as client:
        yield client


def test_the_threshold_decides_how_a_layer_is_served(database, packed):
    for client, largest in ((database, 10), (packed, None)):
        layers = client.app.state.published.latest.atlas.layers
        for layer in layers.values():
            stays = largest is not None and layer.count > largest
            assert hasattr(layer, "packed") != stays, layer.layer.id


ASKED = [
    PROJECTS,
    PLOTS,
    f"{PROJECTS}?limit=7&offset=30",
    f"{PROJECTS}?bbox=116.95,36.6,117,36.65&limit=1000",
    f"{PROJECTS}?bbox=170,36,117,37&limit=1000",
    f"{PROJECTS}?bbox=36.6,116.95,36.65,117&bbox-crs={CRS}4490",
    f"{PROJECTS}?bbox=4050000,490000,4056000,500000&bbox-crs={CRS}4548",
    f"{PROJECTS}?datetime=2021-01-01/2025-12-31",
    f"{PROJECTS}?datetime=../2020-01-01T00:00:00Z",
    f"{PROJECTS}?zone=北部核心区&stage=建设,none&limit=1000",
    f"{PROJECTS}?chapter=3,4&mapped=false&limit=1000",
    f"{PROJECTS}?commitment=谋划",
    f"{PROJECTS}?sortby=-uncertainty_m,name_en&limit=25",
    f"{PROJECTS}?properties=name,zone&skipGeometry=true&limit=3",
    f"{PROJECTS}?crs={CRS}4548&limit=20",
    f"{PROJECTS}?filter=uncertainty_m / 2 %2B 50 > 200 AND name LIKE '%25公园%25'",
    f"{PROJECTS}?filter=NOT zone = '北部核心区' OR A_CONTAINS(industries, ('文化旅游'))&limit=500",
    f"{PROJECTS}?filter=S_INTERSECTS(geometry, BBOX(116.9, 36.6, 117.0, 36.7))",
    f"{PROJECTS}?filter=T_AFTER(valid_from, DATE('2020-01-01'))&filter-lang=cql2-text",
    f"{PLOTS}?用地代码=B1",
    f"{PLOTS}?filter=面积 > 10 AND 用地名称 IS NULL&sortby=-面积",
    f"{PLOTS}?revision=1",
    f"{PLOTS}?revision=1&limit=3&offset=3",
]


@pytest.mark.parametrize("path", ASKED)
def test_items_are_the_same_bytes(database, packed, path):
    one, other = database.get(path), packed.get(path)
    assert one.status_code == other.status_code == 200, one.text
    for name in ("content-type", "content-crs", "vary", "cache-control"):
        assert one.headers[name] == other.headers[name]
    without_links = re.compile(rb'"links":\[.*?\],"features"', re.DOTALL)
    bodies = [without_links.sub(b'"features"', each.content) for each in (one, other)]
    assert bodies[0] == bodies[1]
    assert b"internal" not in one.content


def test_an_item_is_the_same_bytes_and_has_the_same_tag(database, packed):
    for path in (
        f"{PROJECTS}/laoshangbu",
        f"{PLOTS}/地块 007",
        f"{PROJECTS}/laoshangbu?crs={CRS}4490",
    ):
        one, other = database.get(path), packed.get(path)
        assert one.status_code == 200
        assert one.content == other.content
        assert one.headers["etag"] == other.headers["etag"]
        again = database.get(path, headers={"if-none-match": one.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["地块 009", "nothing", "%00", "..%2F.."])
def test_what_is_internal_is_as_unknown_as_what_is_not_there(database, name):
    answer = database.get(f"{PLOTS}/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["地块 009", "nothing", "%00", ""])
def test_a_page_behind_nothing_is_refused(database, packed, name):
    for client in (database, packed):
        answer = client.get(f"{PLOTS}?after={name}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["parameter"] == "after"


def test_what_is_known_of_a_collection_is_the_same(database, packed):
    for name in ("projects", "plots"):
        one, other = (c.get(f"/api/collections/{name}").json() for c in (database, packed))
        for member in ("numberOfItems", "extent", "revision", "crs", "title"):
            assert one[member] == other[member]


def test_the_whole_collection_is_streamed_as_it_was_published(database, packed):
    address = {}
    for client in (database, packed):
        links = client.get("/api/collections/plots").json()["links"]
        enclosed = [each["href"] for each in links if each["rel"] == "enclosure"]
        (address[client],) = [each for each in enclosed if "/revisions/" in each]
    one, other = database.get(address[database]), packed.get(address[packed])
    assert one.content == other.content
    assert "immutable" in one.headers["cache-control"]
    etag = one.headers["etag"]
    assert database.get(address[database], headers={"if-none-match": etag}).status_code == 304


@pytest.mark.parametrize("number", [1, 2])
def test_a_whole_revision_is_the_same_bytes_under_an_address_that_never_changes(
    database, packed, number
):
    one, other = (
        client.get(f"/api/collections/plots/revisions/{number}/items")
        for client in (database, packed)
    )
    assert one.status_code == other.status_code == 200
    assert one.content == other.content
    assert f"/revisions/{number}-" in str(one.url)
    assert "immutable" in one.headers["cache-control"]
    assert len(one.json()["features"]) == {1: 48, 2: 44}[number]
    page = database.get(f"{PLOTS}?revision={number}&limit=1000").json()
    assert page["features"] == one.json()["features"]


ASKED_BESIDE = [
    "/api/collections/plots/revisions",
    "/api/collections/plots/revisions/1",
    "/api/collections/plots/diff?from=1&to=2",
    "/api/collections/plots/diff?from=2&to=1&f=geojson",
    "/api/collections/plots/diff?from=0&to=1&limit=7",
    "/api/collections/plots/diff?f=html&lang=en",
    "/api/at?point=116.9305,36.6005",
    "/api/at?point=116.9305,36.6005&within=300&limit=3&collections=plots,projects",
    f"/api/at?point=36.6005,116.9305&crs={CRS}4490",
    "/api/stats",
    "/api/stats?bbox=116.9,36.6,116.95,36.7&collections=plots,zones",
    "/api/collections/projects/stats",
    "/api/collections/projects/stats?zone=北部核心区&mapped=true",
    "/api/collections/plots/stats?用地代码=R2&lang=en",
    "/api/collections/plots/stats?filter=面积 > 10&revision=1",
    f"/api/collections/plots/stats?bbox=36.6,116.9,36.61,116.95&bbox-crs={CRS}4490",
]


@pytest.mark.parametrize("path", ASKED_BESIDE)
def test_what_is_asked_beside_items_is_the_same(database, packed, path):
    one, other = database.get(path), packed.get(path)
    assert one.status_code == other.status_code == 200, (one.text[:300], other.text[:300])
    digests = [c.app.state.published.latest.atlas.layers for c in (database, packed)]
    bodies = [
        re.sub("|".join(each.digest for each in known.values()), "", answer.text)
        for known, answer in zip(digests, (one, other), strict=True)
    ]
    assert bodies[0] == bodies[1]
    assert "internal" not in one.text


DOWNLOADS = [
    "projects/download.geojson",
    "plots/download.geojson?用地代码=R2&sortby=-面积",
    "plots/download.geojson?limit=5&offset=3",
    "plots/download.geojson?revision=1",
    "plots/download.geojson?用地代码=none",
    "plots/download.csv",
    f"plots/download.csv?crs={CRS}4548&filter=面积 > 10",
    "plots/download.kml?bbox=116.9,36.6,116.95,36.7",
    "plots/download.fgb?revision=1",
    "plots/download.parquet?skipGeometry=true&properties=用地代码",
]


@pytest.mark.parametrize("path", DOWNLOADS)
def test_a_file_is_the_same_bytes_and_has_the_same_name(database, packed, path):
    one, other = (client.get(f"/api/collections/{path}") for client in (database, packed))
    assert one.status_code == other.status_code == 200, (one.text[:300], other.text[:300])
    assert one.content == other.content
    for name in ("content-disposition", "etag", "content-type"):
        assert one.headers[name] == other.headers[name]
    assert b"internal" not in one.content
    part = database.get(f"/api/collections/{path}", headers={"range": "bytes=10-29"})
    assert (part.status_code, part.content) == (206, one.content[10:30])


@pytest.mark.parametrize("ending", ["gpkg", "shp.zip", "dxf"])
def test_a_file_that_has_the_time_in_it_has_the_same_features(database, packed, tmp_path, ending):
    read = []
    for name, client in (("database", database), ("packed", packed)):
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(client.get(f"/api/collections/plots/download.{ending}").content)
        read.append(pyogrio.read_dataframe(path))
    assert len(read[0]) == 44
    geopandas.testing.assert_geodataframe_equal(*read)


def test_a_page_that_the_client_has_is_not_sent_again(database):
    first = database.get(f"{PLOTS}?limit=5")
    known = {"if-none-match": first.headers["etag"]}
    assert database.get(f"{PLOTS}?limit=5", headers=known).status_code == 304
    assert database.get(f"{PLOTS}?limit=6", headers=known).status_code == 200


def walk(client, path):
    """Yield the pages that next links lead through."""
    while path:
        page = client.get(path).json()
        yield page
        path = next((each["href"] for each in page["links"] if each["rel"] == "next"), None)


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    limit=st.integers(3, 60),
    query=st.sampled_from(
        ["", "&sortby=-面积", "&sortby=用地名称,-用地代码", "&filter=面积 > 5", "&用地代码=R2"]
    ),
)
def test_next_links_yield_each_item_once(database, packed, limit, query):
    pages = list(walk(database, f"{PLOTS}?limit={limit}{query}"))
    seen = [feature for page in pages for feature in page["features"]]
    assert seen == packed.get(f"{PLOTS}?limit=1000{query}").json()["features"]
    assert {page["numberMatched"] for page in pages} == {len(seen)}
    assert all(page["numberReturned"] == limit for page in pages[:-1])


def test_a_next_link_tells_no_place_but_an_item_that_was_shown(database):
    page = database.get(f"{PLOTS}?limit=5").json()
    (link,) = [each["href"] for each in page["links"] if each["rel"] == "next"]
    given = parse_qs(urlsplit(link).query)
    assert given == {"limit": ["5"], "after": [page["features"][-1]["id"]]}


def test_pages_for_people_are_there(database):
    for path in (PLOTS, f"{PLOTS}/地块 007", "/api/collections", "/api/collections/plots"):
        answer = database.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200, path
        assert "地块" in answer.text
        assert "地块 009" not in answer.text


def test_pages_leave_out_what_is_too_large_to_be_listed(database):
    for path in ("/", "/maps/plots", "/maps/projects", "/api/search?q=老商埠", "/api/facets"):
        assert database.get(path).status_code == 200, path
    assert "太多不逐一列出" in database.get("/").text


def test_a_large_collection_has_neither_overview_nor_facets(database):
    digest = database.app.state.published.latest.atlas.layers["plots"].digest
    answer = database.get(f"/api/collections/plots/revisions/{digest}/overview")
    assert answer.status_code == 404
    assert database.get("/api/facets?collection=plots").status_code == 400


@pytest.mark.parametrize(
    "text", ["面积 ^ 0.5 > 1 AND 面积 ^ -400 > 0", "(0 - 面积) ^ 0.5 > 1", "colour = 'red'"]
)
def test_a_filter_that_cannot_be_computed_names_the_parameter(database, text):
    answer = database.get(PLOTS, params={"filter": text})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "filter"


@pytest.fixture
def editor(cluster, open_client):
    store = Store(cluster.database())
    # The schema does not declare access, and a layer that breaks it is checked no further.
    plain = [Feature(f.id, f.geometry, dict(list(f.properties.items())[:4])) for f in plots(20)]
    store.publish("plots", plain, base=None, kind="publish", author="me", message="m")
    account = new_account("me", "me", "editor", "a long enough passphrase")
    store.people.add(account, author="me")
    token, secret = new_token(account, "test", ["*:edit"], 1, ["plots"])
    store.people.add_token(token, author="me")
    store.close()
    with open_client(store.where, 10) as client:
        client.headers["authorization"] = f"Bearer {secret}"
        yield client


def moved(west):
    ring = [[west, 36.6], [west + 0.001, 36.6], [west + 0.001, 36.601], [west, 36.601]]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def test_an_item_is_edited_and_shown_at_once(editor):
    before = editor.get(f"{PLOTS}/地块 007")
    tag = {"if-match": before.headers["etag"]}
    patch = {"properties": {"用地名称": "新"}}
    after = editor.patch(f"{PLOTS}/地块 007", json=patch, headers=tag)
    assert after.status_code == 200
    assert after.json()["properties"]["用地名称"] == "新"
    assert editor.get(f"{PLOTS}/地块 007").content == after.content
    assert editor.get(f"{PLOTS}?用地名称=新").json()["numberMatched"] == 1
    assert editor.patch(f"{PLOTS}/地块 007", json=patch, headers=tag).status_code == 412
    assert editor.delete(f"{PLOTS}/地块 007").status_code == 204
    assert editor.get(f"{PLOTS}/地块 007").status_code == 404


def test_an_edit_is_checked_against_what_is_near_in_the_database(editor, monkeypatch):
    monkeypatch.setattr("layers.updates._WHOLE", 5)
    refused = editor.patch(f"{PLOTS}/地块 003", json={"geometry": moved(116.9105)})
    assert refused.status_code == 422
    assert "overlap" in {each["code"] for each in refused.json()["errors"]}
    free = {"geometry": moved(116.99)}
    assert editor.patch(f"{PLOTS}/地块 003", json=free).status_code == 200


def test_without_its_database_such_a_collection_is_503_and_the_others_go_on(
    make_cluster, open_client
):
    cluster = make_cluster()
    store = Store(cluster.database())
    store.publish("plots", plots(20), base=None, kind="publish", author="me", message="m")
    store.close()
    with open_client(store.where, 10) as client:
        known = client.get("/api/collections/zones/items")
        # The histories of the layers are read when a page first tells of them.
        assert client.get("/").status_code == 200
        cluster.stop()
        for path in (PLOTS, f"{PLOTS}/地块 007", f"{PLOTS}?revision=1"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
        assert client.get("/api/collections/zones/items").content == known.content
        assert client.get("/").status_code == 200


def decoded(client, path):
    answer = client.get(path)
    if answer.status_code == 204:
        return {}
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    return {
        name: {each["properties"]["id"]: each for each in layer["features"]}
        for name, layer in mapbox_vector_tile.decode(answer.content).items()
    }


TILES = [
    f"/api/collections/projects/tiles/{name}"
    for name in (
        "WebMercatorQuad/8/99/211",
        "WebMercatorQuad/12/1599/3378",
        "WebMercatorQuad/14/6396/13515",
        "WorldCRS84Quad/8/75/422",
        "WebMercatorQuad/8/0/0",
    )
]


@pytest.mark.parametrize("path", TILES)
def test_a_tile_shows_the_same_features_in_the_same_places(database, packed, path):
    one, other = decoded(database, path), decoded(packed, path)
    assert one.get("projects", {}).keys() == other.get("projects", {}).keys()
    for name, feature in other.get("projects", {}).items():
        assert one["projects"][name]["properties"] == feature["properties"]
        here, there = (
            shapely.geometry.shape(each["projects"][name]["geometry"]) for each in (one, other)
        )
        assert here.hausdorff_distance(there) < 10


def test_each_name_stands_in_a_tile(database, packed):
    one, other = (decoded(client, TILES[0])["projects_labels"] for client in (database, packed))
    assert len(one) > 10
    assert {name: each["properties"] for name, each in one.items()} == {
        name: each["properties"] for name, each in other.items()
    }


def test_tiles_hold_nothing_internal(database, packed):
    path = "/api/collections/plots/tiles/WebMercatorQuad/12/1599/3378"
    shown = {each["id"] for each in packed.get(f"{PLOTS}?limit=1000").json()["features"]}
    tile = decoded(database, path)
    assert set(tile["plots"]) <= shown
    assert tile["plots"].keys() == decoded(packed, path)["plots"].keys()
    described = (
        client.get("/api/collections/plots/tiles/WebMercatorQuad?f=tilejson").json()
        for client in (database, packed)
    )
    assert len({str(each["vector_layers"]) for each in described}) == 1
