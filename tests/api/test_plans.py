"""Plans, figures, search and facets as JSON."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.publishing import import_plan
from layers.store import Store

PLAN = "/api/plans/shizhong-14-5"


@pytest.fixture(scope="module")
def reading(tmp_path_factory, plan_text):
    """Return a client of an atlas that has two versions of its plan's text."""
    home = tmp_path_factory.mktemp("reading")
    store = Store(home / "atlas.sqlite")
    for text in (plan_text, plan_text.replace("120亿元", "150亿元")):
        import_plan(
            store,
            text.encode(),
            plan_id="shizhong-14-5",
            title="试写规划",
            title_en="A plan",
            date="2026-01",
            author="a",
            message="",
        )
    with TestClient(create_app(Settings(home=home))) as client:
        yield client


def test_a_plan_is_described_without_its_text(get):
    (plan,) = get("/api/plans")["plans"]
    assert plan["id"] == "shizhong-14-5"
    assert plan["imported"] is False
    assert len(plan["sha256"]) == 64
    document = get(PLAN)
    assert [each["number"] for each in document["chapters"]] == list(range(13))


def test_the_ledger_counts_by_chapter_and_lists_the_sentences(get):
    ledger = get(f"{PLAN}/coverage")
    assert ledger["total"]["sentences"] == len(ledger["sentences"]) == 807
    for chapter in ledger["chapters"]:
        assert sum(chapter["counts"].values()) == chapter["sentences"]
        assert sum(chapter["percent"].values()) == pytest.approx(100, abs=0.3)
        if 3 <= chapter["chapter"] <= 12:
            assert chapter["counts"]["todo"] == 0
    one = get(f"{PLAN}/coverage", chapter=4, state="partly")["sentences"]
    assert one
    assert {(each["chapter"], each["state"]) for each in one} == {(4, "partly")}


def test_every_feature_that_the_ledger_names_is_there(client, get):
    named = {ref for each in get(f"{PLAN}/coverage")["sentences"] for ref in each["features"]}
    known = {
        f"{layer_id}/{feature['id']}"
        for layer_id in ("district", "zones", "places", "projects")
        for feature in get(f"/api/collections/{layer_id}/items", limit=1000)["features"]
    }
    assert named <= known


def test_statements_come_with_citation_outcome_and_reason(get):
    document = get(f"{PLAN}/statements")
    assert sum(document["counts"].values()) == len(document["statements"]) > 200
    for statement in document["statements"]:
        assert statement["outcome"] in {"holds", "fails", "untestable"}
        assert statement["reason"]
        assert statement["reason_en"]
        assert all(len(citation["sha256"]) == 64 for citation in statement["citations"])


def test_a_proposal_without_roads_names_what_is_missing(assert_problem):
    problem = assert_problem(f"{PLAN}/proposals/linzhixiang-penghuqu", 404)
    assert "has no geometry" in problem["detail"]


def test_every_figure_has_name_value_unit_period_hedge_and_citation(get):
    indicators = get("/api/indicators")["indicators"]
    assert len(indicators) >= 60
    for each in indicators:
        assert each["id"]
        assert each["name"]
        assert isinstance(each["value"], int | float)
        assert each["unit"]
        assert each["period"]
        assert {"plan", "chapter", "section", "paragraph", "start", "end"} <= set(each["citation"])
        assert each["actual"] == []
    gdp = next(each for each in indicators if each["id"] == "gdp-2025")
    assert (gdp["value"], gdp["unit"], gdp["period"]) == (1500, "亿元", "2025")


@pytest.mark.parametrize("query", ["lsb", "laoshangbu", "老商阜", "商埠", "老商埠街區"])
def test_search_finds_the_old_port_first(get, query):
    first = get("/api/search", q=query)["results"][0]
    assert (first["name"], first["collection"], first["id"]) == (
        "老商埠",
        "projects",
        "laoshangbu",
    )
    assert first["href"] == "/?f=projects/laoshangbu"


@pytest.mark.parametrize("query", ["qqqqq", "", "？！", "\x00"])
def test_search_for_nonsense_gives_nothing(get, query):
    assert get("/api/search", q=query)["results"] == []


