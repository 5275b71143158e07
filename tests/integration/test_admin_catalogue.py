"""Organizations, roles and activities in the admin."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from cec_plugin import models
from cec_plugin.domain.keys import activity_key
from cec_plugin.services import prepare
from tests import factories
from tests.integration.admin_visits import (
    administrator,
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
)

pytestmark = pytest.mark.django_db

Committing = Callable[..., AbstractContextManager[object]]
FINISHED = datetime(2026, 10, 3, 15, 0, tzinfo=UTC)


def taken_part(**fields: object) -> models.Activity:
    """Return an activity typed in by hand that somebody has finished."""
    made = models.Activity.objects.create(
        site="tests", key="webinar-1", key_digest=activity_key(site="tests", key="webinar-1")
    )
    factories.organization()
    factories.finish("5", "webinar-1", FINISHED)
    factories.settle("5")
    models.Activity.objects.filter(pk=made.pk).update(**fields)
    return models.Activity.objects.get(pk=made.pk)


def test_an_activity_typed_in_is_named_by_its_digest_and_never_refreshed() -> None:
    answer = submit(
        superuser(), page("activity", what="add"), key=" labour-market ", type="webinar"
    )
    assert not errors_of(answer)
    made = models.Activity.objects.get()
    assert made.site == "tests"
    assert made.key == "labour-market"
    assert made.key_digest == activity_key(site="tests", key="labour-market")
    assert made.refreshed_at is None
    again = prepare.activity(
        site="tests", key="labour-market", platform=factories.SmallPlatform(), now=factories.NOW
    )
    assert again == made


def test_a_course_run_typed_in_is_taken_apart_for_the_rules() -> None:
    submit(superuser(), page("activity", what="add"), key="course-v1:Guild+ETH1+2026")
    made = models.Activity.objects.get()
    assert (made.course, made.organization_key) == ("course-v1:Guild+ETH1", "Guild")


def test_an_activity_is_not_typed_in_twice() -> None:
    made = taken_part()
    answer = submit(superuser(), page("activity", what="add"), key=made.key)
    assert "there already" in errors_of(answer)
    assert models.Activity.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("earned_by", {"earned_by": "passing"}),
        ("counts", {"counts": "run_end"}),
        ("ends_at", {"ends_at_0": "2027-01-31", "ends_at_1": "12:00:00"}),
    ],
)
def test_who_took_part_is_settled_again_when_their_credit_may_depend_on_it(
    name: str, typed: dict[str, str], django_capture_on_commit_callbacks: Committing
) -> None:
    activity = taken_part()
    assert models.Participation.objects.get().settle_at is None
    with django_capture_on_commit_callbacks(execute=True):
        answer = submit(superuser(), page("activity", activity.pk), **typed)
    assert not errors_of(answer)
    assert getattr(models.Activity.objects.get(), name)
    assert models.Participation.objects.get().settle_at is not None


def test_they_are_marked_only_after_the_change_is_committed(
    django_capture_on_commit_callbacks: Committing,
) -> None:
    activity = taken_part()
    with django_capture_on_commit_callbacks(execute=False) as waiting:
        submit(superuser(), page("activity", activity.pk), counts="run_end")
        assert models.Participation.objects.get().settle_at is None
    assert waiting


def test_a_new_title_settles_nobody(django_capture_on_commit_callbacks: Committing) -> None:
    activity = taken_part()
    with django_capture_on_commit_callbacks(execute=True):
        submit(superuser(), page("activity", activity.pk), title="Labour market information")
    assert models.Activity.objects.get().title == "Labour market information"
    assert models.Participation.objects.get().settle_at is None


def test_what_the_platform_says_of_a_course_is_not_typed_over() -> None:
    activity = taken_part(refreshed_at=factories.NOW - timedelta(hours=1))
    offered = fields_of(superuser(), page("activity", activity.pk))
    assert {"earned_by", "counts"} <= offered.keys()
    assert offered.keys().isdisjoint({"title", "key", "site", "ends_at_0"})


@pytest.mark.parametrize("model", ["organization", "role"])
def test_a_code_is_chosen_once(model: str) -> None:
    row = {
        "organization": factories.organization,
        "role": lambda: factories.role("mentor", "Mentor"),
    }[model]()
    client = superuser()
    assert "code" in fields_of(client, page(model, what="add"))
    assert "code" not in fields_of(client, page(model, row.pk))


def test_an_organization_is_edited_by_permission() -> None:
    guild = factories.organization()
    client = administrator("change_organization", "view_organization")
    submit(client, page("organization", guild.pk), name="Guild of Master Coaches")
    assert models.Organization.objects.get().name == "Guild of Master Coaches"
    reader = administrator("view_organization", name="reader")
    assert reader.post(page("organization", guild.pk), {"name": "Mine"}).status_code == 403
