"""The public atlas as files, read with no atlas running."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urljoin, urlsplit

import httpx2
import lxml.html
import pytest
from pmtiles.reader import MmapSource, Reader
from shapely.geometry import Point

from app.main import create_app
from app.settings import Settings
from app.site import write_site
from app.site.addresses import BASE, Addresses, Page, file_name
from app.site.folder import Folder
from layers.catalogue import bundled_data, read_bundle
from layers.errors import SiteRefused
from layers.publishing import import_plan, seed_store
from layers.store import Store

HIDDEN = "看守所甲"
HIDDEN_ID = "kanshousuo"


@pytest.fixture(scope="module")
def home(tmp_path_factory, plan_text):
    """A store with an imported text and with an internal project."""
    folder = tmp_path_factory.mktemp("home")
    store = Store(folder / "atlas.sqlite")
    seed_store(store, read_bundle(bundled_data()))
    import_plan(
        store, plan_text.encode(), plan_id="shizhong-14-5", title="试写规划", title_en="A plan",
        date="2026-01", author="a", message="",
    )  # fmt: skip
    head = store.head("projects")
    features = store.features(head)
    model = next(each for each in features if each.geometry is not None)
    properties = {**model.properties, "name": HIDDEN, "access": "internal"}
    secret = replace(model, id=HIDDEN_ID, properties=properties, geometry=Point(117.0, 36.6))
    store.publish(
        "projects", [*features, secret], base=head, kind="publish", author="a", message="m"
    )
    return folder


def write_site_of(home, folder, tell):
    settings = Settings(home=home, public_url=BASE, rate_limit="", opinions=False)
    # In a thread of its own: once a test has used a browser, this one has Playwright's event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(write_site, create_app(settings), folder, tell).result()


def write(home, folder):
    told = []
    written = write_site_of(home, folder, lambda *done: told.append(done))
    return written, told


@pytest.fixture(scope="module")
def site(home, tmp_path_factory):
    """The site's folder, what was said of it, and its progress."""
    folder = tmp_path_factory.mktemp("site")
    return folder, *write(home, folder)


