"""A page for every feature, at an address that stays whatever becomes of it."""

from __future__ import annotations

import io
import re
from urllib.parse import quote

import pytest
from PIL import Image

LAOSHANGBU = "/features/projects/laoshangbu"


def test_every_public_feature_has_a_page(visitor, application):
    layers = application.state.published.latest.atlas.listed
    paths = [
        f"/features/{layer_id}/{quote(each.id)}"
        for layer_id, snapshot in layers.items()
        for each in snapshot.features[::7]
    ]
    assert len(paths) > 50
    assert {visitor.get(path).status_code for path in paths} == {200}


def test_it_says_what_the_plan_says_and_how_the_place_is_known(visitor):
    page = visitor.read(LAOSHANGBU)
    for words in ("老商埠", "示意，位置误差约 ±1.2 km", "街道外接框", "整治提升", "空间陈述"):
        assert words in page
    assert 'href="/plan/shizhong-14-5#4-1-p2"' in page
    assert 'href="/zones/beibu-hexinqu"' in page
    assert 'href="/opinions?kind=problem&amp;about=projects%2Flaoshangbu"' in page


def test_it_has_a_still_map_that_needs_no_script(visitor):
    page = visitor.read(LAOSHANGBU)
    picture = page[page.index('<svg class="picture"') :].split("</svg>")[0]
    assert 'class="pic-focus"' in picture
    assert 'class="pic-halo"' in picture
    assert "style=" not in picture
    assert len(picture) < 20_000


def test_what_has_no_place_has_no_map_but_a_sentence(visitor):
    page = visitor.read("/features/places/shanghai-fuxing")
    assert '<svg class="picture"' not in page
    assert "没有画在图上" in page


def test_its_head_names_the_permanent_address_and_a_picture(visitor):
    page = visitor.read(LAOSHANGBU, lang="en")
    assert '<link rel="canonical" href="http://testserver/features/projects/laoshangbu">' in page
    assert "<title>Old Commercial Port (Laoshangbu) · " in page
    assert f'<meta property="og:image" content="http://testserver{LAOSHANGBU}/preview.png">' in page
    assert re.search(r'<meta name="description" content="[^"]{20,}">', page)


def test_the_preview_is_a_picture_of_the_size_that_networks_ask_for(visitor):
    answer = visitor.get(f"{LAOSHANGBU}/preview.png")
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (1200, 630)
        assert len(image.getcolors(1_000_000)) > 10
    assert len(answer.content) < 200_000


def test_the_qr_code_is_an_image_of_its_own(visitor):
    answer = visitor.get(f"{LAOSHANGBU}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.count("<path") == 2
    assert f'<img src="{LAOSHANGBU}/qr.svg"' in visitor.read(LAOSHANGBU)


def test_each_download_holds_this_feature_only(visitor):
    page = visitor.read(LAOSHANGBU)
    csv = re.search(r'href="(/api/collections/projects/download.csv[^"]*)"', page)
    assert csv is not None
    rows = visitor.get(csv[1].replace("&amp;", "&")).text.strip().splitlines()
    assert len(rows) == 2
    assert "laoshangbu" in rows[1]


def test_it_is_fetched_again_only_when_it_has_changed(visitor):
    first = visitor.get(LAOSHANGBU)
    again = visitor.get(LAOSHANGBU, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_as_json_it_is_the_item_of_the_api(visitor):
    answer = visitor.get(f"{LAOSHANGBU}?f=json")
    assert answer.headers["location"] == "/api/collections/projects/items/laoshangbu"


def test_what_was_merged_leads_to_what_it_is_now(own, publish):
    visitor, store = own
    publish(store, "两处合为一处：wanzixiang -> laoshangbu", remove=("wanzixiang",))
    answer = visitor.get("/features/projects/wanzixiang?lang=en")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"{LAOSHANGBU}?lang=en"


def test_what_was_merged_twice_leads_to_the_end(own, publish):
    visitor, store = own
    publish(store, "wanzixiang -> daguanyuan", remove=("wanzixiang",))
    publish(store, "daguanyuan → laoshangbu", remove=("daguanyuan",))
    answer = visitor.get("/features/projects/wanzixiang")
    assert (answer.status_code, answer.headers["location"]) == (301, LAOSHANGBU)


def test_a_circle_of_merges_ends(own, publish):
    visitor, store = own
    both = ("wanzixiang", "daguanyuan")
    publish(store, "wanzixiang -> daguanyuan, daguanyuan -> wanzixiang", remove=both)
    assert visitor.get("/features/projects/wanzixiang").status_code == 410


def test_what_was_withdrawn_says_why(own, publish):
    visitor, store = own
    publish(store, "项目取消", remove=("wanzixiang",))
    answer = visitor.get("/features/projects/wanzixiang")
    assert answer.status_code == 410
    assert "万紫巷" in answer.text
    assert "项目取消" in answer.text


def test_what_was_withdrawn_without_a_word_says_that_nothing_was_said(own, publish):
    visitor, store = own
    publish(store, "Removed wanzixiang", remove=("wanzixiang",))
    answer = visitor.get("/features/projects/wanzixiang")
    assert answer.status_code == 410
    assert "没有写明理由" in answer.text
    assert "Removed" not in answer.text


def test_its_history_names_what_changed(own, publish):
    visitor, store = own
    publish(store, "阶段", laoshangbu={"stage": "完成"})
    page = visitor.read(LAOSHANGBU)
    history = page[page.index('id="history-title"') :]
    assert "第 2 版" in history
    assert "修改" in history
    assert "阶段" in history


def test_each_value_says_where_it_is_from_and_since_which_revision(own, publish):
    visitor, store = own
    publish(store, "阶段", laoshangbu={"stage": "完成"})
    page = visitor.read(LAOSHANGBU)
    rows = page[page.index('id="provenance-title"') : page.index('id="history-title"')]
    row = {
        each.split("<")[0]: re.sub(r"<[^>]*>", " ", each)
        for each in rows.split('<th scope="row">')[1:]
    }
    assert "规划原文" in row["名称"]
    assert "第 1 版" in row["名称"]
    assert "据规划归类" in row["阶段"]
    assert "第 2 版" in row["阶段"]
    assert "街道外接框" in row["几何"]
    assert "第 1 版" in row["几何"]


def test_what_never_was_is_not_found(visitor):
    for path in (
        "/features/projects/nothing",
        "/features/nowhere/laoshangbu",
        "/features/places/%00",
    ):
        assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("then", [(), ("laoshangbu",)], ids=["kept", "removed"])
def test_what_is_internal_is_as_unknown_as_what_never_was(own, publish, then):
    visitor, store = own
    publish(store, "内部：laoshangbu -> daguanyuan", laoshangbu={"access": "internal"})
    if then:
        publish(store, "laoshangbu -> daguanyuan", remove=then)
    answers = [visitor.get(f"/features/projects/{id_}") for id_ in ("laoshangbu", "never-was-it")]
    assert [answer.status_code for answer in answers] == [404, 404]
    first, second = (answer.text.replace("laoshangbu", "never-was-it") for answer in answers)
    assert first == second
    for end in ("qr.svg", "preview.png"):
        assert visitor.get(f"{LAOSHANGBU}/{end}").status_code == 404
