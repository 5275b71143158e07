"""What a receiver writes down, how little it does, and that it never harms the platform."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from openedx_events.learning.signals import CERTIFICATE_CREATED
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from cec_plugin import models
from cec_plugin.adapters import openedx
from cec_plugin.domain.keys import identity_key
from cec_plugin.services.wake import settle_wanted
from tests import events, factories

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def _kinds() -> list[tuple[str, str]]:
    return list(models.Notice.objects.order_by("pk").values_list("kind", "via"))


def test_a_certificate_is_written_down_as_the_event_tells_it() -> None:
    events.created(7, T0, grade="0.82")
    notice = models.Notice.objects.get()
    assert (notice.site, notice.subject, notice.activity) == ("tests", "7", events.ETHICS)
    assert (notice.kind, notice.via, notice.role) == ("earned", "certificate", "learner")
    assert (notice.occurred_at, notice.grade, notice.mode) == (T0, "0.82", "honor")
    assert notice.identity_key == identity_key(site="tests", subject="7")


def test_neither_name_nor_mail_nor_user_name_is_written_down() -> None:
    events.created(7, T0)
    row = str(models.Notice.objects.values().get())
    assert not any(word in row for word in ("user-44", "Léa", "Roy", "example.org"))


def test_only_a_downloadable_certificate_earns() -> None:
    for status in ("generating", "notpassing", "unverified", "auditing"):
        events.created(7, T0, status=status)
    assert not models.Notice.objects.exists()


def test_a_role_in_a_team_is_written_down_as_proposed_service_without_a_name() -> None:
    events.role(7, "instructor", T0)
    events.role(7, "instructor", T0 + HOUR, given=False)
    assert _kinds() == [("earned", "team"), ("withdrawn", "team")]
    notice = models.Notice.objects.earliest("pk")
    assert (notice.subject, notice.activity, notice.role) == ("7", events.ETHICS, "facilitator")
    assert notice.evidence["team_role"] == "instructor"
    row = str(models.Notice.objects.values())
    assert not any(word in row for word in ("user-44", "Léa", "Roy", "example.org"))


def test_which_roles_are_service_is_the_sites_to_say(settings: Settings) -> None:
    settings.CEC_TEAM_ROLES = {"staff": "presenter"}
    events.role(7, "instructor", T0)
    events.role(7, "staff", T0)
    assert list(models.Notice.objects.values_list("role", flat=True)) == ["presenter"]


def test_a_revocation_withdraws() -> None:
    events.created(7, T0)
    events.revoked(7, T0 + HOUR)
    assert _kinds() == [("earned", "certificate"), ("withdrawn", "certificate")]


def test_an_allow_listed_learner_with_a_grade_of_zero_earns() -> None:
    events.created(7, T0, grade="0.0")
    assert models.Notice.objects.get().grade == "0.0"


def test_passing_statuses_are_kept_only_where_the_site_says_so(
    settings: Settings,
) -> None:
    events.passing(7, T0)
    assert _kinds() == []
    settings.CEC_HEAR_PASSING = True
    events.passing(7, T0)
    assert _kinds() == [("earned", "passing")]


def test_a_passing_status_is_written_only_when_it_flips(settings: Settings) -> None:
    settings.CEC_EARNED_BY = "passing"
    for number, is_passing in enumerate([False, False, True, True, True, False, False, True]):
        events.passing(7, T0 + number * HOUR, is_passing=is_passing)
    assert [kind for kind, _ in _kinds()] == ["earned", "withdrawn", "earned"]


def test_the_receiver_makes_at_most_three_queries_and_locks_nothing() -> None:
    events.created(7, T0)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        events.created(7, T0 + HOUR)
    said = [query["sql"].upper() for query in queries]
    assert len(said) <= 3
    assert not any("FOR UPDATE" in sql or "LOCK IN" in sql for sql in said)
    assert sum("INSERT" in sql for sql in said) == 1


def test_a_passing_status_costs_one_read_and_at_most_one_insert(
    settings: Settings,
) -> None:
    settings.CEC_EARNED_BY = "passing"
    events.passing(7, T0)
    for is_passing, inserts in ((True, 0), (False, 1)):
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            events.passing(7, T0 + HOUR, is_passing=is_passing)
        said = [query["sql"].upper() for query in queries if "SAVEPOINT" not in query["sql"]]
        assert len(said) == 1 + inserts
        assert not any("FOR UPDATE" in sql for sql in said)
        assert sum("INSERT" in sql for sql in said) == inserts


def test_settling_is_woken_by_the_commit_and_not_before(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    woken: list[list[str]] = []

    def note(identity_keys: list[str], **_: object) -> None:
        woken.append(identity_keys)

    settle_wanted.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            events.created(7, T0)
            assert woken == []
        assert woken == [[identity_key(site="tests", subject="7")]]
    finally:
        settle_wanted.disconnect(note)


def test_an_outer_rollback_takes_the_notice_with_it_and_wakes_nobody(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def certify_and_fail() -> None:
        with transaction.atomic():
            events.created(7, T0)
            raise ZeroDivisionError

    with (
        django_capture_on_commit_callbacks() as callbacks,
        pytest.raises(ZeroDivisionError),
    ):
        certify_and_fail()
    assert not models.Notice.objects.exists()
    assert callbacks == []


@pytest.fixture
def broken() -> Iterator[None]:
    """Make the site's settings unreadable for the receiver."""
    from cec_plugin import conf  # noqa: PLC0415

    conf.get_settings.cache_clear()
    yield
    conf.get_settings.cache_clear()


def test_whatever_breaks_in_the_receiver_is_logged_counted_and_kept_from_the_platform(
    settings: Settings, caplog: pytest.LogCaptureFixture, broken: None
) -> None:
    before = openedx.swallowed["certificate_created"]
    settings.CEC_EARNED_BY = "a misspelt word"
    with caplog.at_level(logging.ERROR, "cec_plugin"):
        events.created(7, T0)
    assert openedx.swallowed["certificate_created"] == before + 1
    assert "was not written down" in caplog.text
    assert "user-44" not in caplog.text


def test_nothing_escapes_even_where_the_platform_lets_receivers_raise(
    settings: Settings, broken: None
) -> None:
    settings.CEC_EARNED_BY = "a misspelt word"
    settings.DEBUG = True  # the platform then sends without protection
    responses = CERTIFICATE_CREATED.send_event(
        certificate=events._certificate(7, events.ETHICS, status="downloadable", grade="1.0")
    )
    assert all(not isinstance(response, Exception) for _, response in responses)


def test_the_same_event_ten_times_today_and_tomorrow_is_one_credit_and_one_delivery() -> None:
    guild = factories.organization()
    factories.table(guild, [factories.rule(events.ETHICS, "10")])
    factories.registry(guild)
    for day in (0, 1):
        for number in range(10):
            events.created(7, T0 + timedelta(days=day, seconds=number))
        factories.settle("7")
    entry = models.CreditEntry.objects.get()
    assert (entry.kind, entry.hundredths, entry.earned_at) == ("award", 1000, T0)
    assert models.Delivery.objects.count() == 1
    assert models.Participation.objects.get().stints == [[T0.isoformat(), None]]
