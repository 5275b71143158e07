"""Suggestions: shown beside empty figures, deciding nothing until somebody adopts them."""

from datetime import date
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command

from cec_plugin import models
from cec_plugin.domain.progress import Standing
from cec_plugin.exceptions import FaultsError, LockedVersionError
from cec_plugin.selectors import suggestions
from cec_plugin.selectors.progress import standings
from cec_plugin.selectors.tables import content_digest
from cec_plugin.services.activate import activate
from cec_plugin.services.adopt import adopt, adopt_in_designation
from cec_plugin.services.draft import draft_from
from tests import factories
from tests.integration.admin_visits import administrator, page, submit, superuser, take, text_of

SAID = "a suggestion of this project, adopted by desk on 2026-11-20"
COURSE = "course-v1:CPC+Ethics+2026"
EDITOR = ("change_schedule", "change_rule", "change_rolebonus")

pytestmark = pytest.mark.django_db


def _draft() -> models.Schedule:
    """Make a draft with an empty rule and an empty bonus, a suggestion beside each."""
    schedule = factories.table(
        factories.organization(time_zone="America/Vancouver"),
        [factories.rule(COURSE, None, code="ethics", bonuses={"presenter": None})],
        active=False,
    )
    schedule.rules.update(suggested_hundredths=1000, suggested_because="ours, after CPC")
    schedule.bonuses.update(suggested_hundredths=200, suggested_because="ours, after Minnesota")
    return schedule


def _adopt(schedule: models.Schedule, only: set[tuple[str, int]] | None = None) -> int:
    return len(adopt(schedule.pk, by="desk", now=factories.NOW, only=only))


def test_a_draft_gets_its_suggestions_as_figures_that_say_what_they_are() -> None:
    schedule = _draft()
    assert _adopt(schedule) == 2
    rule, bonus = schedule.rules.get(), schedule.bonuses.get()
    assert (rule.hundredths, rule.source) == (1000, SAID)
    assert (bonus.hundredths, bonus.source) == (200, SAID)
    assert rule.suggested_because == "ours, after CPC"  # it stays, as the reason
    assert _adopt(schedule) == 0


def test_the_day_is_the_one_where_the_organization_is() -> None:
    schedule = _draft()
    adopt(schedule.pk, by="desk", now=factories.NOW.replace(hour=3))
    assert schedule.rules.get().source.endswith("on 2026-11-19")


def test_chosen_rows_alone_can_be_adopted() -> None:
    schedule = _draft()
    assert _adopt(schedule, {("rolebonus", schedule.bonuses.get().pk)}) == 1
    assert schedule.rules.get().hundredths is None
    assert schedule.bonuses.get().hundredths == 200


def test_a_figure_that_somebody_set_stays_with_its_source() -> None:
    schedule = _draft()
    schedule.rules.update(hundredths=0, source="the guild")
    assert _adopt(schedule) == 1
    rule = schedule.rules.get()
    assert (rule.hundredths, rule.source) == (0, "the guild")


def test_an_active_table_refuses() -> None:
    schedule = _draft()
    activate(schedule.pk, by="tester", now=factories.NOW)
    with pytest.raises(LockedVersionError):
        _adopt(schedule)
    assert schedule.rules.get().hundredths is None


def test_a_suggestion_gives_nobody_a_credit() -> None:
    schedule = _draft()
    activate(schedule.pk, by="tester", now=factories.NOW)
    factories.finish("7", COURSE, factories.NOW)
    factories.settle("7")
    assert not models.CreditEntry.objects.exists()
    assert models.Refusal.objects.get().code == "no_figure"


def test_a_suggestion_is_no_part_of_what_a_version_says() -> None:
    schedule = _draft()
    before = content_digest(schedule)
    schedule.rules.update(suggested_hundredths=None, suggested_because="")
    assert content_digest(schedule) == before


