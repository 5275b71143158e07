"""Service in a course's team: heard, proposed when the run ends, and confirmed by officers."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CourseFacts
from cec_plugin.services.authorize import NotAnsweringError, OwnCreditError
from cec_plugin.services.decide import AlreadyDecidedError, decide
from cec_plugin.services.sweep import sweep
from cec_plugin.services.team import TeamsCompared, compare_teams
from tests import events, factories
from tests.events import ETHICS
from tests.factories import SmallPlatform
from tests.threads import together

LEADER = "900007"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
END = T0 + 10 * DAY
ROOT = Actor(name="root", subject="1", everywhere=True)

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guild() -> models.Organization:
    """Make an organization that gives facilitators 20 hours of a course of 10."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10", bonuses={"facilitator": "20"})])
    return guild


def _site(end: datetime | None = END, **fields: Any) -> SmallPlatform:
    facts = CourseFacts(key=ETHICS, title="Ethics", ends_at=end)
    return SmallPlatform(courses={ETHICS: facts}, **fields)


def _role(name: str = "staff", *, at: datetime, given: bool = True, key: str = ETHICS) -> None:
    events.role(int(LEADER), name, at, given=given, key=key)


def _settle(platform: SmallPlatform, at: datetime) -> None:
    sweep(platform=platform, now=at)


def _refusals() -> list[RefusalCode]:
    return [RefusalCode(one.code) for one in models.Refusal.objects.order_by("pk")]


def _ledger() -> list[tuple[str, int, datetime]]:
    rows = models.CreditEntry.objects.order_by("pk")
    return list(rows.values_list("kind", "hundredths", "earned_at"))


def _decide(guild: models.Organization, **said: Any) -> models.Approval:
    participation = models.Participation.objects.get(via=Via.TEAM.value)
    given = {"approved": True, "by": ROOT, "now": END + DAY, **said}
    return decide(participation_id=participation.pk, organization_id=guild.pk, **given)


def test_a_course_leader_is_proposed_when_the_run_ends_and_credited_when_confirmed(
    guild: models.Organization,
) -> None:
    platform = _site()
    _role(at=T0)
    _settle(platform, T0)
    assert (_refusals(), _ledger()) == ([RefusalCode.RUN_NOT_ENDED], [])
    _settle(platform, END)
    assert (_refusals(), _ledger()) == ([RefusalCode.AWAITS_APPROVAL], [])
    _decide(guild)
    _settle(platform, END + DAY)
    assert _ledger() == [("award", 2000, END)]
    steps = [step["step"] for step in models.CreditEntry.objects.get().basis]
    assert steps == ["finished", "rule", "bonus", "approved"]


def test_what_is_declined_stays_declined_with_its_reason(guild: models.Organization) -> None:
    _role(at=T0)
    _settle(_site(), END)
    _decide(guild, approved=False, note="helped with the forum only")
    _settle(_site(), END + DAY)
    assert (_refusals(), _ledger()) == ([RefusalCode.DECLINED], [])


def test_a_run_without_an_end_waits_until_somebody_says_that_it_is_over(
    guild: models.Organization,
) -> None:
    platform = _site(None)
    _role(at=T0)
    _settle(platform, T0 + 400 * DAY)
    assert _refusals() == [RefusalCode.RUN_NOT_ENDED]
    models.Activity.objects.update(concluded_at=END)
    _settle(platform, T0 + 402 * DAY)
    assert _refusals() == [RefusalCode.AWAITS_APPROVAL]
    assert models.Participation.objects.get().earned_at == END


def test_whoever_leaves_the_team_before_the_end_is_not_proposed(
    guild: models.Organization,
) -> None:
    _role(at=T0)
    _role(at=END - DAY, given=False)
    _settle(_site(), END + DAY)
    assert (_refusals(), _ledger()) == ([], [])


def test_a_team_that_is_cleared_away_afterwards_served_all_the_same(
    guild: models.Organization,
) -> None:
    _role(at=T0)
    _settle(_site(), END)
    _decide(guild)
    _settle(_site(), END + DAY)
    _role(at=END + 2 * DAY, given=False)
    _settle(_site(), END + 3 * DAY)
    assert _ledger() == [("award", 2000, END)]


