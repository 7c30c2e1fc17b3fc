"""The use cases that change or open what is published."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import shapely

from .comparison import check_citations, compare
from .database import DatabaseLayer, open_in_database
from .days import read_moment
from .document import take_document
from .errors import (
    DataInvalid,
    InvalidParameter,
    NotFound,
    RevisionConflict,
    ValidationFailed,
)
from .geojson import digest
from .history import read_history
from .indicators import add_actual
from .model import PlanVersion
from .plan import Citation, decode_plan, parse_plan
from .repacked import Edits
from .search import Named, Passage, SearchIndex
from .snapshot import LARGE, Atlas, LayerSnapshot, change_layer, listed, open_layer, take_layer
from .statements import check_statements
from .store import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .catalogue import Bundle
    from .comparison import Comparison
    from .document import PlanDocument
    from .errors import Finding
    from .indicators import Actual, IndicatorSet
    from .model import Feature, Layer, PublicRevision, Revision
    from .plan import PlanText
    from .served import ServedLayer
    from .statements import Result, Statement
    from .store import Store

SEED = "seed"
"""Kind of a revision that came with the atlas; a newer seed may follow only such a one."""

_PLAN_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DISTANT_KINDS = frozenset(["企业", "机构", "区外地名"])


def seed_store(store: Store, bundle: Bundle) -> list[Revision]:
    """Bring the data that the atlas ships into the store.

    A layer without a revision gets its first. A layer whose head is a seed follows the shipped
    data when they have changed. A layer that staff have published to is left alone.

    Returns
    -------
    list of Revision
        What was added; empty when nothing had changed.
    """
    if store.read_only:
        return []
    try:
        return _seed(store, bundle)
    except RevisionConflict:
        # Another process started at the same time, and was first; see what it has left to do.
        return _seed(store, bundle)


def _seed(store: Store, bundle: Bundle) -> list[Revision]:
    heads = store.heads()
    changes = [
        Change(layer.id, bundle.features[layer.id], heads.get(layer.id))
        for layer in bundle.catalogue.layers
        if _is_behind(store, heads.get(layer.id), bundle.features[layer.id])
    ]
    if not changes:
        return []
    return store.publish_together(
        changes, kind=SEED, author="atlas", message="Data shipped with the atlas"
    )


def _is_behind(store: Store, head: Revision | None, features: Sequence[Feature]) -> bool:
    return head is None or (head.kind == SEED and _differs(store, head, features))


def open_atlas(
    store: Store,
    bundle: Bundle,
    before: Atlas | None = None,
    folder: Path | None = None,
    largest: int | None = None,
) -> Atlas:
    """Return the published state: the head of every layer, without internal features.

    Parameters
    ----------
    before : Atlas, optional
        An older state; what has not changed since is taken from it.
    folder : Path, optional
        Where large layers are kept ready to be read; without it everything is kept in memory.
    largest : int, optional
        Features beyond which a layer stays in the database, if the store is one.
    """
    layers: dict[str, ServedLayer] = {}
    known = {} if before is None else before.layers
    heads = store.heads()
    for layer in bundle.catalogue.layers:
        if (head := heads.get(layer.id)) is None:
            continue
        if layer.id in known and known[layer.id].revision == head:
            layers[layer.id] = known[layer.id]
        else:
            earlier = known.get(layer.id)
            layers[layer.id] = _open_newest(store, layer, head, folder, largest, earlier)
    documents, search = _read_plans(store, bundle, layers, before)
    own = bundle.plans[bundle.catalogue.plan]
    return Atlas(
        catalogue=bundle.catalogue,
        layers=layers,
        documents=documents,
        indicators=own.indicators,
        actuals=tuple(store.actuals()),
        results=_results(own.statements, layers, before),
        search=search,
    )


def _read_plans(
    store: Store, bundle: Bundle, layers: Mapping[str, ServedLayer], before: Atlas | None
) -> tuple[Mapping[str, PlanDocument], SearchIndex]:
    """Return the plans beside some layers, and what is found by name and by word.

    They are as before if neither a text nor a layer that is listed has changed.
    """
    newest = {
        plan_id: next(iter(store.plan_versions(plan_id)[-1:]), None)
        for plan_id in sorted({*bundle.plans, *store.plans()})
    }
    shown = listed(layers)
    if before is not None and _is_same(shown, before.listed):
        known = {plan_id: each.version for plan_id, each in before.documents.items()}
        if known == newest:
            return before.documents, before.search
    features_by_ref = {
        f"{layer_id}/{feature.id}": feature
        for layer_id, snapshot in shown.items()
        for feature in snapshot.features
    }
    documents = {each: _document(store, bundle, each, features_by_ref) for each in newest}
    names = list(_names(_by_id(bundle), features_by_ref))
    return documents, SearchIndex(names, list(_passages(documents)), bundle.readings)


def _is_same(one: Mapping[str, LayerSnapshot], other: Mapping[str, LayerSnapshot]) -> bool:
    return one.keys() == other.keys() and all(one[each] is other[each] for each in one)


def open_head(
    store: Store,
    layer: Layer,
    head: Revision,
    folder: Path | None = None,
    largest: int | None = None,
    before: ServedLayer | None = None,
) -> ServedLayer:
    """Return what may be shown of a layer's head.

    A large layer is packed into files when it is first opened, and mapped into memory from then on;
    those of all but a few older revisions are removed. One that is larger still stays in the
    database; see `open_atlas`.

    Parameters
    ----------
    before : ServedLayer, optional
        An older revision; where few features have changed since, the others are copied from it.
    """
    if largest is not None and store.is_database and store.count(head) > largest:
        return open_in_database(store, layer, head)
    return _open(store, layer, head, frozenset(), folder, before)


def _open_newest(
    store: Store,
    layer: Layer,
    head: Revision,
    folder: Path | None,
    largest: int | None,
    before: ServedLayer | None,
) -> ServedLayer:
    """Return the head with its public history, which is read at once if that takes no time."""
    earlier = None if before is None else before.history
    history = read_history(store, layer, head, earlier)
    opened = open_head(store, layer, head, folder, largest, before).with_history(history)
    if not opened.is_large or (earlier is not None and earlier.known):
        history.read()
    return opened


def open_older(
    store: Store, head: ServedLayer, shown: PublicRevision, folder: Path | None = None
) -> ServedLayer:
    """Return an older revision of a layer as it may be shown now.

    What is internal now is not shown, whatever it was then.
    """
    revision = store.revision(head.layer.id, shown.stored)
    history = head.history.until(shown)
    if isinstance(head, DatabaseLayer):
        return head.at(revision).with_history(history)
    opened = _open(store, head.layer, revision, head.history.withheld, folder)
    return opened.with_history(history)


def lacks_withheld(store: Store, snapshot: ServedLayer) -> bool:
    """Tell whether a revision had public features that are internal now, and so not in it."""
    withheld = snapshot.history.withheld
    stored = snapshot.shown.stored
    return bool(withheld) and not withheld.isdisjoint(store.history.ids(snapshot.layer, stored))


def _open(
    store: Store,
    layer: Layer,
    revision: Revision,
    withheld: frozenset[str],
    folder: Path | None,
    before: ServedLayer | None = None,
) -> LayerSnapshot:
    count = store.count(revision)
    features = (
        each for each in store.stream(revision) if layer.is_public(each) and each.id not in withheld
    )
    if folder is None or count < LARGE:
        return take_layer(layer, revision, features)
    files = folder / f"{layer.id}-{revision.number}-{_shown_by(layer, revision, withheld)}"
    known = open_layer(layer, revision, files)
    if known is None:
        edits = _edits(store, before, revision) if isinstance(before, LayerSnapshot) else None
        if edits is None or not isinstance(before, LayerSnapshot):
            known = take_layer(layer, revision, features, count=count, folder=files)
        else:
            known = change_layer(before, revision, edits, files)
        _remove_older(layer, files)
    return known


_MOST_CHANGED = 0.1
"""Part of a layer from which on it is packed anew rather than in part."""


def _edits(store: Store, before: LayerSnapshot, head: Revision) -> Edits | None:
    """Return what becomes of the features of an older revision; None where it is too much.

    So it is where a feature comes to stand between others: the order of what is shown is then not
    that of what was.
    """
    layer = before.layer
    since = store.revisions(layer.id, after=before.revision.number)
    touched = sum(each.added + each.removed + each.changed for each in since)
    if touched > _MOST_CHANGED * len(before.packed):
        return None
    moves = store.moves(before.revision, head)
    changed: dict[int, Feature] = {}
    added = []
    for feature, place in moves.brought:
        if not layer.is_public(feature):
            continue
        position = before.indexes.position(feature.id)
        if position is not None and moves.ended[feature.id] == place:
            changed[position] = feature
        elif position is None and place > moves.last:
            added.append(feature)
        else:
            return None
    shown = (before.indexes.position(each) for each in moves.ended)
    removed = [each for each in shown if each is not None and each not in changed]
    return Edits(changed, removed, added)


_OLDER_KEPT = 3
"""Older revisions of a large layer whose files are kept beside those of the newest."""


def _remove_older(layer: Layer, made: Path) -> None:
    """Remove the files of a layer's revisions that were opened longest ago."""
    form = re.compile(rf"{re.escape(layer.id)}-(\d+)-[0-9a-f]{{16}}")
    others: list[tuple[int, float, Path]] = []
    for each in made.parent.iterdir():
        if each != made and (match := form.fullmatch(each.name)):
            with suppress(FileNotFoundError):
                others.append((int(match[1]), each.stat().st_mtime, each))
    newest = max((number for number, _, _ in others), default=0)
    oldest_last = sorted(others, key=lambda each: (each[0] == newest, each[1]), reverse=True)
    for _, _, folder in oldest_last[_OLDER_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _shown_by(layer: Layer, revision: Revision, withheld: frozenset[str]) -> str:
    """Return what changes when the files of a layer would: its features, its declaration."""
    shown_by = [revision.digest, layer.access, layer.schema, *sorted(withheld)]
    return sha256(orjson.dumps(shown_by, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _results(
    statements: Sequence[Statement], layers: Mapping[str, ServedLayer], before: Atlas | None
) -> tuple[Result, ...]:
    """Return what becomes of the statements; as before if nothing that is drawn has changed."""
    features = _cited(layers)
    if before is not None and _drawn(features) == _drawn(_cited(before.layers)):
        return before.results
    return tuple(check_words(statements, features))


def _cited(layers: Mapping[str, ServedLayer]) -> list[Feature]:
    """Return the features of the layers that the plan speaks of."""
    return [
        feature
        for snapshot in listed(layers).values()
        if "citations" in snapshot.layer.schema["properties"]
        for feature in snapshot.features
    ]


def _drawn(features: Iterable[Feature]) -> dict[str, tuple[bytes, Any]]:
    return {
        each.id: (shapely.to_wkb(each.geometry), each.properties["uncertainty_m"])
        for each in features
        if each.geometry is not None
    }


def find_revision(store: Store, layer_id: str, text: str) -> Revision:
    """Return the revision that a number of the store, a day or a moment names.

    A day means its end (UTC); the number counts internal changes too, see `layers.history`.

    Raises
    ------
    InvalidParameter
        If the text is neither.
    NotFound
        If there was no such revision.
    """
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return store.revision(layer_id, int(text))
    try:
        moment = read_moment(text)
    except ValueError:
        raise InvalidParameter(
            "revision",
            f"{text[:40]!r} names no revision; give a number, or a day such as 2026-11-24.",
        ) from None
    return store.revision_at(layer_id, moment)


def _by_id(bundle: Bundle) -> dict[str, Layer]:
    return {layer.id: layer for layer in bundle.catalogue.layers}


def layer_of(bundle: Bundle, layer_id: str) -> Layer:
    """Return what the catalogue declares of a layer.

    Raises
    ------
    NotFound
        If there is no such layer; the sentence says which there are.
    """
    for layer in bundle.catalogue.layers:
        if layer.id == layer_id:
            return layer
    known = ", ".join(layer.id for layer in bundle.catalogue.layers)
    raise NotFound(f"There is no layer {layer_id}; the layers are {known}.")


def check_words(statements: Sequence[Statement], features: Iterable[Feature]) -> list[Result]:
    """Return what becomes of a plan's spatial statements with the geometry of some features."""
    drawn = {f.id: f for f in features if f.geometry is not None}
    return check_statements(
        statements,
        {id_: f.geometry for id_, f in drawn.items() if f.geometry is not None},
        {id_: float(f.properties["uncertainty_m"]) for id_, f in drawn.items()},
    )


def import_plan(
    store: Store,
    content: bytes,
    *,
    plan_id: str,
    title: str,
    title_en: str,
    date: str,
    author: str,
    message: str,
) -> tuple[PlanVersion, PlanText]:
    """Read a plan's plain text and store it as the next version of its plan.

    Parameters
    ----------
    content : bytes
        A file in UTF-8 or GB18030.
    plan_id : str
        Lower-case letters, digits and hyphens.

    Returns
    -------
    tuple of PlanVersion and PlanText
        The head as it was if the text is the same.

    Raises
    ------
    InvalidParameter
        If the id is none.
    DataInvalid
        If the file is no text, or no chapters are recognised in it; nothing is stored.
    """
    if not _PLAN_ID.fullmatch(plan_id):
        raise InvalidParameter(
            "id", f"{plan_id!r} cannot be the id of a plan; use letters a-z, digits and hyphens."
        )
    text, encoding = decode_plan(content)
    try:
        parsed = parse_plan(text)
    except DataInvalid as error:
        raise DataInvalid(f"{error.sentence} The file was read as {encoding}.") from None
    version = PlanVersion(
        plan_id,
        0,
        parsed.sha256,
        title,
        title_en,
        date,
        encoding,
        author,
        message,
        datetime.now(UTC),
    )
    return store.add_plan(version, text), parsed


def check_text(bundle: Bundle, plan_id: str, text: PlanText) -> list[Finding]:
    """Return the shipped citations that do not hold in a text.

    Only the text that they were made from (its SHA-256 is that of the outline) can say so; for
    another one they are followed, see `compare_plans`. Then nothing is returned.
    """
    data = bundle.plans[plan_id]
    if text.sha256 != data.outline.sha256:
        return []
    groups: list[tuple[str, list[tuple[str, Citation]]]] = [
        (
            layer.file,
            [
                (feature.id, Citation(**record))
                for feature in bundle.features[layer.id]
                for record in feature.properties.get("citations", ())
                if record["plan"] == plan_id
            ],
        )
        for layer in bundle.catalogue.layers
    ]
    groups += [
        ("indicators.json", [(each.id, each.citation) for each in data.indicators.indicators]),
        (
            "statements.json",
            [(each.id, cited) for each in data.statements for cited in each.citations],
        ),
    ]
    return [
        finding for file, citations in groups for finding in check_citations(citations, text, file)
    ]


def check_store(store: Store, bundle: Bundle) -> None:
    """Hold the shipped citations against the text that they were made from, if it is imported.

    Raises
    ------
    ValidationFailed
        If one does not hold; the findings name file, feature or record, and why.
    """
    findings = [
        finding
        for plan_id in bundle.plans
        if (text := _cited_text(store, bundle, plan_id)) is not None
        for finding in check_text(bundle, plan_id, parse_plan(text))
    ]
    if findings:
        raise ValidationFailed(findings)


def compare_plans(
    store: Store, bundle: Bundle, plan_id: str, old: int | None, new: int | None
) -> tuple[Comparison, PlanVersion, PlanVersion]:
    """Compare two imported versions of a plan, with the features and figures cited in the first.

    Parameters
    ----------
    old, new : int or None
        Numbers of versions; by default the last but one and the last.

    Raises
    ------
    NotFound
        If there is no such version, or only one; the sentence says which there are.
    """
    versions = {each.number: each for each in store.plan_versions(plan_id)}
    known = ", ".join(map(str, versions)) or "none"
    first, second = old or len(versions) - 1, new or len(versions)
    if first not in versions or second not in versions:
        raise NotFound(
            f"Plan {plan_id} has the versions {known}; two are needed to compare. Import another "
            "with atlas plan import."
        )
    heads = store.heads()
    features = {
        f"{layer.id}/{feature.id}": feature
        for layer in bundle.catalogue.layers
        if layer.id in heads and "citations" in layer.schema["properties"]
        for feature in store.features(heads[layer.id])
        if layer.is_public(feature)
    }
    old_text, new_text = (store.plan_text(versions[number]) for number in (first, second))
    base = take_document(
        plan_id,
        bundle.plans.get(plan_id),
        versions[first],
        parse_plan(old_text),
        _cited_text(store, bundle, plan_id),
        features,
    )
    comparison = compare(old_text, new_text, base.citations, base.figures)
    return comparison, versions[first], versions[second]


def enter_actual(store: Store, indicators: IndicatorSet, actual: Actual) -> None:
    """Store an actual figure; one of the same series and year is ended by it.

    Raises
    ------
    InvalidParameter, ValidationFailed
        If it has no source, an impossible year, or a unit that contradicts its series.
    """
    others = [
        known
        for known in store.actuals()
        if (known.series, known.year) != (actual.series, actual.year)
    ]
    add_actual(indicators, others, actual)
    store.add_actual(actual)


def _document(
    store: Store, bundle: Bundle, plan_id: str, features: Mapping[str, Feature]
) -> PlanDocument:
    data = bundle.plans.get(plan_id)
    versions = store.plan_versions(plan_id)
    head = versions[-1] if versions else None
    text = None if head is None else parse_plan(store.plan_text(head))
    base = _cited_text(store, bundle, plan_id)
    return take_document(plan_id, data, head, text, base, features)


def _cited_text(store: Store, bundle: Bundle, plan_id: str) -> str | None:
    """Return the text that the shipped citations were made from, if the store has it."""
    data = bundle.plans.get(plan_id)
    return next(
        (
            store.plan_text(each)
            for each in store.plan_versions(plan_id)
            if data and each.sha256 == data.outline.sha256
        ),
        None,
    )


def _names(layers: Mapping[str, Layer], features: Mapping[str, Feature]) -> Iterator[Named]:
    for ref, feature in features.items():
        layer_id, _, feature_id = ref.partition("/")
        properties = feature.properties
        yield Named(
            layer_id,
            feature_id,
            str(properties.get("name") or layers[layer_id].name_of(feature)),
            str(properties.get("name_en", "")),
            tuple(properties.get("aliases", ())),
            str(properties.get("kind", "")),
            _weight(layer_id, properties),
        )


def _weight(layer_id: str, properties: Mapping[str, Any]) -> int:
    """Return what comes first among names that match alike: what the plan puts in a zone."""
    if layer_id in {"projects", "places"}:
        if properties["kind"] in _DISTANT_KINDS:
            return 1
        return (3 if layer_id == "projects" else 2) + (properties["zone"] is not None)
    return 5 if "citations" in properties else 1


def _passages(documents: Mapping[str, PlanDocument]) -> Iterator[Passage]:
    for plan_id, document in documents.items():
        for paragraph in document.text.paragraphs if document.text else ():
            title = document.outline.heading(paragraph.chapter, paragraph.section)
            yield Passage(f"{plan_id}#{paragraph.id}", title, paragraph.text)


def _differs(store: Store, head: Revision, features: Sequence[Feature]) -> bool:
    return head.digest != digest(features) or [f.id for f in store.features(head)] != [
        f.id for f in features
    ]
