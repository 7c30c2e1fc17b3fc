"""``atlas check``: what is wrong with published data, and whether its words and map agree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from layers.errors import AtlasError

from .common import read_settings, stop

if TYPE_CHECKING:
    from layers.catalogue import Bundle
    from layers.statements import Result


def check(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with geojson/ and plan/; the shipped data if absent."),
    ] = None,
    summary: Annotated[
        bool,
        typer.Option(help="Of the spatial statements, list only those that fail."),
    ] = False,
) -> None:
    """Check published data: schema, ids, geometry, zones, citations, and the plan's words.

    Lists the plan's spatial statements with what has become of each; one that fails is no fault
    of the data. Exits 3 with what is wrong with the data.
    """
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
