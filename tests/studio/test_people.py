"""Accounts, tokens and the log, on their pages."""

from __future__ import annotations

import csv
import io
import re

import pytest

NEW = "又一句很长的话 2035"


def test_an_administrator_adds_somebody_who_can_log_in(visit, store):
    fields = {"name": "li", "shown": "李工", "role": "reviewer", "password": NEW}
    assert visit("administrator").submit("/studio/people", **fields).status_code == 303

    browser = visit(None)
    assert browser.post("/studio/login", data={"name": "li", "password": NEW}).status_code == 303
    assert store.people.get("li").role == "reviewer"
    added = [each for each in store.log() if each.action == "add user" and each.subject == "li"]
    assert [each.actor for each in added] == ["the-administrator"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "Li"}, "这个用户名不能用"),
        ({"name": "the-editor"}, "这个用户名不能用"),
        ({"role": "boss"}, "没有这个角色"),
        ({"password": "short"}, "密码至少 12 个字符"),
    ],
)
def test_what_cannot_be_taken_is_said_in_a_sentence(visit, store, fields, sentence):
    given = {"name": "li", "shown": "李工", "role": "editor", "password": NEW} | fields
    answer = visit("administrator").submit("/studio/people", **given)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert store.people.find("li") is None


def test_who_is_disabled_is_out_at_once_and_so_are_their_tokens(visit, store):
    editor, administrator = visit("editor"), visit("administrator")
    page = editor.submit("/studio/account/tokens", label="QGIS", layer="projects", action="edit")
    secret = re.search(r"atlas_[\w-]+", page.text).group()

    administrator.submit("/studio/people/the-editor", what="disable")

    assert editor.get("/studio").status_code == 303
    assert store.people.verify_token(secret, "projects", "edit") is None


def test_an_administrator_cannot_take_their_own_access_away(visit, store):
    browser = visit("administrator")
    for fields in ({"what": "disable"}, {"what": "role", "value": "editor"}):
        answer = browser.submit("/studio/people/the-administrator", **fields)
        assert answer.status_code == 400
        assert "须由另一位管理员更改" in answer.text
    assert store.people.get("the-administrator").role == "administrator"


def test_a_new_password_ends_the_other_sessions(visit, password):
    here, elsewhere = visit("editor"), visit("editor")
    answer = here.submit("/studio/account/password", old=password, new=NEW, again=NEW)
    assert answer.status_code == 303
    assert here.get("/studio").status_code == 200
    assert elsewhere.get("/studio").status_code == 303


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"old": "wrong"}, "现在的密码不对"),
        ({"again": "other"}, "两次输入的新密码不一样"),
        ({"new": "the-editor 2035 !", "again": "the-editor 2035 !"}, "不能含用户名"),
    ],
)
def test_a_password_is_not_changed_by_mistake(visit, password, fields, sentence):
    given = {"old": password, "new": NEW, "again": NEW} | fields
    answer = visit("editor").submit("/studio/account/password", **given)
    assert answer.status_code == 400
    assert sentence in answer.text


def test_a_token_is_shown_once_and_does_what_it_says(visit, store):
    browser = visit("editor")
    page = browser.submit(
        "/studio/account/tokens", label="办公室 QGIS", layer="projects", action="edit", days=30
    )
    secret = re.search(r"atlas_[\w-]+", page.text).group()

    assert secret not in browser.get("/studio/account").text
    assert store.people.verify_token(secret, "projects", "edit").name == "the-editor"
    assert store.people.verify_token(secret, "zones", "edit") is None


def test_an_auditor_has_no_token_that_changes_anything(visit, store):
    answer = visit("auditor").submit(
        "/studio/account/tokens", label="x", layer="*", action="publish", days=30
    )
    assert answer.status_code == 400
    assert store.people.tokens() == []


def test_nobody_ends_the_token_of_somebody_else(visit, store):
    visit("editor").submit("/studio/account/tokens", label="x", layer="*", action="read", days=1)
    assert visit("reviewer").submit("/studio/account/tokens/1/revoke").status_code == 404
    assert store.people.tokens()[0].revoked is None


HOSTILE = "<script>alert(1)</script>\"'\\{{7*7}}"


def test_what_people_type_is_shown_as_they_typed_it(visit):
    browser = visit("administrator")
    browser.submit("/studio/people", name="li", shown=HOSTILE, role="editor", password=NEW)
    browser.submit("/studio/account/tokens", label=HOSTILE, layer="*", action="read", days=1)
    for path in ("/studio/people", "/studio/account", "/studio/audit"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_log_is_filtered_and_says_that_its_chain_is_whole(visit):
    browser = visit("administrator")
    page = browser.get("/studio/audit", params={"action": "log in", "actor": "the-administrator"})
    assert "链条完整" in page.text
    assert page.text.count("<td>log in</td>") == 1


def test_a_log_that_was_changed_says_so(visit, store):
    browser = visit("auditor")
    with store._writing() as connection:
        connection.exec_driver_sql("UPDATE audit SET detail = 'x' WHERE number = 2")
    assert "日志的链条断了" in browser.get("/studio/audit").text


def test_the_log_as_a_table_runs_no_formula(visit):
    browser = visit("administrator")
    browser.submit("/studio/account/tokens", label="x", layer="*", action="read", days=1)
    browser.submit("/studio/people", name="li", shown="x", role="editor", password=NEW)

    answer = browser.get("/studio/audit/log.csv")

    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["number", "time", "actor", "action"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
