"""What ``atlas serve`` says when it starts, and when it cannot."""

from __future__ import annotations

import gzip
import json
import re
import socket
from http.client import HTTPConnection

import pytest

from layers.store import Store


def test_prints_the_address_at_which_it_answers(start_atlas):
    process = start_atlas("--port", "0")
    address = re.search(r"http://(127\.0\.0\.1:\d+)", process.stdout.readline())

    assert address
    connection = HTTPConnection(address[1])
    connection.request("GET", "/api")
    assert json.load(connection.getresponse())["links"]
    connection.close()


ITEMS = "/api/collections/projects/items?limit=5"


@pytest.fixture
def ask(start_atlas):
    """Ask a server over a connection that is kept alive."""
    process = start_atlas("--port", "0")
    connection = HTTPConnection(process.stdout.readline().rpartition("http://")[2].strip())

    def fetch(method="GET", path=ITEMS, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Accept-Encoding": "identity"} | named)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    yield fetch
    connection.close()


def test_what_is_answered_at_once_is_the_same_each_time_and_what_the_application_says(ask):
    first, second, third = (ask()[2] for _ in range(3))
    from_application = ask(Range="bytes=0-")[2]

    assert first == second == third == from_application
    assert len(json.loads(first)["features"]) == 5


def test_a_limit_that_the_operator_sets_counts_what_is_answered_at_once_too(start_atlas):
    process = start_atlas("--port", "0", ATLAS_RATE_LIMIT="5/hour")
    host = process.stdout.readline().rpartition("http://")[2].strip()

    def ask(**headers):
        connection = HTTPConnection(host)
        connection.request("GET", ITEMS, headers={"Accept": "application/json"} | headers)
        answer = connection.getresponse()
        connection.close()
        return answer.status

    assert [ask() for _ in range(7)] == [200] * 5 + [429] * 2
    another = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
    assert [ask(**another) for _ in range(6)] == [200] * 5 + [429]


def test_head_is_get_without_a_body(ask):
    for path in (ITEMS, "/api/collections/projects/items/laoshangbu", "/api"):
        _, got, _ = ask("GET", path)
        status, head, body = ask("HEAD", path)

        assert (status, body) == (200, b"")
        assert {**head, "date": ""} == {**got, "date": ""}


def test_a_compressed_answer_has_an_etag_of_its_own(ask):
    _, plain, body = ask()
    for _ in range(2):
        _, head, compressed = ask(Accept_Encoding="gzip, deflate, br")

        assert head["content-encoding"] == "gzip"
        assert head["content-length"] == str(len(compressed))
        assert gzip.decompress(compressed) == body
        assert head["etag"] != plain["etag"]
        assert ask(Accept_Encoding="gzip", If_None_Match=head["etag"])[0] == 304
        assert ask(If_None_Match=head["etag"])[0] == 200


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "gzip; q=0.0, identity", "deflate"])
def test_an_answer_is_plain_for_whoever_does_not_take_gzip(ask, accepted):
    assert "content-encoding" not in ask(Accept_Encoding=accepted)[1]


def test_several_workers_answer_at_one_address_and_end_together(start_atlas):
    process = start_atlas("--port", "0", "--workers", "2")
    host = process.stdout.readline().rpartition("http://")[2].strip()
    for _ in range(8):
        connection = HTTPConnection(host)
        connection.request("GET", ITEMS)
        assert len(json.load(connection.getresponse())["features"]) == 5
        connection.close()
    connection = HTTPConnection(host)
    connection.request("GET", "/metrics")
    told = connection.getresponse().read().decode()
    connection.close()
    shown = re.findall(r'^atlas_store_sequence\{worker="(\d+)"\}', told, re.M)
    assert len(set(shown)) == len(shown) == 2

    process.terminate()
    assert process.wait(30) in {0, -15}
    with pytest.raises(ConnectionRefusedError):
        HTTPConnection(host).connect()


def test_several_workers_do_not_start_on_broken_data(atlas, data, edit):
    edit("projects.geojson", lambda d: d["features"][0]["properties"].update(precision="P9"))

    done = atlas("serve", "--port", "0", "--workers", "2", ATLAS_DATA=str(data))

    assert done.returncode == 3
    assert done.stderr.count("\n") == 1


def test_a_second_start_finds_the_store_of_the_first(start_atlas, tmp_path):
    heads = []
    for _ in range(2):
        process = start_atlas("--port", "0")
        assert "http://" in process.stdout.readline()
        process.terminate()
        process.wait(20)
        store = Store(tmp_path / "home" / "atlas.sqlite")
        heads.append(store.head("projects"))

    assert heads[0] is not None
    assert heads[1] == heads[0]


def test_a_taken_port_is_said_in_one_sentence(atlas):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = atlas("serve", "--port", port)

    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(
        rf"Cannot listen on 127\.0\.0\.1, port {port} \(.+\); choose another with --port\.\n",
        done.stderr,
    )


def test_broken_data_stop_the_start_with_file_feature_field_and_reason(atlas, data, edit):
    edit("projects.geojson", lambda d: d["features"][0]["properties"].update(precision="P9"))

    done = atlas("serve", "--port", "0", ATLAS_DATA=str(data))

    assert done.returncode == 3
    assert re.match(r'projects\.geojson, feature laoshangbu, field "precision": .*P9', done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ATLAS_PORT": "many"}, r"ATLAS_PORT: .*integer"),
        ({"ATLAS_PORT": "70000"}, r"ATLAS_PORT: .*65535"),
        ({"ATLAS_DATA": "nowhere"}, r"nowhere\S+catalog\.json: cannot be read"),
        ({"ATLAS_HOST": "256.0.0.1"}, r"Cannot listen on 256\.0\.0\.1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(atlas, settings, sentence):
    done = atlas("serve", **settings)

    assert done.returncode
    assert re.search(sentence, done.stderr)
    assert done.stderr.count("\n") == 1


def test_a_home_that_cannot_be_made_is_named(atlas, tmp_path):
    (tmp_path / "file").write_text("in the way")

    done = atlas("serve", "--port", "0", ATLAS_HOME=str(tmp_path / "file" / "home"))

    assert done.returncode == 7
    assert "set ATLAS_HOME to a folder that can be written" in done.stderr


def test_check_counts_what_is_published(atlas):
    done = atlas("check")

    assert done.returncode == 0
    assert re.search(r"^zones: 3 features, 3 mapped, no faults$", done.stdout, re.MULTILINE)


def test_help_names_every_command(atlas):
    done = atlas("--help")

    assert done.returncode == 0
    assert "serve" in done.stdout
    assert "check" in done.stdout
    assert "ATLAS_HOME" in done.stdout


def test_what_is_answered_at_once_is_counted_too(ask):
    for _ in range(3):
        assert ask()[0] == 200
    assert ask("HEAD")[0] == 200
    text = ask(path="/metrics")[2].decode()
    assert re.search(r'^atlas_requests_at_once_total\{status="200",worker="\d+"\} 4.0$', text, re.M)
