"""A registry that does not know us: it is paused as a whole, no delivery is blamed, and it goes on."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.services.pause import resume
from tests.emulations.civicrm.server import Fault
from tests.integration.whole.civicrm import Civicrm
from tests.integration.whole.guild import AT_ONCE, Guild
from tests.integration.whole.place import ADA, GRACE, Called, Place

pytestmark = pytest.mark.django_db

NEXT = Callable[[Place], Guild]


def _nothing_is_blamed() -> None:
    for one in models.Delivery.objects.all():
        assert (one.state, one.failures, one.looks, one.hold_code) == ("pending", 0, 0, "")


def test_it_is_paused_and_goes_on_by_itself_once_it_knows_us(
    called: Called, guild_of: NEXT
) -> None:
    guild = guild_of(called)
    guild.earn("7", ADA)
    guild.earn("8", GRACE)
    called.shut_us_out()
    guild.attempt()
    assert (guild.row.paused, guild.row.pause_kind) == (True, "access")
    assert guild.row.paused_reason
    for _ in range(8):
        guild.attempt()
    _nothing_is_blamed()
    assert called.records() == []
    attempts = models.Attempt.objects.count()
    called.let_us_in()
    guild.deliver()  # asks who we are, and resumes
    guild.deliver()
    assert sorted(called.records()) == sorted([guild.told("7", ADA), guild.told("8", GRACE)])
    assert models.Attempt.objects.count() == attempts + 2
    assert guild.states() == {"delivered": 2}


def test_while_it_is_paused_it_is_asked_no_more_than_now_and_then(
    called: Called, guild_of: NEXT, settings: Settings
) -> None:
    settings.CEC_POLICY = {**AT_ONCE, "ask_again_s": 900.0}
    guild = guild_of(called)
    guild.earn("7", ADA)
    called.shut_us_out()
    guild.attempt()
    called.let_us_in()
    for _ in range(3):
        guild.attempt()
    assert called.records() == []
    assert resume(guild.row.pk)  # somebody who put the key right does not wait
    guild.deliver()
    assert called.records() == [guild.told("7", ADA)]


def test_a_200_that_shows_nothing_is_no_member_not_found(civicrm: Civicrm, guild_of: NEXT) -> None:
    guild = guild_of(civicrm)
    guild.earn("7", ADA)
    civicrm.shut_us_out()
    guild.attempt()
    attempt = models.Attempt.objects.get()
    assert (attempt.result, attempt.status) == ("configuration", 200)
    assert attempt.reason == "HTTP 200: it does not know who we are, and so shows us nothing"
    assert guild.row.paused_reason == attempt.reason


def test_credentials_that_are_lost_after_the_write_leave_one_record(
    civicrm: Civicrm, guild_of: NEXT
) -> None:
    """The write is done, the read after it shows nothing: not that it is not there."""
    guild = guild_of(civicrm)
    guild.earn("7", ADA)
    civicrm.emulation.befall("save", Fault.FORGOTTEN)
    guild.attempt()
    assert guild.row.paused
    assert civicrm.records() == [guild.told("7", ADA)]
    _nothing_is_blamed()
    civicrm.let_us_in()
    guild.deliver()
    guild.deliver()
    assert civicrm.records() == [guild.told("7", ADA)]
    assert guild.states() == {"delivered": 1}


def test_credentials_that_are_lost_when_it_is_taken_back_take_nothing_back_and_forget_nothing(
    called: Called, guild_of: NEXT
) -> None:
    guild = guild_of(called)
    guild.earn("7", ADA)
    guild.deliver()
    guild.withdraw("7")
    called.shut_us_out()
    guild.attempt()
    assert guild.row.paused
    assert [one.stands for one in called.records()] == [True]
    called.let_us_in()
    guild.deliver()
    guild.deliver()
    assert [one.stands for one in called.records()] == [False]


def test_a_registry_that_does_not_know_us_is_reconciled_with_nothing(
    called: Called, guild_of: NEXT
) -> None:
    """A list of none from it would have every credit missing, and told again."""
    guild = guild_of(called)
    guild.earn("7", ADA)
    guild.deliver()
    called.shut_us_out()
    assert guild.run("--repair") == 2
    assert models.Reconciliation.objects.get().counts == {}
    called.let_us_in()
    assert deliver_registry(guild.row.pk).sent == 0
    assert called.records() == [guild.told("7", ADA)]
