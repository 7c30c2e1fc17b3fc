"""The use cases that change or open what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .geojson import digest
from .snapshot import take_atlas, take_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .catalogue import Bundle
    from .model import Feature, Revision
    from .snapshot import Atlas
    from .store import SqliteStore

SEED = "seed"
"""Kind of a revision that came with the atlas; a newer seed may follow only such a one."""


def seed_store(store: SqliteStore, bundle: Bundle) -> list[Revision]:
    """Bring the data that the atlas ships into the store.

    A layer without a revision gets its first. A layer whose head is a seed follows the shipped
    data when they have changed. A layer that staff have published to is left alone.

    Returns
    -------
    list of Revision
        What was added; empty when nothing had changed.
    """
    added = []
    for layer in bundle.catalogue.layers:
        features = bundle.features[layer.id]
        head = store.head(layer.id)
        if head is None or (head.kind == SEED and _differs(store, head, features)):
            added.append(
                store.publish(
                    layer.id,
                    features,
                    base=head,
                    kind=SEED,
                    author="atlas",
                    message="Data shipped with the atlas",
                )
            )
    return added


def open_atlas(store: SqliteStore, bundle: Bundle) -> Atlas:
    """Return the published state: the head of every layer, without internal features."""
    layers = {}
    for layer in bundle.catalogue.layers:
        head = store.head(layer.id)
        if head is not None:
            features = [f for f in store.features(head) if f.properties["access"] == "public"]
            layers[layer.id] = take_layer(layer, head, features)
    return take_atlas(bundle.catalogue, bundle.outline, layers)


def _differs(store: SqliteStore, head: Revision, features: Sequence[Feature]) -> bool:
    return head.digest != digest(features) or [f.id for f in store.features(head)] != [
        f.id for f in features
    ]
