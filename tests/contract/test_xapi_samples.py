"""The Ralph of the tests answers as the recorded one did: what we learnt from it still holds."""

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.recorded import Recorded, Replied, recorded, send
from tests.servers.ralph import LMS, running_ralph

EXCHANGES = {one.name: one for one in recorded("xapi")}
WITH_A_WRONG_PASSWORD = "16-bad-auth.http"
LINKED_VERSION = re.compile(r"pydantic\.dev/[\d.]+/")


def _authorized(exchange: Recorded) -> Recorded:
    """Return an exchange with credentials of this Ralph where it had some: they were blanked."""
    if "Authorization" not in exchange.headers:
        return exchange
    wrong = exchange.name == WITH_A_WRONG_PASSWORD
    caller = replace(LMS, password="not the password") if wrong else LMS
    return replace(exchange, headers=exchange.headers | caller.header)


@pytest.fixture(scope="module")
def replies() -> dict[str, Replied]:
    """Send all of them to a fresh Ralph, in their order: each stands on what was stored before."""
    with running_ralph() as ralph:
        return {name: send(ralph.url, _authorized(one)) for name, one in EXCHANGES.items()}


def _timeless(said: Any) -> Any:
    """Leave out when something was stored, and of which version a link to documentation is."""
    if isinstance(said, list):
        return [_timeless(one) for one in said]
    if isinstance(said, str):
        return LINKED_VERSION.sub("pydantic.dev/", said)
    if not isinstance(said, dict):
        return said
    stored = said.get("stored")
    return {
        name: "when stored" if stored and value == stored else _timeless(value)
        for name, value in said.items()
    }


def test_there_are_exchanges_to_send_again() -> None:
    assert len(EXCHANGES) == 23


@pytest.mark.parametrize("name", EXCHANGES)
def test_it_answers_as_it_was_recorded(replies: dict[str, Replied], name: str) -> None:
    was, now = EXCHANGES[name], replies[name]
    assert now.status == was.status, now.body
    assert _timeless(now.body) == _timeless(was.body)
