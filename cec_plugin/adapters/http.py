"""One HTTP call to a registry: bounded in time and size, never repeated, never redirected.

Whatever goes wrong is a value that says whether the call can have reached the registry.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

MAX_BYTES = 1_000_000
"""The largest answer that is read; a credit's is under two thousand."""

CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a registry answered. ``body`` is the JSON, None where it was none (see ``trouble``)."""

    status: int
    body: Any = None
    trouble: str = ""
    html: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """No answer came. ``sent`` says that the call may have reached the registry."""

    reason: str
    sent: bool
    insecure: bool = False


class _TooMuchError(Exception):
    """The answer is larger, or takes longer, than is allowed."""


class Caller:
    """Calls one registry over one kept-alive connection for each thread that has its own."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthBase | tuple[str, str] | None,
        timeout_s: float,
        before: Callable[[], None],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Call under ``base_url``; ``before`` is called ahead of each call (the rate limit)."""
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._before = before
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: what we send is what we were given
        self._session.auth = auth
        self._session.headers.update({"Accept": "application/json", **(headers or {})})

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Answer | NoAnswer:
        """Make one call. ``path`` begins with a slash."""
        self._before()
        deadline = time.monotonic() + self._timeout_s
        try:
            with self._session.request(
                method,
                self._base_url + path,
                json=body,
                timeout=(min(5.0, self._timeout_s), self._timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response, deadline)
        except _TooMuchError as error:
            return Answer(status=0, trouble=str(error))
        except requests.exceptions.SSLError:
            return NoAnswer(
                reason="the registry's certificate is not trusted", sent=False, insecure=True
            )
        except requests.ConnectTimeout:
            return NoAnswer(reason="no connection in time", sent=False)
        except requests.Timeout:
            return NoAnswer(reason="no answer in time", sent=True)
        except requests.ConnectionError as error:
            if _never_connected(error):
                return NoAnswer(reason="no connection", sent=False)
            return NoAnswer(reason="the connection broke", sent=True)
        except (requests.RequestException, HTTPError) as error:
            return NoAnswer(reason=f"the answer broke off ({type(error).__name__})", sent=True)


def _never_connected(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _read(response: requests.Response, deadline: float) -> Answer:
    read = bytearray()
    for chunk in response.iter_content(CHUNK):
        read += chunk
        if len(read) > MAX_BYTES:
            raise _TooMuchError(f"the answer is larger than {MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise _TooMuchError("the answer took too long")
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and len(read) < int(declared):
        raise requests.exceptions.ChunkedEncodingError("shorter than declared")
    html = "html" in response.headers.get("Content-Type", "") or read[:1] == b"<"
    retry_after_s = _retry_after(response.headers.get("Retry-After"))
    try:
        body = json.loads(read) if read else None
        trouble = "" if read else "the answer is empty"
    except ValueError:
        body, trouble = None, "the answer is not JSON"
    return Answer(
        status=response.status_code,
        body=body,
        trouble=trouble,
        html=html,
        retry_after_s=retry_after_s,
    )


def _retry_after(header: str | None) -> float | None:
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def is_https(url: str) -> bool:
    """Say whether an address is called over TLS."""
    return urlsplit(url).scheme == "https"
