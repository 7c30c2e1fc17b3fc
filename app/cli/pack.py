"""``atlas pack``: what is published of one thing, as one file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Annotated

import orjson
import typer

from layers.errors import AtlasError

from .common import AsJson, open_store, read_settings, refuse, stop
from .pdf import In


def pack(
    ref: Annotated[str, typer.Argument(help="layer/id of a feature or zone, or plan/id.")],
    file: Annotated[Path, typer.Argument(help="The HTML file; replaced when it is complete.")],
    lang: Annotated[In, typer.Option(help="Language of the pack.")] = In.ZH,
    json: AsJson = False,
) -> None:
    """Write an evidence pack: map, citations, precision, history and checksums in one HTML file.

    It opens without a network and refers to nothing outside.
    """
    # Other commands must not wait for these.
    from app.assets import StaticTree
    from app.pages.pack import make_pack
    from app.templating import Templates
    from layers.publishing import open_atlas

    if file.is_dir() or not file.absolute().parent.is_dir():
        raise stop(f"{file}: name a file in a folder that there is.", 2)
    settings = read_settings()
    try:
        store, bundle = open_store(settings)
        templates = Templates(StaticTree(), review_number=settings.review_number)
        words = templates.wording(open_atlas(store, bundle), lang.value)
        content = make_pack(templates, store, words, ref).encode()
        _replace(file, content)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    except OSError as error:
        raise stop(f"{file}: cannot be written ({error.strerror}).", 3) from None
    digest = hashlib.sha256(content).hexdigest()
    if json:
        told = {"file": str(file), "bytes": len(content), "sha256": digest}
        typer.echo(orjson.dumps(told).decode())
    else:
        typer.echo(f"{file}: {len(content):,} bytes, SHA-256 {digest}")


def _replace(file: Path, content: bytes) -> None:
    number, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}-")
    path = Path(name)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(content)
        path.chmod(0o644)
        path.replace(file)
    finally:
        path.unlink(missing_ok=True)
