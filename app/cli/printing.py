"""Revisions, differences and drafts, as lines and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import typer

if TYPE_CHECKING:
    from layers.difference import Difference
    from layers.model import Feature, Revision
    from layers.store import Draft


def revision_line(revision: Revision) -> str:
    """Return a revision in one line, without its layer."""
    counts = f"+{revision.added} -{revision.removed} ~{revision.changed}"
    return (
        f"revision {revision.number} ({revision.kind}), {revision.created:%Y-%m-%d %H:%M}, "
        f"{revision.author}, {counts}, {revision.digest[:12]}: {revision.message}"
    )


def revision_document(revision: Revision) -> dict[str, Any]:
    """Return a revision as what JSON can hold."""
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


def difference_document(difference: Difference) -> dict[str, Any]:
    """Return a difference as what JSON can hold: ids, fields with old and new value, metres."""
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


def print_difference(difference: Difference) -> None:
    """Print a line for each feature that differs, its fields below it, and a tally."""
    for sign, features in (("+", difference.added), ("-", difference.removed)):
        for feature in features:
            typer.echo(f"{sign} {feature.id} {_name(feature)}".rstrip())
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


def print_json(document: Any) -> None:
    """Print a document as indented JSON."""
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def draft_line(draft: Draft) -> str:
    """Return a draft in one line."""
    base = f"revision {draft.base}" if draft.base else "nothing"
    became = f" as revision {draft.revision}" if draft.revision else ""
    return (
        f"{draft.layer_id}: draft {draft.number} ({draft.status}{became}) of {draft.source} "
        f"({draft.crs}), on {base}, {draft.created:%Y-%m-%d %H:%M}, {draft.author}"
    )


def draft_document(draft: Draft) -> dict[str, Any]:
    """Return a draft as what JSON can hold."""
    return {
        "layer": draft.layer_id,
        "draft": draft.number,
        "base": draft.base,
        "author": draft.author,
        "created": draft.created.isoformat(timespec="seconds"),
        "source": draft.source,
        "crs": draft.crs,
        "notes": [{"code": code, "message": sentence} for code, sentence in draft.notes],
        "status": draft.status,
        "revision": draft.revision,
    }
