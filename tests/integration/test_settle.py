"""Settling: whatever was heard, in whatever order, the ledger says what stands."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from cec_plugin import models
from cec_plugin.domain.basis import replay
from cec_plugin.domain.delivery import Result
from cec_plugin.domain.notices import Kind, Via
from cec_plugin.domain.platform import CompletionFacts
from cec_plugin.services.serve import enter, withdraw
from tests import factories
from tests.events import ETHICS
from tests.factories import NOW, SmallPlatform

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def guild() -> models.Organization:
    """Make an organization that gives 10 hours for Ethics and tells one registry."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10", bonuses={"presenter": "4"})])
    factories.registry(guild)
    return guild


def _ledger() -> list[tuple[str, int]]:
    return list(models.CreditEntry.objects.order_by("pk").values_list("kind", "hundredths"))


def _deliveries() -> list[str]:
    return list(models.Delivery.objects.order_by("pk").values_list("state", flat=True))


PASS_FAIL_PASS = [("award", 1000), ("reversal", -1000), ("award", 1000)]


def test_pass_fail_pass_is_award_reversal_award_and_all_three_are_sent_if_each_was_delivered(
    guild: models.Organization,
) -> None:
    registry = models.Registry.objects.get()
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    factories.link("7", guild, "M-7")
    factories.answer(registry, Result.DELIVERED)
    factories.withdraw("7", ETHICS, T0 + HOUR)
    factories.settle("7")
    factories.answer(registry, Result.DELIVERED)
    factories.finish("7", ETHICS, T0 + 2 * HOUR)
    factories.settle("7")
    factories.answer(registry, Result.DELIVERED)
    assert _ledger() == PASS_FAIL_PASS
    assert _deliveries() == ["delivered", "delivered", "delivered"]
    references = models.Delivery.objects.values_list("reference", flat=True)
    assert len(set(references)) == 3


def test_pass_fail_pass_heard_at_once_reads_the_same_and_only_what_stands_is_sent(
    guild: models.Organization,
) -> None:
    factories.finish("7", ETHICS, T0)
    factories.withdraw("7", ETHICS, T0 + HOUR)
    factories.finish("7", ETHICS, T0 + 2 * HOUR)
    factories.settle("7")
    assert _ledger() == PASS_FAIL_PASS
    assert _deliveries() == ["void", "void", "held"]
    assert sum(hundredths for _, hundredths in _ledger()) == 1000


def test_a_withdrawal_that_comes_late_reads_the_same(guild: models.Organization) -> None:
    factories.finish("7", ETHICS, T0)
    factories.finish("7", ETHICS, T0 + 2 * HOUR)
    factories.settle("7")
    factories.withdraw("7", ETHICS, T0 + HOUR)
    factories.settle("7")
    assert _ledger() == PASS_FAIL_PASS


def test_an_older_notice_never_overturns_a_newer_one(guild: models.Organization) -> None:
    factories.finish("7", ETHICS, T0 + HOUR)
    factories.settle("7")
    factories.withdraw("7", ETHICS, T0)
    assert factories.settle("7") == 0
    assert _ledger() == [("award", 1000)]


def test_settling_again_changes_nothing(guild: models.Organization) -> None:
    factories.finish("7", ETHICS, T0)
    assert factories.settle("7") == 1
    assert [factories.settle("7"), factories.settle_everybody()] == [0, 0]


def test_the_date_is_that_of_finishing_and_a_reaward_keeps_it(
    guild: models.Organization,
) -> None:
    for hours in (0, 50, 100):
        factories.finish("7", ETHICS, T0 + hours * HOUR)
    factories.withdraw("7", ETHICS, T0 + 200 * HOUR)
    factories.finish("7", ETHICS, T0 + 300 * HOUR)
    factories.settle("7", now=NOW)
    dates = set(models.CreditEntry.objects.values_list("earned_at", "recorded_at"))
    assert dates == {(T0, NOW)}


def test_inside_an_lms_the_platforms_own_date_is_asked_for(guild: models.Organization) -> None:
    created = T0 - timedelta(days=30)
    platform = SmallPlatform(
        facts={
            ("7", ETHICS): CompletionFacts(
                subject="7", activity=ETHICS, via=Via.CERTIFICATE, stands=True, earned_at=created,
                earned_from="certificate_created", modified_at=T0,
            )
        }
    )  # fmt: skip
    factories.finish("7", ETHICS, T0)
    factories.settle("7", platform=platform)
    entry = models.CreditEntry.objects.get()
    assert entry.earned_at == created
    assert entry.basis[0]["from"] == "certificate_created"
    factories.withdraw("7", ETHICS, T0 + HOUR)
    factories.finish("7", ETHICS, T0 + 2 * HOUR)
    factories.settle("7", platform=SmallPlatform())  # the platform forgot it meanwhile
    assert set(models.CreditEntry.objects.values_list("earned_at", flat=True)) == {created}


