"""The first page: every layer with what waits for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fastapi import APIRouter, Depends, Request, Response

from app.access import Needs, VisitorDep
from app.condition import alerts, current_time, take_condition
from app.dependencies import PublishedDep, SettingsDep
from layers.served import EVERYTHING

from .answers import page
from .sentences import ALERTS

if TYPE_CHECKING:
    from app.published import Published
    from layers.model import Layer, Revision
    from layers.store import Draft

router = APIRouter()


class LayerRow(NamedTuple):
    """A layer as the page shows it.

    Attributes
    ----------
    features, withheld : int
        Features of the head revision, and how many of them are internal.
    precision : tuple of (str, int)
        How many features have each precision class; empty where the layer has none.
    failing : int
        Spatial statements of the plan that do not hold.
    """

    layer: Layer
    head: Revision | None
    features: int
    withheld: int
    precision: tuple[tuple[str, int], ...]
    drafts: tuple[Draft, ...]
    failing: int


@router.get("", dependencies=[Depends(Needs("view"))])
def get_overview(
    request: Request, published: PublishedDep, settings: SettingsDep, visitor: VisitorDep
) -> Response:
    """Return the layers."""
    condition = take_condition(published, settings, current_time())
    return page(
        request,
        "overview.html",
        visitor,
        rows=list(_rows(published)),
        free=condition.free,
        alerts=alerts(condition, settings),
        sentences=ALERTS,
    )


def _rows(published: Published) -> list[LayerRow]:
    store, atlas = published.store, published.latest.atlas
    heads, drafts = store.heads(), store.drafts.list()
    rows = []
    for layer in published.bundle.catalogue.layers:
        head, shown = heads.get(layer.id), atlas.layers.get(layer.id)
        count = 0 if head is None else store.count(head)
        failing = [
            each
            for each in atlas.results
            if each.outcome == "fails"
            and shown is not None
            and shown.feature(each.statement.subject.id or "") is not None
        ]
        rows.append(
            LayerRow(
                layer=layer,
                head=head,
                features=count,
                withheld=count - (0 if shown is None else shown.count),
                precision=_precision(published, layer.id),
                drafts=tuple(each for each in drafts if each.layer_id == layer.id),
                failing=len(failing),
            )
        )
    return rows


def _precision(published: Published, layer_id: str) -> tuple[tuple[str, int], ...]:
    snapshot = published.latest.atlas.listed.get(layer_id)
    if snapshot is None or "precision" not in snapshot.layer.schema["properties"]:
        return ()
    counts: dict[str, int] = {}
    for feature in snapshot.stream(EVERYTHING):
        precision = feature.properties.get("precision") or ""
        counts[precision] = counts.get(precision, 0) + 1
    return tuple(sorted(counts.items()))
