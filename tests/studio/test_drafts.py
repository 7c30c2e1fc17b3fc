"""A draft on its pages: the whole way of two people, and what each of them is refused."""

from __future__ import annotations

import html
import json
import re
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from shapely.affinity import translate
from shapely.geometry import Point

from app.main import create_app
from app.scheduling import Scheduler
from app.settings import Settings
from layers.background import DraftChecks
from layers.catalogue import bundled_data
from layers.drafts import report_of
from layers.errors import AtlasError
from layers.next_steps import RIGHTS, STEPS, find_obstacles
from layers.publishing import import_plan
from layers.review import (
    approve,
    ask_for_changes,
    comment,
    discard,
    prepare_rebase,
    publish,
    rebase,
    schedule,
    submit,
    unschedule,
    withdraw,
)
from layers.roles import has_right
from layers.store import ChangeSet, new_draft

if TYPE_CHECKING:
    from layers.model import Feature

LAYER = "places"
HERE = f"/studio/drafts/{LAYER}/1"
HOSTILE = "</textarea></script><script>alert(1)</script>\"'\\{{7*7}}"


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory):
    """Return what is shipped, with a layer whose drafts have to be approved."""
    folder = tmp_path_factory.mktemp("reviewed") / "data"
    shutil.copytree(bundled_data(), folder)
    file = folder / "geojson" / "catalog.json"
    catalogue = json.loads(file.read_text("utf-8"))
    for layer in catalogue["layers"]:
        layer["review"] = layer["id"] == LAYER
    file.write_text(json.dumps(catalogue), "utf-8")
    return folder


@pytest.fixture
def application(tmp_path, home, reviewed):
    shutil.copytree(home, tmp_path / "home")
    return create_app(Settings(home=tmp_path / "home", data=reviewed))


@pytest.fixture
def bundle(application):
    return application.state.published.bundle


@pytest.fixture
def drawn(store):
    """Return the first place that is drawn and cited."""
    features = store.features(store.head(LAYER))
    return next(each for each in features if each.geometry and each.properties["citations"])


def with_properties(feature: Feature, **properties: object) -> Feature:
    return replace(feature, properties={**feature.properties, **properties})


@pytest.fixture
def make(store, drawn):
    """Make a draft of somebody; it changes the first drawn place unless told otherwise."""

    def make(*put: Feature, removed=(), author="the-editor", layer=LAYER, source="改.geojson"):
        changes = ChangeSet(put or (with_properties(drawn, summary="改过的摘要"),), removed, {})
        draft = new_draft(
            layer,
            store.head(layer).number,
            author=author,
            source=source,
            crs="EPSG:4490",
            notes=(),
            findings=(),
            context="",
        )
        return store.drafts.add(draft, changes)

    return make


def publish_meanwhile(store, *put: Feature, removed=()):
    head, changes = store.head(LAYER), ChangeSet(put, removed, {})
    return store.publish(LAYER, changes, base=head, kind="publish", author="x", message="他人")


def field(text: str, name: str) -> str:
    """Return what a page's forms carry in a hidden field."""
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', text).group(1))


def text_of(answer) -> str:
    return html.unescape(answer.text)


# The whole way of two people.


