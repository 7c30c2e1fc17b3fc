"""``atlas import``, ``drafts``, ``discard``, ``publish``, ``rollback``: how a layer changes."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from layers.errors import AtlasError

from .common import AsJson, LayerArgument, open_both, refuse, stop
from .printing import (
    difference_document,
    draft_document,
    draft_line,
    print_difference,
    print_json,
    revision_document,
    revision_line,
)

if TYPE_CHECKING:
    from layers.catalogue import Bundle
    from layers.imports import Limits, Told
    from layers.model import Revision
    from layers.store import Store
    from layers.updates import Update

Message = Annotated[str, typer.Option("--message", "-m", help="What was changed, and why.")]
Reason = Annotated[str, typer.Option(help="Why the warnings may pass; it goes into the log.")]
Crs = Annotated[
    str | None,
    typer.Option(help="EPSG code where the file does not say it; or GCJ-02, BD-09."),
]
Encoding = Annotated[
    str | None, typer.Option(help="Of the texts, where the file does not say: GBK, UTF-8.")
]
IdColumn = Annotated[str | None, typer.Option(help="Column with the ids.")]
North = Annotated[
    str | None, typer.Option(help="Of a CSV file, the column with northings or latitudes.")
]
Transformation = Annotated[
    Path | None,
    typer.Option(
        help="File with a PROJ pipeline to CGCS2000 degrees, for Xi'an 80 or Beijing 54; its "
        "content is stored nowhere."
    ),
]
MostBytes = Annotated[
    int | None, typer.Option(help="Largest file that is read, in bytes; 100 MB if absent.")
]
DraftNumber = Annotated[int | None, typer.Option(help="Number of the draft, if there are several.")]


def import_(
    layer: LayerArgument,
    file: Annotated[
        Path,
        typer.Argument(
            help="All features: GeoJSON, GeoPackage, zipped Shapefile, FlatGeobuf, KML, DXF, CSV."
        ),
    ],
    crs: Crs = None,
    encoding: Encoding = None,
    id_column: IdColumn = None,
    north: North = None,
    transformation: Transformation = None,
    max_bytes: MostBytes = None,
    json: AsJson = False,
) -> None:
    """Read a file, check it, show what it changes, and keep it as a draft.

    Nothing of it is published. A file with an error is not kept: exit status 3.
    """
    from layers.drafts import keep_draft

    store, bundle = open_both()
    try:
        told = told_by(crs, encoding, id_column, north, transformation)
        update = _read(store, bundle, layer, file, told, max_bytes)
        if update.report.errors:
            _say_report(update, json=json)
            raise typer.Exit(3)
        draft = keep_draft(store, update, author=getpass.getuser())
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json(
            {
                "draft": draft_document(draft),
                "report": update.report.document(),
                "difference": difference_document(update.difference),
            }
        )
        return
    typer.echo(update.report.text())
    print_difference(update.difference)
    typer.echo(draft_line(draft))
    typer.echo(f"Publish it with: atlas publish {layer} --message TEXT")


def drafts(
    layer: Annotated[str | None, typer.Argument(help="Id of a layer; all if absent.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were published or discarded.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List the drafts that wait."""
    store, bundle = open_both()
    try:
        if layer is not None:
            _known_layer(bundle, layer)
        found = store.drafts.list(layer, waiting=not everything)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json([draft_document(each) for each in found])
        return
    for each in found:
        typer.echo(draft_line(each))
    if not found:
        typer.echo("No draft waits.")


def discard(
    layer: LayerArgument,
    draft: Annotated[int, typer.Argument(help="Number of the draft.")],
    json: AsJson = False,
) -> None:
    """Discard a draft; it stays in the log."""
    from layers.drafts import open_draft

    store, bundle = open_both()
    try:
        waiting = open_draft(store, bundle, layer, draft)
        store.drafts.close(waiting, "discarded", author=getpass.getuser())
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json(draft_document(store.drafts.get(layer, draft)))
    else:
        typer.echo(f"{layer}: draft {draft} discarded")


def publish(
    layer: LayerArgument,
    file: Annotated[
        Path | None,
        typer.Argument(help="All features, in one step; the draft of the layer if absent."),
    ] = None,
    message: Message = "",
    reason: Reason = "",
    draft: DraftNumber = None,
    crs: Crs = None,
    encoding: Encoding = None,
    id_column: IdColumn = None,
    north: North = None,
    transformation: Transformation = None,
    max_bytes: MostBytes = None,
    key: Annotated[
        str | None, typer.Option(help="Name of this publish: repeated, it publishes once.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Publish a draft, or a file in one step, as the next revision of a layer.

    Errors block. Warnings need --reason. Exit status 3: the data; 6: the layer moved on meanwhile.
    """
    from layers.drafts import open_draft, publish_draft
    from layers.updates import publish_update

    store, bundle = open_both()
    author = getpass.getuser()
    try:
        if file is None:
            waiting = open_draft(store, bundle, layer, draft)
            revision = publish_draft(
                store, bundle, waiting, author=author, message=message, reason=reason, key=key
            )
        else:
            told = told_by(crs, encoding, id_column, north, transformation)
            update = _read(store, bundle, layer, file, told, max_bytes)
            if update.report.findings and not json:
                typer.echo(update.report.text(), err=True)
            if update.report.errors:
                if json:
                    print_json({"report": update.report.document()})
                raise typer.Exit(3)
            revision = publish_update(
                store, update, author=author, message=message, reason=reason, key=key
            )
    except AtlasError as error:
        raise refuse(error, json=json) from None
    _say(revision, json=json)


def rollback(
    layer: LayerArgument,
    revision: Annotated[int, typer.Argument(help="Number of the revision to go back to.")],
    message: Message = "",
    json: AsJson = False,
) -> None:
    """Publish an old revision again as a new one; the history keeps everything."""
    from layers.updates import roll_back

    store, bundle = open_both()
    try:
        made = roll_back(store, bundle, layer, revision, author=getpass.getuser(), message=message)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    _say(made, json=json)


def told_by(
    crs: str | None,
    encoding: str | None,
    id_column: str | None,
    north: str | None,
    transformation: Path | None,
) -> Told:
    """Return what the options say of a file."""
    from layers.imports import Told

    try:
        pipeline = None if transformation is None else transformation.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise stop(f"{transformation} cannot be read ({type(error).__name__}).", 2) from None
    return Told(crs, encoding, id_column, north, pipeline)


def _read(
    store: Store,
    bundle: Bundle,
    layer: str,
    file: Path,
    told: Told,
    most: int | None,
) -> Update:
    from layers.updates import read_update

    return read_update(store, bundle, layer, file, told, limits_of(most), say_step)


def say_step(step: str) -> None:
    """Say what is done now, to somebody who watches."""
    if sys.stderr.isatty():
        typer.echo(f"{step} …", err=True)


def limits_of(most: int | None) -> Limits:
    """Return the limits with another largest size, in bytes."""
    from layers.imports import Limits

    return Limits() if most is None else Limits(bytes=most, unpacked=5 * most)


def _known_layer(bundle: Bundle, layer: str) -> None:
    from layers.publishing import layer_of

    layer_of(bundle, layer)


def _say_report(update: Update, *, json: bool) -> None:
    if json:
        print_json({"draft": None, "report": update.report.document()})
        return
    typer.echo(update.report.text(), err=True)
    typer.echo("Nothing was kept: correct the errors and import the file again.", err=True)


def _say(revision: Revision, *, json: bool) -> None:
    if json:
        print_json(revision_document(revision))
    else:
        typer.echo(f"{revision.layer_id}: {revision_line(revision)}")
