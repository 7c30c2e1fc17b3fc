"""The use cases that change a layer: read a file, check it, publish it; for drafts, see `drafts`.

Nothing is stored before somebody says so, and nothing that has an error is stored at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .checks import RULES, Context, Report, check_layer, make_report
from .difference import compare_features
from .errors import DataInvalid, Finding, InvalidParameter
from .imports import HARMLESS, read_raw_file, understand
from .model import Feature
from .publishing import layer_of
from .snapshot import LARGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from .catalogue import Bundle
    from .checks import Progress
    from .difference import Difference
    from .imports import Limits, RawLayer, Told, Understood
    from .model import Layer, Revision
    from .store import Store

_WHOLE = 2_000
"""Features up to which a layer is checked whole when some of them are changed."""


@dataclass(frozen=True, slots=True)
class Update:
    """What a layer is to become, and what the checks say of it.

    Attributes
    ----------
    base : Revision or None
        The revision that it changes.
    before, after : tuple of Feature
        Of the base, and what is to be published.
    source : str
        Name of the file.
    notes : tuple of (str, str)
        What was guessed or left out while reading it: code and sentence.
    """

    layer: Layer
    base: Revision | None
    before: tuple[Feature, ...]
    after: tuple[Feature, ...]
    source: str
    crs: str
    rows: Mapping[str, int]
    notes: tuple[tuple[str, str], ...]
    report: Report

    @property
    def difference(self) -> Difference:
        """What it changes."""
        return compare_features(self.before, self.after)


def read_update(
    store: Store,
    bundle: Bundle,
    layer_id: str,
    path: Path,
    told: Told | None = None,
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> Update:
    """Read a file for a layer and check it; nothing is stored.

    Parameters
    ----------
    progress : callable, optional
        Told what is done next.

    Raises
    ------
    NotFound
        If there is no such layer.
    Refused
        If the file cannot be taken; it has a reason and a sentence.
    """
    layer_of(bundle, layer_id)
    if progress is not None:
        progress(f"Reading {path.name}")
    raw = read_raw_file(path, told, limits)
    if progress is not None:
        progress(f"Checking {len(raw.records):,} features")
    return check_raw(store, bundle, layer_id, raw, told, source=path.name)


def check_raw(
    store: Store,
    bundle: Bundle,
    layer_id: str,
    raw: RawLayer,
    told: Told | None = None,
    *,
    source: str,
    repairs: Mapping[str, BaseGeometry] | None = None,
) -> Update:
    """Check a file for a layer that was read before; see `read_update`.

    Parameters
    ----------
    source : str
        Name of the file.
    repairs : Mapping, optional
        Geometry that a person takes instead of an invalid one, by the feature's id.

    Raises
    ------
    NotFound
        If there is no such layer.
    Refused
        If the features cannot be told from it.
    """
    layer = layer_of(bundle, layer_id)
    base = store.head(layer_id)
    before = () if base is None else tuple(store.features(base))
    understood = understand(raw, layer, told)
    after = _with_properties(understood, before, source)
    after, repaired = _repaired(after, repairs or {}, source)
    notes = (*((note.code, note.sentence) for note in understood.notes), *repaired)
    findings = [
        *note_findings(notes, source),
        *findings_of(store, bundle, layer, after, before),
    ]
    if told is not None and told.crs is not None:
        findings = [_by_declaration(each) for each in findings]
    report = make_report(layer_id, findings, [f.id for f in after], understood.rows)
    return Update(
        layer, base, before, after, source, understood.crs, understood.rows, notes, report
    )


def _repaired(
    features: tuple[Feature, ...], repairs: Mapping[str, BaseGeometry], source: str
) -> tuple[tuple[Feature, ...], list[tuple[str, str]]]:
    """Return features with the repairs that a person has accepted, and a note for each."""
    times = Counter(feature.id for feature in features)
    notes: list[tuple[str, str]] = []

    def repair(feature: Feature) -> Feature:
        drawn, better = feature.geometry, repairs.get(feature.id)
        # Of two features with one id nobody knows which was looked at.
        if better is None or drawn is None or drawn.is_valid or times[feature.id] > 1:
            return feature
        notes.append(("repaired", f"{source}, feature {feature.id}: repaired as proposed."))
        return replace(feature, geometry=better)

    return tuple(repair(each) for each in features), notes


def publish_update(
    store: Store,
    update: Update,
    *,
    author: str,
    message: str,
    reason: str = "",
    key: str | None = None,
) -> Revision:
    """Publish an update as the next revision of its layer.

    Parameters
    ----------
    reason : str
        Why its warnings may pass; it is written to the audit log.

    Raises
    ------
    InvalidParameter
        If there is no message, or a warning without a reason.
    ValidationFailed
        If it has an error; nothing is stored.
    RevisionConflict
        If another publish came between; nothing is stored.
    """
    return store.publish(
        update.layer.id,
        update.after,
        base=update.base,
        kind="publish",
        author=author,
        message=require_message(message),
        key=key,
        remark=remark_of(update.report, reason),
    )


def roll_back(
    store: Store, bundle: Bundle, layer_id: str, number: int, *, author: str, message: str
) -> Revision:
    """Publish the features of an old revision as a new one; nothing is taken out of the history.

    Raises
    ------
    NotFound
        If there is no such layer or revision.
    InvalidParameter
        If it is the head already.
    """
    layer_of(bundle, layer_id)
    wanted = store.revision(layer_id, number)
    head = store.head(layer_id)
    if head is not None and head.digest == wanted.digest:
        raise InvalidParameter(
            "revision", f"Layer {layer_id} is as in revision {number} already; nothing to do."
        )
    return store.publish(
        layer_id,
        store.features(wanted),
        base=head,
        kind="rollback",
        author=author,
        message=message.strip() or f"Back to revision {number}",
    )


def require_message(message: str) -> str:
    """Return what is said of a publish.

    Raises
    ------
    InvalidParameter
        If nothing is.
    """
    if not message.strip():
        raise InvalidParameter("message", "A publish needs a message: what was changed, and why.")
    return message


def remark_of(report: Report, reason: str) -> str:
    """Return what the audit log is to say of warnings; refuses as `Report.accept` does."""
    accepted = report.accept(reason)
    return "" if accepted is None else f"({accepted})"


def check_published(store: Store, bundle: Bundle, layer_id: str) -> Report:
    """Check what is published of a layer."""
    layer = layer_of(bundle, layer_id)
    head = store.head(layer_id)
    features = [] if head is None else store.features(head)
    findings = findings_of(store, bundle, layer, features, None)
    return make_report(layer_id, findings, [feature.id for feature in features])


def findings_of(
    store: Store,
    bundle: Bundle,
    layer: Layer,
    features: Sequence[Feature],
    head: Sequence[Feature] | None,
    *,
    near: Sequence[Feature] | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """Return what the rules find in a layer's features, beside the other layers of the store.

    See `layers.checks.check_layer` for what is near, and for the progress.
    """
    context = context_of(bundle, layer, features, head, layers_beside(store, layer))
    return check_layer(layer, features, context, near=near, progress=progress)


def is_checked_whole(layer: Layer, count: int) -> bool:
    """Tell whether all of a layer is checked for a change in it, not only what is near."""
    # Whether areas leave nothing uncovered cannot be told from some of them.
    return count <= _WHOLE or any(check.startswith("tiles") for check in layer.checks)


def context_of(
    bundle: Bundle,
    layer: Layer,
    features: Sequence[Feature],
    head: Sequence[Feature] | None,
    beside: Beside,
) -> Context:
    """Return what a layer's features are checked against."""
    return Context(
        {plan_id: data.outline for plan_id, data in bundle.plans.items()},
        beside.with_layer(layer.id, features),
        head,
        [each for data in bundle.plans.values() for each in data.statements],
    )


