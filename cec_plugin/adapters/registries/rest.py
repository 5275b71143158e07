"""A registry with a REST interface whose paths and fields are data.

The defaults are those of the sandbox registry, which is the reference: a credit is PUT under our
own reference, found there again, and reversed by a POST beside it.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import quote

from cec_plugin.adapters.http import Answer, Caller, NoAnswer
from cec_plugin.adapters.registries.answers import dig, failure, id_in, words_of
from cec_plugin.adapters.registries.auth import (
    ClientCredentials,
    TokenRefusedError,
    TokenUnreachableError,
)
from cec_plugin.domain.credits import fixed_hundredths, parse_hundredths
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities, Health, Held, Posting, Retraction
from cec_plugin.exceptions import ConfigurationError, InvalidFigureError

POSTED = (
    "reference",
    "member_number",
    "activity",
    "title",
    "credit_type",
    "amount",
    "unit",
    "earned_on",
    "role",
)
METHODS = ("PUT", "POST", "PATCH", "DELETE")
HEADERS_OF_HTTP = {"host", "content-length", "content-type", "transfer-encoding", "connection"}

USUAL_NAMES = {"activity": "activity_code", "role": ""}
"""Where the registry's name is not ours; the role is only sent to a registry that names it."""

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestOptions:
    """How a registry differs from the defaults.

    ``fields`` maps our names (see ``POSTED``, and ``id``) to the registry's; a name mapped to the
    empty string is not sent. ``constants`` are sent with every credit. Paths may hold
    ``{reference}``. ``state_field`` has ``reversed_value`` once a credit was taken back.
    """

    health_path: str = "/health"
    caller_field: str = "caller"
    credit_path: str = "/credits/{reference}"
    credit_method: str = "PUT"
    reverse_path: str = "/credits/{reference}/reverse"
    reverse_method: str = "POST"
    fields: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    state_field: str = "state"
    reversed_value: str = "reversed"
    error_code: str = "error.code"
    error_message: str = "error.message"
    error_fields: str = "error.fields"
    member_codes: tuple[str, ...] = ("member_not_found",)
    header: str = "X-Api-Key"
    token_path: str = "/oauth/token"  # noqa: S105 - a path

    @classmethod
    def from_json(cls, given: object) -> "RestOptions":
        """Read the options of a registry's row.

        Raises:
            ConfigurationError: an option is unknown or of the wrong type; it is named.
        """
        if not isinstance(given, dict):
            raise ConfigurationError("options: they must be a JSON object")
        known = {one.name for one in fields(cls)}
        for name, value in given.items():
            wrong = _wrong_with(name, value) if name in known else "there is no such option"
            if wrong:
                raise ConfigurationError(f"options, {name!r}: {wrong}")
        if "member_codes" in given:
            given = {**given, "member_codes": tuple(given["member_codes"])}
        return cls(**given)


def _wrong_with(name: str, value: Any) -> str:
    """Say what is wrong with the value of an option, nothing if it can be used."""
    wanted = {"fields": dict, "constants": dict, "member_codes": list}.get(name, str)
    if not isinstance(value, wanted):
        return f"it must be a {wanted.__name__}"
    if name == "fields":
        unknown = sorted(value.keys() - {*POSTED, "id"})
        if unknown:
            return f"there is no {unknown[0]!r}"
        if wrong := _fault_of_names(value):
            return wrong
        value = list(value.values())
    if name in ("fields", "member_codes") and not all(isinstance(one, str) for one in value):
        return "what it holds must be texts"
    # Without the slash the path would lengthen the host's name, and our secret would go there.
    if name.endswith("_path") and not value.startswith("/"):
        return "it must begin with a slash"
    if name in ("credit_path", "reverse_path") and "{reference}" not in value:
        return "it must hold {reference}, or what was sent is never found again"
    if name.endswith("_method") and value not in METHODS:
        return f"it is one of {', '.join(METHODS)}"
    if name == "header" and (
        not HEADER_NAME.fullmatch(value) or value.casefold() in HEADERS_OF_HTTP
    ):
        return "no header can have this name"
    return ""


