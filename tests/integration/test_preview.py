"""A preview says what a draft would do, does none of it, and is applied as it was shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from cec_plugin import models
from cec_plugin.exceptions import FaultsError
from cec_plugin.services import rehearse as rehearsing
from cec_plugin.services.activate import activate, mark_concerned
from cec_plugin.services.apply_preview import StalePreviewError, ask, settle_as_previewed
from cec_plugin.services.draft import draft_from
from cec_plugin.services.previews import go_on
from cec_plugin.services.rehearse import begin, rehearse
from tests import factories
from tests.integration.admin_visits import administrator, page, superuser, take, text_of

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ETHICS = "course-v1:CPC+Ethics+2026"
THEORY = "course-v1:CPC+Theory+2026"

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def draft() -> models.Schedule:
    """Make three people with credit for Ethics, and a draft that gives 15 instead, Theory 40."""
    guild = factories.organization()
    factories.registry(guild)
    active = factories.table(guild, [factories.rule(ETHICS, "10")])
    for subject in ("1", "2", "3"):
        factories.finish(subject, ETHICS, T0)
    factories.finish("3", THEORY, T0 + timedelta(days=1))
    factories.settle_everybody()
    for subject in ("1", "2", "3"):
        factories.settle(subject)
    made = draft_from(active.pk)
    models.Rule.objects.filter(schedule=made).update(hundredths=1500)
    models.Rule.objects.create(
        schedule=made, code="theory", selector="run", pattern=THEORY, hundredths=4000
    )
    return made


def _rehearse(draft: models.Schedule) -> models.Preview:
    preview = begin(draft.pk, by="root", now=factories.NOW)
    rehearse(preview, now=factories.NOW)
    return preview


def _apply(preview: models.Preview) -> None:
    ask(preview.pk, by="root", now=factories.NOW)
    assert go_on(platform=factories.SmallPlatform(), now=factories.NOW).applied == 1


def _stored() -> list[Any]:
    """Return every row that a preview must not touch."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (
            models.Notice,
            models.Participation,
            models.CreditEntry,
            models.Delivery,
            models.Refusal,
            models.Account,
        )
    ]


def _balances() -> dict[int, int]:
    rows = models.CreditEntry.objects.order_by().values_list("account_id")
    return dict(rows.annotate(Sum("hundredths")))


def test_a_preview_tells_before_and_after_and_touches_nothing(draft: models.Schedule) -> None:
    before = _stored()
    preview = _rehearse(draft)
    assert _stored() == before
    assert preview.made_at == factories.NOW
    rows = preview.accounts.order_by("account__person__identities__subject")
    assert [(row.before_hundredths, row.after_hundredths) for row in rows] == [
        (1000, 1500),
        (1000, 1500),
        (1000, 5500),
    ]
    (first, *_) = rows
    participation = models.Participation.objects.get(identity__subject="1").pk
    assert first.changes == [
        [participation, -1000, "changed"],
        [participation, 1500, "rule-1"],
    ]


def test_applied_it_is_what_settling_from_scratch_would_have_done(
    draft: models.Schedule,
) -> None:
    preview = _rehearse(draft)
    told = dict(preview.accounts.values_list("account_id", "after_hundredths"))
    _apply(preview)
    assert _balances() == told
    assert set(preview.accounts.values_list("outcome", flat=True)) == {"applied"}
    models.Schedule.objects.filter(pk=draft.pk).update(resettled_at=None)
    mark_concerned(now=factories.NOW)
    assert factories.settle_everybody() == 0
    assert models.Delivery.objects.count() == models.CreditEntry.objects.count()


def test_the_first_table_of_a_new_organization_is_previewed_for_everybody_there_is(
    draft: models.Schedule,
) -> None:
    other = factories.organization("other", "Other body")
    first = factories.table(other, [factories.rule(ETHICS, "4")], active=False)
    preview = _rehearse(first)
    assert list(preview.accounts.values_list("after_hundredths", flat=True)) == [400] * 3
    _apply(preview)
    assert set(preview.accounts.values_list("outcome", flat=True)) == {"applied"}
    assert sorted(_balances().values()) == [400] * 3 + [1000] * 3


