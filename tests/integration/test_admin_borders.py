"""What an organization's registry was told is that organization's alone, whatever address is typed.

An officer of the club has every permission that there is, and knows the ids of the guild's records.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cec_plugin import models
from cec_plugin.models.reconciliation import Difference, Reconciliation
from tests import factories
from tests.integration.admin_visits import act, administrator, page, submit, text_of

ETHICS = "course-v1:CPC+Ethics+2026"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEARNER = "900007"
OURS_ALONE = "G-SECRET-1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def guild() -> models.Organization:
    """Make another organization whose registry was told of a credit, and read again."""
    of = factories.organization()
    factories.table(of, [factories.rule(ETHICS, "10")])
    registry = factories.registry(of, "Guild register")
    factories.finish(LEARNER, ETHICS, T0)
    factories.settle(LEARNER)
    factories.link(LEARNER, of, OURS_ALONE)
    delivery = models.Delivery.objects.get()
    delivery.state, delivery.reason = "parked", "HTTP 422: guild-reason"
    delivery.save()
    report = Reconciliation.objects.create(registry=registry, asked_by="x", asked_at=T0)
    Difference.objects.create(
        reconciliation=report, kind="missing", reference=delivery.reference, delivery=delivery
    )
    return of


@pytest.fixture
def club(guild: models.Organization) -> models.Organization:
    of = factories.organization("club", "Club")
    factories.registry(of, "Club register")
    return of


@pytest.fixture
def officer(club: models.Organization) -> Client:
    rows = Permission.objects.filter(content_type__app_label="cec_plugin")
    every = rows.exclude(codename="answer_everywhere").values_list("codename", flat=True)
    return administrator(*every, of=club)


RECORDS: dict[str, Any] = {
    "registry": models.Registry,
    "delivery": models.Delivery,
    "reconciliation": Reconciliation,
    "difference": Difference,
}
"""What there is of the guild alone: each stands there once (the club has a registry too)."""


def theirs(model: str) -> Any:
    return RECORDS[model].objects.earliest("pk")


def addresses(model: str) -> Iterator[str]:
    pk = theirs(model).pk
    yield page(model, pk)
    yield page(model, pk, "history")
    yield page(model, pk, "delete")


@pytest.mark.parametrize("model", list(RECORDS))
def test_nobody_sees_what_another_organizations_registry_was_told(
    officer: Client, model: str
) -> None:
    listed = officer.get(page(model)).context["cl"].result_list
    assert theirs(model) not in listed
    for address in addresses(model):
        answer = officer.get(address)
        assert answer.status_code in (302, 403, 404), address
        assert "guild-reason" not in text_of(answer)


STEPS = {
    "registry": ("try", "reconcile", "pause", "resume", "requeue", "close"),
    "delivery": ("first", "requeue", "done", "drop"),
    "reconciliation": ("repair",),
    "difference": ("repair",),
}


@pytest.mark.parametrize(
    ("model", "step"), [(model, step) for model, steps in STEPS.items() for step in steps]
)
def test_nobody_takes_a_step_with_it(officer: Client, model: str, step: str) -> None:
    before = list(models.Delivery.objects.values()), list(models.Registry.objects.values())
    address = page(model, theirs(model).pk, f"step/{step}")
    assert officer.get(address).status_code == 404
    assert officer.post(address).status_code == 404
    after = list(models.Delivery.objects.values()), list(models.Registry.objects.values())
    assert before == after
    assert Reconciliation.objects.count() == 1
    assert not Difference.objects.exclude(repair_asked_at=None).exists()


@pytest.mark.parametrize(
    ("model", "action"), [("delivery", "requeue"), ("difference", "repair_chosen")]
)
def test_nor_does_an_action_over_chosen_records_reach_it(
    officer: Client, model: str, action: str
) -> None:
    act(officer, model, action, [theirs(model).pk], confirmed="yes")
    assert models.Delivery.objects.get().state == "parked"
    assert Difference.objects.get().repair_asked_at is None


def test_the_differences_of_another_are_no_file(officer: Client) -> None:
    address = page("reconciliation", theirs("reconciliation").pk, "download")
    assert officer.get(address).status_code == 404


def test_a_registry_is_pointed_elsewhere_only_by_who_answers_for_all(
    officer: Client, club: models.Organization, settings: Any
) -> None:
    # Its secret is one of the site's, by name: whoever chose both could have any of them sent to
    # an address of their own.
    settings.CEC_SECRETS = {"guild": {"key": "the guild's"}}
    mine = models.Registry.objects.get(organization=club)
    assert officer.get(page("registry", None, "add")).status_code == 403
    shown = officer.get(page("registry", mine.pk))
    assert shown.status_code == 200
    assert 'name="base_url"' not in text_of(shown)
    typed = {
        "name": "Club register",
        "adapter": "rest",
        "base_url": "https://elsewhere.example",
        "auth": "header",
        "secret": "guild",
        "options": "{}",
        "timeout_s": "10",
        "calls_per_minute": "600",
    }
    assert officer.post(page("registry", mine.pk), typed).status_code == 403
    mine.refresh_from_db()
    assert mine.base_url == "https://registry.example"


def test_who_answers_for_all_points_it_elsewhere(club: models.Organization, settings: Any) -> None:
    settings.CEC_SECRETS = {"guild": {"key": "the guild's"}}
    mine = models.Registry.objects.get(organization=club)
    client = administrator("view_registry", "change_registry", name="operator")
    submit(client, page("registry", mine.pk), base_url="https://elsewhere.example")
    mine.refresh_from_db()
    assert mine.base_url == "https://elsewhere.example"


def test_a_persons_page_tells_an_officer_of_their_own_organization_alone(
    officer: Client, club: models.Organization
) -> None:
    factories.link(LEARNER, club, "C-1")
    told = text_of(officer.get(page("person", factories.person_of(LEARNER))))
    assert "C-1" in told
    assert OURS_ALONE not in told
    assert "guild-reason" not in told
    assert "Guild register" not in told
    entry = models.CreditEntry.objects.get()
    assert f"/creditentry/{entry.pk}/" not in told
    whole = text_of(administrator("view_person", "view_membership", name="every").get(
        page("person", factories.person_of(LEARNER))
    ))  # fmt: skip
    assert OURS_ALONE in whole
    assert "C-1" in whole


def test_nobody_is_found_by_the_number_that_another_organization_has_for_them(
    officer: Client, club: models.Organization
) -> None:
    factories.link(LEARNER, club, "C-1")

    def found(number: str) -> int:
        return len(officer.get(page("person"), {"q": number}).context["cl"].result_list)

    assert found("C-1") == 1
    assert found(OURS_ALONE) == 0


def test_a_finished_activity_tells_an_officer_of_their_own_organization_alone(
    officer: Client, guild: models.Organization
) -> None:
    one = models.Participation.objects.get()
    assert "Guild of Coaches" not in text_of(officer.get(page("participation", one.pk)))
    every = administrator("view_participation", name="every")
    assert "Guild of Coaches" in text_of(every.get(page("participation", one.pk)))


def test_an_officer_changes_no_other_organization(
    officer: Client, club: models.Organization, guild: models.Organization
) -> None:
    for of in (guild, club):
        officer.post(page("organization", of.pk), {"claims_confirmed_by_lookup": "on",
            "name": of.name, "unit": "hours", "time_zone": "UTC"})  # fmt: skip
        of.refresh_from_db()
    assert club.claims_confirmed_by_lookup
    assert not guild.claims_confirmed_by_lookup


@pytest.mark.parametrize("model", ["delivery", "reconciliation", "difference", "rosterfile"])
def test_no_list_offers_the_registries_of_another_organization_to_filter_by(
    officer: Client, guild: models.Organization, club: models.Organization, model: str
) -> None:
    factories.registry(guild, "Guild archive")
    factories.registry(club, "Club archive")
    told = text_of(officer.get(page(model)))
    assert "Guild archive" not in told
    assert "Guild register" not in told
    assert "Club archive" in told
    assert "Guild archive" in text_of(administrator(f"view_{model}", name="every").get(page(model)))