def _fault_of_names(names: Mapping[str, str]) -> str:
    for ours in ("reference", "amount", "member_number"):
        if not names.get(ours, ours):
            return f"{ours!r} must be sent"
    used = [name for ours in POSTED if (name := names.get(ours, USUAL_NAMES.get(ours, ours)))]
    twice = next((name for name in used if used.count(name) > 1), "")
    return f"{twice!r} is named twice" if twice else ""


class RestRegistry:
    """Speaks to one registry; made by ``build`` from its row."""

    def __init__(
        self,
        caller: Caller,
        options: RestOptions,
        auth: ClientCredentials | None = None,
        *,
        unsaid: Iterable[str] = (),
    ) -> None:
        """Speak through ``caller``; ``auth`` is there to fetch a new token when one expired.

        ``unsaid`` is what is never repeated from the registry's words: our secrets.
        """
        self._caller = caller
        self._options = options
        self._auth = auth
        self._unsaid = tuple(unsaid)

    @property
    def capabilities(self) -> Capabilities:
        """Say what it can do."""
        return Capabilities(upsert=True)

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Bound all calls in the block together."""
        return self._caller.within(seconds)

    def health(self) -> Health:
        """Ask who we are to the registry."""
        answer = self._call("GET", self._options.health_path)
        if isinstance(answer, Outcome):
            return Health(ok=False, caller="", detail=answer.reason)
        failed = self._failure(answer, write=False)
        if failed is not None:
            return Health(ok=False, caller="", detail=failed.reason)
        assert isinstance(answer, Answer)  # noqa: S101 - no answer is a failure
        caller = dig(answer.body, self._options.caller_field)
        if not caller:
            return Health(ok=False, caller="", detail="it does not say who we are")
        return Health(ok=True, caller=str(caller))

    def find(self, reference: str) -> Held | Outcome | None:
        """Read what stands under a reference and compare the key in the answer."""
        answer = self._call("GET", self._path(self._options.credit_path, reference))
        if isinstance(answer, Outcome):
            return answer
        if isinstance(answer, Answer) and answer.status == 404 and self._code(answer):
            return None
        failed = self._failure(answer, write=False)
        if failed is not None:
            return failed
        assert isinstance(answer, Answer)  # noqa: S101 - no answer is a failure
        held = self._held(answer.body, reference)
        if held is not None:
            return held
        health = self.health()
        if not health.ok:
            return Outcome(
                result=Result.CONFIGURATION,
                status=answer.status,
                reason=f"an answer without the credit, and {health.detail}",
            )
        return None

    def post(self, posting: Posting) -> Outcome:
        """Write a credit and take nothing but the credit itself for proof."""
        path = self._path(self._options.credit_path, posting.reference)
        answer = self._call(self._options.credit_method, path, self._body(posting))
        if isinstance(answer, Outcome):
            return answer
        failed = self._failure(answer, write=True, number=posting.member_number)
        if failed is not None:
            return failed
        assert isinstance(answer, Answer)  # noqa: S101 - no answer is a failure
        held = self._held(answer.body, posting.reference)
        if held is not None and _is(held, posting):
            return Outcome(result=Result.DELIVERED, status=answer.status, remote_id=held.remote_id)
        return self._read_back(posting, answer)

    def reverse(self, retraction: Retraction) -> Outcome:
        """Take a credit back."""
        path = self._path(self._options.reverse_path, retraction.reference)
        answer = self._call(
            self._options.reverse_method,
            path,
            {
                self._name("reference"): retraction.own_reference,
                "reversed_on": retraction.on.isoformat(),
                "reason": retraction.reason,
            },
        )
        if isinstance(answer, Outcome):
            return answer
        failed = self._failure(answer, write=True)
        if failed is not None:
            return failed
        assert isinstance(answer, Answer)  # noqa: S101 - no answer is a failure
        held = self._held(answer.body, retraction.reference)
        if held is None or not held.reversed:
            found = self.find(retraction.reference)
            if isinstance(found, Outcome) and found.result is Result.CONFIGURATION:
                return replace(found, maybe_written=True)
            held = found if isinstance(found, Held) else None
        if held is not None and held.reversed:
            return Outcome(result=Result.DELIVERED, status=answer.status, remote_id=held.remote_id)
        return Outcome(
            result=Result.AMBIGUOUS, status=answer.status, reason="answered, but not reversed"
        )

    def _read_back(self, posting: Posting, answer: Answer) -> Outcome:
        acknowledged = id_in(answer.body, self._name("id"))
        found = self.find(posting.reference)
        if isinstance(found, Held) and _is(found, posting):
            return Outcome(result=Result.DELIVERED, status=answer.status, remote_id=found.remote_id)
        if isinstance(found, Held):
            return Outcome(
                result=Result.CONFLICT,
                status=answer.status,
                remote_id=found.remote_id,
                reason="the registry has another amount or member under our reference",
            )
        if isinstance(found, Outcome) and found.result is Result.CONFIGURATION:
            return replace(found, maybe_written=True, remote_id=acknowledged)
        if found is None and acknowledged:
            return Outcome(
                result=Result.CONFLICT,
                status=answer.status,
                remote_id=acknowledged,
                reason="the registry took it and does not show it under our reference",
            )
        return Outcome(
            result=Result.AMBIGUOUS,
            status=answer.status,
            remote_id=acknowledged,
            reason="answered, but not found under our reference",
        )

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Answer | NoAnswer | Outcome:
        try:
            answer = self._caller.call(method, path, body)
            if self._auth is not None and isinstance(answer, Answer) and answer.status == 401:
                # The token expired: the call was refused, so it is safe to make it once more.
                self._auth.forget()
                answer = self._caller.call(method, path, body)
        except TokenRefusedError as error:
            return Outcome(result=Result.CONFIGURATION, reason=str(error))
        except TokenUnreachableError as error:
            return Outcome(result=Result.RETRYABLE, reason=str(error))
        return answer

    def _failure(
        self, answer: Answer | NoAnswer, *, write: bool, number: str = ""
    ) -> Outcome | None:
        options = self._options
        body = answer.body if isinstance(answer, Answer) else None
        return failure(
            answer,
            write=write,
            code=self._code(answer),
            words=words_of(
                body,
                code_path=options.error_code,
                message_path=options.error_message,
                fields_path=options.error_fields,
                unsaid=(*self._unsaid, number),
            ),
            member_codes=frozenset(options.member_codes),
        )

    def _code(self, answer: Answer | NoAnswer) -> str:
        body = answer.body if isinstance(answer, Answer) else None
        return str(dig(body, self._options.error_code) or "")

    def _name(self, ours: str) -> str:
        return self._options.fields.get(ours, USUAL_NAMES.get(ours, ours))

    def _path(self, path: str, reference: str) -> str:
        return path.replace("{reference}", quote(reference, safe=""))

    def _body(self, posting: Posting) -> dict[str, Any]:
        values = {
            "reference": posting.reference,
            "member_number": posting.member_number,
            "activity": posting.activity,
            "title": posting.title,
            "credit_type": posting.credit_type,
            "amount": fixed_hundredths(posting.hundredths),
            "unit": posting.unit,
            "earned_on": posting.earned_on.isoformat(),
            "role": posting.role,
        }
        named = {self._name(ours): value for ours, value in values.items() if self._name(ours)}
        return {**self._options.constants, **named}

    def _held(self, body: Any, reference: str) -> Held | None:
        """Return the credit in an answer, None unless it stands there under this reference."""
        if str(dig(body, self._name("reference")) or "") != reference:
            return None
        try:
            amount = dig(body, self._name("amount"))
            hundredths = None if amount is None else parse_hundredths(str(amount))
        except InvalidFigureError:
            hundredths = 0  # an amount nobody can read is not the one that was sent
        return Held(
            remote_id=id_in(body, self._name("id")),
            hundredths=hundredths,
            reversed=dig(body, self._options.state_field) == self._options.reversed_value,
            member_number=str(dig(body, self._name("member_number")) or ""),
        )


def _is(held: Held, posting: Posting) -> bool:
    """Say whether a registry's record is what was posted, as far as it tells."""
    return (
        held.hundredths in (None, posting.hundredths)
        and held.member_number in ("", posting.member_number)
        and not held.reversed
    )
