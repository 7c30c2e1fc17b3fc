"""What attackers try on the studio, on every address that there is (OWASP's list)."""

from __future__ import annotations

import csv
import io
import json
import shutil
import socket
import stat
import threading
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers import accounts as hashing
from layers.people import change_access
from layers.store import ChangeSet, new_draft

HOSTILE = "</textarea></title></script><script>alert(1)</script>\"'\\{{7*7}}<img src=x onerror=a>"
INJECTED = '\' OR 1=1; DROP TABLE account; --\r\nSet-Cookie: a=b\n{"event": "forged"}'
SAFE = {"GET", "HEAD", "OPTIONS"}
LONG = 120.0


def load_table():
    path = Path(__file__).parents[2] / "docs" / "rights.py"
    spec = spec_from_file_location("rights", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = load_table()


@pytest.fixture(scope="module")
def application(home, tmp_path_factory):
    """Return an atlas in which every text that somebody can give is an attack."""
    folder = shutil.copytree(home, tmp_path_factory.mktemp("attacked") / "home")
    application = create_app(Settings(home=folder))
    with TestClient(application):
        yield application


@pytest.fixture(scope="module")
def people(application, person):
    """Return a browser of each role; the module's tests change nothing that others look at."""
    return {
        role: person(application, f"the-{role}")
        for role in ("administrator", "reviewer", "editor", "auditor")
    }


@pytest.fixture(scope="module")
def furnished(application, people):
    """Fill it; returns the id of an upload."""
    store = application.state.published.store
    administrator, editor = people["administrator"], people["editor"]
    somebody = {
        "name": "li",
        "shown": HOSTILE,
        "role": "auditor",
        "password": "又一句很长的话 2035",
    }
    administrator.submit("/studio/people", **somebody)
    editor.submit("/studio/account/tokens", label=HOSTILE, layer="*", action="read", days=1)
    head = store.head("places")
    drawn = next(each for each in store.features(head) if each.geometry)
    texts = ("name", "name_en", "summary", "geometry_method", "geometry_source")
    hostile = replace(
        drawn,
        properties={**drawn.properties, **dict.fromkeys(texts, HOSTILE), "aliases": [HOSTILE]},
    )
    store.publish(
        "places", ChangeSet((hostile,), (), {}), base=head, kind="publish", author="li",
        message=HOSTILE,
    )  # fmt: skip
    again = replace(hostile, properties={**hostile.properties, "name": HOSTILE + "2"})
    draft = new_draft(
        "places", store.head("places").number, author="the-editor", source=HOSTILE,
        crs="EPSG:4490", notes=((HOSTILE, HOSTILE),), findings=(), context=HOSTILE,
    )  # fmt: skip
    store.drafts.add(draft, ChangeSet((again,), (), {}))
    assert editor.submit("/studio/drafts/places/1/comment", text=HOSTILE).status_code == 303
    editor.submit("/studio/drafts/places/1/submit", message=HOSTILE)
    people["reviewer"].submit("/studio/drafts/places/1/return", text=HOSTILE)
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": "a", "geometry": None, "properties": {HOSTILE: HOSTILE}}
        ],
    }
    upload = send(application, HOSTILE + ".geojson", json.dumps(document).encode())
    return upload, drawn.id


def send(application, name, content, layer="places"):
    uploads = application.state.uploads
    editor = application.state.published.store.people.get("the-editor")
    (made,) = uploads.add([(name, io.BytesIO(content))], layer_id=layer, by=editor)
    assert uploads.wait(made, LONG).is_over
    return made.id


def addresses(application, furnished, value=None):
    """Yield method and path of each route of the studio, with ids that are there, or a value."""
    upload, feature = furnished
    known = {
        "name": "the-auditor", "number": "1", "layer": "places", "layer_id": "places",
        "feature_id": feature, "feature_id:path": feature, "upload_id": upload,
    }  # fmt: skip
    for route in TABLE.routes(application):
        if isinstance(route, Mount) or not route.path.startswith("/studio"):
            continue
        path = route.path
        for name, text in known.items():
            path = path.replace(f"{{{name}}}", text if value is None else value)
        for method in sorted(route.methods - {"HEAD"}):
            yield method, path


