"""A rule's conditions, a table's caps and a program, typed in as people would."""

import pytest

from cec_plugin import models
from cec_plugin.domain.keys import activity_key
from tests import factories
from tests.integration.admin_visits import (
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    take,
    text_of,
)

ETHICS = "course-v1:CPC+Ethics+2026"
THEORY = "course-v1:CPC+Theory+2026"

pytestmark = pytest.mark.django_db(transaction=True)


def _draft() -> models.Schedule:
    return factories.table(factories.organization(), [factories.rule(ETHICS, "10")], active=False)


def test_conditions_are_typed_as_people_write_them() -> None:
    row = _draft().rules.get()
    answer = submit(
        superuser(),
        page("rule", row.pk),
        modes=" verified, honor ,verified",
        minimum_grade="66,5",
        evidence=["certificate", "entry"],
        registered="on",
        repeat="once",
        counts_from="2026-01-01",
    )
    assert not errors_of(answer)
    row.refresh_from_db()
    assert (row.modes, row.minimum_grade) == (["honor", "verified"], 6650)
    assert (row.evidence, row.registered, row.repeat) == (["certificate", "entry"], True, "once")
    assert row.hundredths == 1000


def test_a_rules_tags_are_typed_with_commas_and_looked_at_when_the_table_is_activated() -> None:
    row = _draft().rules.get()
    client = superuser()
    assert not errors_of(submit(client, page("rule", row.pk), tags="practice, ethics ,ethics"))
    row.refresh_from_db()
    assert row.tags == ["ethics", "practice"]
    told = text_of(take(client, "schedule", row.schedule_id, "activate"))
    assert told.count("nobody defines the tag") == 2
    for code in row.tags:
        models.Tag.objects.create(organization=row.schedule.organization, code=code, label=code)
    take(client, "schedule", row.schedule_id, "activate")
    assert models.Schedule.objects.get().is_active


def test_a_rule_of_an_active_table_is_only_read() -> None:
    row = factories.table(factories.organization(), [factories.rule(ETHICS)]).rules.get()
    client = superuser()
    assert "modes" not in fields_of(client, page("rule", row.pk))
    client.post(page("rule", row.pk), {"modes": "verified"})
    row.refresh_from_db()
    assert row.modes == []


def test_terms_and_caps_are_typed_on_the_tables_page() -> None:
    schedule = _draft()
    answer = submit(
        superuser(),
        page("schedule", schedule.pk),
        awards_to="members",
        units="5",
        per_hours="1",
        period_months="36",
        period_anchor="2026-02-28",
        **{
            "caps-0-code": "teaching",
            "caps-0-roles": "presenter, developer",
            "caps-0-per": "period",
            "caps-0-hundredths": "46.67",
        },
    )
    assert not errors_of(answer)
    schedule.refresh_from_db()
    cap = schedule.caps.get()
    assert (schedule.awards_to, schedule.units, schedule.period_months) == ("members", 5, 36)
    assert (cap.roles, cap.hundredths) == (["developer", "presenter"], 4667)


def test_a_program_is_listed_and_whoever_finished_it_is_marked() -> None:
    client = superuser()
    factories.finish("7", ETHICS, factories.NOW)
    factories.table(factories.organization(), [factories.rule(ETHICS)])
    factories.settle("7")
    activity = models.Activity.objects.create(
        key_digest=activity_key(site="tests", key="program:x"),
        site="tests",
        key="program:x",
        type="program",
    )
    answer = submit(
        client,
        page("program", None, "add"),
        activity=str(activity.pk),
        **{"parts-0-code": "ethics"},
    )
    assert not errors_of(answer)
    assert "no course fulfils it" in text_of(answer)
    part = models.ProgramPart.objects.get()
    course = {"courses-0-selector": "run", "courses-0-pattern": ETHICS}
    assert not errors_of(submit(client, page("programpart", part.pk), **course))
    assert models.Participation.objects.get().settle_at is not None
    factories.settle("7")
    assert models.Participation.objects.get(activity=activity).stands


def test_an_exemption_says_who_gave_it_and_taking_it_back_settles_too() -> None:
    client = superuser()
    factories.finish("7", ETHICS, factories.NOW)
    factories.table(factories.organization(), [factories.rule(ETHICS)])
    factories.settle("7")
    activity = models.Activity.objects.create(
        key_digest=activity_key(site="tests", key="program:x"), site="tests", key="program:x"
    )
    part = models.ProgramPart.objects.create(
        program=models.Program.objects.create(activity=activity), code="theory"
    )
    answer = submit(
        client,
        page("exemption", None, "add"),
        part=str(part.pk),
        person=str(factories.person_of("7")),
        reason="prior learning",
    )
    assert not errors_of(answer)
    given = models.Exemption.objects.get()
    assert given.given_by
    assert models.Participation.objects.get().settle_at is not None
    factories.settle("7")
    client.post(page("exemption", given.pk, "delete"), {"post": "yes"})
    assert not models.Exemption.objects.exists()
    assert models.Participation.objects.get().settle_at is not None


def test_a_membership_that_ends_before_it_begins_is_refused() -> None:
    guild = factories.organization()
    factories.finish("7", ETHICS, factories.NOW)
    factories.table(guild, [factories.rule(ETHICS)])
    factories.settle("7")
    mine = factories.link("7", guild, "A-1")
    answer = submit(
        superuser(),
        page("membership", mine.pk),
        valid_from="2026-02-02",
        valid_until="2026-02-01",
    )
    assert "The last day lies before the first." in errors_of(answer)
    mine.refresh_from_db()
    assert mine.valid_from is None
