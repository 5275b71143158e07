"""A bare client of the sandbox registry, and what its tests send with it."""

import base64
import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from cec_plugin.sandbox.records import Member

ADA = Member(number="1001", name="Ada Byron")
KEY = {"X-Api-Key": "sandbox-key"}
CREDIT = {
    "member_number": "1001",
    "activity_code": "ETH-1",
    "title": "Ethics",
    "credit_type": "CEC",
    "amount": "10.00",
    "unit": "hours",
    "earned_on": "2026-11-14",
    "kind": "award",
}
REVERSAL = {"reference": "rev-1", "reversed_on": "2026-12-01", "reason": "revoked"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Return the code of an error."""
        return str(self.json["error"]["code"])


class Client:
    """One kept connection to the registry."""

    def __init__(self, url: str, headers: Mapping[str, str] = KEY, timeout: float = 20) -> None:
        """Connect on the first call."""
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
        self.headers = dict(headers)

    def ask(
        self, method: str, path: str, content: Any = None, *, raw: bytes | None = None
    ) -> Reply:
        """Send one request and read its answer."""
        body = json.dumps(content).encode() if content is not None else raw
        self.connection.request(method, path, body, self.headers)
        answer = self.connection.getresponse()
        return Reply(answer.status, dict(answer.headers), answer.read())

    def put(self, reference: str, /, **other: Any) -> Reply:
        """Send a credit."""
        return self.ask("PUT", f"/credits/{reference}", {**CREDIT, **other})


def send_at_once(urls: list[str], send: Callable[[Client, int], int]) -> list[int]:
    """Send from as many connections as there are addresses, at the same moment."""
    barrier = threading.Barrier(len(urls))

    def one(place: int) -> int:
        client = Client(urls[place])
        client.connection.connect()
        barrier.wait(timeout=20)
        try:
            return send(client, place)
        finally:
            client.connection.close()

    with ThreadPoolExecutor(len(urls)) as pool:
        return list(pool.map(one, range(len(urls))))


def until(happened: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    for _ in range(2000):
        if happened():
            return
        time.sleep(0.01)
    pytest.fail("it never happened")


def basic(user: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def batch(client: Client, *references: str, **other: Any) -> Reply:
    """Send credits in one call; the last differs as told."""
    items: list[dict[str, Any]] = [{**CREDIT, "reference": each} for each in references]
    items[-1] |= other
    return client.ask("POST", "/credits/batch", {"items": items})
