"""What a person has, read back from credits that the services made."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.basis import replay
from cec_plugin.domain.delivery import Result
from cec_plugin.domain.keys import digest
from cec_plugin.domain.notices import Via
from cec_plugin.domain.posting import ReversalReason
from cec_plugin.models.ledger import EntryKind
from cec_plugin.selectors.transcript import Shown, Transcript, transcript
from cec_plugin.services import prepare
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

QUERIES = 8
MAY = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)


def of(subject: str = "7") -> Transcript:
    return transcript(make.person_of(subject), now=NOW)


def adjust(subject: str, organization: models.Organization, hundredths: int) -> None:
    account = models.Account.objects.get(
        person_id=make.person_of(subject), organization=organization
    )
    models.CreditEntry.objects.create(
        account=account,
        kind=EntryKind.ADJUSTMENT,
        credit_type="cec",
        hundredths=hundredths,
        earned_at=MAY,
        recorded_at=NOW,
        natural_key=digest("adjustment", subject, str(hundredths)),
    )


def test_a_credit_carries_what_explains_it() -> None:
    guild = make.organization(time_zone="America/Toronto")
    make.table(guild, [make.rule("ethics", "7.5", code="e1", title="Ethics courses")])
    late = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
    make.finish("7", "ethics", late)
    make.settle("7", platform=make.titled(ethics="Ethics"))
    (credit,) = of().credits
    assert (credit.title, credit.hundredths, credit.unit) == ("Ethics", 750, "hours")
    assert (credit.organization, credit.credit_type) == ("Guild of Coaches", "cec")
    assert (credit.earned_at, credit.recorded_at) == (late, NOW)
    assert credit.earned_on == date(2025, 12, 31), "the day is the organization's"
    assert credit.kind is EntryKind.AWARD
    assert credit.role is not None
    assert credit.role.code == "learner"
    assert credit.in_force is not None
    assert (credit.in_force.version, credit.in_force.title) == (1, "Ethics courses")
    assert credit.in_force.effective_from == date(2020, 1, 1)
    assert credit.told is not None
    assert (credit.told.source, credit.told.via) == ("openedx-event", Via.CERTIFICATE)
    assert credit.told.received_at == late
    assert replay(credit.basis) == credit.hundredths
    assert (credit.reason, credit.reversed_at) == (None, None)


def test_an_activity_without_a_title_goes_by_its_key() -> None:
    make.table(make.organization(), [make.rule("ethics")])
    make.finish("7", "ethics", MAY)
    make.settle("7")
    assert [one.title for one in of().credits] == ["ethics"]


def test_a_role_goes_by_the_label_it_was_given() -> None:
    make.role("facilitator", "course leader")
    make.table(make.organization(), [make.rule("ethics", bonuses={"facilitator": "4"})])
    make.finish("7", "ethics", MAY, role="facilitator")
    make.settle("7")
    (credit,) = of().credits
    assert credit.role is not None
    assert (credit.role.code, credit.role.label) == ("facilitator", "course leader")


def test_credits_come_newest_first() -> None:
    make.table(make.organization(), [make.rule("*", selector="glob")])
    for number, key in enumerate(("first", "third", "second")):
        make.finish("7", key, MAY + timedelta(days=(0, 9, 4)[number]))
    make.settle("7")
    assert [one.title for one in of().credits] == ["third", "second", "first"]


def test_totals_are_sums_over_organization_and_credit_type() -> None:
    guild, lake = make.organization(), make.organization("lake", "Lakeshore")
    make.table(guild, [make.rule("a", "10"), make.rule("b", "0.25", credit_type="ethics")])
    make.table(lake, [make.rule("a", "3")])
    make.finish("7", "a", MAY)
    make.finish("7", "b", MAY)
    make.settle("7")
    make.withdraw("7", "a", MAY + timedelta(days=1))
    make.settle("7")
    make.finish("7", "a", MAY + timedelta(days=2))
    make.settle("7")
    adjust("7", guild, -150)
    found = [
        (
            one.organization,
            one.credit_type,
            one.hundredths,
            one.awarded,
            one.taken_back,
            one.adjusted,
        )
        for one in of().totals
    ]
    assert found == [
        ("Guild of Coaches", "cec", 850, 2000, -1000, -150),
        ("Guild of Coaches", "ethics", 25, 25, 0, 0),
        ("Lakeshore", "cec", 300, 600, -300, 0),
    ]
    assert {one.unit for one in of().totals} == {"hours"}


def test_an_adjustment_belongs_to_no_activity() -> None:
    guild = make.organization()
    make.table(guild, [make.rule("a")])
    make.finish("7", "a", MAY)
    make.settle("7")
    adjust("7", guild, 500)
    (adjustment, _) = of().credits
    assert adjustment.kind is EntryKind.ADJUSTMENT
    assert (adjustment.title, adjustment.role, adjustment.told) == ("", None, None)
    assert (adjustment.in_force, adjustment.basis) == (None, ())


def test_without_a_registry_a_credit_is_recorded() -> None:
    make.table(make.organization(), [make.rule("a")])
    make.finish("7", "a", MAY)
    make.settle("7")
    (credit,) = of().credits
    assert (credit.state, credit.receipts) == (Shown.RECORDED, ())


def test_without_a_member_number_a_credit_needs_its_owner() -> None:
    guild = make.organization()
    make.registry(guild)
    make.table(guild, [make.rule("a")])
    make.finish("7", "a", MAY)
    make.settle("7")
    (credit,) = of().credits
    assert credit.state is Shown.NEEDS_YOU
    assert [one.waits_for for one in credit.receipts] == ["no_member_number"]
    make.link("7", guild, "M-1")
    (credit,) = of().credits
    assert credit.state is Shown.BEING_SENT
    assert [one.waits_for for one in credit.receipts] == [""]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Result.DELIVERED, Shown.IN_RECORDS),
        (Result.RETRYABLE, Shown.BEING_SENT),
        (Result.MEMBER, Shown.NEEDS_YOU),
        (Result.REFUSED, Shown.BEING_LOOKED_INTO),
        (Result.CONFLICT, Shown.BEING_LOOKED_INTO),
    ],
)
def test_what_the_registry_answers_shows(answer: Result, state: Shown) -> None:
    guild = make.organization()
    register = make.registry(guild)
    make.table(guild, [make.rule("a")])
    make.finish("7", "b", MAY)
    make.settle("7")
    make.link("7", guild, "M-1")
    make.finish("7", "a", MAY)
    make.settle("7")
    answered = NOW + timedelta(minutes=5)
    assert make.answer(register, answer, now=answered) == 1
    (credit,) = of().credits
    assert credit.state is state
    (receipt,) = credit.receipts
    assert receipt.registry == "Guild register"
    assert receipt.at == (answered if answer is Result.DELIVERED else None)


def test_of_two_registries_the_one_that_needs_somebody_is_shown() -> None:
    guild = make.organization()
    first = make.registry(guild, "First")
    make.registry(guild, "Second")
    make.table(guild, [make.rule("a")])
    make.finish("7", "a", MAY)
    make.settle("7")
    make.link("7", guild, "M-1")
    make.answer(first, Result.DELIVERED)
    (credit,) = of().credits
    assert [one.state for one in credit.receipts] == [Shown.IN_RECORDS, Shown.BEING_SENT]
    assert credit.state is Shown.BEING_SENT


def test_an_award_and_its_reversal_both_say_that_it_was_withdrawn() -> None:
    make.table(make.organization(), [make.rule("a")])
    make.finish("7", "a", MAY)
    make.settle("7")
    make.withdraw("7", "a", MAY + timedelta(days=2))
    make.settle("7", now=NOW + timedelta(hours=1))
    reversal, award = of().credits
    assert (reversal.kind, reversal.hundredths) == (EntryKind.REVERSAL, -1000)
    assert (award.kind, award.hundredths) == (EntryKind.AWARD, 1000)
    for one in (reversal, award):
        assert one.reason is ReversalReason.WITHDRAWN
        assert one.reversed_at == NOW + timedelta(hours=1)
    assert reversal.told is not None
    assert reversal.told.received_at == MAY + timedelta(days=2)


def test_a_new_version_that_gives_more_reverses_as_changed() -> None:
    guild = make.organization()
    make.table(guild, [make.rule("a", "10")])
    make.finish("7", "a", MAY)
    make.settle("7")
    make.table(guild, [make.rule("a", "12")], effective_from=date(2026, 1, 1))
    make.settle("7")
    award, reversal, first = of().credits
    assert (award.hundredths, award.reason) == (1200, None)
    assert reversal.reason is first.reason is ReversalReason.CHANGED
    assert award.in_force is not None
    assert award.in_force.version == 2


def test_an_award_that_nobody_heard_of_before_it_was_withdrawn_waits_for_nobody() -> None:
    guild = make.organization()
    make.registry(guild)
    make.table(guild, [make.rule("a")])
    make.finish("7", "a", MAY)
    make.settle("7")
    make.withdraw("7", "a", MAY + timedelta(days=2))
    make.settle("7")
    assert {(one.state, one.receipts) for one in of().credits} == {(Shown.RECORDED, ())}


def test_a_reversal_that_waits_for_its_award_is_being_sent() -> None:
    guild = make.organization()
    register = make.registry(guild)
    make.table(guild, [make.rule("a")])
    make.finish("7", "a", MAY)
    make.settle("7")
    make.link("7", guild, "M-1")
    make.answer(register, Result.RETRYABLE)
    models.Delivery.objects.update(presence="unknown")
    make.withdraw("7", "a", MAY + timedelta(days=2))
    make.settle("7")
    assert [one.state for one in of().credits] == [Shown.BEING_SENT, Shown.BEING_SENT]


def test_what_stands_without_credit_is_listed_with_its_reason() -> None:
    make.table(make.organization(), [make.rule("a", None)])
    make.finish("7", "a", MAY)
    make.finish("7", "b", MAY + timedelta(days=1))
    make.settle("7", platform=make.titled(a="Alpha", b="Beta"))
    found = of()
    assert (found.credits, found.totals) == ((), ())
    assert [(one.title, one.code, one.organization) for one in found.not_credited] == [
        ("Beta", RefusalCode.NO_RULE, "Guild of Coaches"),
        ("Alpha", RefusalCode.NO_FIGURE, "Guild of Coaches"),
    ]
    assert found.not_credited[1].details == {
        "rule": "rule-1",
        "version": "1",
        "role": "learner",
    }
    assert found.not_credited[1].role.code == "learner"
    assert found.not_credited[1].earned_on == date(2026, 5, 4)


def test_what_another_organization_credits_says_so() -> None:
    make.table(make.organization(), [make.rule("a")])
    make.table(make.organization("lake", "Lakeshore"), [make.rule("z")])
    make.finish("7", "a", MAY)
    make.settle("7")
    (refused,) = of().not_credited
    assert (refused.organization, refused.elsewhere) == ("Lakeshore", True)
    make.withdraw("7", "a", MAY + timedelta(days=1))
    make.settle("7")
    assert of().not_credited == (), "it stands no more"


def test_without_any_credit_table_there_is_no_code() -> None:
    make.organization()
    make.finish("7", "a", MAY)
    make.settle("7")
    (one,) = of().not_credited
    assert (one.title, one.code, one.organization, one.elsewhere) == ("a", None, "", False)
    assert one.earned_on == date(2026, 5, 4)


def test_nobody_sees_what_is_somebody_elses() -> None:
    guild = make.organization()
    make.registry(guild)
    make.table(guild, [make.rule("a")])
    for subject, key in (("7", "a"), ("8", "a"), ("8", "b")):
        make.finish(subject, key, MAY)
        make.settle(subject)
    mine = of("7")
    assert len(mine.credits) == 1
    assert mine.not_credited == ()
    assert [one.hundredths for one in mine.totals] == [1000]
    assert len(mine.credits[0].receipts) == 1


def test_a_person_with_two_accounts_has_the_credits_of_both() -> None:
    make.table(make.organization(), [make.rule("a"), make.rule("b")])
    make.finish("7", "a", MAY)
    make.settle("7")
    prepare.identity(site="tests", subject="8")
    models.Identity.objects.filter(subject="8").update(person_id=make.person_of("7"))
    make.finish("8", "b", MAY)
    make.settle("8")
    assert {one.title for one in of("7").credits} == {"a", "b"}
    assert {one.title for one in of("8").credits} == {"a", "b"}


def test_reading_takes_the_same_number_of_queries_whatever_there_is() -> None:
    guild = make.organization()
    register = make.registry(guild)
    make.table(guild, [make.rule("a*", selector="glob"), make.rule("b*", None, selector="glob")])

    def queries() -> int:
        person_id = make.person_of("7")
        with CaptureQueriesContext(connection) as captured:
            transcript(person_id, now=NOW)
        return len(captured)

    make.finish("7", "a0", MAY)
    make.settle("7")
    make.link("7", guild, "M-1")
    assert queries() == QUERIES
    for number in range(1, 12):
        make.finish("7", f"a{number}", MAY)
        make.finish("7", f"b{number}", MAY)
    make.settle("7")
    make.answer(register, Result.DELIVERED)
    make.withdraw("7", "a3", MAY + timedelta(days=1))
    make.settle("7")
    assert len(of().credits) == 13
    assert queries() == QUERIES