def test_a_completion_dated_earlier_by_a_late_notice_is_corrected(
    guild: models.Organization,
) -> None:
    factories.finish("7", ETHICS, T0 + HOUR)
    factories.settle("7")
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    standing = models.CreditEntry.objects.filter(kind="award", reversed_by__isnull=True)
    assert [entry.earned_at for entry in standing] == [T0]
    assert sum(hundredths for _, hundredths in _ledger()) == 1000


def test_an_unknown_course_earns_nothing_and_says_so(guild: models.Organization) -> None:
    factories.finish("7", "course-v1:CPC+Unknown+2026", T0)
    factories.settle("7")
    assert _ledger() == []
    refusal = models.Refusal.objects.get()
    assert (refusal.code, refusal.organization) == ("no_rule", guild)


def test_a_refusal_is_gone_once_the_completion_is_withdrawn(guild: models.Organization) -> None:
    factories.finish("7", "course-v1:CPC+Unknown+2026", T0)
    factories.settle("7")
    factories.withdraw("7", "course-v1:CPC+Unknown+2026", T0 + HOUR)
    factories.settle("7")
    assert not models.Refusal.objects.exists()


def test_nothing_is_lost_while_there_is_no_organization_or_no_table() -> None:
    factories.finish("7", ETHICS, T0)
    assert factories.settle("7") == 0
    guild = factories.organization()
    factories.settle("7")
    factories.table(guild, [factories.rule(ETHICS, "10")])
    factories.settle_everybody()
    assert _ledger() == [("award", 1000)]


def test_each_organization_weighs_the_same_completion_by_its_own_table(
    guild: models.Organization,
) -> None:
    other = factories.organization("society", "Society")
    factories.table(other, [factories.rule(ETHICS, "2.5")])
    third = factories.organization("silent", "Silent")
    factories.table(third, [factories.rule("something-else", "9")])
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    given_by = models.CreditEntry.objects.values_list("account__organization__code", "hundredths")
    assert sorted(given_by) == [("guild", 1000), ("society", 250)]
    assert models.Refusal.objects.get().organization == third


def test_every_entry_can_be_replayed_from_its_basis_alone(guild: models.Organization) -> None:
    factories.finish("7", ETHICS, T0)
    factories.withdraw("7", ETHICS, T0 + HOUR)
    factories.finish("7", ETHICS, T0, role="presenter")
    factories.settle("7")
    entries = list(models.CreditEntry.objects.all())
    assert len(entries) == 3
    assert [replay(entry.basis) for entry in entries] == [entry.hundredths for entry in entries]


def test_switching_how_an_activity_is_finished_takes_the_other_evidence(
    guild: models.Organization,
) -> None:
    factories.finish("7", ETHICS, T0)
    factories.finish("8", ETHICS, T0, via=Via.PASSING)
    factories.settle("7")
    factories.settle("8")
    assert models.CreditEntry.objects.count() == 1
    models.Activity.objects.update(earned_by="passing")
    models.Participation.objects.update(settle_at=NOW)
    factories.settle_everybody()
    live = models.CreditEntry.objects.filter(kind="award", reversed_by__isnull=True)
    assert [entry.account.person_id for entry in live] == [factories.person_of("8")]


def _service(hours: int | None = 200) -> models.Service:
    identity = models.Identity.objects.get()
    return models.Service(
        person=identity.person,
        identity=identity,
        activity=models.Activity.objects.get(),
        role=models.Role.objects.get(code="presenter"),
        hours_hundredths=hours,
        served_on=date(2026, 2, 3),
    )


def test_service_that_somebody_entered_becomes_a_credit_and_can_be_taken_back(
    guild: models.Organization,
) -> None:
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    service = enter(_service(), by="admin", now=NOW)
    factories.settle("7")
    entry = models.CreditEntry.objects.order_by("pk").last()
    assert entry is not None
    assert (entry.hundredths, entry.earned_at.date()) == (400, date(2026, 2, 3))
    withdraw(service, now=NOW + HOUR)
    factories.settle("7")
    assert _ledger() == [("award", 1000), ("award", 400), ("reversal", -400)]


