"""Both engines do what a model of a few lines in memory does: digests, order, counts and errors."""

from __future__ import annotations

import os
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from shapely.geometry import LineString, MultiPoint, Point, box

from layers.errors import AtlasError, NotFound, RevisionConflict
from layers.geojson import digest, feature_digest
from layers.model import Feature
from layers.store import Change, ChangeSet, Store, new_draft

if TYPE_CHECKING:
    from pathlib import Path


class Known(NamedTuple):
    """A revision of the model."""

    features: tuple[Feature, ...]
    kind: str
    key: str | None


class Model:
    """What a store promises, in memory."""

    def __init__(self):
        self.layers: dict[str, list[Known]] = {}
        self.log: list[tuple[str, str]] = []

    def publish(self, layer, features, base, kind, key):
        revisions = self.layers.setdefault(layer, [])
        for number, known in enumerate(revisions, 1):
            if key is not None and known.key == key:
                if digest(known.features) != digest(features):
                    raise RevisionConflict(
                        f"The key {key} published revision {number} of {layer} with other "
                        "features; give this publish a key of its own."
                    )
                return number
        if len(revisions) != base:
            raise RevisionConflict(
                f"Layer {layer} is at revision {len(revisions)} now; make the change again from it."
            )
        revisions.append(Known(tuple(features), kind, key))
        self.log.append((kind, f"{layer}/{len(revisions)}"))
        return len(revisions)

    def features(self, layer, number):
        revisions = self.layers.get(layer, [])
        if not 1 <= number <= len(revisions):
            known = f"1 to {len(revisions)}" if revisions else "none"
            raise NotFound(f"Layer {layer} has no revision {number}; its revisions are {known}.")
        return revisions[number - 1].features


