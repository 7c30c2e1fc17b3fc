"""``atlas layers`` and what is read of layers: history, difference, export, verify, backup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from layers.errors import AtlasError

from .common import AsJson, LayerArgument, open_both, read_settings, refuse, stop
from .printing import (
    difference_document,
    print_difference,
    print_json,
    revision_document,
    revision_line,
)

if TYPE_CHECKING:
    from layers.catalogue import Bundle
    from layers.model import Revision
    from layers.store import Store


def layers(json: AsJson = False) -> None:
    """List the layers with their head revision."""
    store, bundle = open_both()
    heads = [(layer, store.head(layer.id)) for layer in bundle.catalogue.layers]
    if json:
        print_json(
            [{"layer": layer.id, "head": head and revision_document(head)} for layer, head in heads]
        )
        return
    for layer, head in heads:
        state = revision_line(head) if head else "no revision"
        typer.echo(f"{layer.id} ({layer.title}): {state}")


def history(layer: LayerArgument, json: AsJson = False) -> None:
    """List the revisions of a layer, the newest first."""
    store, bundle = open_both()
    try:
        revisions = _known(store, bundle, layer)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json([revision_document(each) for each in revisions])
        return
    for each in revisions:
        typer.echo(revision_line(each))


def diff(
    layer: LayerArgument,
    old: Annotated[int, typer.Argument(help="Number of a revision.")],
    new: Annotated[int, typer.Argument(help="Number of another revision.")],
    json: AsJson = False,
) -> None:
    """Show what turns one revision into another: features, fields, metres moved."""
    from layers.difference import compare_features

    store, bundle = open_both()
    try:
        _known(store, bundle, layer)
        first, second = (store.features(store.revision(layer, each)) for each in (old, new))
    except AtlasError as error:
        raise refuse(error, json=json) from None
    difference = compare_features(first, second)
    if json:
        print_json(difference_document(difference))
    else:
        print_difference(difference)


def export(
    layer: LayerArgument,
    to: Annotated[Path, typer.Option(help="File; its ending says the format.")],
    crs: Annotated[
        int | None, typer.Option(help="EPSG code: 4326 (default), 4490, 4548, 4527, 3857.")
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(help="Number of a revision, or the day it was the newest; now if absent."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Write a layer as .geojson, .gpkg, .shp or .zip, .fgb, .parquet, .csv, .kml or .dxf.

    A Shapefile is one file for each kind of geometry, packed as ZIP, in UTF-8 with a .cpg; it
    cuts names of fields at 10 and texts at 254 bytes. CSV has the representative point as x, y.
    """
    from layers.exports import export_layer
    from layers.publishing import find_revision, layer_of

    store, bundle = open_both()
    try:
        revisions = _known(store, bundle, layer)
        chosen = revisions[0] if revision is None else find_revision(store, layer, revision)
        declared = layer_of(bundle, layer)
        features = store.features(chosen)
        written = export_layer(declared, features, to, crs)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json(revision_document(chosen) | {"file": str(written), "features": len(features)})
        return
    typer.echo(f"{written}: {len(features)} features of {layer}, revision {chosen.number}")


def verify(json: AsJson = False) -> None:
    """Recompute every digest and follow the chain of the log. Exits 3 with what is wrong."""
    store, _ = open_both()
    try:
        faults = list(store.faults())
        log = store.log()
        sequence = store.sequence()
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        last = log[-1].hash if log else None
        print_json({"faults": faults, "log": len(log), "last_hash": last, "sequence": sequence})
    if faults:
        raise stop("\n".join(faults), 3)
    if not json:
        typer.echo(f"All as published: {len(log)} entries in the log, none changed or missing.")


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; replaced when the copy is right.")],
    json: AsJson = False,
) -> None:
    """Copy the store, also while it is used, and verify the copy."""
    from layers.store import back_up

    store, _ = open_both()
    try:
        back_up(store, file, _show_progress)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json({"file": str(file), "bytes": file.stat().st_size})
    else:
        typer.echo(f"{file}: copied and verified")


def restore(
    file: Annotated[Path, typer.Argument(help="A copy that atlas backup wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace the store without asking.")] = False,
    json: AsJson = False,
) -> None:
    """Put a copy in the place of the store, after verifying it. Stop the server first."""
    from layers.store import restore as put_back

    settings = read_settings()
    target = settings.store_address
    if not isinstance(target, Path):
        raise stop("The store is a PostgreSQL database; restore it with pg_restore.", 7)
    if target.exists() and not yes:
        typer.confirm(f"Replace {target}?", abort=True)
    try:
        put_back(file, target)
    except AtlasError as error:
        raise refuse(error, json=json) from None
    if json:
        print_json({"store": str(target), "from": str(file)})
    else:
        typer.echo(f"{target}: restored from {file}, every digest verified")


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} of {total} pages", err=True, nl=done == total)


def _known(store: Store, bundle: Bundle, layer_id: str) -> list[Revision]:
    from layers.errors import NotFound

    revisions = store.revisions(layer_id)
    if not revisions:
        known = ", ".join(layer.id for layer in bundle.catalogue.layers)
        raise NotFound(f"There is no layer {layer_id}; the layers are {known}.")
    return revisions
