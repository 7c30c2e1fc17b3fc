"""``atlas site``: the public atlas as static files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import orjson
import typer

from layers.errors import AtlasError

from .common import AsJson, read_settings, refuse, stop

_EVERY = 100


def site(
    folder: Annotated[
        Path, typer.Argument(help="An empty folder, or one that holds an older site.")
    ],
    json: AsJson = False,
) -> None:
    """Write the whole public atlas as files: pages, maps, search, tables, downloads, tiles.

    They work from any web server, from an object storage and from a folder. What has not changed is
    not written again; the first page is replaced last. Progress goes to standard error.
    """
    # A command that writes no site must not wait for the application.
    from app.main import create_app
    from app.site import write_site
    from app.site.addresses import BASE
    from layers.snapshot import LARGE

    began = time.monotonic()
    settings = read_settings(public_url=BASE, rate_limit="", opinions=False, most_drawn=LARGE)
    try:
        written = write_site(create_app(settings), folder, _tell)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    except OSError as error:
        raise stop(f"{folder}: cannot be written ({error.strerror}).", 3) from None
    seconds = round(time.monotonic() - began, 1)
    if json:
        told = {"folder": str(folder), **written._asdict(), "seconds": seconds}
        typer.echo(orjson.dumps(told).decode())
        return
    typer.echo(
        f"{folder}: {written.pages} pages, {written.files} files, {written.size:,} bytes; "
        f"{written.changed} written, {written.removed} removed, {seconds} s"
    )
    for file in written.missing:
        typer.echo(f"{file}: left out, the layer is too large for it", err=True)


def _tell(done: int, of: int) -> None:
    if done % _EVERY == 0 or done == of:
        typer.echo(f"{done} of {of} pages", err=True)
