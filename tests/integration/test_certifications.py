"""Certifications: progress from the ledger, renewals with frozen figures, and their pages."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.progress import Standing
from cec_plugin.domain.retelling import replay_progress, steps
from cec_plugin.exceptions import AppendOnlyError
from cec_plugin.models.certifications import Renewal
from cec_plugin.selectors.progress import differing, standings, today
from cec_plugin.services.authorize import OwnCreditError
from cec_plugin.services.renew import RenewalError, renew
from tests import factories
from tests.integration.admin_visits import (
    administrator,
    errors_of,
    page,
    submit,
    superuser,
    take,
    text_of,
)
from tests.threads import together

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ETHICS = "course-v1:CPC+Ethics+2026"
THEORY = "course-v1:CPC+Theory+2026"
CONFERRED = date(2025, 6, 15)
REGISTRAR = Actor(name="registrar", subject="99", everywhere=True)

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def holding() -> models.Holding:
    """Make somebody with 10 and 40 hours who holds a designation of 45 a year, two tags of two."""
    guild = factories.organization(time_zone="America/Vancouver")
    factories.table(guild, [factories.rule(ETHICS, "10"), factories.rule(THEORY, "40")])
    factories.finish("900007", ETHICS, T0)
    factories.finish("900007", THEORY, T0 + timedelta(days=1))
    factories.settle("900007")
    made = models.Designation.objects.create(
        organization=guild,
        code="ccdp",
        name="CCDP",
        grace_days=30,
        target_hundredths=4500,
    )
    for code, key in (("ethics", ETHICS), ("practice", THEORY)):
        tag = models.Tag.objects.create(organization=guild, code=code, label=code)
        tag.activities.add(models.Activity.objects.get(key=key))
    made.requirements.create(
        kind="spread", code="both", hundredths=1, needed=2, tags=["ethics", "practice"]
    )
    return models.Holding.objects.create(
        person_id=factories.person_of("900007"), designation=made, conferred_on=CONFERRED
    )


def _now(holding: models.Holding, on: date = date(2026, 3, 10)) -> Any:
    (standing,) = standings(holding.person_id, on=on)
    return standing


def test_progress_is_reckoned_from_the_ledger_as_it_stands(holding: models.Holding) -> None:
    (cycle,) = _now(holding).cycles
    assert (cycle.cycle.starts_on, cycle.cycle.ends_on) == (CONFERRED, date(2026, 6, 14))
    assert (cycle.counted, cycle.standing) == (5000, Standing.MET)
    assert replay_progress(steps(cycle)) == 5000
    factories.withdraw("900007", ETHICS, T0 + timedelta(days=3))
    factories.settle("900007")
    (cycle,) = _now(holding).cycles
    assert (cycle.counted, cycle.standing) == (4000, Standing.OPEN)
    assert {check.code: check.missing for check in cycle.checks} == {"target": 500, "both": 1}


def test_progress_costs_the_same_queries_for_any_number_of_credits(
    holding: models.Holding,
) -> None:
    with CaptureQueriesContext(connection) as asked:
        _now(holding)
    assert len(asked) == 9


def test_a_credit_falls_on_the_day_where_the_organization_is(holding: models.Holding) -> None:
    # 2026-06-15 05:00 UTC is still the 14th in Vancouver, the last day of the cycle.
    late = "course-v1:CPC+Late+1"
    factories.table(
        models.Organization.objects.get(), [factories.rule(late, "1"), factories.rule(ETHICS)]
    )
    factories.finish("900007", late, datetime(2026, 6, 15, 5, 0, tzinfo=UTC))
    factories.settle("900007")
    first, second = _now(holding, date(2026, 6, 15)).cycles
    assert date(2026, 6, 14) in [one.earned_on for one in first.credits]
    assert second.credits == ()


def test_new_years_night_divides_calendar_cycles_where_the_organization_is(
    holding: models.Holding,
) -> None:
    # 8:00 UTC is midnight in Vancouver: an instant before belongs to the old year there alone.
    guild = models.Organization.objects.get()
    models.Designation.objects.update(cycle="calendar")
    factories.table(guild, [factories.rule("old", "1"), factories.rule("new", "1")])
    factories.finish("900007", "old", datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC))
    factories.finish("900007", "new", datetime(2027, 1, 1, 8, 0, 0, tzinfo=UTC))
    factories.settle("900007", now=datetime(2027, 1, 2, tzinfo=UTC))
    *_, old, new = _now(holding, date(2027, 1, 1)).cycles
    assert [one.earned_on for one in old.credits][-1] == date(2026, 12, 31)
    assert [one.activity for one in new.credits] == ["new"]
    # Which day it is for a holding is asked there too.
    assert today(holding, datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert today(holding, datetime(2027, 1, 1, 8, 0, 0, tzinfo=UTC)) == date(2027, 1, 1)


def test_what_was_conferred_on_a_leap_day_has_its_leave_and_its_credits_to_the_day(
    holding: models.Holding,
) -> None:
    guild = models.Organization.objects.get()
    factories.table(guild, [factories.rule("last", "1"), factories.rule("first", "1")])
    # Midnight of 28 February 2025 in Vancouver ends the first cycle.
    factories.finish("900007", "last", datetime(2025, 2, 28, 7, 59, 59, tzinfo=UTC))
    factories.finish("900007", "first", datetime(2025, 2, 28, 8, 0, 0, tzinfo=UTC))
    factories.settle("900007")
    models.Holding.objects.update(conferred_on=date(2024, 2, 29))
    holding.leaves.create(starts_on=date(2024, 2, 29), ends_on=date(2024, 2, 29))
    one, two = _now(holding, date(2025, 3, 1)).cycles
    assert [[credit.activity for credit in cycle.credits] for cycle in (one, two)] == [
        ["last"],
        ["first"],
    ]
    assert one.checks[0].needed == 4500 * 364 // 365
    assert two.checks[0].needed == 4500


def test_a_leave_shrinks_what_is_asked_for(holding: models.Holding) -> None:
    holding.leaves.create(starts_on=CONFERRED, ends_on=date(2026, 6, 14))
    (cycle,) = _now(holding).cycles
    assert cycle.checks[0].needed == 0


def _renew(holding: models.Holding, by: str = "registrar", subject: str = "99") -> models.Renewal:
    return renew(
        holding.pk,
        starts_on=CONFERRED,
        decision=Renewal.Decision.RENEWED,
        by=Actor(name=by, subject=subject, everywhere=True),
        now=datetime(2026, 6, 20, tzinfo=UTC),
    )


def test_a_decision_is_made_once_with_its_figures_and_never_changed(
    holding: models.Holding,
) -> None:
    made = _renew(holding)
    assert made.figures == [["target", 4500, 5000], ["both", 2, 2]]
    with pytest.raises(RenewalError, match="registrar decided on this cycle at 2026-06-20"):
        _renew(holding, by="other")
    with pytest.raises(AppendOnlyError):
        made.save()


def test_a_decision_writes_back_no_number_that_was_corrected_meanwhile(
    holding: models.Holding,
) -> None:
    def correct(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE") and "cec_plugin_holding" in sql and "C-1" not in str(args):
            models.Holding.objects.filter(pk=holding.pk).update(number="C-1")
        return execute(sql, *args)

    with connection.execute_wrapper(correct):
        _renew(holding)
    holding.refresh_from_db()
    assert holding.number == "C-1"


def test_nobody_decides_on_their_own(holding: models.Holding) -> None:
    with pytest.raises(OwnCreditError, match="their own"):
        _renew(holding, subject="900007")
    assert not models.Renewal.objects.exists()


def test_what_is_no_cycle_cannot_be_decided_on(holding: models.Holding) -> None:
    with pytest.raises(RenewalError, match="there is no cycle from 2020-01-01"):
        renew(
            holding.pk,
            starts_on=date(2020, 1, 1),
            decision=Renewal.Decision.LAPSED,
            by=REGISTRAR,
            now=factories.NOW,
        )


def test_a_closed_cycle_is_flagged_when_later_facts_would_change_it(
    holding: models.Holding,
) -> None:
    made = _renew(holding)
    on = date(2026, 7, 1)
    assert not _now(holding, on).decided[CONFERRED].differs
    factories.withdraw("900007", ETHICS, T0 + timedelta(days=300))
    factories.settle("900007")
    assert _now(holding, on).decided[CONFERRED].differs
    made.refresh_from_db()
    assert made.figures[0] == ["target", 4500, 5000]


def test_of_some_decisions_those_are_flagged_that_later_facts_would_change(
    holding: models.Holding,
) -> None:
    factories.finish("900008", ETHICS, T0)
    factories.settle("900008")
    flagged = _renew(holding)
    kept = _renew(
        models.Holding.objects.create(
            person_id=factories.person_of("900008"),
            designation=holding.designation,
            conferred_on=CONFERRED,
        )
    )
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert differing([flagged, kept], now=now) == frozenset()
    factories.withdraw("900007", ETHICS, T0 + timedelta(days=200))
    factories.settle("900007")
    assert differing([flagged, kept], now=now) == {flagged.pk}
    assert differing([kept], now=now) == differing([], now=now) == frozenset()


def test_the_list_of_decisions_costs_the_same_queries_for_any_number(
    holding: models.Holding,
) -> None:
    _renew(holding)
    client = superuser()
    client.get(page("renewal"))  # what is read once in a process is read
    with CaptureQueriesContext(connection) as one:
        assert "icon-no" in text_of(client.get(page("renewal")))
    for number in range(3):
        subject = f"90001{number}"
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject)
        _renew(
            models.Holding.objects.create(
                person_id=factories.person_of(subject),
                designation=holding.designation,
                conferred_on=CONFERRED,
            )
        )
    factories.withdraw("900010", ETHICS, T0 + timedelta(days=200))
    factories.settle("900010")
    with CaptureQueriesContext(connection) as many:
        told = text_of(client.get(page("renewal")))
    assert (told.count("icon-yes"), told.count("icon-no")) == (1, 3)
    assert len(many) == len(one)
    flagged = models.Renewal.objects.get(holding__person_id=factories.person_of("900010"))
    assert "icon-yes" in text_of(client.get(page("renewal", flagged.pk)))
    flagged.refresh_from_db()
    assert flagged.figures[0] == ["target", 4500, 1000]


def test_a_lapse_is_written_into_the_history(holding: models.Holding) -> None:
    renew(
        holding.pk,
        starts_on=CONFERRED,
        decision=Renewal.Decision.LAPSED,
        by=REGISTRAR,
        now=datetime(2026, 8, 1, tzinfo=UTC),
    )
    status = holding.statuses.get()
    assert (status.status, status.since) == ("lapsed", date(2026, 6, 15))


@pytest.mark.concurrency
def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told(
    holding: models.Holding,
) -> None:
    told: list[str] = []

    def work(name: str) -> None:
        try:
            _renew(holding, by=name)
        except RenewalError as error:
            told.append(str(error))

    together([partial(work, name) for name in ("one", "other", "third")])
    winner = models.Renewal.objects.get().decided_by
    assert len(told) == 2
    assert all(winner in text for text in told)


def test_the_page_shows_progress_and_takes_the_decision(holding: models.Holding) -> None:
    client = superuser()
    told = text_of(client.get(page("holding", holding.pk)))
    assert "in all: 50" in told
    assert "both: 2 of 2." in told
    take(client, "holding", holding.pk, "renewed")
    made = models.Renewal.objects.get()
    assert (made.decision, made.starts_on) == ("renewed", CONFERRED)


def test_whoever_may_not_decide_cannot(holding: models.Holding) -> None:
    client = administrator("view_holding")
    assert client.post(page("holding", holding.pk, "step/renewed")).status_code == 403
    assert not models.Renewal.objects.exists()


def test_a_designation_that_contradicts_itself_is_not_saved_and_every_fault_is_told() -> None:
    guild = factories.organization()
    answer = submit(
        superuser(),
        page("designation", None, "add"),
        organization=str(guild.pk),
        code="x",
        name="X",
        cycle="rolling",
        months="0",
        carry_over="all",
        **{
            "requirements-0-kind": "minimum",
            "requirements-0-code": "m",
            "requirements-0-hundredths": "5",
            "requirements-0-tags": "nobody",
        },
    )
    told = text_of(answer)
    for fault in ("0 months is not between", "nobody defines the tag", "there is no next cycle"):
        assert fault in told
    assert not models.Designation.objects.exists()
    assert not models.Requirement.objects.exists()


def test_a_designation_is_typed_as_people_write_it() -> None:
    guild = factories.organization()
    models.Tag.objects.create(organization=guild, code="instruction", label="Instruction")
    answer = submit(
        superuser(),
        page("designation", None, "add"),
        organization=str(guild.pk),
        code="chrp",
        name="CHRP",
        cycle="anniversary",
        months="36",
        target_hundredths="66.67",
        **{
            "requirements-0-kind": "maximum",
            "requirements-0-code": "instruction",
            "requirements-0-hundredths": "46.67",
            "requirements-0-tags": "instruction",
        },
    )
    assert not errors_of(answer)
    made = models.Designation.objects.get()
    assert (made.target_hundredths, made.requirements.get().hundredths) == (6667, 4667)
