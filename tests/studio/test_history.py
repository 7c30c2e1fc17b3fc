"""What has become of a layer: revisions, differences, features, and the way back."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import unquote

import pytest
from shapely.affinity import translate

HOSTILE = "<script>alert(1)</script>\"'\\{{7*7}}"


@pytest.fixture
def change(store):
    """Publish the projects as a function changes them."""

    def publish(how, message="改了一处", author="wang"):
        head = store.head("projects")
        features = how(list(store.features(head)))
        return store.publish(
            "projects", features, base=head, kind="publish", author=author, message=message
        )

    return publish


@pytest.fixture
def project(store):
    """The first project that is drawn."""
    features = store.features(store.head("projects"))
    return next(each for each in features if each.geometry is not None)


def with_properties(feature, **properties):
    return replace(feature, properties={**feature.properties, **properties})


def without(features, feature):
    return [each for each in features if each.id != feature.id]


def put(features, feature):
    return [feature if each.id == feature.id else each for each in features]


def test_the_first_page_leads_to_each_layer_and_it_to_each_revision(visit, change, project):
    change(lambda features: without(features, project), "撤掉一个项目")
    browser = visit("auditor")
    assert 'href="/studio/layers/projects"' in browser.get("/studio").text

    page = browser.get("/studio/layers/projects").text

    assert "撤掉一个项目" in page
    assert 'href="/studio/layers/projects/revisions/2"' in page
    assert 'href="/studio/layers/projects/revisions/1"' in page
    assert "Data shipped with the atlas" in page


def test_many_revisions_come_a_page_at_a_time(visit, change, project):
    for number in range(55):
        change(lambda features, n=number: put(features, with_properties(project, summary=f"{n}")))
    browser = visit("editor")

    first = browser.get("/studio/layers/projects").text
    assert "第 56 版" in first
    assert "revisions/6/download" not in first
    assert 'href="?before=7"' in first
    assert "revisions/6/download" in browser.get("/studio/layers/projects?before=7").text


def test_a_revision_says_field_by_field_what_it_changed(visit, change, project):
    moved = translate(project.geometry, 0.001)
    change(
        lambda features: put(
            features, replace(with_properties(project, summary="新的说明"), geometry=moved)
        )
    )
    page = visit("editor").get("/studio/layers/projects/revisions/2").text
    assert "从第 1 版到第 2 版：新增 0，删除 0，改动 1" in page
    assert "新的说明" in page
    assert "移动 89." in page


def test_internal_features_are_in_the_history_that_staff_see_and_in_no_public_one(
    visit, change, project
):
    change(lambda features: put(features, with_properties(project, access="internal")), "转内部")
    change(
        lambda features: put(
            features, with_properties(project, access="internal", summary="还没有公布")
        ),
        "只改内部",
    )
    browser = visit("editor")

    assert "还没有公布" in browser.get("/studio/layers/projects/revisions/3").text
    assert "还没有公布" in browser.get(f"/studio/layers/projects/features/{project.id}").text
    public = browser.get("/api/collections/projects/revisions", headers={"accept": "*/*"})
    assert "只改内部" not in public.text
    assert "还没有公布" not in browser.get("/api/collections/projects/diff").text


def test_any_two_revisions_are_compared_in_either_direction(visit, change, project):
    change(lambda features: without(features, project))
    browser = visit("editor")
    there = browser.get("/studio/layers/projects/diff?from=1&to=2").text
    back = browser.get("/studio/layers/projects/diff?from=2&to=1").text
    assert "从第 1 版到第 2 版：新增 0，删除 1" in there
    assert "从第 2 版到第 1 版：新增 1，删除 0" in back
    assert f"/studio/layers/projects/features/{project.id}" in there


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studio/layers/nothing", 404),
        ("/studio/layers/projects/revisions/99", 404),
        ("/studio/layers/projects/revisions/0", 400),
        ("/studio/layers/projects/revisions/99999999999999999999", 400),
        ("/studio/layers/projects/revisions/x", 400),
        ("/studio/layers/projects/diff?from=1&to=99", 404),
        ("/studio/layers/projects/diff?from=-1&to=1", 400),
        ("/studio/layers/projects/diff", 400),
        ("/studio/layers/projects/features/nobody", 404),
        ("/studio/layers/projects/features/a%00b", 404),
        ("/studio/layers/nothing/features/x", 404),
        ("/studio/layers/projects/revisions/99/download.geojson", 404),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(visit, path, status):
    answer = visit("editor").get(path, headers={"accept": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_revision_is_downloaded_whole_and_kept_by_nobody(visit, store, change, project):
    change(lambda features: put(features, with_properties(project, access="internal")))

    answer = visit("editor").get("/studio/layers/projects/revisions/2/download.geojson")

    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "no-store"
    disposition = answer.headers["content-disposition"]
    assert 'filename="projects-internal-2-' in disposition
    assert "重点项目-含内部-第2版-" in unquote(disposition.partition("filename*=UTF-8''")[2])
    document = json.loads(answer.content)
    assert [each["id"] for each in document["features"]] == [
        each.id for each in store.features(store.head("projects"))
    ]


def test_an_old_revision_comes_back_as_a_new_one_at_once(visit, store, change, project):
    change(lambda features: without(features, project))
    browser = visit("reviewer")
    page = browser.get("/studio/layers/projects/revisions/1").text
    assert "从第 2 版到第 1 版：新增 1" in page

    answer = browser.submit("/studio/layers/projects/revisions/1/restore", message="删错了")

    assert answer.headers["location"] == "/studio/layers/projects?done=restored"
    head, first = store.head("projects"), store.revision("projects", 1)
    assert (head.number, head.kind, head.author) == (3, "rollback", "the-reviewer")
    assert head.message == "删错了"
    assert head.digest == first.digest
    item = browser.get(f"/api/collections/projects/items/{project.id}", headers={"accept": "*/*"})
    assert item.status_code == 200
    assert "已恢复成新的一版" in browser.get(answer.headers["location"]).text


@pytest.mark.parametrize("message", ["", "  ", "长" * 5001])
def test_nothing_is_restored_without_a_message(visit, store, change, project, message):
    change(lambda features: without(features, project))
    answer = visit("reviewer").submit(
        "/studio/layers/projects/revisions/1/restore", message=message
    )
    assert answer.status_code == 400
    assert "请写明改了什么、为什么" in answer.text
    assert store.head("projects").number == 2


def test_what_is_so_already_is_not_restored(visit, store):
    answer = visit("administrator").submit(
        "/studio/layers/projects/revisions/1/restore", message="x"
    )
    assert answer.status_code == 400
    assert "没有什么要恢复" in answer.text
    assert store.head("projects").number == 1


@pytest.mark.parametrize("role", ["editor", "auditor"])
def test_who_may_not_publish_restores_nothing(visit, store, change, project, role):
    change(lambda features: without(features, project))
    browser = visit(role)
    assert "/restore" not in browser.get("/studio/layers/projects/revisions/1").text
    answer = browser.submit("/studio/layers/projects/revisions/1/restore", message="x")
    assert answer.status_code == 403
    assert store.head("projects").number == 2


def test_a_feature_has_every_state_that_it_was_in(visit, change, project):
    moved = translate(project.geometry, 0.001)
    change(lambda features: put(features, with_properties(project, summary="第二")), author="li")
    change(lambda features: put(features, replace(project, geometry=moved)), author="zhao")
    change(lambda features: without(features, project), "不建了")
    change(lambda features: [project, *features], "还是要建")
    browser = visit("editor")

    page = browser.get(f"/studio/layers/projects/features/{project.id}").text

    marks = [page.index(f"/revisions/{number}") for number in (5, 4, 3, 2, 1)]
    assert marks == sorted(marks)
    assert page.count('<span class="tag">新增</span>') == 2
    assert page.count('<span class="tag">删除</span>') == 1
    assert page.count('<span class="tag">改动</span>') == 2
    for words in ("li", "zhao", "不建了", "还是要建", "第二", "移动 89."):
        assert words in page


def test_a_feature_that_was_only_put_elsewhere_in_the_order_has_not_changed(visit, change, project):
    change(lambda features: [*without(features, project), project])
    page = visit("editor").get(f"/studio/layers/projects/features/{project.id}").text
    assert page.count('class="card"') == 1


def test_removed_features_are_found_by_name_and_have_their_past(visit, change, project):
    change(lambda features: without(features, project))
    browser = visit("editor")
    name = project.properties["name"]

    found = browser.get("/studio/layers/projects", params={"q": name}).text

    assert f'/features/{project.id}">{name}' in found
    assert "已删除" in found
    page = browser.get(f"/studio/layers/projects/features/{project.id}").text
    assert "已删除" in page


@pytest.mark.parametrize("text", ["%", "市_区", "\\", "\0", "不存在的", "市'中'区"])
def test_what_is_looked_for_is_text_and_no_pattern(visit, text):
    answer = visit("editor").get("/studio/layers/district", params={"q": text})
    assert answer.status_code == 200
    assert "/features/" not in answer.text


def test_what_people_wrote_is_shown_as_they_wrote_it(visit, change, project):
    other = with_properties(project, name=HOSTILE, summary=HOSTILE)
    change(lambda features: put(features, other), HOSTILE)
    change(lambda features: [*features, replace(project, id='a/b?c#"<d>')])
    browser = visit("editor")
    for path in (
        "/studio/layers/projects",
        "/studio/layers/projects/revisions/2",
        f"/studio/layers/projects/features/{project.id}",
    ):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    found = browser.get("/studio/layers/projects", params={"q": HOSTILE})
    assert f"/features/{project.id}" in found.text
    assert browser.get("/studio/layers/projects/features/a/b%3Fc%23%22%3Cd%3E").status_code == 200
