"""Logging in through the one OpenID provider that the operator has named.

Nothing else is ever fetched: the provider's own description, keys and tokens come from the host of
the issuer in the settings. What speaks to it is loaded when somebody first logs in so.

References
----------
.. [1] OpenID Connect Core 1.0, section 3.1 (authorization code flow) and 3.1.3.7 (ID token).
.. [2] RFC 7636 (PKCE); RFC 9207 (issuer in the answer); RFC 9700 (security of OAuth 2.0).
"""

from __future__ import annotations

import hmac
import secrets
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel

from layers.errors import AtlasError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .settings import Settings

Reason: TypeAlias = Literal["provider", "answer", "cancelled", "claim", "account"]

_PATIENCE_S = 10.0
_MOST_AT_ONCE = 4
"""Conversations with the provider; if it hangs, the rest of the atlas must not wait for it."""

_LEEWAY_S = 60
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures that whoever holds the provider's public key only cannot make."""


class NotIdentified(AtlasError):
    """The provider does not say, or not believably, who somebody is.

    Parameters
    ----------
    reason : Reason
        ``provider``: it cannot be asked; ``answer``: what came back does not belong to what was
        begun in this browser, or is not signed as it must be; ``cancelled``: it says no;
        ``claim``: it does not name an account; ``account``: nobody here can use that.
    """

    code = "not-identified"

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason: Reason = reason


class Flow(NamedTuple):
    """A login that was begun in a browser, which keeps it in a cookie.

    Attributes
    ----------
    secret : str
        What state, nonce and verifier follow from; nobody else knows it.
    where : str
        Page to go to afterwards.
    """

    secret: str
    where: str

    @classmethod
    def begin(cls, where: str) -> Flow:
        """Return a new one."""
        return cls(secrets.token_urlsafe(32), where)

    @classmethod
    def read(cls, cookie: str | None) -> Flow | None:
        """Return what a cookie keeps; None if that is nothing."""
        secret, _, where = (cookie or "").partition(".")
        return cls(secret, unquote(where)) if len(secret) >= 43 and secret.isascii() else None

    def __str__(self) -> str:
        return f"{self.secret}.{quote(self.where)}"

    def derived(self, what: Literal["state", "nonce", "verifier"]) -> str:
        """Return one of the values that tie an answer to this login."""
        return hmac.new(self.secret.encode(), what.encode(), "sha256").hexdigest()


class _Metadata(BaseModel):
    """What is used of OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]


class Provider:
    """The provider that the operator has named.

    Parameters
    ----------
    issuer, client_id, secret, claim
        See `Settings`.
    back : str
        Address that it sends browsers back to; it must be registered there.
    """

    def __init__(
        self, issuer: str, client_id: str, secret: str | None, claim: str, back: str
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._secret = secret
        self._claim = claim
        self._back = back
        self._turn = BoundedSemaphore(_MOST_AT_ONCE)

    @classmethod
    def of(cls, settings: Settings, path: str) -> Provider | None:
        """Return that of the settings; None if they name none."""
        if settings.oidc_issuer is None or settings.oidc_client_id is None:
            return None
        secret = settings.oidc_client_secret
        return cls(
            settings.oidc_issuer,
            settings.oidc_client_id,
            None if secret is None else secret.get_secret_value(),
            settings.oidc_claim,
            f"{settings.public_url}{path}",
        )

    def begin(self, flow: Flow) -> str:
        """Return the provider's address at which somebody says who they are.

        Raises
        ------
        NotIdentified
            If the provider cannot be asked for it.
        """
        return str(self._ask(self._begin, flow))

    def finish(self, flow: Flow | None, answer: Mapping[str, str]) -> str:
        """Return the account that the provider names.

        Parameters
        ----------
        flow : Flow or None
            What the browser has kept.
        answer : Mapping
            Query of the address to which the provider has sent the browser.

        Raises
        ------
        NotIdentified
            If it names nobody, or is not to be believed.
        """
        state = answer.get("state", "")
        if flow is None or not secrets.compare_digest(
            state.encode("utf-8", "surrogatepass"), flow.derived("state").encode()
        ):
            raise NotIdentified("answer", "This login was not begun in this browser; try again.")
        if answer.get("iss", self._issuer) != self._issuer:
            raise NotIdentified("answer", "Another provider has answered; try again.")
        if "error" in answer or "code" not in answer:
            raise NotIdentified("cancelled", "The provider has let nobody in.")
        claims = self._ask(self._claims, flow, answer["code"])
        name = claims.get(self._claim)
        if not isinstance(name, str) or not name:
            raise NotIdentified("claim", f"The provider sends no claim {self._claim}.")
        return name

    def _ask(self, what: Any, *given: Any) -> Any:
        """Speak to the provider, and say in one sentence what went wrong."""
        from authlib.common.errors import AuthlibBaseError
        from httpx2 import HTTPError, InvalidURL
        from joserfc.errors import JoseError

        if not self._turn.acquire(blocking=False):
            raise NotIdentified("provider", "Too many log in at once; try again in a minute.")
        try:
            with self._client() as client:
                return what(client, *given)
        except (AuthlibBaseError, JoseError) as error:
            raise NotIdentified("answer", "The provider's answer is not valid.") from error
        except (HTTPError, InvalidURL, ValueError, TypeError, KeyError) as error:
            raise NotIdentified("provider", "The provider cannot be asked.") from error
        finally:
            self._turn.release()

    def _client(self) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            self._client_id,
            self._secret,
            scope="openid profile email",
            redirect_uri=self._back,
            code_challenge_method="S256",
            timeout=_PATIENCE_S,
            follow_redirects=False,
        )

    def _begin(self, client: Any, flow: Flow) -> str:
        address, _ = client.create_authorization_url(
            self._metadata(client).authorization_endpoint,
            state=flow.derived("state"),
            nonce=flow.derived("nonce"),
            code_verifier=flow.derived("verifier"),
        )
        return str(address)

    def _claims(self, client: Any, flow: Flow, code: str) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.jwk import KeySet

        metadata = self._metadata(client)
        methods = metadata.token_endpoint_auth_methods_supported
        usual = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        client.token_endpoint_auth_method = "none" if self._secret is None else usual
        token = client.fetch_token(
            metadata.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=flow.derived("verifier"),
        )
        keys = KeySet.import_key_set(_document(client, metadata.jwks_uri))
        signed = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
        claims: Mapping[str, Any] = CodeIDToken(
            signed.claims,
            signed.header,
            {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
                "nonce": {"essential": True, "value": flow.derived("nonce")},
            },
            {
                "nonce": flow.derived("nonce"),
                "client_id": self._client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=_LEEWAY_S)  # type: ignore[attr-defined]
        return claims

    def _metadata(self, client: Any) -> _Metadata:
        """Return how the provider describes itself; all of it must be at the issuer's host."""
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _Metadata.model_validate(_document(client, address))
        addresses = found.authorization_endpoint, found.token_endpoint, found.jwks_uri
        own = urlsplit(self._issuer)[:2]
        if found.issuer != self._issuer or any(urlsplit(each)[:2] != own for each in addresses):
            raise ValueError(f"{address} describes another issuer or another host.")
        return found


def _document(client: Any, address: str) -> Any:
    answer = client.request("GET", address, withhold_token=True)
    if answer.status_code != 200:
        raise ValueError(f"{address} answered {answer.status_code}.")
    return answer.json()
