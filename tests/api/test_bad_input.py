"""Whatever is asked badly is refused in time, with problem details that name what is wrong."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import pytest
import uvicorn
from starlette.testclient import TestClient

import app.server
from app.main import create_app
from app.server import Protocol
from app.settings import Settings
from layers.accounts import new_account, new_token

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS = "/api/collections/projects/items"
LONGEST_S = 20
KNOWN = {
    "district": "shizhong",
    "zones": "beibu-hexinqu",
    "places": "huanghe",
    "projects": "laoshangbu",
    "parcels": "nothing",
}

NEEDED = {"q": "玉符河", "point": "116.98,36.6"}
"""Parameters that must be given."""

PLACEHOLDERS = {
    "tileMatrixSetId": "WebMercatorQuad",
    "tile(Matrix|Row|Col)": "0",
    "number": "1",
    "revisionId": "1",
    "ending": "csv",
}
"""What stands in an address where the description has a name."""

ODD = [
    "%zz", "%ff", "%", "%00", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%2e%2e%2f", "\\..\\",
    quote("老商埠"), quote("e\u0301"), quote("\u202e"), quote("\U0001f3d9"), quote("\ufffe"),
    "9" * 400, "-1", "1e309", "NaN", "0x10", "1_000", quote("１２"), "null", "[]", "{}", "''",
    quote("<script>alert(1)</script>"), quote("'; DROP TABLE layers; --"), "a" * 8_000, "", "+",
    "1,2,3,4,5,6,7", "..", "//", ";", quote("\r\nSet-Cookie: a=b"),
]  # fmt: skip
"""Values as they stand in an address."""


class Operation(NamedTuple):
    """A path that is read, as the description has it, and its parameters."""

    path: str
    parameters: tuple[str, ...]


@pytest.fixture(scope="module")
def application(tmp_path_factory, declare):
    home = tmp_path_factory.mktemp("home")
    return create_app(Settings(home=home, data=declare(home / "data", {})))


@pytest.fixture(scope="module")
def token(application):
    store = application.state.published.store
    account = new_account("bad", "bad", "editor", "a long enough passphrase")
    store.people.add(account, author="test")
    made, secret = new_token(account, "bad", ["*:edit"], 1, ["parcels"])
    store.people.add_token(made, author="test")
    return secret


@pytest.fixture(scope="module")
def pool():
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def ask(client, pool):
    """Send a request whose answer must come in time and must not be a fault of ours."""

    def send(path, method="GET", **kwargs):
        asked = pool.submit(client.request, method, path, **kwargs)
        done, _ = wait([asked], LONGEST_S)
        assert done, f"{method} {path[:200]} was not answered in {LONGEST_S} s"
        answer = asked.result()
        assert answer.status_code < 500 or answer.status_code == 503, (
            path[:300],
            answer.text[:300],
        )
        if answer.status_code >= 400 and method != "HEAD":
            assert answer.headers["content-type"] == "application/problem+json", path[:300]
            problem = answer.json()
            assert problem["status"] == answer.status_code
            assert problem["detail"]
        return answer

    return send


@pytest.fixture(scope="module")
def operations(application) -> list[Operation]:
    """Every path that is read, with an id where one belongs, and its query parameters."""
    with TestClient(application) as client:
        document = client.get("/api/openapi").json()
    shared = document["components"]["parameters"]
    found = []
    for path, item in document["paths"].items():
        if "get" not in item:
            continue
        layer = path.split("/")[2] if path.count("/") > 1 else ""
        concrete = path
        for name, value in PLACEHOLDERS.items():
            concrete = re.sub(rf"\{{{name}\}}", value, concrete)
        concrete = re.sub(r"\{\w+\}", KNOWN.get(layer, "yufuhe"), concrete)
        given = [
            shared[each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each
            for each in item["get"].get("parameters", [])
        ]
        names = tuple(each["name"] for each in given if each["in"] == "query")
        found.append(Operation(f"/api{concrete}".rstrip("/"), names))
    assert len(found) > 30
    return found


def named(answer):
    """Return the parameters that a refusal names."""
    return [each["parameter"] for each in answer.json().get("errors", [])]


@pytest.mark.parametrize("value", ODD, ids=count())
def test_no_value_of_any_parameter_breaks_anything(ask, operations, value):
    for path, parameters in operations:
        if not path.startswith(
            ("/api/collections/district", "/api/collections/zones", "/api/collections/places")
        ):
            for name in parameters:
                answer = ask(f"{path}?{quote(name)}={value}")
                if answer.status_code == 400:
                    assert named(answer), answer.text
                    assert named(answer)[0] in {name, "q", "query", "from", "point"}


def test_every_parameter_is_taken_once(ask, operations):
    for path, parameters in operations:
        for name in parameters:
            answer = ask(f"{path}?{quote(name)}=1&{quote(name)}=1")
            assert answer.status_code == 400, (path, name)
            assert named(answer)[0] in {name, "q"}


def test_an_unknown_parameter_is_refused_everywhere(ask, operations):
    for path, _ in operations:
        for name in ("surprise", "%zz", quote("名字"), "Limit", "limit[]", "limit%00"):
            assert ask(f"{path}?{name}=1").status_code == 400, (path, name)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PURGE"])
def test_every_method_is_answered_everywhere(ask, operations, method):
    for path, parameters in operations:
        question = {name: NEEDED[name] for name in parameters if name in NEEDED}
        answer = ask(path, method, params=question)
        if method == "HEAD":
            assert answer.content == b""
            assert answer.status_code == ask(path, params=question).status_code, path
        if answer.status_code == 405:
            allowed = answer.headers["allow"].split(", ")
            assert {"GET", "HEAD"} <= set(allowed)
            assert method not in allowed


@pytest.mark.parametrize("item", [*ODD, "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "a%2Fb", "%5c", "."])
def test_an_odd_id_is_not_found(ask, item):
    for method in ("GET", "HEAD", "DELETE"):
        answer = ask(f"{ITEMS}/{item}", method)
        assert answer.status_code in {200, 301, 307, 400, 401, 404, 405}
    for path in (
        f"/api/collections/{item}",
        f"/api/collections/{item}/items",
        f"/api/plans/{item}",
    ):
        assert ask(path).status_code in {200, 301, 307, 400, 404}


@pytest.mark.parametrize(
    ("parameter", "value", "status"),
    [
        ("bbox", "116.9,36.5,0,117.1,36.7,500", 200),
        ("bbox", "170,-90,-170,90", 200),
        ("bbox", "-180,-90,180,90", 200),
        ("bbox", "116.9,36.5,116.9,36.5", 200),
        ("bbox", "0,0,0,0", 200),
        ("bbox", "116.9,36.5,117.1", 400),
        ("bbox", "116.9;36.5;117.1;36.7", 400),
        ("bbox", ",,,", 400),
        ("limit", "10000", 200),
        ("limit", "999999999999", 200),
        ("limit", "0", 400),
        ("limit", "-5", 400),
        ("offset", "999999999999", 200),
        ("offset", "9" * 30, 400),
        ("crs", "http://www.opengis.net/def/crs/EPSG/0/4528", 400),
        ("crs", "http://www.opengis.net/def/crs/EPSG/0/", 400),
        ("bbox-crs", "EPSG:99999999", 400),
        ("filter-crs", "urn:x", 400),
        ("datetime", "0000-01-01T00:00:00Z/9999-12-31T00:00:00Z", 200),
        ("datetime", "../..", 200),
        ("datetime", "2021-02-30T25:00:00Z", 400),
        ("datetime", "2021-02-30", 400),
        ("datetime", "2021-02-29", 400),
        ("datetime", "2020-02-29/..", 200),
        ("datetime", "2021-04-31/..", 400),
        ("datetime", "9999-99-99", 400),
        ("revision", "0", 404),
        ("revision", "-1", 400),
        ("revision", "9" * 40, 400),
        ("properties", "name,nothing", 400),
        ("sortby", "-", 400),
        ("sortby", ",", 400),
    ],
)
def test_values_at_the_edge(ask, parameter, value, status):
    answer = ask(ITEMS, params={parameter: value})
    assert answer.status_code == status, answer.text[:300]
    if status == 400:
        assert named(answer) == [parameter]


def test_a_box_without_area_in_any_system_is_answered(ask):
    for code in ("4326", "4490", "4548", "4527", "3857"):
        crs = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
        for box in ("0,0,0,0", "1,1,1,2", "1,1,2,1"):
            assert ask(ITEMS, params={"bbox": box, "bbox-crs": crs}).status_code in {200, 400}


EQUAL = {"op": "=", "args": [{"property": "kind"}, "x"]}


def nested(depth):
    return '{"op":"not","args":[' * depth + json.dumps(EQUAL) + "]}" * depth


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2_000 + "kind = 'x'" + ")" * 2_000,
        "NOT (" * 1_500 + "kind = 'x'" + ")" * 1_500,
        "NOT " * 5_000 + "kind = 'x'",
        "kind = " + "(" * 3_000,
        "-" * 10_000 + "1 = 1",
        "uncertainty_m = " + "1+" * 5_000 + "1",
        "kind = '" + "x" * 60_000 + "'",
        "kind IN (" + ",".join(["'x'"] * 5_000) + ")",
        " OR ".join(["kind = 'x'"] * 3_000),
        "kind LIKE '" + "%_" * 5_000 + "'",
        "CASEI(" * 500 + "kind" + ")" * 500 + " = 'x'",
        "S_INTERSECTS(geometry, POLYGON((" + "0 0," * 9_000 + "0 0)))",
        "S_INTERSECTS(geometry, BBOX(1,2,3))",
        "S_DWITHIN(geometry, POINT(1 2), -1, 'parsec')",
        "A_CONTAINS(industries, ('x', 1, NULL))",
        "kind = NULL", "NULL IS NULL", "kind = 'x", "kind = \x00", "kind = '\ud7ff'", "* = *", "1",
        "uncertainty_m / 0 = 1", "uncertainty_m % 0 = 1", "uncertainty_m = 1e999",
        "kind = kind", "kind", "TRUE", "valid_from = DATE('2021-02-31')", "T_AFTER(valid_from, 1)",
    ],
    ids=count(),
)  # fmt: skip
def test_a_filter_in_text_is_answered_or_refused(ask, text):
    answer = ask(ITEMS, params={"filter": text})
    assert answer.status_code in {200, 400, 414, 431}
    if answer.status_code == 400:
        assert named(answer) == ["filter"]


@pytest.mark.parametrize(
    "text",
    [
        nested(60), nested(200), nested(1_000), "[" * 20_000, '{"op":' * 4_000,
        json.dumps({"op": "in", "args": [{"property": "kind"}, ["x"] * 4_000]}),
        json.dumps({"op": "and", "args": [EQUAL] * 500}), '{"op":"and","args":[]}', '{"op":1}',
        '{"op":{},"args":[]}', '{"op":"=","args":[{"property":[]},{}]}', "null", "true", '""',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Polygon"}]}',
        '{"op":"=","args":[{"property":"kind"},"\\ud800"]}', "{", "kind = 'x'",
    ],
    ids=count(),
)  # fmt: skip
def test_a_filter_in_json_is_answered_or_refused(ask, text):
    answer = ask(ITEMS, params={"filter": text, "filter-lang": "cql2-json"})
    assert answer.status_code in {200, 400, 414, 431}
    if answer.status_code == 400:
        assert named(answer) == ["filter"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"\x00" * 1_000, b" " * 10_000_000, b"[" * 200_000, b'{"type":' * 20_000,
        b'{"type":"Feature","geometry":null,"properties":{"' + b"a" * 1_000_000 + b'":1}}',
        b'{"type":"Feature","geometry":null,"properties":{"x":1e999}}',
        b'{"type":"Feature","geometry":null,"properties":{"x":' + b"9" * 5_000 + b"}}",
        b'{"type":"Feature","geometry":null,"properties":{"x":"\\ud800"}}',
        b'{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[]]]},"properties":{}}',
        b'{"type":"Feature","geometry":{"type":"Point","coordinates":[1e400,1]},"properties":{}}',
        b'{"type":"Feature","geometry":{"type":["Point"]},"properties":{}}',
        b'{"type":"Feature","geometry":{"type":"Point","coordinates":{}},"properties":[]}',
        b'\xef\xbb\xbf{"type":"Feature","geometry":null,"properties":null}',
        b"<wfs:Transaction/>",
    ],
    ids=count(),
)  # fmt: skip
def test_a_body_is_refused_whatever_it_is_and_is_called(ask, token, method, body):
    path = "/api/collections/parcels/items" + ("" if method == "POST" else "/nothing")
    for media_type in ("application/geo+json", "text/xml", "multipart/form-data", "", "x" * 500):
        headers = {"authorization": f"Bearer {token}", "content-type": media_type, "if-match": "*"}
        answer = ask(path, method, content=body, headers=headers)
        assert answer.status_code in {400, 404, 413, 422}, answer.text[:300]
        if len(body) < 10_000_000:
            break


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accept", "text/x;q=x, */*;q=2"),
        ("accept", ";;;,,,"),
        ("accept", "a" * 4_000),
        ("accept-encoding", "br;q=nan, gzip;q=-1, zstd;q=9, *"),
        ("accept-encoding", "," * 1_000),
        ("if-none-match", '"' * 500),
        ("if-none-match", 'W/"x", "y'),
        ("if-modified-since", "yesterday"),
        ("range", "bytes=9-1,-0,x"),
        ("range", "bytes=" + ",".join(f"{n}-{n}" for n in range(500))),
        ("host", "a b c"),
        ("host", "evil.example"),
        ("x-forwarded-proto", "javascript"),
        ("authorization", "Bearer \xff"),
        ("content-length", "0"),
        ("cookie", "=" * 1_000),
        ("origin", "null"),
        ("accept-language", "zh-" * 500),
    ],
)
def test_an_odd_header_breaks_nothing(ask, operations, name, value):
    for path, parameters in operations[:12]:
        question = {name: NEEDED[name] for name in parameters if name in NEEDED}
        answer = ask(path, params=question, headers={name: value.encode("latin-1")})
        assert answer.status_code in {200, 206, 304, 400, 404, 406, 416}


class _Server:
    """A server as `atlas serve` runs it, in a thread of ours."""

    def __init__(self, application) -> None:
        config = uvicorn.Config(
            application,
            http=Protocol,
            log_level="critical",
            lifespan="on",
        )
        self._server = uvicorn.Server(config)
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],))

    def __enter__(self) -> tuple[str, int]:
        self._listening.listen()
        self._thread.start()
        return self._listening.getsockname()

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()


@pytest.fixture
def connect(application, monkeypatch) -> Iterator:
    """Connect to a server that waits half a second for the rest of a request, and no longer."""
    for name, value in (("PATIENCE_S", 0.5), ("BODY_PATIENCE_S", 0.5), ("_LOOK_S", 0.1)):
        monkeypatch.setattr(app.server, name, value)
    opened = []
    with _Server(application) as address:

        def open_connection():
            connection = socket.create_connection(address, timeout=LONGEST_S)
            opened.append(connection)
            return connection

        yield open_connection
        for connection in opened:
            connection.close()


def rest_of(connection):
    """Return everything that comes until the server closes the connection."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /api",
        b"GET /api HTTP/1.1\r\nhost: x\r\nx-a: ",
        b"POST /api/collections/parcels/items HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        b"POST /api/collections/parcels/items HTTP/1.1\r\nhost: x\r\n"
        b"transfer-encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "half a line", "half a head", "half a body", "half a chunk"],
)
def test_a_client_that_does_not_go_on_is_left(connect, token, sent):
    connection = connect()
    connection.sendall(
        sent.replace(b"host: x", f"host: x\r\nauthorization: Bearer {token}".encode())
    )
    assert rest_of(connection).startswith((b"HTTP/1.1 408", b""))