def test_a_draft_goes_from_one_person_to_another_and_to_the_public(visit, store, make, drawn):
    make()
    editor, reviewer = visit("editor"), visit("reviewer")

    assert editor.submit(f"{HERE}/submit", text="请看").status_code == 303
    assert f'href="{HERE}"' in reviewer.get("/studio/drafts?show=review").text
    returned = reviewer.submit(f"{HERE}/return", text="摘要再短些")
    assert returned.headers["location"] == f"{HERE}?done=returned"
    assert "摘要再短些" in editor.get(HERE).text

    edit = (drawn.id, "put", with_properties(drawn, summary="短摘要"))
    store.drafts.edit(store.drafts.get(LAYER, 1), [edit], author="the-editor")
    assert editor.submit(f"{HERE}/submit").status_code == 303
    assert reviewer.submit(f"{HERE}/approve", text="同意").status_code == 303

    fields = {"text": "改了摘要", "seen": field(reviewer.get(HERE).text, "seen"), "reason": "看过"}
    assert reviewer.submit(f"{HERE}/publish", **fields).headers["location"].endswith("published")
    page = reviewer.get(f"{HERE}?done=published").text
    assert "已发布为第 2 个修订" in page
    assert f'href="/api/collections/{LAYER}/revisions?f=html"' in page
    shown = visit(None).get(
        f"/api/collections/{LAYER}/items/{drawn.id}", headers={"accept": "application/geo+json"}
    )
    assert shown.json()["properties"]["summary"] == "短摘要"
    kinds = [each.kind for each in store.drafts.events(store.drafts.get(LAYER, 1))]
    assert kinds == ["submit", "return", "submit", "approve"]


def test_an_author_cannot_approve_and_reads_why(visit, store, make):
    make(author="the-reviewer")
    reviewer = visit("reviewer")
    reviewer.submit(f"{HERE}/submit")

    assert "自己做的或改过的草稿，须由别人审核" in reviewer.get(HERE).text
    answer = reviewer.submit(f"{HERE}/approve")

    assert answer.status_code == 403
    assert "自己做的或改过的草稿，须由别人审核" in answer.text
    assert store.drafts.get(LAYER, 1).status == "submitted"


def test_a_conflict_is_shown_in_three_columns_and_decided(visit, store, make, drawn):
    make(with_properties(drawn, summary="我的", name_en="Mine"))
    publish_meanwhile(store, with_properties(drawn, summary="对方的", name_en="Mine"))
    editor = visit("editor")
    assert f'href="{HERE}/rebase"' in editor.get(HERE).text

    page = editor.get(f"{HERE}/rebase").text
    for words in (drawn.properties["summary"], "对方的", "我的"):
        assert f'<p class="value">{words}</p>' in page or f'class="value">{words}</span>' in page
    key = json.dumps([drawn.id, "summary"], separators=(",", ":"))
    known = {"seen": field(page, "seen"), "head": field(page, "head")}

    undecided = editor.submit(f"{HERE}/rebase", **known)
    assert undecided.status_code == 409
    assert "还有 1 处没有决定" in undecided.text

    decided = editor.submit(f"{HERE}/rebase", **known, **{key: "mine"})
    assert decided.headers["location"] == f"{HERE}?done=rebased"
    draft = store.drafts.get(LAYER, 1)
    assert draft.base == 2
    (put,) = store.drafts.changes(draft).put
    assert put.properties["summary"] == "我的"


def test_what_one_side_has_changed_merges_without_a_question(visit, store, make, drawn):
    make(with_properties(drawn, summary="我的"))
    publish_meanwhile(store, with_properties(drawn, name_en="Theirs"))
    editor = visit("editor")

    page = editor.get(f"{HERE}/rebase").text
    assert "没有冲突" in page
    known = {"seen": field(page, "seen"), "head": field(page, "head")}
    assert editor.submit(f"{HERE}/rebase", **known).status_code == 303

    (put,) = store.drafts.changes(store.drafts.get(LAYER, 1)).put
    assert (put.properties["summary"], put.properties["name_en"]) == ("我的", "Theirs")


def test_a_decision_about_a_head_that_has_moved_on_is_asked_for_again(visit, store, make, drawn):
    make(with_properties(drawn, summary="我的"))
    publish_meanwhile(store, with_properties(drawn, summary="对方的"))
    editor = visit("editor")
    page = editor.get(f"{HERE}/rebase").text
    known = {"seen": field(page, "seen"), "head": field(page, "head")}
    publish_meanwhile(store, with_properties(drawn, summary="对方又改"))
    key = json.dumps([drawn.id, "summary"], separators=(",", ":"))

    answer = editor.submit(f"{HERE}/rebase", **known, **{key: "theirs"})

    assert answer.status_code == 409
    assert "又有变动" in answer.text
    assert "对方又改" in answer.text
    assert 'value="theirs" checked' in answer.text
    assert store.drafts.get(LAYER, 1).base == 1


