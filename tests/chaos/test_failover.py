"""A primary that is killed, and the standby that takes its place."""

from __future__ import annotations

import time
from dataclasses import replace

import psycopg
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.catalogue import bundled_data, read_bundle
from layers.errors import StoreUnavailable
from layers.publishing import seed_store
from layers.store import Store


@pytest.fixture
def pair(make_cluster, wait):
    """Start a primary with a synchronous standby; returns both, and the name of a database."""
    primary = make_cluster("-c wal_level=replica")
    address = primary.database()
    Store(address).close()
    standby = make_cluster(create=False)
    standby.run(
        "pg_basebackup", "-R", "-c", "fast", "-X", "stream", "-D", str(standby.data), "-U", "atlas",
        "-h", str(primary.folder),
    )  # fmt: skip
    standby.start()
    with psycopg.connect(primary.address.format("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
        wait(
            lambda: (
                connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
                == ("sync",)
            )
        )
    return primary, standby, address.partition("@/")[2].partition("?")[0]


def test_nothing_acknowledged_is_lost_when_a_synchronous_standby_is_promoted(
    pair, tmp_path, start, acks, wait, dice
):
    primary, standby, name = pair
    written = tmp_path / "acks"
    process = start("loop", primary.address.format(name), written, 1000)
    wait(lambda: len(acks(written)) > 3)
    time.sleep(dice.uniform(0.1, 0.4))
    primary.kill()
    process.wait(60)
    standby.run("pg_ctl", "-D", str(standby.data), "-w", "promote")
    store = Store(standby.address.format(name))
    revisions = {each.number: each.digest for each in store.revisions("plots")}
    assert acks(written).items() <= revisions.items()
    assert list(store.faults()) == []
    assert not store.read_only
    store.close()


def test_a_standby_is_read_and_refuses_to_be_written(pair, publisher, wait):
    primary, standby, name = pair
    writing = Store(primary.address.format(name))
    publisher.publish(writing, 1)
    reading = Store(standby.address.format(name))
    wait(lambda: reading.head("plots") is not None)
    assert reading.read_only
    assert reading.features(reading.head("plots")) == publisher.features(1)
    with pytest.raises(StoreUnavailable, match="read-only"):
        publisher.publish(reading, 2)
    reading.close()
    writing.close()


def test_an_atlas_on_a_standby_serves_what_the_primary_has_published(pair, wait):
    primary, standby, name = pair
    writing = Store(primary.address.format(name))
    bundle = read_bundle(bundled_data())
    seed_store(writing, bundle)
    reading = Store(standby.address.format(name))
    wait(lambda: "projects" in reading.heads())
    reading.close()
    with TestClient(create_app(Settings(store=standby.address.format(name)))) as client:
        head = writing.head("projects")
        features = [
            replace(each, properties={**each.properties, "name": "主库的新名"})
            if each.id == "laoshangbu"
            else each
            for each in writing.features(head)
        ]
        made = writing.publish(
            "projects", features, base=head, kind="publish", author="a", message="m"
        )
        item = "/api/collections/projects/items/laoshangbu"
        fresh = client.get(item, params={"min_seq": made.sequence})
        assert fresh.status_code in {200, 503}
        while fresh.status_code == 503:
            assert fresh.headers["retry-after"] == "1"
            fresh = client.get(item, params={"min_seq": made.sequence})
        assert fresh.json()["properties"]["name"] == "主库的新名"
        assert client.get(item, params={"min_seq": made.sequence + 5}).status_code == 503
    writing.close()