def test_two_roles_of_the_platform_are_one_service_and_losing_one_takes_nothing(
    guild: models.Organization,
) -> None:
    _role("staff", at=T0)
    _role("instructor", at=T0 + DAY)
    _role("staff", at=T0 + 2 * DAY, given=False)
    _settle(_site(), END)
    assert _refusals() == [RefusalCode.AWAITS_APPROVAL]
    assert models.Participation.objects.count() == 1


@pytest.mark.parametrize("name", ["beta_testers", "data_researcher", "finance_admin", "support"])
def test_a_role_that_is_not_mapped_is_not_even_heard(guild: models.Organization, name: str) -> None:
    _role(name, at=T0)
    assert not models.Notice.objects.exists()


def test_a_role_in_a_whole_organization_is_no_service(guild: models.Organization) -> None:
    _role("staff", at=T0, key="")
    assert not models.Notice.objects.exists()


def test_whoever_runs_the_site_serves_nobody(guild: models.Organization) -> None:
    platform = _site(runs_the_site={LEADER}, teams={ETHICS: [(LEADER, "staff")]})
    _role(at=T0)
    _settle(platform, END)
    assert (_refusals(), _ledger()) == ([], [])
    compared = compare_teams(platform=platform, ended_since=T0, now=END)
    assert compared == TeamsCompared(runs=1, joined=0, left=0)


def test_a_team_older_than_the_plugin_is_found_in_the_platforms_lists(
    guild: models.Organization,
) -> None:
    platform = _site(teams={ETHICS: [(LEADER, "instructor"), (LEADER, "beta_testers")]})
    compare = partial(compare_teams, platform=platform, ended_since=T0)
    assert compare(now=T0 + DAY) == TeamsCompared(runs=1, joined=1, left=0)
    assert compare(now=T0 + 2 * DAY) == TeamsCompared(runs=1, joined=0, left=0)
    _settle(platform, END)
    assert compare(now=END + DAY) == TeamsCompared(runs=1, joined=0, left=0)
    assert _refusals() == [RefusalCode.AWAITS_APPROVAL]
    assert models.Participation.objects.get().earned_at == END


def test_a_list_read_after_the_end_proposes_as_of_the_end_and_nobody_leaves_any_more(
    guild: models.Organization,
) -> None:
    platform = _site(teams={ETHICS: [(LEADER, "instructor")]})
    assert compare_teams(platform=platform, ended_since=T0, now=END + DAY).joined == 1
    _settle(platform, END + DAY)
    assert _refusals() == [RefusalCode.AWAITS_APPROVAL]
    platform.teams.clear()
    assert compare_teams(platform=platform, ended_since=T0, now=END + DAY).left == 0


def test_a_list_read_before_somebody_said_that_the_run_was_over_long_ago_proposes_as_of_then(
    guild: models.Organization,
) -> None:
    platform = _site(None, teams={ETHICS: [(LEADER, "instructor")]})
    assert compare_teams(platform=platform, ended_since=T0, now=END + 30 * DAY).joined == 1
    _settle(platform, END + 30 * DAY)
    assert _refusals() == [RefusalCode.RUN_NOT_ENDED]
    models.Activity.objects.update(concluded_at=END)
    _settle(platform, END + 32 * DAY)
    assert _refusals() == [RefusalCode.AWAITS_APPROVAL]
    assert models.Participation.objects.get().earned_at == END


def test_whoever_joins_a_team_by_an_event_after_the_end_did_not_serve(
    guild: models.Organization,
) -> None:
    platform = _site(teams={ETHICS: [(LEADER, "staff")]})
    _role(at=END + DAY)
    assert compare_teams(platform=platform, ended_since=T0, now=END + 2 * DAY).joined == 0
    _settle(platform, END + 2 * DAY)
    assert _refusals() == []


def test_a_role_taken_behind_the_platforms_back_is_missed_in_the_list(
    guild: models.Organization,
) -> None:
    platform = _site(teams={ETHICS: [(LEADER, "instructor")]})
    compare_teams(platform=platform, ended_since=T0, now=T0)
    _settle(platform, T0)
    platform.teams.clear()
    assert compare_teams(platform=platform, ended_since=T0, now=T0 + DAY).left == 1
    assert compare_teams(platform=platform, ended_since=T0, now=T0 + 2 * DAY).left == 0
    _settle(platform, END)
    assert _refusals() == []


