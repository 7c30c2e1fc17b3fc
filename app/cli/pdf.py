"""``atlas pdf``: the whole atlas as a book."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from layers.errors import AtlasError

from .common import AsJson, open_store, read_settings, refuse, stop


class In(StrEnum):
    """The language of a book."""

    ZH = "zh"
    EN = "en"


def pdf(
    file: Annotated[Path, typer.Argument(help="The PDF to write; replaced when it is complete.")],
    lang: Annotated[In, typer.Option(help="Language of the book.")] = In.ZH,
    json: AsJson = False,
) -> None:
    """Write the whole atlas as a PDF: cover, contents, zones, projects, indicators, index.

    Each zone and each project has a page, with a map where its place is known and a sentence where
    it is not. Progress goes to standard error.
    """
    # A command that draws nothing must not wait for these.
    from app.printing.book import make_book
    from app.templating import wording_of
    from layers.printing.binding import bind
    from layers.publishing import open_atlas

    if file.is_dir() or not file.absolute().parent.is_dir():
        raise stop(f"{file}: name a file in a folder that there is.", 2)
    settings, began = read_settings(), time.monotonic()
    try:
        store, bundle = open_store(settings)
        atlas = open_atlas(store, bundle)
        book = make_book(wording_of(atlas, lang.value), settings.review_number)
        bound = bind(book, file, _tell)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    except OSError as error:
        raise stop(f"{file}: cannot be written ({error.strerror}).", 3) from None
    seconds = round(time.monotonic() - began, 1)
    if json:
        told = {"file": str(file), "pages": bound.pages, "bytes": bound.size, "seconds": seconds}
        typer.echo(orjson.dumps(told).decode())
    else:
        typer.echo(f"{file}: {bound.pages} pages, {bound.size:,} bytes, {seconds} s")


def _tell(done: int, of: int) -> None:
    if done % 20 == 0 or done == of:
        typer.echo(f"{done} of {of} pages", err=True)