class Elements(HTMLParser):
    """The elements of a page that would be an attack's."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        inline = tag == "script" and "src" not in named and named.get("type") in {None, "module"}
        if inline or "onerror" in named or named.get("src") == "x":
            self.found.append((tag, attrs))


def test_every_text_that_somebody_gives_is_shown_as_text_on_every_page(
    application, people, furnished
):
    shown = 0
    for role in ("administrator", "editor"):
        for method, path in addresses(application, furnished):
            if method != "GET":
                continue
            answer = people[role].get(path)
            assert answer.status_code < 500, path
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert Elements(answer.text).found == [], path
                assert "<script>alert" not in answer.text, path
                shown += "&lt;script&gt;alert" in answer.text
    assert shown > 10


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/maps/places",
        "/api/collections/places/items?f=html",
        "/api/collections/places/revisions?f=html",
        "/api/collections/places/revisions/2?f=html",
        "/api/collections/places/diff?f=html",
        "/api/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/plan/shizhong-14-5",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/studio/login?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
@pytest.mark.usefixtures("furnished")
def test_nor_is_it_anything_else_in_public(application, path):
    browser = TestClient(application, raise_server_exceptions=False)
    answer = browser.get(path, headers={"accept": "text/html"})
    assert answer.status_code < 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.headers["content-type"].startswith("text/html"):
        assert Elements(answer.text).found == []
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-csrf-token": "0" * 64}, {"x-csrf-token": "right", "sec-fetch-site": "cross-site"}],
    ids=["none", "another", "from another site"],
)
def test_nothing_is_done_for_a_page_of_another_site(application, people, furnished, headers):
    browser, store = people["administrator"], application.state.published.store
    if headers.get("x-csrf-token") == "right":
        headers = headers | {"x-csrf-token": browser.csrf}
    before = store.log()
    tried = 0
    for method, path in addresses(application, furnished):
        if method in SAFE or path == "/studio/login":
            continue
        answer = browser.request(method, path, data={"what": "disable"}, headers=headers)
        assert answer.status_code == 403, path
        tried += 1
    assert tried > 25
    assert store.log() == before


def test_nothing_that_changes_something_is_a_link(application, people, furnished):
    store = application.state.published.store
    before = store.log()
    for method, path in addresses(application, furnished):
        if method not in SAFE:
            people["administrator"].get(path)
    assert store.log() == before


FIELDS = (
    "name", "shown", "role", "password", "what", "value", "label", "layer", "action", "days",
    "text", "feature", "place", "start", "seen", "message", "reason", "due", "step", "rule",
    "crs", "encoding", "id_column", "old", "new", "again", "next", "q", "actor", "from", "to",
)  # fmt: skip


@pytest.mark.parametrize("text", [HOSTILE, INJECTED, "\0"])
def test_what_no_form_of_ours_sends_is_refused_and_never_a_failure(
    application, people, furnished, text
):
    editor = people["editor"]
    given = dict.fromkeys(FIELDS, text)
    token = {"x-csrf-token": editor.csrf}
    for method, path in addresses(application, furnished):
        if path in {"/studio/logout", "/studio/login"} or path.endswith("/discard"):
            continue
        body = {"params": given} if method == "GET" else {"data": given}
        answer = editor.request(method, path, headers=token, **body)
        assert answer.status_code < 500, (method, path, answer.text[:300])
        assert "a" not in answer.cookies
        assert "<script>alert" not in answer.text or "json" in answer.headers["content-type"]
    people_ = application.state.published.store.people
    assert people_.get("the-editor").role == "editor"


@pytest.mark.parametrize(
    "value",
    ["..", "%2e%2e", "..%2f..%2fatlas.sqlite", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..", "%00",
     "1%0d%0aSet-Cookie:a=b", "x" * 3000, "%ff", "9" * 30],
)  # fmt: skip
def test_an_id_leads_to_nothing_but_what_has_it(application, people, furnished, value):
    browser = people["administrator"]
    token = {"x-csrf-token": browser.csrf}
    for method, path in addresses(application, furnished, value):
        if ("%" not in path and value not in path) or path == "/studio/logout":
            continue
        answer = browser.request(method, path, headers=token)
        assert answer.status_code < 500, (method, path)
        assert b"SQLite format" not in answer.content
        assert b"root:" not in answer.content
        assert "set-cookie" not in answer.headers


def test_no_page_of_the_studio_can_be_framed_and_none_is_kept(application, people, furnished):
    for method, path in addresses(application, furnished):
        if method == "GET":
            answer = people["auditor"].get(path)
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
            if answer.status_code == 200:
                assert "no-store" in answer.headers["cache-control"], path


@pytest.mark.parametrize(
    "where",
    ["//evil.example", "\\\\evil.example", "/\\evil.example", "javascript:alert(1)",
     "%2f%2fevil.example", "https:evil.example", "/studio@evil.example", "/studio/\t//evil.example",
     "/studio//evil.example/..", " /studio", "/STUDIO/../..//evil.example"],
)  # fmt: skip
def test_after_logging_in_a_browser_stays_here(application, person, password, where):
    browser = person(application, None)
    given = {"name": "the-auditor", "password": password, "next": where}
    answer = browser.post("/studio/login", data=given)
    address = answer.headers["location"]
    assert address == "/studio" or address.startswith("/studio/")
    assert "\\" not in address


def test_an_account_that_nobody_has_costs_the_same_work(application, person, monkeypatch):
    store, verified = application.state.published.store, []

    class Counting:
        def __getattr__(self, name):
            return getattr(original, name)

        def verify(self, kept, given):
            verified.append(kept.split("$")[1:4])
            return original.verify(kept, given)

    original = hashing._HASHER
    monkeypatch.setattr(hashing, "_HASHER", Counting())
    administrator = store.people.get("the-administrator")
    change_access(store, administrator, "the-reviewer", "disable")
    browser = person(application, None)
    for name in ("the-reviewer", "the-auditor", "nobody-at-all"):
        browser.post("/studio/login", data={"name": name, "password": "wrong"})
    change_access(store, administrator, "the-reviewer", "enable")
    assert len(verified) == 3
    assert verified[0] == verified[1] == verified[2]


@pytest.mark.usefixtures("furnished")
def test_a_line_break_forges_no_line_of_a_log(application, people, caplog):
    editor, store = people["editor"], application.state.published.store
    with caplog.at_level("INFO"):
        answer = editor.get("/studio/account", headers={"x-request-id": "a\tb forged"})
        editor.get("/studio/x%0a%7B%22event%22:%22forged%22%7D")
    assert "x-request-id" not in answer.headers
    lines = [each.__dict__ for each in caplog.records if each.name == "app.observed"]
    assert lines
    assert "forged" not in str(lines)
    editor.submit("/studio/account/tokens", label=INJECTED, layer="*", action="read", days=1)
    table = people["auditor"].get("/studio/audit/log.csv").content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(table)))) == len(store.log()) + 1
    assert "链条完整" in people["auditor"].get("/studio/audit").text


@pytest.fixture
def outside():
    """Return the address of a host that nobody must speak to, and who has."""
    listener = socket.create_server(("127.0.0.1", 0))
    visitors = []

    def listen():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            visitors.append(connection.recv(200))
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", visitors
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def zipped(*entries):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return sink.getvalue()


KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
CALLS = {
    "link.kml": KML.format("<NetworkLink><Link><href>{0}/a.kml</href></Link></NetworkLink>"),
    "style.kml": KML.format(
        "<Placemark><styleUrl>{0}/s#a</styleUrl><Point><coordinates>117,36.6</coordinates></Point>"
        "</Placemark>"
    ),
    "entity.kml": '<!DOCTYPE a [<!ENTITY x SYSTEM "{0}/x">]>' + KML.format("&x;"),
    "a.gml": '<!DOCTYPE a SYSTEM "{0}/x"><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"/>',
    "b.gml": '<FeatureCollection xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="a {0}/a.xsd"/>',
    "a.gpx": '<?xml version="1.0"?><gpx><link href="{0}/x"/></gpx>',
    "a.vrt": '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{0}/a.geojson'
    "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
    "wfs.xml": "<OGRWFSDataSource><URL>{0}/wfs</URL></OGRWFSDataSource>",
    "a.geojson": '{{"type": "FeatureCollection", "crs": {{"type": "link", "properties": '
    '{{"href": "{0}/crs"}}}}, "features": []}}',
    "address.txt": "{0}/a.geojson",
    "a.csv": "name,lon,lat\n{0}/a,117,36.6\n",
    "/vsicurl/{0}/a.geojson": '{{"type": "FeatureCollection", "features": []}}',
}


@pytest.mark.parametrize("name", CALLS)
def test_no_file_makes_the_atlas_fetch_an_address(application, outside, name):
    address, visitors = outside
    content = CALLS[name].format(address).encode()
    entry = name.rpartition("/")[2]
    send(application, name.format(address), content)
    send(application, "a.zip", zipped((entry, content)))
    assert visitors == []


def test_a_shapefile_and_a_workbook_fetch_nothing_either(application, outside):
    address, visitors = outside
    link = f'<Relationship TargetMode="External" Target="{address}/x"/>'
    send(application, "a.xlsx", zipped(("[Content_Types].xml", "<a/>"), ("xl/_rels/w.rels", link)))
    parts = [(f"a.{end}", f"/vsicurl/{address}/a.{end}") for end in ("shp", "shx", "dbf", "prj")]
    send(application, "a.zip", zipped(*parts))
    assert visitors == []


def linked():
    entry = zipfile.ZipInfo("a.geojson")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped((entry, "/etc/passwd"))


ARCHIVES = {
    "a bomb": (lambda: zipped(("a.csv", b"a,b\n" * 15_000_000)), "zip-ratio"),
    "10,000 files": (lambda: zipped(*((f"{i}.txt", b"") for i in range(10_000))), "zip-entries"),
    "a long name": (lambda: zipped(("a" * 60_000 + ".geojson", b"{}")), None),
    "a symbolic link": (linked, "zip-symlink"),
    "the way out": (lambda: zipped(("../../atlas.sqlite", b"x")), "zip-path"),
    "an absolute path": (lambda: zipped(("/etc/cron.d/x.csv", b"x")), "zip-path"),
    "another archive": (lambda: zipped(("a.zip", zipped(("a.csv", b"a,b")))), "zip-nested"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_that_attacks_is_refused_and_nothing_of_it_is_left(application, people, kind):
    make, reason = ARCHIVES[kind]
    upload = send(application, "a.zip", make())
    folder = application.state.settings.home / "uploads" / upload
    progress = folder / "progress.json"
    found = progress if progress.exists() else next(folder.rglob("progress.json"))
    if reason is not None:
        assert reason in found.read_text("utf-8")
    answer = people["editor"].get(f"/studio/uploads/{upload}")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert not [each for each in folder.rglob("*") if each.suffix in {".csv", ".geojson", ".txt"}]