@pytest.mark.parametrize(
    ("params", "parameter"),
    [({}, "q"), ({"q": "x" * 2001}, "q"), ({"q": "x", "limit": "-1"}, "limit"), ({"p": 1}, "p")],
)
def test_a_search_that_cannot_be_is_refused(assert_problem, params, parameter):
    assert parameter in assert_problem("/api/search", 400, params=params)["detail"]


def test_facets_count_what_the_items_hold(get):
    document = get("/api/facets", collection="projects", zone="南部生态区")
    items = get("/api/collections/projects/items", zone="南部生态区", limit=1000)
    assert document["matched"] == items["numberMatched"]
    for value in document["facets"]["stage"]:
        stage = {} if value["value"] == "none" else {"stage": value["value"]}
        if stage:
            narrowed = get("/api/collections/projects/items", zone="南部生态区", **stage)
            assert narrowed["numberMatched"] == value["count"]


@pytest.mark.parametrize(
    "params",
    [
        {"chapter": "4"},
        {"chapter": "4,9", "mapped": "true"},
        {"zone": "北部核心区,南部生态区"},
        {"zone": "none", "stage": "完成"},
    ],
)
def test_items_can_be_narrowed_by_several_facets_at_once(get, params):
    items = get("/api/collections/projects/items", limit=1000, **params)
    facets = get("/api/facets", collection="projects", **params)
    assert items["numberMatched"] == facets["matched"] > 0


def test_a_facet_that_cannot_be_is_refused(assert_problem):
    detail = assert_problem("/api/facets", 400, params={"mapped": "maybe"})["detail"]
    assert "true or false" in detail
    assert_problem("/api/facets", 404, params={"collection": "nowhere"})


def test_the_map_gets_every_feature_with_few_properties(get, client):
    collection = get("/api/collections/projects")
    enclosure = next(each for each in collection["links"] if each["rel"] == "enclosure")
    path = enclosure["href"].removeprefix("http://testserver").replace("/items", "/overview")
    answer = client.get(path)
    assert "immutable" in answer.headers["cache-control"]
    features = answer.json()["features"]
    assert len(features) == collection["numberOfItems"]
    assert all("summary" not in feature["properties"] for feature in features)


def test_two_versions_are_compared(reading):
    document = reading.get(f"{PLAN}/compare").json()
    assert (document["from"], document["to"]) == (1, 2)
    (change,) = document["changes"]
    inserted = "".join(d["text"] for d in change["differences"] if d["kind"] == "insert")
    assert inserted == "5"
    assert document["citations"]["features"]["lost"] == 0
    assert reading.get(f"{PLAN}/compare", params={"from": "1", "to": "7"}).status_code == 404
    assert reading.get(f"{PLAN}/compare", params={"from": "x"}).status_code == 400


def test_the_words_of_an_imported_text_are_found(reading):
    (hit,) = reading.get("/api/search", params={"q": "另行选址"}).json()["results"]
    assert hit["collection"] == "plan"
    assert hit["href"] == "/plan/shizhong-14-5#2-2-p1"


def test_an_import_by_another_process_is_shown_by_a_running_server(tmp_path, plan_text):
    with TestClient(create_app(Settings(home=tmp_path))) as client:
        assert client.get(PLAN).json()["imported"] is False
        import_plan(
            Store(tmp_path / "atlas.sqlite"),
            plan_text.encode(),
            plan_id="shizhong-14-5",
            title="试写规划",
            title_en="A plan",
            date="2026-01",
            author="a",
            message="",
        )
        client.app.state.published._asked -= 60
        assert client.get(PLAN).json()["imported"] is True


@pytest.mark.parametrize(
    ("page", "member"),
    [
        ("/plan/shizhong-14-5", "chapters"),
        ("/plan/shizhong-14-5/coverage?chapter=4", "sentences"),
        ("/plan/shizhong-14-5/statements", "statements"),
        ("/indicators", "indicators"),
    ],
)
def test_a_page_can_be_had_as_json(client, page, member):
    joint = "&" if "?" in page else "?"
    answer = client.get(f"{page}{joint}f=json")
    assert answer.json()[member]
    assert "/api/" in str(answer.url)


@pytest.mark.parametrize(
    "path", ["/plan/nothing", "/plan/nothing/coverage", "/plan/shizhong-14-5/compare"]
)
def test_a_plan_that_is_not_there_is_said(assert_problem, path):
    assert assert_problem(path, 404)["detail"]
