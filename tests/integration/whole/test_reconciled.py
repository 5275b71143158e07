"""What registries hold against what we say: nothing where all went well, and just what was done."""

from collections.abc import Callable

import pytest

from cec_plugin import models
from cec_plugin.models.reconciliation import Reconciliation
from tests.integration.whole.board import Board
from tests.integration.whole.civicrm import Civicrm
from tests.integration.whole.guild import Guild
from tests.integration.whole.place import ADA, GRACE, MARY, Called, Place, standing

pytestmark = pytest.mark.django_db

NEXT = Callable[[Place], Guild]
STRANGER = "cec-ffffffffffffffffffffffffffffffff"
ALL = [(ADA, 1000), (GRACE, 1000), (MARY, 1000)]
UNDER_WAY, TO_A_PERSON = ("under_way", ""), ("refused", "person")


def _three(guild: Guild) -> dict[str, str]:
    """Let three people's credits be told; return their references by member."""
    for subject, number in (("7", ADA), ("8", GRACE), ("9", MARY)):
        guild.earn(subject, number)
    guild.deliver()
    return {one.member: one.reference for one in guild.place.records()}


def _mends(guild: Guild) -> None:
    """Say that the repair, once delivered, leaves nothing, and that a second one does nothing."""
    guild.deliver()
    assert guild.reconcile() == {}
    before = guild.place.records(), models.Delivery.objects.count(), models.Attempt.objects.count()
    assert guild.reconcile("--repair") == {}
    guild.deliver()
    after = guild.place.records(), models.Delivery.objects.count(), models.Attempt.objects.count()
    assert after == before


def test_after_all_that_can_happen_to_a_credit_nothing_differs(
    called: Called, guild_of: NEXT
) -> None:
    guild = guild_of(called)
    called.lose_the_next_answer()
    _three(guild)
    guild.withdraw("7")
    guild.deliver()
    called.lose_the_next_answer()
    guild.earn_again("7")
    guild.make_worth("12")
    guild.deliver()
    guild.link("8", "M-1002-not")
    guild.link("8", GRACE)
    guild.correct("9", hundredths=300)
    guild.deliver()
    assert guild.reconcile() == {}
    assert Reconciliation.objects.get().way == "listed"
    assert standing(called.records()) == [(ADA, 1200), (GRACE, 1200), (MARY, 300)]


class TestMeddledWith:
    def test_a_credit_that_was_removed_is_missing_and_told_again_once(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        told = _three(guild)
        called.remove(told[GRACE])
        assert guild.reconcile("--repair") == {"missing": [told[GRACE]]}
        assert guild.repairs() == {"missing": UNDER_WAY}
        guild.deliver()
        assert standing(called.records()) == ALL
        assert {one.reference for one in called.records()} == set(told.values())
        _mends(guild)

    def test_a_credit_whose_amount_was_changed_is_different_and_told_anew(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        told = _three(guild)
        called.change(told[GRACE], hundredths=300)
        assert guild.reconcile("--repair") == {"different": [told[GRACE]]}
        difference = models.Difference.objects.get()
        assert (difference.ours_hundredths, difference.theirs_hundredths) == (1000, 300)
        assert guild.repairs() == {"different": UNDER_WAY}
        guild.deliver()
        assert standing(called.records()) == ALL
        assert [one.stands for one in called.records() if one.reference == told[GRACE]] == [False]
        _mends(guild)

    def test_a_credit_that_was_taken_back_there_is_told_under_a_new_reference(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        told = _three(guild)
        called.take_back(told[GRACE])
        assert guild.reconcile("--repair") == {"reversed_there": [told[GRACE]]}
        guild.deliver()
        assert standing(called.records()) == ALL
        assert guild.telling("8").reference != told[GRACE]
        _mends(guild)

    def test_a_credit_that_was_opened_again_there_is_taken_back_again(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        told = _three(guild)
        guild.withdraw("8")
        guild.deliver()
        called.reopen(told[GRACE])
        assert guild.reconcile("--repair") == {"standing_there": [told[GRACE]]}
        guild.deliver()
        assert standing(called.records()) == [(ADA, 1000), (MARY, 1000)]
        _mends(guild)

    def test_a_credit_that_is_there_twice_is_told_and_left_to_a_person(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        told = _three(guild)
        called.double(told[GRACE])
        there = called.records()
        assert len(there) == 4
        assert guild.reconcile("--repair") == {"duplicate": [told[GRACE]]}
        assert len(models.Difference.objects.get().remote_ids) == 2
        assert guild.repairs() == {"duplicate": TO_A_PERSON}
        guild.deliver()
        assert called.records() == there

    def test_a_credit_of_somebody_else_under_a_reference_like_ours_is_extra_and_left(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        _three(guild)
        called.enter(STRANGER, GRACE)
        there = called.records()
        assert guild.reconcile("--repair") == {"extra": [STRANGER]}
        assert guild.repairs() == {"extra": TO_A_PERSON}
        guild.deliver()
        assert called.records() == there

    def test_all_of_it_at_once_is_told_apart_and_what_can_be_is_mended(
        self, called: Called, guild_of: NEXT
    ) -> None:
        guild = guild_of(called)
        told = _three(guild)
        called.remove(told[ADA])
        called.change(told[GRACE], hundredths=300)
        called.double(told[MARY])
        called.enter(STRANGER, ADA)
        found = {
            "missing": [told[ADA]],
            "different": [told[GRACE]],
            "duplicate": [told[MARY]],
            "extra": [STRANGER],
        }
        assert guild.reconcile() == found
        guild.deliver()
        assert guild.reconcile("--repair") == found  # a report alone changes nothing
        guild.deliver()
        left = {"duplicate": [told[MARY]], "extra": [STRANGER]}
        assert guild.reconcile("--repair") == left
        guild.deliver()
        assert guild.reconcile() == left
        assert standing(called.records()) == sorted([*ALL, (MARY, 1000), (ADA, 300)])


def test_a_credit_that_lost_our_reference_is_told_of_and_not_sent_again(
    civicrm: Civicrm, guild_of: NEXT
) -> None:
    guild = guild_of(civicrm)
    told = _three(guild)
    civicrm.lose_the_reference_of(told[GRACE])
    assert guild.reconcile("--repair") == {"lost": [told[GRACE]]}
    assert guild.repairs() == {"lost": TO_A_PERSON}
    guild.deliver()
    assert len(civicrm.data.rows("Activity")) == 3


def test_a_credit_in_the_trash_counts_as_taken_back_and_is_told_under_a_new_reference(
    civicrm: Civicrm, guild_of: NEXT
) -> None:
    guild = guild_of(civicrm)
    told = _three(guild)
    civicrm.put_into_the_trash(told[GRACE])
    assert guild.reconcile("--repair") == {"reversed_there": [told[GRACE]]}
    guild.deliver()
    assert standing(civicrm.records()) == ALL
    _mends(guild)


def test_a_body_that_takes_files_can_only_be_compared_by_its_receipts(guild_of: NEXT) -> None:
    """It neither lists nor is asked, and whoever reconciles is told so."""
    guild = guild_of(Board())
    _three(guild)
    assert guild.run("--repair") == 2
    report = Reconciliation.objects.get()
    assert (report.outcome, report.counts) == ("unable", {})
    assert report.reason == ("the registry neither lists what it holds nor finds it by reference")
    assert standing(guild.place.records()) == ALL
