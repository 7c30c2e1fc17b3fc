"""Logging in through an OpenID provider: a real one, on this machine."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from layers.people import change_access

KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})
CLIENT, SECRET = "atlas", "what the provider knows the atlas by"
BACK = "http://testserver/studio/login/identity/back"


class Authority:
    """An OpenID provider whose users are always logged in; tests change what it says."""

    def __init__(self) -> None:
        self.issuer = ""
        self.person: Any = "the-editor"
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.key: Any = KEY
        self.algorithm = "RS256"
        self.token_status = 200
        self.begun: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def application(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def get_configuration() -> Any:
            self.asked.append("configuration")
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            } | self.metadata

        @app.get("/authorize")
        def get_authorization(request: Request) -> Response:
            asked = dict(request.query_params)
            assert asked["response_type"] == "code"
            assert asked["redirect_uri"] == BACK
            assert asked["code_challenge_method"] == "S256"
            assert "openid" in asked["scope"].split()
            code = f"code-{len(self.begun)}"
            self.begun[code] = asked
            return RedirectResponse(f"{BACK}?code={code}&state={asked['state']}", 302)

        @app.get("/keys")
        def get_keys() -> Any:
            return {"keys": [KEY.as_dict(private=False)]}

        @app.post("/token")
        async def post_token(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode()))
            begun = self.begun.pop(form["code"], None)
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
            basic = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
            if (
                self.token_status != 200
                or begun is None
                or challenge != begun["code_challenge"]
                or basic.partition(":")[0] != CLIENT
            ):
                return JSONResponse({"error": "invalid_grant"}, max(self.token_status, 400))
            return JSONResponse(
                {
                    "access_token": "a",
                    "token_type": "Bearer",
                    "id_token": self.signed(begun["nonce"]),
                }
            )

        return app

    def signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": "17", "iat": now, "exp": now + 300,
            "nonce": nonce, "preferred_username": self.person,
        } | self.claims  # fmt: skip
        header = {"alg": self.algorithm, "kid": "one"}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, kept, self.key, algorithms=[self.algorithm])


@pytest.fixture(scope="module")
def running():
    authority = Authority()
    server = uvicorn.Server(
        uvicorn.Config(authority.application(), port=0, log_config=None, ws="none")
    )
    listener = server.config.bind_socket()
    authority.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield authority
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def authority(running):
    issuer = running.issuer
    running.__init__()
    running.issuer = issuer
    return running


@pytest.fixture(scope="module")
def settings(running, home, tmp_path_factory):
    return Settings(
        home=shutil.copytree(home, tmp_path_factory.mktemp("identity") / "home"),
        public_url="http://testserver",
        oidc_issuer=running.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )


@pytest.fixture(scope="module")
def application(settings):
    application = create_app(settings)
    with TestClient(application):
        yield application


@pytest.fixture
def browse(application, person, authority):
    """Return a new browser in which nobody is logged in."""
    return lambda: person(application, None)


def follow(address: str) -> str:
    """Go to the provider as a browser does, and return where it sends the browser."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    connection.close()
    assert answer.status == 302
    return answer.headers["location"]


def log_in(browser, **query: str):
    """Go the whole way."""
    begun = browser.get("/studio/login/identity", params=query)
    assert begun.status_code == 303, begun.text
    return browser.get(follow(begun.headers["location"]))


def last(store):
    return [(each.actor, each.action, each.detail) for each in store.log()][-1]


def test_whoever_the_provider_names_is_let_in_with_the_role_that_they_have_here(
    browse, store, authority
):
    browser = browse()
    authority.claims = {"role": "administrator", "groups": ["administrators"]}

    answer = log_in(browser, next="/studio/account")

    assert answer.status_code == 200
    assert 'content="0;url=/studio/account"' in answer.text
    assert 'href="/studio/account"' in answer.text
    assert browser.get("/studio/account").status_code == 200
    assert browser.get("/studio/people").status_code == 403
    assert last(store) == ("the-editor", "log in", "through the identity provider")


def test_the_way_in_is_shown_where_there_is_one(browse, own_home, person):
    assert "/studio/login/identity?next=/studio" in browse().get("/studio/login").text

    without = create_app(Settings(home=own_home))
    with TestClient(without):
        browser = person(without, None)
        assert "/studio/login/identity" not in browser.get("/studio/login").text
        for path in ("/studio/login/identity", "/studio/login/identity/back"):
            assert browser.get(path).status_code == 404


def test_the_session_is_a_new_one_and_ends_by_logging_out(browse):
    browser = browse()
    browser.cookies.set("atlas", "chosen-by-an-attacker", domain="testserver.local")
    log_in(browser)
    secret = browser.cookies["atlas"]
    assert secret != "chosen-by-an-attacker"  # noqa: S105

    browser.submit("/studio/logout")

    browser.cookies.set("atlas", secret)
    assert browser.get("/studio").status_code == 303


def test_the_session_is_out_of_reach_of_other_sites_and_what_was_begun_is_forgotten(browse):
    cookies = log_in(browse()).headers.get_list("set-cookie")
    session = next(each for each in cookies if each.startswith("atlas="))
    flow = next(each for each in cookies if each.startswith("atlas-flow="))
    assert "HttpOnly" in session
    assert "SameSite=strict" in session
    assert "Max-Age=0" in flow