def test_a_client_that_sends_a_byte_now_and_then_is_left(connect):
    connection = connect()
    connection.sendall(b"GET /api HTTP/1.1\r\nhost: x\r\n")
    stopped = threading.Event()

    def trickle():
        while not stopped.wait(0.05):
            try:
                connection.sendall(b"x-a: b\r\n")
            except OSError:
                return

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        answer = rest_of(connection)
    except ConnectionResetError:
        answer = b"HTTP/1.1 408"
    stopped.set()
    thread.join()
    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /api HTTP/9.9\r\n\r\n",
        b"GET /api HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"GET /api HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"GET /api HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /api HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /api/collections/projects/items HTTP/1.1\r\n\r\n",
        b"GET /api/collections/\xe8\x80\x81/items HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /api/collections/%zz/items?%zz=%zz HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=count(),
)
def test_what_is_no_request_ends_the_connection_or_is_refused(connect, sent):
    connection = connect()
    connection.sendall(sent)
    connection.shutdown(socket.SHUT_WR)
    try:
        answer = rest_of(connection)
    except ConnectionResetError:
        answer = b""
    assert not answer.startswith(b"HTTP/1.1 5")


def test_a_server_that_was_attacked_answers(connect):
    for _ in range(50):
        connect().sendall(b"GET /api HTTP/1.1\r\nhost: x\r\nx: ")
    connection = connect()
    connection.sendall(b"GET /api/collections HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert rest_of(connection).startswith(b"HTTP/1.1 200")
