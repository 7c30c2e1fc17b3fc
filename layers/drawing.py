"""The use cases of drawing: a draft whose features are changed by hand, one after another.

Each change is an edit of the draft, also one that takes another back; nothing is published here.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import shapely
from shapely.ops import split

from .bodies import as_held, complete_properties
from .checks import check_one, check_stated, sound_part
from .errors import InvalidParameter, NotFound
from .geojson import DECIMALS, feature_digest
from .model import BBox, Feature
from .publishing import layer_of
from .review import prepare_rebase, rebase
from .sharing import follow, positions_of, with_vertices
from .store import EDITED, ChangeSet, new_draft
from .updates import context_of, layers_beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from .accounts import Account
    from .catalogue import Bundle
    from .errors import Finding
    from .model import Layer
    from .sheets import Base, Sheet
    from .store import Draft, Edit, Kind, Store

DRAWN = "drawn"
"""Source of a draft that came from no file."""

SHOWN = 2_000
"""Features up to which a layer is drawn whole; of a larger one, what is in view."""

_MARGIN_DEGREES = 1e-4
"""About ten metres: who lies nearer may share an edge."""


def find_drawn(store: Store, layer_id: str, by: Account) -> Draft | None:
    """Return the draft of a layer that somebody is drawing; None if there is none."""
    for draft in reversed(store.drafts.list(layer_id)):
        if (draft.source, draft.author, draft.status) == (DRAWN, by.name, "open"):
            return draft
    return None


def begin(store: Store, bundle: Bundle, layer_id: str, by: Account) -> Draft:
    """Return the draft of a layer that somebody is drawing, or a new one that changes nothing yet.

    One whose layer has moved on is brought up to date where nothing of it is in conflict.

    Raises
    ------
    NotFound
        If there is no such layer.
    """
    layer_of(bundle, layer_id)
    known = find_drawn(store, layer_id, by)
    if known is not None:
        moved = prepare_rebase(store, known)
        return known if moved is None or moved.conflicts else rebase(store, moved, by)
    head = store.head(layer_id)
    draft = new_draft(
        layer_id,
        None if head is None else head.number,
        author=by.name,
        source=DRAWN,
        crs="CRS84",
        notes=(),
        findings=(),
        context=EDITED,
    )
    return store.drafts.add(draft, ChangeSet((), (), {}))


class Step(NamedTuple):
    """What becomes of one feature; None where it is removed."""

    feature_id: str
    feature: Feature | None


class Saved(NamedTuple):
    """What came of a change.

    Attributes
    ----------
    number : int
        Of the last edit that is told of here.
    mine : tuple of Step
        What was changed: what was asked for, and the neighbours that followed.
    others : tuple of (Edit, Step)
        What somebody else did since the last edit that the author had seen, as it is now.
    """

    number: int
    mine: tuple[Step, ...]
    others: tuple[tuple[Edit, Step], ...]


def save(
    store: Store,
    sheet: Sheet,
    draft: Draft,
    steps: Sequence[Step],
    *,
    by: Account,
    seen: int,
    shared: bool = False,
) -> Saved:
    """Change features of a draft, all of them or none.

    What is there already as it is to be is not written again: a change that is sent twice, since
    the answer was lost, is made once.

    Parameters
    ----------
    seen : int
        Number of the last edit that the author has seen.
    shared : bool
        Whether neighbours follow along the edges that they share with a changed area.

    Raises
    ------
    RevisionConflict
        If the draft waits no longer.
    StaleEdit
        If somebody has since changed one of the same features; nothing is changed.
    """
    wanted = [Step(step.feature_id, step.feature and _rounded(step.feature)) for step in steps]
    wanted = [each for each in wanted if not _is_there(sheet, each)]
    if shared:
        wanted += _followers(sheet, wanted)
    edits = [_edit(sheet.base, each) for each in wanted]
    last = sheet.number
    if edits:
        last = store.drafts.edit(draft, edits, author=by.name, seen=seen)
    own = range(last - len(edits) + 1, last + 1)
    number, others = changes_since(store, sheet.base, draft, seen, own)
    return Saved(number, tuple(wanted), others)


def changes_since(
    store: Store, base: Base, draft: Draft, seen: int, own: range = range(0)
) -> tuple[int, tuple[tuple[Edit, Step], ...]]:
    """Return the number of the last edit of a draft, and what was done since an earlier one.

    Parameters
    ----------
    own : range
        Edits that the caller knows of.
    """
    edits = store.drafts.edits(draft)
    newest = {each.feature_id: each for each in edits if each.number > seen}
    told = tuple(
        (each, Step(each.feature_id, _after(base, each)))
        for each in newest.values()
        if each.number not in own
    )
    return edits[-1].number if edits else 0, told


def cut(sheet: Sheet, feature_id: str, tool: BaseGeometry) -> list[Step]:
    """Return what a feature becomes when it is divided by a line, or loses an area.

    Of the pieces that a layer cannot hold as one feature, the largest stays; each other one is a
    new feature with the same properties. Neighbours get the new vertices on their common edges.

    Parameters
    ----------
    tool : LineString, Polygon or MultiPolygon in CRS84 degrees

    Raises
    ------
    NotFound
        If there is no such feature.
    InvalidParameter
        If it has no area or length, or the tool does not divide it, or leaves nothing of it.
    """
    feature = sheet.feature(feature_id)
    if feature is None:
        raise NotFound(f"The draft has no feature {feature_id}.")
    geometry = feature.geometry
    if geometry is None or geometry.is_empty or not geometry.is_valid or not tool.is_valid:
        raise InvalidParameter("geometry", "Both what is cut and what cuts it must be valid.")
    if tool.geom_type == "LineString":
        pieces = _divided(geometry, tool)
    elif tool.geom_type in {"Polygon", "MultiPolygon"}:
        pieces = _reduced(geometry, tool, sheet.layer)
    else:
        raise InvalidParameter("geometry", "Cut with a line or with an area.")
    steps = [Step(feature_id, replace(feature, geometry=as_held(pieces[0], sheet.layer)))]
    steps += [_new_like(sheet.layer, feature, piece) for piece in pieces[1:]]
    if geometry.geom_type in {"Polygon", "MultiPolygon"}:
        old = set(positions_of(geometry))
        made = {each for piece in pieces for each in positions_of(piece)} - old
        noded = with_vertices(geometry, made)
        steps += [Step(each.id, each) for each in follow(geometry, noded, _beside(sheet, feature))]
    return steps


def check_drawn(store: Store, bundle: Bundle, sheet: Sheet, feature: Feature) -> list[Finding]:
    """Return what the rules find in one feature of a draft, beside those near it."""
    layer = sheet.layer
    # Whether areas leave nothing uncovered cannot be told from some of them.
    is_whole = sheet.count <= SHOWN or any(each.startswith("tiles") for each in layer.checks)
    others = _others(sheet, feature) if is_whole else _beside(sheet, feature)
    others = [sound_part(layer, each) if each.id in sheet.by_hand else each for each in others]
    original = sheet.base.feature(feature.id)
    before = [] if original is None else [original]
    beside = layers_beside(store, layer)
    context = context_of(bundle, layer, [sound_part(layer, feature), *others], before, beside)
    findings = check_one(layer, feature, others, context)
    return [*findings, *check_stated(layer, [feature], before)]


def new_id(layer: Layer) -> str:
    """Return an id that nobody has."""
    return f"{layer.id}-{secrets.token_hex(6)}"


def _others(sheet: Sheet, feature: Feature) -> list[Feature]:
    return [each for each in sheet.all() if each.id != feature.id]


def _beside(sheet: Sheet, feature: Feature, *more: BaseGeometry | None) -> list[Feature]:
    boxes = [each.bounds for each in (feature.geometry, *more) if each and not each.is_empty]
    if not boxes:
        return []
    lows, highs = np.min(boxes, axis=0), np.max(boxes, axis=0)
    margin = _MARGIN_DEGREES
    box = BBox(lows[0] - margin, lows[1] - margin, highs[2] + margin, highs[3] + margin)
    return [each for each in sheet.near(box) if each.id != feature.id]


def _followers(sheet: Sheet, steps: Sequence[Step]) -> list[Step]:
    """Return the neighbours that follow; who is changed on purpose does not."""
    followed: dict[str, Feature] = {}
    asked = {each.feature_id for each in steps}
    for step in steps:
        before = sheet.feature(step.feature_id)
        if before is None or step.feature is None:
            continue
        beside = _beside(sheet, before, step.feature.geometry)
        others = [followed.get(each.id, each) for each in beside if each.id not in asked]
        for each in follow(before.geometry, step.feature.geometry, others):
            followed[each.id] = _rounded(each)
    return [Step(each.id, each) for each in followed.values()]


def _is_there(sheet: Sheet, step: Step) -> bool:
    there = sheet.feature(step.feature_id)
    if there is None or step.feature is None:
        return there is step.feature
    return feature_digest(there) == feature_digest(step.feature)


def _edit(base: Base, step: Step) -> tuple[str, Kind, Feature | None]:
    """Return a change as an edit; one that leads back to the base takes the earlier ones back."""
    if step.feature is None:
        return step.feature_id, "remove" if base.has(step.feature_id) else "revert", None
    original = base.feature(step.feature_id)
    if original is not None and feature_digest(original) == feature_digest(step.feature):
        return step.feature_id, "revert", None
    return step.feature_id, "put", step.feature


def _after(base: Base, edit: Edit) -> Feature | None:
    return base.feature(edit.feature_id) if edit.kind == "revert" else edit.feature


def _rounded(feature: Feature) -> Feature:
    if feature.geometry is None:
        return feature
    rounded = shapely.transform(feature.geometry, lambda xy: np.round(xy, DECIMALS) + 0.0)
    return replace(feature, geometry=rounded)


def _divided(geometry: BaseGeometry, line: BaseGeometry) -> list[BaseGeometry]:
    """Return what stays, and the pieces that come off it along a line."""
    if geometry.geom_type.endswith("Point"):
        raise InvalidParameter("geometry", "A point cannot be divided.")
    kept, off = [], []
    for part in shapely.get_parts(geometry).tolist():
        pieces = sorted(split(part, line).geoms, key=_size, reverse=True)
        kept.append(pieces[0])
        off += pieces[1:]
    if not off:
        raise InvalidParameter(
            "geometry", "The line does not divide the feature; draw it from one side to the other."
        )
    return [_together(kept), *off]


def _together(parts: Sequence[BaseGeometry]) -> BaseGeometry:
    if len(parts) == 1:
        return parts[0]
    pieces = np.array(parts, dtype=object)
    is_areal = parts[0].geom_type == "Polygon"
    made = shapely.multipolygons(pieces) if is_areal else shapely.multilinestrings(pieces)
    return cast("BaseGeometry", made)


def _reduced(geometry: BaseGeometry, area: BaseGeometry, layer: Layer) -> list[BaseGeometry]:
    """Return what an area leaves, as one piece where the layer can hold it."""
    left = shapely.difference(geometry, area)
    if left.is_empty:
        raise InvalidParameter("geometry", "Nothing is left of the feature; remove it instead.")
    if shapely.equals(left, geometry):
        raise InvalidParameter("geometry", "The area does not meet the feature.")
    if left.geom_type in layer.geometry_types or not left.geom_type.startswith("Multi"):
        return [left]
    return sorted(shapely.get_parts(left).tolist(), key=_size, reverse=True)


def _size(geometry: BaseGeometry) -> tuple[float, float]:
    return geometry.area, geometry.length


def _new_like(layer: Layer, feature: Feature, geometry: BaseGeometry) -> Step:
    made = new_id(layer)
    own = {name: each for name, each in feature.properties.items() if name != layer.id_column}
    properties = complete_properties(layer, made, own)
    return Step(made, Feature(made, as_held(geometry, layer), properties))
