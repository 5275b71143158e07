"""Credit tables in the admin: typed in as drafts, activated, copied, never edited again."""

from datetime import date
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection

from cec_plugin import models
from cec_plugin.domain.tables import BonusKind
from cec_plugin.exceptions import LockedVersionError
from cec_plugin.selectors.tables import rules_of
from cec_plugin.services import draft
from cec_plugin.services.activate import activate
from tests import factories
from tests.integration.admin_visits import (
    administrator,
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    take,
    text_of,
)

pytestmark = pytest.mark.django_db

TABLE_EDITOR = [
    f"{verb}_{model}"
    for verb in ("add", "change", "delete", "view")
    for model in ("schedule", "rule", "rolebonus")
]


def a_draft(**bonuses: str) -> models.Schedule:
    rules = [factories.rule("ethics", "10", code="ethics", bonuses=bonuses)]
    return factories.table(factories.organization(), rules, active=False)


def line(**typed: Any) -> dict[str, Any]:
    """Return what is typed into the first empty line of rules."""
    typed = {"code": "theory", "selector": "run", "pattern": "theory", **typed}
    return {f"rules-1-{name}": value for name, value in typed.items()}


def test_a_table_is_typed_in_with_figures_as_people_write_them() -> None:
    guild = factories.organization()
    answer = submit(
        administrator(*TABLE_EDITOR),
        page("schedule", what="add"),
        organization=guild.pk,
        effective_from="2026-01-01",
        **{
            "rules-0-code": "ethics",
            "rules-0-selector": "run",
            "rules-0-pattern": "ethics",
            "rules-0-hundredths": "66,67",
        },
    )
    assert not errors_of(answer)
    schedule = models.Schedule.objects.get()
    assert (schedule.version, schedule.is_active) == (1, False)
    assert schedule.rules.get().hundredths == 6667
    shown = fields_of(superuser(), page("schedule", schedule.pk))
    assert shown["rules-0-hundredths"] == "66.67"


