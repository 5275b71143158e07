"""The comparison with the platform: missing completions and missing revocations, both ways."""

from datetime import UTC, datetime, timedelta

import pytest

from cec_plugin import models
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CompletionFacts
from cec_plugin.services.compare import Compared, compare
from cec_plugin.services.sweep import sweep
from tests import factories
from tests.events import ETHICS
from tests.factories import NOW, SmallPlatform

T0 = NOW - timedelta(days=2)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def guild() -> models.Organization:
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    return guild


def _facts(
    subject: str = "7",
    *,
    stands: bool = True,
    modified_at: datetime = T0,
    via: Via = Via.CERTIFICATE,
    activity: str = ETHICS,
) -> CompletionFacts:
    return CompletionFacts(
        subject=subject,
        activity=activity,
        via=via,
        stands=stands,
        earned_at=T0 - HOUR,
        earned_from="certificate_created",
        modified_at=modified_at,
    )


def _platform(*facts: CompletionFacts) -> SmallPlatform:
    return SmallPlatform(facts={(one.subject, one.activity): one for one in facts})


def _compare(platform: SmallPlatform, *, days: int | None = 7, now: datetime = NOW) -> Compared:
    since = None if days is None else now - timedelta(days=days)
    found = compare(platform=platform, since=since, now=now)
    sweep(platform=platform, now=now)
    return found


def _balance(subject: str = "7") -> int:
    entries = models.CreditEntry.objects.filter(
        account__person__identities__subject=subject
    ).values_list("hundredths", flat=True)
    return sum(entries)


def test_a_completion_whose_event_never_came_is_found_and_credited() -> None:
    found = _compare(_platform(_facts()))
    assert (found.missing_completions, found.missing_revocations) == (1, 0)
    entry = models.CreditEntry.objects.get()
    assert (entry.hundredths, entry.earned_at) == (1000, T0 - HOUR)


def test_a_revocation_whose_event_never_came_is_found_and_reversed() -> None:
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    found = _compare(_platform(_facts(stands=False, modified_at=T0 + HOUR)))
    assert (found.missing_completions, found.missing_revocations) == (0, 1)
    assert _balance() == 0


def test_a_row_changed_behind_the_platforms_back_keeps_its_date_and_is_found_all_the_same() -> None:
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    before = _facts(stands=False, modified_at=T0 - timedelta(days=400))
    assert _compare(_platform(before)).missing_revocations == 1
    assert _balance() == 0


def test_a_certificate_that_was_deleted_is_a_revocation() -> None:
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    assert _compare(_platform()).missing_revocations == 1
    assert _balance() == 0


def test_comparing_twice_finds_nothing_the_second_time() -> None:
    platform = _platform(_facts(), _facts("8", stands=False))
    assert _compare(platform).missing_completions == 1
    again = _compare(platform)
    assert (again.missing_completions, again.missing_revocations) == (0, 0)
    assert again.looked_at >= 2
    assert models.Notice.objects.count() == 1


def test_a_notice_that_is_about_to_be_settled_is_not_missing() -> None:
    factories.finish("7", ETHICS, T0)
    found = compare(platform=_platform(_facts()), since=NOW - timedelta(days=7), now=NOW)
    assert found.missing_completions == 0
    assert models.Notice.objects.count() == 1


def test_what_the_platform_dates_longer_ago_is_only_found_when_everything_is_compared() -> None:
    platform = _platform(_facts(modified_at=NOW - timedelta(days=30)))
    assert _compare(platform).missing_completions == 0
    assert _compare(platform, days=None).missing_completions == 1
    assert _balance() == 1000


def test_found_again_after_a_revocation_that_was_an_error() -> None:
    factories.finish("7", ETHICS, T0)
    factories.withdraw("7", ETHICS, T0 + HOUR)
    factories.settle("7")
    assert _balance() == 0
    assert _compare(_platform(_facts())).missing_completions == 1
    assert _balance() == 1000


def test_only_the_evidence_that_counts_for_an_activity_is_compared() -> None:
    found = _compare(_platform(_facts(via=Via.PASSING)))
    assert (found.looked_at, found.missing_completions) == (0, 0)
    models.Activity.objects.create(
        key_digest="0" * 64, site="tests", key="another", earned_by="passing"
    )
    assert _compare(_platform(_facts(via=Via.PASSING))).missing_completions == 0


def test_an_activity_finished_by_a_passing_grade_is_compared_by_grades() -> None:
    factories.finish("9", ETHICS, T0, via=Via.PASSING)
    factories.settle("9")
    models.Activity.objects.update(earned_by="passing")
    models.Participation.objects.update(settle_at=NOW)
    platform = _platform(_facts("9", via=Via.PASSING), _facts("7", via=Via.PASSING))
    factories.settle_everybody(platform=platform)
    assert _balance("9") == 1000
    assert _compare(platform).missing_completions == 1
    assert _balance("7") == 1000


def test_a_thousand_completions_are_compared_in_pages() -> None:
    many = [_facts(str(number)) for number in range(600)]
    factories.finish("0", ETHICS, T0)
    factories.settle("0", platform=_platform(*many))
    found = compare(platform=_platform(*many), since=T0 - HOUR, now=datetime.now(UTC))
    assert found.missing_completions == 599


def test_service_that_somebody_entered_is_no_concern_of_the_comparison() -> None:
    factories.finish("7", ETHICS, T0, role="presenter")
    factories.settle("7")
    assert _compare(_platform()).missing_revocations == 0
