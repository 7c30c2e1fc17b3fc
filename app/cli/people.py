"""``atlas user`` and ``atlas token``: who may change the atlas."""

from __future__ import annotations

import getpass
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from layers.errors import AtlasError

from .common import AsJson, open_both, refuse, stop
from .printing import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from layers.accounts import Account, Token

user = typer.Typer(no_args_is_help=True, help="Add, list and disable people who may log in.")
token = typer.Typer(no_args_is_help=True, help="Give programs a token instead of a password.")

Name = Annotated[str, typer.Argument(help="What the person logs in with.")]
Role = Annotated[
    str, typer.Option(help="editor (录入), reviewer (审核), administrator (管理), auditor (审计).")
]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@user.command("add")
def add_user(
    name: Name,
    role: Role,
    shown: Annotated[str, typer.Option("--name", help="What others see.")] = "",
    password_stdin: FromStdin = False,
    json: AsJson = False,
) -> None:
    """Add a person. There is no default password: it is asked for twice."""
    from layers.accounts import new_account

    store, _ = open_both()
    try:
        account = new_account(name, shown, role, _password(from_stdin=password_stdin))
        store.people.add(account, author=getpass.getuser())
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json(_account_document(account))
    else:
        typer.echo(f"{name}: added as {role}")


@user.command("list")
def list_users(json: AsJson = False) -> None:
    """List everybody with role and state."""
    store, _ = open_both()
    try:
        accounts = store.people.accounts()
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json([_account_document(each) for each in accounts])
        return
    for each in accounts:
        state = f"disabled since {each.disabled:%Y-%m-%d}" if each.disabled else "in force"
        typer.echo(f"{each.name} ({each.shown}): {each.role}, {state}")
    if not accounts:
        typer.echo("Nobody yet; add the first with: atlas user add NAME --role administrator")


@user.command("password")
def change_password(name: Name, password_stdin: FromStdin = False, json: AsJson = False) -> None:
    """Give a person a new password."""
    from layers.accounts import hash_password

    def changed(account: Account) -> Account:
        given = _password(from_stdin=password_stdin)
        return replace(account, password=hash_password(account.name, given))

    _change(name, changed, "change password", json=json)


@user.command("role")
def change_role(
    name: Name,
    role: Annotated[str, typer.Argument(help="The new role.")],
    json: AsJson = False,
) -> None:
    """Give a person another role."""
    from layers.roles import as_role

    _change(name, lambda account: replace(account, role=as_role(role)), "change role", json=json)


@user.command("disable")
def disable(name: Name, json: AsJson = False) -> None:
    """Let a person, and their tokens, in no more. What they did stays in the log."""

    def disabled(account: Account) -> Account:
        return replace(account, disabled=datetime.now(UTC))

    _change(name, disabled, "disable user", json=json)


@user.command("enable")
def enable(name: Name, json: AsJson = False) -> None:
    """Let a person in again."""
    _change(name, lambda account: replace(account, disabled=None), "enable user", json=json)


@token.command("add")
def add_token(
    name: Name,
    label: Annotated[str, typer.Option(help="What it is for, such as QGIS at the office.")],
    scope: Annotated[
        list[str], typer.Option(help="LAYER:ACTION; * for all layers; read, edit or publish.")
    ],
    days: Annotated[int, typer.Option(help="How long it is valid, at most 366.")] = 90,
    json: AsJson = False,
) -> None:
    """Make a token and show it once; only its digest is kept."""
    from layers.accounts import new_token

    store, bundle = open_both()
    try:
        account = store.people.get(name)
        layer_ids = [layer.id for layer in bundle.catalogue.layers]
        made, secret = new_token(account, label, scope, days, layer_ids)
        added = store.people.add_token(made, author=getpass.getuser())
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json(_token_document(added) | {"token": secret})
        return
    typer.echo(f"Token {added.number} of {name}, until {added.expires:%Y-%m-%d}. Shown once:")
    typer.echo(secret)


@token.command("list")
def list_tokens(
    name: Annotated[str | None, typer.Argument(help="Whose; everybody's if absent.")] = None,
    json: AsJson = False,
) -> None:
    """List tokens with what they may do; never what they are."""
    store, _ = open_both()
    try:
        found = store.people.tokens(None if name is None else store.people.get(name).name)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json([_token_document(each) for each in found])
        return
    for each in found:
        state = "revoked" if each.revoked else f"until {each.expires:%Y-%m-%d}"
        scopes = " ".join(map(str, each.scopes))
        typer.echo(f"{each.number}: {each.account}, {each.label}, {scopes}, {state}")


@token.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(help="Number of the token.")], json: AsJson = False
) -> None:
    """End a token now; it cannot be brought back."""
    store, _ = open_both()
    try:
        store.people.revoke(number, author=getpass.getuser())
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        (ended,) = [each for each in store.people.tokens() if each.number == number]
        print_json(_token_document(ended))
    else:
        typer.echo(f"Token {number} revoked")


def _change(name: str, how: Callable[[Account], Account], what: str, *, json: bool) -> None:
    from layers.people import change_account

    store, _ = open_both()
    try:
        account = how(store.people.get(name))
        change_account(store, account, author=getpass.getuser(), what=what)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json(_account_document(account))
    else:
        typer.echo(f"{name}: {what}, done")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise stop("There is no terminal to ask for the password; use --password-stdin.", 2)
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _account_document(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "shown": account.shown,
        "role": account.role,
        "created": account.created.isoformat(timespec="seconds"),
        "disabled": account.disabled and account.disabled.isoformat(timespec="seconds"),
    }


def _token_document(token: Token) -> dict[str, Any]:
    return {
        "number": token.number,
        "user": token.account,
        "label": token.label,
        "scopes": [str(each) for each in token.scopes],
        "created": token.created.isoformat(timespec="seconds"),
        "expires": token.expires.isoformat(timespec="seconds"),
        "revoked": token.revoked and token.revoked.isoformat(timespec="seconds"),
    }
