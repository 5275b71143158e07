"""One call to a REST registry, and what it came to: an answer that can be read, or an outcome."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cec_plugin.adapters.http import Caller, NoAnswer
from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import dig, failure, words_of
from cec_plugin.adapters.registries.renewing import RenewingCaller
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.domain.delivery import Outcome, Result


class RestExchange:
    """Calls one registry and tells failures apart, in the registry's own words."""

    def __init__(
        self,
        caller: RenewingCaller,
        options: RestOptions,
        *,
        anonymous: Caller,
        user: str,
        unsaid: Iterable[str],
    ) -> None:
        """Call through ``caller``, or through ``anonymous`` as nobody.

        ``user`` is whose credentials ours are; ``unsaid`` is never repeated from what the registry
        says.
        """
        self._caller, self._anonymous = caller, anonymous
        self.user = user
        self._options = options
        self._unsaid = tuple(unsaid)
        self._member_codes = frozenset(options.member_codes)
        self._refused_codes = frozenset(options.refused_codes)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound all calls in the block together."""
        with self._caller.within(seconds), self._anonymous.within(seconds):
            yield

    def stranger(self, path: str) -> Outcome | None:
        """Read a path without credentials: the failure that it comes to, None where it answers."""
        return failure(self._anonymous.call("GET", path), write=False)

    def read(
        self,
        path: str,
        *,
        absent: frozenset[str] = frozenset(),
        unsaid: Iterable[str] = (),
        gone: bool = False,
    ) -> Answer | Outcome | None:
        """Read what stands at a path, None where the registry says that nothing does.

        It says so by an error code in ``absent``, or, where ``gone``, by any in a 404.
        """
        answer = self._caller.call("GET", path)
        if isinstance(answer, Answer) and (answer.status // 100 == 4 or self._is_denied(answer)):
            code = self._code(answer.body)
            if code in absent or (gone and code and answer.status == 404):
                return None
        return self._told(answer, write=False, unsaid=unsaid)

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | list[Any],
        *,
        unsaid: Iterable[str] = (),
    ) -> Answer | Outcome:
        """Send something that changes what the registry holds."""
        return self._told(self._caller.call(method, path, body), write=True, unsaid=unsaid)

    def item_failure(
        self, status: int, item: Mapping[str, Any], *, unsaid: Iterable[str]
    ) -> Outcome:
        """Return what one failed record of a batch came to; ``status`` 0 where it has none."""
        options = self._options
        code = str(dig(item, options.item_code) or "")
        words = words_of(
            item,
            code_path=options.item_code,
            message_path=options.item_message,
            fields_path=options.item_fields,
            unsaid=(*self._unsaid, *unsaid),
        )
        if code in self._refused_codes or status < 300 or (status == 404 and not code):
            return self._refused(status or None, code, words)
        failed = failure(
            Answer(status=status, body=item),
            write=True,
            words=words,
            code=code,
            member_codes=self._member_codes,
        )
        assert failed is not None  # noqa: S101 - from 300 on every status is a failure
        return failed

    def _told(
        self, answer: Answer | NoAnswer | Outcome, *, write: bool, unsaid: Iterable[str]
    ) -> Answer | Outcome:
        if isinstance(answer, Outcome):
            return answer
        options = self._options
        denied = isinstance(answer, Answer) and self._is_denied(answer)
        if isinstance(answer, NoAnswer):
            code, body = "", None
        elif answer.status // 100 == 2 and not (answer.trouble or answer.html or denied):
            return answer  # without a look for words: this is the way of nearly every call
        else:
            code, body = self._code(answer.body), answer.body
        words = words_of(
            body,
            code_path=options.error_code,
            message_path=options.error_message,
            fields_path=options.error_fields,
            unsaid=(*self._unsaid, *unsaid),
        )
        if isinstance(answer, Answer) and (denied or code in self._refused_codes):
            return self._refused(answer.status, code, words)
        failed = failure(
            answer, write=write, words=words, code=code, member_codes=self._member_codes
        )
        assert failed is not None  # noqa: S101 - what succeeds has returned above
        return failed

    def _refused(self, status: int | None, code: str, words: str) -> Outcome:
        """Return a refusal that its status does not show."""
        named = ": ".join(filter(None, (f"HTTP {status}" if status else "", words)))
        return Outcome(
            result=Result.MEMBER if code in self._member_codes else Result.REFUSED,
            reason=named or "refused without a word",
            status=status,
        )

    def _is_denied(self, answer: Answer) -> bool:
        """Say whether a 200 says that it was no success."""
        field = self._options.success_field
        if not field or answer.status // 100 != 2:
            return False
        said = dig(answer.body, field)
        return said is not None and said != self._options.success_value

    def _code(self, body: Any) -> str:
        return str(dig(body, self._options.error_code) or "")
