"""What the plan dates, as the API says it."""

from __future__ import annotations

import pytest

PATH = "/api/plans/shizhong-14-5/years"


def test_every_date_says_on_what_it_rests(get):
    document = get(PATH)
    assert document["years"] == [2021, 2022, 2023, 2024, 2025, 2035]
    assert {each["basis"] for each in document["features"]} == {"finished", "sentence"}
    for each in document["features"]:
        assert bool(each["citations"]) is (each["basis"] == "sentence")


def test_a_year_leaves_what_belongs_to_it_and_counts_what_has_no_date(get):
    whole, last = get(PATH), get(PATH, year="2035")
    ids = {each["id"] for each in last["features"]}
    assert ids < {each["id"] for each in whole["features"]}
    for each in last["collections"]:
        items = get(f"/api/collections/{each['id']}/items", limit="1")
        assert each["total"] == items["numberMatched"]
        assert each["undated"] == each["total"] - each["dated"]
        assert each["matched"] == sum(ref.startswith(f"{each['id']}/") for ref in ids)
    assert {each["id"] for each in last["collections"]} == {"places", "projects"}


def test_figures_are_those_that_the_plan_aims_at(get):
    assert get(PATH, year="2022")["figures"] == []
    figures = get(PATH, year="2025", lang="en")["figures"]
    known = {each["id"]: each for each in get("/api/indicators")["indicators"]}
    assert len(figures) == sum(each["status"] == "target" for each in known.values())
    assert {each["name"] for each in figures} <= {each["name_en"] for each in known.values()}


@pytest.mark.parametrize("year", ["2030", "soon", "2025,2035"])
def test_a_year_that_is_none_of_the_plan_is_refused(client, year):
    answer = client.get(PATH, params={"year": year})
    assert answer.status_code == 400
    assert "2021, 2022" in answer.json()["detail"]


def test_an_unknown_plan_is_not_found(client):
    assert client.get("/api/plans/nothing/years").status_code == 404
