"""Find what is not as it was written: an edited, missing or torn row, revision or geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely
import sqlalchemy as sa

from layers.geojson import feature_digest

from . import schema
from .audit import LogEntry, chain_faults
from .contents import Contents
from .opinions import opinion_faults
from .versions import feature_of, revision_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from layers.model import Revision

_CHUNK = 10_000
_FEW = 1_000
"""Feature versions that begin or end with a revision, up to which its digest is carried on."""


def store_faults(connection: sa.Connection) -> Iterator[str]:
    """Yield what is wrong, a sentence each; nothing if all is as written."""
    log = connection.execute(sa.select(schema.audit).order_by(schema.audit.c.number))
    yield from chain_faults([LogEntry(*row) for row in log])
    table = schema.revision
    rows = connection.execute(sa.select(table).order_by(table.c.layer, table.c.number))
    layers: dict[str, list[Revision]] = {}
    for row in rows:
        layers.setdefault(row.layer, []).append(revision_of(row))
    sequence = connection.execute(sa.select(schema.catalogue.c.sequence)).scalars().all()
    if len(sequence) != 1:
        yield f"The catalogue has {len(sequence)} rows; it must have one."
    for layer_id, revisions in layers.items():
        yield from _revision_faults(layer_id, revisions, max(sequence, default=0))
        yield from _version_faults(connection, layer_id, revisions)
    yield from opinion_faults(connection)
    known = sa.select(schema.feature_version.c.layer).distinct()
    for layer_id in connection.execute(known).scalars():
        if layer_id not in layers:
            yield f"Layer {layer_id} has features, but no revision."


def _revision_faults(layer_id: str, revisions: Sequence[Revision], newest: int) -> Iterator[str]:
    before: Revision | None = None
    for expected, each in enumerate(revisions, 1):
        if each.number != expected:
            yield f"Layer {layer_id} has no revision {expected}: it was taken out."
            return
        if each.parent != (None if before is None else before.number):
            yield f"Layer {layer_id}, revision {each.number}: its parent is {each.parent}."
        if each.sequence > newest:
            yield (
                f"Layer {layer_id}, revision {each.number}: its sequence number {each.sequence} is "
                f"beyond the catalogue's {newest}."
            )
        if before is not None and each.sequence <= before.sequence:
            yield f"Layer {layer_id}, revision {each.number}: its sequence number goes back."
        before = each


def _version_faults(
    connection: sa.Connection, layer_id: str, revisions: Sequence[Revision]
) -> Iterator[str]:
    """Digest every feature version anew, and each revision from them."""
    table = schema.feature_version
    query = sa.select(table).where(table.c.layer == layer_id).order_by(table.c.id, table.c.first)
    known = {each.number for each in revisions}
    brought: dict[int, dict[str, str]] = {}
    ended: dict[int, list[str]] = {}
    before: Any = None
    with connection.execute(query.execution_options(yield_per=_CHUNK)) as rows:
        for row in rows:
            if fault := _version_fault(row, before, known):
                yield f"Layer {layer_id}, feature {row.id}, from revision {row.first}: {fault}"
            before = row
            brought.setdefault(row.first, {})[row.id] = row.digest
            if row.last is not None:
                ended.setdefault(row.last, []).append(row.id)
    there: dict[str, str] = {}
    contents = Contents.of(there)
    for each in revisions:
        gone = {id_: there.pop(id_) for id_ in ended.get(each.number - 1, ()) if id_ in there}
        came = brought.get(each.number, {})
        there |= came
        # The head is digested from nothing but its features, however it was come by.
        few = each is not revisions[-1] and len(gone) + len(came) <= _FEW
        contents = contents.changed(came, gone) if few else Contents.of(there)
        if fault := _revision_fault(each, contents.digest, gone, came):
            yield f"Layer {layer_id}, revision {each.number}: {fault}"


def _version_fault(row: Any, before: Any, known: set[int]) -> str | None:
    if _digest_of(row) != row.digest:
        return "its content is not what was published."
    if row.first not in known or (row.last is not None and row.last < row.first):
        return f"it is valid to revision {row.last}, which cannot be."
    same = before is not None and before.id == row.id
    if same and (before.last is None or before.last >= row.first):
        return "another version of it is valid at the same time."
    return None


def _revision_fault(
    revision: Revision, digest: str, gone: dict[str, str], came: dict[str, str]
) -> str | None:
    if digest != revision.digest:
        return "a feature is missing or extra."
    added, removed = len(came.keys() - gone.keys()), len(gone.keys() - came.keys())
    # A version is also written anew where a feature only changes its place in the order.
    changed = sum(gone[id_] != came[id_] for id_ in came if id_ in gone)
    if (added, removed, changed) != (revision.added, revision.removed, revision.changed):
        return f"its counts are not +{added} -{removed} ~{changed}."
    return None


def _digest_of(row: Any) -> str | None:
    try:
        return feature_digest(feature_of(row.id, row.geometry, row.properties))
    except (ValueError, shapely.errors.ShapelyError):
        return None
