"""The emulation over HTTP. Each of its two interfaces has a key, and a scheme, of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.emulations.serving import Answering, serving
from tests.emulations.tendenci import profiles, transcripts
from tests.emulations.tendenci.transcripts import Transcripts

STOCK_KEY = "ApiKey admin:EXAMPLE-KEY"
KEY = "EXAMPLE"


@dataclass(frozen=True, slots=True)
class Call:
    """One request; the body of a read is empty."""

    method: str
    path: str
    body: Any


class Emulation:
    """One Tendenci. ``calls`` are the requests so far, ``open`` lets in who has no key."""

    def __init__(self) -> None:
        self.transcripts = Transcripts()
        self.open = False
        self.calls: list[Call] = []
        self.url = ""

    def answer(self, call: Call, key: str) -> tuple[int, Any]:
        """Return status and body of a call."""
        method, address = call.method, urlsplit(call.path)
        asked = dict(parse_qsl(address.query))
        if address.path == profiles.PATH:
            return (200, profiles.everybody()) if key == STOCK_KEY else (401, None)
        if not address.path.startswith(transcripts.PATH):
            return 404, {"detail": "Not found."}
        if key != f"Api-Key {KEY}" and not self.open:
            return 403, {"detail": "Authentication credentials were not provided."}
        reference = unquote(address.path.removeprefix(transcripts.PATH).rstrip("/"))
        if method == "GET" and not reference:
            return self.transcripts.page(asked, self.url)
        if method == "PUT" and reference:
            return self.transcripts.put(reference, call.body)
        return 405, {"detail": f'Method "{method}" not allowed.'}


class _Handler(Answering):
    emulation: Emulation

    def take(self, sent: bytes) -> None:
        call = Call(self.command, self.path, json.loads(sent) if sent else {})
        self.emulation.calls.append(call)
        key = self.headers.get("Authorization", "")
        status, body = self.emulation.answer(call, key)
        if body is None:
            self.send(status, b"", "text/html; charset=utf-8")
        else:
            self.send_json(status, body)


@contextmanager
def running_tendenci() -> Iterator[Emulation]:
    """Run an emulation until the block ends."""
    emulation = Emulation()
    handler = type("Handler", (_Handler,), {"emulation": emulation})
    with serving(handler) as emulation.url:
        yield emulation
