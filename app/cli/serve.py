"""``atlas serve``: the server."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from layers.errors import AtlasError

from .common import read_settings, stop

if TYPE_CHECKING:
    from fastapi import FastAPI


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
    from app.main import create_app
    from app.maps.vendor import UnknownAsset

    settings = read_settings(host=host, port=port)
    listener = _listen(settings.host, settings.port)
    try:
        application = create_app(settings)
    except (AtlasError, UnknownAsset) as error:
        raise stop(str(error), getattr(error, "exit_status", 1)) from None
    _run(application, listener)


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
        raise stop(
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

    from app.server import protocol_for

    config = uvicorn.Config(
        application,
        http=protocol_for(application.state.reads),
        log_level="warning",
        access_log=False,
        ws="none",
    )
    Server(config).run(sockets=[listener])
