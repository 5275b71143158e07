"""Who is calling: an API key, a user with a password, a signature, or a token given out here."""

import base64
import binascii
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from cec_plugin.sandbox.signatures import signer
from cec_plugin.sandbox.wire import Answer, Call, answer_error, answer_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the registry accepts; the defaults are no secrets."""

    api_key: str = "sandbox-key"
    user: str = "sandbox"
    password: str = "sandbox-password"  # noqa: S105
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105
    token_lifetime_s: int = 3600
    hmac_secrets: tuple[str, ...] = ("sandbox-hmac-secret",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token given out; ``ends_at`` is a monotonic second, ``calls`` how many came with it."""

    ends_at: float
    calls: int = 0


class Guard:
    """Check credentials, and give out tokens that end with the process."""

    def __init__(self, credentials: Credentials) -> None:
        """Accept these credentials."""
        self.credentials = credentials
        self._hmac_secrets = credentials.hmac_secrets
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def identify(self, call: Call) -> Call:
        """Return the call with who its credentials are: nobody if they are missing or wrong."""
        key = call.headers.get("x-api-key")
        if key is not None and _equal(key, self.credentials.api_key):
            return replace(call, caller="api-key")
        if "x-signature" in call.headers:
            return replace(call, caller=signer(call, self._hmac_secrets))
        scheme, _, rest = call.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return replace(call, caller=self._user(*_pair(rest)))
            case "bearer":
                return self._bearer(call, rest.strip())
        return call

    def accept_secrets(self, secrets: tuple[str, ...]) -> None:
        """Take signatures by these secrets, and no others, from now on."""
        self._hmac_secrets = secrets

    def begin_anew(self) -> None:
        """Take what was taken at the start; tokens given out stay good."""
        self._hmac_secrets = self.credentials.hmac_secrets

    def end_token(self, call: Call) -> None:
        """Accept the token that came with the call no more."""
        _, _, token = call.headers.get("authorization", "").partition(" ")
        with self._lock:
            self._tokens.pop(token.strip(), None)

    def issue(self, call: Call) -> Answer:
        """Answer a token request (OAuth 2, client credentials)."""
        try:
            form = parse_qs(call.body.decode("utf-8"), max_num_fields=20)
        except ValueError:
            return answer_error(400, "invalid_request", "The body must be a form in UTF-8.")
        if form.get("grant_type") != ["client_credentials"]:
            message = "The grant type must be client_credentials."
            return answer_error(400, "unsupported_grant_type", message)
        client, secret = form.get("client_id", [""])[0], form.get("client_secret", [""])[0]
        scheme, _, rest = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client, secret = _pair(rest)
        if not self._is_client(client, secret):
            challenge = (("WWW-Authenticate", 'Basic realm="sandbox"'),)
            message = "Client id or secret is wrong."
            return answer_error(401, "invalid_client", message, headers=challenge)
        content = {
            "access_token": self._new_token(),
            "token_type": "Bearer",
            "expires_in": self.credentials.token_lifetime_s,
        }
        return answer_json(200, content)

    def _new_token(self) -> str:
        token = secrets.token_urlsafe(24)
        now = time.monotonic()
        with self._lock:
            self._tokens = {each: one for each, one in self._tokens.items() if one.ends_at > now}
            self._tokens[token] = Token(ends_at=now + self.credentials.token_lifetime_s)
        return token

    def _bearer(self, call: Call, token: str) -> Call:
        with self._lock:
            known = self._tokens.get(token)
            if known is None or known.ends_at <= time.monotonic():
                return call
            known = self._tokens[token] = replace(known, calls=known.calls + 1)
        return replace(call, caller=self.credentials.client_id, token_calls=known.calls)

    def _user(self, user: str, password: str) -> str | None:
        known = _equal(user, self.credentials.user)
        return user if _equal(password, self.credentials.password) and known else None

    def _is_client(self, client: str, secret: str) -> bool:
        known = _equal(client, self.credentials.client_id)
        return _equal(secret, self.credentials.client_secret) and known


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8"), expected.encode("utf-8"))


def _pair(encoded: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    return user, password