def test_shapes_in_conflict_are_described_and_drawn(visit, store, make, drawn):
    moved = [translate(drawn.geometry, offset) for offset in (0.001, 0.002)]
    make(replace(drawn, geometry=moved[0]))
    publish_meanwhile(store, replace(drawn, geometry=moved[1]))
    editor = visit("editor")

    middle = moved[0].centroid
    assert f"{middle.x:.5f}, {middle.y:.5f}" in editor.get(f"{HERE}/rebase").text
    sides = editor.get(f"{HERE}/rebase/conflicts.json").json()
    assert {side: len(shapes["features"]) for side, shapes in sides.items()} == {
        "base": 1,
        "theirs": 1,
        "mine": 1,
    }


def test_what_was_removed_meanwhile_is_asked_about_as_a_whole(visit, store, make, drawn):
    make(with_properties(drawn, summary="我的"))
    publish_meanwhile(store, removed=(drawn.id,))
    page = text_of(visit("editor").get(f"{HERE}/rebase"))
    assert "整个要素" in page
    assert "没有这个要素" in page


# What a page shows.


def test_the_difference_is_shown_field_by_field(visit, store, make, drawn):
    other = next(each for each in store.features(store.head(LAYER)) if each.id != drawn.id)
    added = replace(with_properties(drawn, name="新地名"), id="xin-di-ming")
    changed = replace(
        with_properties(drawn, summary="改过的摘要"), geometry=translate(drawn.geometry, 0.001)
    )
    make(changed, added, removed=(other.id,))

    page = text_of(visit("editor").get(HERE))

    total = store.count(store.head(LAYER))
    assert f"新增 1，改动 1，删除 1，未变 {total - 2}。" in page
    assert f'<td class="was">{drawn.properties["summary"]}</td>' in page
    assert '<td class="is">改过的摘要</td>' in page
    assert re.search(r"移动 8\d\.\d 米", page)
    assert "新地名" in page
    cited = drawn.properties["citations"][0]
    assert f"第{cited['paragraph']}段" in page


def test_a_spatial_statement_that_holds_no_longer_is_pointed_out(visit, store, make, bundle):
    features = {each.id: each for each in store.features(store.head(LAYER))}
    said = {each.subject.id for data in bundle.plans.values() for each in data.statements}
    moved = [
        replace(each, geometry=Point(117.2, 36.9))
        for each in features.values()
        if each.id in said and each.geometry is not None
    ]
    make(*moved)

    page = text_of(visit("reviewer").get(HERE))

    assert "条空间陈述不再成立" in page
    assert "成立 → 不成立" in page


def test_the_words_of_the_plan_stand_beside_what_it_names(visit, store, make, drawn):
    text = "第一章 起点\n第一节 位置\n近年来，甲乙丙片区持续提升，成绩明显。\n"
    import_plan(
        store,
        text.encode(),
        plan_id="shizhong-14-5",
        title="试写规划",
        title_en="A plan written for tests",
        date="2026-01",
        author="test",
        message="",
    )
    place = {"plan": "shizhong-14-5", "chapter": 1, "section": 1, "paragraph": 1}
    cited = place | {"start": 900, "end": 905, "quote": "甲乙丙片区"}
    make(with_properties(drawn, citations=[cited]))

    def shows_the_words() -> bool:
        page = visit("editor").get(HERE).text
        return "近年来，<mark>甲乙丙片区</mark>持续提升" in page

    visit("administrator").get("/api/plans")
    assert shows_the_words()


