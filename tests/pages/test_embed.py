"""Maps for the pages of others: what the code says, what the map then shows, who may frame it."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import urlsplit

import lxml.html
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings


def code(page: str) -> lxml.html.HtmlElement:
    """Return the frame that the page's code has."""
    text = lxml.html.fromstring(page).xpath("//textarea")[0].text
    return lxml.html.fromstring(text).xpath("//iframe")[0]


def config(page: str) -> dict:
    return json.loads(lxml.html.fromstring(page).xpath("//script[@id='atlas-config']")[0].text)


def drawn(page: str) -> list[str]:
    return [layer["id"] for layer in config(page)["layers"]]


def ancestors(answer) -> str:
    return answer.headers["content-security-policy"].rpartition("frame-ancestors ")[2]


def test_without_any_choice_the_code_shows_the_whole_atlas(visitor):
    frame = code(visitor.read("/embed"))
    assert frame.get("src") == "http://testserver/maps/atlas"
    assert (frame.get("width"), frame.get("height")) == ("100%", "480")
    assert frame.get("title") == "地图：市中规划图集"
    assert frame.get("loading") == "lazy"


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ({"layers": ["zones"]}, "/maps/zones"),
        ({"layers": ["zones", "projects"]}, "/maps/atlas?layers=zones,projects"),
        ({"f": "projects/laoshangbu"}, "/maps/atlas?f=projects/laoshangbu"),
        ({"zone": "北部核心区"}, "/maps/atlas?zone=%E5%8C%97%E9%83%A8%E6%A0%B8%E5%BF%83%E5%8C%BA"),
        ({"opacity-zones": "60", "opacity-places": "100"}, "/maps/atlas?opacity=zones:60"),
        ({"opacity": "zones:60"}, "/maps/atlas?opacity=zones:60"),
        ({"list": "1"}, "/maps/atlas?list=1"),
        ({"language": "en"}, "/maps/atlas?lang=en"),
    ],
)
def test_each_choice_of_the_form_is_in_the_code_and_in_the_preview(visitor, asked, query):
    page = visitor.read("/embed", **asked)
    assert code(page).get("src") == f"http://testserver{query}"
    preview = lxml.html.fromstring(page).xpath("//iframe[@class='embed-preview']")[0]
    assert preview.get("src") == query
    assert preview.get("title") == code(page).get("title")
    assert visitor.get(query).status_code == 200


def test_the_form_shows_what_was_chosen(visitor):
    page = lxml.html.fromstring(
        visitor.read("/embed", layers=["zones"], f="zones/beibu-hexinqu", width="640", list="1")
    )
    assert page.xpath("//input[@name='layers'][@checked]/@value") == ["zones"]
    assert page.xpath("//select[@name='f']//option[@selected]/@value") == ["zones/beibu-hexinqu"]
    assert page.xpath("//input[@name='width']/@value") == ["640"]
    assert page.xpath("//input[@name='list'][@checked]")


def test_a_frame_has_a_title_that_names_what_is_in_it(visitor):
    assert code(visitor.read("/embed", f="projects/laoshangbu")).get("title").endswith("老商埠")
    assert "重点项目" in code(visitor.read("/embed", layers="projects")).get("title")
    english = code(visitor.read("/embed", f="projects/laoshangbu", lang="en")).get("title")
    assert english.startswith("Map: ")


@pytest.mark.parametrize("name", ["width=9", "width=abc", "height=99999", "height=４８０"])
def test_a_size_that_cannot_be_is_said_and_left_out(visitor, name):
    field, _, value = name.partition("=")
    page = visitor.read("/embed", **{field: value})
    assert f"链接里的“{name}”用不了" in page
    assert (code(page).get("width"), code(page).get("height")) == ("100%", "480")


def test_the_code_leads_back_to_the_atlas_and_says_that_it_is_a_sketch(visitor):
    page = lxml.html.fromstring(visitor.read("/embed", f="projects/laoshangbu"))
    text = page.xpath("//textarea")[0].text
    assert "示意图，不作为法定规划依据" in text
    assert 'href="http://testserver/?f=projects/laoshangbu"' in text


def test_nothing_that_an_address_says_gets_out_of_the_code(visitor):
    evil = '"><script>alert(1)</script>'
    page = visitor.read("/embed", f=evil, layers=evil, zone=evil, width=evil, opacity=evil)
    assert "<script>alert" not in html.unescape(
        lxml.html.fromstring(page).xpath("//textarea")[0].text
    )
    assert "<script>alert" not in page


def test_a_map_draws_the_chosen_layers_and_the_frame_of_the_district(visitor):
    assert drawn(visitor.read("/maps/atlas")) == ["district", "zones", "places", "projects"]
    assert drawn(visitor.read("/maps/atlas", layers="projects")) == ["district", "projects"]
    assert drawn(visitor.read("/maps/zones")) == ["district", "zones"]


