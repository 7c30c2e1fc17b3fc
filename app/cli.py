"""The command line: ``atlas``."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from layers.errors import AtlasError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from .settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="市中规划图集 · The planning atlas of Shizhong District, Jinan.",
    epilog="Settings are environment variables: ATLAS_HOME, ATLAS_DATA, ATLAS_HOST, ATLAS_PORT, "
    "ATLAS_REVIEW_NUMBER.",
)


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless ATLAS_HOST is set.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port; 8000 unless ATLAS_PORT is set, 0 for a free one."
        ),
    ] = None,
) -> None:
    """Start the atlas and print its address. Stop it with Ctrl+C."""
    from .main import create_app
    from .maps.vendor import UnknownAsset

    settings = _settings(host=host, port=port)
    listener = _listen(settings.host, settings.port)
    try:
        application = create_app(settings)
    except (AtlasError, UnknownAsset) as error:
        raise _stop(str(error), getattr(error, "exit_status", 1)) from None
    _run(application, listener)


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with geojson/ and plan/; the shipped data if absent."),
    ] = None,
) -> None:
    """Check published data: schema, ids, geometry, zones, citations. Exits 3 with what is wrong."""
    from layers.catalogue import bundled_data, read_bundle

    try:
        bundle = read_bundle(folder or bundled_data())
    except AtlasError as error:
        raise _stop(error.sentence, error.exit_status) from None
    for layer in bundle.catalogue.layers:
        features = bundle.features[layer.id]
        mapped = sum(feature.geometry is not None for feature in features)
        typer.echo(f"{layer.id}: {len(features)} features, {mapped} mapped, no faults")


def main() -> None:
    """Run the command line."""
    app()


def _settings(**given: str | int | None) -> Settings:
    from .settings import Settings

    try:
        return Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"ATLAS_{str(e['loc'][0]).upper()}: {e['msg']}." for e in error.errors()]
        raise _stop("\n".join(faults), 2) from None


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is done, so that a taken one costs no time."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere it would let two servers share one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise _stop(
            f"Cannot listen on {host}, port {port} ({reason}); choose another with --port.", 1
        ) from None
    return listener


def _run(application: FastAPI, listener: socket.socket) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            typer.echo(f"市中规划图集 · Shizhong Planning Atlas: http://{shown}:{port}")

    config = uvicorn.Config(application, http="h11", log_level="warning", ws="none")
    Server(config).run(sockets=[listener])


def _stop(sentence: str, status: int) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(status)