def test_a_run_that_no_table_names_is_not_asked_about(guild: models.Organization) -> None:
    other = "course-v1:CPC+Other+2026"
    platform = _site(teams={other: [(LEADER, "staff")]})
    platform.courses = {other: CourseFacts(key=other, title="Other", ends_at=END)}
    compared = compare_teams(platform=platform, ended_since=T0, now=T0)
    assert compared == TeamsCompared(runs=0, joined=0, left=0)


def test_without_a_figure_the_proposal_waits_and_says_so_and_goes_on_with_one(
    guild: models.Organization,
) -> None:
    factories.table(guild, [factories.rule(ETHICS, "10", bonuses={"facilitator": None})])
    _role(at=T0)
    _settle(_site(), END)
    assert _refusals() == [RefusalCode.NO_FIGURE]
    five = factories.rule(ETHICS, "10", bonuses={"facilitator": "5"})
    factories.table(guild, [five], now=END)
    _settle(_site(), END + DAY)
    assert _refusals() == [RefusalCode.AWAITS_APPROVAL]


def test_whoever_confirms_says_the_hours_where_the_bonus_is_by_the_hour(
    guild: models.Organization,
) -> None:
    factories.table(guild, [factories.rule(ETHICS, "10", per_hour={"facilitator": "1.5"})])
    _role(at=T0)
    _settle(_site(), END)
    assert _refusals() == [RefusalCode.NO_HOURS]
    _decide(guild, hours_hundredths=800)
    _settle(_site(), END + DAY)
    assert _ledger() == [("award", 1200, END)]


def test_service_that_was_entered_by_hand_as_well_is_credited_once(
    guild: models.Organization,
) -> None:
    _role(at=T0)
    _settle(_site(), END)
    service = models.Service(
        person_id=factories.person_of(LEADER),
        identity=models.Identity.objects.get(),
        activity=models.Activity.objects.get(),
        role=factories.role("facilitator", "course leader"),
        served_on=END.date(),
    )
    factories.enter(service)
    _settle(_site(), END + DAY)
    assert [hundredths for _, hundredths, _ in _ledger()] == [2000]
    assert _refusals() == [RefusalCode.ENTERED]


def test_nobody_confirms_their_own_nor_for_an_organization_they_do_not_answer_for(
    guild: models.Organization,
) -> None:
    _role(at=T0)
    _settle(_site(), END)
    with pytest.raises(OwnCreditError):
        _decide(guild, by=Actor(name="lea", subject=LEADER, everywhere=True))
    officer = Actor(name="omar", subject="900008")
    with pytest.raises(NotAnsweringError):
        _decide(guild, by=officer)
    factories.officer("900008", factories.organization("club", "Club"))
    with pytest.raises(NotAnsweringError):
        _decide(guild, by=officer)
    factories.officer("900008", guild)
    assert _decide(guild, by=officer).decided_by == "omar"


@pytest.mark.concurrency
def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told(
    guild: models.Organization,
) -> None:
    _role(at=T0)
    _settle(_site(), END)

    def say(number: int) -> str:
        try:
            by = Actor(name=f"officer-{number}", subject=str(number), everywhere=True)
            return _decide(guild, by=by, approved=bool(number % 2)).decided_by
        except AlreadyDecidedError as told:
            return str(told)

    said = together([partial(say, number) for number in range(4)])
    winner = models.Approval.objects.get().decided_by
    assert said.count(winner) == 1
    assert sum(one.startswith(winner) and "already" in one for one in said) == 3


def test_a_credited_leader_who_runs_the_site_later_has_served_all_the_same(
    guild: models.Organization,
) -> None:
    _role(at=T0)
    _settle(_site(), END)
    _decide(guild)
    _settle(_site(), END + DAY)
    _role(at=END + 2 * DAY, given=False)
    _settle(_site(runs_the_site={LEADER}), END + 3 * DAY)
    assert _ledger() == [("award", 2000, END)]