def test_an_account_that_changed_meanwhile_is_skipped_and_a_new_preview_settles_it(
    draft: models.Schedule,
) -> None:
    preview = _rehearse(draft)
    factories.finish("2", THEORY, T0 + timedelta(days=2))
    factories.settle("2")
    factories.finish("4", ETHICS, T0)
    factories.settle("4")
    _apply(preview)
    skipped = preview.accounts.filter(outcome="skipped")
    assert sorted(skipped.values_list("account__person__identities__subject", flat=True)) == [
        "2",
        "4",
    ]
    assert sorted(_balances().values()) == [1000, 1000, 1500, 5500]
    again = _rehearse(draft)
    assert sorted(again.accounts.values_list("after_hundredths", flat=True)) == [
        1500,
        1500,
        5500,
        5500,
    ]
    _apply(again)
    assert sorted(_balances().values()) == [1500, 1500, 5500, 5500]


def test_whoever_was_heard_of_and_not_settled_since_gets_nothing_that_was_not_shown(
    draft: models.Schedule,
) -> None:
    preview = _rehearse(draft)
    factories.finish("2", THEORY, T0 + timedelta(days=2))
    _apply(preview)
    skipped = preview.accounts.filter(outcome="skipped")
    assert [row.account.person_id for row in skipped] == [factories.person_of("2")]
    assert sorted(_balances().values()) == [1000, 1500, 5500]


def test_a_run_that_ends_between_a_preview_and_its_application_is_not_applied_unseen(
    draft: models.Schedule,
) -> None:
    theory = models.Activity.objects.get(key=THEORY)
    theory.counts, theory.ends_at = "run_end", factories.NOW + timedelta(hours=1)
    theory.save()
    models.Participation.objects.filter(activity=theory).update(settle_at=factories.NOW)
    factories.settle("3")
    preview = _rehearse(draft)
    later = factories.NOW + timedelta(hours=2)
    ask(preview.pk, by="root", now=later)
    go_on(platform=factories.SmallPlatform(), now=later)
    told = dict(preview.accounts.values_list("account_id", "after_hundredths"))
    applied = preview.accounts.filter(outcome="applied").values_list("account_id", flat=True)
    assert len(applied) == 2
    assert {pk: _balances()[pk] for pk in applied} == {pk: told[pk] for pk in applied}


def test_what_counts_already_elsewhere_is_previewed_as_it_is_then_applied(
    draft: models.Schedule,
) -> None:
    other = factories.organization("other", "Other body")
    first = factories.table(other, [factories.rule(ETHICS, "4")], active=False)
    models.Activity.objects.filter(key=ETHICS).update(
        counts="run_end", ends_at=factories.NOW + timedelta(days=30), refreshed_at=factories.NOW
    )
    preview = _rehearse(first)
    told = dict(preview.accounts.values_list("account_id", "after_hundredths"))
    _apply(preview)
    assert {pk: _balances().get(pk, 0) for pk in told} == told


def test_an_apply_that_was_cut_off_goes_on(draft: models.Schedule) -> None:
    preview = _rehearse(draft)
    row = preview.accounts.order_by("pk")[0]
    activate(draft.pk, by="root", now=factories.NOW, resettle=False)
    here = factories.SmallPlatform()
    assert settle_as_previewed(row, platform=here, now=factories.NOW)
    assert not settle_as_previewed(row, platform=here, now=factories.NOW)
    _apply(preview)
    assert set(preview.accounts.values_list("outcome", flat=True)) == {"applied"}
    assert sorted(_balances().values()) == [1500, 1500, 5500]


def test_a_preview_goes_on_where_it_was_cut_off(
    draft: models.Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "RANGE", 1)
    whole = _rehearse(draft)
    half = models.Preview.objects.create(
        schedule=draft, digest=whole.digest, asked_by="root", asked_at=factories.NOW
    )
    first = models.Account.objects.order_by("pk")[0]
    kept = whole.accounts.get(account=first)
    kept.pk, kept.preview = None, half
    kept.save(force_insert=True)
    half.next_account_id = first.pk
    half.save()
    with pytest.raises(StalePreviewError, match="not complete"):
        _apply(half)
    assert go_on(platform=factories.SmallPlatform(), now=factories.NOW).made == 1
    figures = ("account_id", "revision", "before_hundredths", "after_hundredths")
    assert list(half.accounts.order_by("account_id").values_list(*figures)) == list(
        whole.accounts.order_by("account_id").values_list(*figures)
    )


