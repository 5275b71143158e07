"""Pages about organizations: an officer sees, offers and changes those of their own."""

from datetime import UTC, date, datetime

import pytest

from cec_plugin import models
from tests import factories
from tests.integration.admin_visits import (
    act,
    administrator,
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    take,
    text_of,
)

ETHICS = "course-v1:CPC+Ethics+2026"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEARNER = "900007"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def club() -> models.Organization:
    """Make two organizations with everything that has pages, and return the officer's."""
    for code in ("guild", "club"):
        of = factories.organization(code, code.title())
        factories.table(of, [factories.rule(ETHICS, "10")])
        factories.table(of, [factories.rule(ETHICS, "20")], active=False)
        models.Tag.objects.create(organization=of, code="ethics", label="Ethics")
    factories.finish(LEARNER, ETHICS, T0)
    factories.settle(LEARNER)
    for of in models.Organization.objects.all():
        factories.link(LEARNER, of, f"{of.code}-1")
        designation = models.Designation.objects.create(
            organization=of, code="ccdp", name="CCDP", target_hundredths=500
        )
        models.Holding.objects.create(
            person_id=factories.person_of(LEARNER),
            designation=designation,
            conferred_on=date(2026, 1, 1),
        )
    return models.Organization.objects.get(code="club")


PATHS = {
    "schedule": "organization",
    "rule": "schedule__organization",
    "tag": "organization",
    "designation": "organization",
    "holding": "designation__organization",
    "membership": "organization",
    "account": "organization",
    "creditentry": "account__organization",
}


@pytest.mark.parametrize("model", list(PATHS))
def test_an_officer_sees_the_records_of_their_own_organization(
    club: models.Organization, model: str
) -> None:
    client = administrator(f"view_{model}", of=club)
    rows = client.get(page(model)).context["cl"].result_list
    everything = type(rows[0]).objects.all()
    mine = everything.filter(**{PATHS[model]: club})
    assert {row.pk for row in rows} == {row.pk for row in mine}
    (other, *_) = everything.exclude(pk__in=[row.pk for row in mine])
    assert client.get(page(model, other.pk)).status_code in (302, 404)


def test_whoever_answers_for_nobody_sees_nothing_and_a_superuser_everything(
    club: models.Organization,
) -> None:
    nobody = administrator("view_schedule", of=factories.organization("none", "None"))
    assert not nobody.get(page("schedule")).context["cl"].result_list
    assert len(superuser().get(page("schedule")).context["cl"].result_list) == 4


def test_an_officer_makes_tables_and_tags_for_their_own_organization_alone(
    club: models.Organization,
) -> None:
    client = administrator("view_tag", "add_tag", of=club)
    guild = models.Organization.objects.get(code="guild")
    typed = {"code": "law", "label": "Law"}
    refused = submit(client, page("tag", None, "add"), organization=guild.pk, **typed)
    assert "not one of the available choices" in text_of(refused)
    assert not errors_of(submit(client, page("tag", None, "add"), organization=club.pk, **typed))
    assert models.Tag.objects.get(code="law").organization == club


def test_an_officer_puts_no_table_of_another_organization_in_force(
    club: models.Organization,
) -> None:
    client = administrator("view_schedule", "activate_schedule", of=club)
    for draft in models.Schedule.objects.filter(activated_at__isnull=True):
        take(client, "schedule", draft.pk, "activate")
    active = models.Schedule.objects.filter(version=2, activated_at__isnull=False)
    assert [one.organization for one in active] == [club]


def test_nobody_enters_a_certification_or_service_of_their_own(
    club: models.Organization, settings: pytest.FixtureRequest
) -> None:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"  # type: ignore[attr-defined]
    client = superuser()
    subject = client.session["_auth_user_id"]
    identity = factories.officer(subject, club).identity
    designation = models.Designation.objects.get(organization=club)
    address = page("holding", None, "add")
    typed = {"person": identity.person_id, "designation": designation.pk}
    told = submit(client, address, conferred_on="2026-01-01", **typed)
    assert "obody decides on what is their own" in text_of(told)
    assert not models.Holding.objects.filter(person=identity.person).exists()
    service = page("service", None, "add")
    assert "account" in fields_of(client, service)
    role = factories.role("facilitator", "course leader")
    typed = {"account": "root", "role": role.pk, "activity": models.Activity.objects.get().pk}
    told = submit(client, service, served_on="2026-03-01", **typed)
    assert "Nobody enters their own service" in text_of(told)
    assert not models.Service.objects.exists()


def test_an_officer_exports_and_downloads_what_is_of_their_own_organization(
    club: models.Organization,
) -> None:
    guild = models.Organization.objects.get(code="guild")
    client = administrator("view_export", "add_export", "view_organization", of=club)
    assert act(client, "organization", "export_new", [club.pk]).status_code == 200
    assert act(client, "organization", "export_new", [guild.pk]).status_code == 403
    made = models.Export.objects.get()
    assert made.organization == club
    other = superuser()
    act(other, "organization", "export_new", [guild.pk])
    theirs = models.Export.objects.get(organization=guild)
    assert client.get(f"/admin/cec_plugin/export/{made.pk}/download/").status_code == 200
    assert client.get(f"/admin/cec_plugin/export/{theirs.pk}/download/").status_code == 404
