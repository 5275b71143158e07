"""Make a call again, once, where the registry no longer took what said who we are.

A call that was refused with 401 wrote nothing, so that it is safe to make it once more.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from requests.auth import AuthBase

from cec_plugin.adapters.http import Caller, NoAnswer
from cec_plugin.adapters.reading import Answer
from cec_plugin.domain.delivery import Outcome, Result


class TokenRefusedError(Exception):
    """The token address refuses our client id and secret, or we may not call it."""


class TokenUnreachableError(Exception):
    """The token address does not answer; nothing was sent to the registry."""


class Renewing(AuthBase):
    """Says who we are by something that may stop to hold: a token, a secret in rotation."""

    def ready(self) -> None:
        """Have all that the next call needs.

        Raises:
            TokenRefusedError, TokenUnreachableError: it could not be had.
        """

    def renew(self) -> bool:
        """Say it in another way from here on; return whether there is one."""
        raise NotImplementedError

    def renewed(self, *, worked: bool) -> None:
        """Hear whether the registry took the other way."""

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:  # noqa: ARG002 - it may take no time
        """Bound what it takes to be ready, for all calls in the block together."""
        yield


class RenewingCaller:
    """Calls through a ``Caller``; ``auth`` is None where who we are never changes."""

    def __init__(self, caller: Caller, auth: Renewing | None = None) -> None:
        """Call through ``caller``."""
        self._caller = caller
        self._auth = auth

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound all calls in the block together."""
        if self._auth is None:
            with self._caller.within(seconds):
                yield
            return
        with self._caller.within(seconds), self._auth.within(seconds):
            yield

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | list[Any] | None = None
    ) -> Answer | NoAnswer | Outcome:
        """Make a call, and once more if that helps; an outcome is that we got no token."""
        auth = self._auth
        if auth is None:
            return self._caller.call(method, path, body)
        try:
            auth.ready()
            answer = self._caller.call(method, path, body)
            if _refused(answer) and auth.renew():
                auth.ready()
                answer = self._caller.call(method, path, body)
                auth.renewed(worked=isinstance(answer, Answer) and not _refused(answer))
        except TokenRefusedError as error:
            return Outcome(result=Result.CONFIGURATION, reason=str(error))
        except TokenUnreachableError as error:
            return Outcome(result=Result.RETRYABLE, reason=str(error))
        return answer


def _refused(answer: Answer | NoAnswer) -> bool:
    return isinstance(answer, Answer) and answer.status == 401