def test_a_map_begins_at_its_feature_and_says_how_sure_its_place_is(visitor):
    page = visitor.read("/maps/atlas", f="projects/laoshangbu")
    (south, west), (north, east) = config(page)["bounds"]
    assert 36 < south < north < 37
    assert 116 < west < east < 118
    assert config(page)["ref"] == "projects/laoshangbu"
    assert "示意，位置误差约 ±1.2 km" in page
    assert 'href="/?f=projects/laoshangbu"' in page


def test_of_a_feature_without_a_place_the_map_says_so(visitor):
    (ref, *_) = [
        f"places/{each['id']}"
        for each in visitor.get("/api/collections/places/items?limit=200&f=json").json()["features"]
        if each["geometry"] is None
    ]
    page = visitor.read("/maps/atlas", f=ref)
    assert config(page)["bounds"] is None
    assert "规划没有给出足以定位的依据" in page


def test_facets_leave_out_the_rest_and_one_zone_is_what_the_map_begins_with(visitor):
    page = visitor.read("/maps/atlas", zone="北部核心区", list="1")
    away = config(page)["away"]
    assert "projects/laoshangbu" not in away
    assert away
    listed = re.findall(r'data-ref="([^"]+)"', page)
    assert "projects/laoshangbu" in listed
    assert not {*away} & {*listed}
    zone = config(visitor.read("/maps/atlas", f="zones/beibu-hexinqu"))["bounds"]
    assert config(page)["bounds"] == zone


def test_the_list_has_everything_that_is_drawn_and_is_left_out_unless_asked_for(visitor):
    assert 'class="embed-list"' not in visitor.read("/maps/projects")
    page = visitor.read("/maps/projects", list="1")
    count = visitor.get("/api/collections/projects/items?limit=1&f=json").json()["numberMatched"]
    assert page.count("data-ref=") == count


def test_opacity_is_as_the_atlas_page_has_it(visitor):
    fades = config(visitor.read("/maps/atlas", opacity="zones:60,projects:5,places:100"))["fades"]
    assert fades == {"zones": 60, "projects": 10}


@pytest.mark.parametrize(
    "asked",
    [
        {"layers": "nowhere,zones"},
        {"f": "projects/nowhere"},
        {"mapped": "perhaps"},
        {"chapter": "x"},
        {"opacity": "nowhere:50"},
        {"opacity": "zones:²"},
        {"opacity": "zones"},
    ],
)
def test_what_nobody_knows_gives_a_notice_and_the_rest_works(visitor, asked):
    page = visitor.read("/maps/atlas", **asked)
    assert "用不了，已略去" in page
    assert "zones" in drawn(page)


def test_maps_may_be_framed_by_everybody_unless_it_is_set(visitor):
    assert ancestors(visitor.get("/maps/atlas?list=1")) == "*"
    for path in ("/", "/embed", "/features/projects/laoshangbu", "/api?f=html"):
        assert ancestors(visitor.get(path)) == "'self'"
    assert ancestors(visitor.get("/studio/login")) == "'none'"


@pytest.mark.parametrize(
    ("hosts", "policy"),
    [
        ("", "'self'"),
        ("https://www.example.cn", "'self' https://www.example.cn"),
        ("https://*.gov.cn http://10.0.0.9:8080", "'self' https://*.gov.cn http://10.0.0.9:8080"),
    ],
)
def test_the_operator_says_whose_pages_may_frame_them(tmp_path, hosts, policy):
    with TestClient(create_app(Settings(home=tmp_path, embed_hosts=hosts))) as client:
        assert ancestors(client.get("/maps/projects")) == policy
        assert ancestors(client.get("/studio/login")) == "'none'"


@pytest.mark.parametrize(
    "hosts", ["https://a.cn; script-src *", "a.cn", "'none'", "* https://a.cn"]
)
def test_a_setting_that_is_no_list_of_hosts_stops_the_start(tmp_path, hosts):
    with pytest.raises(ValidationError, match="embed_hosts"):
        Settings(home=tmp_path, embed_hosts=hosts)


def test_only_the_page_of_the_builder_may_show_frames_and_only_ours(visitor):
    assert "frame-src 'self';" in visitor.get("/embed").headers["content-security-policy"]
    for path in ("/", "/maps/atlas", "/help"):
        assert "frame-src" not in visitor.get(path).headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/help", "/features/projects/laoshangbu"])
def test_other_pages_lead_to_the_builder(visitor, path):
    links = lxml.html.fromstring(visitor.read(path)).xpath("//a/@href")
    (found,) = [link for link in links if link.startswith("/embed")]
    assert visitor.get(found).status_code == 200
    assert urlsplit(found).query in {"", "f=projects%2Flaoshangbu"}


@pytest.mark.parametrize("path", ["/maps/projects", "/maps/atlas", "/embed"])
def test_a_value_that_no_facet_has_is_named_and_narrows_nothing(visitor, path):
    page = visitor.read(path, zone="无此片区", list="1")
    assert "无此片区”用不了，已略去" in page
    assert visitor.read(path, list="1").count("/?f=projects/") == page.count("/?f=projects/")
