"""A draft between its upload and its publish: who may do what, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shapely.geometry import Point

from layers.accounts import Account
from layers.catalogue import bundled_data, read_bundle
from layers.drafts import report_of
from layers.errors import (
    InvalidParameter,
    NotAllowed,
    RevisionConflict,
    StaleEdit,
    ValidationFailed,
)
from layers.model import Feature
from layers.publishing import seed_store
from layers.review import (
    approve,
    ask_for_changes,
    comment,
    discard,
    mark_of,
    prepare_rebase,
    publish,
    publish_due,
    publish_scheduled,
    rebase,
    refuse_unseen,
    schedule,
    submit,
    unschedule,
    withdraw,
)
from layers.roles import ROLES
from layers.store import ChangeSet, Store, new_draft

LAYER = "places"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def shipped():
    return read_bundle(bundled_data())


@pytest.fixture(params=[True], ids=["reviewed"])
def bundle(request, shipped):
    """Return what is shipped, with a layer whose drafts have to be approved."""
    catalogue = shipped.catalogue
    layers = tuple(
        replace(each, review=request.param) if each.id == LAYER else each
        for each in catalogue.layers
    )
    return replace(shipped, catalogue=replace(catalogue, layers=layers))


@pytest.fixture
def store(store_address, bundle):
    store = Store(store_address)
    seed_store(store, bundle)
    for name in ("wang", "li", "zhao"):
        store.people.add(person(name, "reviewer"), author="root")
    yield store
    store.close()


def person(name: str, role: str = "reviewer") -> Account:
    assert role in ROLES
    return Account(name, name, role, "", NOW)


WANG, LI, ZHAO = person("wang"), person("li"), person("zhao")


def drawn(feature: Feature, **properties: object) -> Feature:
    return replace(feature, properties={**feature.properties, **properties})


@pytest.fixture
def first(store):
    """Return the first feature of the layer."""
    return next(iter(store.features(store.head(LAYER))))


@pytest.fixture
def make(store, first):
    """Make a draft that changes the first feature, or whatever is given."""

    def make(*put: Feature, removed: tuple[str, ...] = (), author: str = "wang"):
        changes = ChangeSet(put or (drawn(first, summary="改过的摘要"),), removed, {})
        draft = new_draft(
            LAYER,
            store.head(LAYER).number,
            author=author,
            source="a.geojson",
            crs="EPSG:4490",
            notes=(),
            findings=(),
            context="",
        )
        return store.drafts.add(draft, changes)

    return make


def publish_meanwhile(store, *put: Feature, removed: tuple[str, ...] = ()):
    head = store.head(LAYER)
    return store.publish(
        LAYER, ChangeSet(put, removed, {}), base=head, kind="publish", author="x", message="x"
    )


def test_a_draft_is_submitted_approved_by_another_and_published(store, bundle, make, first):
    draft = approve(store, submit(store, bundle, make(), WANG), LI, "同意")

    revision = publish(store, bundle, draft, LI, "改了摘要")

    assert (revision.author, revision.message, revision.changed) == ("li", "改了摘要", 1)
    assert store.drafts.get(LAYER, draft.number).status == "published"
    assert [(e.kind, e.author, e.text) for e in store.drafts.events(draft)] == [
        ("submit", "wang", ""),
        ("approve", "li", "同意"),
    ]
    said = [each.action for each in store.log()]
    assert {"draft submit", "draft approve", "draft published"} <= set(said)


@pytest.mark.parametrize("part", ["author", "editor"])
def test_nobody_approves_what_they_have_a_part_in(store, bundle, make, first, part):
    draft = make()
    if part == "editor":
        store.drafts.edit(draft, [(first.id, "put", drawn(first, summary="李改的"))], author="li")
    draft = submit(store, bundle, store.drafts.get(LAYER, draft.number), WANG)

    with pytest.raises(NotAllowed, match="somebody else has to approve"):
        approve(store, draft, WANG if part == "author" else LI)


@pytest.mark.parametrize("status", ["open", "submitted"])
def test_what_is_not_approved_is_not_published(store, bundle, make, status):
    draft = make()
    if status == "submitted":
        draft = submit(store, bundle, draft, WANG)
    with pytest.raises(NotAllowed, match="approved by somebody else"):
        publish(store, bundle, draft, LI, "改了摘要")
    assert store.head(LAYER).number == 1


def test_an_editor_publishes_nothing_of_a_reviewed_layer(store, bundle, make):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    with pytest.raises(NotAllowed, match="may not publish"):
        publish(store, bundle, draft, person("wang", "editor"), "改了摘要")


@pytest.mark.parametrize("bundle", [False], indirect=True)
def test_where_no_review_is_asked_for_an_editor_publishes_their_own(store, bundle, make):
    draft = make()
    with pytest.raises(NotAllowed, match="may not publish"):
        publish(store, bundle, draft, person("sun", "editor"), "改了摘要")
    assert publish(store, bundle, draft, person("wang", "editor"), "改了摘要").number == 2


def test_a_draft_that_is_edited_after_it_was_approved_has_to_be_approved_again(
    store, bundle, make, first
):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)

    store.drafts.edit(draft, [(first.id, "put", drawn(first, summary="再改"))], author="wang")

    draft = store.drafts.get(LAYER, draft.number)
    assert draft.status == "open"
    with pytest.raises(NotAllowed):
        publish(store, bundle, draft, LI, "改了摘要")


def test_a_draft_is_given_back_with_what_is_to_be_changed(store, bundle, make):
    draft = submit(store, bundle, make(), WANG)
    with pytest.raises(InvalidParameter, match="empty"):
        ask_for_changes(store, draft, LI, " ")

    draft = ask_for_changes(store, draft, LI, "出处不对")

    assert draft.status == "open"
    assert store.drafts.events(draft)[-1].text == "出处不对"


def test_what_was_submitted_is_taken_back_by_those_who_made_it(store, bundle, make):
    draft = submit(store, bundle, make(), WANG)
    with pytest.raises(NotAllowed, match="has no part"):
        withdraw(store, draft, LI)
    draft = withdraw(store, draft, WANG)
    assert draft.status == "open"
    with pytest.raises(RevisionConflict, match="was not submitted"):
        withdraw(store, draft, WANG)


def test_what_is_approved_is_not_submitted_again(store, bundle, make):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    with pytest.raises(RevisionConflict, match="is approved"):
        submit(store, bundle, draft, WANG)


def test_what_was_not_submitted_is_not_given_back(store, make):
    with pytest.raises(RevisionConflict, match="was not submitted"):
        ask_for_changes(store, make(), LI, "出处不对")


def test_a_decision_is_about_what_was_looked_at(store, make, first):
    draft = make()
    mark = mark_of(store, draft)
    refuse_unseen(store, draft, mark)
    store.drafts.edit(draft, [(first.id, "revert", None)], author="wang")
    with pytest.raises(RevisionConflict, match="since you opened it"):
        refuse_unseen(store, draft, mark)


def test_a_comment_can_be_about_a_feature(store, make, first):
    draft = comment(store, make(), LI, "这里的边界呢？", first.id)
    (event,) = store.drafts.events(draft)
    assert (event.kind, event.feature_id) == ("comment", first.id)
    assert draft.status == "open"


def test_a_draft_with_an_error_is_not_submitted(store, bundle, make, first):
    draft = make()
    far = Feature(first.id, Point(100, 30), dict(first.properties))
    store.drafts.edit(draft, [(first.id, "put", far)], author="wang")
    with pytest.raises(ValidationFailed):
        submit(store, bundle, store.drafts.get(LAYER, draft.number), WANG)


def test_what_was_edited_by_hand_is_checked_before_it_is_published(store, bundle, make, first):
    draft = make()
    far = Feature(first.id, Point(100, 30), dict(first.properties))
    store.drafts.edit(draft, [(first.id, "put", far)], author="wang")
    open_ = replace(
        bundle,
        catalogue=replace(
            bundle.catalogue,
            layers=tuple(replace(each, review=False) for each in bundle.catalogue.layers),
        ),
    )
    with pytest.raises(ValidationFailed):
        publish(store, open_, store.drafts.get(LAYER, draft.number), LI, "改了")
    assert store.head(LAYER).number == 1


def test_what_the_checks_found_is_kept_until_the_draft_is_edited(store, bundle, make, first):
    draft = make()
    checked = report_of(store, bundle, draft)
    kept = store.drafts.get(LAYER, draft.number)
    assert kept.findings == checked.findings
    assert report_of(store, bundle, kept).findings == checked.findings

    far = Feature(first.id, Point(100, 30), dict(first.properties))
    store.drafts.edit(kept, [(first.id, "put", far)], author="wang")
    assert report_of(store, bundle, store.drafts.get(LAYER, draft.number)).errors


def test_findings_about_what_was_edited_meanwhile_are_not_kept(store, bundle, make, first):
    draft = make()
    edits = store.drafts.last_edit(draft)
    store.drafts.edit(draft, [(first.id, "remove", None)], author="li")
    before = store.drafts.get(LAYER, draft.number)
    store.drafts.keep_findings(draft, (), "looked at", edits=edits)
    assert store.drafts.get(LAYER, draft.number) == before


def test_the_last_edit_of_a_feature_counts_and_can_be_taken_back(store, make, first):
    draft = make()

    def summary():
        put = {each.id: each for each in store.drafts.changes(draft).put}
        return put[first.id].properties["summary"] if first.id in put else None

    assert summary() == "改过的摘要"
    store.drafts.edit(draft, [(first.id, "put", drawn(first, summary="再改"))], author="wang")
    assert summary() == "再改"
    store.drafts.edit(draft, [(first.id, "remove", None)], author="wang")
    assert store.drafts.changes(draft).removed == (first.id,)
    store.drafts.edit(draft, [(first.id, "revert", None)], author="wang")
    assert store.drafts.changes(draft).put == ()
    assert store.drafts.changes(draft).removed == ()
    assert len(store.drafts.edits(draft)) == 3


def test_whoever_saves_second_learns_that_another_was_first(store, make, first):
    draft = make()
    mine = [(first.id, "put", drawn(first, summary="我改的"))]
    store.drafts.edit(draft, [(first.id, "put", drawn(first, summary="李改的"))], author="li")

    with pytest.raises(StaleEdit, match="li has changed"):
        store.drafts.edit(draft, mine, author="wang", seen=0)

    assert store.drafts.edit(draft, mine, author="wang", seen=1) == 2


def test_a_stale_draft_is_neither_submitted_nor_approved(store, bundle, make, first):
    waiting, submitted = make(), submit(store, bundle, make(), WANG)
    publish_meanwhile(store, drawn(first, name_en="x"))
    for refused in (
        lambda: submit(store, bundle, waiting, WANG),
        lambda: approve(store, submitted, LI),
    ):
        with pytest.raises(RevisionConflict, match="bring draft"):
            refused()


def test_rebasing_merges_what_only_one_side_has_changed(store, bundle, make, first):
    draft = make()
    publish_meanwhile(store, drawn(first, name_en="Changed meanwhile"))

    rebased = prepare_rebase(store, draft)
    assert rebased.conflicts == {}
    draft = rebase(store, rebased, WANG)

    (merged,) = store.drafts.changes(draft).put
    assert merged.properties["summary"] == "改过的摘要"
    assert merged.properties["name_en"] == "Changed meanwhile"
    assert draft.base == 2
    assert prepare_rebase(store, draft) is None


def test_a_conflict_is_shown_and_decided_field_by_field(store, make, first):
    draft = make()
    publish_meanwhile(store, drawn(first, summary="别人改的", name_en="theirs"))

    rebased = prepare_rebase(store, draft)
    (conflict,) = rebased.conflicts[first.id]
    assert conflict[0] == "summary"
    assert conflict[2:] == ("别人改的", "改过的摘要")
    with pytest.raises(RevisionConflict, match="decide which to keep"):
        rebase(store, rebased, WANG)

    rebased = prepare_rebase(store, draft, {first.id: {"summary": "theirs"}})
    draft = rebase(store, rebased, WANG)
    assert store.drafts.changes(draft).put == ()


def test_what_was_removed_meanwhile_is_asked_about(store, make, first):
    draft = make()
    publish_meanwhile(store, removed=(first.id,))
    (conflict,) = prepare_rebase(store, draft).conflicts[first.id]
    assert conflict.field == "#feature"

    kept = rebase(store, prepare_rebase(store, draft, {first.id: {"#feature": "mine"}}), WANG)
    assert [each.id for each in store.drafts.changes(kept).put] == [first.id]


def test_a_draft_publishes_itself_when_its_moment_comes(store, bundle, make):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    due = NOW + timedelta(days=1)
    schedule(store, bundle, draft, LI, due, "按时发布")

    assert publish_due(store, bundle, due - timedelta(seconds=1)) == []
    (revision,) = publish_due(store, bundle, due)

    assert (revision.author, revision.message) == ("li", "按时发布")
    assert publish_due(store, bundle, due) == []


def test_a_draft_that_can_no_longer_be_published_waits_for_somebody(store, bundle, make, first):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    due = NOW + timedelta(days=1)
    schedule(store, bundle, draft, LI, due, "按时发布")
    publish_meanwhile(store, drawn(first, name_en="x"))

    assert publish_due(store, bundle, due) == []

    draft = store.drafts.get(LAYER, draft.number)
    assert draft.due is None
    assert "is at revision 2 now" in store.drafts.events(draft)[-1].text
    assert publish_due(store, bundle, due) == []


def test_two_processes_publish_a_draft_once(store, bundle, make):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    draft = schedule(store, bundle, draft, LI, NOW + timedelta(days=1), "按时发布")

    assert publish_scheduled(store, bundle, draft).number == 2
    assert publish_scheduled(store, bundle, draft) is None

    assert store.head(LAYER).number == 2
    assert store.drafts.get(LAYER, draft.number).status == "published"


def test_a_draft_of_an_account_that_is_gone_waits_for_somebody(store, bundle, make):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    due = NOW + timedelta(days=1)
    schedule(store, bundle, draft, person("gone"), due, "按时发布")
    assert publish_due(store, bundle, due) == []
    assert store.drafts.get(LAYER, draft.number).due is None


def test_a_schedule_is_withdrawn(store, bundle, make):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    due = NOW + timedelta(days=1)
    unschedule(store, schedule(store, bundle, draft, LI, due, "按时发布"), LI)
    assert publish_due(store, bundle, due) == []


@pytest.mark.parametrize("message", ["", "  ", "x" * 5_001])
def test_a_publish_needs_a_message(store, bundle, make, message):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    with pytest.raises(InvalidParameter):
        publish(store, bundle, draft, LI, message)


def test_a_moment_that_is_past_is_refused(store, bundle, make):
    draft = approve(store, submit(store, bundle, make(), WANG), LI)
    with pytest.raises(InvalidParameter, match="is past"):
        schedule(store, bundle, draft, LI, NOW - timedelta(minutes=1), "x")


def test_a_draft_is_discarded_by_its_author_or_a_reviewer_only(store, make):
    with pytest.raises(NotAllowed, match="is wang's"):
        discard(store, make(), person("sun", "editor"))
    discard(store, make(), person("wang", "editor"))
    discard(store, make(), ZHAO)
    assert [each.status for each in store.drafts.list(LAYER, waiting=False)] == [
        "open",
        "discarded",
        "discarded",
    ]


def test_nothing_happens_to_a_draft_that_is_closed(store, bundle, make, first):
    draft = make()
    discard(store, draft, WANG)
    for refused in (
        lambda: comment(store, draft, LI, "x"),
        lambda: submit(store, bundle, draft, WANG),
        lambda: store.drafts.edit(draft, [(first.id, "remove", None)], author="wang"),
    ):
        with pytest.raises(RevisionConflict, match="no longer open"):
            refused()
    assert store.drafts.events(draft) == []
    assert store.drafts.edits(draft) == []