def test_the_shapes_are_for_staff_only_and_kept_by_nobody(visit, make, drawn):
    make(replace(drawn, geometry=translate(drawn.geometry, 0.001)))
    address = f"{HERE}/difference.json"

    answer = visit("auditor").get(address)
    assert answer.headers["cache-control"] == "no-store"
    assert [len(answer.json()[side]["features"]) for side in ("old", "new")] == [1, 1]

    public = visit(None).get(address, headers={"accept": "application/json"})
    assert public.status_code == 401
    assert "features" not in public.text


def test_a_long_difference_is_shown_in_parts(visit, store, make, drawn):
    make(*(replace(drawn, id=f"x-{number:03}") for number in range(203)))
    editor = visit("editor")
    assert 'id="f-199"' in editor.get(HERE).text
    assert 'href="?start=200"' in editor.get(HERE).text
    rest = editor.get(f"{HERE}?start=200").text
    assert 'id="f-202"' in rest
    assert 'id="f-199"' not in rest


@pytest.mark.parametrize("start", ["-1", "x", "99999999999999", "٣"])
def test_a_start_that_is_no_place_in_the_list_is_the_beginning(visit, make, start):
    make()
    assert 'id="f-0"' in visit("editor").get(HERE, params={"start": start}).text


def test_what_the_checks_found_is_grouped_by_rule(visit, store, make, drawn):
    draft = make()
    far = [(drawn.id, "put", replace(drawn, geometry=Point(100, 30)))]
    store.drafts.edit(draft, far, author="the-editor")
    editor = visit("editor")

    page = editor.get(HERE).text
    assert "1 个错误" in page
    assert page.count('class="finding"') >= 1

    answer = editor.submit(f"{HERE}/submit")
    assert answer.status_code == 422
    assert "草稿还有错误，须先改正" in answer.text


def test_drafts_are_listed_by_what_they_wait_for(visit, store, bundle, make):
    make()
    make(author="the-reviewer")
    submit(store, bundle, store.drafts.get(LAYER, 1), store.people.get("the-editor"))
    discard(store, make(), store.people.get("the-editor"))
    reviewer = visit("reviewer")

    def listed(part: str) -> list[str]:
        page = reviewer.get("/studio/drafts", params={"show": part}).text
        return re.findall(rf'href="/studio/drafts/{LAYER}/(\d+)"', page)

    assert listed("all") == ["1", "2"]
    assert listed("mine") == ["2"]
    assert listed("review") == ["1"]
    assert listed("closed") == ["3"]


def test_a_draft_that_is_behind_its_layer_says_so(visit, store, make, drawn):
    make()
    publish_meanwhile(store, with_properties(drawn, name_en="x"))
    editor = visit("editor")
    assert "基准已旧" in editor.get("/studio/drafts").text
    assert "图层已到第 2 个修订，这份草稿以第 1 个为基准。" in editor.get(HERE).text


@pytest.mark.parametrize("page", ["", "/difference.json", "/rebase", "/rebase/conflicts.json"])
def test_a_draft_that_is_not_there_is_not_found(visit, make, page):
    make()
    editor = visit("editor")
    for draft in ("2", "0", "-1", "x", "1.0", "%00", "9" * 30):
        assert editor.get(f"/studio/drafts/{LAYER}/{draft}{page}").status_code == 404, draft
    assert editor.get(f"/studio/drafts/nowhere/1{page}").status_code == 404


def test_nothing_is_done_to_a_draft_that_is_not_there(visit):
    administrator = visit("administrator")
    for step in STEPS:
        assert administrator.submit(f"/studio/drafts/{LAYER}/7/{step}").status_code == 404


# What is refused.


def test_a_comment_that_comes_too_late_is_refused_and_not_lost(visit, store, make, drawn):
    draft = make()
    editor = visit("editor")
    editor.get(HERE)
    store.drafts.close(draft, "discarded", author="the-reviewer")

    answer = editor.submit(f"{HERE}/comment", text=HOSTILE, feature=drawn.id)

    assert answer.status_code == 409
    assert "这份草稿已经结束" in answer.text
    assert HOSTILE in text_of(answer)
    assert store.drafts.events(draft) == []


