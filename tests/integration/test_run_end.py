"""What counts when the run has ended: it waits with a reason, and the sweep credits it in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.platform import CourseFacts
from cec_plugin.models.catalogue import Counts
from cec_plugin.services.sweep import settle_due, sweep
from tests import factories
from tests.events import ETHICS
from tests.factories import SmallPlatform

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
END = T0 + 10 * DAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def guild(settings: Any) -> models.Organization:
    """Make a site where everything counts when its run has ended."""
    settings.CEC_COUNTS = Counts.RUN_END.value
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    return guild


def _ending(at: datetime | None) -> SmallPlatform:
    return SmallPlatform(courses={ETHICS: CourseFacts(key=ETHICS, title="Ethics", ends_at=at)})


def _finish(platform: SmallPlatform, at: datetime = T0, subject: str = "7") -> None:
    factories.finish(subject, ETHICS, at)
    factories.settle(subject, platform=platform, now=at)


def _sweep_daily(platform: SmallPlatform, until: datetime, since: datetime = T0) -> None:
    """Let the days go by, with a sweep each day and one at the very end."""
    now = since
    while now < until:
        settle_due(platform=platform, now=now)
        now += DAY
    settle_due(platform=platform, now=until)


def _ledger() -> list[tuple[str, int]]:
    return list(models.CreditEntry.objects.order_by("pk").values_list("kind", "hundredths"))


def _waits_until() -> str:
    refusal = models.Refusal.objects.get()
    assert refusal.code == RefusalCode.RUN_NOT_ENDED
    until: str = refusal.details["until"]
    return until


def test_before_the_end_nothing_is_awarded_and_the_reason_names_the_end() -> None:
    platform = _ending(END)
    _finish(platform)
    assert _ledger() == []
    assert _waits_until() == END.isoformat()
    _sweep_daily(platform, END - HOUR)
    assert _ledger() == []
    assert _waits_until() == END.isoformat()


def test_when_the_end_has_come_the_sweep_awards_it_as_of_the_day_of_finishing() -> None:
    platform = _ending(END)
    _finish(platform)
    _sweep_daily(platform, END)
    assert _ledger() == [("award", 1000)]
    award = models.CreditEntry.objects.get()
    assert (award.earned_at, award.recorded_at) == (T0, END)
    assert not models.Refusal.objects.exists()
    assert models.Participation.objects.get().settle_at is None


def test_once_it_is_awarded_nothing_is_due_any_more() -> None:
    platform = _ending(END)
    _finish(platform)
    _sweep_daily(platform, END)
    assert settle_due(platform=platform, now=END + 9 * DAY) == (0, 0)
    assert _ledger() == [("award", 1000)]


def test_a_site_that_swept_nothing_for_a_month_awards_it_then() -> None:
    platform = _ending(END)
    _finish(platform)
    assert sweep(platform=platform, now=END + 30 * DAY).settled == 1
    assert _ledger() == [("award", 1000)]


def test_an_end_that_moved_away_is_waited_for() -> None:
    _finish(_ending(END))
    later = _ending(END + 5 * DAY)
    _sweep_daily(later, END + 2 * DAY)
    assert _ledger() == []
    assert _waits_until() == (END + 5 * DAY).isoformat()
    _sweep_daily(later, END + 5 * DAY, since=END + 2 * DAY)
    assert _ledger() == [("award", 1000)]


def test_an_end_that_moved_nearer_is_not_missed() -> None:
    _finish(_ending(T0 + 365 * DAY))
    nearer = _ending(T0 + 3 * DAY)
    _sweep_daily(nearer, T0 + 3 * DAY)
    assert _ledger() == [("award", 1000)]


def test_an_end_that_was_taken_away_means_at_once() -> None:
    _finish(_ending(END))
    _sweep_daily(_ending(None), T0 + 3 * DAY)
    assert _ledger() == [("award", 1000)]


def test_a_course_without_an_end_counts_at_once() -> None:
    _finish(_ending(None))
    assert _ledger() == [("award", 1000)]
    assert models.Participation.objects.get().settle_at is None


def test_a_course_that_the_platform_does_not_know_counts_at_once() -> None:
    _finish(SmallPlatform())
    assert _ledger() == [("award", 1000)]


def test_what_is_finished_after_the_end_counts_at_once() -> None:
    _finish(_ending(END), at=END + HOUR)
    assert _ledger() == [("award", 1000)]


def test_what_is_withdrawn_before_the_end_leaves_nothing_in_the_ledger() -> None:
    platform = _ending(END)
    _finish(platform)
    factories.withdraw("7", ETHICS, T0 + DAY)
    factories.settle("7", platform=platform, now=T0 + DAY)
    assert not models.Refusal.objects.exists()
    _sweep_daily(platform, END + DAY, since=T0 + DAY)
    assert _ledger() == []


def test_what_is_withdrawn_and_finished_again_before_the_end_is_one_award_of_the_first_date() -> (
    None
):
    platform = _ending(END)
    _finish(platform)
    factories.withdraw("7", ETHICS, T0 + DAY)
    factories.settle("7", platform=platform, now=T0 + DAY)
    _finish(platform, at=T0 + 2 * DAY)
    _sweep_daily(platform, END, since=T0 + 2 * DAY)
    assert sum(hundredths for _, hundredths in _ledger()) == 1000
    assert models.CreditEntry.objects.latest("pk").earned_at == T0


def test_what_is_withdrawn_after_the_end_is_taken_back() -> None:
    platform = _ending(END)
    _finish(platform)
    _sweep_daily(platform, END)
    factories.withdraw("7", ETHICS, END + DAY)
    factories.settle("7", platform=platform, now=END + DAY)
    assert _ledger() == [("award", 1000), ("reversal", -1000)]


def test_an_activity_has_its_own_word_before_the_sites(settings: Any) -> None:
    settings.CEC_COUNTS = Counts.AT_ONCE.value
    platform = _ending(END)
    _finish(platform)
    assert _ledger() == [("award", 1000)]
    models.Activity.objects.update(counts=Counts.RUN_END.value)
    _finish(platform, subject="8")
    assert _ledger() == [("award", 1000)]
    assert _waits_until() == END.isoformat()


def test_an_activity_that_counts_at_once_does_not_wait_on_a_site_that_does() -> None:
    platform = _ending(END)
    _finish(platform)
    models.Activity.objects.update(counts=Counts.AT_ONCE.value)
    _sweep_daily(platform, T0 + 2 * DAY)
    assert _ledger() == [("award", 1000)]


def test_an_end_that_moves_away_after_the_award_leaves_the_award_alone() -> None:
    platform = _ending(END)
    _finish(platform)
    _sweep_daily(platform, END)
    later = _ending(END + 30 * DAY)
    _finish(later, at=END + 3 * DAY, subject="8")
    person = factories.person_of("7")
    models.Participation.objects.filter(identity__person_id=person).update(settle_at=END + 3 * DAY)
    settle_due(platform=later, now=END + 4 * DAY)
    awarded = models.CreditEntry.objects.filter(account__person_id=person)
    assert list(awarded.values_list("kind", "hundredths")) == [("award", 1000)]


def test_an_end_that_somebody_entered_is_not_asked_for_again() -> None:
    platform = _ending(END)
    _finish(platform)
    models.Activity.objects.update(refreshed_at=None, ends_at=T0 + 2 * DAY)
    _sweep_daily(platform, T0 + 2 * DAY)
    assert _ledger() == [("award", 1000)]
    assert models.Activity.objects.get().ends_at == T0 + 2 * DAY
