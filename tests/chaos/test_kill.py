"""An acknowledged publish survives kill -9; an unacknowledged one is whole or absent."""

from __future__ import annotations

import os
import signal
import time

import pytest

from layers.store import Store

ROUNDS = {"sqlite": 50, "postgresql": 12}


def test_kill_9_loses_nothing_and_tears_nothing(
    store_address, request, tmp_path, start, acks, wait, publisher, dice, rounds
):
    engine = "postgresql" if isinstance(store_address, str) else "sqlite"
    Store(store_address).close()
    written = tmp_path / "acks"
    forks = start("fork")
    for _ in range(ROUNDS[engine] * rounds):
        before = len(acks(written))
        forks.stdin.write(f"{store_address} {written} 1000\n")
        forks.stdin.flush()
        child = int(forks.stdout.readline())
        wait(lambda before=before: len(acks(written)) > before)
        time.sleep(dice.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        assert forks.stdout.readline() == "ended\n"
        store = Store(store_address)
        _expect_all(store, acks(written))
        store.close()
    store = Store(store_address)
    last = len(acks(written))
    kept = store.head(publisher.LAYER).number
    publisher.publish(store, last + 1)
    assert store.head(publisher.LAYER).number == max(kept, last + 1), "the same key publishes once"
    assert list(store.faults()) == []
    store.close()


def _expect_all(store, acknowledged):
    revisions = {each.number: each.digest for each in store.revisions("plots")}
    assert acknowledged.items() <= revisions.items()
    assert len(revisions) - len(acknowledged) in {0, 1}
    assert list(store.faults()) == []


def test_a_publish_killed_between_commit_and_reply_is_given_again_by_its_key(
    store_address, publisher, monkeypatch
):
    store = Store(store_address)
    first = publisher.publish(store, 1)

    class PulledError(BaseException):
        pass

    def pull(*_):
        raise PulledError

    with monkeypatch.context() as patched:
        patched.setattr("layers.store.store.prepare", store_prepare_then(pull))
        with pytest.raises(PulledError):
            publisher.publish(store, 2)
    assert store.head("plots").digest == first, "pulled before the commit: nothing is stored"
    again = publisher.publish(store, 2)
    store.close()
    # The reply was lost: another process asks again with the same key.
    other = Store(store_address)
    assert publisher.publish(other, 2) == again
    assert other.head("plots").number == 2
    other.close()


def store_prepare_then(then):
    def prepare(_change):
        then()

    return prepare


def test_killing_the_server_loses_nothing(make_cluster, tmp_path, start, acks, wait, dice, rounds):
    cluster = make_cluster()
    address = cluster.database()
    Store(address).close()
    written = tmp_path / "acks"
    for _ in range(3 * rounds):
        before = len(acks(written))
        process = start("loop", address, written, 1000)
        wait(lambda before=before: len(acks(written)) > before)
        time.sleep(dice.uniform(0, 0.1))
        cluster.kill()
        process.wait(60)
        cluster.start()
        store = Store(address)
        _expect_all(store, acks(written))
        store.close()
