"""One call of CiviCRM's APIv4: its rows, or the outcome that its failure is.

It has no status of its own for bad data: a record it refuses and a field that we misname are both
a 500. What tells them apart is the message, and a role that may not see messages gets none.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from cec_plugin.adapters.http import Caller, NoAnswer
from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import failure, redact
from cec_plugin.domain.delivery import Outcome, Result

Row: TypeAlias = Mapping[str, Any]

MEANINGS = (
    # The API or its extension is not there, or what we call the fields, options and contacts is.
    (re.compile(r"API \(.*\) does not exist"), Result.CONFIGURATION),
    (re.compile(r"Api \w+ \w+ version 4 does not exist"), Result.CONFIGURATION),
    (re.compile(r"Invalid field "), Result.CONFIGURATION),
    (re.compile(r"No option list found for "), Result.CONFIGURATION),
    (re.compile(r"SECURITY"), Result.CONFIGURATION),
    # What is mandatory comes from our options: a name that it does not know counts as missing.
    (re.compile(r"Mandatory values missing from Api4 "), Result.CONFIGURATION),
    (re.compile(r".*cannot be resolved to a contact ID"), Result.CONFIGURATION),
    # The record itself.
    (re.compile(r"DB Error: (constraint violation|already exists)"), Result.REFUSED),
    (re.compile(r"One of the parameters .*is not of the type"), Result.REFUSED),
)
"""What a message means; one that is not here says no more than a 500 does."""

NAMED = (400, 405, 500)
"""Statuses whose message is looked at; all others say enough themselves."""

ERROR_ID = re.compile(r"[A-Za-z0-9]{4}(-[A-Za-z0-9]{4}){2}")


class Api4:
    """Speaks through one caller; ``unsaid`` is never repeated from the registry's words."""

    def __init__(self, caller: Caller, path: str, *, unsaid: Iterable[str] = ()) -> None:
        """Call below ``path``."""
        self._caller, self._path, self._unsaid = caller, path, tuple(unsaid)

    def read(
        self, entity: str, params: Row, *, action: str = "get", unsaid: Iterable[str] = ()
    ) -> list[Row] | Outcome:
        """Return the rows that a call shows. None at all may mean that nobody knows who we are."""
        return self._call(entity, action, params, write=False, unsaid=unsaid)

    def write(
        self, entity: str, action: str, params: Row, *, unsaid: Iterable[str] = ()
    ) -> list[Row] | Outcome:
        """Return what a write acknowledges: an id for each record, and no proof of anything."""
        return self._call(entity, action, params, write=True, unsaid=unsaid)

    def _call(
        self, entity: str, action: str, params: Row, *, write: bool, unsaid: Iterable[str]
    ) -> list[Row] | Outcome:
        answer = self._caller.call(
            "POST", f"{self._path}/{entity}/{action}", form={"params": json.dumps(params)}
        )
        failed = self._failure(answer, write=write, unsaid=(*self._unsaid, *unsaid))
        if failed is not None:
            return failed
        assert isinstance(answer, Answer)  # noqa: S101 - no answer is a failure
        rows = _rows(answer.body)
        if rows is None:
            return Outcome(
                result=Result.UNREADABLE,
                status=answer.status,
                reason=f"HTTP {answer.status}: an answer without a list of values",
            )
        return rows

    def _failure(
        self, answer: Answer | NoAnswer, *, write: bool, unsaid: Sequence[str]
    ) -> Outcome | None:
        if not isinstance(answer, Answer):
            return failure(answer, write=write)
        body = answer.body if isinstance(answer.body, dict) else {}
        message = str(body.get("error_message") or "")
        words = redact(message, unsaid) + _error_id(body, message)
        if answer.status in NAMED:
            for pattern, result in MEANINGS:
                if pattern.match(message):
                    return Outcome(
                        result=result,
                        status=answer.status,
                        reason=f"HTTP {answer.status}: {words}",
                    )
        return failure(answer, write=write, words=words)


def _rows(body: Any) -> list[Row] | None:
    values = body.get("values") if isinstance(body, dict) else None
    if not isinstance(values, list) or not all(isinstance(row, dict) for row in values):
        return None
    return values


def _error_id(body: Row, message: str) -> str:
    """Return the number under which the site's log has more: all that a silent error says."""
    found = ERROR_ID.search(str(body.get("error_id") or message.rpartition("Error ID:")[2]))
    return f" [{found[0]}]" if found else ""
