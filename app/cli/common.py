"""What the commands share: settings, the store, and how a refusal ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from pydantic import ValidationError

from app.settings import Settings

if TYPE_CHECKING:
    from layers.catalogue import Bundle
    from layers.errors import AtlasError
    from layers.store import Store

LayerArgument = Annotated[str, typer.Argument(help="Id of the layer, as atlas layers lists it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


def read_settings(**given: str | int | None) -> Settings:
    """Return the settings of the environment, with some of them given.

    Raises
    ------
    typer.Exit
        With status 2, if a value cannot be used; its variable is named.
    """
    try:
        return Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"ATLAS_{str(e['loc'][0]).upper()}: {e['msg']}." for e in error.errors()]
        raise stop("\n".join(faults), 2) from None


def open_store(settings: Settings) -> tuple[Store, Bundle]:
    """Return the store with the shipped data in it, and those data.

    Raises
    ------
    AtlasError
        If the data break a rule or the store cannot be opened.
    """
    from layers.catalogue import bundled_data, read_bundle
    from layers.publishing import seed_store
    from layers.store import Store

    bundle = read_bundle(settings.data or bundled_data())
    store = Store(settings.store_address)
    seed_store(store, bundle)
    return store, bundle


def open_both() -> tuple[Store, Bundle]:
    """Return the store that the settings name and the shipped data, or end the command."""
    from layers.errors import AtlasError

    try:
        return open_store(read_settings())
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None


def refuse(error: AtlasError, *, json: bool) -> typer.Exit:
    """Say why nothing was done, and return what ends the command.

    Parameters
    ----------
    json : bool
        Write it to standard output as JSON too: code, reason (of a file) and sentence.
    """
    if json:
        reason = getattr(error, "reason", None)
        document = {"error": error.code, "reason": reason, "message": str(error)}
        typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    return stop(str(error), error.exit_status)


def stop(sentence: str, status: int) -> typer.Exit:
    """Write a sentence to standard error and return what ends the command."""
    typer.echo(sentence, err=True)
    return typer.Exit(status)
