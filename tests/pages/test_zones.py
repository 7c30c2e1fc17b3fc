"""The profile of a zone, and all zones side by side."""

from __future__ import annotations

import re

import pytest
from pyproj import Geod

ZONES = ["beibu-hexinqu", "zhongbu-jueqiqu", "nanbu-shengtaiqu"]


@pytest.mark.parametrize("zone_id", ZONES)
def test_the_area_is_that_of_the_ellipsoid(visitor, application, zone_id):
    zones = application.state.published.latest.atlas.listed["zones"].features
    geometry = next(each.geometry for each in zones if each.id == zone_id)
    area, _ = Geod(ellps="GRS80").geometry_area_perimeter(geometry)
    assert f"{abs(area) / 1e6:.2f} 平方公里" in visitor.read(f"/zones/{zone_id}")


def test_projects_are_counted_by_stage_and_lead_to_their_table(visitor, application):
    page = visitor.read("/zones/beibu-hexinqu")
    projects = application.state.published.latest.atlas.listed["projects"].features
    under_way = [
        each
        for each in projects
        if (each.properties["zone"], each.properties["stage"]) == ("北部核心区", "建设")
    ]
    row = re.search(r"<a href=\"(/tables/projects[^\"]*)\">建设</a></th><td>(\d+)</td>", page)
    assert row is not None
    assert int(row[2]) == len(under_way) > 0
    assert visitor.get(row[1].replace("&amp;", "&")).status_code == 200


def test_what_the_plan_says_of_space_is_counted_by_outcome(visitor):
    page = visitor.read("/zones/nanbu-shengtaiqu")
    section = page[page.index('id="statements-title"') : page.index('id="figures-title"')]
    assert re.search(r"成立：\d+　不成立：\d+　无法检验：\d+", section)


def test_a_card_has_the_plans_own_verb_its_stage_and_how_sure_the_place_is(visitor):
    page = visitor.read("/zones/beibu-hexinqu")
    card = page[page.index('href="/features/projects/laoshangbu"') :].split("</li>")[0]
    assert "整治提升" in card
    assert "建设" in card
    assert "示意 ±1.2 km" in card


def test_the_three_zones_stand_side_by_side(visitor):
    page = visitor.read("/zones", lang="en")
    for name in ("Northern Core Zone", "Rising Middle Zone", "Southern Ecological Zone"):
        assert f'<th scope="col">{name}</th>' in page
    assert page.count('<th scope="row">') > 15


def test_an_unknown_zone_is_not_found(visitor):
    assert visitor.get("/zones/nowhere").status_code == 404


def test_internal_projects_are_not_counted(own, publish):
    visitor, store = own
    before = visitor.read("/zones/beibu-hexinqu")
    publish(store, "x", laoshangbu={"access": "internal"})
    after = visitor.read("/zones/beibu-hexinqu")
    assert "老商埠" in before
    assert 'href="/features/projects/laoshangbu"' not in after