@pytest.mark.parametrize("text", ["", "  ", "字" * 5_001, "a\0b"])
def test_a_comment_that_cannot_be_taken_says_why_and_stays_in_the_form(visit, store, make, text):
    draft = make()
    answer = visit("editor").submit(f"{HERE}/comment", text=text)
    assert answer.status_code == 400
    assert "请写明内容" in answer.text
    assert text in text_of(answer)
    assert store.drafts.events(draft) == []


def test_a_comment_on_a_feature_stands_beside_it(visit, make, drawn):
    make()
    reviewer = visit("reviewer")
    answer = reviewer.submit(f"{HERE}/comment", text="边界？", feature=drawn.id, place="0")
    assert answer.headers["location"] == f"{HERE}?done=said#f-0"
    entry = reviewer.get(HERE).text.partition('id="f-0"')[2].partition('id="checks"')[0]
    assert f"<code>{drawn.id}</code>" in entry
    assert "边界？" in entry


@pytest.mark.parametrize("step", ["approve", "publish", "submit", "discard"])
def test_what_was_changed_after_it_was_looked_at_is_looked_at_again(
    visit, store, bundle, make, drawn, step
):
    draft = make(author="the-administrator")
    reviewer = visit("reviewer")
    seen = field(reviewer.get(HERE).text, "seen")
    edit = [(drawn.id, "put", with_properties(drawn, summary="再改"))]
    store.drafts.edit(draft, edit, author="the-administrator")

    answer = reviewer.submit(f"{HERE}/{step}", seen=seen, text="说明")

    assert answer.status_code == 409
    assert store.drafts.get(LAYER, 1).status == "open"
    assert store.head(LAYER).number == 1


def test_a_publish_over_warnings_needs_a_reason_and_keeps_the_message(
    visit, store, bundle, make, drawn
):
    draft = make(replace(drawn, geometry=translate(drawn.geometry, 0.02)))
    assert report_of(store, bundle, draft).warnings
    people = store.people
    draft = submit(store, bundle, draft, people.get("the-editor"))
    approve(store, draft, people.get("the-reviewer"))
    reviewer = visit("reviewer")

    answer = reviewer.submit(f"{HERE}/publish", text="移了位置")
    assert answer.status_code == 400
    assert "须写明为什么可以放行" in answer.text
    assert "移了位置</textarea>" in answer.text
    assert store.head(LAYER).number == 1

    answer = reviewer.submit(f"{HERE}/publish", text="移了位置", reason="现场核过")
    assert answer.status_code == 303
    assert store.head(LAYER).message == "移了位置"
    assert "现场核过" in store.log()[-2].detail


def bring_to(store, bundle, draft, state):
    """Bring a draft of the editor into a state."""
    author, other = store.people.get("the-editor"), store.people.get("the-administrator")
    if state in {"submitted", "approved", "scheduled"}:
        draft = submit(store, bundle, draft, author)
    if state in {"approved", "scheduled"}:
        draft = approve(store, draft, other)
    if state == "scheduled":
        due = datetime.now(UTC) + timedelta(days=1)
        draft = schedule(store, bundle, draft, other, due, "按时", "理由")
    if state == "discarded":
        discard(store, draft, author)
    if state == "stale":
        feature = store.feature(store.head(LAYER), store.drafts.changes(draft).put[0].id)
        publish_meanwhile(store, with_properties(feature, name_en=f"Name {draft.number}"))
    return store.drafts.get(draft.layer_id, draft.number)


