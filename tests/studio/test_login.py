"""Logging in and out with a browser."""

from __future__ import annotations

import pytest


@pytest.fixture
def log_in(password):
    def send(browser, **fields):
        given = {"name": "the-editor", "password": password} | fields
        return browser.post("/studio/login", data=given)

    return send


def test_whoever_is_not_logged_in_is_sent_to_where_they_can_and_back_again(visit, log_in):
    browser = visit(None)

    asked = browser.get("/studio/audit?actor=wang")
    assert asked.status_code == 303
    page = browser.get(asked.headers["location"])
    assert 'value="/studio/audit?actor=wang"' in page.text

    assert log_in(browser, next="/studio/audit?actor=wang").headers["location"] == (
        "/studio/audit?actor=wang"
    )


def test_a_program_is_told_that_somebody_has_to_log_in(visit):
    answer = visit(None).get("/studio", headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "www-authenticate" not in answer.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visit, log_in):
    (cookie,) = log_in(visit(None)).headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_is_bound_to_host_and_channel(application, visit, log_in):
    browser = visit(None)
    browser.base_url = "https://testserver"
    (cookie,) = log_in(browser).headers.get_list("set-cookie")
    assert cookie.startswith("__Host-atlas=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize(
    "next_page",
    [
        "https://evil.example/",
        "//evil.example/studio",
        "/\\evil.example",
        "/studio/\\..\\..",
        "/studioevil",
        "javascript:alert(1)",
        "/studio\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_after_logging_in_nobody_is_sent_to_another_site(visit, next_page, log_in):
    assert log_in(visit(None), next=next_page).headers["location"] == "/studio"


def test_a_wrong_password_is_refused_without_saying_what_was_wrong(visit, log_in):
    known = log_in(visit(None), password="not the password")  # noqa: S106
    unknown = log_in(visit(None), name="nobody", password="not the password")  # noqa: S106
    assert known.status_code == unknown.status_code == 401
    assert "用户名或密码不对" in known.text
    assert known.text.replace("the-editor", "nobody") == unknown.text
    assert "set-cookie" not in known.headers


def test_the_sixth_attempt_is_told_to_wait(visit, log_in):
    browser = visit(None)
    for _ in range(5):
        log_in(browser, password="not the password")  # noqa: S106
    answer = log_in(browser)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 800
    assert "15 分钟后再试" in answer.text


def test_logging_in_gives_a_new_secret_whatever_the_browser_brought(visit, log_in):
    browser = visit(None)
    browser.cookies.set("atlas", "chosen-by-an-attacker", domain="testserver.local")
    log_in(browser)
    assert len(browser.cookies["atlas"]) > 40


def test_another_site_cannot_log_anybody_in(visit, password):
    browser = visit(None)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = browser.post(
            "/studio/login", data={"name": "the-editor", "password": password}, headers=headers
        )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_logging_out_ends_the_session_itself(visit):
    browser = visit("editor")
    secret = browser.cookies["atlas"]

    assert browser.submit("/studio/logout").headers["location"] == "/studio/login?done=logged-out"

    browser.cookies.set("atlas", secret)
    assert browser.get("/studio").status_code == 303


def test_pages_of_the_studio_are_kept_by_nobody_and_framed_by_nobody(visit):
    for path in ("/studio", "/studio/login", "/studio/account"):
        headers = visit("editor").get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_language_is_remembered(visit):
    browser = visit("editor")
    assert "Log out" in browser.get("/studio?lang=en").text
    assert "Log out" in browser.get("/studio/account").text
    assert "退出" in browser.get("/studio/account?lang=zh").text
