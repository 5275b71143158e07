"""What a preview tells beyond the figures: who falls under a minimum, which closed cycles, whom."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.models.certifications import Renewal
from cec_plugin.selectors.progress import standings
from cec_plugin.services import rehearse as rehearsing
from cec_plugin.services.apply_preview import ask
from cec_plugin.services.draft import draft_from
from cec_plugin.services.previews import go_on
from cec_plugin.services.rehearse import begin, rehearse
from cec_plugin.services.renew import renew
from tests import factories
from tests.integration.admin_visits import page, superuser, text_of

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ETHICS = "course-v1:CPC+Ethics+2026"
THEORY = "course-v1:CPC+Theory+2026"
CONFERRED = date(2025, 6, 15)
SECOND = "2026-06-15"

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guild() -> models.Organization:
    """Make a guild that gives 10 for Ethics, which is tagged, and 40 for Theory."""
    made = factories.organization(time_zone="America/Vancouver")
    made.tags.create(code="ethics", label="Ethics")
    factories.registry(made)
    factories.table(
        made, [factories.rule(ETHICS, "10", tags=["ethics"]), factories.rule(THEORY, "40")]
    )
    return made


def _designation(of: models.Organization, **fields: Any) -> models.Designation:
    made = models.Designation.objects.create(
        **{
            "organization": of,
            "code": "ccdp",
            "name": "CCDP",
            "target_hundredths": 1000,
            **fields,
        }
    )
    made.requirements.create(kind="spread", code="shown", hundredths=1, needed=1, tags=["ethics"])
    return made


def _hold(
    subject: str, designation: models.Designation, conferred_on: date = CONFERRED
) -> models.Holding:
    return models.Holding.objects.create(
        person_id=factories.person_of(subject), designation=designation, conferred_on=conferred_on
    )


def _finish(subject: str, *activities: str, at: datetime = T0) -> None:
    for activity in activities:
        factories.finish(subject, activity, at)
    factories.settle(subject)


def _draft(organization: models.Organization, **changes: int | None) -> models.Schedule:
    """Make a draft in which rules give other figures (by code, in hundredths)."""
    made = draft_from(organization.schedules.latest("version").pk)
    for code, hundredths in changes.items():
        made.rules.filter(code=code.replace("_", "-")).update(hundredths=hundredths)
    return made


def _rehearse(draft: models.Schedule, now: datetime = factories.NOW) -> models.Preview:
    preview = begin(draft.pk, by="root", now=now)
    rehearse(preview, now=now)
    return preview


def _row(preview: models.Preview, subject: str = "1") -> models.PreviewedAccount:
    return preview.accounts.get(account__person_id=factories.person_of(subject))


def _renew(holding: models.Holding) -> Renewal:
    return renew(
        holding.pk,
        starts_on=CONFERRED,
        decision=Renewal.Decision.RENEWED,
        by=Actor(name="registrar", subject="99", everywhere=True),
        now=datetime(2026, 6, 20, tzinfo=UTC),
    )


def test_who_falls_under_what_is_told_with_before_after_and_needed(
    guild: models.Organization,
) -> None:
    for subject in ("1", "2", "3"):
        _finish(subject, ETHICS)
    _finish("2", THEORY)
    designation = _designation(guild)
    one, two = _hold("1", designation), _hold("2", designation)
    preview = _rehearse(_draft(guild, rule_1=500))
    assert _row(preview, "1").falls_under == [
        [one.pk, "target", 1000, 500, 1000, CONFERRED.isoformat()]
    ]
    assert _row(preview, "2").falls_under == []  # 45 is enough
    assert _row(preview, "3").falls_under == []  # holds nothing
    nothing = _rehearse(_draft(guild, rule_1=None))
    assert [fall[:5] for fall in _row(nothing, "1").falls_under] == [
        [one.pk, "target", 1000, 0, 1000],
        [one.pk, "shown", 1, 0, 1],
    ]
    assert [fall[:5] for fall in _row(nothing, "2").falls_under] == [[two.pk, "shown", 1, 0, 1]]


def test_applied_everybody_has_what_was_told(guild: models.Organization) -> None:
    designation = _designation(guild)
    for subject in ("1", "2"):
        _finish(subject, ETHICS)
        _hold(subject, designation)
    _finish("2", THEORY)
    preview = _rehearse(_draft(guild, rule_1=500, rule_2=200))
    told = {
        (holding, code, cycle): after
        for falls in preview.accounts.values_list("falls_under", flat=True)
        for holding, code, _before, after, _needed, cycle in falls
    }
    assert sorted(told.values()) == [500, 700]
    ask(preview.pk, by="root", now=factories.NOW)
    go_on(platform=factories.SmallPlatform(), now=factories.NOW)
    found = {
        (one.holding.pk, check.code, cycle.cycle.starts_on.isoformat()): check.have
        for subject in ("1", "2")
        for one in standings(factories.person_of(subject), on=date(2026, 11, 20))
        for cycle in one.cycles
        for check in cycle.checks
    }
    assert told.items() <= found.items()


def test_what_comes_counts_by_the_tags_of_its_new_rule_and_those_hung_on_its_activity(
    guild: models.Organization,
) -> None:
    _finish("1", ETHICS, "hung")
    holding = _hold("1", _designation(guild, target_hundredths=None))
    draft = _draft(guild, rule_1=500)
    draft.rules.filter(code="rule-1").update(tags=[])
    assert _row(_rehearse(draft)).falls_under == [
        [holding.pk, "shown", 1, 0, 1, CONFERRED.isoformat()]
    ]
    draft.rules.create(code="hung", selector="run", pattern="hung", hundredths=100)
    guild.tags.get().activities.add(models.Activity.objects.get(key="hung"))
    assert _row(_rehearse(draft)).falls_under == []


def test_awards_and_reversals_are_counted_and_the_page_adds_them_up(
    guild: models.Organization,
) -> None:
    _finish("1", ETHICS, THEORY)
    _finish("2", ETHICS)
    preview = _rehearse(_draft(guild, rule_1=500, rule_2=None))
    assert (_row(preview).awards, _row(preview).reversals) == (1, 2)
    assert (_row(preview, "2").awards, _row(preview, "2").reversals) == (1, 1)
    told = text_of(superuser().get(page("preview", preview.pk)))
    assert "<td>2</td><td>3</td>" in told


def test_a_closed_cycle_that_would_differ_is_named_and_left_as_it_is(
    guild: models.Organization,
) -> None:
    _finish("1", ETHICS)
    _finish("2", ETHICS)
    designation = _designation(guild)
    made, other = _renew(_hold("1", designation)), _renew(_hold("2", designation))
    factories.withdraw("2", ETHICS, T0 + timedelta(days=200))
    factories.settle("2")
    factories.finish("2", THEORY, T0)
    factories.settle("2")
    draft = _draft(guild, rule_1=500, rule_2=3000)
    preview = _rehearse(draft)
    row = _row(preview)
    assert (row.closed, row.falls_under) == ([made.pk], [])  # it was decided on
    assert _row(preview, "2").closed == []  # it differs already
    told = text_of(superuser().get(page("preview", preview.pk)))
    assert "Closed cycles of 1 person would have other figures" in told
    assert page("renewal", made.pk) in told
    assert page("renewal", other.pk) not in told
    before = list(Renewal.objects.order_by("pk").values())
    ask(preview.pk, by="root", now=factories.NOW)
    go_on(platform=factories.SmallPlatform(), now=factories.NOW)
    assert list(Renewal.objects.order_by("pk").values()) == before
    (standing,) = standings(factories.person_of("1"), on=date(2026, 11, 20))
    assert standing.decided[CONFERRED].differs


def test_a_cycle_that_nobody_has_decided_on_falls_beside_a_closed_one(
    guild: models.Organization,
) -> None:
    _finish("1", ETHICS)
    holding = _hold("1", _designation(guild))
    _renew(holding)
    _finish("1", "again", at=T0 + timedelta(days=150))
    draft = _draft(guild)
    draft.rules.create(
        code="again", selector="run", pattern="again", hundredths=1000, tags=["ethics"]
    )
    assert _row(_rehearse(draft)).falls_under == []
    factories.activate(draft.pk, by="root", now=factories.NOW)
    factories.mark_concerned(now=factories.NOW)
    factories.settle_everybody()
    preview = _rehearse(_draft(guild, again=900))
    assert _row(preview).falls_under == [[holding.pk, "target", 1000, 900, 1000, SECOND]]
    assert _row(preview).closed == []


def test_a_designation_that_accepts_these_credits_is_looked_at_too(
    guild: models.Organization,
) -> None:
    other = factories.organization("other", "Other", time_zone="America/Toronto")
    other.tags.create(code="ethics", label="Ethics")
    factories.table(other, [factories.rule(THEORY, "1")])
    _finish("1", ETHICS)
    _finish("2", ETHICS, THEORY)
    accepting = _designation(other)
    holding = _hold("1", accepting)
    draft = _draft(guild, rule_1=None)
    assert _row(_rehearse(draft)).falls_under == []  # not accepted
    accepting.accepts.add(guild)
    assert [fall[:5] for fall in _row(_rehearse(draft)).falls_under] == [
        [holding.pk, "target", 1000, 0, 1000],
        [holding.pk, "shown", 1, 0, 1],
    ]
    # Where its own organization gave credit for the same, this one's change means nothing.
    accepting.requirements.all().delete()
    models.Designation.objects.update(target_hundredths=100)
    _hold("2", accepting)
    assert _row(_rehearse(_draft(guild, rule_1=None, rule_2=None)), "2").falls_under == []


def test_the_day_is_the_one_where_the_designations_organization_is(
    guild: models.Organization,
) -> None:
    _finish("1", ETHICS)
    _hold("1", _designation(guild, cycle="rolling", months=12), date(2025, 1, 1))
    draft = _draft(guild, rule_1=500)
    # On 28 February 2027 in Vancouver the credit of 1 March 2026 is still inside, in UTC no more.
    last = datetime(2027, 3, 1, 7, 59, tzinfo=UTC)
    assert len(_row(_rehearse(draft, last)).falls_under) == 1
    assert _row(_rehearse(draft, last + timedelta(minutes=1))).falls_under == []


def test_the_page_says_how_many_fall_and_who_under_what(guild: models.Organization) -> None:
    for subject in ("1", "2"):
        _finish(subject, ETHICS)
    designation = _designation(guild)
    holdings = [_hold(subject, designation) for subject in ("1", "2")]
    lifelong = _designation(guild, code="plar", name="PLAR", cycle="none")
    holdings.append(_hold("1", lifelong))
    preview = _rehearse(_draft(guild, rule_1=None))
    client = superuser()
    told = text_of(client.get(page("preview", preview.pk)))
    assert "2 people fall under something that a certification asks for." in told
    assert "Closed cycles of 0 people would have other figures" in told
    for holding in holdings:
        assert page("holding", holding.pk) in told
    assert told.count("<td>in all</td><td>10\u00a0hours</td><td>0\u00a0hours</td>") == 3
    assert told.count("<td>shown</td><td>1</td><td>0</td><td>1</td>") == 3
    assert told.count("<td>June 15, 2025</td>") == 4  # none for what has no cycle
    asked = text_of(client.get(page("preview", preview.pk, "step/apply")))
    assert "2 people fall under something that a certification asks for." in asked


def test_a_range_is_looked_at_with_the_same_queries_for_any_number_of_people(
    guild: models.Organization,
) -> None:
    designation = _designation(guild)
    for subject in ("1", "2"):
        _finish(subject, ETHICS)
        _renew(_hold(subject, designation))
    draft = _draft(guild, rule_1=500)
    with CaptureQueriesContext(connection) as few:
        _rehearse(draft)
    for number in range(3, 9):
        _finish(str(number), ETHICS)
        _renew(_hold(str(number), designation))
    with CaptureQueriesContext(connection) as many:
        preview = _rehearse(draft)
    assert len(many) == len(few)
    assert preview.accounts.exclude(closed=[]).count() == 8


def test_a_draft_that_says_the_same_concerns_nobody(guild: models.Organization) -> None:
    _finish("1", ETHICS)
    _renew(_hold("1", _designation(guild)))
    row = _row(_rehearse(_draft(guild)))
    assert (row.changes, row.falls_under, row.closed, row.awards, row.reversals) == (
        [],
        [],
        [],
        0,
        0,
    )


def test_looked_at_one_by_one_it_says_the_same(
    guild: models.Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    designation = _designation(guild)
    for subject in ("1", "2", "3"):
        _finish(subject, ETHICS)
        _hold(subject, designation)
    draft = _draft(guild, rule_1=500)
    figures = ("account_id", "awards", "reversals", "falls_under", "closed")
    together = list(_rehearse(draft).accounts.order_by("account_id").values_list(*figures))
    monkeypatch.setattr(rehearsing, "RANGE", 1)
    assert list(_rehearse(draft).accounts.order_by("account_id").values_list(*figures)) == together
    assert all(falls for *_, falls, _closed in together)
