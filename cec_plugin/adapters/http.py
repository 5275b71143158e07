"""One HTTP call to a registry: bounded in time and size, never repeated, never redirected.

Whatever goes wrong is a value that says whether the call can have reached the registry.
"""

import math
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3 import Timeout
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from cec_plugin.adapters.bounds import TooMuchError
from cec_plugin.adapters.guard import REFUSED, guarded, is_refused, reason_of
from cec_plugin.adapters.reading import Answer, read

TOO_MANY = (429, 503)
"""Where ``Retry-After`` speaks to all of us, and not of this one call."""

CONNECT_S = 5.0
"""How long a connection may take to come about."""

LEAST_S = 0.2
"""With less time than this left, a call is not begun."""

LONGEST_PLACE_S = 300.0
"""How long a call waits for its place in our rate that belongs to one that was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """No answer came. ``sent`` says that the call may have reached the registry.

    ``crowded_s`` is set where it was not made: our rate limit has no place for it until then.
    """

    reason: str
    sent: bool
    insecure: bool = False
    crowded_s: float = 0.0


class _Session(requests.Session):
    """Follows no redirect, and does not read it whole either, as it would if just told not to."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Lead nowhere."""


class Caller:
    """Calls one registry over one kept-alive connection for each thread that has its own."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthBase | tuple[str, str] | None,
        timeout_s: float,
        before: Callable[[], float],
        quiet: Callable[[float], None] = lambda _seconds: None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Call under ``base_url``.

        ``before`` is the rate limit: called ahead of each call, it returns for how many seconds
        it has no place for it. ``quiet`` is told for how long the registry asked for none.
        """
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._before, self._quiet = before, quiet
        self._ends = math.inf  # of ``time.monotonic``
        self._begun = False
        self._session = _Session()
        guarded(self._session)
        self._session.auth = auth
        # Not packed: a few bytes could unpack into more than memory holds.
        self._session.headers.update(
            {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        )

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound all calls in the block together; one for which no time is left is not made.

        They belong together: once the first was made, the others wait for their places. Else a
        rate that has none soon would let us begin for ever and end never.
        """
        before, self._ends = self._ends, min(self._ends, time.monotonic() + seconds)
        begun, self._begun = self._begun, False
        try:
            yield
        finally:
            self._ends = before
            self._begun |= begun

    def _crowded_s(self) -> float:
        """Take a place in our rate, waiting for it if need be; return how far off it is if not."""
        crowded_s = self._before()
        together = self._begun and self._ends < math.inf
        while crowded_s and together:
            left_s = min(self._ends - time.monotonic() - LEAST_S, LONGEST_PLACE_S)
            if crowded_s > left_s:
                break
            time.sleep(crowded_s)
            crowded_s = self._before()
        return crowded_s

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | list[Any] | None = None,
        *,
        form: Mapping[str, str] | None = None,
    ) -> Answer | NoAnswer:
        """Make one call, with JSON for its body, or a form. ``path`` begins with a slash."""
        crowded_s = self._crowded_s()
        if crowded_s:
            return NoAnswer(reason="our own rate limit", sent=False, crowded_s=crowded_s)
        timeout_s = min(self._timeout_s, self._ends - time.monotonic())
        if timeout_s < LEAST_S:
            return NoAnswer(reason="no time left for this call", sent=False, crowded_s=LEAST_S)
        self._begun = True
        deadline = time.monotonic() + timeout_s
        try:
            with self._session.request(
                method,
                self._base_url + path,
                json=body,
                data=form,
                timeout=in_total(timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = read(response, deadline)
        except TooMuchError as error:
            return Answer(status=0, trouble=str(error))
        except requests.exceptions.SSLError as error:
            if is_distrust(error):
                return NoAnswer(
                    reason="the registry's certificate is not trusted", sent=False, insecure=True
                )
            return NoAnswer(reason="the encrypted connection broke", sent=True)
        except requests.ConnectTimeout:
            return NoAnswer(reason="no connection in time", sent=False)
        except (requests.Timeout, ReadTimeoutError):
            return NoAnswer(reason="no answer in time", sent=True)
        except requests.ConnectionError as error:
            if is_refused(error):
                return NoAnswer(reason=REFUSED, sent=False, insecure=True)
            if _never_connected(error):
                return NoAnswer(reason="no connection", sent=False)
            return NoAnswer(reason="the connection broke", sent=True)
        except (requests.RequestException, HTTPError) as error:
            return NoAnswer(reason=f"the answer broke off ({type(error).__name__})", sent=True)
        if answer.status in TOO_MANY and answer.retry_after_s:
            self._quiet(answer.retry_after_s)
        return answer


def _never_connected(error: requests.ConnectionError) -> bool:
    return isinstance(reason_of(error), NewConnectionError)


def is_distrust(error: Exception) -> bool:
    """Say whether a call was not made because a certificate is not trusted."""
    # Any other TLS error may come after the request went out: a server that just hangs up is one.
    cause = reason_of(error)
    return bool(cause and cause.args and isinstance(cause.args[0], ssl.CertificateError))


def in_total(seconds: float) -> Any:  # what requests takes, and its types do not know of
    """Return what requests needs to know to bound a call as a whole, connecting included."""
    return Timeout(connect=min(CONNECT_S, seconds), read=seconds, total=seconds)


def is_https(url: str) -> bool:
    """Say whether an address is called over TLS."""
    return urlsplit(url).scheme == "https"