def is_refused(step, store, bundle, draft, by) -> bool:
    """Take a step as its page does, right included."""
    if not has_right(by.role, RIGHTS[step]):
        return True
    rebased = prepare_rebase(store, draft) if draft.is_waiting else None
    if step == "rebase" and rebased is None:
        return True
    later = datetime.now(UTC) + timedelta(days=2)
    steps = {
        "comment": lambda: comment(store, draft, by, "x"),
        "submit": lambda: submit(store, bundle, draft, by),
        "withdraw": lambda: withdraw(store, draft, by),
        "return": lambda: ask_for_changes(store, draft, by, "x"),
        "approve": lambda: approve(store, draft, by),
        "publish": lambda: publish(store, bundle, draft, by, "x", "x"),
        "schedule": lambda: schedule(store, bundle, draft, by, later, "x", "x"),
        "unschedule": lambda: unschedule(store, draft, by),
        "rebase": lambda: rebase(store, rebased, by),
        "discard": lambda: discard(store, draft, by),
    }
    try:
        steps[step]()
    except AtlasError:
        return True
    return False


@pytest.mark.parametrize("role", ["editor", "reviewer"])
@pytest.mark.parametrize(
    "state", ["open", "submitted", "approved", "scheduled", "stale", "discarded"]
)
def test_what_a_page_says_cannot_be_done_is_refused_and_the_rest_is_not(
    store, bundle, make, drawn, state, role
):
    by = store.people.get(f"the-{role}")
    said, done = {}, {}
    for step in STEPS:
        feature = store.feature(store.head(LAYER), drawn.id)
        draft = make(with_properties(feature, summary=f"{state} {role} {step}"))
        draft = bring_to(store, bundle, draft, state)
        obstacles = find_obstacles(store, bundle, draft, by, has_errors=False)
        said[step] = obstacles[step] is not None
        done[step] = is_refused(step, store, bundle, draft, by)
    assert said == done


@pytest.mark.parametrize("role", ["editor", "auditor"])
@pytest.mark.parametrize("author", ["the-editor", "the-administrator"])
def test_so_it_is_where_no_review_is_asked_for(store, bundle, make, role, author):
    by = store.people.get(f"the-{role}")
    said, done = {}, {}
    for step in STEPS:
        feature = next(each for each in store.features(store.head("projects")) if each.geometry)
        changed = with_properties(feature, summary=f"{role} {step}")
        draft = make(changed, layer="projects", author=author)
        obstacles = find_obstacles(store, bundle, draft, by, has_errors=False)
        said[step] = obstacles[step] is not None
        done[step] = is_refused(step, store, bundle, draft, by)
    assert said == done


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_not_possible_is_refused_in_a_sentence(visit, store, make, step):
    draft = make()
    store.drafts.close(draft, "discarded", author="the-administrator")
    due = "2099-01-01T08:00"
    answer = visit("administrator").submit(f"{HERE}/{step}", text="x", reason="x", due=due)
    if step == "rebase":
        assert answer.headers["location"] == HERE
    else:
        assert answer.status_code in {403, 409}
        assert "这份草稿已经结束，不能再改动。" in answer.text
    assert store.drafts.get(LAYER, 1).status == "discarded"
    assert store.drafts.events(draft) == []


def test_an_editor_withdraws_and_discards_what_is_theirs(visit, store, make):
    make()
    editor = visit("editor")
    editor.submit(f"{HERE}/submit")
    assert editor.submit(f"{HERE}/withdraw").headers["location"] == f"{HERE}?done=withdrawn"
    assert store.drafts.get(LAYER, 1).status == "open"
    assert editor.submit(f"{HERE}/discard").headers["location"] == f"{HERE}?done=discarded"
    assert store.drafts.get(LAYER, 1).status == "discarded"


def test_where_no_review_is_asked_for_an_editor_publishes_their_own(visit, store, make):
    feature = next(each for each in store.features(store.head("projects")) if each.geometry)
    make(with_properties(feature, summary="改过"), layer="projects")
    answer = visit("editor").submit("/studio/drafts/projects/1/publish", text="改", reason="核过")
    assert answer.status_code == 303
    assert store.head("projects").author == "the-editor"


