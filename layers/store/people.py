"""Accounts and tokens as the store keeps them; every change is a row of the log."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from layers.accounts import Account, Action, Scope, Token, token_digest
from layers.errors import InvalidParameter, NotFound

from . import schema
from .audit import take_turn, write_log

if TYPE_CHECKING:
    from layers.roles import Role

    from .drafts import Connecting


class People:
    """The accounts and tokens of a store.

    Parameters
    ----------
    reading, writing : callable
        Open a transaction.
    """

    def __init__(self, reading: Connecting, writing: Connecting) -> None:
        self._reading = reading
        self._writing = writing

    def accounts(self) -> list[Account]:
        """Return all accounts by name."""
        query = sa.select(schema.account).order_by(schema.account.c.name)
        with self._reading() as connection:
            return [_account(row) for row in connection.execute(query)]

    def find(self, name: str) -> Account | None:
        """Return an account; None if nobody has the name."""
        table = schema.account
        with self._reading() as connection:
            row = connection.execute(sa.select(table).where(table.c.name == name)).first()
        return None if row is None else _account(row)

    def get(self, name: str) -> Account:
        """Return an account.

        Raises
        ------
        NotFound
            If nobody has the name.
        """
        account = self.find(name)
        if account is None:
            raise NotFound(f"There is no user {name[:60]}; see atlas user list.")
        return account

    def add(self, account: Account, *, author: str) -> None:
        """Store a new account.

        Raises
        ------
        InvalidParameter
            If the name is taken.
        """
        if self.find(account.name) is not None:
            raise InvalidParameter("name", f"There is a user {account.name} already.")
        with self._writing() as connection:
            take_turn(connection)
            connection.execute(schema.account.insert().values(_values(account)))
            _log(connection, author, "add user", account.name, account.role)

    def change(self, account: Account, *, author: str, what: str) -> None:
        """Store an account as it is now.

        Parameters
        ----------
        what : str
            For the log: what was changed, never to which password.
        """
        table = schema.account
        with self._writing() as connection:
            take_turn(connection)
            connection.execute(
                table.update()
                .where(table.c.name == account.name)
                .values({k: v for k, v in _values(account).items() if k in _CHANGING})
            )
            _log(connection, author, what, account.name, account.role)

    def add_token(self, token: Token, *, author: str) -> Token:
        """Store a token; its number is given here."""
        table = schema.token
        with self._writing() as connection:
            take_turn(connection)
            number = (connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0) + 1
            added = replace(token, number=number)
            connection.execute(table.insert().values(_token_values(added)))
            scopes = " ".join(map(str, added.scopes))
            detail = f"{added.account}, {added.label}, {scopes}, until {added.expires:%Y-%m-%d}"
            _log(connection, author, "add token", str(number), detail)
        return added

    def tokens(self, name: str | None = None) -> list[Token]:
        """Return tokens, the oldest first."""
        table = schema.token
        query = sa.select(table).order_by(table.c.number)
        if name is not None:
            query = query.where(table.c.account == name)
        with self._reading() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke(self, number: int, *, author: str) -> None:
        """End a token now.

        Raises
        ------
        NotFound
            If there is no such token, or it was revoked before.
        """
        table = schema.token
        with self._writing() as connection:
            take_turn(connection)
            revoked = connection.execute(
                table.update()
                .where(table.c.number == number, table.c.revoked.is_(None))
                .values(revoked=datetime.now(UTC).isoformat())
            )
            if revoked.rowcount == 0:
                raise NotFound(f"There is no token {number} in force; see atlas token list.")
            _log(connection, author, "revoke token", str(number), "")

    def verify_token(self, secret: str, layer_id: str, action: Action) -> Account | None:
        """Return whose token may do something now; None if it may not, whatever the cause."""
        table = schema.token
        query = sa.select(table).where(table.c.sha256 == token_digest(secret))
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None or not _token(row).allows(layer_id, action, datetime.now(UTC)):
            return None
        account = self.find(row.account)
        return None if account is None or account.disabled is not None else account


_CHANGING = frozenset(["shown", "role", "password", "disabled"])


def _log(connection: sa.Connection, author: str, action: str, subject: str, detail: str) -> None:
    write_log(connection, datetime.now(UTC), author, action, subject, detail)


def _values(account: Account) -> dict[str, Any]:
    return asdict(account) | {
        "created": account.created.isoformat(),
        "disabled": _text(account.disabled),
    }


def _account(row: Any) -> Account:
    return Account(
        row.name,
        row.shown,
        cast("Role", row.role),
        row.password,
        datetime.fromisoformat(row.created),
        _time(row.disabled),
    )


def _token_values(token: Token) -> dict[str, Any]:
    return {
        "number": token.number,
        "account": token.account,
        "label": token.label,
        "scopes": " ".join(map(str, token.scopes)),
        "sha256": token.sha256,
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat(),
        "revoked": _text(token.revoked),
    }


def _token(row: Any) -> Token:
    pairs = (each.rpartition(":") for each in row.scopes.split())
    return Token(
        row.number,
        row.account,
        row.label,
        tuple(Scope(layer_id, cast("Action", action)) for layer_id, _, action in pairs),
        row.sha256,
        datetime.fromisoformat(row.created),
        datetime.fromisoformat(row.expires),
        _time(row.revoked),
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
