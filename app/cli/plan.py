"""``atlas plan``: texts of plans."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from layers.errors import AtlasError

from .common import open_store, read_settings, stop

if TYPE_CHECKING:
    from layers.catalogue import Bundle
    from layers.comparison import Comparison
    from layers.plan import PlanText
    from layers.store import Store

plan = typer.Typer(no_args_is_help=True, help="Texts of plans: import them, compare versions.")


@plan.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="Plain text in UTF-8 or GB18030.")],
    plan_id: Annotated[
        str | None, typer.Option("--id", help="Id of the plan; the atlas's own plan if absent.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title; the shipped one if absent.")] = None,
    title_en: Annotated[str | None, typer.Option(help="Title in English.")] = None,
    date: Annotated[str | None, typer.Option(help="When it was issued: 2021-06.")] = None,
    message: Annotated[str, typer.Option(help="Why this version is imported.")] = "",
) -> None:
    """Read a plan's text, number its chapters, sections and paragraphs, and store it.

    A text that differs from the last version becomes the next one; nothing is overwritten. A
    running server shows it within a second or two.
    """
    from layers.publishing import import_plan

    settings = read_settings()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise stop(f"{file}: cannot be read ({error.strerror}).", 3) from None
    try:
        store, bundle = open_store(settings)
        chosen = plan_id or bundle.catalogue.plan
        known = bundle.plans.get(chosen)
        if known is None and title is None:
            raise stop(f"The atlas knows no plan {chosen}: give its --title.", 2)
        versions = store.plan_versions(chosen)
        version, text = import_plan(
            store,
            content,
            plan_id=chosen,
            title=title or (known.outline.title if known else ""),
            title_en=title_en or (known.outline.title_en if known else title or ""),
            date=date or (known.outline.date if known else ""),
            author=getpass.getuser(),
            message=message,
        )
    except AtlasError as error:
        raise stop(f"{file}: {error.sentence}", error.exit_status) from None
    chapters = [each for each in text.chapters if each.number]
    typer.echo(
        f"{chosen}: {len(text.text):,} characters, read as {version.encoding}; "
        f"{len(chapters)} chapters, {sum(bool(h.section) for h in text.headings)} sections, "
        f"{len(text.paragraphs)} paragraphs "
        f"({sum(bool(p.subheading) for p in text.paragraphs)} with a heading of their own)"
    )
    if version in versions:
        typer.echo(f"The same text as version {version.number}; nothing was stored.")
    else:
        typer.echo(f"Stored as version {version.number}.")
    if known is not None:
        _say_citations(store, bundle, chosen, text)


def _say_citations(store: Store, bundle: Bundle, plan_id: str, text: PlanText) -> None:
    """Say what has become of the shipped citations in the text that is shown now."""
    from layers.publishing import check_text, open_atlas

    if findings := check_text(bundle, plan_id, text):
        raise stop("\n".join(map(str, findings)), 3)
    if text.sha256 == bundle.plans[plan_id].outline.sha256:
        typer.echo("It is the text that the atlas cites; every citation reads what it quotes.")
        return
    anchors = open_atlas(store, bundle).plan(plan_id).anchors
    counts = ", ".join(f"{count} {state}" for state, count in anchors.items())
    typer.echo("This is not the text that the atlas's citations were made from.")
    typer.echo(f"The citations were followed into it: {counts}; see atlas plan compare.")


@plan.command("list")
def list_plans() -> None:
    """List the imported texts and their versions."""
    try:
        store, _ = open_store(read_settings())
    except AtlasError as error:
        raise stop(error.sentence, error.exit_status) from None
    plans = store.plans()
    if not plans:
        typer.echo("No text was imported yet; see atlas plan import --help.")
    for plan_id in plans:
        for version in store.plan_versions(plan_id):
            typer.echo(
                f"{plan_id} version {version.number}: {version.title}, {version.encoding}, "
                f"{version.created:%Y-%m-%d %H:%M}, {version.author}, {version.sha256[:12]}"
            )


@plan.command()
def compare(
    plan_id: Annotated[str, typer.Argument(help="Id of the plan.")],
    old: Annotated[int | None, typer.Argument(help="Version; the last but one if absent.")] = None,
    new: Annotated[int | None, typer.Argument(help="Version; the last if absent.")] = None,
) -> None:
    """Compare two versions of a plan: paragraphs, figures, and where the citations are now."""
    from layers.publishing import compare_plans

    try:
        store, bundle = open_store(read_settings())
        comparison, first, second = compare_plans(store, bundle, plan_id, old, new)
    except AtlasError as error:
        raise stop(error.sentence, error.exit_status) from None
    typer.echo(f"{plan_id}: version {first.number} → {second.number}")
    _print_comparison(comparison)


def _print_comparison(comparison: Comparison) -> None:
    typer.echo(f"{comparison.unchanged} paragraphs are the same")
    for title in comparison.headings_removed:
        typer.echo(f"- heading {title}")
    for title in comparison.headings_added:
        typer.echo(f"+ heading {title}")
    for change in comparison.changes:
        old, new = change.pair.old, change.pair.new
        where = " → ".join(each.id for each in (old, new) if each is not None)
        typer.echo(f"{change.pair.state} {where} ({change.pair.similarity:.0f} % alike)")
        for difference in change.differences if change.pair.state == "changed" else ():
            if difference.kind != "equal":
                typer.echo(f"    {'+' if difference.kind == 'insert' else '-'} {difference.text}")
        if change.figures:
            typer.echo(f"    figures: {', '.join(change.figures)}")
    for name, group in (("features", comparison.features), ("figures", comparison.figures)):
        anchors = [(owner, anchor) for owner, found in group.items() for anchor in found]
        states = [anchor.state for _, anchor in anchors]
        typer.echo(
            f"citations of {name}: "
            + ", ".join(
                f"{states.count(state)} {state}" for state in ("exact", "moved", "changed", "lost")
            )
        )
        for owner, anchor in anchors:
            if anchor.state in {"changed", "lost"}:
                typer.echo(f"    {anchor.state}: {owner}, {anchor.citation}")
