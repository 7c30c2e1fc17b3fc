"""What those who run the atlas see of it: probes, metrics, the log, and alerts in the studio."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from app.condition import CODES, Condition, alerts
from app.logs import configure_logs
from app.main import create_app
from app.metrics import Metrics
from app.settings import Settings
from layers.days import day_of
from layers.errors import StoreUnavailable
from layers.store import ChangeSet, new_draft

TOKEN = "a token of the monitoring"  # noqa: S105  of nobody


@pytest.fixture
def here(application):
    """Return a client on the machine of the atlas."""
    with TestClient(application, "http://127.0.0.1:8000", client=("127.0.0.1", 5000)) as client:
        yield client


@pytest.fixture
def broken(application, monkeypatch):
    """Let the store answer nobody."""

    def refuse(*_, **__):
        raise StoreUnavailable("The store /secret/place cannot be used: gone.")

    monkeypatch.setattr(application.state.published.store, "sequence", refuse)
    monkeypatch.setattr(application.state.published.store.drafts, "list", refuse)


@pytest.fixture
def log():
    """Return a function that gives the lines of the log; everything is as before afterwards."""
    # Servers that other tests have started in this process left uvicorn's loggers to themselves.
    loggers = [logging.getLogger(name) for name in ("", "app", "uvicorn", "uvicorn.error")]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    for each in loggers[2:]:
        each.handlers, each.propagate = [], True
        each.setLevel(logging.NOTSET)
    stream = io.StringIO()
    with warnings.catch_warnings():
        configure_logs(stream)
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
        logging.captureWarnings(capture=False)
    for each, handlers, level, propagate in before:
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


def read(text):
    """Return the samples of a text in Prometheus' format, by name and labels but the worker."""
    return {
        (each.name, *sorted(v for k, v in each.labels.items() if k != "worker")): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_probe_is_answered_to_anybody(visit, path, method):
    answer = visit(None).request(method, path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


def test_without_its_store_the_process_lives_and_is_not_ready(here, broken):
    assert here.get("/healthz").status_code == 200
    answer = here.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_requests_are_counted_by_route_method_and_status(here):
    for item in ("laoshangbu", "nobody", "nothing"):
        here.get(f"/api/collections/projects/items/{item}")
    here.get("/nowhere/1")
    here.get("/nowhere/2")
    here.request("BREW", "/nowhere")
    seen = read(here.get("/metrics").text)
    route = "/api/collections/{collection_id}/items/{item_id}"
    assert seen["atlas_requests_total", *sorted(("200", route, "GET"))] == 1
    assert seen["atlas_requests_total", *sorted(("404", route, "GET"))] == 2
    assert seen["atlas_requests_total", *sorted(("404", "none", "GET"))] == 2
    assert seen["atlas_requests_total", *sorted(("404", "none", "other"))] == 1
    assert seen["atlas_request_seconds_count", *sorted((route, "GET"))] == 3


def test_what_the_atlas_holds_is_measured(here, application):
    store = application.state.published.store
    old = new_draft(
        "projects",
        1,
        author="wang",
        source="a.geojson",
        crs="CRS84",
        notes=(),
        findings=(),
        context="",
    )
    store.drafts.add(old, ChangeSet((), ("laoshangbu",), {}))
    seen = read(here.get("/metrics").text)
    assert seen["atlas_publishes_total", "projects", "seed"] == 1
    assert seen[("atlas_store_sequence",)] == application.state.published.latest.sequence
    assert seen[("atlas_store_reachable",)] == 1
    assert 0 <= seen[("atlas_store_unseen_seconds",)] < 60
    assert seen[("atlas_disk_free_bytes",)] > 0
    assert seen[("atlas_drafts_waiting",)] == 1
    assert 0 <= seen[("atlas_draft_oldest_days",)] < 1
    failing = [r for r in application.state.published.latest.atlas.results if r.outcome == "fails"]
    assert seen[("atlas_statements_failing",)] == len(failing)
    assert {name[1] for name in seen if name[0] == "atlas_alert"} == set(CODES)


@pytest.fixture
def workers(application, own_home):
    """Return the figures of two workers of one home, each under the name of its own."""
    settings = Settings(home=own_home)
    published = application.state.published
    return [
        Metrics(published, settings, {200: count}, name) for name, count in (("a", 3), ("b", 4))
    ]


def of_worker(text):
    """Return the samples by name and worker, each once."""
    samples = [
        ((each.name, each.labels.get("worker"), each.labels.get("route")), each.value)
        for family in text_string_to_metric_families(text)
        for each in family.samples
    ]
    names = [
        name for name, _ in samples if name[0] in {"atlas_requests_total", "atlas_drafts_waiting"}
    ]
    assert len(names) == len(set(names))
    return dict(samples)


def test_whichever_worker_is_asked_tells_the_figures_of_all(workers):
    first, second = workers
    first.count("/help", "GET", 200, 0.1)
    for _ in range(2):
        second.count("/help", "GET", 200, 0.1)
    second.count("/zones", "GET", 200, 0.1)
    for each in workers:
        each.leave()
    for each in workers:
        seen = of_worker(each.text().decode())
        assert seen["atlas_requests_total", "a", "/help"] == 1
        assert seen["atlas_requests_total", "b", "/help"] == 2
        assert seen["atlas_requests_total", "b", "/zones"] == 1
        assert seen["atlas_request_seconds_count", "b", "/help"] == 2
        assert seen["atlas_requests_at_once_total", "a", None] == 3
        assert seen["atlas_requests_at_once_total", "b", None] == 4
        assert seen["atlas_drafts_waiting", None, None] == 0
        assert each.text().count(b"# TYPE atlas_requests_total ") == 1


def test_what_an_ended_worker_left_goes_after_a_minute(workers, own_home):
    first, second = workers
    second.count("/help", "GET", 200, 0.1)
    second.leave()
    left = own_home / "metrics" / "b.prom"
    os.utime(left, (0, 0))
    assert ("atlas_requests_total", "b", "/help") not in of_worker(first.text().decode())
    assert not left.exists()


def test_metrics_are_there_without_the_store(here, broken):
    seen = read(here.get("/metrics").text)
    assert seen[("atlas_store_reachable",)] == 0
    assert seen["atlas_alert", "store"] == 1
    assert ("atlas_drafts_waiting",) not in seen


def test_the_end_of_the_review_number_is_measured(own_home):
    end = day_of(datetime.now(UTC)) + timedelta(days=40)
    application = create_app(Settings(home=own_home, review_number_expires=end))
    client = TestClient(application, "http://localhost", client=("::1", 1))
    seen = read(client.get("/metrics").text)
    assert seen[("atlas_review_number_days",)] == 40
    assert seen["atlas_alert", "review-expiring"] == 1


@pytest.mark.parametrize(
    ("client", "host", "headers"),
    [
        ("192.0.2.7", "127.0.0.1", {}),
        ("127.0.0.1", "atlas.example", {}),
        ("127.0.0.1", "127.0.0.1", {"x-forwarded-for": "127.0.0.1"}),
        ("127.0.0.1", "127.0.0.1", {"forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", "127.0.0.1", {"via": "1.1 proxy"}),
    ],
)
def test_without_a_token_only_this_machine_reads_the_metrics(application, client, host, headers):
    browser = TestClient(application, f"http://{host}", client=(client, 1))
    answer = browser.get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert "atlas_" not in answer.text


def test_where_a_token_is_set_nothing_else_will_do(own_home):
    application = create_app(Settings(home=own_home, metrics_token=TOKEN))
    client = TestClient(application, "http://127.0.0.1", client=("127.0.0.1", 1))
    for given in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer é"}):
        headers = {name: value.encode("latin-1") for name, value in given.items()}
        assert client.get("/metrics", headers=headers).status_code == 401
    right = {"authorization": f"Bearer {TOKEN}"}
    assert client.get("/metrics", headers=right).status_code == 200
    assert TOKEN not in repr(application.state.settings)


@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 200), ("editor", 403), ("reviewer", 403), ("auditor", 403)],
)
def test_of_those_who_are_logged_in_administrators_read_the_metrics(visit, role, status):
    assert visit(role).get("/metrics").status_code == status