def test_a_new_draft_takes_the_suggestions_along() -> None:
    made = draft_from(_draft().pk)
    assert [(type(one.row).__name__, one.hundredths) for one in suggestions.in_table(made.pk)] == [
        ("Rule", 1000),
        ("RoleBonus", 200),
    ]


@pytest.fixture
def asked() -> models.Designation:
    """Make a designation with nothing but suggestions: a target, and one part of each kind."""
    made = models.Designation.objects.create(
        organization=factories.organization(),
        code="d",
        name="D",
        suggested_hundredths=2000,
        suggested_because="ours, after NSCDA",
    )
    for kind, hundredths in (("minimum", 500), ("maximum", 1500), ("spread", 100)):
        made.requirements.create(
            kind=kind,
            code=kind,
            tags=["cec"],
            needed=1 if kind == "spread" else None,
            suggested_hundredths=hundredths,
            suggested_because="ours",
        )
    factories.table(made.organization, [factories.rule(COURSE, "10")])
    return made


def _progress(of: models.Designation) -> tuple[Standing, list[tuple[str, int | None, int]]]:
    (found,) = standings(factories.person_of("7"), on=date(2026, 11, 20))
    cycle = found.cycles[-1]
    return cycle.standing, [(one.code, one.needed, one.have) for one in cycle.checks]


def test_a_designation_gets_its_suggestions_and_asks_for_nothing_before(
    asked: models.Designation,
) -> None:
    factories.finish("7", COURSE, factories.NOW)
    factories.settle("7")
    models.Holding.objects.create(
        person_id=factories.person_of("7"), designation=asked, conferred_on=date(2026, 1, 1)
    )
    assert _progress(asked) == (
        Standing.NO_FIGURE,
        [("target", None, 1000), ("minimum", None, 1000), ("spread", None, 1)],
    )
    assert len(adopt_in_designation(asked.pk, by="desk", now=factories.NOW)) == 4
    assert _progress(asked) == (
        Standing.OPEN,
        [("target", 2000, 1000), ("minimum", 500, 1000), ("spread", 1, 1)],
    )
    asked.refresh_from_db()
    assert asked.source == SAID
    assert set(asked.requirements.values_list("source", flat=True)) == {SAID}
    assert adopt_in_designation(asked.pk, by="desk", now=factories.NOW) == []


def test_of_a_designation_too_chosen_rows_alone_can_be_adopted(asked: models.Designation) -> None:
    chosen = {("designation", asked.pk)}
    adopt_in_designation(asked.pk, by="desk", now=factories.NOW, only=chosen)
    asked.refresh_from_db()
    assert asked.target_hundredths == 2000
    assert not asked.requirements.filter(hundredths__isnull=False).exists()


def test_suggestions_that_would_contradict_a_figure_are_not_adopted(
    asked: models.Designation,
) -> None:
    asked.requirements.filter(code="maximum").update(hundredths=100)
    with pytest.raises(FaultsError, match="asks for 5, and maximum 'maximum' lets only 1 count"):
        adopt_in_designation(asked.pk, by="desk", now=factories.NOW)
    asked.refresh_from_db()
    assert asked.target_hundredths is None


def test_suggestions_are_shown_and_adopted_on_the_draft_s_page() -> None:
    schedule = _draft()
    client = superuser()
    shown = text_of(client.get(page("schedule", schedule.pk)))
    assert "ours, after CPC" in shown
    assert "ours, after Minnesota" in shown
    assert "ours, after CPC" in text_of(client.get(page("rule", schedule.rules.get().pk)))
    explained = text_of(client.get(page("schedule", schedule.pk, "step/adopt")))
    assert "<li>ethics: 10 (ours, after CPC)</li>" in explained
    assert "presenter under “ethics”, a fixed amount: 2 (ours, after Minnesota" in explained
    assert "Figures adopted: 2." in text_of(take(client, "schedule", schedule.pk, "adopt"))
    assert "adopted by root on" in schedule.rules.get().source
    assert "Figures adopted: 2." in LogEntry.objects.get().get_change_message()
    assert "step/adopt" not in text_of(client.get(page("schedule", schedule.pk)))