@pytest.mark.parametrize("name", ["nobody", "The-Editor", "the-editor ", "", 7, None, "\ud800"])
def test_no_account_is_made_for_a_name_that_nobody_has(browse, store, authority, name):
    before = store.people.accounts(), store.log()
    authority.person = name

    answer = log_in(browse())

    assert answer.status_code == 401
    assert answer.text.count('role="alert"') == 1
    assert "请找管理员" in answer.text
    assert "atlas=" not in answer.headers.get("set-cookie", "").replace("atlas-flow=", "")
    assert (store.people.accounts(), store.log()) == before


def test_who_is_disabled_here_is_not_let_in(browse, store, authority):
    administrator = store.people.get("the-administrator")
    change_access(store, administrator, "the-auditor", "disable")
    authority.person = "the-auditor"
    assert log_in(browse()).status_code == 401


def test_a_name_is_locked_after_five_failures_whatever_they_were_made_with(browse, authority):
    browser = browse()
    authority.person = "the-reviewer"
    for _ in range(5):
        browser.post("/studio/login", data={"name": "the-reviewer", "password": "wrong"})

    answer = log_in(browser)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 800


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another login"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["another", "atlas"], "azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"sub": None},
    ],
)
def test_a_token_that_was_made_for_something_else_lets_nobody_in(browse, authority, claims):
    authority.claims = claims
    answer = log_in(browse())
    assert answer.status_code == 401
    assert "答复无效或已过期" in answer.text


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (OTHER_KEY, "RS256"),
        (OctKey.import_key(str(KEY.as_dict(private=False)["n"])), "HS256"),
    ],
    ids=["another key", "the public key as a password"],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_token_that_the_provider_has_not_signed_lets_nobody_in(browse, authority, key, algorithm):
    authority.key, authority.algorithm = key, algorithm
    assert log_in(browse()).status_code == 401


def test_a_list_of_audiences_with_the_atlas_in_it_is_taken(browse, authority):
    authority.claims = {"aud": ["atlas", "files"], "azp": "atlas"}
    assert log_in(browse()).status_code == 200


def test_an_answer_counts_in_the_browser_that_began_and_once(browse):
    mine, theirs = browse(), browse()
    begun = mine.get("/studio/login/identity")
    back = follow(begun.headers["location"])

    assert theirs.get(back).status_code == 401
    assert theirs.get("/studio").status_code == 303
    assert mine.get(back).status_code == 200
    again = mine.get(back)
    assert again.status_code == 401
    assert "答复无效或已过期" in again.text


@pytest.mark.parametrize(
    "changed",
    [{"state": "x"}, {"state": ""}, {"code": "x"}, {"iss": "https://evil.example"}],
)
def test_an_answer_that_was_changed_on_its_way_lets_nobody_in(browse, changed):
    browser = browse()
    back = follow(browser.get("/studio/login/identity").headers["location"])
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    answer = browser.get("/studio/login/identity/back", params=query | changed)
    assert answer.status_code == 401
    assert browser.get("/studio").status_code == 303


def test_a_provider_that_says_no_is_quoted_with_nothing_of_its_words(browse):
    browser = browse()
    back = follow(browser.get("/studio/login/identity").headers["location"])
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = browser.get(
        "/studio/login/identity/back",
        params={"state": state, "error": "access_denied", "error_description": "<b>bad</b>"},
    )
    assert answer.status_code == 401
    assert "统一身份认证没有让您登录" in answer.text
    assert "bad" not in answer.text


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 7},
    ],
)
def test_a_description_that_leads_to_another_host_is_not_followed(browse, authority, metadata):
    authority.metadata = metadata
    answer = browse().get("/studio/login/identity")
    assert answer.status_code == 401
    assert "现在连不上统一身份认证" in answer.text


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://127.0.0.1:1/realms/x"])
def test_a_provider_that_does_not_answer_is_one_sentence(settings, person, address):
    alone = create_app(settings.model_copy(update={"oidc_issuer": address}))
    with TestClient(alone):
        answer = person(alone, None).get("/studio/login/identity")
    assert answer.status_code == 401
    assert "现在连不上统一身份认证" in answer.text


def test_a_failure_of_the_provider_is_one_sentence(browse, authority):
    authority.token_status = 500
    assert log_in(browse()).status_code == 401


def test_nobody_is_sent_to_another_site_afterwards(browse):
    for where in ("https://evil.example", "//evil.example", "/studio/\\evil.example"):
        assert 'url=/studio"' in log_in(browse(), next=where).text


def test_what_a_visitor_sends_changes_nothing_of_whom_the_atlas_asks(browse, authority):
    browser = browse()
    for query in ({"issuer": "https://evil.example"}, {"iss": "https://evil.example"}):
        answer = browser.get("/studio/login/identity", params=query)
        assert answer.headers["location"].startswith(f"{authority.issuer}/authorize?")


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "http://id.example"},
        {"oidc_issuer": "https://user@id.example"},
        {"oidc_issuer": "file:///etc/passwd"},
        {"oidc_issuer": "https://id.example", "public_url": None},
        {"oidc_issuer": "https://id.example", "oidc_client_id": None},
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(given):
    usual = {"public_url": "https://atlas.example", "oidc_client_id": "atlas"}
    with pytest.raises(ValidationError, match="oidc_issuer"):
        Settings(**(usual | given))
