"""The use cases of people: logging in, their own password and tokens, and who may do what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from .accounts import hash_password, is_name, needs_rehash, new_token, verify_password
from .errors import InvalidParameter, NotAllowed, NotFound
from .roles import as_role, has_right

if TYPE_CHECKING:
    from .accounts import Account, Token
    from .catalogue import Bundle
    from .store import Session, Store

Change: TypeAlias = Literal["role", "password", "disable", "enable"]
CHANGES: tuple[Change, ...] = get_args(Change)


def log_in(store: Store, name: str, password: str, now: datetime | None = None) -> str:
    """Begin a session for somebody who knows their password; return the secret of its cookie.

    Raises
    ------
    LockedOut
        If there were too many attempts under this name, whether anybody has it or not.
    NotAllowed
        If the name or the password is wrong; it does not say which, and takes as long for both.
    """
    moment = now or datetime.now(UTC)
    attempt = store.sessions.attempt(name, moment)
    account = store.people.find(name)
    if not verify_password(account, password) or account is None:
        raise NotAllowed("Name or password is wrong.", known=False)
    store.sessions.succeed(attempt)
    if needs_rehash(account):
        renewed = replace(account, password=hash_password(name, password))
        store.people.change(renewed, author=name, what="rehash password")
    return store.sessions.begin(name, moment)


def log_in_identified(store: Store, name: str, provider: str, now: datetime | None = None) -> str:
    """Begin a session for somebody whom a provider of identities has named.

    No account is made, and none gets another role: those are kept here.

    Raises
    ------
    LockedOut
        If there were too many attempts under this name, with passwords or without.
    NotAllowed
        If nobody has the name, or may not use it any more.
    """
    moment = now or datetime.now(UTC)
    refusal = NotAllowed("The provider knows you, but there is no account for you.", known=True)
    if not is_name(name):
        raise refusal
    attempt = store.sessions.attempt(name, moment)
    account = store.people.find(name)
    if account is None or account.disabled is not None:
        raise refusal
    store.sessions.succeed(attempt)
    return store.sessions.begin(name, moment, f"through {provider}")


def find_session(
    store: Store, secret: str, idle: timedelta, now: datetime | None = None
) -> tuple[Session, Account] | None:
    """Return the session that a cookie names, and whose it is; None if it has ended."""
    session = store.sessions.find(secret, now or datetime.now(UTC), idle)
    if session is None:
        return None
    account = store.people.find(session.account)
    return None if account is None or account.disabled is not None else (session, account)


def change_account(store: Store, account: Account, *, author: str, what: str) -> None:
    """Store an account as it is now and end every session that began before; see `People.change`.

    Who has a new password, another role or no access logs in again.
    """
    store.people.change(account, author=author, what=what)
    store.sessions.end_all(account.name, datetime.now(UTC))


def change_own_password(store: Store, account: Account, old: str, new: str, again: str) -> str:
    """Give somebody a new password; return the secret of a new session, the others end.

    Raises
    ------
    InvalidParameter
        If the old one is wrong, the new one easy, or not typed the same twice.
    LockedOut
        If there were too many attempts.
    """
    attempt = store.sessions.attempt(account.name, datetime.now(UTC))
    if not verify_password(account, old):
        raise InvalidParameter("old", "The old password is wrong.")
    store.sessions.succeed(attempt)
    if new != again:
        raise InvalidParameter("again", "The new password was not typed the same twice.")
    changed = replace(account, password=hash_password(account.name, new))
    change_account(store, changed, author=account.name, what="change password")
    return store.sessions.begin(account.name, datetime.now(UTC))


def issue_token(
    store: Store, bundle: Bundle, account: Account, label: str, scopes: list[str], days: int
) -> tuple[Token, str]:
    """Store a token of somebody for their own programs; return it, and its secret.

    Raises
    ------
    InvalidParameter
        If a scope names nothing or more than the role may do, or it would be valid for too long.
    """
    layer_ids = [layer.id for layer in bundle.catalogue.layers]
    token, secret = new_token(account, label, scopes, days, layer_ids)
    if not has_right(account.role, "draft") and any(s.action != "read" for s in token.scopes):
        raise InvalidParameter("action", f"The role {account.role} changes nothing.")
    return store.people.add_token(token, author=account.name), secret


def revoke_own_token(store: Store, account: Account, number: int) -> None:
    """End a token of somebody.

    Raises
    ------
    NotFound
        If they have none of this number in force.
    """
    if all(each.number != number for each in store.people.tokens(account.name)):
        raise NotFound(f"{account.name} has no token {number}.")
    store.people.revoke(number, author=account.name)


def change_access(store: Store, by: Account, name: str, change: str, value: str = "") -> None:
    """Give somebody another role or password, or let them in or not.

    Nobody takes their own role or access away: the last administrator could not undo it.

    Raises
    ------
    NotFound
        If nobody has the name.
    InvalidParameter
        If it is their own access, or the role or password cannot be taken.
    """
    account = store.people.get(name)
    if name == by.name and change in {"role", "disable"}:
        raise InvalidParameter("own", "Another administrator has to change your own access.")
    if change == "role":
        changed = replace(account, role=as_role(value))
    elif change == "password":
        changed = replace(account, password=hash_password(name, value))
    elif change == "disable":
        changed = replace(account, disabled=datetime.now(UTC))
    elif change == "enable":
        changed = replace(account, disabled=None)
    else:
        raise InvalidParameter("what", f"There is {', '.join(CHANGES)}, and no {change[:40]!r}.")
    words = f"change {change}" if change in {"role", "password"} else f"{change} user"
    change_account(store, changed, author=by.name, what=words)
