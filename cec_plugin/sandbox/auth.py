"""Who is calling: an API key, a user with a password, or a token given out here."""

import base64
import binascii
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

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


class Guard:
    """Check credentials, and give out tokens that end with the process."""

    def __init__(self, credentials: Credentials) -> None:
        """Accept these credentials."""
        self.credentials = credentials
        self._tokens: dict[str, float] = {}  # token to the monotonic second at which it ends
        self._lock = threading.Lock()

    def caller(self, headers: Mapping[str, str]) -> str | None:
        """Say who the credentials are, ``None`` if they are missing or wrong."""
        key = headers.get("x-api-key")
        if key is not None and _equal(key, self.credentials.api_key):
            return "api-key"
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._user(*_pair(rest))
            case "bearer":
                return self.credentials.client_id if self._is_current(rest.strip()) else None
        return None

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
            self._tokens = {known: end for known, end in self._tokens.items() if end > now}
            self._tokens[token] = now + self.credentials.token_lifetime_s
        return token

    def _is_current(self, token: str) -> bool:
        with self._lock:
            return self._tokens.get(token, 0.0) > time.monotonic()

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
