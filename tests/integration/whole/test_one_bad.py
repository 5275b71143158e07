"""One record that a registry will not take: it alone waits or is parked, and all others are there."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.services.requeue import requeue
from cec_plugin.services.sweep import look_again
from tests.emulations.civicrm.actions import Role
from tests.emulations.civicrm.schema import contact
from tests.emulations.civicrm.server import KEY
from tests.integration.whole.board import Board
from tests.integration.whole.civicrm import Civicrm
from tests.integration.whole.guild import AT_ONCE, Guild, now
from tests.integration.whole.place import ADA, GRACE, MARY, NOBODY, Called, Place, Record
from tests.integration.whole.ralph import Ralph

pytestmark = pytest.mark.django_db

NEXT = Callable[[Place], Guild]


def _earn_all(guild: Guild, *, last: str = MARY) -> list[Record]:
    """Let three people earn credit, the last under a number of the test; return the others'."""
    guild.earn("7", ADA)
    guild.earn("8", GRACE)
    guild.earn("9", last)
    return sorted([guild.told("7", ADA), guild.told("8", GRACE)])


def test_a_member_whom_it_does_not_know_holds_back_nobody_else(
    civicrm: Civicrm, guild_of: NEXT
) -> None:
    guild = guild_of(civicrm)
    others = _earn_all(guild, last=NOBODY)
    guild.deliver()
    assert sorted(civicrm.records()) == others
    bad = guild.telling("9")
    assert (bad.state, bad.hold_code, bad.failures) == ("held", "member_unknown", 0)
    assert guild.states() == {"delivered": 2, "held": 1}


def test_a_member_whom_it_knows_a_day_later_gets_the_credit_then(
    civicrm: Civicrm, guild_of: NEXT, settings: Settings
) -> None:
    settings.CEC_POLICY = {**AT_ONCE, "member_wait_s": 0.0}
    guild = guild_of(civicrm)
    others = _earn_all(guild, last=NOBODY)
    guild.deliver()
    civicrm.data.contacts[9] = contact(9, "Emmy", "Noether", NOBODY)
    assert look_again(now=now()) == 1
    guild.deliver()
    assert sorted(civicrm.records()) == sorted([*others, guild.told("9", NOBODY)])


@pytest.mark.parametrize("told", [True, False], ids=["named", "opaque"])
def test_a_record_that_fails_the_whole_call_is_parked_alone(
    civicrm: Civicrm, guild_of: NEXT, *, told: bool
) -> None:
    """The contact vanishes after the look: the call is rolled back, and only some roles hear why."""
    civicrm.emulation.roles[KEY] = Role(contact_id=3, told=told)
    guild = guild_of(civicrm)
    others = _earn_all(guild)
    civicrm.data.gone.add(6)
    guild.deliver()
    assert sorted(civicrm.records()) == others
    bad = guild.telling("9")
    assert (bad.state, bad.presence) == ("parked", "absent" if told else "unknown")
    assert guild.states() == {"delivered": 2, "parked": 1}
    guild.row.refresh_from_db()
    assert not guild.row.paused


def test_a_500_without_a_word_is_asked_about_and_the_bad_one_parked_alone(
    called: Called, guild_of: NEXT
) -> None:
    guild = guild_of(called)
    others = _earn_all(guild)
    called.between.refuses = guild.telling("9").reference
    guild.deliver()
    assert sorted(called.records()) == others
    bad = guild.telling("9")
    assert (bad.state, bad.failures) == ("parked", 6)
    assert guild.states() == {"delivered": 2, "parked": 1}


def test_what_was_parked_is_sent_again_once_it_can_be_taken(called: Called, guild_of: NEXT) -> None:
    guild = guild_of(called)
    others = _earn_all(guild)
    called.between.refuses = guild.telling("9").reference
    guild.deliver()
    called.between.refuses = ""
    assert requeue([guild.telling("9").pk], now=now()) == 1
    guild.deliver()
    assert sorted(called.records()) == sorted([*others, guild.told("9", MARY)])
    assert guild.states() == {"delivered": 3}


def test_a_batch_in_which_one_id_is_taken_by_other_content_leaves_the_others_there(
    store: Ralph, guild_of: NEXT
) -> None:
    """A store that has one id already, with other content, refuses the whole batch with a 409."""
    guild = guild_of(store)
    others = _earn_all(guild)
    store.occupy(guild.telling("9").reference, MARY)
    guild.deliver()
    assert sorted(one for one in store.records() if one.member != MARY) == others
    bad = guild.telling("9")
    assert (bad.state, bad.reason) == (
        "parked",
        "the registry has another amount under our reference",
    )
    assert guild.states() == {"delivered": 2, "parked": 1}


def test_a_line_that_the_body_rejects_is_parked_in_its_words(guild_of: NEXT) -> None:
    guild = guild_of(board := Board())
    others = _earn_all(guild, last=NOBODY)
    guild.deliver()
    assert sorted(board.records()) == others
    bad = guild.telling("9")
    assert bad.state == "parked"
    assert bad.reason == "rejected in roster file 1: no such licence"
    # Under a number that the body knows it goes into the next file, and is there once.
    guild.link("9", MARY)
    requeue([bad.pk], now=now())
    guild.deliver()
    assert sorted(board.records()) == sorted([*others, guild.told("9", MARY)])
    assert models.RosterFile.objects.count() == 2