@pytest.fixture(scope="module")
def served(site):
    """The address of a plain web server below which the site lies, in a folder of its own."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Quiet, directory=str(site[0].parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{site[0].name}/"
        server.shutdown()
        thread.join()


def public_ids(home, layer):
    store = Store(home / "atlas.sqlite")
    features = store.features(store.head(layer))
    return {each.id for each in features if each.properties.get("access", "public") == "public"}


def html_files(folder):
    return sorted(folder.rglob("*.html"))


def leads_of(path):
    page = lxml.html.parse(str(path), lxml.html.HTMLParser(encoding="utf-8"))
    return [str(each) for each in page.xpath("//@href | //@src | //@srcset | //@action")]


def test_every_link_and_resource_is_relative_and_leads_to_a_file(site):
    folder, *_ = site
    broken = set()
    for path in html_files(folder):
        for lead in leads_of(path):
            parts = urlsplit(lead)
            leaves = parts.scheme or parts.netloc or parts.query or lead.startswith("/")
            target = path.parent / unquote(parts.path) if parts.path else path
            if leaves or not target.resolve().is_file():
                broken.add((path.name, lead))
    assert broken == set()


def test_every_fragment_of_a_link_is_on_the_page_that_it_leads_to(site):
    folder, *_ = site
    ids = {
        path: set(lxml.html.fromstring(path.read_bytes()).xpath("//@id | //a/@name"))
        for path in html_files(folder)
    }
    missing = {
        (path.name, lead)
        for path in ids
        for lead in leads_of(path)
        if (parts := urlsplit(lead)).fragment and not parts.path
        if unquote(parts.fragment) not in ids[path]
    }
    assert missing == set()


def test_it_is_read_from_a_plain_web_server_with_the_atlas_stopped(served):
    pages = ["index.html", "index.en.html", "zones/beibu-hexinqu.html", "maps/projects.en.html"]
    pages += [
        "plan/shizhong-14-5.html",
        "tables/projects.html",
        "features/projects/laoshangbu.html",
    ]
    kinds: dict[str, str] = {}
    with httpx2.Client() as client:
        for address in (f"{served}{each}" for each in pages):
            page = lxml.html.fromstring(client.get(address).raise_for_status().content)
            leads = {
                urljoin(address, each).partition("#")[0] for each in page.xpath("//@href | //@src")
            }
            assert all(each.startswith(served) for each in leads)
            for lead in leads - kinds.keys():
                answer = client.get(lead).raise_for_status()
                kinds[lead] = answer.headers["content-type"]
    assert {"text/html", "text/css", "text/javascript", "text/csv"} <= set(kinds.values())


def test_scripts_and_styles_load_files_of_the_site_only(site):
    folder, *_ = site
    for path in [*folder.rglob("static/atlas/*.js"), *folder.rglob("static/**/*.css")]:
        text = path.read_text(encoding="utf-8")
        pattern = (
            r'from "(\./[^"]+)"|import\("(\./[^"]+)"\)'
            if path.suffix == ".js"
            else r'url\(["\']?([^"\')#?]+)'
        )
        for found in re.findall(pattern, text):
            lead = "".join(found)
            if not lead.startswith(("data:", "%23")):
                assert (path.parent / lead).is_file(), (path, lead)


def test_no_file_names_the_server(site):
    folder, *_ = site
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"atlas.invalid" not in path.read_bytes(), path


def test_what_is_internal_is_in_no_file(site):
    folder, *_ = site
    secrets = [HIDDEN.encode(), HIDDEN_ID.encode(), json.dumps(HIDDEN)[1:-1].encode()]
    for path in folder.rglob("*"):
        assert HIDDEN_ID not in path.name
        if path.is_file():
            content = path.read_bytes()
            assert not [each for each in secrets if each in content], path


def test_a_tile_holds_nothing_internal(site):
    import gzip

    folder, *_ = site
    with (folder / "tiles/atlas.pmtiles").open("rb") as file:
        reader = Reader(MmapSource(file))
        header = reader.header()
        assert header["max_zoom"] == 14
        whole = gzip.decompress(reader.get(9, 422, 200) or reader.get(9, 422, 201))
        assert HIDDEN_ID.encode() not in whole
        assert {"zones", "projects"} <= {each["id"] for each in reader.metadata()["vector_layers"]}


def test_every_public_feature_has_a_page_in_both_languages_and_its_data(site, home):
    folder, *_ = site
    for layer in ("zones", "projects", "places"):
        found = folder / "features" / layer
        ids = public_ids(home, layer)
        assert {json.loads(each.read_bytes())["id"] for each in found.glob("*.geojson")} == ids
        for ending in ("geojson", "html", "en.html"):
            assert all((found / f"{file_name(each)}.{ending}").is_file() for each in ids)


def test_the_first_page_has_a_still_map_and_says_that_it_needs_no_network(site):
    folder, *_ = site
    page = lxml.html.fromstring((folder / "index.html").read_bytes())
    assert page.xpath("//figure//svg//path")
    assert "不需要网络" in page.text_content()
    english = lxml.html.fromstring((folder / "index.en.html").read_bytes())
    assert "needs no network" in english.text_content()
    assert not page.xpath("//form")


def test_a_map_that_no_script_could_draw_leads_to_the_still_one(site):
    folder, *_ = site
    for page in (folder / "maps").glob("*.html"):
        (note,) = lxml.html.fromstring(page.read_bytes()).xpath(
            "//*[contains(@class, 'site-note')]"
        )
        (lead,) = note.xpath(".//@href")
        assert (page.parent / lead.partition("#")[0]).resolve().parent == folder.resolve()


def test_the_reader_holds_the_imported_text(site):
    folder, *_ = site
    assert "先修" in (folder / "plan/shizhong-14-5.html").read_text(encoding="utf-8")


def test_the_search_index_knows_characters_pinyin_initials_and_the_words_of_the_plan(site):
    folder, *_ = site
    script = (folder / "data/search.js").read_text(encoding="utf-8")
    index = json.loads(script.partition(" = ")[2].rstrip(";\n"))
    found = next(each for each in index["names"] if each["page"] == "features/projects/laoshangbu")
    assert {"老商埠", "laoshangbu", "lsb"} <= set(found["spelled"])
    assert any("经十路" in each["text"] for each in index["passages"])
    pages = {each["page"] for each in (*index["names"], *index["passages"])}
    assert all(
        (folder / f"{each}{end}").is_file() for each in pages for end in (".html", ".en.html")
    )


def test_layers_can_be_taken_away_as_geojson_and_csv(site, home):
    folder, *_ = site
    document = json.loads((folder / "downloads/projects.geojson").read_bytes())
    assert {each["id"] for each in document["features"]} == public_ids(home, "projects")
    assert "老商埠" in (folder / "downloads/projects.csv").read_text(encoding="utf-8-sig")


def test_progress_is_told_after_each_page(site):
    _, written, told = site
    assert told == [(number + 1, written.pages) for number in range(written.pages)]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_later_run_of_the_command_writes_nothing_again(site, home, seed):
    folder, first, _ = site
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    own = {key: value for key, value in os.environ.items() if not key.startswith("ATLAS_")}
    # Whatever is written in the order of a set differs between processes, unless it is sorted.
    done = subprocess.run(
        [sys.executable, "-m", "app", "site", str(folder), "--json"],
        env=own | {"ATLAS_HOME": str(home), "PYTHONUTF8": "1", "PYTHONHASHSEED": seed},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["changed"], told["removed"], told["files"]) == (0, 0, first.files)
    assert f"{told['pages']} of {told['pages']} pages" in done.stderr
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_a_site_that_cannot_be_finished_leaves_the_old_one(home, tmp_path):
    folder = Folder(tmp_path / "site")
    folder.begin()
    folder.put("index.html", b"old")
    folder.finish(["index.html"])
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}

    def stop(done, _of):
        if done == 3:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_site_of(home, folder.path, stop)
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before
    assert sorted(each.name for each in folder.path.iterdir()) == ["index.html", "site.json"]


def test_what_is_no_longer_part_of_a_site_is_removed_and_nothing_else(tmp_path):
    folder = Folder(tmp_path)
    folder.begin()
    for name in ("index.html", "features/a.html", "features/b.html", "old/c.html"):
        folder.put(name, name.encode())
    folder.finish(["index.html"])
    (tmp_path / "features" / "notes.txt").write_text("mine")
    later = Folder(tmp_path)
    later.begin()
    later.put("index.html", b"new")
    later.put("features/a.html", b"features/a.html")
    assert later.finish(["index.html"]) == ["features/b.html", "old/c.html"]
    assert later.changed == {"index.html"}
    left = sorted(each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*"))
    assert left == [
        "features", "features/a.html", "features/notes.txt", "index.html", "site.json",
    ]  # fmt: skip


def test_the_first_page_is_put_in_place_last(tmp_path, monkeypatch):
    placed = []
    monkeypatch.setattr(Folder, "_place", lambda _, name: placed.append(name))
    folder = Folder(tmp_path)
    folder.begin()
    for name in ("index.html", "index.en.html", "zones.html", "a.html"):
        folder.put(name, b"")
    folder.finish(["index.en.html", "index.html"])
    pages = [each for each in placed if each.endswith(".html")]
    assert pages == ["a.html", "zones.html", "index.en.html", "index.html"]


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SiteRefused, match="name an empty folder"):
        Folder(tmp_path).begin()
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "a/../../outside", "..\\outside", "C:outside"]
)
def test_a_list_of_files_that_names_something_outside_is_refused(tmp_path, name):
    (tmp_path / "site.json").write_text(json.dumps({"files": {name: ""}}))
    with pytest.raises(SiteRefused, match="not a site's list"):
        Folder(tmp_path).begin()


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', "\x00"])
def test_a_list_of_files_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "site.json").write_text(text)
    with pytest.raises(SiteRefused, match="not a site's list"):
        Folder(tmp_path).begin()


def test_different_ids_have_different_files_on_every_file_system():
    ids = [
        "Z001",
        "z001",
        "a.en",
        "a",
        "con",
        "a/b",
        "a b",
        "老商埠",
        "x" * 300,
        "x" * 301,
        "index",
    ]
    names = [file_name(each) for each in ids]
    assert len({each.casefold() for each in names}) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9_~\-㐀-鿿]{1,80}", each) for each in names)


@pytest.mark.parametrize(
    ("link", "file"),
    [
        ("/", "../index.html"),
        ("/?lang=en", "../index.en.html"),
        ("/?f=zones/north", "../features/zones/north.html"),
        ("/zones/north?lang=en#projects-title", "north.en.html#projects-title"),
        ("/api/collections/zones/items/north?f=json", "../features/zones/north.geojson"),
        ("/api/collections/zones/download.csv", "../downloads/zones.csv"),
        ("/static/0123456789abcdef/atlas/base.css", "../static/atlas/base.css"),
        ("/zones/north#projects-title", "#projects-title"),
        ("/?zone=x", None),
        ("/api/collections/zones/download.csv?filter=a", None),
        ("/api/collections/zones/download.gpkg", None),
        ("/tables/zones?offset=nonsense", None),
        ("/static/0123456789abcdef/studio/studio.css", None),
        ("/studio", None),
        ("https://elsewhere.example/", None),
        ("//elsewhere.example/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_an_address_leads_to_its_file_or_nowhere(link, file):
    paths = ("/", "/zones/north", "/features/zones/north", "/tables/zones")
    pages = [Page(path, language) for path in paths for language in ("zh", "en")]
    addresses = Addresses(pages, ["downloads/zones.csv"], ["zones/north"])
    assert addresses.lead(link, "zones/north.html") == file


def test_the_command_refuses_a_folder_with_other_files(atlas, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = atlas("site", tmp_path)
    assert done.returncode == 1
    assert "name an empty folder" in done.stderr
