"""The emulation gives each recorded request the recorded answer, and a deviation is seen."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.civicrm_recorded import deviations
from tests.contract.recorded import Recorded, Replied, recorded, send
from tests.emulations.civicrm.actions import USUAL, Role
from tests.emulations.civicrm.server import KEY, Emulation, Fault, running_civicrm
from tests.threads import together

EXCHANGES = {one.name: one for one in recorded("civicrm")}
OPAQUE = recorded("civicrm-opaque-errors")
ENTITY_COUNT = ".count: "
"""How many kinds of record a site has, as ``24-…`` tells, hangs on its extensions."""


@pytest.fixture
def civicrm() -> Iterator[Emulation]:
    with running_civicrm() as emulation:
        yield emulation


def _together(civicrm: Emulation, names: list[str]) -> list[list[str]]:
    """Send these at once, so that all have looked before any writes."""
    civicrm.actions.gap = threading.Barrier(len(names), timeout=20)
    exchanges = [EXCHANGES[name] for name in names]
    replies = together([lambda one=one: send(civicrm.url, one) for one in exchanges])
    civicrm.actions.gap = None
    return [deviations(*pair) for pair in zip(exchanges, replies, strict=True)]


def test_each_recorded_request_gets_the_recorded_answer(civicrm: Emulation) -> None:
    """In the recorded order: later ones stand on what earlier ones wrote."""
    races = {
        "30-race-0.http": [f"30-race-{number}.http" for number in range(4)],
        "60-race-unique-0.http": [f"60-race-unique-{number}.http" for number in (0, 1, 3)],
    }
    raced = {name for names in races.values() for name in names}
    came: dict[str, list[str]] = {}
    for name, exchange in EXCHANGES.items():
        if name in races:
            civicrm.data.unique = name.startswith("60")
            came |= zip(races[name], _together(civicrm, races[name]), strict=True)
        elif name == "14-bad-key.http":  # its key was another one, until it was written down
            roles, civicrm.roles = civicrm.roles, {}
            came[name] = deviations(exchange, send(civicrm.url, exchange))
            civicrm.roles = roles
        elif exchange.status is None:
            civicrm.befall("save", Fault.SILENCE)
            came[name] = deviations(exchange, send(civicrm.url, exchange, timeout_s=0.2))
        elif name not in raced:
            came[name] = deviations(exchange, send(civicrm.url, exchange))
    came["24-health-entity.http"] = [
        one for one in came["24-health-entity.http"] if not one.startswith(ENTITY_COUNT)
    ]
    assert {name: found for name, found in came.items() if found} == {}
    assert came.keys() == EXCHANGES.keys()
    assert len(came) == 40


def test_who_may_not_see_what_went_wrong_gets_the_recorded_answers(civicrm: Emulation) -> None:
    civicrm.roles[KEY] = Role(contact_id=3, may=USUAL - {"Membership.get"}, told=False)
    came = {one.name: deviations(one, send(civicrm.url, one)) for one in OPAQUE}
    assert came == {one.name: [] for one in OPAQUE}
    assert len(came) == 5


def _without(body: Any, *path: str | int) -> Any:
    return _changed(body, path, lambda place, last: place.pop(last))


def _with(body: Any, value: Any, *path: str | int) -> Any:
    return _changed(body, path, lambda place, last: place.__setitem__(last, value))


def _changed(body: Any, path: tuple[str | int, ...], change: Any) -> Any:
    body = _copy(body)
    place = body
    for step in path[:-1]:
        place = place[step]
    change(place, path[-1])
    return body


def _copy(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _copy(value) for name, value in body.items()}
    return [_copy(one) for one in body] if isinstance(body, list) else body


SAVED = EXCHANGES["04-save-match-create.http"]
FAILED = EXCHANGES["10-bulk-one-bad.http"]
RACED = EXCHANGES["31-race-result.http"]
HIDDEN = OPAQUE[1]


@pytest.mark.parametrize(
    ("exchange", "body"),
    [
        (SAVED, _without(SAVED.body, "countMatched")),
        (SAVED, _without(SAVED.body, "values", 0, "custom")),
        (SAVED, _with(SAVED.body, "REF", "values", 0, "CE_Credit.External_Ref")),
        (SAVED, _with(SAVED.body, "73", "values", 0, "id")),
        (SAVED, _with(SAVED.body, 1, "countMatched")),
        (SAVED, _with(SAVED.body, None, "values", 0, "other")),
        (FAILED, _with(FAILED.body, "No such type", "error_message")),
        (FAILED, _with(FAILED.body, "1", "error_code")),
        (RACED, _without(RACED.body, "values", 3)),
        (HIDDEN, _with(HIDDEN.body, "Invalid field 'nope'", "error_message")),
    ],
)
def test_an_answer_that_deviates_is_seen(exchange: Recorded, body: Any) -> None:
    assert exchange.status is not None
    assert deviations(exchange, Replied(status=exchange.status, body=exchange.body)) == []
    assert deviations(exchange, Replied(status=exchange.status, body=body))
    assert deviations(exchange, Replied(status=exchange.status + 1, body=exchange.body))


def test_an_answer_where_none_came_is_seen() -> None:
    silent = EXCHANGES["50-ambiguous-timeout.http"]
    assert silent.status is None
    assert deviations(silent, Replied(status=200, body=SAVED.body))
    assert deviations(replace(silent, status=200), Replied(status=None, body=None))
