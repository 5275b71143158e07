"""What only a person at the registry can put right: parked once, never written again, then found."""

from collections.abc import Callable

import pytest

from cec_plugin.services.requeue import requeue
from tests.emulations.civicrm.data import REFERENCE
from tests.emulations.civicrm.server import Fault
from tests.integration.whole.civicrm import AMOUNT, Civicrm
from tests.integration.whole.guild import Guild, now
from tests.integration.whole.place import ADA, Place

pytestmark = pytest.mark.django_db

NEXT = Callable[[Place], Guild]


def test_a_credit_that_stands_there_twice_waits_until_one_is_removed(
    civicrm: Civicrm, guild_of: NEXT
) -> None:
    """The answer is lost, and a call that went by itself a moment later wrote it once more."""
    guild = guild_of(civicrm)
    guild.earn("7", ADA)
    civicrm.lose_the_next_answer()
    guild.attempt()
    reference = guild.telling("7").reference
    civicrm.double(reference)
    guild.deliver()
    assert guild.telling("7").state == "parked"
    assert guild.telling("7").reason == "the registry has several records under our reference"
    assert guild.reconcile("--repair") == {"duplicate": [reference]}
    guild.deliver()
    assert len(civicrm.records()) == 2
    del civicrm.data.activities[max(civicrm.data.activities)]
    requeue([guild.telling("7").pk], now=now())
    guild.deliver()
    assert civicrm.records() == [guild.told("7", ADA)]
    assert guild.states() == {"delivered": 1}
    assert guild.reconcile() == {}


def test_a_write_that_lost_our_reference_is_not_repeated_and_found_once_it_has_it(
    civicrm: Civicrm, guild_of: NEXT
) -> None:
    guild = guild_of(civicrm)
    guild.row.ours_alone = True
    guild.row.save()
    guild.earn("7", ADA)
    civicrm.emulation.befall("save", Fault.LOST_REFERENCE)
    guild.deliver()
    assert guild.telling("7").state == "parked"
    assert "does not show it under our reference" in guild.telling("7").reason
    requeue([guild.telling("7").pk], now=now())
    guild.deliver()
    assert guild.telling("7").state == "parked"
    ((activity_id, _),) = civicrm.data.activities.items()
    assert guild.reconcile("--repair") == {"extra": [""]}
    reference = guild.telling("7").reference
    civicrm.data.write({REFERENCE: reference, AMOUNT: 10}, activity_id)
    requeue([guild.telling("7").pk], now=now())
    guild.deliver()
    assert civicrm.records() == [guild.told("7", ADA)]
    assert guild.reconcile() == {}
