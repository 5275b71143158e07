"""Two accounts of one person made one and two again: the ledger and the registry's own data.

Each credit counts once, on the account of whoever it belongs to, under their number.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.basis import replay
from cec_plugin.domain.delivery import State
from cec_plugin.domain.keys import digest, identity_key
from cec_plugin.domain.posting import ReversalReason
from cec_plugin.models.outbox import HoldCode
from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.selectors.transcript import transcript
from cec_plugin.services import adjust, prepare
from cec_plugin.services.activate import activate, mark_concerned
from cec_plugin.services.adjust import AdjustmentError
from cec_plugin.services.authorize import NotAnsweringError, OwnCreditError
from cec_plugin.services.export import export
from cec_plugin.services.link import unlink
from cec_plugin.services.merge import MergeError, merge, unmerge
from cec_plugin.services.settle import settle_identities, settle_people
from cec_plugin.services.sweep import settle_due, sweep
from tests import factories
from tests.events import ETHICS
from tests.integration.test_by_hand import OFFICER, SECOND
from tests.threads import together

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OTHER = "course-v1:CPC+Theory+2026"
THIRD = "course-v1:CPC+Practice+2026"
PATIENT = {"base_s": 0.0, "cap_s": 0.0, "grace_s": 0.0, "member_wait_s": 0.0}
KEPT, GONE = "7", "8"

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def guild() -> models.Organization:
    """Make an organization that credits Ethics, finished by one account, and Theory, by another."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10"), factories.rule(OTHER, "5")])
    factories.finish(KEPT, ETHICS, T0)
    factories.finish(GONE, OTHER, T0 + HOUR)
    for subject in (KEPT, GONE):
        factories.settle(subject)
    return guild


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    members = [Member(number=f"M-{number}", name="Ada Byron") for number in (KEPT, GONE, "9")]
    with running_sandbox(members=members) as sandbox:
        yield sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    return sandbox.control


@pytest.fixture
def registry(guild: models.Organization, sandbox: Sandbox, settings: Settings) -> models.Registry:
    """Let the sandbox keep the organization's records; nobody is linked, nothing sent."""
    settings.CEC_SECRETS = {"guild": {"key": "sandbox-key"}}
    settings.CEC_POLICY = PATIENT
    registry = factories.registry(guild)
    registry.base_url = sandbox.url
    registry.calls_per_minute = 60_000_000
    registry.save()
    return registry


def _now() -> datetime:
    return datetime.now(UTC)


def _person(subject: str) -> int:
    return factories.person_of(subject)


def _merge(keep: int, gone: int, *, by: Actor = OFFICER, settled: bool = True) -> models.Merge:
    made = merge(keep_id=keep, merged_id=gone, by=by, now=_now())
    if settled:
        _settle()
    return made


def _undo(made: models.Merge, *, by: Actor = OFFICER) -> None:
    unmerge(made.pk, by=by, now=_now())
    _settle()


def _settle() -> None:
    settle_due(platform=factories.SmallPlatform(), now=_now())


def _standing(person_id: int) -> list[tuple[str, int]]:
    """Return what stands for a person: participation's activity and hundredths."""
    rows = models.CreditEntry.objects.filter(
        account__person_id=person_id, reverses__isnull=True, reversed_by__isnull=True
    ).select_related("participation__activity", "adjustment__activity")
    return sorted((str(one.activity.key if one.activity else ""), one.hundredths) for one in rows)


def _balance(person_id: int) -> int:
    rows = models.CreditEntry.objects.filter(account__person_id=person_id)
    return rows.aggregate(Sum("hundredths"))["hundredths__sum"] or 0


def _deliver(times: int = 6) -> None:
    for registry in models.Registry.objects.all():
        for _ in range(times):
            deliver_registry(registry.pk)


def _active(control: Control) -> list[tuple[str, str]]:
    """Return what counts in the registry: member and activity."""
    return sorted(
        (one.member_number, one.activity_code)
        for one in control.data().credits
        if one.state.value == "active"
    )


