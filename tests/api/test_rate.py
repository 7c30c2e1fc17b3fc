"""A client that asks too often is told when to come back; others are served."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    return create_app(Settings(home=tmp_path_factory.mktemp("home"), rate_limit="3/day"))


@pytest.fixture
def ask(application):
    def ask(host):
        with TestClient(application, client=(host, 50_000)) as client:
            return client.get("/api/conformance", headers={"origin": "https://else.example"})

    return ask


def test_too_many_requests_are_refused_until_a_time_that_is_named(ask):
    assert [ask("192.0.2.1").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = ask("192.0.2.1")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 2 * 86_400
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "3 per 1 day" in refused.json()["detail"]


def test_other_clients_are_served_meanwhile(ask):
    for _ in range(4):
        ask("192.0.2.2")
    assert ask("192.0.2.3").status_code == 200


def test_addresses_of_one_network_are_one_client(ask):
    statuses = [ask(f"2001:db8::{number}").status_code for number in range(1, 5)]
    assert statuses == [200, 200, 200, 429]
    assert ask("2001:db8:0:1::1").status_code == 200


def test_without_a_limit_nothing_is_counted(tmp_path):
    application = create_app(Settings(home=tmp_path, rate_limit=""))
    with TestClient(application) as client:
        assert {client.get("/api/conformance").status_code for _ in range(5)} == {200}


def test_a_rate_that_is_none_stops_the_start(tmp_path):
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(home=tmp_path, rate_limit="often")