def test_a_request_is_a_line_in_the_log_without_what_it_was_about(visit, log):
    browser = visit("editor")
    browser.get(
        "/studio/layers/projects?q=某某某&token=secret",
        headers={"authorization": "Bearer secret", "x-request-id": "trace-1"},
    )
    browser.get("/studio/layers/projects/features/laoshangbu")
    lines = [each for each in log() if each.get("event") == "request"]
    assert [each["route"] for each in lines[-2:]] == [
        "/studio/layers/{layer_id}",
        "/studio/layers/{layer_id}/features/{feature_id:path}",
    ]
    one = lines[-2]
    assert (one["method"], one["status"], one["request_id"]) == ("GET", 200, "trace-1")
    assert one["ms"] >= 0
    assert set(one) == {
        "event", "route", "method", "status", "ms", "request_id", "level", "logger", "timestamp",
    }  # fmt: skip
    everything = json.dumps(log(), ensure_ascii=False)
    for private in ("某某某", "secret", "laoshangbu", "the-editor", "testclient", "atlas="):
        assert private not in everything


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "名", '"}{"'])
def test_an_id_that_cannot_stand_in_the_log_is_replaced(visit, log, given):
    answer = visit(None).get("/healthz", headers={b"x-request-id": given.encode()})
    assert "x-request-id" not in answer.headers
    (line,) = [each for each in log() if each.get("route") == "/healthz"]
    assert re.fullmatch("[0-9a-f]{32}", line["request_id"])