def test_the_next_table_has_the_next_number() -> None:
    schedule = a_draft()
    submit(
        superuser(),
        page("schedule", what="add"),
        organization=schedule.organization_id,
        effective_from="2026-01-01",
    )
    assert list(models.Schedule.objects.order_by("version").values_list("version", flat=True)) == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("-1", "negative"),
        ("0.125", "more than two decimals"),
        ("ten", "not a number"),
        ("1000000", "more than 100000"),
        ("NaN", "not a number"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason(typed: str, reason: str) -> None:
    schedule = a_draft()
    answer = submit(superuser(), page("schedule", schedule.pk), **line(hundredths=typed))
    assert reason in errors_of(answer)
    assert f'value="{typed}"' in text_of(answer)
    assert schedule.rules.count() == 1


@pytest.mark.parametrize(("typed", "kept"), [("", None), ("0", 0), ("0.5", 50), (" 10 ", 1000)])
def test_no_figure_and_zero_differ(typed: str, kept: int | None) -> None:
    schedule = a_draft()
    answer = submit(superuser(), page("schedule", schedule.pk), **line(hundredths=typed))
    assert not errors_of(answer)
    assert schedule.rules.get(code="theory").hundredths == kept


def test_a_figure_written_another_way_is_no_change() -> None:
    schedule = a_draft()
    submit(superuser(), page("schedule", schedule.pk), **{"rules-0-hundredths": "10,00"})
    assert LogEntry.objects.get().get_change_message() == "No fields changed."


def test_a_bonus_is_offered_the_rules_of_its_own_table() -> None:
    schedule = a_draft()
    stranger = factories.table(
        factories.organization("lakeshore", "Lakeshore"),
        [factories.rule("ethics", code="stranger", title="Stranger")],
    )
    role = factories.role("presenter", "presenter")
    client = superuser()
    assert "Stranger" not in text_of(client.get(page("schedule", schedule.pk)))
    typed = {"bonuses-0-role": role.pk, "bonuses-0-kind": "per_hour", "bonuses-0-hundredths": "2"}
    answer = submit(
        client,
        page("schedule", schedule.pk),
        **typed,
        **{"bonuses-0-rule": stranger.rules.get().pk},
    )
    assert "valid choice" in errors_of(answer)
    own = schedule.rules.get()
    answer = submit(client, page("schedule", schedule.pk), **typed, **{"bonuses-0-rule": own.pk})
    assert not errors_of(answer)
    bonus = schedule.bonuses.get()
    assert (bonus.rule, bonus.kind, bonus.hundredths) == (own, BonusKind.PER_HOUR, 200)


def test_activating_is_explained_confirmed_and_logged() -> None:
    schedule = a_draft(presenter="5")
    client = superuser()
    assert "step/activate" in text_of(client.get(page("schedule", schedule.pk)))
    explained = text_of(client.get(page("schedule", schedule.pk, "step/activate")))
    assert "Rules: 1, role bonuses: 1." in explained
    assert "cannot be changed" in explained
    assert not models.Schedule.objects.get().is_active
    answer = take(client, "schedule", schedule.pk, "activate")
    assert "Activated." in text_of(answer)
    active = models.Schedule.objects.get()
    assert (active.is_active, active.activated_by) == (True, "root")
    logged = LogEntry.objects.get()
    assert logged.object_id == str(schedule.pk)
    assert "Activated." in logged.get_change_message()


def test_activating_needs_its_own_permission() -> None:
    schedule = a_draft()
    editor = administrator(*TABLE_EDITOR)
    assert "step/activate" not in text_of(editor.get(page("schedule", schedule.pk)))
    assert take(editor, "schedule", schedule.pk, "activate").status_code == 403
    stranger = administrator("activate_schedule", name="stranger")
    assert take(stranger, "schedule", schedule.pk, "activate").status_code == 403
    assert not models.Schedule.objects.get().is_active
    both = administrator("view_schedule", "activate_schedule", name="both")
    assert take(both, "schedule", schedule.pk, "activate").status_code == 200
    assert models.Schedule.objects.get().is_active


def test_every_fault_of_a_table_is_told() -> None:
    schedule = a_draft()
    for code in ("again", "once-more"):
        models.Rule.objects.create(
            schedule=schedule, code=code, selector="run", pattern="theory", hundredths=100
        )
    models.Rule.objects.create(
        schedule=schedule, code="spaced", selector="glob", pattern=" *", hundredths=100
    )
    told = text_of(take(superuser(), "schedule", schedule.pk, "activate"))
    assert "tie" in told
    assert "spaces around" in told
    assert not models.Schedule.objects.get().is_active
    assert not LogEntry.objects.exists()


def test_an_active_table_is_only_read() -> None:
    schedule = a_draft(presenter="5")
    activate(schedule.pk, by="tester", now=factories.NOW)
    client = superuser()
    shown = client.get(page("schedule", schedule.pk))
    assert "_save" not in text_of(shown)
    assert "rules-0-code" not in fields_of(client, page("schedule", schedule.pk))
    assert client.post(page("schedule", schedule.pk), {"title": "Mine"}).status_code == 403
    assert client.post(page("schedule", schedule.pk, "delete"), {"post": "yes"}).status_code == 403
    again = take(client, "schedule", schedule.pk, "activate")
    assert "cannot be done any more" in text_of(again)


def test_a_draft_can_be_deleted() -> None:
    schedule = a_draft(presenter="5")
    client = administrator(*TABLE_EDITOR)
    client.post(page("schedule", schedule.pk, "delete"), {"post": "yes"})
    assert not models.Schedule.objects.exists()
    assert not models.Rule.objects.exists()


def test_an_edit_does_not_undo_an_activation_made_meanwhile() -> None:
    schedule = a_draft()
    as_it_was = models.Schedule.objects.get()
    activate(schedule.pk, by="tester", now=factories.NOW)
    as_it_was.title = "Mine"
    with pytest.raises(LockedVersionError):
        draft.edit(as_it_was)
    assert models.Schedule.objects.get().is_active


def test_whoever_comes_too_late_with_an_edit_is_told_and_nothing_is_saved() -> None:
    schedule = a_draft()
    client = superuser()
    typed = {**fields_of(client, page("schedule", schedule.pk)), "title": "Mine"}
    typed["rules-0-hundredths"] = "99"

    def somebody_activates(execute: Any, sql: str, *others: Any) -> Any:
        if (
            sql.startswith("UPDATE")
            and "title" in sql
            and not models.Schedule.objects.get().is_active
        ):
            models.Schedule.objects.update(activated_at=factories.NOW)
        return execute(sql, *others)

    with connection.execute_wrapper(somebody_activates):
        answer = client.post(page("schedule", schedule.pk), typed, follow=True)
    assert "is active and is never edited" in text_of(answer)
    assert models.Schedule.objects.get().title == "Credits"
    assert models.Rule.objects.get().hundredths == 1000


def test_a_new_draft_holds_all_that_the_version_says() -> None:
    guild = factories.organization()
    source = factories.table(
        guild,
        [
            factories.rule("ethics", "10", code="ethics", bonuses={"presenter": "5"}),
            factories.rule("theory", None, code="theory", per_hour={"volunteer": None}),
        ],
        effective_from=date(2025, 4, 1),
        active=False,
    )
    models.Schedule.objects.filter(pk=source.pk).update(source="The guild's handbook")
    whole = models.RoleBonus(
        schedule=factories.table(guild, active=False), role=factories.role("overseer", "overseer")
    )
    whole.save()
    models.RoleBonus.objects.create(schedule=source, role=whole.role)
    activate(source.pk, by="tester", now=factories.NOW)
    client = superuser()
    answer = take(client, "schedule", source.pk, "draft")
    made = models.Schedule.objects.get(version=3)
    assert answer.redirect_chain[-1][0] == page("schedule", made.pk)
    assert not made.is_active
    assert (made.effective_from, made.source) == (date(2025, 4, 1), "The guild's handbook")
    assert made.digest == ""
    assert rules_of(made.pk) == rules_of(source.pk)
    assert all(
        bonus.rule is None or bonus.rule.schedule_id == made.pk for bonus in made.bonuses.all()
    )


def test_a_new_draft_needs_the_permission_to_add_a_table() -> None:
    schedule = a_draft()
    reader = administrator("view_schedule")
    assert take(reader, "schedule", schedule.pk, "draft").status_code == 403
    assert models.Schedule.objects.count() == 1


def test_a_step_that_is_none_is_not_found() -> None:
    schedule = a_draft()
    assert take(superuser(), "schedule", schedule.pk, "forget").status_code == 404
    assert take(superuser("root2"), "schedule", schedule.pk + 1, "activate").status_code == 404