def test_hours_of_service_that_are_corrected_replace_the_credit() -> None:
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10", per_hour={"presenter": "1.5"})])
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    service = enter(_service(200), by="admin", now=NOW)
    factories.settle("7")
    service.hours_hundredths = 433
    enter(service, by="admin", now=NOW + HOUR)
    factories.settle("7")
    assert _ledger()[1:] == [("award", 300), ("reversal", -300), ("award", 650)]


def test_two_services_in_the_same_role_are_two_credits(guild: models.Organization) -> None:
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    enter(_service(), by="admin", now=NOW)
    enter(_service(), by="admin", now=NOW)
    factories.settle("7")
    assert _ledger() == [("award", 1000), ("award", 400), ("award", 400)]


def test_a_role_without_a_figure_waits_and_says_so() -> None:
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10", bonuses={"presenter": None})])
    factories.finish("7", ETHICS, T0, role="presenter")
    factories.settle("7")
    assert (_ledger(), models.Refusal.objects.get().code) == ([], "no_figure")


def test_the_day_is_that_of_the_organizations_time_zone() -> None:
    guild = factories.organization(time_zone="Pacific/Auckland")
    factories.table(guild, [factories.rule(ETHICS, "1")])
    factories.table(guild, [factories.rule(ETHICS, "2")], effective_from=date(2026, 3, 2))
    factories.finish("7", ETHICS, datetime(2026, 3, 1, 12, 0, tzinfo=UTC))  # 2 March there
    factories.finish("8", ETHICS, datetime(2026, 3, 1, 10, 0, tzinfo=UTC))  # still 1 March
    factories.settle("7")
    factories.settle("8")
    assert _ledger() == [("award", 200), ("award", 100)]


@pytest.mark.parametrize("refused_before", [False, True])
def test_a_new_completion_costs_at_most_fourteen_queries(
    guild: models.Organization, refused_before: bool
) -> None:
    for subject in ("7", "8"):
        known = "course-v1:CPC+Unknown+2026" if refused_before else ETHICS
        factories.finish(subject, known, T0, role="learner" if refused_before else "presenter")
        factories.settle(subject)
    factories.finish("8", ETHICS, T0)
    factories.settle("8")
    factories.finish("7", ETHICS, T0)
    with CaptureQueriesContext(connection) as queries:
        assert factories.settle("7") == 1
    said = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(said) <= 14, "\n".join(said)
    assert models.Refusal.objects.count() == 2 * refused_before


STEPS = st.lists(
    st.tuples(st.sampled_from(list(Kind)), st.integers(0, 9), st.booleans()),
    min_size=1,
    max_size=8,
)


class AnyOrder(TestCase):
    """Property: arrivals and settlings may interleave as they like."""

    @settings(
        max_examples=60, derandomize=True, deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(steps=STEPS, seed=st.randoms(use_true_random=False))
    def test_order_repetition_and_the_moment_of_settling_do_not_matter_to_what_stands(
        self, steps: list[tuple[Kind, int, bool]], seed: object
    ) -> None:
        guild = factories.organization()
        factories.table(guild, [factories.rule(ETHICS, "10")])
        at = {hour: kind for kind, hour, _ in steps}  # one word for each moment
        shuffled = list(at.items()) * 2
        seed.shuffle(shuffled)  # type: ignore[attr-defined]
        for subject, arrivals in (("7", sorted(at.items())), ("8", shuffled)):
            for (hour, kind), (_, _, settle_now) in zip(
                arrivals, steps * len(arrivals), strict=False
            ):
                factories.finish(subject, ETHICS, T0 + hour * HOUR, kind=kind)
                if settle_now:
                    factories.settle(subject)
            factories.settle(subject)
        assert self._standing("7") == self._standing("8")
        assert self._stints("7") == self._stints("8")

    @staticmethod
    def _standing(subject: str) -> list[tuple[int, datetime]]:
        entries = models.CreditEntry.objects.filter(
            account__person_id=factories.person_of(subject),
            kind="award",
            reversed_by__isnull=True,
        )
        return list(entries.values_list("hundredths", "earned_at"))

    @staticmethod
    def _stints(subject: str) -> list[list[object]]:
        return list(
            models.Participation.objects.filter(identity__subject=subject).values_list(
                "stints", flat=True
            )
        )
