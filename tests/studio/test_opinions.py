"""Opinions of the public: the form, the receipt, the queue in the studio."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from app.desk import KEY_FILE
from app.main import create_app
from app.pages import opinions as pages
from app.scheduling import Scheduler
from app.settings import Settings
from layers.challenges import SOONEST_S
from layers.opinions import CONSENT

ABOUT = "projects/laoshangbu"
RECEIPT = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}-[0-9A-Z]")
TOKEN = re.compile(r'name="token" value="([^"]+)"')
PHONE = "139-0000-0000"
HOSTILE = """"'><script>alert(1)</script>\\ {{ 7*7 }} &amp;"""


class Clock:
    """What the pages take for the moment."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(pages, "current_time", clock)
    return clock


@pytest.fixture
def fill(clock):
    """Open a form, wait, and return its fields as somebody fills them in."""

    def fill(browser, about=ABOUT, **changed):
        page = browser.get("/opinions", params={"about": about})
        assert page.status_code == 200, page.text
        found = TOKEN.search(page.text)
        assert found is not None
        clock.wait(SOONEST_S)
        asked = browser.app.state.desk.challenges.question(found[1])
        fields = {
            "about": about, "kind": "problem", "text": "位置偏北", "contact": PHONE,
            "token": found[1], "answer": str(asked.answer), "consent": CONSENT, "lang": "zh",
        }  # fmt: skip
        return fields | changed

    return fill


@pytest.fixture
def send(visit, fill):
    """Send an opinion as somebody from outside; returns its receipt number."""

    def send(**changed):
        browser = visit(None)
        answer = browser.post("/opinions", data=fill(browser, **changed))
        assert answer.status_code == 201, answer.text
        return RECEIPT.search(answer.text)[0]

    return send


def follow(browser, receipt, **fields):
    return browser.post("/opinions/follow", data={"receipt": receipt, **fields})


def test_an_opinion_is_sent_followed_answered_and_closed(visit, send):
    receipt = send()
    outside, inside = visit(None), visit("reviewer")
    assert "待答复" in follow(outside, receipt).text

    queue = inside.get("/studio/reports").text
    assert "老商埠" in queue
    assert "位置偏北" in queue
    page = inside.get("/studio/reports/1").text
    assert "/?f=projects/laoshangbu" in page
    assert PHONE not in page
    answered = inside.submit("/studio/reports/1/answer", reply="已改正。", summary="位置已改正。")
    assert answered.headers["location"] == "/studio/reports/1?done=answered"
    seen = follow(outside, receipt).text
    assert "已答复" in seen
    assert "已改正。" in seen

    inside.submit("/studio/reports/1/close")
    assert "已关闭" in follow(outside, receipt).text
    assert "/studio/reports/1" not in inside.get("/studio/reports").text
    assert "/studio/reports/1" in inside.get("/studio/reports?status=closed").text


def test_what_becomes_public_is_the_summary_alone(visit, send):
    send(text="原话原话")
    visit("reviewer").submit("/studio/reports/1/answer", reply="给你的话", summary="有人说偏北")
    outside = visit(None)
    for path in ("/opinions", f"/opinions?about={ABOUT}"):
        page = outside.get(path).text
        assert "有人说偏北" in page
        assert "原话原话" not in page
        assert "给你的话" not in page


def test_a_contact_is_shown_when_asked_for_and_that_is_logged(visit, send, store):
    send()
    inside = visit("reviewer")
    shown = inside.submit("/studio/reports/1/contact")
    assert PHONE in shown.text
    assert shown.headers["cache-control"] == "no-store"
    last = store.log()[-1]
    assert (last.actor, last.action, last.subject) == (
        "the-reviewer", "view contact", "opinion/1",
    )  # fmt: skip


@pytest.mark.parametrize("role", ["editor", "auditor"])
def test_who_may_not_answer_sees_nothing(visit, send, role):
    send()
    browser = visit(role)
    assert browser.get("/studio/reports").status_code == 403
    assert browser.get("/studio/reports/1").status_code == 403
    assert browser.submit("/studio/reports/1/contact").status_code == 403
    assert "/studio/reports" not in browser.get("/studio").text


def test_an_author_erases_after_confirming(visit, send, store):
    receipt, outside = send(), visit(None)
    asked = outside.post("/opinions/erase", data={"receipt": receipt, "step": "erase"})
    assert "确认删除" in asked.text
    assert store.opinions.get(1).text == "位置偏北"
    done = outside.post("/opinions/erase", data={"receipt": receipt, "confirm": "yes"})
    assert "已经删除" in done.text
    assert store.opinions.get(1).text is None
    assert not store.opinions.has_contact(1)
    assert "位置偏北" not in visit("reviewer").get("/studio/reports/1").text


def test_staff_erase_after_confirming(visit, send, store):
    send()
    inside = visit("administrator")
    assert inside.submit("/studio/reports/1/erase").status_code == 400
    assert store.opinions.get(1).text == "位置偏北"
    inside.submit("/studio/reports/1/erase", confirm="yes")
    assert store.opinions.get(1).status == "erased"


def test_staff_say_something_or_are_told(visit, send):
    send()
    inside = visit("reviewer")
    for fields in ({"reply": ""}, {"reply": "字" * 2001}, {"reply": "好", "summary": "字" * 2001}):
        answer = inside.submit("/studio/reports/1/answer", **fields)
        assert answer.status_code == 400
        assert "2000 字" in answer.text
    for number in ("7", "99999999999999999999", "-1"):
        assert inside.get(f"/studio/reports/{number}").status_code == 404
    assert inside.get("/studio/reports?before=99999999999999999999&status=x").status_code == 200


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_whatever_is_typed_is_shown_as_it_was_typed(visit, send, lang):
    receipt = send(text=f"{HOSTILE}\u202eevil 😀 העברית", contact=HOSTILE)
    inside = visit("administrator")
    pages_ = [
        follow(visit(None), receipt, lang=lang).text,
        inside.get(f"/studio/reports?lang={lang}").text,
        inside.get("/studio/reports/1").text,
        inside.submit("/studio/reports/1/contact").text,
    ]
    for page in pages_:
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "7*7" in page
    assert "⟦U+202E⟧" in pages_[0]
    assert HOSTILE in html.unescape(pages_[0])
    assert "😀" in pages_[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": ""}, "请写明内容"),
        ({"text": "字" * 2001}, "2000 字"),
        ({"consent": ""}, "没有同意说明"),
        ({"answer": "999"}, "答得不对"),
        ({"token": "a.b.c"}, "表单已过期"),
        ({"website": "http://spam.example"}, "表单已过期"),
        ({"contact": "1" * 201}, "联系方式最多"),
    ],
)
def test_a_form_that_is_not_right_comes_back_with_what_was_typed(visit, fill, store, changed, said):
    browser = visit(None)
    answer = browser.post("/opinions", data=fill(browser, **changed))
    assert answer.status_code == 422
    assert said in answer.text
    assert changed.get("text", "位置偏北") in answer.text
    assert TOKEN.search(answer.text)
    assert store.opinions.chosen() == []


def test_a_form_is_sent_once_and_not_at_once(visit, fill, clock, store):
    browser = visit(None)
    fields = fill(browser)
    clock.wait(-SOONEST_S)
    assert "太快" in browser.post("/opinions", data=fields).text
    clock.wait(SOONEST_S)
    assert browser.post("/opinions", data=fields).status_code == 201
    assert browser.post("/opinions", data=fields).status_code == 422
    assert len(store.opinions.chosen()) == 1


def test_a_form_of_another_site_is_refused(visit, fill, store):
    browser = visit(None)
    evil = {"origin": "https://evil.example"}
    assert browser.post("/opinions", data=fill(browser), headers=evil).status_code == 403
    assert store.opinions.chosen() == []


def test_a_megabyte_is_refused_in_words(visit, fill):
    browser = visit(None)
    answer = browser.post("/opinions", data=fill(browser, text="x" * 1_000_000))
    assert answer.status_code == 413
    assert "2,000 characters" in answer.text


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"&".join([b"a=b"] * 500), b"about=%00"])
def test_a_body_that_is_no_form_is_refused(visit, body):
    answer = visit(None).post("/opinions", content=body)
    assert answer.status_code in {400, 404}


def test_a_hundred_in_a_minute_are_too_many(visit, fill, store):
    browser = visit(None)
    fields = fill(browser)
    statuses = [browser.post("/opinions", data=fields).status_code for _ in range(100)]
    assert statuses.count(429) == 80
    refused = browser.post("/opinions", data=fields)
    assert int(refused.headers["retry-after"]) > 0
    assert "分钟后再试" in refused.text
    assert follow(browser, "1234").status_code == 429
    assert len(store.opinions.chosen()) == 1


def test_what_is_internal_is_as_unknown_as_what_is_not_there(visit, store):
    head = store.head("projects")
    features = [
        replace(each, properties=each.properties | {"access": "internal"})
        if each.id == "laoshangbu"
        else each
        for each in store.features(head)
    ]
    store.publish("projects", features, base=head, kind="publish", author="zhang", message="内部")
    browser = visit(None)
    assert browser.get("/api", params={"min_seq": store.sequence()}).status_code == 200
    answers = [
        browser.request(method, "/opinions", **{where: {"about": about}})
        for about in (ABOUT, "projects/laoshangbX")
        for method, where in (("GET", "params"), ("POST", "data"))
    ]
    assert {each.status_code for each in answers} == {404}
    said = {each.text.replace("laoshangbX", "laoshangbu") for each in answers}
    assert len(said) == 1


@pytest.mark.parametrize(
    "about",
    ["nothing", "zones/nowhere", "plan:shizhong-14-5/99-9-p9", "plan:nothing/1-1-p1",
     "plan:shizhong-14-5/١-1-p1", "pin:/117.0,36.6", "a/b/c", "\u202e/x", "projects/\0"],
)  # fmt: skip
def test_only_what_is_public_can_be_a_subject(visit, about):
    assert visit(None).get("/opinions", params={"about": about}).status_code == 404


def test_a_paragraph_of_the_plan_can_be_a_subject(visit, send):
    send(about="plan:shizhong-14-5/2-1-p1", kind="opinion")
    page = visit("reviewer").get("/studio/reports?layer=plan:shizhong-14-5").text
    assert "第二章" in page
    assert "/plan/shizhong-14-5#2-1-p1" in visit("reviewer").get("/studio/reports/1").text


@pytest.fixture
def serve(own_home):
    """Return a browser before an atlas with other settings."""
    clients = []

    def serve(**settings):
        client = TestClient(create_app(Settings(home=own_home, **settings)))
        client.headers["accept"] = "text/html"
        clients.append(client)
        return client

    yield serve
    for client in clients:
        client.close()


def test_opinions_that_are_switched_off_are_so_in_words(serve):
    browser = serve(opinions=False)
    page = browser.get("/opinions", params={"about": ABOUT})
    assert "现在不收集意见" in page.text
    assert "<textarea" not in page.text
    assert browser.post("/opinions", data={"about": ABOUT}).status_code == 403
    assert "报告问题" not in browser.get(f"/?f={ABOUT}").text


def test_outside_its_days_only_problems_are_taken(serve):
    browser = serve(opinions_until=date(2020, 1, 1))
    page = browser.get("/opinions", params={"about": ABOUT, "kind": "opinion"})
    assert "已于 2020-01-01 结束" in page.text
    early = serve(opinions_from=date(2999, 1, 1))
    assert "2999-01-01" in early.get("/opinions").text
    form = browser.get("/opinions", params={"about": ABOUT, "kind": "problem"})
    assert "<textarea" in form.text


def test_a_free_place_is_a_subject_only_where_that_is_allowed(serve):
    browser = serve(opinion_pins=True)
    for about, status in (("pin:/117.0,36.6", 200), ("pin:/100.0,36.6", 404), ("pin:/x", 404)):
        assert browser.get("/opinions", params={"about": about}).status_code == status


def test_a_key_of_the_settings_needs_no_file(serve, own_home):
    browser = serve(contact_key="k" * 32)
    assert browser.get("/opinions", params={"about": ABOUT}).status_code == 200
    assert not (own_home / KEY_FILE).exists()


def test_contacts_are_erased_when_their_time_has_come(visit, send, application, store):
    send()
    visit("reviewer").submit("/studio/reports/1/close")
    scheduler = Scheduler(application.state.published, contact_days=180)
    assert scheduler.erase(datetime.now(UTC) + timedelta(days=179)) == 0
    assert scheduler.erase(datetime.now(UTC) + timedelta(days=181)) == 1
    assert not store.opinions.has_contact(1)


def test_the_panel_of_a_feature_leads_to_the_form(visit):
    page = visit(None).get(f"/?f={ABOUT}").text
    assert "/opinions?kind=problem&amp;about=projects%2Flaoshangbu&amp;lang=zh" in page


def test_a_mistyped_receipt_is_told_from_an_unknown_one(visit, send):
    receipt = send()
    browser = visit(None)
    wrong = receipt[:-1] + ("A" if receipt[-1] != "A" else "B")
    assert "可能输错了一个" in follow(browser, wrong).text
    assert follow(browser, receipt.lower().replace("-", " ")).status_code == 200


@pytest.mark.parametrize("path", ["/opinions", "/opinions/follow", "/opinions/privacy"])
def test_pages_are_in_both_languages(visit, path):
    chinese, english = (visit(None).get(path, params={"lang": lang}) for lang in ("zh", "en"))
    assert chinese.status_code == english.status_code == 200
    assert 'lang="en"' in english.text
    assert CONSENT in visit(None).get("/opinions/privacy").text
