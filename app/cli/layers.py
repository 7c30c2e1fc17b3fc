"""``atlas layers`` and what else is done with layers: history, difference, publish, export."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from layers.errors import AtlasError

from .common import open_store, read_settings, stop

if TYPE_CHECKING:
    from layers.catalogue import Bundle
    from layers.difference import Difference
    from layers.model import Feature, Revision
    from layers.store import Store

LayerArgument = Annotated[str, typer.Argument(help="Id of the layer, as atlas layers lists it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
Message = Annotated[str, typer.Option("--message", "-m", help="What was changed, and why.")]


def layers(json: AsJson = False) -> None:
    """List the layers with their head revision."""
    store, bundle = _open()
    heads = [(layer, store.head(layer.id)) for layer in bundle.catalogue.layers]
    if json:
        _print_json([{"layer": layer.id, "head": _document(head)} for layer, head in heads])
        return
    for layer, head in heads:
        state = _line(head) if head else "no revision"
        typer.echo(f"{layer.id} ({layer.title}): {state}")


def history(layer: LayerArgument, json: AsJson = False) -> None:
    """List the revisions of a layer, the newest first."""
    store, bundle = _open()
    try:
        revisions = _known(store, bundle, layer)
    except AtlasError as error:
        raise stop(error.sentence, error.exit_status) from None
    if json:
        _print_json([_document(each) for each in revisions])
        return
    for each in revisions:
        typer.echo(_line(each))


def diff(
    layer: LayerArgument,
    old: Annotated[int, typer.Argument(help="Number of a revision.")],
    new: Annotated[int, typer.Argument(help="Number of another revision.")],
    json: AsJson = False,
) -> None:
    """Show what turns one revision into another: features, fields, metres moved."""
    from layers.difference import compare_features

    store, bundle = _open()
    try:
        _known(store, bundle, layer)
        first, second = (store.features(store.revision(layer, each)) for each in (old, new))
    except AtlasError as error:
        raise stop(error.sentence, error.exit_status) from None
    difference = compare_features(first, second)
    if json:
        _print_json(_difference_document(difference))
    else:
        _print_difference(difference)


def publish(
    layer: LayerArgument,
    file: Annotated[
        Path,
        typer.Argument(
            help="All features: GeoJSON, GeoPackage, zipped Shapefile, FlatGeobuf or KML."
        ),
    ],
    message: Message = "",
    crs: Annotated[
        int | None, typer.Option(help="EPSG code, where the file does not say it.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of a Shapefile's texts, where it does not say: GBK, UTF-8.")
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Column with the ids.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Name of this publish: repeated, it publishes once.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check a file against the rules of a layer and publish it as its next revision."""
    from layers.imports import read_layer_file
    from layers.publishing import layer_of, publish_layer

    store, bundle = _open()
    try:
        declared = layer_of(bundle, layer)
        understood = read_layer_file(
            file, declared, crs=crs, encoding=encoding, id_column=id_column
        )
        for note in understood.notes:
            typer.echo(f"{note.code}: {note.sentence}", err=True)
        revision = publish_layer(
            store,
            bundle,
            layer,
            understood.features,
            author=getpass.getuser(),
            message=message,
            key=key,
        )
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None
    _say(revision, json=json)


def rollback(
    layer: LayerArgument,
    revision: Annotated[int, typer.Argument(help="Number of the revision to go back to.")],
    message: Message = "",
    json: AsJson = False,
) -> None:
    """Publish an old revision again as a new one; the history keeps everything."""
    from layers.publishing import roll_back

    store, bundle = _open()
    try:
        made = roll_back(store, bundle, layer, revision, author=getpass.getuser(), message=message)
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None
    _say(made, json=json)


