"""Accounts and tokens: who may do what, kept without anything that could be stolen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from layers.accounts import (
    TOKEN_PREFIX,
    needs_rehash,
    new_account,
    new_token,
    verify_password,
)
from layers.errors import InvalidParameter, NotFound
from layers.roles import ROLES
from layers.store import Store

PASSWORD = "十四五规划 shizhong 2035"  # noqa: S105  of nobody


@pytest.fixture
def store(store_address):
    store = Store(store_address)
    yield store
    store.close()


@pytest.fixture
def wang(store):
    account = new_account("wang", "王工", "editor", PASSWORD)
    store.people.add(account, author="root")
    return account


def test_a_password_is_verified_and_kept_as_argon2id(store, wang):
    kept = store.people.get("wang")
    assert kept.password.startswith("$argon2id$")
    assert PASSWORD not in kept.password
    assert verify_password(kept, PASSWORD)
    assert not verify_password(kept, PASSWORD + "x")
    assert not verify_password(None, PASSWORD)
    assert not needs_rehash(kept)


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaa", "WANG-wang-2035!", "x" * 1001])
def test_an_easy_password_is_refused(password):
    with pytest.raises(InvalidParameter, match=r"[Pp]assword"):
        new_account("wang", "", "editor", password)


@pytest.mark.parametrize("name", ["", "Wang", "王", "a b", "../x", "x" * 64])
def test_a_name_is_plain(name):
    with pytest.raises(InvalidParameter, match="cannot be a name"):
        new_account(name, "", "editor", PASSWORD)


def test_a_name_is_given_once(store, wang):
    with pytest.raises(InvalidParameter, match="already"):
        store.people.add(wang, author="root")


def test_there_are_four_roles():
    assert ROLES == ("editor", "reviewer", "administrator", "auditor")
    with pytest.raises(InvalidParameter, match="no role boss"):
        new_account("wang", "", "boss", PASSWORD)


def test_a_disabled_account_lets_nobody_in_nor_its_tokens(store, wang):
    token, secret = new_token(wang, "QGIS", ["*:edit"], 30, ["x"])
    store.people.add_token(token, author="root")
    assert store.people.verify_token(secret, "x", "edit") == wang
    store.people.change(
        replace(wang, disabled=datetime.now(UTC)), author="root", what="disable user"
    )
    assert not verify_password(store.people.get("wang"), PASSWORD)
    assert store.people.verify_token(secret, "x", "edit") is None


def test_a_token_does_what_its_scopes_say(store, wang):
    token, secret = new_token(wang, "QGIS", ["x:edit", "y:read"], 30, ["x", "y"])
    store.people.add_token(token, author="root")
    allowed = {
        (layer, action)
        for layer in ("x", "y", "z")
        for action in ("read", "edit", "publish")
        if store.people.verify_token(secret, layer, action)
    }
    assert allowed == {("x", "edit"), ("y", "read")}
    assert store.people.verify_token("atlas_guessed", "x", "edit") is None


def test_a_token_ends_when_it_expires_or_is_revoked(store, wang):
    token, secret = new_token(wang, "script", ["*:read"], 1, [])
    assert not token.allows("x", "read", token.expires)
    assert token.allows("x", "read", token.expires - timedelta(seconds=1))
    number = store.people.add_token(token, author="root").number
    store.people.revoke(number, author="root")
    assert store.people.verify_token(secret, "x", "read") is None
    with pytest.raises(NotFound, match="no token 1 in force"):
        store.people.revoke(number, author="root")


@pytest.mark.parametrize("scopes", [[], ["x"], ["x:delete"], ["nowhere:read"], [":read"]])
def test_a_scope_names_a_layer_and_an_action(scopes, wang):
    with pytest.raises(InvalidParameter, match="scope"):
        new_token(wang, "", scopes, 30, ["x"])


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_is_not_for_ever(wang, days):
    with pytest.raises(InvalidParameter, match="1 to 366"):
        new_token(wang, "", ["*:read"], days, [])


def test_nothing_that_opens_a_door_is_in_the_store_or_its_log(store, wang):
    token, secret = new_token(wang, "QGIS", ["*:read"], 30, [])
    store.people.add_token(token, author="root")
    assert secret.startswith(TOKEN_PREFIX)
    (kept,) = store.people.tokens("wang")
    assert secret not in repr(kept)
    log = repr(store.log())
    assert [each.action for each in store.log()] == ["add user", "add token"]
    for private in (PASSWORD, wang.password, secret, kept.sha256):
        assert private not in log
