"""What changes after it was told: taken back, earned again, worth another amount, another member's."""

from collections.abc import Callable

import pytest

from cec_plugin import models
from tests.integration.whole.guild import Guild
from tests.integration.whole.place import ADA, GRACE, MARY, Called, Place, Record, standing

pytestmark = pytest.mark.django_db

NEXT = Callable[[Place], Guild]


def _told(guild: Guild) -> Record:
    """Let Ada's credit be told, and return it."""
    guild.earn("7", ADA)
    guild.deliver()
    (record,) = guild.place.records()
    return record


def _each_once(place: Place) -> None:
    """Say that no reference was ever used twice."""
    references = [one.reference for one in place.records()]
    assert len(references) == len(set(references))


def test_a_credit_that_is_taken_back_is_taken_back_there(place: Place, guild_of: NEXT) -> None:
    guild = guild_of(place)
    before = _told(guild)
    guild.withdraw("7")
    guild.deliver()
    (record,) = place.records()
    assert (record.reference, record.stands) == (before.reference, False)
    assert guild.states() == {"delivered": 2}


def test_one_that_is_earned_again_takes_a_new_reference_and_stands_once(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    _told(guild)
    for _ in range(2):
        guild.withdraw("7")
        guild.deliver()
        assert standing(place.records()) == []
        guild.earn_again("7")
        guild.deliver()
        assert standing(place.records()) == [(ADA, 1000)]
    assert len(place.records()) == 3
    _each_once(place)
    (again,) = [one for one in place.records() if one.stands]
    assert again == guild.told("7", ADA)


def test_taken_back_and_earned_again_before_anybody_delivers_comes_out_right(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    _told(guild)
    guild.withdraw("7")
    guild.earn_again("7")
    guild.withdraw("7")
    guild.earn_again("7")
    guild.deliver()
    assert standing(place.records()) == [(ADA, 1000)]
    assert len(place.records()) == 2  # the second award was void before anybody heard of it
    _each_once(place)


def test_a_taking_back_of_which_the_answer_was_lost_is_not_made_twice(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    _told(guild)
    guild.withdraw("7")
    place.lose_the_next_answer()
    guild.attempt()
    assert standing(place.records()) == []
    assert guild.states()["delivered"] == 1
    guild.deliver()
    assert [one.stands for one in place.records()] == [False]
    assert guild.states() == {"delivered": 2}


def test_an_award_that_follows_waits_until_the_taking_back_before_it_is_known(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    _told(guild)
    guild.withdraw("7")
    guild.earn_again("7")
    place.lose_the_next_answer()
    guild.attempt()
    assert standing(place.records()) == []
    again = guild.telling("7")
    assert (again.state, again.hold_code) == ("held", "predecessor")
    guild.deliver()
    assert standing(place.records()) == [(ADA, 1000)]
    _each_once(place)


def test_a_table_that_gives_another_amount_leaves_that_one_standing(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    _told(guild)
    guild.make_worth("12.5")
    guild.deliver()
    assert standing(place.records()) == [(ADA, 1250)]
    assert [one.hundredths for one in place.records()] == [1000, 1250]
    _each_once(place)


def test_an_amount_corrected_by_hand_is_the_one_that_stands(place: Place, guild_of: NEXT) -> None:
    guild = guild_of(place)
    _told(guild)
    guild.correct("7", hundredths=350)
    guild.deliver()
    guild.correct("7", hundredths=400)
    guild.deliver()
    assert standing(place.records()) == [(ADA, 400)]
    assert [one.stands for one in place.records()] == [False, False, True]
    _each_once(place)


def test_an_opening_balance_is_told_like_any_credit_and_corrected_like_one(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    guild.link_newcomer("7", ADA)
    guild.award("7", hundredths=2000)
    guild.deliver()
    assert place.records() == [guild.told("7", ADA, hundredths=2000)]
    guild.correct("7", hundredths=1500)
    guild.deliver()
    assert standing(place.records()) == [(ADA, 1500)]
    _each_once(place)


def test_an_amount_that_changes_while_the_first_answer_is_lost_stands_alone(
    place: Place, guild_of: NEXT
) -> None:
    guild = guild_of(place)
    guild.earn("7", ADA)
    place.lose_the_next_answer()
    guild.attempt()
    guild.make_worth("12")
    guild.deliver()
    assert standing(place.records()) == [(ADA, 1200)]
    _each_once(place)


class TestWrongNumber:
    def test_what_went_to_a_wrong_member_is_taken_back_there_and_stands_for_the_right_one(
        self, place: Place, guild_of: NEXT
    ) -> None:
        guild = guild_of(place)
        wrong = _told(guild)
        guild.link("7", GRACE)
        guild.deliver()
        assert place.records() == [
            Record(
                member=ADA, hundredths=1000, on=wrong.on, reference=wrong.reference, stands=False
            ),
            guild.told("7", GRACE),
        ]
        _each_once(place)
        guild.deliver()
        assert standing(place.records()) == [(GRACE, 1000)]

    def test_it_does_so_where_the_first_answer_was_lost(self, place: Place, guild_of: NEXT) -> None:
        guild = guild_of(place)
        guild.earn("7", ADA)
        place.lose_the_next_answer()
        guild.attempt()
        guild.link("7", GRACE)
        guild.deliver()
        assert standing(place.records()) == [(GRACE, 1000)]
        assert len(place.records()) == 2
        _each_once(place)

    def test_two_numbers_that_were_swapped_are_put_right_for_both(
        self, place: Place, guild_of: NEXT
    ) -> None:
        guild = guild_of(place)
        guild.earn("7", ADA)
        guild.earn("8", GRACE)
        guild.deliver()
        guild.link("7", MARY)
        guild.link("8", ADA)
        guild.link("7", GRACE)
        guild.deliver()
        assert standing(place.records()) == [(ADA, 1000), (GRACE, 1000)]
        assert guild.told("7", GRACE) in place.records()
        assert guild.told("8", ADA) in place.records()
        _each_once(place)

    def test_a_number_that_was_right_after_all_stands_once(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        _told(guild)
        guild.link("7", GRACE)
        guild.link("7", ADA)
        guild.deliver()
        assert called.records() == [guild.told("7", ADA)]
        assert models.Delivery.objects.exclude(state="void").count() == 1

    def test_taken_back_under_a_corrected_number_it_stands_for_nobody(
        self, place: Place, guild_of: NEXT
    ) -> None:
        guild = guild_of(place)
        _told(guild)
        guild.link("7", GRACE)
        guild.deliver()
        guild.withdraw("7")
        guild.deliver()
        assert standing(place.records()) == []
        assert len(place.records()) == 2
