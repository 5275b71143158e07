"""The emulation gives each recorded request the recorded answer, and a deviation is seen."""

import threading
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.contract.recorded import Recorded, Replied, deviations, recorded, send
from tests.emulations.tendenci.server import Emulation, running_tendenci
from tests.threads import together

EXCHANGES = {one.name: one for one in recorded("tendenci")}
RACE = [f"36-addon-race-{number}.http" for number in range(4)]
FREE = {"update_dt"}
"""When a row was written: it may differ in value, though not in type."""


@pytest.fixture
def tendenci() -> Iterator[Emulation]:
    with running_tendenci() as emulation:
        yield emulation


def _race(tendenci: Emulation) -> list[Replied]:
    """Send the four at once, so that all are there before any looks; who made the row is first."""
    tendenci.transcripts.gap = threading.Barrier(len(RACE), timeout=20)
    replies = together([lambda one=EXCHANGES[name]: send(tendenci.url, one) for name in RACE])
    tendenci.transcripts.gap = None
    return sorted(replies, key=lambda reply: reply.status or 0, reverse=True)


def test_each_recorded_request_gets_the_recorded_answer(tendenci: Emulation) -> None:
    """In the recorded order: later ones stand on what earlier ones wrote."""
    replies: dict[str, Replied] = {}
    for name, exchange in EXCHANGES.items():
        if name == RACE[0]:
            replies |= zip(RACE, _race(tendenci), strict=True)
        elif name not in RACE:
            replies[name] = send(tendenci.url, exchange)
    came = {name: deviations(EXCHANGES[name], one, free=FREE) for name, one in replies.items()}
    assert {name: found for name, found in came.items() if found} == {}
    assert came.keys() == EXCHANGES.keys()
    assert len(came) == 12


def test_putting_what_was_cancelled_opens_it_again(tendenci: Emulation) -> None:
    """So was it measured, though not written down."""
    for name in ("30-addon-put-create.http", "32-addon-cancel.http", "31-addon-put-again.http"):
        reply = send(tendenci.url, EXCHANGES[name])
    assert (reply.body["id"], reply.body["status"]) == (4, "approved")


PUT = EXCHANGES["30-addon-put-create.http"]
CANCELLED = EXCHANGES["32-addon-cancel.http"]
LISTED = EXCHANGES["35-addon-recon.http"]
UNKNOWN = EXCHANGES["34-addon-unknown-member.http"]
EVERYBODY = EXCHANGES["05-tasty-filter-member.http"]


def _with(body: Any, *path: str | int, value: Any) -> Any:
    body = place = deepcopy(body)
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return body


def _without(body: Any, *path: str | int) -> Any:
    body = place = deepcopy(body)
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return body


@pytest.mark.parametrize(
    ("exchange", "body"),
    [
        (PUT, _with(PUT.body, "id", value=5)),
        (PUT, _with(PUT.body, "credits", value=1.5)),
        (PUT, _with(PUT.body, "update_dt", value=None)),
        (PUT, _without(PUT.body, "external_id")),
        (CANCELLED, _with(CANCELLED.body, "status", value="approved")),
        (LISTED, _with(LISTED.body, "count", value=3)),
        (LISTED, _without(LISTED.body, "results", 0)),
        (LISTED, _with(LISTED.body, "results", 0, "note", value="")),
        (UNKNOWN, _with(UNKNOWN.body, "member_number", 0, value="no such member")),
        (UNKNOWN, {"detail": "unknown member"}),
        (EVERYBODY, _with(EVERYBODY.body, "objects", value=EVERYBODY.body["objects"][:1])),
    ],
)
def test_an_answer_that_deviates_is_seen(exchange: Recorded, body: Any) -> None:
    assert exchange.status is not None
    same = Replied(status=exchange.status, body=exchange.body)
    assert deviations(exchange, same, free=FREE) == []
    assert deviations(exchange, Replied(status=exchange.status, body=body), free=FREE)
    assert deviations(exchange, Replied(status=exchange.status + 1, body=same.body), free=FREE)
