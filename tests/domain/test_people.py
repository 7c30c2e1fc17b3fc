"""Logging in: who is let in, for how long, and what becomes of those who guess."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from layers.accounts import new_account
from layers.errors import LockedOut, NotAllowed
from layers.people import change_account, find_session, log_in
from layers.store import Store

PASSWORD = "十四五规划 shizhong 2035"  # noqa: S105  of nobody
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
IDLE = timedelta(minutes=30)


@pytest.fixture
def store(store_address):
    store = Store(store_address)
    store.people.add(new_account("wang", "王工", "editor", PASSWORD), author="root")
    yield store
    store.close()


def fail(store: Store, at: datetime, name: str = "wang") -> None:
    with pytest.raises(NotAllowed, match="Name or password is wrong"):
        log_in(store, name, "not the password", at)


def test_a_session_is_found_by_its_secret_which_is_kept_nowhere(store):
    secret = log_in(store, "wang", PASSWORD, NOW)

    session, account = find_session(store, secret, IDLE, NOW)

    assert account.name == "wang"
    assert secret not in repr(session)
    assert find_session(store, secret + "x", IDLE, NOW) is None
    assert [(e.action, e.actor) for e in store.log()][-1] == ("log in", "wang")


def test_every_log_in_has_a_secret_of_its_own(store):
    first, second = (log_in(store, "wang", PASSWORD, NOW) for _ in range(2))
    assert first != second


def test_a_session_that_is_not_used_ends(store):
    secret = log_in(store, "wang", PASSWORD, NOW)

    assert find_session(store, secret, IDLE, NOW + timedelta(minutes=29))
    assert find_session(store, secret, IDLE, NOW + timedelta(minutes=58))
    assert find_session(store, secret, IDLE, NOW + timedelta(minutes=88)) is None


def test_a_session_ends_after_half_a_day_however_busy(store):
    secret = log_in(store, "wang", PASSWORD, NOW)
    steps = [NOW + timedelta(minutes=20 * step) for step in range(1, 37)]

    assert [find_session(store, secret, IDLE, at) is None for at in steps] == [False] * 35 + [True]


def test_logging_out_ends_a_session_for_good(store):
    secret = log_in(store, "wang", PASSWORD, NOW)
    session, _ = find_session(store, secret, IDLE, NOW)

    store.sessions.end(session, NOW)

    assert find_session(store, secret, IDLE, NOW) is None
    assert store.log()[-1].action == "log out"


@pytest.mark.parametrize("change", [{"role": "auditor"}, {"disabled": NOW}, {"shown": "小王"}])
def test_whoever_is_changed_logs_in_again(store, change):
    secret = log_in(store, "wang", PASSWORD, NOW)

    account = replace(store.people.get("wang"), **change)
    change_account(store, account, author="root", what="change")

    assert find_session(store, secret, IDLE, NOW) is None


def test_a_disabled_account_is_refused_as_if_the_password_were_wrong(store):
    account = replace(store.people.get("wang"), disabled=NOW)
    change_account(store, account, author="root", what="disable user")

    with pytest.raises(NotAllowed, match="Name or password is wrong"):
        log_in(store, "wang", PASSWORD, NOW)


@pytest.mark.parametrize("name", ["wang", "nobody", "", "王'; DROP TABLE account;--"])
def test_five_failures_in_fifteen_minutes_lock_a_name_whether_anybody_has_it_or_not(store, name):
    for minute in range(5):
        fail(store, NOW + timedelta(minutes=minute), name)

    with pytest.raises(LockedOut, match="try again in 10 min") as refusal:
        log_in(store, name, PASSWORD, NOW + timedelta(minutes=5))

    assert refusal.value.wait_s == 600


def test_a_lock_ends_when_the_first_failure_is_old(store):
    for minute in range(5):
        fail(store, NOW + timedelta(minutes=minute))

    assert log_in(store, "wang", PASSWORD, NOW + timedelta(minutes=15, seconds=1))


def test_what_is_tried_while_a_name_is_locked_does_not_lock_it_longer(store):
    for minute in range(5):
        fail(store, NOW + timedelta(minutes=minute))
    for minute in range(5, 15):
        with pytest.raises(LockedOut):
            log_in(store, "wang", "guess", NOW + timedelta(minutes=minute))

    assert log_in(store, "wang", PASSWORD, NOW + timedelta(minutes=15, seconds=1))


def test_a_success_forgives_the_failures_before_it(store):
    for minute in range(4):
        fail(store, NOW + timedelta(minutes=minute))
    log_in(store, "wang", PASSWORD, NOW + timedelta(minutes=4))

    for minute in range(5, 9):
        fail(store, NOW + timedelta(minutes=minute))


def test_many_guesses_at_once_are_no_more_than_five(store):
    outcomes = []

    def guess() -> None:
        try:
            log_in(store, "wang", "guess", NOW)
        except (NotAllowed, LockedOut) as refusal:
            outcomes.append(type(refusal))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 12
    assert outcomes.count(NotAllowed) <= 5


def test_neither_names_nor_passwords_that_were_tried_are_kept(store, store_address):
    fail(store, NOW, "my-secret-password-in-the-wrong-field")
    with store._reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM login_attempt").all()
    assert len(rows) == 1
    assert "my-secret" not in repr(rows)
