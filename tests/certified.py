"""Somebody with certifications: two cycles, a sum without one, what waits, and an estimate."""

from datetime import UTC, date, datetime
from typing import Any

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.models.certifications import HoldingStatus, Renewal
from cec_plugin.services.activate import activate, mark_concerned
from cec_plugin.services.renew import renew
from tests import factories as make

EARLIER, MAY = datetime(2025, 9, 1, 12, tzinfo=UTC), datetime(2026, 8, 4, 15, tzinfo=UTC)
CONFERRED = date(2025, 6, 15)
TITLES = {
    "ethics": "Ethics for Career Practitioners",
    "theory": "Theory of Career Development",
    "group": "Facilitating Career Groups",
    "resumes": "Resumes and Personal Branding",
    "lmi": "Labour Market Information",
}


def certified(user: Any) -> models.Holding:
    """Give a user a designation of 45 hours a year in its second cycle, and what is beside it.

    The guild credits four activities and waits with ``resumes``; Lakeshore makes estimates.
    """
    subject = str(user.pk)
    guild = make.organization(time_zone="America/Vancouver")
    table = make.table(
        guild,
        [
            make.rule("ethics", "10"),
            make.rule("theory", "40"),
            make.rule("group", "25", bonuses={"facilitator": None}),
            make.rule("resumes", "20"),
        ],
        active=False,
    )
    models.Rule.objects.filter(schedule=table, pattern="resumes").update(approval=True)
    activate(table.pk, by="tester", now=make.NOW)
    lake = estimating()
    mark_concerned(now=make.NOW)
    make.finish(subject, "theory", EARLIER)
    for activity in ("ethics", "group", "resumes"):
        make.finish(subject, activity, MAY)
    make.finish(subject, "group", MAY, role="facilitator")
    make.settle(subject, platform=make.titled(**TITLES))
    holding = _holds(subject, guild)
    _decided(holding)
    make.finish(subject, "lmi", MAY)
    make.settle(subject, platform=make.titled(**TITLES))
    for organization, code, name, target in (
        (guild, "plar", "Prior learning", None),
        (lake, "practitioner", "Lakeshore Practitioner", 2500),
    ):
        models.Holding.objects.create(
            person_id=holding.person_id,
            designation=models.Designation.objects.create(
                organization=organization,
                code=code,
                name=name,
                cycle="none" if target is None else "rolling",
                target_hundredths=target,
            ),
            conferred_on=CONFERRED,
        )
    return holding


def estimating() -> models.Organization:
    """Make an organization that decides elsewhere: 8 CEUs for 80 hours, before its measure."""
    lake = make.organization("lake", "Lakeshore", unit="ceu", time_zone="America/Halifax")
    table = make.table(lake, [make.rule("ethics", "80", title="Ethics courses")], active=False)
    models.Schedule.objects.filter(pk=table.pk).update(
        decides="estimate", per_hours=10, increment_hundredths=10
    )
    activate(table.pk, by="tester", now=make.NOW)
    return lake


def _holds(subject: str, guild: models.Organization) -> models.Holding:
    made = models.Designation.objects.create(
        organization=guild,
        code="master",
        name="Guild of Coaches, Master",
        grace_days=30,
        target_hundredths=4500,
        carry_over="capped",
        carry_cap_hundredths=500,
    )
    for code, label, key in (
        ("ethics", "Ethics", "ethics"),
        ("practice", "Practice", "theory"),
        ("groups", "Groups", "group"),
    ):
        tag = models.Tag.objects.create(organization=guild, code=code, label=label)
        tag.activities.add(models.Activity.objects.get(key=key))
    made.requirements.create(
        kind="spread", code="both", hundredths=500, needed=2, tags=["ethics", "practice"]
    )
    made.requirements.create(kind="maximum", code="groups", hundredths=2000, tags=["groups"])
    made.requirements.create(
        kind="minimum", code="half", hundredths=500, tags=["ethics"], each_months=6
    )
    return models.Holding.objects.create(
        person_id=make.person_of(subject), designation=made, conferred_on=CONFERRED
    )


def _decided(holding: models.Holding) -> None:
    """Renew the first cycle, then let a later fact change it; suspend the holding since."""
    renew(
        holding.pk,
        starts_on=CONFERRED,
        decision=Renewal.Decision.RENEWED,
        by=Actor(name="registrar", subject="99", everywhere=True),
        now=datetime(2026, 6, 20, tzinfo=UTC),
    )
    holding.leaves.create(starts_on=date(2025, 7, 1), ends_on=date(2025, 7, 31))
    HoldingStatus.objects.create(
        holding=holding,
        status=HoldingStatus.Status.SUSPENDED,
        since=date(2026, 7, 1),
        recorded_by="registrar",
        recorded_at=make.NOW,
    )
