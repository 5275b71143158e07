"""How we say who we are: a key in a header, a user name and password, OAuth2, a signature."""

import io
import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from urllib3.exceptions import HTTPError

from cec_plugin.adapters.bounds import TooMuchError
from cec_plugin.adapters.guard import REFUSED, guarded, is_refused
from cec_plugin.adapters.http import LEAST_S, in_total, is_distrust
from cec_plugin.adapters.reading import read_bounded
from cec_plugin.adapters.registries.renewing import (
    Renewing,
    TokenRefusedError,
    TokenUnreachableError,
)
from cec_plugin.adapters.registries.signing import Signature, Signing
from cec_plugin.adapters.unheard import unheard
from cec_plugin.exceptions import ConfigurationError

OAUTH_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
"""What an error of OAuth2 looks like; anything else is the registry's own text, of anybody."""


class HeaderKey(AuthBase):
    """A key in a header."""

    def __init__(self, header: str, key: str) -> None:
        """Send ``key`` in ``header``."""
        self._header, self._key = header, key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers[self._header] = self._key
        return request


class ClientCredentials(Renewing):
    """An OAuth2 token got with client credentials, fetched when first needed and kept."""

    def __init__(self, token_url: str, *, client_id: str, secret: str, timeout_s: float) -> None:
        """Fetch tokens from ``token_url``."""
        self._token_url, self._timeout_s = token_url, timeout_s
        self._client_id, self._secret = client_id, secret
        self._token: str | None = None
        self._ends = math.inf  # of ``time.monotonic``

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token.

        Raises:
            TokenRefusedError, TokenUnreachableError: none could be had; nothing was sent.
        """
        self.ready()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def ready(self) -> None:
        """Have a token."""
        if self._token is None:
            self._token = self._fetch()

    def renew(self) -> bool:
        """Forget the token, so that a new one is fetched before the next call."""
        self._token = None
        return True

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Fetch no token for longer than this, in all."""
        before, self._ends = self._ends, min(self._ends, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._ends = before

    def _fetch(self) -> str:
        session = OAuth2Session(client=BackendApplicationClient(client_id=self._client_id))
        guarded(session)
        timeout_s = min(self._timeout_s, self._ends - time.monotonic())
        if timeout_s < LEAST_S:
            raise TokenUnreachableError("no token: no time left for it")
        deadline = time.monotonic() + timeout_s

        def receive(response: requests.Response, **_: Any) -> requests.Response:
            return _receive(response, deadline)

        session.hooks["response"].append(receive)
        try:
            with unheard():
                token: dict[str, Any] = session.fetch_token(
                    self._token_url,
                    client_id=self._client_id,
                    client_secret=self._secret,
                    timeout=in_total(timeout_s),
                )
        except OAuth2Error as error:
            code = error.error if OAUTH_CODE.fullmatch(str(error.error)) else type(error).__name__
            raise TokenRefusedError(f"no token: {code}") from error
        except TooMuchError as error:
            raise TokenRefusedError(f"no token: {error}") from error
        except (requests.RequestException, HTTPError) as error:
            if is_refused(error):
                raise TokenRefusedError(f"no token: {REFUSED}") from error
            if is_distrust(error):
                raise TokenRefusedError("no token: the certificate is not trusted") from error
            raise TokenUnreachableError("no token: the token address does not answer") from error
        return str(token["access_token"])


def _receive(response: requests.Response, deadline: float) -> requests.Response:
    """Read the answer to a request for a token within bounds, before anything else reads it.

    Raises:
        TokenRefusedError: it leads elsewhere, where our secret must not go.
        TokenUnreachableError: there is trouble that passes.
    """
    status = response.status_code
    if 300 <= status < 400:
        raise TokenRefusedError(f"no token: HTTP {status}")
    if status in (408, 425, 429) or status >= 500:
        raise TokenUnreachableError(f"no token: HTTP {status}")
    response.raw = io.BytesIO(read_bounded(response, deadline))
    return response


def auth_from(
    kind: str,
    secret: Mapping[str, str],
    *,
    header: str,
    token_url: str,
    timeout_s: float,
    signing: Signing | None = None,
    scheme: str = "",
) -> AuthBase:
    """Make the authentication of a kind from its secret; ``scheme`` stands before a key.

    Raises:
        ConfigurationError: the secret lacks a part; it is named, its value is not.
    """

    def part(name: str) -> str:
        if not secret.get(name):
            raise ConfigurationError(f"secret: it has no {name!r}, which {kind!r} needs")
        if not isinstance(secret[name], str) or not secret[name].isprintable():
            raise ConfigurationError(f"secret: its {name!r} is no text on one line")
        return secret[name]

    match kind:
        case "header":
            key = part("key")
            if not key.isascii():
                raise ConfigurationError("secret: its 'key' has letters that no header can carry")
            return HeaderKey(header, f"{scheme} {key}" if scheme else key)
        case "basic":
            return HTTPBasicAuth(part("user").encode(), part("password").encode())
        case "oauth2":
            return ClientCredentials(
                token_url,
                client_id=part("client_id"),
                secret=part("client_secret"),
                timeout_s=timeout_s,
            )
        case "hmac":
            # A name goes into a header; what signs does not.
            key_id = part("key_id")
            if not key_id.isascii():
                raise ConfigurationError(
                    "secret: its 'key_id' has letters that no header can carry"
                )
            return Signature(
                signing or Signing(),
                key_id=key_id,
                current=part("current"),
                next_secret=part("next") if secret.get("next") else "",
            )
        case _:
            raise ConfigurationError(f"authentication: there is no {kind!r}")