def layers_beside(store: Store, layer: Layer) -> Beside:
    """Return the other layers that a layer is checked against.

    Those that are too large to be looked at each time are left out, unless a check of the layer
    names them.
    """
    named = {check.partition(":")[2] for check in layer.checks}
    others = {
        layer_id: revision
        for layer_id, revision in store.heads().items()
        if layer_id != layer.id and (layer_id in named or store.count(revision) < LARGE)
    }
    return Beside(store, others, {}, {})


class Beside(Mapping[str, "Sequence[Feature]"]):
    """Features of layers by the layer's id, read from the store when a rule first asks for them.

    Parameters
    ----------
    revisions : Mapping
        Of the layers that the store has, by id.
    read : dict
        What has been read of them.
    own : Mapping
        Features of layers as they are to be, by id.
    """

    def __init__(
        self,
        store: Store,
        revisions: Mapping[str, Revision],
        read: dict[str, Sequence[Feature]],
        own: Mapping[str, Sequence[Feature]],
    ) -> None:
        self._store = store
        self._revisions = revisions
        self._read = read
        self._own = own

    def with_layer(self, layer_id: str, features: Sequence[Feature]) -> Beside:
        """Return the same with the features of one more layer."""
        return Beside(self._store, self._revisions, self._read, {layer_id: features})

    def __getitem__(self, layer_id: str) -> Sequence[Feature]:
        if layer_id in self._own:
            return self._own[layer_id]
        if layer_id not in self._read:
            self._read[layer_id] = self._store.features(self._revisions[layer_id])
        return self._read[layer_id]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._revisions, **self._own})

    def __len__(self) -> int:
        return len(self._revisions.keys() | self._own.keys())


def note_findings(notes: Iterable[tuple[str, str]], file: str) -> Iterable[Finding]:
    """Yield what was noted while a file was read, as findings."""
    for code, sentence in notes:
        cure = RULES[code].cure_en if code in RULES else ""
        severity: Literal["note", "warning"] = "note" if code in HARMLESS else "warning"
        yield Finding(code, file, None, "", sentence, cure, severity=severity)


def _by_declaration(finding: Finding) -> Finding:
    """Return a suspicion as a warning, where a person has said which system it is."""
    if finding.rule in {"suspected-gcj02", "suspected-bd09"}:
        return replace(finding, severity="warning")
    return finding


def _with_properties(
    understood: Understood, before: Sequence[Feature], name: str
) -> tuple[Feature, ...]:
    """Return the features of a drawing with the properties that they are published with.

    Features that the drawing does not hold stay as they are.
    """
    if not understood.geometry_only:
        return understood.features
    known = {feature.id: feature for feature in before}
    drawn = {feature.id: feature for feature in understood.features}
    if unknown := [each for each in drawn if each not in known]:
        raise DataInvalid(
            f"{name} is a drawing without properties, and {', '.join(unknown[:5])} is no feature "
            "of the layer; publish its properties first, or say with --id-column where the ids are."
        )
    return tuple(
        Feature(each.id, drawn[each.id].geometry, each.properties) if each.id in drawn else each
        for each in before
    )