def test_a_preview_asks_by_ranges_of_accounts_and_not_by_account(
    draft: models.Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        preview = begin(draft.pk, by="root", now=factories.NOW)
        with CaptureQueriesContext(connection) as asked:
            rehearse(preview, now=factories.NOW)
        assert preview.accounts.count() == models.Account.objects.count()
        return len(asked)

    monkeypatch.setattr(rehearsing, "RANGE", 6)
    in_one = queries()
    for subject in ("4", "5", "6"):
        factories.finish(subject, ETHICS, T0)
        factories.finish(subject, THEORY, T0)
        factories.settle(subject)
    assert queries() == in_one
    monkeypatch.setattr(rehearsing, "RANGE", 3)
    in_two = queries()
    monkeypatch.setattr(rehearsing, "RANGE", 2)
    assert queries() - in_two == in_two - in_one > 0


def test_a_draft_that_was_edited_since_is_not_applied(draft: models.Schedule) -> None:
    preview = _rehearse(draft)
    models.Rule.objects.filter(schedule=draft).update(hundredths=1)
    with pytest.raises(StalePreviewError, match="edited since"):
        _apply(preview)
    draft.refresh_from_db()
    assert not draft.is_active


def test_a_draft_that_contradicts_itself_has_no_preview(draft: models.Schedule) -> None:
    models.Rule.objects.filter(schedule=draft).update(repeat="once_a_period")
    with pytest.raises(FaultsError, match="no period"):
        _rehearse(draft)
    assert not models.Preview.objects.exists()


def test_a_draft_with_a_tag_that_nobody_defines_has_no_preview(draft: models.Schedule) -> None:
    models.Rule.objects.filter(schedule=draft).update(tags=["ethics"])
    with pytest.raises(FaultsError) as refused:
        _rehearse(draft)
    assert refused.value.faults == (
        "rule 'rule-1', tags: nobody defines the tag 'ethics'",
        "rule 'theory', tags: nobody defines the tag 'ethics'",
    )
    assert not models.Preview.objects.exists()


def test_a_draft_edited_while_it_is_previewed_is_previewed_as_it_is_then(
    draft: models.Schedule,
) -> None:
    preview = begin(draft.pk, by="root", now=factories.NOW)
    models.Rule.objects.filter(schedule=draft, code="rule-1").update(hundredths=2000)
    rehearse(preview, now=factories.NOW)
    assert sorted(preview.accounts.values_list("after_hundredths", flat=True)) == [
        2000,
        2000,
        6000,
    ]
    _apply(preview)
    assert sorted(_balances().values()) == [2000, 2000, 6000]


def test_a_preview_is_asked_for_read_and_applied_from_the_pages(draft: models.Schedule) -> None:
    client = superuser()
    assert "Nothing is awarded" in text_of(client.get(page("schedule", draft.pk, "step/preview")))
    take(client, "schedule", draft.pk, "preview")
    preview = models.Preview.objects.get()
    assert "are being looked at" in text_of(client.get(page("preview", preview.pk)))
    assert "step/apply" not in text_of(client.get(page("preview", preview.pk)))
    go_on(platform=factories.SmallPlatform(), now=factories.NOW)
    told = text_of(client.get(page("preview", preview.pk)))
    assert "3 accounts, of which 3 change (0 have less), by 55 in all; 0 were skipped." in told
    assert "Guild register" in told
    take(client, "preview", preview.pk, "apply")
    go_on(platform=factories.SmallPlatform(), now=factories.NOW)
    assert sorted(_balances().values()) == [1500, 1500, 5500]
    assert "step/apply" not in text_of(client.get(page("preview", preview.pk)))


def test_whoever_may_not_apply_a_preview_cannot(draft: models.Schedule) -> None:
    preview = _rehearse(draft)
    client = administrator("view_preview", name="reader")
    assert client.post(page("preview", preview.pk, "step/apply")).status_code == 403
    draft.refresh_from_db()
    assert not draft.is_active
