"""A request and an answer as values, so that routes, switches and sockets meet in one shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = Any
JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


class Kind(StrEnum):
    """What a call is to the switches."""

    WRITE = "write"
    READ = "read"
    TOKEN = "token"  # noqa: S105 - a kind of call, no secret
    ASIDE = "aside"  # the page, the control surface, the log-in page: no switch touches them


class Quirk(StrEnum):
    """What a switch asks the registry to do wrongly; it does everything else as usual."""

    LOSE_REFERENCE = "lose_reference"
    DOUBLE = "double"
    IGNORE_FILTERS = "ignore_filters"
    LAG = "lag"  # its figure is in seconds
    HIDE_DATA_ERRORS = "hide_data_errors"
    ERRORS_IN_200 = "errors_in_200"
    ALL_OR_NOTHING = "all_or_nothing"
    END_TOKEN = "end_token"  # noqa: S105 - no token
    RECEIPTS_LATER = "receipts_later"  # its figure is in seconds
    APPROVE_LATER = "approve_later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``target`` is as sent; ``segments`` and ``query`` are decoded.

    Header names are in lower case. ``caller`` is who the credentials are, ``None`` without valid
    ones; ``token_calls`` is how many came with its token by now, this one included, and 0 without
    one. ``client`` is the address the connection came from.
    """

    method: str
    target: str
    segments: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: bytes
    client: str
    caller: str | None = None
    token_calls: int = 0
    quirks: Mapping[Quirk, float] = field(default_factory=dict)  # each with its switch's figure

    @property
    def kind(self) -> Kind:
        """Say whether the call reads or writes the registry; a token request does neither."""
        if not self.segments or self.segments[0] in {"_sandbox", "login"}:
            return Kind.ASIDE
        if self.segments == ("oauth", "token"):
            return Kind.TOKEN
        return Kind.READ if self.method in {"GET", "HEAD", "OPTIONS"} else Kind.WRITE

    @property
    def reference(self) -> str | None:
        """Return the reference that the path names, if it names one."""
        match self.segments:
            case ("credits", "batch") if self.method == "POST":
                return None
            case ("credits", reference) | ("credits", reference, "reverse"):
                return reference
        return None


class Line(Protocol):
    """The client's end of the line, as far as a manner of sending needs it."""

    def send(self, data: bytes) -> None:
        """Send everything."""

    def hold(self, seconds: float) -> bool:
        """Stay silent for so long; return early, and false, if client or server go."""

    def abort(self) -> None:
        """Close with a reset: the client sees neither a byte nor an orderly end."""


class Manner(Protocol):
    """How an answer goes over the socket."""

    @property
    def word(self) -> str:
        """Say for the log what became of the answer; empty when it was simply sent."""

    @property
    def silent(self) -> bool:
        """Say whether not even a status goes over the line."""

    def deliver(self, line: Line, answer: "Answer", *, keep: bool) -> bool:
        """Send the answer and return whether the connection stays open; ``keep`` is the wish."""


class Plain:
    """Send head and body at once, so that a kept connection never waits for an ACK."""

    word = ""
    silent = False

    def deliver(self, line: Line, answer: "Answer", *, keep: bool) -> bool:
        """Send the answer whole."""
        line.send(answer.head(keep=keep) + answer.payload)
        return keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer and the manner in which it is sent; ``struck`` are the quirks that changed it."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    manner: Manner = field(default_factory=Plain)
    struck: frozenset[Quirk] = frozenset()
    bodiless: bool = False  # to HEAD: the length is told, the body is not sent

    @property
    def payload(self) -> bytes:
        """Return the bytes that follow the head."""
        return b"" if self.bodiless else self.body

    def head(self, *, keep: bool, length: bool = True) -> bytes:
        """Return status line and headers; without ``length`` the body ends with the connection."""
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            f"Content-Type: {self.content_type}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            f"Connection: {'keep-alive' if keep else 'close'}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        if length:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def as_bytes(content: Json) -> bytes:
    """Return the content as compact JSON in UTF-8."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def answer_json(status: int, content: Json, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Answer with JSON."""
    return Answer(status=status, body=as_bytes(content), headers=headers)


def answer_html(status: int, text: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Answer with a page."""
    body = text.encode("utf-8")
    return Answer(status=status, body=body, content_type=HTML_TYPE, headers=headers)


def error(code: str, message: str, fields: Mapping[str, str] | None = None) -> Json:
    """Return the content of an error: a code for machines, a sentence, and faulty fields."""
    inner: dict[str, Json] = {"code": code, "message": message}
    if fields:
        inner["fields"] = dict(fields)
    return {"error": inner}


def answer_error(
    status: int,
    code: str,
    message: str,
    *,
    fields: Mapping[str, str] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """Answer with an error."""
    return answer_json(status, error(code, message, fields), headers=headers)
