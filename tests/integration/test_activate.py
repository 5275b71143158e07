"""Putting a credit table in force: refused with every fault, never edited after, and felt by all it concerns."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import pytest
from django.db import transaction

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.differences import Change, Difference
from cec_plugin.domain.differences import Kind as DifferenceKind
from cec_plugin.exceptions import FaultsError, LockedVersionError
from cec_plugin.selectors.differences import differences
from cec_plugin.selectors.tables import content_digest
from cec_plugin.services.activate import activate
from cec_plugin.services.draft import draft_from
from cec_plugin.services.sweep import settle_due
from tests import factories
from tests.events import ETHICS
from tests.factories import NOW, SmallPlatform, rule
from tests.threads import together

THEORY = "course-v1:CPC+Theory+2026"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

Part = TypeVar("Part", models.Rule, models.RoleBonus)

pytestmark = pytest.mark.django_db


@pytest.fixture
def guild() -> models.Organization:
    return factories.organization()


def _faults(draft: models.Schedule) -> tuple[str, ...]:
    with pytest.raises(FaultsError) as refused:
        activate(draft.pk, by="tester", now=NOW)
    draft.refresh_from_db()
    assert (draft.is_active, draft.digest, draft.activated_by) == (False, "", "")
    return refused.value.faults


def _sweep(now: datetime = NOW) -> tuple[int, int]:
    return settle_due(platform=SmallPlatform(), now=now)


def _ledger(subject: str = "7") -> list[tuple[str, int]]:
    entries = models.CreditEntry.objects.filter(
        account__person__identities__subject=subject
    ).order_by("pk")
    return list(entries.values_list("kind", "hundredths"))


def _finish(*subjects: str, activity: str = ETHICS, at: datetime = T0) -> None:
    for subject in subjects:
        factories.finish(subject, activity, at)
        factories.settle(subject)


# What is refused


def test_an_empty_table_is_refused(guild: models.Organization) -> None:
    assert _faults(factories.table(guild, active=False)) == ("the table has no rules",)


def test_every_fault_of_a_table_is_told_at_once(guild: models.Organization) -> None:
    draft = factories.table(
        guild,
        [
            rule(ETHICS, "10", code="one"),
            rule(ETHICS, "20", code="other"),
            rule("webinar:*", "1", code="all", selector="glob"),
            rule("*webinar:", "1", code="some", selector="glob"),
            rule(" padded", "1", code="padded"),
        ],
        active=False,
    )
    presenter = factories.role("presenter", "presenter")
    for _ in range(2):
        models.RoleBonus.objects.create(schedule=draft, role=presenter, hundredths=100)
    told = "\n".join(_faults(draft))
    assert "rules 'one' and 'other' tie" in told
    assert "rules 'all' and 'some' tie" in told
    assert "rule 'padded', pattern" in told
    assert "all rules, bonus of 'presenter': it is given twice" in told


def test_tags_that_the_organization_does_not_define_are_told_with_everything_else(
    guild: models.Organization,
) -> None:
    models.Tag.objects.create(organization=guild, code="ethics", label="Ethics")
    other = factories.organization("other", "Other")
    models.Tag.objects.create(organization=other, code="law", label="Law")
    draft = factories.table(
        guild,
        [
            rule(ETHICS, "10", code="one", tags=["law", "ethics", "art"]),
            rule(" padded", "1", code="padded"),
        ],
        active=False,
    )
    assert _faults(draft) == (
        "rule 'one', tags: nobody defines the tag 'art'",
        "rule 'one', tags: nobody defines the tag 'law'",
        "rule 'padded', pattern: it is empty or has spaces around it",
    )


def test_a_bonus_given_twice_under_one_rule_is_refused(guild: models.Organization) -> None:
    draft = factories.table(guild, [rule(ETHICS, bonuses={"presenter": "1"})], active=False)
    bonus = models.RoleBonus.objects.get()
    models.RoleBonus.objects.create(
        schedule=draft, rule=bonus.rule, role=bonus.role, hundredths=200
    )
    assert _faults(draft) == ("rule 'rule-1', bonus of 'presenter': it is given twice",)


def test_a_bonus_of_a_rule_and_one_of_all_rules_do_not_contradict(
    guild: models.Organization,
) -> None:
    draft = factories.table(guild, [rule(ETHICS, bonuses={"presenter": "1"})], active=False)
    models.RoleBonus.objects.create(schedule=draft, role=models.Role.objects.get(), hundredths=200)
    assert activate(draft.pk, by="tester", now=NOW).is_active


def test_a_bonus_of_another_tables_rule_is_refused(guild: models.Organization) -> None:
    other = factories.table(guild, [rule(THEORY, code="theirs")], active=False)
    draft = factories.table(guild, [rule(ETHICS)], active=False)
    models.RoleBonus.objects.create(
        schedule=draft,
        rule=other.rules.get(),
        role=factories.role("presenter", "presenter"),
        hundredths=200,
    )
    assert _faults(draft) == ("rule 'theirs', bonus of 'presenter': the rule is of another table",)


def test_an_active_table_is_not_activated_again(guild: models.Organization) -> None:
    schedule = factories.table(guild, [rule(ETHICS)])
    with pytest.raises(LockedVersionError, match="is active and is never edited"):
        activate(schedule.pk, by="somebody else", now=NOW + DAY)
    schedule.refresh_from_db()
    assert (schedule.activated_by, schedule.activated_at) == ("tester", NOW)


# What is active is never edited


def _rule(schedule: models.Schedule) -> models.Rule:
    return models.Rule.objects.get(schedule=schedule)


def _bonus(schedule: models.Schedule) -> models.RoleBonus:
    return models.RoleBonus.objects.get(schedule=schedule)


def _changed(part: Part) -> Part:
    part.hundredths = 1
    return part


def _draft(schedule: models.Schedule) -> models.Schedule:
    """Make another table with the same rule and bonus, not active."""
    return draft_from(schedule.pk)


def _empty(schedule: models.Schedule) -> models.Schedule:
    return factories.table(schedule.organization, active=False)


def _moved_to(schedule: models.Schedule, part: Part) -> Part:
    part.schedule = schedule
    return part


DOORS: dict[str, Callable[[models.Schedule], object]] = {
    "saving a rule": lambda one: _changed(_rule(one)).save(),
    "saving a bonus": lambda one: _changed(_bonus(one)).save(),
    "deleting a rule": lambda one: _rule(one).delete(),
    "deleting a bonus": lambda one: _bonus(one).delete(),
    "updating the rules": lambda one: one.rules.update(hundredths=1),
    "updating the bonuses": lambda one: one.bonuses.update(hundredths=1),
    "updating every rule": lambda _: models.Rule.objects.update(hundredths=1),
    "deleting the rules": lambda one: one.rules.all().delete(),
    "deleting the bonuses": lambda one: one.bonuses.all().delete(),
    "updating rules in bulk": lambda one: models.Rule.objects.bulk_update(
        [_changed(_rule(one))], ["hundredths"]
    ),
    "updating bonuses in bulk": lambda one: models.RoleBonus.objects.bulk_update(
        [_changed(_bonus(one))], ["hundredths"]
    ),
    "update or create": lambda one: models.Rule.objects.update_or_create(
        schedule=one, code=_rule(one).code, defaults={"hundredths": 1}
    ),
    "a new rule": lambda one: models.Rule.objects.create(
        schedule=one, code="new", selector="run", pattern=THEORY, hundredths=1
    ),
    "a new bonus": lambda one: models.RoleBonus.objects.create(
        schedule=one, role=_bonus(one).role, hundredths=1
    ),
    "new rules in bulk": lambda one: models.Rule.objects.bulk_create(
        [models.Rule(schedule=one, code="new", selector="run", pattern=THEORY, hundredths=1)]
    ),
    "new bonuses in bulk": lambda one: models.RoleBonus.objects.bulk_create(
        [models.RoleBonus(schedule=one, role=_bonus(one).role, hundredths=1)]
    ),
    "clearing a rule's bonuses": lambda one: _rule(one).bonuses.clear(),
    "moving a rule out": lambda one: _moved_to(_empty(one), _rule(one)).save(),
    "moving a bonus out": lambda one: _moved_to(_empty(one), _bonus(one)).save(),
    "moving a bonus in": lambda one: models.RoleBonus.objects.filter(schedule=_draft(one)).update(
        schedule=one
    ),
    "adding a draft's bonus": lambda one: one.bonuses.add(_bonus(_draft(one))),
    "deleting the table": lambda one: one.delete(),
    "deleting every table": lambda _: models.Schedule.objects.all().delete(),
}


def _content(schedule: models.Schedule) -> list[list[tuple[object, ...]]]:
    parts = (models.Rule, models.RoleBonus)
    return [list(kind.objects.filter(schedule=schedule.pk).values_list()) for kind in parts]


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_an_active_table_is_never_edited_nor_deleted(
    guild: models.Organization, door: Callable[[models.Schedule], object]
) -> None:
    schedule = factories.table(guild, [rule(ETHICS, "10", bonuses={"presenter": "4"})])
    before = _content(schedule)
    with pytest.raises(LockedVersionError), transaction.atomic():
        door(models.Schedule.objects.get(pk=schedule.pk))
    assert _content(schedule) == before


@pytest.mark.parametrize(
    "field",
    [{"effective_from": date(2031, 1, 1)}, {"version": 9}, {"activated_at": None}],
    ids=lambda field: next(iter(field)),
)
def test_what_an_active_table_says_of_itself_is_not_edited_either(
    guild: models.Organization, field: dict[str, object]
) -> None:
    schedule = factories.table(guild, [rule(ETHICS, "10")])
    for name, value in field.items():
        setattr(schedule, name, value)
    with pytest.raises(LockedVersionError), transaction.atomic():
        schedule.save()
    with pytest.raises(LockedVersionError), transaction.atomic():
        models.Schedule.objects.filter(pk=schedule.pk).update(**field)


def test_a_draft_is_edited_and_deleted_freely(guild: models.Organization) -> None:
    draft = factories.table(guild, [rule(ETHICS, bonuses={"presenter": "4"})], active=False)
    _changed(_rule(draft)).save()
    _changed(_bonus(draft)).save()
    draft.rules.update(hundredths=2)
    draft.bonuses.all().delete()
    draft.delete()
    assert not models.Rule.objects.exists()


def test_a_copy_of_an_active_table_is_a_draft_with_all_that_it_says(
    guild: models.Organization,
) -> None:
    models.Tag.objects.create(organization=guild, code="ethics", label="Ethics")
    schedule = factories.table(
        guild, [rule(ETHICS, "10", bonuses={"presenter": "4"}, tags=["ethics"])]
    )
    draft = _draft(schedule)
    assert content_digest(draft) == content_digest(schedule)
    assert (draft.version, draft.is_active, draft.effective_from) == (
        2,
        False,
        schedule.effective_from,
    )
    assert (_rule(draft).hundredths, _rule(draft).tags) == (1000, ["ethics"])
    assert _bonus(draft).hundredths == 400
    assert _bonus(draft).rule == _rule(draft)


def test_a_rules_tags_are_part_of_what_a_version_says_and_of_what_differs(
    guild: models.Organization,
) -> None:
    schedule = factories.table(guild, [rule(ETHICS, "10")])
    draft = _draft(schedule)
    draft.rules.update(tags=["ethics"])
    assert content_digest(draft) != content_digest(schedule)
    (told,) = differences(schedule, draft)
    assert told == Difference(
        what="rule rule-1",
        kind=DifferenceKind.CHANGED,
        changes=(Change(field="tags", before="none", after="ethics"),),
    )


# Whom it concerns


def test_a_course_mapped_after_people_finished_it_gives_them_their_credit(
    guild: models.Organization,
) -> None:
    factories.table(guild, [rule(THEORY, "40")])
    _finish("7", "8")
    assert set(models.Refusal.objects.values_list("code", flat=True)) == {RefusalCode.NO_RULE}
    factories.table(guild, [rule(THEORY, "40"), rule(ETHICS, "10")])
    assert _sweep() == (2, 0)
    assert _ledger("7") == _ledger("8") == [("award", 1000)]
    assert not models.Refusal.objects.exists()
    entry = models.CreditEntry.objects.first()
    assert entry is not None
    assert (entry.earned_at, entry.recorded_at) == (T0, NOW)


def test_an_organizations_first_table_gives_credit_for_what_was_finished_before(
    guild: models.Organization,
) -> None:
    _finish("7")
    assert _ledger() == []
    factories.table(guild, [rule(ETHICS, "10")])
    _sweep()
    assert _ledger() == [("award", 1000)]


def test_a_later_date_leaves_earlier_completions_as_they_are(guild: models.Organization) -> None:
    factories.table(guild, [rule(ETHICS, "10")], effective_from=date(2026, 1, 1))
    _finish("7", at=T0)
    _finish("8", at=T0 + 60 * DAY)
    factories.table(guild, [rule(ETHICS, "25")], effective_from=(T0 + 30 * DAY).date())
    _sweep()
    assert _ledger("7") == [("award", 1000)]
    assert _ledger("8") == [("award", 1000), ("reversal", -1000), ("award", 2500)]


def test_the_day_from_which_a_table_holds_is_the_organizations_day() -> None:
    guild = factories.organization(time_zone="America/Vancouver")
    factories.table(guild, [rule(ETHICS, "10")], effective_from=date(2026, 1, 1))
    eve = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)  # still the 9th in Vancouver
    _finish("7", at=eve)
    _finish("8", at=eve + timedelta(hours=2))
    factories.table(guild, [rule(ETHICS, "25")], effective_from=date(2026, 3, 10))
    _sweep()
    assert _ledger("7") == [("award", 1000)]
    assert _ledger("8")[-1] == ("award", 2500)


def test_a_figure_that_changed_is_a_reversal_and_a_new_award(guild: models.Organization) -> None:
    factories.table(guild, [rule(ETHICS, "10")])
    _finish("7")
    factories.table(guild, [rule(ETHICS, "12.5")])
    _sweep()
    assert _ledger() == [("award", 1000), ("reversal", -1000), ("award", 1250)]
    award, reversal, again = models.CreditEntry.objects.order_by("pk")
    assert reversal.reverses_id == award.pk
    assert {award.earned_at, reversal.earned_at, again.earned_at} == {T0}


def test_a_rule_that_was_removed_takes_its_credit_back_and_says_why(
    guild: models.Organization,
) -> None:
    factories.table(guild, [rule(ETHICS, "10"), rule(THEORY, "40")])
    _finish("7")
    factories.table(guild, [rule(THEORY, "40")])
    _sweep()
    assert _ledger() == [("award", 1000), ("reversal", -1000)]
    assert models.Refusal.objects.get().code == RefusalCode.NO_RULE


def test_a_rule_that_comes_back_gives_the_credit_again(guild: models.Organization) -> None:
    for rules in ([rule(ETHICS, "10")], [rule(THEORY, "40")], [rule(ETHICS, "10")]):
        factories.table(guild, rules)
        if not models.Identity.objects.exists():
            _finish("7")
        _sweep()
    assert _ledger() == [("award", 1000), ("reversal", -1000), ("award", 1000)]
    assert not models.Refusal.objects.exists()


def test_whom_a_new_table_does_not_concern_sees_no_change_in_the_ledger(
    guild: models.Organization,
) -> None:
    factories.table(guild, [rule(ETHICS, "10"), rule(THEORY, "40")])
    _finish("7", activity=THEORY)
    _finish("8", activity=ETHICS)
    before = list(models.CreditEntry.objects.filter(hundredths=4000).values())
    factories.table(guild, [rule(ETHICS, "12"), rule(THEORY, "40")])
    _sweep()
    assert _ledger("7") == [("award", 4000)]
    assert list(models.CreditEntry.objects.filter(hundredths=4000).values()) == before
    assert len(_ledger("8")) == 3


def test_a_version_that_says_the_same_changes_nothing_for_anybody(
    guild: models.Organization,
) -> None:
    first = factories.table(guild, [rule(ETHICS, "10")])
    _finish("7")
    activate(draft_from(first.pk).pk, by="tester", now=NOW)
    assert _sweep() == (1, 0)
    assert _ledger() == [("award", 1000)]


def test_another_organizations_table_changes_nothing_here(guild: models.Organization) -> None:
    factories.table(guild, [rule(ETHICS, "10")])
    _finish("7")
    other = factories.organization("other", "Other Body")
    factories.table(other, [rule(ETHICS, "3")])
    _sweep()
    entries = models.CreditEntry.objects.order_by("pk")
    assert list(entries.values_list("account__organization__code", "hundredths")) == [
        ("guild", 1000),
        ("other", 300),
    ]


def test_whom_it_concerns_is_marked_once(guild: models.Organization) -> None:
    factories.table(guild, [rule(ETHICS, "10")])
    _finish("7")
    factories.table(guild, [rule(ETHICS, "12")])
    assert _sweep() == (1, 0)
    assert _sweep(NOW + DAY) == (0, 0)


def test_a_draft_concerns_nobody(guild: models.Organization) -> None:
    factories.table(guild, [rule(ETHICS, "10")])
    _finish("7")
    factories.table(guild, [rule(ETHICS, "12")], active=False)
    assert _sweep() == (0, 0)
    assert _ledger() == [("award", 1000)]


# Two at once


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_of_two_who_activate_at_once_one_wins_and_the_other_is_told() -> None:
    draft = factories.table(factories.organization(), [rule(ETHICS, "10")], active=False)
    won: list[str] = []
    told: list[str] = []

    def by(name: str) -> None:
        try:
            activate(draft.pk, by=name, now=NOW)
        except LockedVersionError:
            told.append(name)
        else:
            won.append(name)

    together([lambda: by("ana"), lambda: by("ben")])
    assert sorted(won + told) == ["ana", "ben"]
    assert len(won) == 1
    draft.refresh_from_db()
    assert [draft.activated_by] == won
