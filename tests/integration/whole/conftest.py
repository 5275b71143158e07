"""The registries of the whole deliveries: those that are called, and one that takes files."""

import logging
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from cec_plugin import models
from tests import factories
from tests.contract import civicrm_tenant, xapi_tenant
from tests.events import ETHICS
from tests.integration.whole.board import Board
from tests.integration.whole.civicrm import Civicrm, a_civicrm
from tests.integration.whole.guild import AT_ONCE, Guild
from tests.integration.whole.place import MEMBERS, NOBODY, Called, Place
from tests.integration.whole.ralph import Ralph, a_ralph
from tests.servers.ralph import RalphServer


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CEC_SECRETS = {
        **settings.CEC_SECRETS,
        **civicrm_tenant.SECRETS,
        **xapi_tenant.SECRETS,
    }
    settings.CEC_POLICY = AT_ONCE
    settings.CEC_SECOND_PERSON_ABOVE = None


@pytest.fixture
def civicrm() -> Iterator[Civicrm]:
    with a_civicrm() as civicrm:
        yield civicrm


@pytest.fixture
def store(ralph: RalphServer, settings: Settings) -> Iterator[Ralph]:
    with a_ralph(ralph, settings) as store:
        yield store


@pytest.fixture(params=["civicrm", "store"])
def called(request: pytest.FixtureRequest) -> Called:
    """Return each registry that is called."""
    called: Called = request.getfixturevalue(request.param)
    return called


@pytest.fixture(params=["civicrm", "store", "board"])
def place(request: pytest.FixtureRequest) -> Place:
    """Return each registry."""
    if request.param == "board":
        return Board()
    called: Called = request.getfixturevalue(request.param)
    return called


@pytest.fixture
def guild_of(db: None, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[Place], Guild]]:
    """Make the guild that tells a place; no row or log line of ours names a member's number."""

    def make(place: Place) -> Guild:
        organization = factories.organization(time_zone="America/Toronto")
        factories.table(organization, [factories.rule(ETHICS, "10")])
        row = models.Registry.objects.create(
            **{
                "organization": organization,
                "name": "Guild register",
                "paused": False,
                "timeout_s": 10,
                "calls_per_minute": 60_000_000,
                **place.row,
            }
        )
        return Guild(place=place, row=row)

    caplog.set_level(logging.INFO)
    yield make
    written = [f"{one.getMessage()} {one.exc_text}" for one in caplog.get_records("call")]
    for model in (models.Registry, models.Delivery, models.Attempt, models.Difference):
        written += [str(row) for row in model.objects.values()]
    named = [one for one in written if any(number in one for number in (*MEMBERS, NOBODY))]
    assert named == []
