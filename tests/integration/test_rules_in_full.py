"""Terms, conditions, caps, approvals and programs, from the rule's row to the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.basis import replay
from cec_plugin.domain.keys import activity_key
from cec_plugin.exceptions import FaultsError
from cec_plugin.services import program as programs
from cec_plugin.services import serve
from cec_plugin.services.activate import activate, mark_concerned
from cec_plugin.services.authorize import OwnCreditError
from cec_plugin.services.conferred import conferred
from cec_plugin.services.decide import AlreadyDecidedError, decide
from cec_plugin.services.draft import draft_from
from cec_plugin.services.relate import relate
from tests import factories
from tests.threads import together

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ETHICS = "course-v1:CPC+Ethics+2026"
THEORY = "course-v1:CPC+Theory+2026"
CDP = "program:CPC+CDP"

pytestmark = pytest.mark.django_db(transaction=True)


def _table(
    of: models.Organization, *rules: factories.Rule, caps: Any = (), **fields: Any
) -> models.Schedule:
    """Activate a table whose terms or rule conditions are set by field name."""
    schedule = factories.table(of, rules, active=False)
    mine = {name: fields.pop(name) for name in list(fields) if hasattr(schedule, name)}
    models.Schedule.objects.filter(pk=schedule.pk).update(**mine)
    models.Rule.objects.filter(schedule=schedule).update(**fields)
    for code, per, hundredths in caps:
        models.Cap.objects.create(schedule=schedule, code=code, per=per, hundredths=hundredths)
    activate(schedule.pk, by="tester", now=factories.NOW)
    mark_concerned(now=factories.NOW)
    return schedule


def _balance(subject: str = "7", code: str = "guild") -> int:
    entries = models.CreditEntry.objects.filter(
        account__person_id=factories.person_of(subject), account__organization__code=code
    )
    for entry in entries:
        assert replay(entry.basis) == entry.hundredths
    return int(entries.aggregate(total=Sum("hundredths"))["total"] or 0)


def _refusals() -> list[str]:
    return sorted(models.Refusal.objects.values_list("code", flat=True))


def _participation(activity: str = ETHICS) -> int:
    return models.Participation.objects.get(activity__key=activity).pk


@pytest.mark.database
def test_one_course_is_weighed_by_each_organization_on_its_own_terms() -> None:
    for code, hours, fields in (
        ("cpc", "10", {}),
        ("ceus", "10", {"per_hours": 10, "increment_hundredths": 10}),
        ("abroad", "10", {"decides": "estimate"}),
        ("club", "10", {"awards_to": "members"}),
    ):
        _table(factories.organization(code, code), factories.rule(ETHICS, hours), **fields)
    factories.table(factories.organization("other", "other"), [factories.rule(THEORY, "40")])
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    assert {code: _balance(code=code) for code in ("cpc", "ceus", "abroad", "club", "other")} == {
        "cpc": 1000,
        "ceus": 100,
        "abroad": 0,
        "club": 0,
        "other": 0,
    }
    assert _refusals() == ["estimate", "no_rule", "not_member"]
    club = models.Organization.objects.get(code="club")
    factories.link("7", club, "A-1")
    assert factories.settle("7") == 1
    assert _balance(code="club") == 1000


@pytest.mark.database
def test_a_rule_that_asks_for_approval_waits_and_goes_on_by_itself() -> None:
    guild = factories.organization()
    _table(guild, factories.rule(ETHICS, "10"), approval=True)
    factories.finish("7", ETHICS, T0)
    assert factories.settle("7") == 0
    assert _refusals() == [RefusalCode.AWAITS_APPROVAL]
    say = partial(
        decide,
        participation_id=_participation(),
        organization_id=guild.pk,
        approved=True,
        code="HR-17",
        now=factories.NOW,
    )
    with pytest.raises(OwnCreditError):
        say(by=Actor(name="learner", subject="7", everywhere=True))
    say(by=Actor(name="registrar", subject="99", everywhere=True))
    with pytest.raises(AlreadyDecidedError, match="registrar approved it at"):
        say(by=Actor(name="other", subject="98", everywhere=True), approved=False)
    assert factories.settle("7") == 1
    assert _balance() == 1000
    assert models.CreditEntry.objects.get().basis[-1]["code"] == "HR-17"


@pytest.mark.database
def test_the_learners_own_word_is_taken_once_with_its_wording() -> None:
    _table(factories.organization(), factories.rule(ETHICS, "10"), related=True)
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    assert _refusals() == [RefusalCode.NEEDS_WORD]
    person = factories.person_of("7")
    say = partial(
        relate,
        participation_id=_participation(),
        wording="It relates to my work.",
        language="en",
        now=factories.NOW,
    )
    with pytest.raises(models.Participation.DoesNotExist):
        say(person_id=person + 1)
    assert say(person_id=person)
    assert not say(person_id=person, wording="Something else.")
    assert models.Relation.objects.get().wording == "It relates to my work."
    factories.settle("7")
    assert _balance() == 1000
    assert _refusals() == []


class _Killed(BaseException):
    """The process ends here."""


@contextmanager
def _killed_before_marking() -> Iterator[None]:
    def kill(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE") and "settle_at" in sql:
            raise _Killed
        return execute(sql, *args)

    with pytest.raises(_Killed), connection.execute_wrapper(kill):
        yield


@pytest.mark.database
def test_what_is_cut_off_before_anybody_is_marked_by_it_was_not_done_at_all() -> None:
    guild = factories.organization()
    _table(guild, factories.rule(ETHICS, "10"), approval=True, awards_to="members")
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    mine = {"participation_id": _participation(), "now": factories.NOW}
    with _killed_before_marking():
        by = Actor(name="registrar", subject="99", everywhere=True)
        decide(organization_id=guild.pk, approved=True, by=by, **mine)
    with _killed_before_marking():
        relate(person_id=factories.person_of("7"), wording="It does.", language="en", **mine)
    with _killed_before_marking():
        factories.link("7", guild, "A-1")
    assert not models.Approval.objects.exists()
    assert not models.Relation.objects.exists()
    assert not models.Membership.objects.exists()


@pytest.mark.database
def test_only_the_registered_are_credited_and_what_was_true_then_stays_true() -> None:
    _table(factories.organization(), factories.rule(ETHICS, "10"), registered=True)
    here = factories.SmallPlatform(enrolled={"7": [ETHICS]})
    for subject in ("7", "8"):
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject, platform=here)
    assert (_balance("7"), _balance("8")) == (1000, 0)
    assert _refusals() == [RefusalCode.NOT_REGISTERED]
    here.enrolled.clear()
    factories.settle("7", platform=here)
    assert _balance("7") == 1000


@pytest.mark.database
def test_a_cap_is_freed_and_given_again() -> None:
    _table(
        factories.organization(),
        factories.rule("course-v1:*", "10", selector="glob"),
        caps=[("year", "period", 1500)],
        period_months=12,
        period_anchor=date(2026, 1, 1),
    )
    factories.finish("7", ETHICS, T0)
    factories.finish("7", THEORY, T0 + timedelta(days=1))
    factories.settle("7")
    assert _balance() == 1500
    factories.withdraw("7", ETHICS, T0 + timedelta(days=2))
    factories.settle("7")
    assert _balance() == 1000
    late = "course-v1:CPC+Late+2026"
    factories.finish("7", late, T0 + timedelta(days=3), finished_at=T0 - timedelta(days=9))
    factories.settle("7")
    assert _balance() == 1500
    standing = models.CreditEntry.objects.filter(kind="award", reversed_by__isnull=True)
    assert {
        one.participation.activity.key: one.hundredths for one in standing if one.participation
    } == {
        late: 1000,
        THEORY: 500,
    }


@pytest.mark.concurrency
def test_a_cap_holds_when_two_awards_near_it_are_settled_at_once() -> None:
    _table(
        factories.organization(),
        factories.rule("course-v1:*", "10", selector="glob"),
        caps=[("year", "period", 1500)],
        period_months=12,
        period_anchor=date(2026, 1, 1),
    )
    for number in range(4):
        subject = str(number)
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject)

    def finish_and_settle(subject: str, course: int) -> None:
        factories.finish(subject, f"course-v1:CPC+C{course}+1", T0 + timedelta(days=course))
        factories.settle(subject)

    together(
        [
            partial(finish_and_settle, str(number), course)
            for number in range(4)
            for course in (1, 2, 3, 4)
        ]
    )
    assert [_balance(str(number)) for number in range(4)] == [1500] * 4


def _program(*parts: str, needed: int | None = None) -> models.Program:
    activity = models.Activity.objects.create(
        key_digest=activity_key(site="tests", key=CDP),
        site="tests",
        key=CDP,
        type=models.Activity.Type.PROGRAM,
        title="CDP",
    )
    made = models.Program.objects.create(activity=activity, needed=needed)
    for number, key in enumerate(parts):
        part = models.ProgramPart.objects.create(program=made, code=f"part-{number}")
        models.PartCourse.objects.create(part=part, selector="run", pattern=key)
    programs.check(activity.pk)
    return made


@pytest.mark.database
def test_a_program_is_topped_up_when_its_last_course_is_finished_and_ends_with_it() -> None:
    _table(
        factories.organization(),
        factories.rule(ETHICS, "10"),
        factories.rule(THEORY, "40"),
        factories.rule(CDP, "200"),
    )
    _program(ETHICS, THEORY)
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    assert _balance() == 1000
    factories.finish("7", THEORY, T0 + timedelta(days=9))
    factories.settle("7")
    assert _balance() == 20000
    program = models.Participation.objects.get(activity__key=CDP)
    assert (program.earned_at, program.earned_from) == (T0 + timedelta(days=9), "program")
    assert factories.settle("7") == 0
    factories.withdraw("7", ETHICS, T0 + timedelta(days=20))
    factories.settle("7")
    assert _balance() == 4000
    factories.finish("7", ETHICS, T0 + timedelta(days=30))
    factories.settle("7")
    assert _balance() == 20000


@pytest.mark.database
def test_a_program_ends_when_it_takes_none_of_the_courses_any_more_that_finished_it() -> None:
    _table(factories.organization(), factories.rule(ETHICS, "10"), factories.rule(CDP, "200"))
    made = _program(ETHICS)
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    assert _balance() == 20000
    models.PartCourse.objects.filter(part__program=made).update(pattern=THEORY)
    programs.resettle(made.activity_id, now=factories.NOW)
    factories.settle_everybody()
    assert _balance() == 1000
    assert not models.Participation.objects.filter(settle_at__isnull=False).exists()


@pytest.mark.database
def test_a_top_up_of_zero_is_told() -> None:
    _table(
        factories.organization(),
        factories.rule(ETHICS, "10"),
        factories.rule(THEORY, "40"),
        factories.rule(CDP, "50"),
    )
    _program(ETHICS, THEORY)
    for key in (ETHICS, THEORY):
        factories.finish("7", key, T0)
    factories.settle("7")
    assert _balance() == 5000
    assert _refusals() == [RefusalCode.INCLUDED]


@pytest.mark.database
def test_a_program_that_is_listed_late_is_found_and_an_exemption_counts() -> None:
    _table(factories.organization(), factories.rule(ETHICS, "10"), factories.rule(CDP, "200"))
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    made = _program(ETHICS, THEORY)
    assert programs.resettle(made.activity_id, now=factories.NOW) == 1
    factories.settle("7")
    assert _balance() == 1000
    models.Exemption.objects.create(
        part=made.parts.get(code="part-1"),
        person_id=factories.person_of("7"),
        reason="prior learning",
        given_by="registrar",
        given_at=factories.NOW,
    )
    programs.resettle(made.activity_id, now=factories.NOW)
    factories.settle("7")
    assert _balance() == 20000


@pytest.mark.database
def test_a_program_entered_by_hand_and_finished_by_its_courses_counts_once() -> None:
    _table(factories.organization(), factories.rule(ETHICS, "10"), factories.rule(CDP, "200"))
    made = _program(ETHICS)
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    assert _balance() == 20000
    identity = models.Identity.objects.get(subject="7")
    serve.enter(
        models.Service(
            person_id=identity.person_id,
            identity=identity,
            activity=made.activity,
            role=factories.role("learner", "learner"),
            served_on=date(2026, 3, 20),
        ),
        by="registrar",
        now=factories.NOW,
    )
    factories.settle("7")
    assert _balance() == 20000
    assert _refusals() == [RefusalCode.REPEATED]


def test_a_program_without_a_course_for_a_part_is_refused() -> None:
    made = _program(ETHICS)
    models.ProgramPart.objects.create(program=made, code="empty")
    with pytest.raises(FaultsError, match="no course fulfils it"):
        programs.check(made.activity_id)


def test_a_program_is_no_course_of_another() -> None:
    inner = _program(ETHICS)
    activity = models.Activity.objects.create(
        key_digest=activity_key(site="tests", key="program:outer"),
        site="tests",
        key="program:outer",
        type=models.Activity.Type.PROGRAM,
    )
    outer = models.Program.objects.create(activity=activity)
    part = models.ProgramPart.objects.create(program=outer, code="all")
    models.PartCourse.objects.create(part=part, selector="run", pattern=CDP)
    with pytest.raises(FaultsError, match="only courses make one up"):
        programs.check(activity.pk)
    programs.check(inner.activity_id)


def test_a_new_draft_says_all_that_the_version_said() -> None:
    before = _table(
        factories.organization(),
        factories.rule(ETHICS, "10", bonuses={"presenter": "1"}),
        caps=[("year", "period", 1500)],
        awards_to="members",
        units=5,
        period_months=36,
        period_anchor=date(2026, 2, 28),
        minimum_grade=7000,
        modes=["verified"],
    )
    made = draft_from(before.pk)
    activated = activate(made.pk, by="tester", now=factories.NOW)
    before.refresh_from_db()
    assert activated.digest == before.digest
    models.RoleBonus.objects.get(schedule=(again := draft_from(before.pk)))
    models.RoleBonus.objects.filter(schedule=again).update(stacks=False)
    assert activate(again.pk, by="tester", now=factories.NOW).digest != before.digest


def test_a_table_whose_terms_contradict_each_other_is_refused_with_every_fault() -> None:
    schedule = factories.table(
        factories.organization(), [factories.rule(ETHICS, "10")], active=False
    )
    models.Cap.objects.create(
        schedule=schedule, code="c", roles=["juggler"], per="period", hundredths=1
    )
    models.Schedule.objects.filter(pk=schedule.pk).update(units=0, period_months=12)
    with pytest.raises(FaultsError) as refused:
        activate(schedule.pk, by="tester", now=factories.NOW)
    assert [fault.split(":")[0] for fault in refused.value.faults] == [
        "unit",
        "cap 'c'",
        "cap 'c'",
        "period",
    ]


@pytest.mark.database
def test_a_certification_that_is_entered_moves_a_persons_own_periods() -> None:
    guild = factories.organization()
    schedule = factories.table(
        guild, [factories.rule(ETHICS, "10"), factories.rule(THEORY, "10")], active=False
    )
    models.Schedule.objects.filter(pk=schedule.pk).update(
        period_months=12, period_anchor=date(2026, 1, 1), period_of="person"
    )
    schedule.caps.create(code="year", per="period", hundredths=1500)
    activate(schedule.pk, by="tester", now=factories.NOW)
    factories.finish("7", ETHICS, T0)
    factories.finish("7", THEORY, T0 + timedelta(days=120))
    factories.settle("7")
    assert _balance() == 1500
    designation = models.Designation.objects.create(organization=guild, code="x", name="X")
    person_id = factories.person_of("7")
    models.Holding.objects.create(
        person_id=person_id, designation=designation, conferred_on=date(2024, 6, 1)
    )
    assert conferred([person_id], now=factories.NOW) == 2
    factories.settle("7")
    assert _balance() == 2000