def test_an_answer_has_the_id_of_its_request(visit):
    answer = visit(None).get("/healthz", headers={"x-request-id": "trace-1.b"})
    assert answer.headers["x-request-id"] == "trace-1.b"


def test_what_fails_is_found_in_the_log_by_its_id(visit, application, log, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(application.state.published.store.people, "tokens", fail)
    browser = visit("editor")

    answer = browser.get("/studio/account", headers={"x-request-id": "trace-2"})

    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "trace-2"
    assert "trace-2" in answer.text
    (line,) = [each for each in log() if "Incident trace-2" in each["event"]]
    assert "ZeroDivisionError" in line["exception"]
    assert line["level"] == "error"
    (request,) = [each for each in log() if each.get("request_id") == "trace-2"]
    assert request["status"] == 500


def test_whatever_else_is_said_is_a_line_of_json_too(log):
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.\n{")
    warnings.simplefilter("always")
    warnings.warn("变了", DeprecationWarning, stacklevel=1)
    said = [(each["logger"], each["event"]) for each in log()]
    assert ("uvicorn.error", "Invalid HTTP request received.\n{") in said
    assert any(name == "py.warnings" and "变了" in event for name, event in said)


FINE = Condition(
    unseen_s=0.5,
    free=50_000_000_000,
    disk=100_000_000_000,
    drafts=0,
    oldest_days=0.0,
    publishes={},
    failing=0,
    review_days=None,
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"free": 900_000_000}, [("disk", 0.9)]),
        ({"free": 4_900_000_000}, [("disk", 4.9)]),
        ({"unseen_s": 31.0}, [("store", 31)]),
        ({"drafts": None, "unseen_s": 2.0}, [("store", 2)]),
        ({"review_days": 91}, []),
        ({"review_days": 90}, [("review-expiring", 90)]),
        ({"review_days": 0}, [("review-expiring", 0)]),
        ({"review_days": -1}, [("review-expired", 1)]),
        ({"failing": 3}, [("statements", 3)]),
        ({"oldest_days": 30.0}, []),
        ({"oldest_days": 30.5}, [("drafts", 30)]),
    ],
)
def test_what_somebody_should_look_after(change, expected):
    assert alerts(FINE._replace(**change), Settings(home=Path())) == expected


def test_the_first_page_of_the_studio_says_it(own_home, password):
    settings = Settings(home=own_home, review_number_expires=date(2020, 1, 1))
    with TestClient(create_app(settings), follow_redirects=True) as browser:
        given = {"name": "the-auditor", "password": password}
        page = browser.post("/studio/login", data=given).text
    assert 'role="alert"' in page
    assert "审图号已过期" in page
