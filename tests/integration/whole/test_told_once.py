"""A credit is in a registry's own data exactly once, whatever became of the answer."""

from collections.abc import Callable

import pytest

from cec_plugin import models
from tests.integration.whole.between import Mishap
from tests.integration.whole.guild import Guild
from tests.integration.whole.place import ADA, GRACE, MARY, Called, Place

pytestmark = pytest.mark.django_db

NEXT = Callable[[Place], Guild]


def _results() -> list[str]:
    return list(models.Attempt.objects.order_by("pk").values_list("result", flat=True))


def test_a_credit_is_there_once_with_amount_date_member_and_reference(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    guild.make_worth("7.25")
    guild.earn("7", ADA)
    guild.deliver()
    assert place.records() == [guild.told("7", ADA, hundredths=725)]
    delivery = models.Delivery.objects.get()
    assert (delivery.state, delivery.presence, delivery.failures) == ("delivered", "present", 0)
    assert delivery.remote_id
    guild.deliver()
    assert place.records() == [guild.told("7", ADA, hundredths=725)]


def test_several_go_together_and_each_is_there_once(called: Called, guild_of: NEXT) -> None:
    guild = guild_of(called)
    guild.earn("7", ADA)
    guild.earn("8", GRACE)
    guild.earn("9", MARY)
    guild.deliver()
    assert len(called.between.writes) == 1
    told = [guild.told("7", ADA), guild.told("8", GRACE), guild.told("9", MARY)]
    assert sorted(called.records()) == sorted(told)


def test_what_was_taken_while_the_answer_was_lost_is_found_and_not_sent_again(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    guild.earn("7", ADA)
    guild.earn("8", GRACE)
    place.lose_the_next_answer()
    guild.attempt()
    there = place.records()
    assert sorted(there) == sorted([guild.told("7", ADA), guild.told("8", GRACE)])
    assert guild.states()["delivered"] == 0
    guild.deliver()
    assert place.records() == there
    assert guild.states() == {"delivered": 2}


@pytest.mark.parametrize("mishap", [Mishap.CUT_OFF, Mishap.SILENCE, Mishap.OPAQUE, Mishap.GATEWAY])
def test_however_the_answer_is_lost_one_look_finds_what_was_written(
    called: Called, guild_of: NEXT, mishap: Mishap
) -> None:
    guild = guild_of(called)
    if mishap is Mishap.SILENCE:
        guild.row.timeout_s = 1
        guild.row.save()
    guild.earn("7", ADA)
    called.between.mishaps.append(mishap)
    guild.attempt()
    assert called.records() == [guild.told("7", ADA)]
    guild.attempt()
    assert called.records() == [guild.told("7", ADA)]
    delivery = models.Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("delivered", "")
    assert _results() == ["ambiguous", "delivered"]
    assert models.Attempt.objects.latest("pk").reason == "found in place"
    assert len(called.between.writes) == 1


def test_what_never_got_there_is_looked_for_and_then_written_once(
    called: Called, guild_of: NEXT
) -> None:
    guild = guild_of(called)
    guild.earn("7", ADA)
    called.between.mishaps.append(Mishap.NEVER_THERE)
    guild.attempt()
    assert called.records() == []
    guild.deliver()
    assert called.records() == [guild.told("7", ADA)]
    assert _results() == ["ambiguous", "delivered"]


def test_a_credit_withdrawn_while_nobody_knows_whether_it_is_there_ends_taken_back(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    guild.earn("7", ADA)
    place.lose_the_next_answer()
    guild.attempt()
    guild.withdraw("7")
    guild.deliver()
    (record,) = place.records()
    assert (record.member, record.stands) == (ADA, False)
    assert guild.states() == {"delivered": 2}


def test_a_credit_withdrawn_before_anybody_heard_of_it_is_never_told(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    guild.earn("7", ADA)
    guild.withdraw("7")
    guild.deliver()
    assert place.records() == []
    assert guild.states() == {"void": 2}


def test_a_credit_waits_for_a_number_and_goes_out_once_there_is_one(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    guild.finish("7")
    guild.deliver()
    assert place.records() == []
    assert models.Delivery.objects.get().hold_code == "no_member_number"
    guild.link("7", ADA)
    guild.deliver()
    assert place.records() == [guild.told("7", ADA)]
