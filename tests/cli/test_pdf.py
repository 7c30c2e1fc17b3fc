"""The atlas as a book: cover, contents, a page for each zone and project, indicators, index."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from app.printing.book import make_book
from app.settings import Settings
from app.templating import wording_of
from layers.catalogue import bundled_data, read_bundle
from layers.errors import PrintingUnavailable
from layers.printing.binding import bind
from layers.publishing import import_plan, open_atlas, seed_store
from layers.store import Store

CHINESE = "目录|示意图|数据版本|地名索引|位置误差|未上图"
"""Words of a book in Chinese that are no names of the plan's."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The whole book, and the words it is written in."""
    bundle = read_bundle(bundled_data())
    store = Store(tmp_path_factory.mktemp("home") / "atlas.sqlite")
    seed_store(store, bundle)
    atlas = open_atlas(store, bundle)
    return make_book(wording_of(atlas, "zh"), None), atlas


@pytest.fixture(scope="module")
def short(whole):
    return shortened(whole[0])


def shortened(book):
    """Return a book with one project that is drawn and one that is not: the rest looks like it."""
    zones, north, *_, figures = book.chapters
    drawn = next(each for each in north.entries if each.view is not None)
    placeless = next(each for each in north.entries if each.view is None)
    chapters = (zones, replace(north, entries=(drawn, placeless)), figures)
    return replace(book, chapters=chapters)