LAYERS = st.sampled_from(["地块", "roads"])
TEXTS = st.one_of(
    st.sampled_from(
        ["", "'; DROP TABLE revision; --", "\\", '"', "e\u0301", "é", "文" * 300, "\t\n"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.lists(TEXTS, max_size=3),
)
DEGREES = st.floats(-89, 89).map(lambda number: round(number, 7))
SHAPES = st.one_of(
    st.none(),
    st.builds(Point, DEGREES, DEGREES),
    st.builds(lambda x, y: LineString([(x, y), (x + 0.1, y)]), DEGREES, DEGREES),
    st.builds(lambda x, y: box(x, y, x + 0.5, y + 0.25), DEGREES, DEGREES),
    st.builds(lambda x, y: MultiPoint([(x, y), (y, x)]), DEGREES, DEGREES),
)
IDS = st.sampled_from(["a", "b", "c", "d", "e.1", "街道-6", "Z001"])
FEATURES = st.lists(
    st.builds(Feature, IDS, SHAPES, st.dictionaries(TEXTS.filter(bool), VALUES, max_size=3)),
    max_size=7,
    unique_by=lambda each: each.id,
)


class Conformance(RuleBasedStateMachine):
    """Does the same to a store and to the model, and compares what comes of it."""

    address: object = None

    def __init__(self):
        super().__init__()
        where = self.make()
        self.store = Store(where)
        # Another process, which does not know what this one has written.
        self.other = Store(where)
        self.model = Model()
        self.moments: list[tuple[str, int, datetime]] = []

    def make(self):
        raise NotImplementedError

    def teardown(self):
        assert list(self.store.faults()) == []
        self.store.close()
        self.other.close()

    def both(self, expected, actual):
        """Return what both give, which is the same value or the same refusal."""
        answers = []
        for call in (expected, actual):
            try:
                answers.append(call())
            except AtlasError as error:
                answers.append((type(error), error.sentence))
        assert answers[0] == answers[1]
        return answers[0]

    def base(self, layer, number):
        return self.store.revision(layer, number) if number else None

    @rule(
        layer=LAYERS,
        features=FEATURES,
        back=st.sampled_from([0, 0, 0, 1]),
        key=st.sampled_from([None, None, "k1", "k2"]),
    )
    def publish(self, layer, features, back, key):
        head = len(self.model.layers.get(layer, []))
        base = max(0, head - back)
        made = self.both(
            lambda: self.model.publish(layer, features, base, "publish", key),
            lambda: self.store.publish(
                layer, features, base=self.base(layer, base), kind="publish", author="a",
                message="m", key=key,
            ).number,
        )  # fmt: skip
        if made == head + 1:
            self.moments.append((layer, made, datetime.now(UTC)))

    @precondition(lambda self: any(self.model.layers.values()))
    @rule(layer=LAYERS, put=FEATURES, gone=st.sets(IDS, max_size=2), by_other=st.booleans())
    def publish_changes(self, layer, put, gone, by_other):
        head = len(self.model.layers.get(layer, []))
        if head == 0:
            return
        before = self.model.features(layer, head)
        changes = ChangeSet(
            tuple(f for f in put if f.id not in gone),
            tuple(f.id for f in before if f.id in gone),
            {},
        )
        after = changes.apply(before)
        self.both(
            lambda: self.model.publish(layer, after, head, "publish", None),
            lambda: (self.other if by_other else self.store).publish(
                layer, changes, base=self.base(layer, head), kind="publish", author="a",
                message="m",
            ).number,
        )  # fmt: skip

    @precondition(lambda self: any(self.model.layers.values()))
    @rule(layer=LAYERS, number=st.integers(1, 4))
    def roll_back(self, layer, number):
        head = len(self.model.layers.get(layer, []))
        if not 1 <= number <= head:
            return
        features = list(self.model.features(layer, number))
        self.both(
            lambda: self.model.publish(layer, features, head, "rollback", None),
            lambda: self.store.publish(
                layer, self.store.features(self.store.revision(layer, number)),
                base=self.base(layer, head), kind="rollback", author="a", message="m",
            ).number,
        )  # fmt: skip
        assert self.store.head(layer).digest == self.store.revision(layer, number).digest

    @rule(one=FEATURES, other=FEATURES)
    def publish_together(self, one, other):
        heads = {layer: len(self.model.layers.get(layer, [])) for layer in ("地块", "roads")}
        made = self.store.publish_together(
            [
                Change(layer, features, self.base(layer, heads[layer]))
                for layer, features in zip(heads, (one, other), strict=True)
            ],
            kind="publish",
            author="a",
            message="m",
        )
        for layer, features in zip(heads, (one, other), strict=True):
            self.model.publish(layer, features, heads[layer], "publish", None)
        assert len({each.sequence for each in made}) == 1

    @precondition(lambda self: any(self.model.layers.values()))
    @rule(layer=LAYERS, put=FEATURES)
    def keep_a_draft(self, layer, put):
        head = len(self.model.layers.get(layer, []))
        if head == 0:
            return
        draft = new_draft(
            layer, head, author="a", source="f", crs="EPSG:4490", notes=[], findings=[], context=""
        )
        kept = self.store.drafts.add(draft, ChangeSet(tuple(put), (), {}))
        self.model.log.append(("import", f"{layer}/draft {kept.number}"))
        found = {each.id: each for each in self.store.drafts.changes(kept).put}
        assert {i: feature_digest(f) for i, f in found.items()} == {
            f.id: feature_digest(f) for f in put
        }

    @rule(layer=LAYERS, number=st.integers(0, 6))
    def read(self, layer, number):
        def canonical(features):
            return [(each.id, feature_digest(each)) for each in features]

        self.both(
            lambda: canonical(self.model.features(layer, number)),
            lambda: canonical(self.store.features(self.store.revision(layer, number))),
        )

    @invariant()
    def heads_and_history_agree(self):
        heads = {layer: len(known) for layer, known in self.model.layers.items() if known}
        assert {layer: each.number for layer, each in self.store.heads().items()} == heads
        for layer, number in heads.items():
            revisions = self.store.revisions(layer)
            assert [each.number for each in revisions] == list(range(number, 0, -1))
            known = [*reversed(self.model.layers[layer])]
            assert [each.digest for each in revisions] == [digest(k.features) for k in known]
            assert [each.kind for each in revisions] == [k.kind for k in known]
            counts = [self.store.count(each) for each in revisions]
            assert counts == [len(k.features) for k in known]
        assert [(each.action, each.subject) for each in self.store.log()] == self.model.log
        for layer, number, moment in self.moments[-3:]:
            assert self.store.revision_at(layer, moment).number >= number


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_engine_does_what_the_model_does(engine, request, tmp_path):
    if engine == "postgresql":
        cluster = request.getfixturevalue("cluster")

    class Machine(Conformance):
        def make(self) -> Path | str:
            if engine == "postgresql":
                return cluster.database()
            return tmp_path / f"{uuid4().hex}.sqlite"

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get("CHAOS_ROUNDS", "1")) * 20,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("name", ["e\u0301", "é"])
def test_a_text_is_the_same_in_either_normal_form(name):
    feature = Feature("a", None, {"name": name})
    composed = Feature("a", None, {"name": unicodedata.normalize("NFC", name)})
    assert feature_digest(feature) == feature_digest(composed)


NEVER = [
    {"name": "a\0b"},
    {"name": "\ud800"},
    {"number": 2**70},
    {"number": float("nan")},
    {"number": float("inf")},
    {1: "a key that is no text"},
    {"list": ["fine", {"deep": "a\0b"}]},
]


@pytest.mark.parametrize("properties", NEVER, ids=repr)
def test_what_no_engine_can_keep_is_refused_by_both_alike(store_address, properties):
    store = Store(store_address)
    with pytest.raises(AtlasError) as refused:
        store.publish(
            "x", [Feature("a", None, properties)], base=None, kind="publish", author="a",
            message="m",
        )  # fmt: skip
    assert "Feature a" in refused.value.sentence
    assert store.head("x") is None
    store.close()
