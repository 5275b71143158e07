"""All switches at once, many clients at once, one file: the sandbox itself loses nothing."""

import http.client
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cec_plugin.sandbox.records import State
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.sandbox.switches import CATALOGUE
from tests.contract.calling import ADA, CREDIT, KEY, REVERSAL, Client, Reply, basic

CLIENTS = 24
SHORT = {
    "delay_ms": 1,
    "commit_then_timeout": 0.02,
    "slow_drip": 0.01,
    "huge": 0.2,
    "token_expires": 2,
    "reads_lag": 0.5,
    "receipts_later": 0.05,
}
MULTIPLY = ("references_not_unique", "lost_reference")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(db=str(tmp_path / "registry.db"), members=[ADA], seed=1) as sandbox:
        yield sandbox


def all_at_once(probability: float, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return every switch with a small figure of its own and this probability."""
    return {
        fault.name: {"probability": probability, "value": SHORT.get(fault.name)}
        for fault in CATALOGUE
        if fault.name not in without
    }


def try_to(
    client: Client, method: str, path: str, content: Any = None, *, raw: bytes | None = None
) -> Reply | None:
    """Send one call, whatever becomes of it."""
    try:
        return client.ask(method, path, content, raw=raw)
    except (OSError, http.client.HTTPException):
        client.connection.close()
        return None


def shown(reply: Reply | None) -> Mapping[str, Any]:
    """Return the credit in an answer that is one."""
    try:
        content = reply.json if reply is not None and reply.status in {200, 201} else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def insist(registry: Sandbox, reference: str) -> None:
    """Send a credit until it is said to stand, and reverse it until it is said to stand no more."""
    client = Client(registry.url)
    calls = [("PUT", f"/credits/{reference}", CREDIT, "active")]
    if reference.endswith("0"):
        reversal = {**REVERSAL, "reference": f"{reference}-r"}
        calls.append(("POST", f"/credits/{reference}/reverse", reversal, "reversed"))
    for method, path, content, state in calls:
        for _ in range(400):
            if shown(try_to(client, method, path, content)).get("state") == state:
                break
        else:
            pytest.fail(f"{reference} never was {state}")
    client.connection.close()


def test_whoever_insists_has_each_credit_there_once(registry: Sandbox) -> None:
    registry.control.set_faults(**all_at_once(0.03, without=MULTIPLY))
    references = [f"ref-{place}" for place in range(CLIENTS * 10)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda reference: insist(registry, reference), references))
    registry.control.let_receipts_arrive()
    kept = registry.control.data().credits
    assert Counter(each.reference for each in kept) == Counter(references)
    back = {each.reference for each in kept if each.state is State.REVERSED}
    assert back == {each for each in references if each.endswith("0")}
    assert sum(registry.control.hits().values()) > len(references) / 4


def wander(registry: Sandbox, place: int) -> None:
    """Do a bit of everything, well and badly, under credentials of every kind."""
    chance = random.Random(place)
    client = Client(registry.url)
    client.headers = basic("sandbox-client", "sandbox-secret")
    fetched = try_to(client, "POST", "/oauth/token", raw=b"grant_type=client_credentials")
    token = shown(fetched).get("access_token", "none")
    whoever = [KEY, basic("sandbox", "sandbox-password"), {"Authorization": f"Bearer {token}"}, {}]
    for number in range(12):
        client.headers = dict(chance.choice(whoever))
        reference = f"ref-{place}-{number // 2}"
        with_fault = {"member_number": "9"} if number % 3 else {"amount": "much"}
        path = f"/credits/{reference}"
        bad = {**CREDIT, **with_fault}
        items = [{**CREDIT, "reference": f"{reference}-a"}, {**bad, "reference": f"{reference}-b"}]
        try_to(client, "PUT", path, CREDIT)
        try_to(client, "PUT", f"{path}-x", bad)
        try_to(client, "POST", "/credits/batch", {"items": items})
        try_to(client, "GET", path)
        try_to(client, "GET", f"/credits?reference={reference}")
        try_to(client, "GET", "/members?number=9")
        reversal = {**REVERSAL, "reference": f"{reference}-r"}
        try_to(client, "POST", f"{path}/reverse", reversal)
    client.connection.close()


def test_every_switch_strikes_and_the_registry_stands(registry: Sandbox, tmp_path: Path) -> None:
    control = registry.control
    control.set_faults(**all_at_once(0.04))
    assert set(control.hits().values()) == {0}
    for round_ in range(20):
        with ThreadPoolExecutor(CLIENTS) as pool:
            places = range(round_ * CLIENTS, (round_ + 1) * CLIENTS)
            list(pool.map(lambda place: wander(registry, place), places))
        if all(control.hits().values()):
            break
    missed = [name for name, count in control.hits().items() if not count]
    assert missed == []
    assert set(control.faults().active) == {fault.name for fault in CATALOGUE}
    control.clear_faults()
    client = Client(registry.url)
    assert client.put("ref-after").status == 201
    client.connection.close()
    with sqlite3.connect(tmp_path / "registry.db") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()
    control.reset()
    assert set(control.hits().values()) == {0}


def test_one_at_a_time_lets_a_single_switch_hit_a_call(registry: Sandbox) -> None:
    client = Client(registry.url)
    registry.control.set_faults(
        one_at_a_time=True, lost_reference=True, approves_later=True, delay_ms=1
    )
    client.put("cec-1")
    (call,) = registry.control.calls()
    assert call.faults == ("delay_ms", "lost_reference")
    registry.control.clear_faults()
    registry.control.set_faults(lost_reference=True, approves_later=True)
    client.put("cec-2")
    assert registry.control.calls()[-1].faults == ("lost_reference", "approves_later")
    client.connection.close()
