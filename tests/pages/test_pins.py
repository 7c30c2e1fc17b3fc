"""A free place as the subject of an opinion: only where the operator takes such."""

from __future__ import annotations

import pytest

from app.main import create_app
from app.settings import Settings


@pytest.fixture(scope="module")
def pinned(tmp_path_factory):
    return create_app(Settings(home=tmp_path_factory.mktemp("home"), opinion_pins=True))


@pytest.mark.parametrize("at", ["116.99,36.65", " 116.99 ， 36.65 "])
def test_typed_coordinates_lead_to_the_form_about_them(pinned, over, at):
    page = over(pinned).read("/opinions", at=at)
    assert 'name="about" value="pin:/116.99000,36.65000"' in page
    assert "地图上的一点" in page


@pytest.mark.parametrize("at", ["36.65,116.99", "0,0", "x", "1,2,3", "nan,nan", "1e400,1", "<b>"])
def test_what_is_no_place_of_the_district_is_said_where_it_was_typed(pinned, over, at):
    page = over(pinned).read("/opinions", at=at)
    assert 'role="alert"' in page
    assert 'aria-invalid="true"' in page
    assert "<b>”" not in page


def test_the_field_and_its_map_are_there_only_where_pins_are_taken(pinned, over, visitor):
    parts = ('name="at"', 'class="pin-map"', "/atlas/pin.js", 'id="atlas-config"')
    with_pins, without = over(pinned).read("/opinions"), visitor.read("/opinions")
    assert [part in with_pins for part in parts] == [True] * 4
    assert [part in without for part in parts] == [False] * 4
    assert "pin:/" not in visitor.read("/opinions", at="116.99,36.65")
