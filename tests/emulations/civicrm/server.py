"""The emulation over HTTP, with what a network and a busy host can do to a call."""

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.emulations.civicrm.actions import NOBODY, Actions, Role
from tests.emulations.civicrm.data import Data
from tests.emulations.civicrm.errors import ApiError
from tests.emulations.serving import Answering, serving

KEY = "EXAMPLE-KEY"
PREFIX = "/civicrm/ajax/api4/"
PATIENCE_S = 20


class Fault(Enum):
    """What befalls one call."""

    SILENCE = auto()  # it is done, and no answer comes
    CUT_OFF = auto()  # it is done, and the connection closes
    OPAQUE = auto()  # it fails, and nobody says why
    DONE_BUT_OPAQUE = auto()  # it is done, and a 500 comes all the same
    DATABASE = auto()  # it fails, and only the database knows why
    BUSY = auto()  # a 503 with Retry-After
    LOST_REFERENCE = auto()  # it is done, without the custom fields
    FORGOTTEN = auto()  # it is done, and from then on nobody knows us
    TWICE = auto()  # somebody made the same call a moment before
    NONE = auto()


class Emulation:
    """One CiviCRM. ``roles`` are by API key; ``dropped`` loses credentials on their way in.

    ``faults`` befall the next calls of an action, one each: ``faults["save"].append(…)``.
    """

    def __init__(self) -> None:
        self.data = Data()
        self.actions = Actions(self.data)
        self.roles = {KEY: Role(contact_id=3)}
        self.dropped = False
        self.faults: dict[str, deque[Fault]] = {}
        self.calls: list[str] = []
        self.ended = threading.Event()
        self.url = ""

    def befall(self, action: str, *faults: Fault) -> None:
        """Let the next calls of an action go wrong."""
        self.faults.setdefault(action, deque()).extend(faults)

    def role(self, headers: Any) -> Role | None:
        """Return who calls, nobody without credentials, None with wrong ones."""
        given = headers.get("X-Civi-Auth") or headers.get("Authorization")
        if not given or self.dropped:
            return NOBODY
        return self.roles.get(given.removeprefix("Bearer "))

    def answer(self, role: Role, entity: str, action: str, params: Any) -> tuple[int, Any]:
        """Return status and body of a call."""
        try:
            return 200, self.actions.run(role, entity, action, params)
        except ApiError as error:
            return error.status, error.body(told=role.told)


class _Handler(Answering):
    emulation: Emulation

    def take(self, sent: bytes) -> None:
        query = urlsplit(self.path).query
        form = parse_qs(query if self.command == "GET" else sent.decode())
        emulation = self.emulation
        entity, _, action = urlsplit(self.path).path.removeprefix(PREFIX).partition("/")
        emulation.calls.append(f"{entity}.{action}")
        role = emulation.role(self.headers)
        if role is None:
            self.send(401, b"HTTP 401 Invalid credential\n", "text/plain;charset=UTF-8")
            return
        if self.command == "GET" and not action.startswith("get"):
            self.send_json(405, ApiError("SECURITY", 405).body(told=role.told))
            return
        queue = emulation.faults.get(action)
        fault = queue.popleft() if queue else None
        params = json.loads(form.get("params", ["{}"])[0])
        if fault is Fault.BUSY:
            self.send(503, b"{}", "application/json", {"Retry-After": "7"})
        elif fault is Fault.OPAQUE:
            self.send_json(500, ApiError("lost").body(told=False))
        elif fault is Fault.DATABASE:
            self.send_json(500, ApiError("DB Error: unknown error").body(told=True))
        elif fault is Fault.LOST_REFERENCE:
            emulation.data.losing = True
            answer = emulation.answer(role, entity, action, params)
            emulation.data.losing = False
            self.send_json(*answer)
        else:
            if fault is Fault.TWICE:
                emulation.answer(role, entity, action, params)
            self._finish(fault, emulation.answer(role, entity, action, params))

    def _finish(self, fault: Fault | None, answer: tuple[int, Any]) -> None:
        match fault:
            case Fault.SILENCE:
                self.emulation.ended.wait(PATIENCE_S)
                self.close_connection = True
            case Fault.CUT_OFF:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            case Fault.FORGOTTEN:
                self.emulation.dropped = True
                self.send_json(*answer)
            case Fault.DONE_BUT_OPAQUE:
                self.send_json(500, ApiError("lost").body(told=False))
            case _:
                self.send_json(*answer)


@contextmanager
def running_civicrm() -> Iterator[Emulation]:
    """Run an emulation on a free port of loopback until the block ends."""
    emulation = Emulation()
    handler = type("Handler", (_Handler,), {"emulation": emulation})
    with serving(handler) as emulation.url:
        try:
            yield emulation
        finally:
            emulation.ended.set()
