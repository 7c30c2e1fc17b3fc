"""What a draft does: how its features differ from their base, and what becomes of the plan's words.

Only the features that it touches are read, so that a small draft of a large layer costs little.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from .difference import compare_features
from .publishing import layer_of
from .snapshot import LARGE
from .statements import check_statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from .catalogue import Bundle
    from .difference import Changed, Difference
    from .model import Feature, Revision
    from .statements import Result, Statement
    from .store import Draft, Store

_ONE_BY_ONE = 200
"""Features up to which each is looked up by itself instead of reading the whole revision."""


class Verdict(NamedTuple):
    """What becomes of a statement: before a draft, and with it."""

    statement: Statement
    before: Result
    after: Result


@dataclass(frozen=True)
class Consequences:
    """What a draft does.

    Attributes
    ----------
    before, after : Mapping
        The features that it touches, by their ids: of its base, and as they are to be.
    """

    before: Mapping[str, Feature]
    after: Mapping[str, Feature]
    difference: Difference
    unchanged: int

    @cached_property
    def changed(self) -> Mapping[str, Changed]:
        """The changed features, by their ids."""
        return {each.id: each for each in self.difference.changed}

    def feature(self, feature_id: str) -> Feature:
        """Return a feature as it is to be, or as it was if it is removed."""
        return self.after.get(feature_id) or self.before[feature_id]


def consequences_of(store: Store, draft: Draft) -> Consequences:
    """Return what a draft does to its base."""
    base = None if draft.base is None else store.revision(draft.layer_id, draft.base)
    changes = store.drafts.changes(draft)
    ids = {*changes.removed, *(each.id for each in changes.put)}
    before = find_features(store, base, ids)
    after = {each.id: each for each in changes.put}
    difference = compare_features(before.values(), after.values())
    total = 0 if base is None else store.count(base)
    touched = len(difference.changed) + len(difference.removed)
    return Consequences(before, after, difference, total - touched)


def find_features(
    store: Store, revision: Revision | None, ids: Collection[str]
) -> dict[str, Feature]:
    """Return features of a revision by their ids; those that it does not have are left out."""
    if revision is None or not ids:
        return {}
    if len(ids) > _ONE_BY_ONE:
        return {each.id: each for each in store.stream(revision) if each.id in ids}
    found = ((id_, store.feature(revision, id_)) for id_ in sorted(ids))
    return {id_: each for id_, each in found if each is not None}


def judge_statements(
    store: Store, bundle: Bundle, draft: Draft, made: Consequences
) -> tuple[Verdict, ...]:
    """Return what becomes of the plan's statements about the features that a draft touches."""
    if "citations" not in layer_of(bundle, draft.layer_id).schema["properties"]:
        return ()
    touched = made.before.keys() | made.after.keys()
    concerned = [
        each
        for data in bundle.plans.values()
        for each in data.statements
        if not touched.isdisjoint(_parties(each))
    ]
    needed = {id_ for each in concerned for id_ in _parties(each)}
    around = _around(store, bundle, draft, needed - touched)
    old = _judge(concerned, [*around, *made.before.values()])
    new = _judge(concerned, [*around, *made.after.values()])
    return tuple(map(Verdict, concerned, old, new))


def _around(store: Store, bundle: Bundle, draft: Draft, ids: Collection[str]) -> list[Feature]:
    """Return the features beside a draft's: of its base, and of what is published elsewhere."""
    found: list[Feature] = []
    heads = store.heads()
    for layer in bundle.catalogue.layers:
        revision = heads.get(layer.id)
        if layer.id == draft.layer_id and draft.base is not None:
            revision = store.revision(layer.id, draft.base)
        if revision is None or "citations" not in layer.schema["properties"]:
            continue
        if layer.id == draft.layer_id or store.count(revision) < LARGE:
            found += find_features(store, revision, ids).values()
    return found


def _judge(statements: Iterable[Statement], features: Iterable[Feature]) -> list[Result]:
    drawn = {each.id: each for each in features if each.geometry is not None}
    return check_statements(
        statements,
        {id_: each.geometry for id_, each in drawn.items() if each.geometry is not None},
        {id_: _uncertainty(each) for id_, each in drawn.items()},
    )


def _uncertainty(feature: Feature) -> float:
    """Return the metres that a feature may be off; a draft may hold anything in their place."""
    stated = feature.properties.get("uncertainty_m")
    return float(stated) if isinstance(stated, int | float) else 0.0


def _parties(statement: Statement) -> set[str]:
    parties = (statement.subject, *statement.objects)
    return {party.id for party in parties if party.id is not None}
