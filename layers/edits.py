"""The use cases that change one feature at once: create, replace, update, delete.

Each becomes a revision of its own, after the checks that a file goes through. An edit is refused
for what it breaks, not for what was broken before it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from .bodies import complete_properties, read_geometry, read_id, read_object
from .checks import check_layer, make_report
from .errors import (
    InvalidParameter,
    NotFound,
    RevisionConflict,
    StaleEdit,
    Taken,
    ValidationFailed,
)
from .history import unsaid
from .model import Feature
from .packed import feature_tag
from .publishing import layer_of
from .store import ChangeSet
from .updates import context_of, is_checked_whole, layers_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from .catalogue import Bundle
    from .crs import PublishedCrs
    from .errors import Finding
    from .model import BBox, Layer, Revision
    from .store import Store

    Near: TypeAlias = Callable[[Sequence[BBox]], Sequence[Feature]]
    Change: TypeAlias = Callable[[Feature | None], Feature | None]

_TRIES = 8


@dataclass(frozen=True)
class Editing:
    """One person's edit of one layer.

    Attributes
    ----------
    near : callable
        Gives the published features of a layer whose boxes meet some boxes; a small layer is
        checked whole.
    message : str
        What was changed and why; empty for a sentence that says which feature.
    reason : str
        Why warnings may pass.
    key : str or None
        Names the edit: asked for again, it is done once.
    expected : collection of bytes or None
        Tags (see `layers.packed.feature_tag`) of the states that the caller has seen; None if any
        state may be changed.
    """

    store: Store
    bundle: Bundle
    layer_id: str
    near: Near
    author: str
    message: str = ""
    reason: str = ""
    key: str | None = None
    expected: Collection[bytes] | None = None

    @property
    def layer(self) -> Layer:
        """The layer that is edited."""
        return layer_of(self.bundle, self.layer_id)

    def create(self, document: Mapping[str, Any], crs: PublishedCrs | None = None) -> Feature:
        """Publish a new feature, and return it.

        Its id is that of the document, or of the layer's id column; else one is made.

        Raises
        ------
        InvalidParameter
            If the document is no GeoJSON feature, or its id is taken.
        ValidationFailed
            If it breaks a rule; nothing is stored.
        """
        layer = self.layer
        properties = read_object(document, "properties")
        column = properties.get(layer.id_column or "")
        made = f"{layer.id}-{self._new_name()}" if column is None else column
        feature_id = read_id(document.get("id", made))

        def change(before: Feature | None) -> Feature:
            if before is not None:
                raise Taken(f"Collection {layer.id} has an item {feature_id} already; change that.")
            return Feature(
                feature_id,
                read_geometry(document.get("geometry"), layer, crs),
                complete_properties(layer, feature_id, properties),
            )

        created = self._publish(feature_id, change, "Added")
        assert created is not None  # noqa: S101  nothing here takes it away
        return created

    def replace(
        self, feature_id: str, document: Mapping[str, Any], crs: PublishedCrs | None = None
    ) -> Feature:
        """Publish another feature of the same id, and return it; see `create`.

        Raises
        ------
        NotFound
            If there is none to replace.
        StaleEdit
            If it is no longer what the caller has seen.
        """
        layer = self.layer
        properties = read_object(document, "properties")
        if str(document.get("id", feature_id)) != feature_id:
            raise InvalidParameter("id", f"The id of this item is {feature_id}; it stays that.")

        def change(before: Feature | None) -> Feature:
            self._look(before, feature_id)
            geometry = read_geometry(document.get("geometry"), layer, crs)
            return Feature(feature_id, geometry, complete_properties(layer, feature_id, properties))

        replaced = self._publish(feature_id, change, "Replaced")
        assert replaced is not None  # noqa: S101  nothing here takes it away
        return replaced

    def update(
        self, feature_id: str, patch: Mapping[str, Any], crs: PublishedCrs | None = None
    ) -> Feature:
        """Publish a feature with some members changed (RFC 7396), and return it; see `replace`."""
        layer = self.layer
        changed = read_object(patch, "properties")

        def change(before: Feature | None) -> Feature:
            known = self._look(before, feature_id)
            geometry = known.geometry
            if "geometry" in patch:
                geometry = read_geometry(patch["geometry"], layer, crs)
            properties = {**known.properties, **changed}
            kept = {name: value for name, value in properties.items() if value is not None}
            return Feature(
                feature_id, geometry, complete_properties(layer, feature_id, kept, known.properties)
            )

        updated = self._publish(feature_id, change, "Changed")
        assert updated is not None  # noqa: S101  nothing here takes it away
        return updated

    def delete(self, feature_id: str) -> None:
        """Publish the layer without a feature; see `replace`."""

        def change(before: Feature | None) -> None:
            self._look(before, feature_id)

        self._publish(feature_id, change, "Removed")

    def _new_name(self) -> str:
        """Return an id that nobody has; the same for the same key."""
        if self.key is None:
            return secrets.token_hex(6)
        return sha256(self.key.encode()).hexdigest()[:12]

    def _look(self, before: Feature | None, feature_id: str) -> Feature:
        if before is None or not self.layer.is_public(before):
            raise NotFound(f"Collection {self.layer_id} has no item {feature_id}.")
        if self.expected is not None and feature_tag(before) not in self.expected:
            raise StaleEdit(
                f"{self.layer_id}/{feature_id} has been changed since you read it; read it again "
                "and make your change anew."
            )
        return before

    def _publish(self, feature_id: str, change: Change, verb: str) -> Feature | None:
        """Publish what a change makes of a feature, again and again while others come between."""
        if self.key is not None and (done := self.store.keyed(self.layer_id, self.key)):
            return self._again(done, feature_id, verb)
        for _ in range(_TRIES):
            head = self.store.head(self.layer_id)
            before = None if head is None else self.store.feature(head, feature_id)
            after = change(before)
            if (
                after is not None
                and before is not None
                and feature_tag(after) == feature_tag(before)
            ):
                return before
            remark = self._check(head, before, after)
            changes = ChangeSet(
                () if after is None else (after,), (feature_id,) if after is None else (), {}
            )
            try:
                self.store.publish(
                    self.layer_id,
                    changes,
                    base=head,
                    kind="edit",
                    author=self.author,
                    message=self.message.strip() or unsaid(verb, feature_id),
                    key=self.key,
                    remark=remark,
                )
            except RevisionConflict:
                continue
            return after
        raise RevisionConflict(
            f"Layer {self.layer_id} is being changed by others all the time; try again."
        )

    def _again(self, revision: Revision, feature_id: str, verb: str) -> Feature | None:
        """Return what an edit of this key made before."""
        made = self.store.feature(revision, feature_id)
        if (made is None) != (verb == "Removed"):
            raise Taken(
                f"The key of this edit was used for another one, revision {revision.number} of "
                f"{self.layer_id}; give each edit a key of its own."
            )
        return made

    def _check(self, head: Revision | None, before: Feature | None, after: Feature | None) -> str:
        """Return what the log is to say of warnings.

        Raises
        ------
        ValidationFailed
            If the edit brings an error that was not there before.
        """
        layer = self.layer
        old, new = self._around(head, before, after)
        beside = layers_beside(self.store, layer)
        context = context_of(self.bundle, layer, new, old, beside)
        findings = [each for each in check_layer(layer, new, context) if each.severity != "note"]
        if not findings:
            return ""
        earlier = context_of(self.bundle, layer, old, None, beside)
        known = {_key(each) for each in check_layer(layer, old, earlier)}
        brought = [each for each in findings if _key(each) not in known]
        if errors := [each for each in brought if each.severity == "error"]:
            raise ValidationFailed(errors)
        if not brought:
            return ""
        reason = self.reason.strip() or "edited feature by feature"
        accepted = make_report(layer.id, brought, ()).accept(reason)
        return f"({accepted})"

    def _around(
        self, head: Revision | None, before: Feature | None, after: Feature | None
    ) -> tuple[Sequence[Feature], Sequence[Feature]]:
        """Return the features to check before and after: all of them, or those near the edit."""
        touched = [each for each in (before, after) if each is not None]
        if head is None:
            others: Sequence[Feature] = ()
        elif is_checked_whole(self.layer, self.store.count(head)):
            others = self.store.features(head)
        else:
            others = self.near([each.bbox for each in touched if each.bbox is not None])
        ids = {each.id for each in touched}
        rest = [each for each in others if each.id not in ids]
        return (
            [*rest, *([] if before is None else [before])],
            [*rest, *([] if after is None else [after])],
        )


def _key(finding: Finding) -> tuple[str, str | None, str]:
    return finding.rule, finding.feature_id, finding.field