class TestMerged:
    def test_all_credit_stands_on_the_account_kept_and_none_on_the_other(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _merge(kept, gone)
        assert _standing(kept) == [(ETHICS, 1000), (OTHER, 500)]
        assert (_balance(kept), _balance(gone)) == (1500, 0)
        assert _person(GONE) == kept
        reversal = models.CreditEntry.objects.get(kind="reversal")
        assert reversal.account.person_id == gone
        assert reversal.basis[0]["reason"] == ReversalReason.MERGED
        award = models.CreditEntry.objects.latest("pk")
        assert (award.account.person_id, award.generation) == (kept, 1)
        assert award.earned_at == T0 + HOUR
        assert replay(award.basis) == 500

    def test_the_taking_back_and_the_new_award_are_one_transaction(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _merge(kept, gone, settled=False)
        assert (_balance(kept), _balance(gone)) == (1000, 500)
        assert settle_people([kept], platform=factories.SmallPlatform(), now=_now()) == 2
        assert (_balance(kept), _balance(gone)) == (1500, 0)

    def test_the_sweep_finishes_what_was_cut_off_before_anybody_was_settled(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _merge(kept, gone, settled=False)
        sweep(platform=factories.SmallPlatform(), now=_now())
        assert (_balance(kept), _balance(gone)) == (1500, 0)

    def test_settling_again_changes_nothing(self, guild: models.Organization) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _merge(kept, gone)
        count = models.CreditEntry.objects.count()
        models.Participation.objects.update(settle_at=_now())
        _settle()
        assert settle_people([kept, gone], platform=factories.SmallPlatform(), now=_now()) == 0
        assert models.CreditEntry.objects.count() == count

    def test_what_both_finished_counts_once_as_if_one_had(self, guild: models.Organization) -> None:
        _table(guild, hours=10, repeat="once")
        factories.finish(GONE, ETHICS, T0 + 2 * HOUR)
        _settle()
        factories.settle(GONE)
        kept, gone = _person(KEPT), _person(GONE)
        assert (_balance(kept), _balance(gone)) == (1000, 2000)
        made = _merge(kept, gone)
        assert _standing(kept) == [(ETHICS, 1000), (OTHER, 1000)]
        assert models.Refusal.objects.get().code == "repeated"
        _undo(made)
        assert (_balance(kept), _balance(gone)) == (1000, 2000)
        assert not models.Refusal.objects.exists()

    def test_what_is_heard_afterwards_is_the_kept_persons(self, guild: models.Organization) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _merge(kept, gone)
        factories.withdraw(GONE, OTHER, T0 + 3 * HOUR)
        factories.settle(GONE)
        assert _standing(kept) == [(ETHICS, 1000)]
        factories.finish(GONE, OTHER, T0 + 4 * HOUR)
        factories.settle(GONE)
        assert _standing(kept) == [(ETHICS, 1000), (OTHER, 500)]
        assert _balance(gone) == 0

    def test_what_was_withdrawn_before_anybody_settled_the_merge_is_taken_back_once(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _merge(kept, gone, settled=False)
        factories.withdraw(GONE, OTHER, T0 + 3 * HOUR)
        factories.settle(GONE)
        assert (_balance(kept), _balance(gone)) == (1000, 0)
        reasons = [
            one.basis[0]["reason"] for one in models.CreditEntry.objects.filter(kind="reversal")
        ]
        assert reasons == ["withdrawn"]

    def test_the_page_of_the_person_kept_shows_all_of_it(self, guild: models.Organization) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _merge(kept, gone)
        assert [one.hundredths for one in transcript(kept, now=_now()).credits] == [500, 1000]
        (_, reversal) = sorted(
            transcript(gone, now=_now()).credits, key=lambda one: one.hundredths, reverse=True
        )
        assert reversal.reason is ReversalReason.MERGED

    def test_services_holdings_words_and_exemptions_move_where_the_other_has_none(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        shared, own = (
            models.Designation.objects.create(organization=guild, code=code, name=code)
            for code in ("shared", "own")
        )
        for person_id, designation in ((kept, shared), (gone, shared), (gone, own)):
            models.Holding.objects.create(
                person_id=person_id, designation=designation, conferred_on=T0.date()
            )
        activity = models.Activity.objects.get(key=OTHER)
        models.Relation.objects.create(
            person_id=gone, activity=activity, wording="it relates", language="en", given_at=T0
        )
        factories.enter(
            models.Service(
                person_id=gone,
                identity=models.Identity.objects.get(subject=GONE),
                activity=activity,
                role=factories.role("presenter", "presenter"),
                served_on=T0.date(),
            )
        )
        made = _merge(kept, gone)
        assert models.Holding.objects.get(designation=own).person_id == kept
        assert models.Holding.objects.filter(designation=shared).count() == 2
        assert models.Relation.objects.get().person_id == kept
        assert models.Service.objects.get().person_id == kept
        _undo(made)
        assert models.Holding.objects.get(designation=own).person_id == gone
        assert models.Holding.objects.get(designation=shared, person_id=kept)
        assert models.Relation.objects.get().person_id == gone
        assert models.Service.objects.get().person_id == gone


class TestRefused:
    def test_two_numbers_in_one_organization(self, guild: models.Organization) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.link(KEPT, guild, "M-7")
        factories.link(GONE, guild, "M-8")
        with pytest.raises(MergeError, match="at Guild of Coaches: unlink") as refused:
            _merge(kept, gone)
        assert "M-" not in str(refused.value)
        assert _person(GONE) == gone
        unlink(person_id=gone, organization_id=guild.pk, now=_now())
        _merge(kept, gone)
        assert _balance(kept) == 1500

    def test_one_and_the_same_and_whoever_was_merged_away_and_whoever_has_no_account(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.finish("9", ETHICS, T0)
        factories.settle("9")
        with pytest.raises(MergeError, match="already"):
            _merge(kept, kept)
        nobody = models.Person.objects.create().pk
        with pytest.raises(MergeError, match="no account"):
            _merge(kept, nobody)
        _merge(kept, gone)
        for pair in ((kept, gone), (gone, kept), (_person("9"), gone)):
            with pytest.raises(MergeError, match="merged into another already"):
                _merge(*pair)

    def test_whoever_acts_on_what_is_their_own_or_does_not_answer_everywhere(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        for subject in (KEPT, GONE):
            with pytest.raises(OwnCreditError):
                _merge(kept, gone, by=Actor(name="own", subject=subject, everywhere=True))
        with pytest.raises(NotAnsweringError):
            _merge(kept, gone, by=Actor(name="stranger", subject="99"))
        factories.officer("99", guild)
        made = _merge(kept, gone, by=Actor(name="officer", subject="99"))
        with pytest.raises(NotAnsweringError):
            _undo(made, by=Actor(name="stranger", subject="98"))

    def test_while_credit_by_hand_waits_for_a_second_person(
        self, guild: models.Organization, settings: Any
    ) -> None:
        settings.CEC_SECOND_PERSON_ABOVE = 0
        kept, gone = _person(KEPT), _person(GONE)
        waiting = _award(guild, gone)
        with pytest.raises(MergeError, match="waits for a second person"):
            _merge(kept, gone)
        adjust.decide(waiting.pk, approved=True, by=SECOND, now=_now())
        _merge(kept, gone)
        assert _balance(kept) == 1800

    def test_a_second_undoing_and_one_out_of_order(self, guild: models.Organization) -> None:
        factories.finish("9", THIRD, T0)
        factories.settle("9")
        kept, gone, third = _person(KEPT), _person(GONE), _person("9")
        first = _merge(kept, gone)
        second = _merge(third, kept)
        assert _balance(third) == 1500
        with pytest.raises(MergeError, match="undo that first"):
            _undo(first)
        _undo(second)
        _undo(first)
        assert (_balance(kept), _balance(gone), _balance(third)) == (1000, 500, 0)
        with pytest.raises(MergeError, match="undone already"):
            _undo(first)


def _award(guild: models.Organization, person_id: int, hundredths: int = 300) -> Any:
    return adjust.award(
        person_id=person_id,
        organization_id=guild.pk,
        hundredths=hundredths,
        earned_on=date(2025, 12, 31),
        reason="opening balance",
        by=OFFICER,
        now=_now(),
        activity_id=models.Activity.objects.get(key=ETHICS).pk,
    )


class TestByHand:
    def test_credit_by_hand_is_carried_with_its_date_and_back(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _award(guild, gone)
        first = models.CreditEntry.objects.get(kind="adjustment")
        made = _merge(kept, gone)
        assert (_balance(kept), _balance(gone)) == (1800, 0)
        carried = models.CreditEntry.objects.filter(kind="adjustment").latest("pk")
        assert (carried.earned_at, carried.activity) == (first.earned_at, first.activity)
        assert replay(carried.basis) == 300
        assert first.reversed_by.basis[0]["reason"] == ReversalReason.MERGED
        _undo(made)
        assert (_balance(kept), _balance(gone)) == (1000, 800)

    def test_what_was_made_of_it_meanwhile_goes_back_as_it_is(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _award(guild, gone)
        _award(guild, gone, 200)
        made = _merge(kept, gone)
        rows = models.CreditEntry.objects.filter(account__person_id=kept, kind="adjustment")
        one, other = rows.order_by("pk")
        adjust.correct(entry_id=one.pk, hundredths=350, reason="x", by=OFFICER, now=_now())
        adjust.reverse(entry_id=other.pk, reason="x", by=OFFICER, now=_now())
        _award(guild, kept, 50)
        _undo(made)
        assert (_balance(kept), _balance(gone)) == (1050, 850)

    def test_a_correction_of_what_was_finished_goes_along_and_back_and_can_be_released(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        entry = models.CreditEntry.objects.get(account__person_id=gone)
        adjust.correct(entry_id=entry.pk, hundredths=700, reason="x", by=OFFICER, now=_now())
        _settle()
        made = _merge(kept, gone)
        assert _standing(kept) == [(ETHICS, 1000), (OTHER, 700)]
        own = Actor(name="own", subject=KEPT, everywhere=True)
        with pytest.raises(OwnCreditError):
            adjust.release(entry_id=entry.pk, reason="x", by=own, now=_now())
        adjust.release(entry_id=entry.pk, reason="x", by=OFFICER, now=_now())
        _settle()
        assert _standing(kept) == [(ETHICS, 1000), (OTHER, 500)]
        now_there = models.CreditEntry.objects.latest("pk")
        adjust.correct(entry_id=now_there.pk, hundredths=800, reason="x", by=OFFICER, now=_now())
        _settle()
        _undo(made)
        assert (_standing(kept), _standing(gone)) == ([(ETHICS, 1000)], [(OTHER, 800)])

    def test_nothing_is_awarded_by_hand_to_somebody_who_was_merged_away(
        self, guild: models.Organization
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        made = _merge(kept, gone)
        with pytest.raises(AdjustmentError, match="merged into another"):
            _award(guild, gone)
        _undo(made)
        _award(guild, gone)
        assert _balance(gone) == 800


class TestAtTheRegistry:
    def test_the_number_goes_along_and_what_was_sent_is_there_once(
        self, guild: models.Organization, registry: models.Registry, control: Control
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.link(GONE, guild, "M-8", now=_now())
        _deliver_all_recorded(guild)
        _deliver()
        assert _active(control) == [("M-8", OTHER)]
        made = _merge(kept, gone)
        _deliver()
        assert _active(control) == [("M-8", ETHICS), ("M-8", OTHER)]
        reasons = [one.reason for one in control.data().reversals]
        assert reasons == ["merged"]
        _undo(made)
        _deliver()
        assert _active(control) == [("M-8", OTHER)]
        waits = models.Delivery.objects.filter(state=State.HELD.value)
        assert [one.hold_code for one in waits] == [HoldCode.NO_MEMBER_NUMBER]
        assert models.Membership.objects.get().person_id == gone

    def test_a_wrong_merge_is_taken_back_under_the_wrong_number_and_told_under_the_right_one(
        self, guild: models.Organization, registry: models.Registry, control: Control
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.link(KEPT, guild, "M-7", now=_now())
        made = _merge(kept, gone)
        _deliver_all_recorded(guild)
        _deliver()
        assert _active(control) == [("M-7", ETHICS), ("M-7", OTHER)]
        _undo(made)
        _deliver()
        assert _active(control) == [("M-7", ETHICS)]
        factories.link(GONE, guild, "M-8", now=_now())
        _deliver()
        assert _active(control) == [("M-7", ETHICS), ("M-8", OTHER)]
        assert _person(GONE) == gone

    def test_a_new_award_is_told_after_the_taking_back_of_the_old_one(
        self, guild: models.Organization, registry: models.Registry, control: Control
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.link(KEPT, guild, "M-7", now=_now())
        unlinked = _earned_and_sent(guild, control)
        _merge(kept, gone)
        control.set_faults(unavailable=True)
        _deliver(1)
        tells = models.Delivery.objects.filter(errand="tell", entry__account__person_id=kept)
        last = tells.latest("pk")
        assert last.hold_code == HoldCode.PREDECESSOR
        assert last.after is not None
        assert last.after.award_reference == unlinked
        control.clear_faults()
        _deliver()
        assert _active(control) == [("M-7", ETHICS), ("M-7", OTHER)]

    @pytest.mark.parametrize("fault", ["commit_then_reset", "server_error"])
    def test_what_may_be_there_is_looked_up_first(
        self,
        guild: models.Organization,
        registry: models.Registry,
        control: Control,
        fault: str,
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.link(GONE, guild, "M-8", now=_now())
        _deliver_all_recorded(guild)
        control.set_faults(**{fault: {"times": 1}})
        _deliver(1)
        _merge(kept, gone)
        _deliver()
        assert _active(control) == [("M-8", ETHICS), ("M-8", OTHER)]
        assert len(control.data().reversals) == (fault == "commit_then_reset")

    def test_what_was_never_sent_is_void_and_told_of_the_person_kept(
        self, guild: models.Organization, registry: models.Registry, control: Control
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        _deliver_all_recorded(guild)
        _merge(kept, gone)
        factories.link(KEPT, guild, "M-7", now=_now())
        _deliver()
        assert _active(control) == [("M-7", ETHICS), ("M-7", OTHER)]
        assert not control.data().reversals

    def test_credit_by_hand_is_taken_back_and_told_again(
        self, guild: models.Organization, registry: models.Registry, control: Control
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.link(GONE, guild, "M-8", now=_now())
        _award(guild, gone)
        _deliver()
        assert _active(control) == [("M-8", ETHICS)]
        made = _merge(kept, gone)
        _deliver()
        assert ("M-8", ETHICS) in _active(control)
        amounts = sorted(
            one.hundredths for one in control.data().credits if one.state.value == "active"
        )
        assert amounts == [300, 500]  # what came before the registry was opened is not told
        _undo(made)
        _deliver()
        amounts = sorted(
            one.hundredths for one in control.data().credits if one.state.value == "active"
        )
        assert amounts == [300, 500]

    def test_undoing_before_anybody_was_settled_tells_nobody_anything(
        self, guild: models.Organization, registry: models.Registry, control: Control
    ) -> None:
        kept, gone = _person(KEPT), _person(GONE)
        factories.link(GONE, guild, "M-8", now=_now())
        _deliver_all_recorded(guild)
        _deliver()
        calls = len(control.calls())
        made = _merge(kept, gone, settled=False)
        _undo(made)
        _deliver()
        assert len(control.calls()) == calls
        assert _active(control) == [("M-8", OTHER)]


def _deliver_all_recorded(guild: models.Organization) -> None:
    """Tell the registry of what was recorded before it, as its first opening does."""
    sweep(platform=factories.SmallPlatform(), now=_now())


def _earned_and_sent(guild: models.Organization, control: Control) -> str:
    """Send the second account's credit under a number that is then taken away there."""
    factories.link(GONE, guild, "M-8", now=_now())
    _deliver_all_recorded(guild)
    _deliver()
    sent = models.Delivery.objects.get(entry__account__person_id=_person(GONE))
    models.Membership.objects.filter(person_id=_person(GONE)).delete()
    return sent.reference


def test_an_export_takes_back_under_the_number_it_was_handed_over_and_gives_it_anew(
    guild: models.Organization,
) -> None:
    kept, gone = _person(KEPT), _person(GONE)
    factories.link(GONE, guild, "M-8", now=_now())
    first = export(guild.pk, by="omar", now=_now())
    assert first is not None
    _merge(kept, gone)
    second = export(guild.pk, by="omar", now=_now())
    assert second is not None
    lines = second.lines.order_by("entry_id").values_list("entry__hundredths", "member_number")
    assert sorted(lines) == [(-500, "M-8"), (500, "M-8"), (1000, "M-8")]


def _table(
    guild: models.Organization, *, hours: int, repeat: str = "always", cap: int | None = None
) -> None:
    """Put a table in force; with a ``cap`` of hundredths in each year."""
    rules = [factories.rule(course, str(hours)) for course in COURSES]
    draft = factories.table(guild, rules, active=False)
    models.Rule.objects.filter(schedule=draft).update(repeat=repeat)
    models.Schedule.objects.filter(pk=draft.pk).update(
        period_months=12, period_anchor=date(2026, 1, 1)
    )
    if cap is not None:
        models.Cap.objects.create(schedule=draft, code="all", per="period", hundredths=cap)
    activate(draft.pk, by="tester", now=factories.NOW)
    mark_concerned(now=factories.NOW)


PEOPLE = ("1", "2", "3")
COURSES = (ETHICS, OTHER, THIRD)
Happening: TypeAlias = tuple[str, str, bool, bool]
"""Who finished what; whether it was earned or withdrawn; whether they are settled at once."""

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(COURSES),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


class AnyHistory(TestCase):
    """Property: a merge is what one person would have had, and undone it is as if never made."""

    @with_settings(
        max_examples=12, derandomize=True, deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(
        events=st.tuples(EVENTS, EVENTS),
        terms=st.tuples(st.sampled_from(["always", "once"]), st.sampled_from([None, 600])),
        by_hand=st.booleans(),
        settled=st.booleans(),
    )
    def test_merging_equals_one_person_and_undoing_equals_two(
        self,
        events: tuple[list[Happening], list[Happening]],
        terms: tuple[str, int | None],
        by_hand: bool,
        settled: bool,
    ) -> None:
        (before, between), (repeat, cap) = events, terms
        guild = factories.organization()
        _table(guild, hours=4, repeat=repeat, cap=cap)
        for subject in PEOPLE:
            prepare.identity(site="tests", subject=subject)
            prepare.identity(site="tests", subject=f"one-{subject}")
            prepare.identity(site="tests", subject=f"two-{subject}")
        # "one-": all accounts are one person's from the start; "two-": nobody is ever merged.
        first = _person("one-1")
        models.Identity.objects.filter(subject__startswith="one-").update(person_id=first)
        self._happen(before, 0)
        if by_hand:
            for subject in ("2", "one-2", "two-2"):
                self._award(guild, _person(subject))
        pair = [_person(subject) for subject in PEOPLE]
        merges = [
            merge(keep_id=pair[0], merged_id=other, by=OFFICER, now=_now()) for other in pair[1:]
        ]
        if settled:
            _settle()
        self._happen(between, len(before))
        _settle()
        assert self._lines(pair[0]) == self._lines(first)
        assert [_balance(other) for other in pair[1:]] == [0, 0]
        for one in reversed(merges):
            unmerge(one.pk, by=OFFICER, now=_now())
        _settle()
        for subject, person_id in zip(PEOPLE, pair, strict=True):
            assert _person(subject) == person_id
            assert self._lines(person_id) == self._lines(_person(f"two-{subject}"))
        keys = list(models.CreditEntry.objects.values_list("natural_key", flat=True))
        assert len(keys) == len(set(keys))

    @staticmethod
    def _happen(events: list[Happening], start: int) -> None:
        for number, (subject, course, earned, settle_now) in enumerate(events, start=start):
            at = T0 + number * HOUR
            for who in (subject, f"one-{subject}", f"two-{subject}"):
                tell = factories.finish if earned else factories.withdraw
                tell(who, course, at)
                if settle_now:
                    factories.settle(who, now=_now())
        for subject in PEOPLE:
            for who in (subject, f"one-{subject}", f"two-{subject}"):
                factories.settle(who, now=_now())

    @staticmethod
    def _award(guild: models.Organization, person_id: int) -> None:
        adjust.award(
            person_id=person_id,
            organization_id=guild.pk,
            hundredths=123,
            earned_on=date(2025, 12, 31),
            reason="opening balance",
            by=OFFICER,
            now=_now(),
        )

    @staticmethod
    def _lines(person_id: int) -> list[tuple[str, int, datetime]]:
        rows = models.CreditEntry.objects.filter(
            account__person_id=person_id, reverses__isnull=True, reversed_by__isnull=True
        ).select_related("participation__activity")
        return sorted(
            (
                one.participation.activity.key if one.participation else "",
                one.hundredths,
                one.earned_at,
            )
            for one in rows
        )


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_merge_in_the_midst_of_settling_and_more_hearing_loses_and_doubles_nothing(
        self,
    ) -> None:
        guild = factories.organization()
        factories.table(guild, [factories.rule(course, "5") for course in COURSES])
        factories.registry(guild)
        for number in range(8):
            for subject in (f"a{number}", f"b{number}"):
                factories.finish(subject, ETHICS if subject[0] == "a" else OTHER, T0)
                factories.settle(subject)
            factories.finish(f"b{number}", THIRD, T0 + HOUR)
        pairs = [(_person(f"a{number}"), _person(f"b{number}")) for number in range(8)]
        keys = [identity_key(site="tests", subject=f"b{number}") for number in range(8)]

        def settle() -> None:
            for key in keys:
                settle_identities([key], platform=factories.SmallPlatform(), now=_now())

        def merge_all(mine: list[tuple[int, int]]) -> None:
            for keep, gone in mine:
                merge(keep_id=keep, merged_id=gone, by=OFFICER, now=_now())
                settle_people([keep], platform=factories.SmallPlatform(), now=_now())

        together([settle, partial(merge_all, pairs[:4]), settle, partial(merge_all, pairs[4:])])
        sweep(platform=factories.SmallPlatform(), now=_now())
        assert [_balance(keep) for keep, _ in pairs] == [1500] * 8
        assert [_balance(gone) for _, gone in pairs] == [0] * 8
        assert not models.Notice.objects.filter(settled_at__isnull=True).exists()
        _each_delivery_is_sound()

    def test_two_who_merge_the_same_person_at_once_merge_them_once(self) -> None:
        guild = factories.organization()
        factories.table(guild, [factories.rule(ETHICS, "5")])
        for subject in ("1", "2", "3"):
            factories.finish(subject, ETHICS, T0)
            factories.settle(subject)
        ids = [_person(subject) for subject in ("1", "2", "3")]

        def work(keep: int) -> str:
            try:
                merge(keep_id=keep, merged_id=ids[2], by=OFFICER, now=_now())
            except MergeError as error:
                return str(error)
            return ""

        said = together([partial(work, ids[0]), partial(work, ids[1])])
        assert sorted(map(bool, said)) == [False, True]
        _settle()
        assert _balance(ids[2]) == 0
        assert sum(_balance(one) for one in ids) == 1500

    def test_of_two_who_undo_at_once_one_does(self) -> None:
        guild = factories.organization()
        factories.table(guild, [factories.rule(ETHICS, "5")])
        for subject in (KEPT, GONE):
            factories.finish(subject, ETHICS, T0)
            factories.settle(subject)
        kept, gone = _person(KEPT), _person(GONE)
        made = _merge(kept, gone)

        def work() -> str:
            try:
                unmerge(made.pk, by=OFFICER, now=_now())
            except MergeError as error:
                return str(error)
            return ""

        assert sorted(map(bool, together([work] * 3))) == [False, True, True]
        _settle()
        assert (_balance(kept), _balance(gone)) == (500, 500)


def _each_delivery_is_sound() -> None:
    """Say that what stands is told once, and what was taken back is void or taken back once."""
    for entry in models.CreditEntry.objects.filter(reverses__isnull=True):
        states = [one.state for one in entry.deliveries.all()]
        if hasattr(entry, "reversed_by"):
            assert states == ["void"]
        else:
            assert states == ["held"]


def _claim(subject: str, guild: models.Organization, number: str) -> models.Claim:
    return models.Claim.objects.create(
        person_id=factories.person_of(subject),
        organization=guild,
        number=number,
        number_key=digest("number", number),
        asked_at=T0,
    )


def test_a_waiting_claim_moves_along_and_back(guild: models.Organization) -> None:
    kept, gone = factories.person_of(KEPT), factories.person_of(GONE)
    claim = _claim(GONE, guild, "M-8")
    one = merge(keep_id=kept, merged_id=gone, by=OFFICER, now=T0)
    claim.refresh_from_db()
    assert claim.person_id == kept
    unmerge(one.pk, by=OFFICER, now=T0)
    claim.refresh_from_db()
    assert claim.person_id == gone


def test_of_two_waiting_claims_the_kept_persons_goes_on(guild: models.Organization) -> None:
    kept, gone = factories.person_of(KEPT), factories.person_of(GONE)
    mine, theirs = _claim(KEPT, guild, "M-7"), _claim(GONE, guild, "M-8")
    merge(keep_id=kept, merged_id=gone, by=OFFICER, now=T0)
    assert models.Claim.objects.get(pk=mine.pk).person_id == kept
    assert models.Claim.objects.get(pk=theirs.pk).person_id == gone
