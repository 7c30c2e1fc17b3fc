"""``atlas serve``: the server."""

from __future__ import annotations

import gc
import os
import socket
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.logs import configure_logs
from layers.errors import AtlasError

from .common import open_store, read_settings, stop

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.settings import Settings


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
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes that answer; they share the store only.")
    ] = 1,
) -> None:
    """Start the atlas and print its address. Stop it with Ctrl+C."""
    settings = read_settings(host=host, port=port)
    configure_logs()
    listener = _listen(settings.host, settings.port)
    if workers > 1:
        _run_several(settings, listener, workers)
    else:
        _run(_create(settings), listener)


def _create(settings: Settings) -> FastAPI:
    from app.main import create_app
    from app.maps.vendor import UnknownAsset

    try:
        application = create_app(settings)
    except (AtlasError, UnknownAsset) as error:
        raise stop(str(error), getattr(error, "exit_status", 1)) from None
    # What stays for good is not looked through again and again; each time would be 0.1 s without
    # an answer.
    gc.collect()
    gc.freeze()
    application.state.sheets.warm()
    return application


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
            _say_address(listener)

    Server(uvicorn.Config(application, **_OPTIONS)).run(sockets=[listener])


def _run_several(settings: Settings, listener: socket.socket, workers: int) -> None:
    """Start processes that each have the whole atlas, and others for those that end."""
    import uvicorn
    from uvicorn.supervisors.multiprocess import Multiprocess

    class Workers(Multiprocess):
        def init_processes(self) -> None:
            super().init_processes()
            if all(each.wait_until_ready(_PATIENCE_S) for each in self.processes):
                _say_address(listener)

    try:
        # What can fail fails here, once, and what is to be brought into the store is.
        open_store(settings)[0].close()
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None
    config = uvicorn.Config("app.cli.serve:worker", factory=True, workers=workers, **_OPTIONS)
    Workers(config, [listener]).run()


def worker() -> FastAPI:
    """Return the application of one of several processes, by the environment alone."""
    configure_logs()
    application = _create(read_settings())
    application.state.metrics.share()
    return application


def _say_address(listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"市中规划图集 · Shizhong Planning Atlas: http://{shown}:{port}")


_PATIENCE_S = 600.0
"""How long a worker may take to start: the first of a large layer packs it."""

_OPTIONS: dict[str, Any] = {
    "http": "app.server:Protocol",
    "log_config": None,
    "log_level": "warning",
    "access_log": False,
    "ws": "none",
}