def export(
    layer: LayerArgument,
    to: Annotated[Path, typer.Option(help="File; its ending says the format.")],
    crs: Annotated[
        int | None, typer.Option(help="EPSG code: 4326 (default), 4490, 4548, 4527, 3857.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(help="Number of a revision; the newest if absent.")
    ] = None,
) -> None:
    """Write a layer as .geojson, .gpkg, .shp or .zip, .fgb, .parquet, .csv, .kml or .dxf.

    A Shapefile is one file for each kind of geometry, packed as ZIP, in UTF-8 with a .cpg; it
    cuts names of fields at 10 and texts at 254 bytes. CSV has the representative point as x, y.
    """
    from layers.exports import export_layer
    from layers.publishing import layer_of

    store, bundle = _open()
    try:
        revisions = _known(store, bundle, layer)
        chosen = revisions[0] if revision is None else store.revision(layer, revision)
        declared = layer_of(bundle, layer)
        features = store.features(chosen)
        written = export_layer(declared, features, to, crs)
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None
    typer.echo(f"{written}: {len(features)} features of {layer}, revision {chosen.number}")


def verify(json: AsJson = False) -> None:
    """Recompute every digest and follow the chain of the log. Exits 3 with what is wrong."""
    store, _ = _open()
    faults = list(store.faults())
    log = store.log()
    if json:
        _print_json({"faults": faults, "log": len(log), "sequence": store.sequence()})
    if faults:
        raise stop("\n".join(faults), 3)
    if not json:
        typer.echo(f"All as published: {len(log)} entries in the log, none changed or missing.")


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; replaced when the copy is right.")],
) -> None:
    """Copy the store, also while it is used, and verify the copy."""
    from layers.store import back_up

    store, _ = _open()
    try:
        back_up(store, file, _show_progress)
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None
    typer.echo(f"{file}: copied and verified")


def restore(
    file: Annotated[Path, typer.Argument(help="A copy that atlas backup wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace the store without asking.")] = False,
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
        raise stop(str(error), error.exit_status) from None
    typer.echo(f"{target}: restored from {file}, every digest verified")


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} of {total} pages", err=True, nl=done == total)


def _open() -> tuple[Store, Bundle]:
    try:
        return open_store(read_settings())
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None


def _known(store: Store, bundle: Bundle, layer_id: str) -> list[Revision]:
    from layers.errors import NotFound

    revisions = store.revisions(layer_id)
    if not revisions:
        known = ", ".join(layer.id for layer in bundle.catalogue.layers)
        raise NotFound(f"There is no layer {layer_id}; the layers are {known}.")
    return revisions


def _say(revision: Revision, *, json: bool) -> None:
    if json:
        _print_json(_document(revision))
    else:
        typer.echo(f"{revision.layer_id}: {_line(revision)}")


def _line(revision: Revision) -> str:
    counts = f"+{revision.added} -{revision.removed} ~{revision.changed}"
    return (
        f"revision {revision.number} ({revision.kind}), {revision.created:%Y-%m-%d %H:%M}, "
        f"{revision.author}, {counts}, {revision.digest[:12]}: {revision.message}"
    )


def _document(revision: Revision | None) -> dict[str, Any] | None:
    if revision is None:
        return None
    return {
        "layer": revision.layer_id,
        "revision": revision.number,
        "parent": revision.parent,
        "kind": revision.kind,
        "author": revision.author,
        "message": revision.message,
        "created": revision.created.isoformat(timespec="seconds"),
        "digest": revision.digest,
        "key": revision.key,
        "added": revision.added,
        "removed": revision.removed,
        "changed": revision.changed,
        "sequence": revision.sequence,
    }


def _difference_document(difference: Difference) -> dict[str, Any]:
    return {
        "added": [feature.id for feature in difference.added],
        "removed": [feature.id for feature in difference.removed],
        "changed": [
            {
                "id": each.id,
                "fields": {name: list(values) for name, values in each.fields.items()},
                "geometry": each.geometry,
                "moved_m": each.moved_m,
            }
            for each in difference.changed
        ],
        "unchanged": difference.unchanged,
    }


def _print_difference(difference: Difference) -> None:
    for sign, features in (("+", difference.added), ("-", difference.removed)):
        for feature in features:
            typer.echo(f"{sign} {feature.id} {_name(feature)}")
    for each in difference.changed:
        moved = f" moved {each.moved_m:.1f} m" if each.moved_m else ""
        typer.echo(f"~ {each.id}{moved or (' geometry' if each.geometry else '')}")
        for name, (old, new) in each.fields.items():
            typer.echo(f"    {name}: {old!r} → {new!r}")
    typer.echo(
        f"{len(difference.added)} added, {len(difference.removed)} removed, "
        f"{len(difference.changed)} changed, {difference.unchanged} unchanged"
    )


def _name(feature: Feature) -> str:
    return str(feature.properties.get("name", ""))


def _print_json(document: Any) -> None:
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