def test_what_people_and_files_say_is_shown_as_they_say_it(visit, store, make, drawn):
    hostile = with_properties(drawn, name=HOSTILE, summary=HOSTILE, name_en=HOSTILE)
    draft = make(hostile, source=f"{HOSTILE}.zip")
    odd = {"citations": [{"plan": HOSTILE, "chapter": "1"}, HOSTILE, 7], "industries": {"a": [1]}}
    strange = replace(with_properties(hostile, **odd), id=f"x-{HOSTILE}")
    store.drafts.edit(draft, [(strange.id, "put", strange)], author="the-editor")
    editor = visit("editor")
    editor.submit(f"{HERE}/comment", text=HOSTILE, feature=drawn.id)
    publish_meanwhile(store, with_properties(drawn, name="别名", summary=HOSTILE + "2"))

    for path in (HERE, "/studio/drafts", f"{HERE}/rebase"):
        answer = editor.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert HOSTILE in text_of(answer)


# Moments.


def test_a_draft_publishes_itself_when_its_moment_comes(
    visit, application, store, bundle, make, drawn
):
    draft = submit(store, bundle, make(), store.people.get("the-editor"))
    approve(store, draft, store.people.get("the-reviewer"))
    reviewer = visit("reviewer")

    fields = {"text": "按时发布", "reason": "核过", "due": "2099-01-01T08:00"}
    assert reviewer.submit(f"{HERE}/schedule", **fields).status_code == 303
    assert "定时 2099-01-01 08:00" in reviewer.get(HERE).text

    scheduler = Scheduler(application.state.published)
    moment = datetime(2099, 1, 1, 0, 0, tzinfo=UTC)
    assert scheduler.publish(moment - timedelta(seconds=1)) == []
    (revision,) = scheduler.publish(moment)
    assert (revision.author, revision.message) == ("the-reviewer", "按时发布")
    assert scheduler.publish(moment) == []
    assert "已发布为第 2 个修订" in reviewer.get(HERE).text


@pytest.mark.parametrize("due", ["", "tomorrow", "2020-01-01T08:00", "2099-13-01T08:00"])
def test_a_moment_that_is_none_or_past_is_refused(visit, store, bundle, make, due):
    draft = submit(store, bundle, make(), store.people.get("the-editor"))
    approve(store, draft, store.people.get("the-reviewer"))
    answer = visit("reviewer").submit(f"{HERE}/schedule", text="按时发布", reason="x", due=due)
    assert answer.status_code == 400
    assert "定时须是将来的日期和时间" in answer.text
    assert "按时发布</textarea>" in answer.text
    assert store.drafts.get(LAYER, 1).due is None


def test_a_schedule_is_cancelled(visit, store, bundle, make):
    draft = submit(store, bundle, make(), store.people.get("the-editor"))
    approve(store, draft, store.people.get("the-reviewer"))
    reviewer = visit("reviewer")
    reviewer.submit(f"{HERE}/schedule", text="按时", reason="x", due="2099-01-01T08:00")
    assert reviewer.submit(f"{HERE}/unschedule").status_code == 303
    assert store.drafts.get(LAYER, 1).due is None


def test_a_draft_that_fails_holds_up_no_other(application, store, bundle, make, drawn):
    people = store.people
    due = datetime.now(UTC) + timedelta(days=1)
    for _ in range(2):
        draft = submit(store, bundle, make(), people.get("the-editor"))
        draft = approve(store, draft, people.get("the-reviewer"))
        schedule(store, bundle, draft, people.get("the-reviewer"), due, "按时", "核过")
    with store._writing() as connection:
        connection.exec_driver_sql("UPDATE draft_change SET geometry = x'00' WHERE draft = 1")

    (revision,) = Scheduler(application.state.published).publish(due)

    assert revision.number == 2
    assert store.drafts.get(LAYER, 2).status == "published"
    assert store.drafts.get(LAYER, 1).is_waiting


