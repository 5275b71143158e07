"""The statements of one learning record store: how they are asked for, and what answers mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from cec_plugin.adapters.http import NoAnswer
from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import dig, failure, redact
from cec_plugin.adapters.registries.renewing import RenewingCaller
from cec_plugin.adapters.registries.xapi_options import XapiOptions
from cec_plugin.adapters.registries.xapi_statements import Statement, id_of
from cec_plugin.domain.delivery import Outcome, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of looking for one statement; ``denied`` says that the store answered 404."""

    statement: Statement | None = None
    denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Some statements, and the path of those after them, empty where there are none."""

    statements: tuple[Statement, ...]
    more: str


class Statements:
    """The statements of one store."""

    def __init__(
        self,
        caller: RenewingCaller,
        options: XapiOptions,
        *,
        base_url: str,
        unsaid: Iterable[str] = (),
    ) -> None:
        """Speak through ``caller``, which calls under ``base_url``.

        ``unsaid`` is what is never repeated from the store's words: our secrets.
        """
        self._caller, self._options = caller, options
        self._base = urlsplit(base_url.rstrip("/"))
        self._unsaid = tuple(unsaid)

    def path(self, **query: str) -> str:
        """Return the path of a query."""
        return f"{self._options.statements_path}?{urlencode(query)}"

    def write(
        self, content: Statement | list[Statement], *, unsaid: Iterable[str] = ()
    ) -> Answer | Outcome:
        """Send statements; an ``Outcome`` is a failure."""
        return self.ask(
            "POST", self._options.statements_path, content, write=True, unsaid=tuple(unsaid)
        )

    def look(self, parameter: str, sought: str) -> Look | Outcome:
        """Look for one statement by its id, and compare the id of what comes.

        The standard answers with the statement or 404, Ralph with a list of one or of none; and
        where it does not know the parameter, with a list of anything.
        """
        answer = self._caller.call("GET", self.path(**{parameter: sought}))
        if isinstance(answer, Answer) and answer.status == 404:
            return Look(denied=True)
        answer = self._read(answer, write=False)
        if isinstance(answer, Outcome):
            return answer
        body = answer.body
        if isinstance(body, Mapping) and "statements" not in body and "id" in body:
            body = {"statements": [body]}
        statements = _statements_in(body)
        if statements is None:
            return _no_store(answer)
        found = [one for one in statements if id_of(one) == sought]
        if len(found) > 1:
            return Outcome(
                result=Result.CONFLICT,
                status=answer.status,
                remote_id=sought,
                reason="the registry has several statements under one id",
            )
        return Look(statement=found[0] if found else None)

    def listed(self, path: str) -> Listed | Outcome:
        """Return the statements at a path of ours, or of the store's own word for a next page."""
        answer = self.ask("GET", path)
        if isinstance(answer, Outcome):
            return answer
        statements = _statements_in(answer.body)
        if statements is None:
            return _no_store(answer)
        said = answer.body.get("more") or ""
        more = self.own_path(said)
        if said and more in ("", path):
            return Outcome(
                result=Result.CONFIGURATION,
                status=answer.status,
                reason="its next page is not under the registry's address",
            )
        return Listed(statements=tuple(statements), more=more)

    def own_path(self, address: object) -> str:
        """Return the path of a next page under our address, empty where it leads elsewhere.

        Our secret goes where it leads, so no host but the registry's is followed.
        """
        try:
            led = urlsplit(address if isinstance(address, str) else "")
        except ValueError:
            return ""
        if (led.scheme or led.netloc) and led[:2] != self._base[:2]:
            return ""
        path = led.path.removeprefix(self._base.path)
        if not led.path.startswith(f"{self._base.path}/") or ".." in path.split("/"):
            return ""
        return f"{path}?{led.query}" if led.query else path

    def ask(
        self,
        method: str,
        path: str,
        body: Statement | list[Statement] | None = None,
        *,
        write: bool = False,
        unsaid: tuple[str, ...] = (),
    ) -> Answer | Outcome:
        """Make one call; an ``Outcome`` is a failure."""
        return self._read(self._caller.call(method, path, body), write=write, unsaid=unsaid)

    def _read(
        self, answer: Answer | NoAnswer | Outcome, *, write: bool, unsaid: tuple[str, ...] = ()
    ) -> Answer | Outcome:
        if isinstance(answer, Outcome):
            return answer
        body = answer.body if isinstance(answer, Answer) else None
        words = _words_in(dig(body, self._options.error_message))
        failed = failure(answer, write=write, words=redact(words, (*self._unsaid, *unsaid)))
        if failed is not None:
            return failed
        assert isinstance(answer, Answer)  # noqa: S101 - no answer is a failure
        return answer


def _statements_in(body: Any) -> list[Statement] | None:
    statements = body.get("statements") if isinstance(body, Mapping) else None
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        return None
    return statements


def _words_in(said: Any) -> str:
    """Return what a store says of a failure. Ralph repeats what it was sent: that is left out."""
    if not isinstance(said, list):
        return str(said or "")
    faults = [one for one in said if isinstance(one, Mapping)]
    return "; ".join(f"{_place(one.get('loc'))}: {one.get('msg', '')}" for one in faults)


def _place(loc: Any) -> str:
    return ".".join(str(part) for part in loc) if isinstance(loc, list) else ""


def _no_store(answer: Answer) -> Outcome:
    return Outcome(
        result=Result.CONFIGURATION,
        status=answer.status,
        reason=f"HTTP {answer.status}: an answer without statements, as no xAPI store gives",
    )
