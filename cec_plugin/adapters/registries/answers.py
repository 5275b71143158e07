"""What a registry's answer means: its failure class, in the registry's own words, redacted."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cec_plugin.adapters.http import NoAnswer
from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.names import without_names
from cec_plugin.domain.delivery import Outcome, Result

WORDS_LENGTH = 160
READ_LENGTH = 1_000
"""How much of an answer's words is looked at: looking takes time that grows with its square."""

ID_LENGTH = 100
LAST_OF_THREE_BYTES = "\uffff"
QUOTA = re.compile(r"quota|rate.?limit|limit.?exceeded|too.?many", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\"']+(?:'[^\s@<>\"']+)*@[^\s@<>\"']+")
_GROUPED = re.compile(r"(?<!\w)\d[\d .-]{4,}\d(?!\w)")
_NUMBER = re.compile(r"(?<!\w)(?=[\w/-]*\d)[\w/-]{4,}(?!\w)")


def redact(words: str, unsaid: Iterable[str] = ()) -> str:
    """Return a registry's words, shortened, without e-mails, numbers, references and names.

    ``unsaid`` is what must not be repeated whatever it looks like: a member's number, our secret.
    """
    return without_names(_impersonal(words, unsaid))[:WORDS_LENGTH]


def _impersonal(words: str, unsaid: Iterable[str]) -> str:
    words = printable(re.sub(r"\s+", " ", words[:READ_LENGTH])).strip()
    for text in filter(None, unsaid):
        words = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "#", words)
    return _NUMBER.sub("#", _GROUPED.sub("#", _EMAIL.sub("@", words)))


def printable(text: str) -> str:
    """Return a text without what a database may refuse.

    That is zero bytes, halves of characters, and those of four bytes, such as smileys: MySQL's
    older character set has no place for them.
    """
    return "".join(sign for sign in text if sign <= LAST_OF_THREE_BYTES and sign.isprintable())


def id_in(body: Any, path: str) -> str:
    """Return the registry's own id that stands at a dotted path, empty where there is none."""
    return printable(str(dig(body, path) or ""))[:ID_LENGTH]


def dig(body: Any, path: str) -> Any:
    """Return what stands at a dotted path in JSON, None where nothing does.

    A number in it is a place in a list, from 0.
    """
    for name in path.split("."):
        if isinstance(body, dict):
            body = body.get(name)
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


def words_of(
    body: Any, *, code_path: str, message_path: str, fields_path: str, unsaid: Iterable[str] = ()
) -> str:
    """Return the registry's own code, message and what it says of each field, redacted.

    An empty ``fields_path`` is the body itself.
    """
    unsaid = tuple(unsaid)
    code = _impersonal(str(dig(body, code_path) or ""), unsaid)
    said = [dig(body, message_path)]
    fields = dig(body, fields_path) if fields_path else body
    if isinstance(fields, dict):
        said += [f"{name}: {_listed(reason)}" for name, reason in fields.items()]
    words = redact(" ".join(str(part) for part in said if part), unsaid)
    return " ".join(filter(None, (code, words)))[:WORDS_LENGTH]


def _listed(reason: Any) -> Any:
    """Return what is said of a field, which may be several things, as words."""
    return ", ".join(map(str, reason)) if isinstance(reason, list) else reason


def failure(
    answer: Answer | NoAnswer,
    *,
    write: bool,
    words: str = "",
    code: str = "",
    member_codes: frozenset[str] = frozenset(),
) -> Outcome | None:
    """Return the failure that an answer is, None where it is a success that can be read.

    ``write`` says that the call would have written: what may have reached the registry is then
    ambiguous, and a failed read never is. ``code`` is the registry's own error code.
    """
    if isinstance(answer, NoAnswer):
        if answer.insecure:
            return Outcome(result=Result.CONFIGURATION, reason=answer.reason)
        lost = write and answer.sent
        return Outcome(
            result=Result.AMBIGUOUS if lost else Result.RETRYABLE,
            reason=answer.reason,
            retry_after_s=answer.crowded_s or None,
            crowded=bool(answer.crowded_s),
        )
    status = answer.status
    reason = f"HTTP {status}: {words}" if words else f"HTTP {status}"

    def outcome(result: Result, why: str = reason) -> Outcome:
        return Outcome(
            result=result, reason=why, status=status or None, retry_after_s=answer.retry_after_s
        )

    if status == 0:
        return outcome(Result.UNREADABLE, answer.trouble)
    if status in (408, 425, 429, 503) or (status == 403 and QUOTA.search(f"{code} {words}")):
        return outcome(Result.RETRYABLE)
    if status == 300:  # several records under one reference
        return outcome(Result.CONFLICT)
    if status in (401, 403) or 300 <= status < 400:
        return outcome(Result.CONFIGURATION)
    if status >= 500:
        return outcome(Result.AMBIGUOUS if write else Result.RETRYABLE)
    if answer.html:
        page = outcome(Result.CONFIGURATION, f"HTTP {status}: a page of HTML where JSON was due")
        # A warning that PHP prints ahead of the JSON makes a page of what was written all right.
        return replace(page, maybe_written=write and status // 100 == 2)
    if 400 <= status < 500 and code in member_codes:
        return outcome(Result.MEMBER)
    if status == 409:
        return outcome(Result.CONFLICT)
    if status == 404 and not code:
        return outcome(Result.CONFIGURATION, "HTTP 404: there is nothing at this address")
    if status >= 400:
        return outcome(Result.REFUSED)
    if answer.trouble:
        return outcome(Result.UNREADABLE, f"HTTP {status}: {answer.trouble}")
    return None