class Slowly:
    """Checks that wait after the third rule until they may go on."""

    def __init__(self):
        self.begun = threading.Event()
        self.may_go_on = threading.Event()
        self.times = 0

    def __call__(self, store, bundle, draft, progress=None):
        if progress is None:
            return report_of(store, bundle, draft)
        self.times += 1
        progress(3, 11)
        self.begun.set()
        assert self.may_go_on.wait(60)
        return report_of(store, bundle, draft)


@pytest.fixture
def slowly(monkeypatch):
    """Let drafts be checked in the background, slowly."""
    checks = Slowly()
    monkeypatch.setattr("layers.background.report_of", checks)
    monkeypatch.setattr("layers.background._SOON", 0)
    monkeypatch.setattr("layers.background._PATIENCE_S", 0.01)
    yield checks
    checks.may_go_on.set()


def end(checks, browser, monkeypatch):
    monkeypatch.setattr("layers.background._PATIENCE_S", 60)
    checks.may_go_on.set()
    found = browser.get(f"{HERE}/checked.json").json()
    assert found["checked"] is True


def test_a_draft_of_a_large_layer_can_be_read_while_it_is_checked(visit, make, monkeypatch, slowly):
    make()
    editor = visit("editor")
    editor.get(f"{HERE}/checked.json")
    assert slowly.begun.wait(60)
    page = editor.get(HERE)
    assert page.status_code == 200
    assert "检查还在后台进行" in page.text
    assert 'value="3" max="11"' in page.text
    assert "已查 3/11 条规则" in page.text
    assert "改过的摘要" in page.text
    assert editor.get(f"{HERE}/checked.json").json() == {"checked": False, "progress": [3, 11]}
    refused = editor.submit(f"{HERE}/submit", text="请看", seen=field(page.text, "seen"))
    assert refused.status_code == 409
    assert "草稿还在检查，请等检查完毕。" in refused.text

    end(slowly, editor, monkeypatch)
    assert "检查还在后台进行" not in editor.get(HERE).text
    assert editor.submit(f"{HERE}/submit", seen=field(page.text, "seen")).status_code == 303


@pytest.mark.parametrize("step", ["approve", "publish", "schedule"])
def test_nothing_is_decided_of_a_draft_before_it_is_checked(
    visit, make, store, monkeypatch, step, slowly
):
    draft = make()
    status = "submitted" if step == "approve" else "approved"
    store.drafts.happen(draft, "submit", author="the-editor", status=status)
    reviewer = visit("reviewer")
    fields = {"text": "好", "reason": "核过", "due": "2099-01-01T08:00"}
    refused = reviewer.submit(f"{HERE}/{step}", **fields)
    assert refused.status_code == 409
    assert "草稿还在检查，请等检查完毕。" in refused.text

    end(slowly, reviewer, monkeypatch)
    assert reviewer.submit(f"{HERE}/{step}", **fields).status_code == 303


def test_a_draft_that_two_people_look_at_is_checked_once(visit, make, monkeypatch, slowly):
    make()
    editor, reviewer = visit("editor"), visit("reviewer")
    for browser in (editor, reviewer, editor):
        assert "检查还在后台进行" in browser.get(HERE).text
    end(slowly, editor, monkeypatch)
    for browser in (editor, reviewer):
        assert "检查还在后台进行" not in browser.get(HERE).text
    assert slowly.times == 1


def test_a_check_that_was_lost_with_its_process_is_made_anew(
    visit, application, make, store, bundle, monkeypatch, slowly
):
    make()
    editor = visit("editor")
    assert "检查还在后台进行" in editor.get(HERE).text
    application.state.draft_checks = DraftChecks(store, bundle)
    end(slowly, editor, monkeypatch)
    assert "检查还在后台进行" not in editor.get(HERE).text
