"""Credit by hand: awarded, corrected, taken back and released, with a second person above a limit."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.basis import replay
from cec_plugin.domain.delivery import Result
from cec_plugin.models.adjustments import Adjustment
from cec_plugin.selectors.progress import standings
from cec_plugin.services import adjust, prepare
from cec_plugin.services.adjust import AdjustmentError, SecondPersonError
from cec_plugin.services.authorize import NotAnsweringError, OwnCreditError
from cec_plugin.services.settle_by_hand import settle_by_hand
from cec_plugin.services.sweep import settle_due
from tests import factories
from tests.factories import NOW
from tests.threads import together

ETHICS = "course-v1:CPC+Ethics+2026"
LEARNER = "900007"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OFFICER = Actor(name="omar", subject="900008", everywhere=True)
SECOND = Actor(name="sara", subject="900009", everywhere=True)

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guild() -> models.Organization:
    """Make an organization that gave a learner 10 hours."""
    guild = factories.organization(time_zone="America/Vancouver")
    factories.table(guild, [factories.rule(ETHICS, "10")])
    factories.finish(LEARNER, ETHICS, T0)
    factories.settle(LEARNER)
    return guild


def _settle() -> None:
    settle_due(platform=factories.SmallPlatform(), now=NOW)


def _ledger() -> list[tuple[str, int]]:
    return list(models.CreditEntry.objects.order_by("pk").values_list("kind", "hundredths"))


def _standing() -> models.CreditEntry:
    entries = models.CreditEntry.objects.filter(reversed_by__isnull=True)
    return entries.exclude(kind="reversal").get()


def _correct(hundredths: int = 1250, **said: Any) -> Adjustment:
    entry_id = said.pop("entry_id", None) or _standing().pk
    given = {"reason": "two evenings more", "by": OFFICER, "now": NOW, **said}
    return adjust.correct(entry_id=entry_id, hundredths=hundredths, **given)


def _award(guild: models.Organization, hundredths: int = 500, **said: Any) -> Adjustment:
    given = {"reason": "opening balance", "by": OFFICER, "now": NOW, **said}
    return adjust.award(
        person_id=factories.person_of(LEARNER),
        organization_id=guild.pk,
        hundredths=hundredths,
        earned_on=date(2025, 12, 31),
        **given,
    )


def test_a_correction_takes_back_and_awards_anew_in_one_step(guild: models.Organization) -> None:
    made = _correct()
    assert (made.outcome, made.decided_by) == ("applied", "omar")
    _settle()
    assert _ledger() == [("award", 1000), ("reversal", -1000), ("award", 1250)]
    recorded = set(
        models.CreditEntry.objects.order_by("-pk").values_list("recorded_at", flat=True)[:2]
    )
    assert recorded == {NOW}
    entry = _standing()
    assert entry.earned_at == T0
    assert replay(entry.basis) == 1250
    assert entry.basis[-1] == {
        "step": "by_hand",
        "adjustment": made.pk,
        "on": "2026-11-20",
        "hundredths": 1250,
    }
    reversal = models.CreditEntry.objects.get(kind="reversal")
    assert reversal.basis[0]["reason"] == "by_hand"


def test_what_was_corrected_stays_so_whatever_the_table_says_later(
    guild: models.Organization,
) -> None:
    _correct()
    _settle()
    factories.table(guild, [factories.rule(ETHICS, "99")])
    _settle()
    assert _standing().hundredths == 1250
    factories.table(guild, [factories.rule("course-v1:CPC+Other+2026", "1")])
    _settle()
    assert _standing().hundredths == 1250


def test_what_was_corrected_ends_with_the_completion(guild: models.Organization) -> None:
    _correct()
    _settle()
    factories.withdraw(LEARNER, ETHICS, T0 + timedelta(days=30))
    factories.settle(LEARNER)
    assert sum(hundredths for _, hundredths in _ledger()) == 0
    factories.finish(LEARNER, ETHICS, T0 + timedelta(days=60))
    factories.settle(LEARNER)
    assert _standing().hundredths == 1250


def test_a_reversal_by_hand_is_not_undone_by_settling_and_a_release_lets_the_table_decide(
    guild: models.Organization,
) -> None:
    entry = _standing()
    adjust.reverse(entry_id=entry.pk, reason="not attended", by=OFFICER, now=NOW)
    _settle()
    factories.settle(LEARNER)
    assert _ledger() == [("award", 1000), ("reversal", -1000)]
    assert models.Refusal.objects.get().code == RefusalCode.BY_HAND
    adjust.release(entry_id=entry.pk, reason="a mistake", by=OFFICER, now=NOW)
    _settle()
    assert _ledger()[2:] == [("award", 1000)]
    assert not models.Refusal.objects.exists()
    with pytest.raises(AdjustmentError, match="the table decides already"):
        adjust.release(entry_id=entry.pk, reason="again", by=OFFICER, now=NOW)


def test_an_award_by_hand_is_dated_where_the_organization_is(guild: models.Organization) -> None:
    activity = models.Activity.objects.get()
    _award(guild, activity_id=activity.pk)
    entry = models.CreditEntry.objects.get(kind="adjustment")
    assert entry.hundredths == replay(entry.basis) == 500
    assert entry.earned_at == datetime(2025, 12, 31, 20, 0, tzinfo=UTC)
    assert entry.activity == activity
    designation = models.Designation.objects.create(
        organization=guild, code="x", name="X", cycle="none", target_hundredths=100
    )
    tag = models.Tag.objects.create(organization=guild, code="ethics", label="Ethics")
    tag.activities.add(activity)
    designation.requirements.create(kind="minimum", code="m", hundredths=1, tags=["ethics"])
    models.Holding.objects.create(
        person_id=factories.person_of(LEARNER), designation=designation, conferred_on=T0.date()
    )
    (standing,) = standings(factories.person_of(LEARNER), on=NOW.date())
    assert [check.have for check in standing.cycles[-1].checks] == [1500, 1500]


def test_an_award_by_hand_can_be_corrected_and_taken_back(guild: models.Organization) -> None:
    _award(guild)
    entry = models.CreditEntry.objects.get(kind="adjustment")
    _correct(700, entry_id=entry.pk)
    last = models.CreditEntry.objects.filter(kind="adjustment").latest("pk")
    adjust.reverse(entry_id=last.pk, reason="again", by=OFFICER, now=NOW)
    assert _ledger()[1:] == [
        ("adjustment", 500),
        ("reversal", -500),
        ("adjustment", 700),
        ("reversal", -700),
    ]
    assert last.earned_at == entry.earned_at
    assert last.activity == entry.activity


def test_the_registry_hears_of_each_step_once_and_in_order(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    factories.link(LEARNER, guild, "A-1")
    activity = models.Activity.objects.get()
    _award(guild, activity_id=activity.pk)
    entry = models.CreditEntry.objects.get(kind="adjustment")
    assert factories.answer(registry, Result.DELIVERED) == 1
    _correct(700, entry_id=entry.pk)
    states = models.Delivery.objects.order_by("pk").values_list("state", "hold_code")
    assert list(states) == [("delivered", ""), ("pending", ""), ("held", "predecessor")]
    factories.answer(registry, Result.DELIVERED)
    factories.answer(registry, Result.DELIVERED)
    assert set(models.Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert len(set(models.Delivery.objects.values_list("reference", flat=True))) == 3


def test_an_award_by_hand_that_the_registry_has_not_got_holds_up_neither_its_reversal_nor_the_next(
    guild: models.Organization,
) -> None:
    registry = factories.registry(guild)
    factories.link(LEARNER, guild, "A-1")
    _award(guild)
    entry = models.CreditEntry.objects.get(kind="adjustment")
    assert factories.answer(registry, Result.CONFLICT) == 1
    _correct(700, entry_id=entry.pk)
    settle_by_hand(models.Delivery.objects.get(entry=entry).pk, done=False, by="omar", now=NOW)
    states = models.Delivery.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["void", "void", "pending"]


@pytest.mark.parametrize("hundredths", [0, -100])
def test_nothing_is_no_award_and_no_correction(guild: models.Organization, hundredths: int) -> None:
    with pytest.raises(AdjustmentError, match="above zero"):
        _award(guild, hundredths)
    with pytest.raises(AdjustmentError, match="above zero"):
        _correct(hundredths)


def test_a_reason_is_asked_for_and_the_same_amount_is_none(guild: models.Organization) -> None:
    with pytest.raises(AdjustmentError, match="a reason is missing"):
        _award(guild, reason="  ")
    with pytest.raises(AdjustmentError, match="the credit is 10 already"):
        _correct(1000)
    assert not Adjustment.objects.exists()


def test_what_does_not_stand_cannot_be_corrected(guild: models.Organization) -> None:
    entry = _standing()
    factories.withdraw(LEARNER, ETHICS, T0 + timedelta(days=30))
    factories.settle(LEARNER)
    with pytest.raises(AdjustmentError, match="does not stand"):
        _correct(entry_id=entry.pk)
    reversal = models.CreditEntry.objects.get(kind="reversal")
    with pytest.raises(AdjustmentError, match="does not stand"):
        adjust.reverse(entry_id=reversal.pk, reason="x", by=OFFICER, now=NOW)


def test_nobody_adjusts_their_own_nor_where_they_do_not_answer(guild: models.Organization) -> None:
    own = Actor(name="learner", subject=LEARNER, everywhere=True)
    with pytest.raises(OwnCreditError):
        _award(guild, by=own)
    with pytest.raises(OwnCreditError):
        _correct(by=own)
    stranger = Actor(name="other", subject="900010")
    with pytest.raises(NotAnsweringError):
        _award(guild, by=stranger)
    with pytest.raises(NotAnsweringError):
        _correct(by=stranger)
    assert _ledger() == [("award", 1000)]


def test_above_the_limit_a_second_person_decides(guild: models.Organization, settings: Any) -> None:
    settings.CEC_SECOND_PERSON_ABOVE = "2"
    assert _correct(1200).outcome == "applied"  # by 2 is not above 2
    _settle()
    made = _correct(1500)
    assert made.outcome == ""
    _settle()
    assert _standing().hundredths == 1200
    with pytest.raises(SecondPersonError):
        adjust.decide(made.pk, approved=True, by=OFFICER, now=NOW)
    own = Actor(name="learner", subject=LEARNER, everywhere=True)
    with pytest.raises(OwnCreditError):
        adjust.decide(made.pk, approved=True, by=own, now=NOW)
    stranger = Actor(name="other", subject="900010")
    with pytest.raises(NotAnsweringError):
        adjust.decide(made.pk, approved=True, by=stranger, now=NOW)
    adjust.decide(made.pk, approved=True, by=SECOND, now=NOW)
    _settle()
    assert _standing().hundredths == 1500


@pytest.mark.parametrize("through", ["first", "last"])
def test_a_release_takes_a_second_person_by_what_the_table_gave_whichever_entry_it_is_asked_on(
    guild: models.Organization, settings: Any, through: str
) -> None:
    first = _standing()
    _correct(100)
    _settle()
    settings.CEC_SECOND_PERSON_ABOVE = "2"
    entry = first if through == "first" else _standing()
    made = adjust.release(entry_id=entry.pk, reason="a mistake", by=OFFICER, now=NOW)
    assert made.outcome == ""
    _settle()
    assert _standing().hundredths == 100
    adjust.decide(made.pk, approved=True, by=SECOND, now=NOW)
    _settle()
    assert _standing().hundredths == 1000


def test_the_second_person_is_not_the_first_by_another_account(
    guild: models.Organization, settings: Any
) -> None:
    settings.CEC_SECOND_PERSON_ABOVE = 0
    first, second = (
        prepare.identity(site=settings.CEC_SITE, subject=one.subject) for one in (OFFICER, SECOND)
    )
    models.Identity.objects.filter(pk=second.pk).update(person=first.person)
    made = _correct()
    with pytest.raises(SecondPersonError):
        adjust.decide(made.pk, approved=True, by=SECOND, now=NOW)
    assert Adjustment.objects.get().outcome == ""


def test_what_the_second_person_declines_is_not_done(
    guild: models.Organization, settings: Any
) -> None:
    settings.CEC_SECOND_PERSON_ABOVE = 0
    made = _award(guild)
    adjust.decide(made.pk, approved=False, by=SECOND, now=NOW)
    with pytest.raises(AdjustmentError, match="sara decided already"):
        adjust.decide(made.pk, approved=True, by=SECOND, now=NOW)
    assert _ledger() == [("award", 1000)]


def test_what_waits_while_the_credit_ends_cannot_be_approved_any_more(
    guild: models.Organization, settings: Any
) -> None:
    settings.CEC_SECOND_PERSON_ABOVE = 0
    made = _correct()
    factories.withdraw(LEARNER, ETHICS, T0 + timedelta(days=30))
    factories.settle(LEARNER)
    with pytest.raises(AdjustmentError, match="meanwhile"):
        adjust.decide(made.pk, approved=True, by=SECOND, now=NOW)
    made.refresh_from_db()
    assert made.outcome == ""
    adjust.decide(made.pk, approved=False, by=SECOND, now=NOW)


@pytest.mark.concurrency
def test_of_two_who_decide_or_correct_at_once_one_wins_and_the_other_is_told(
    guild: models.Organization, settings: Any
) -> None:
    entry_id = _standing().pk

    def correct(number: int) -> str:
        try:
            _correct(1100 + number, entry_id=entry_id)
        except AdjustmentError as error:
            return str(error)
        return ""

    said = together([partial(correct, number) for number in range(3)])
    assert sorted(map(bool, said)) == [False, True, True]
    _settle()
    assert len(_ledger()) == 3
    settings.CEC_SECOND_PERSON_ABOVE = 0
    made = _correct(3000)

    def decide(number: int) -> str:
        by = Actor(name=f"officer-{number}", subject=str(900_020 + number), everywhere=True)
        try:
            adjust.decide(made.pk, approved=bool(number % 2), by=by, now=NOW)
        except AdjustmentError as error:
            return str(error)
        return ""

    said = together([partial(decide, number) for number in range(3)])
    assert sorted(map(bool, said)) == [False, True, True]
