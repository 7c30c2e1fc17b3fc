"""The use cases of a draft as a whole: kept, read with its base, checked, published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from .checks import Report, check_stated, make_report
from .errors import InvalidParameter, NotFound, RevisionConflict
from .publishing import layer_of
from .store import ChangeSet, Draft, new_draft
from .updates import (
    Update,
    findings_of,
    is_checked_whole,
    note_findings,
    remark_of,
    require_message,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .catalogue import Bundle
    from .checks import Progress
    from .model import Feature, Revision
    from .store import Store

_NEAR_DEGREES = 1e-4
"""About 10 m: more than the width of whatever counts as a sliver between neighbours."""


def keep_draft(store: Store, update: Update, *, author: str) -> Draft:
    """Store an update as a draft: its changes against its base.

    Raises
    ------
    ValidationFailed
        If it has an error; nothing is stored.
    """
    update.report.refuse_errors()
    difference = update.difference
    touched = {f.id for f in difference.added} | {each.id for each in difference.changed}
    changes = ChangeSet(
        tuple(feature for feature in update.after if feature.id in touched),
        tuple(feature.id for feature in difference.removed),
        update.rows,
    )
    draft = new_draft(
        update.layer.id,
        None if update.base is None else update.base.number,
        author=author,
        source=update.source,
        crs=update.crs,
        notes=update.notes,
        findings=update.report.findings,
        context=_context(store, update.layer.id),
    )
    return store.drafts.add(draft, changes)


def open_draft(store: Store, bundle: Bundle, layer_id: str, number: int | None = None) -> Draft:
    """Return a draft that waits.

    Parameters
    ----------
    number : int, optional
        Which; the only one by default.

    Raises
    ------
    NotFound
        If there is none.
    InvalidParameter
        If there are several and none is named, or the named one is closed.
    """
    layer_of(bundle, layer_id)
    waiting = store.drafts.list(layer_id)
    if number is not None:
        draft = store.drafts.get(layer_id, number)
        if not draft.is_waiting:
            raise InvalidParameter("draft", f"Draft {number} of {layer_id} is {draft.status}.")
        return draft
    if not waiting:
        raise NotFound(
            f"Layer {layer_id} has no draft; make one with atlas import, or give a file."
        )
    if len(waiting) > 1:
        listed = ", ".join(str(each.number) for each in waiting)
        raise InvalidParameter(
            "draft", f"Layer {layer_id} has the drafts {listed}; say which with --draft."
        )
    return waiting[0]


def read_draft(
    store: Store, bundle: Bundle, draft: Draft, progress: Progress | None = None
) -> Update:
    """Return what a draft makes of its base, checked anew against what is published now.

    In a large layer what it changes is checked, with what is near; as an edit is.
    """
    layer = layer_of(bundle, draft.layer_id)
    base = None if draft.base is None else store.revision(draft.layer_id, draft.base)
    before = () if base is None else tuple(store.features(base))
    changes = store.drafts.changes(draft)
    after = tuple(changes.apply(before))
    near = None if is_checked_whole(layer, len(before)) else _near(before, changes, after)
    findings = [
        *note_findings(draft.notes, draft.source),
        *findings_of(store, bundle, layer, after, before, near=near, progress=progress),
        *check_stated(layer, _by_hand(store, draft, after), before),
    ]
    report = make_report(layer.id, findings, [f.id for f in after], changes.rows)
    return Update(
        layer, base, before, after, draft.source, draft.crs, changes.rows, draft.notes, report
    )


def report_of(
    store: Store, bundle: Bundle, draft: Draft, progress: Progress | None = None
) -> Report:
    """Return what the checks say of a draft.

    They are made anew only if the draft, or a layer that they looked at, is another one since; what
    they find is kept with it.
    """
    if is_checked(store, draft):
        return Report(draft.layer_id, draft.findings, 0)
    context = _context(store, draft.layer_id)
    edits = store.drafts.last_edit(draft)
    report = read_draft(store, bundle, draft, progress).report
    if draft.is_waiting and not store.read_only:
        store.drafts.keep_findings(draft, report.findings, context, edits=edits)
    return report


def is_checked(store: Store, draft: Draft) -> bool:
    """Tell whether it is known what the checks say of a draft; see `report_of`."""
    return draft.context == _context(store, draft.layer_id)


def publish_draft(
    store: Store,
    bundle: Bundle,
    draft: Draft,
    *,
    author: str,
    message: str,
    reason: str = "",
    key: str | None = None,
) -> Revision:
    """Publish a draft; see `publish_update`. Asked for again after a crash, it publishes once.

    Only what it changes is read, unless the layers that it was checked against have moved on.

    Raises
    ------
    RevisionConflict
        If somebody has changed it while it was checked.
    """
    edits = store.drafts.last_edit(draft)
    report = report_of(store, bundle, draft)
    base = None if draft.base is None else store.revision(draft.layer_id, draft.base)
    changes = store.drafts.changes(draft)
    _refuse_changed(store, draft, edits)
    revision = store.publish(
        draft.layer_id,
        changes,
        base=base,
        kind="publish",
        author=author,
        message=require_message(message),
        key=key or f"draft-{draft.number}",
        remark=remark_of(report, reason),
    )
    store.drafts.close(draft, "published", author=author, revision=revision.number)
    return revision


def _near(before: Sequence[Feature], changes: ChangeSet, after: Sequence[Feature]) -> list[Feature]:
    """Return what changes, what lies beside it or where it was, and what names a removed parent."""
    removed = frozenset(changes.removed)
    touched = removed | {each.id for each in changes.put}
    around = _boxes([each for each in (*before, *changes.put) if each.id in touched], _NEAR_DEGREES)
    drawn = [each for each in after if each.bbox is not None]
    _, places = shapely.STRtree(_boxes(drawn)).query(around)
    beside = {drawn[place].id for place in places.tolist()}

    def is_near(feature: Feature) -> bool:
        parent = feature.properties.get("parent")
        orphaned = isinstance(parent, str) and parent in removed
        return orphaned or feature.id in touched or feature.id in beside

    return [each for each in after if is_near(each)]


def _boxes(features: Sequence[Feature], wider: float = 0.0) -> NDArray[np.object_]:
    known = [each.bbox for each in features if each.bbox is not None]
    west, south, east, north = np.array(known, dtype=float).reshape(-1, 4).T
    boxes: NDArray[np.object_] = shapely.box(
        west - wider, south - wider, east + wider, north + wider
    )
    return boxes


def _by_hand(store: Store, draft: Draft, after: Sequence[Feature]) -> list[Feature]:
    touched = {each.feature_id for each in store.drafts.edits(draft)}
    return [each for each in after if each.id in touched]


def _refuse_changed(store: Store, draft: Draft, edits: int) -> None:
    """Do nothing if a draft is still what was checked and approved; an edit opens it again."""
    now = store.drafts.get(draft.layer_id, draft.number)
    same = (now.status, now.base) == (draft.status, draft.base)
    if not same or store.drafts.last_edit(draft) != edits:
        raise RevisionConflict(
            f"Draft {draft.number} of {draft.layer_id} has changed since you opened it; look at it "
            "once more."
        )


def _context(store: Store, layer_id: str) -> str:
    """Return what features of a layer are checked against: the heads of the others."""
    heads = store.heads()
    return " ".join(f"{id_}/{heads[id_].number}" for id_ in sorted(heads) if id_ != layer_id)
