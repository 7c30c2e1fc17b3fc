"""What people type finds what they mean: characters, pinyin, initials, mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.catalogue import bundled_data, read_bundle
from layers.errors import DataInvalid
from layers.publishing import open_atlas, seed_store
from layers.search import Named, Passage, SearchIndex, read_readings
from layers.store import Store


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Return the index of the published names."""
    store = Store(tmp_path_factory.mktemp("home") / "atlas.sqlite")
    bundle = read_bundle(bundled_data())
    seed_store(store, bundle)
    return open_atlas(store, bundle).search


def named(*names: str, weight: int = 1) -> list[Named]:
    return [Named("places", name, name, "", (), "地名", weight) for name in names]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("老商埠", "laoshangbu"),
        ("lsb", "laoshangbu"),
        ("LSB", "laoshangbu"),
        ("ｌｓｂ", "laoshangbu"),
        ("laoshangbu", "laoshangbu"),
        ("lao shang bu", "laoshangbu"),
        ("lao'shang'bu", "laoshangbu"),
        ("laoshanbu", "laoshangbu"),
        ("老商阜", "laoshangbu"),
        ("商埠", "laoshangbu"),
        ("百年商埠", "laoshangbu"),
        ("老商埠街區", "laoshangbu"),
        ("玉符河", "yufuhe"),
        ("玉苻河", "yufuhe"),
        ("yufuhe", "yufuhe"),
        ("ｙｕｆｕｈｅ", "yufuhe"),
        ("ehnlkcd", "erhuannanlu-kechuangdai"),
        ("南二环科创带", "erhuannanlu-kechuangdai"),
        ("nbkcxc", "nanbu-kechuang-xincheng"),
        ("南部科創新城", "nanbu-kechuang-xincheng"),
        ("涝坡玉", "laopoyu"),
        ("laopoyu", "laopoyu"),
        ("lpy", "laopoyu"),
        ("渴马玉", "kemayu"),
        ("大官园", "daguanyuan"),
        ("dgy", "daguanyuan"),
        ("创智谷", "erhuanxi-chuangzhigu"),
        ("總部企業聚集圈", "zongbu-qiye-jujiquan"),
        ("經十路", "jingshilu"),
        ("dangjia", "dangjia"),
        ("Yufu River", "yufuhe"),
        ("北部核心区", "beibu-hexinqu"),
        ("bbhxq", "beibu-hexinqu"),
        ("一埠", "laoshangbu"),
        ("“一带”", "erhuannanlu-kechuangdai"),
        ("市中区", "shizhong"),
    ],
)
def test_the_feature_that_is_meant_comes_first(index, query, first):
    assert index.search(query)[0].id == first


@pytest.mark.parametrize(
    "query",
    ["", " ", "？？？", "bdd", "qqqqq", "xyzzy123", "啊啊啊", "量子纠缠塔", "\x00\x01", "\ud800"],
)
def test_nonsense_finds_nothing(index, query):
    assert index.search(query) == []


def test_an_endless_query_is_answered_with_nothing(index):
    assert index.search("老" * 100_000) == []


@pytest.mark.parametrize("query", ["leshan", "yueshan", "lsl", "ysl", "乐山路"])
def test_a_polyphone_is_found_by_each_of_its_readings(query):
    assert [hit.name for hit in SearchIndex(named("乐山路", "泉城路")).search(query)] == ["乐山路"]


@pytest.mark.parametrize("query", ["luoyuan", "泺源", "濼源", "lydj"])
def test_a_reading_that_the_dictionary_has_wrong_is_overridden(query):
    readings = read_readings(bundled_data() / "search" / "readings.csv")
    found = SearchIndex(named("泺源大街", "济微路"), readings=readings).search(query)
    assert [hit.name for hit in found] == ["泺源大街"]


def test_a_feature_appears_once_by_its_best_match(index):
    hits = index.search("老商埠")
    assert len({hit.id for hit in hits}) == len(hits)
    assert (hits[0].matched, hits[0].tier) == ("老商埠", "exact")


def test_the_weightier_comes_first_among_equals():
    light, heavy = named("玉泉寺", weight=1), named("玉泉塔", weight=3)
    assert [hit.name for hit in SearchIndex([*light, *heavy]).search("玉泉")] == [
        "玉泉塔",
        "玉泉寺",
    ]


def test_the_words_of_a_text_are_found_after_the_names():
    passages = [
        Passage("x#1-1-p1", "开篇", "玉符河自南向北流过，两岸有绿道。"),
        Passage("x#1-1-p2", "后记", "别处的话。"),
    ]
    index = SearchIndex(named("玉符河"), passages)
    assert [hit.id for hit in index.search("玉符河")] == ["玉符河", "x#1-1-p1"]
    (hit,) = index.search("绿道 两岸")
    assert (hit.collection, hit.name, hit.tier) == ("plan", "开篇", "text")
    assert "绿道" in hit.matched
    assert index.search("绿道 别处") == []


@given(st.text(max_size=30))
def test_any_text_is_answered_and_the_best_comes_first(query):
    index = SearchIndex(named("老商埠", "玉符河", "乐山路", "5G产业园"))
    hits = index.search(query, limit=3)
    assert len(hits) <= 3
    assert all(hit.name for hit in hits)


@given(st.sampled_from(["老商埠", "总部企业聚集圈", "玉符河", "大涧沟-复兴片区"]))
def test_every_name_finds_itself(name):
    index = SearchIndex(named("老商埠", "总部企业聚集圈", "玉符河", "大涧沟-复兴片区"))
    assert index.search(name)[0].name == name


def test_a_reading_of_another_length_is_named(tmp_path):
    path = tmp_path / "readings.csv"
    path.write_text("text,reading\n商埠,shang\n", encoding="utf-8")
    with pytest.raises(DataInvalid, match="line 2"):
        read_readings(path)
