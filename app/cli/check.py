"""``atlas check``: what is wrong with published data, and whether its words and map agree."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from layers.errors import AtlasError

from .common import open_both, read_settings, refuse, stop
from .updates import (
    Crs,
    Encoding,
    IdColumn,
    MostBytes,
    North,
    Transformation,
    limits_of,
    say_step,
    told_by,
)

if TYPE_CHECKING:
    from layers.catalogue import Bundle
    from layers.checks import Report
    from layers.statements import Result


class Form(StrEnum):
    """What a report is written as."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    GEOJSON = "geojson"


def check(
    target: Annotated[
        str | None,
        typer.Argument(
            help="A layer (what is published of it), a file for a layer, or a folder with geojson/ "
            "and plan/; the shipped data if absent."
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(help="Of a file, the layer that it is for; its name says it if absent."),
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help="Of the report; GeoJSON holds the places.")
    ] = Form.TEXT,
    output: Annotated[
        Path | None, typer.Option(help="File for the report; standard output if absent.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    summary: Annotated[
        bool,
        typer.Option(help="Of the spatial statements, list only those that fail."),
    ] = False,
    crs: Crs = None,
    encoding: Encoding = None,
    id_column: IdColumn = None,
    north: North = None,
    transformation: Transformation = None,
    max_bytes: MostBytes = None,
) -> None:
    """Check a layer, or a file before it is imported; nothing is stored.

    Without a layer or a file it checks published data: schema, ids, geometry, zones, citations,
    and lists the plan's spatial statements with what has become of each; one that fails is no
    fault of the data. Exits 3 if there is an error.
    """
    chosen = Form.JSON if json else form
    path = None if target is None else Path(target)
    if target is None or (path is not None and path.is_dir()):
        _check_folder(path, summary=summary)
        return
    from layers.updates import check_published, read_update

    store, bundle = open_both()
    try:
        if layer is None and target in {each.id for each in bundle.catalogue.layers}:
            report = check_published(store, bundle, target)
        else:
            told = told_by(crs, encoding, id_column, north, transformation)
            update = read_update(
                store,
                bundle,
                layer or Path(target).stem,
                Path(target),
                told,
                limits_of(max_bytes),
                say_step,
            )
            report = update.report
    except AtlasError as error:
        raise refuse(error, json=chosen is Form.JSON) from None
    _write_report(report, chosen, output)
    if report.errors:
        raise typer.Exit(3)


def _write_report(report: Report, form: Form, output: Path | None) -> None:
    match form:
        case Form.TEXT:
            text = report.text()
        case Form.CSV:
            text = report.table()
        case Form.JSON:
            text = orjson.dumps(report.document(), option=orjson.OPT_INDENT_2).decode()
        case Form.GEOJSON:
            text = orjson.dumps(report.places(), option=orjson.OPT_INDENT_2).decode()
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise stop(f"{output} cannot be written ({error.strerror}).", 7) from None


def _check_folder(folder: Path | None, *, summary: bool) -> None:
    from layers.catalogue import bundled_data, read_bundle

    try:
        bundle = read_bundle(folder or bundled_data())
    except AtlasError as error:
        raise stop(error.sentence, error.exit_status) from None
    for layer in bundle.catalogue.layers:
        features = bundle.features[layer.id]
        mapped = sum(feature.geometry is not None for feature in features)
        typer.echo(f"{layer.id}: {len(features)} features, {mapped} mapped, no faults")
    for plan_id in bundle.plans:
        _citations(bundle, plan_id)
        _words(bundle, plan_id, listed=not summary)


def _citations(bundle: Bundle, plan_id: str) -> None:
    """Hold every citation against the imported text, if it is the one that was cited."""
    from layers.plan import parse_plan
    from layers.publishing import check_text
    from layers.store import Store

    settings = read_settings()
    address = settings.store_address
    exists = isinstance(address, str) or address.is_file()
    store = Store(address) if exists else None
    versions = store.plan_versions(plan_id) if store else []
    cited = [each for each in versions if each.sha256 == bundle.plans[plan_id].outline.sha256]
    if store is None or not cited:
        typer.echo(f"{plan_id}: its text was not imported, so quotes were not compared with it")
        return
    text = parse_plan(store.plan_text(cited[-1]))
    if findings := check_text(bundle, plan_id, text):
        raise stop("\n".join(map(str, findings)), 3)
    typer.echo(f"{plan_id}: every citation reads in the text what it quotes")


def _words(bundle: Bundle, plan_id: str, *, listed: bool) -> None:
    from layers.publishing import check_words

    features = [f for members in bundle.features.values() for f in members]
    results = check_words(bundle.plans[plan_id].statements, features)
    counts = Counter(result.outcome for result in results)
    typer.echo(
        f"{plan_id}: {len(results)} spatial statements, {counts['holds']} hold, "
        f"{counts['fails']} fail, {counts['untestable']} cannot be tested"
    )
    for result in results:
        if listed or result.outcome == "fails":
            typer.echo(f"  {_line(result)}")


def _line(result: Result) -> str:
    statement = result.statement
    objects = "、".join(party.words for party in statement.objects)
    outcome = {"holds": "holds", "fails": "fails", "untestable": "cannot be tested"}
    return (
        f"{statement.id} {outcome[result.outcome]}: {statement.subject.words} "
        f"{statement.relation} {objects} ({statement.citations[0]}). {result.reason_en}"
    )
