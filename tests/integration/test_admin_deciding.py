"""What waits for an organization is decided on its pages, by its officers and nobody else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CourseFacts
from tests import factories
from tests.integration.admin_visits import (
    act,
    administrator,
    errors_of,
    page,
    submit,
    superuser,
    text_of,
)

ETHICS = "course-v1:CPC+Ethics+2026"
THEORY = "course-v1:CPC+Theory+2026"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEADER = "900007"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def guild() -> models.Organization:
    """Make an organization at which a course leader of two ended courses waits."""
    guild = factories.organization()
    factories.table(
        guild,
        [
            factories.rule(ETHICS, "10", code="ethics", bonuses={"facilitator": "20"}),
            factories.rule(THEORY, "40", code="theory", per_hour={"facilitator": "2"}),
        ],
    )
    for key in (ETHICS, THEORY):
        factories.finish(LEADER, key, T0, role="facilitator", via=Via.TEAM)
    ended = {key: CourseFacts(key=key, title=key[14:20], ends_at=T0) for key in (ETHICS, THEORY)}
    factories.settle(LEADER, platform=factories.SmallPlatform(courses=ended))
    return guild


def _refusal(code: RefusalCode = RefusalCode.AWAITS_APPROVAL) -> models.Refusal:
    return models.Refusal.objects.get(code=code.value)


def _balance() -> int:
    factories.settle(LEADER)
    return sum(models.CreditEntry.objects.values_list("hundredths", flat=True))


def test_an_officer_reads_what_waits_and_approves_it(guild: models.Organization) -> None:
    client = administrator("view_refusal", "decide_approval", of=guild)
    waiting = _refusal()
    asked = text_of(client.get(page("refusal", waiting.pk, "step/approve")))
    assert "it is worth 20" in asked
    assert "a place in the course" in asked
    answer = submit(client, page("refusal", waiting.pk, "step/approve"), code="HR-17")
    assert "Approved." in text_of(answer)
    assert _balance() == 2000
    approval = models.Approval.objects.get()
    assert (approval.decided_by, approval.code) == ("desk", "HR-17")


def test_the_hours_that_are_missing_are_typed_with_the_approval(
    guild: models.Organization,
) -> None:
    waiting = _refusal(RefusalCode.NO_HOURS)
    submit(superuser(), page("refusal", waiting.pk, "step/approve"), hours_hundredths="7,5")
    assert _balance() == 1500


def test_an_approval_without_the_hours_that_are_missing_is_not_taken_for_one(
    guild: models.Organization,
) -> None:
    waiting = _refusal(RefusalCode.NO_HOURS)
    answer = submit(superuser(), page("refusal", waiting.pk, "step/approve"))
    assert "hours of service are missing: say" in text_of(answer)
    assert not models.Approval.objects.exists()
    submit(superuser("other"), page("refusal", waiting.pk, "step/approve"), hours_hundredths="3")
    assert _balance() == 600


def test_it_is_declined_with_a_note(guild: models.Organization) -> None:
    client = superuser()
    address = page("refusal", _refusal().pk, "step/decline")
    assert "This field is required" in text_of(submit(client, address))
    submit(client, address, note="only helped out")
    assert _balance() == 0
    assert models.Approval.objects.get().note == "only helped out"
    again = client.post(address, {"note": "x"}, follow=True)
    assert "cannot be done any more" in text_of(again)


def test_several_are_approved_at_once_and_what_does_not_wait_is_passed_over(
    guild: models.Organization,
) -> None:
    chosen = models.Refusal.objects.values_list("pk", flat=True)
    answer = act(superuser(), "refusal", "approve_chosen", chosen)
    assert "1 was approved." in text_of(answer)
    assert _balance() == 2000


def test_an_officer_of_another_organization_sees_and_decides_nothing(
    guild: models.Organization,
) -> None:
    club = factories.organization("club", "Club")
    client = administrator("view_refusal", "decide_approval", of=club)
    waiting = _refusal()
    assert str(waiting.pk) not in [
        str(row.pk) for row in client.get(page("refusal")).context["cl"].result_list
    ]
    answer = client.post(page("refusal", waiting.pk, "step/approve"))
    assert answer.status_code in (302, 404)
    assert not models.Approval.objects.exists()


def test_whoever_may_only_look_decides_nothing(guild: models.Organization) -> None:
    client = administrator("view_refusal", of=guild)
    assert client.post(page("refusal", _refusal().pk, "step/approve")).status_code == 403
    assert not models.Approval.objects.exists()


def test_nobody_approves_their_own_from_the_page(guild: models.Organization) -> None:
    client = superuser()
    user_id = client.session["_auth_user_id"]
    models.Identity.objects.create(
        key=factories.identity_key(site="tests", subject=user_id),
        site="tests",
        subject=user_id,
        person_id=factories.person_of(LEADER),
    )
    answer = submit(client, page("refusal", _refusal().pk, "step/approve"))
    assert "obody decides on what is their own" in text_of(answer)
    assert not models.Approval.objects.exists()


def test_runs_without_an_end_are_listed_and_somebody_says_when_they_ended(
    guild: models.Organization,
) -> None:
    endless = "course-v1:CPC+Ethics+endless"
    factories.table(guild, [factories.rule(endless, "1", bonuses={"facilitator": "3"})])
    factories.finish(LEADER, endless, T0, role="facilitator", via=Via.TEAM)
    factories.settle(LEADER)
    client = superuser()
    listed = client.get(page("activity"), {"end": "none"}).context["cl"].result_list
    (run,) = listed
    assert run.key == endless
    answer = submit(
        client, page("activity", run.pk), concluded_at_0="2026-03-05", concluded_at_1="12:00:00"
    )
    assert not errors_of(answer)
    assert not client.get(page("activity"), {"end": "none"}).context["cl"].result_list
    factories.settle(LEADER)
    refusal = models.Refusal.objects.get(participation__activity=run)
    assert refusal.code == RefusalCode.AWAITS_APPROVAL


def test_officers_are_named_and_dismissed(guild: models.Organization, settings: Any) -> None:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"
    client = superuser()
    omar = factories.user("omar")
    answer = submit(client, page("officer", None, "add"), account="omar", organization=guild.pk)
    assert not errors_of(answer)
    officer = models.Officer.objects.get()
    assert (officer.identity.subject, officer.named_by) == (str(omar.pk), "root")
    again = submit(client, page("officer", None, "add"), account="omar", organization=guild.pk)
    assert "answers for this organization already" in text_of(again)
    client.post(page("officer", officer.pk, "delete"), {"post": "yes"})
    assert not models.Officer.objects.exists()
