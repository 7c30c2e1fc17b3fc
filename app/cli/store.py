"""``atlas store``: where the data are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from layers.errors import AtlasError

from .common import AsJson, read_settings, refuse
from .printing import print_json

store = typer.Typer(no_args_is_help=True, help="Move the store to another engine, or share it.")


@store.command("migrate")
def migrate(
    target: Annotated[
        str,
        typer.Argument(help="postgresql://… or an SQLite file; empty, or a copy broken off."),
    ],
    json: AsJson = False,
) -> None:
    """Move everything to another engine, verify it, and refuse writes to the old store.

    Nothing is published meanwhile. Broken off, it goes on where it stopped; until the copy is
    verified, the old store stays in force.
    """
    from layers.store import Store, move_store

    try:
        old = Store(read_settings().store_address)
        new = Store(target if target.startswith("postgres") else Path(target))
        move_store(old, new, _show)
        entries = len(new.log())
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json({"from": old.address, "to": new.address, "sequence": new.sequence()})
        return
    typer.echo(f"Moved to {new.address}: {entries} entries in the log, every digest verified.")
    typer.echo(f"{old.address} takes no more writes. Set ATLAS_STORE to the new address.")


@store.command("grants")
def print_grants(
    role: Annotated[str, typer.Argument(help="A PostgreSQL role that may log in.")],
) -> None:
    """Print the SQL that lets a role run the atlas, and rewrite nothing; see docs/postgresql.md."""
    from layers.store import grants

    try:
        typer.echo(grants(role), nl=False)
    except AtlasError as error:
        raise refuse(error, json=False) from None


def _show(done: int, total: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done:,} of {total:,} rows", err=True, nl=done == total)