@pytest.fixture(scope="module")
def bound(short, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "atlas.pdf"
    told = []
    result = bind(short, path, lambda done, of: told.append((done, of)))
    return result, PdfReader(path), told


def text_of(page):
    return re.sub(r"\s", "", page.extract_text())


def test_each_zone_and_each_project_has_a_page(whole):
    book, atlas = whole
    refs = [entry.ref for chapter in book.chapters for entry in chapter.entries]
    expected = {
        f"{layer}/{feature.id}"
        for layer in ("zones", "projects")
        for feature in atlas.listed[layer].features
    }
    assert len(refs) == len(set(refs))
    assert set(refs) == expected


def test_a_page_has_a_map_where_the_place_is_known_and_a_sentence_where_it_is_not(whole):
    book, atlas = whole
    for chapter in book.chapters:
        for entry in chapter.entries:
            _, feature = atlas.feature(entry.ref)
            assert (entry.view is None) == (feature.geometry is None)
            assert ("没有给出" in entry.certainty) == (feature.geometry is None)


def test_every_name_of_every_layer_leads_to_a_page(whole):
    book, atlas = whole
    refs = {entry.ref for chapter in book.chapters for entry in chapter.entries}
    leads = {term.words: term.ref for term in book.index if term.ref}
    assert set(leads.values()) <= refs
    for layer in ("projects", "zones"):
        for feature in atlas.listed[layer].features:
            assert feature.properties["name"] in leads


def test_the_index_is_in_the_order_of_the_letters(whole):
    book, _ = whole
    letters = [term.words for term in book.index if not term.ref]
    assert letters == sorted(letters)
    assert "L" in letters


def test_the_book_begins_with_cover_and_contents_and_ends_with_the_index(bound):
    _, reader, _ = bound
    pages = [text_of(page) for page in reader.pages]
    assert "市中规划图集" in pages[0]
    assert pages[1].startswith("目录")
    assert pages[-1].startswith("地名索引")
    assert any(page.startswith("指标") for page in pages)


def test_every_page_but_the_cover_has_its_number(bound):
    _, reader, _ = bound
    for number, page in enumerate(reader.pages[1:], start=2):
        assert f"不作为法定规划依据{number}" in text_of(page)


def test_the_contents_lead_to_the_pages_that_they_name(bound):
    _, reader, _ = bound
    leads = [
        reader.get_page_number(note.get_object()["/Dest"][0].get_object())
        for note in reader.pages[1]["/Annots"]
    ]
    assert leads == sorted(leads)
    assert leads[0] == 2
    assert leads[-1] < len(reader.pages)


def test_the_outline_names_every_page_of_a_zone_under_its_chapter(bound):
    _, reader, _ = bound
    outline = reader.outline
    titles = [each.title for each in outline if not isinstance(each, list)]
    assert titles == [
        "市中规划图集",
        "目录",
        "三大空间",
        "重点项目 · 北部核心区",
        "指标",
        "地名索引",
    ]
    zones = next(each for each in outline if isinstance(each, list))
    assert [each.title for each in zones] == ["北部核心区", "中部崛起区", "南部生态区"]


def test_the_fonts_of_the_book_are_embedded(bound):
    _, reader, _ = bound
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            assert font.get_object()["/Subtype"] == "/Type3"


def test_progress_is_told_after_each_page(bound):
    result, reader, told = bound
    assert told == [(number + 1, result.pages) for number in range(result.pages)]
    assert result.pages == len(reader.pages)


def test_a_book_that_cannot_be_finished_leaves_the_old_one(short, tmp_path):
    path = tmp_path / "atlas.pdf"
    path.write_bytes(b"the old one")

    def stop(done, _of):
        if done == 3:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        bind(short, path, stop)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_chinese_font_the_book_is_refused(short, tmp_path):
    with pytest.raises(PrintingUnavailable, match="fonts-noto-cjk"):
        bind(short, tmp_path / "atlas.pdf", lambda *_: None, families=("No Such Family",))


def test_in_english_everything_but_names_of_the_plan_is_english(whole, tmp_path):
    book = shortened(make_book(wording_of(whole[1], "en"), None))
    bind(book, tmp_path / "atlas.pdf", lambda *_: None)
    reader = PdfReader(tmp_path / "atlas.pdf")
    pages = [text_of(page) for page in reader.pages]
    assert "ShizhongPlanningAtlas" in pages[0]
    assert "Theplan'stextisnotimported" in pages[0]
    assert reader.root_object["/Lang"] == "en"
    assert not [each for each in pages if re.search(CHINESE, each)]


def test_the_cover_says_that_the_text_of_the_plan_is_there(tmp_path, plan_text):
    bundle = read_bundle(bundled_data())
    store = Store(tmp_path / "atlas.sqlite")
    seed_store(store, bundle)
    import_plan(
        store, plan_text.encode("gb18030"), plan_id="shizhong-14-5", title="试写规划",
        title_en="A plan written for tests", date="2026-01", author="test", message="",
    )  # fmt: skip
    for language, said in (("zh", "规划原文已经导入"), ("en", "The plan's text is imported")):
        book = make_book(wording_of(open_atlas(store, bundle), language), None)
        assert any(said in line for line in book.cover.lines), book.cover.lines
        bound = bind(shortened(book), tmp_path / f"{language}.pdf", lambda *_: None)
        assert bound.pages > 5


@pytest.fixture
def few(environment):
    """Leave three projects of the north in the store that the command reads; return their names."""
    store = Store(Settings(home=environment["ATLAS_HOME"]).store_address)
    seed_store(store, read_bundle(bundled_data()))
    head = store.head("projects")
    north = [each for each in store.features(head) if each.properties["zone"] == "北部核心区"]
    kept = [each for each in north if each.properties.get("access") != "internal"][:3]
    store.publish("projects", kept, base=head, kind="publish", author="a", message="few")
    store.close()
    return [each.properties["name_en"] for each in kept]


def test_the_command_writes_the_book_in_english_with_its_outline(atlas, few, tmp_path):
    path = tmp_path / "atlas.pdf"
    done = atlas("pdf", path, "--lang", "en", "--json", timeout=280)
    assert done.returncode == 0, done.stderr
    told, reader = json.loads(done.stdout), PdfReader(path)
    assert (told["pages"], told["bytes"]) == (len(reader.pages), path.stat().st_size)
    assert f"{told['pages']} of {told['pages']} pages" in done.stderr
    chapters = [each.title for each in reader.outline if not isinstance(each, list)]
    assert chapters == [
        "Shizhong Planning Atlas", "Contents", "Three zones", "Projects · Northern Core Zone",
        "Figures", "Index of places",
    ]  # fmt: skip
    zones, projects = (
        [each.title for each in part] for part in reader.outline if type(part) is list
    )
    assert zones == ["Northern Core Zone", "Rising Middle Zone", "Southern Ecological Zone"]
    assert sorted(projects) == sorted(few)
    pages = [text_of(page) for page in reader.pages]
    assert pages[1].startswith("Contents")
    assert pages[-1].startswith("Indexofplaces")
    assert not [
        each for each in pages if re.search("目录|示意图|数据版本|地名索引|位置误差|未上图", each)
    ]


def test_the_command_refuses_a_folder_that_is_not_there(atlas, tmp_path):
    done = atlas("pdf", tmp_path / "nowhere" / "atlas.pdf")
    assert done.returncode == 2
    assert "name a file" in done.stderr