def test_a_bonus_under_every_rule_is_named_by_its_role() -> None:
    call_command("cec_load_pack", "cpc", stdout=StringIO())
    schedule = models.Schedule.objects.get()
    explained = text_of(superuser().get(page("schedule", schedule.pk, "step/adopt")))
    assert "presenter, times the learner&#x27;s credit: 2 (ours, after Minnesota" in explained
    assert "course leader, per hour of service: 2 (ours, after the AMA PRA" in explained


def test_typing_on_the_page_leaves_the_suggestions_alone() -> None:
    schedule = _draft()
    submit(superuser(), page("schedule", schedule.pk), title="Mine")
    assert len(suggestions.in_table(schedule.pk)) == 2


def test_adopting_needs_the_permission_to_change_what_it_changes() -> None:
    schedule = _draft()
    reader = administrator("view_schedule", "change_schedule", "view_rule", name="reader")
    assert "step/adopt" not in text_of(reader.get(page("schedule", schedule.pk)))
    assert take(reader, "schedule", schedule.pk, "adopt").status_code == 403
    assert take(administrator(*EDITOR), "schedule", schedule.pk, "adopt").status_code == 200
    assert schedule.rules.get().hundredths == 1000


def test_an_active_table_is_not_offered_the_step() -> None:
    schedule = _draft()
    activate(schedule.pk, by="tester", now=factories.NOW)
    client = superuser()
    assert "step/adopt" not in text_of(client.get(page("schedule", schedule.pk)))
    assert "cannot be done any more" in text_of(take(client, "schedule", schedule.pk, "adopt"))


def test_a_designation_s_suggestions_are_adopted_on_its_page(asked: models.Designation) -> None:
    client = superuser()
    assert "ours, after NSCDA" in text_of(client.get(page("designation", asked.pk)))
    explained = text_of(client.get(page("designation", asked.pk, "step/adopt")))
    assert "target: 20 (ours, after NSCDA)" in explained
    assert "maximum: 15 (ours)" in explained
    reader = administrator("view_designation", "change_designation", name="reader")
    assert take(reader, "designation", asked.pk, "adopt").status_code == 403
    assert "Figures adopted: 4." in text_of(take(client, "designation", asked.pk, "adopt"))
    asked.refresh_from_db()
    assert asked.target_hundredths == 2000
    assert "step/adopt" not in text_of(client.get(page("designation", asked.pk)))


def test_suggestions_that_contradict_are_told_on_the_page(asked: models.Designation) -> None:
    asked.requirements.filter(code="maximum").update(hundredths=100)
    told = text_of(take(superuser(), "designation", asked.pk, "adopt"))
    assert "lets only 1 count" in told


def test_cpc_s_and_the_provinces_suggestions_are_adopted_as_they_are_loaded() -> None:
    for name in ("cpc", "bccda", "nscda"):
        call_command("cec_load_pack", name, stdout=StringIO())
        schedule = models.Schedule.objects.get(organization__code=name)
        assert _adopt(schedule) == (5 if name == "cpc" else 9)
        assert activate(schedule.pk, by="desk", now=factories.NOW).is_active
    for row in models.Designation.objects.all():
        adopt_in_designation(row.pk, by="desk", now=factories.NOW)
    assert models.Designation.objects.get(code="mcrs").source == (
        f"{SAID}; https://careerprocourse.ca/credits (no figure and no length published; the cycle "
        "of 12 months is ours)"
    )
    targets = models.Designation.objects.values_list(
        "organization__code", "code", "target_hundredths"
    )
    assert sorted(targets, key=str) == [
        ("bccda", "ccdp", 2500),
        ("cpc", "ccdp", 20000),
        ("cpc", "mccs", 2000),
        ("cpc", "mces", 2000),
        ("cpc", "mcis", 2000),
        ("cpc", "mcrs", 2000),
        ("cpc", "plar", None),
        ("nscda", "ccdp", 6000),
    ]
