"""Whatever a registry, a course or a learner says is text: on a page no script, in a file no formula.

And whoever asks from another site, or with an id that no database can hold, is refused.
"""

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from cec_plugin import models
from cec_plugin.models.reconciliation import Difference, Reconciliation
from tests import factories
from tests.integration.admin_visits import administrator, page, superuser, take, text_of

ETHICS = "course-v1:CPC+Ethics+2026"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("https://x.example")'
LEARNER = "900007"

pytestmark = pytest.mark.django_db


@pytest.fixture
def guild(settings: Any) -> models.Organization:
    """Make an organization, everything around which is called a script or a formula."""
    settings.CEC_SECRETS = {"guild": {"key": "hush"}}
    of = factories.organization(name=SCRIPT)
    factories.table(of, [factories.rule(ETHICS, "10")])
    registry = factories.registry(of, f"Register {SCRIPT}")
    factories.finish(LEARNER, ETHICS, T0)
    factories.settle(LEARNER)
    models.Activity.objects.update(title=SCRIPT)
    factories.link(LEARNER, of, f"M{SCRIPT}")
    models.Registry.objects.update(
        quiet_since=T0, quiet_until=T0, quiet_reason=SCRIPT, paused_reason=SCRIPT
    )
    delivery = models.Delivery.objects.get()
    delivery.state, delivery.reason, delivery.remote_id = "parked", SCRIPT, SCRIPT
    delivery.save()
    models.Attempt.objects.create(
        delivery=delivery, lease=1, at=T0, result="refused", milliseconds=1, reason=SCRIPT
    )
    report = Reconciliation.objects.create(
        registry=registry, asked_by=SCRIPT, asked_at=T0, ended_at=T0, outcome="failed",
        reason=SCRIPT, counts={"missing": 1, SCRIPT: 2},
    )  # fmt: skip
    Difference.objects.create(
        reconciliation=report, kind="missing", reference=SCRIPT, delivery=delivery,
        remote_ids=[SCRIPT, FORMULA], repair_reason=FORMULA,
    )  # fmt: skip
    models.Claim.objects.create(
        person_id=factories.person_of(LEARNER), organization=of, number=SCRIPT, number_key="0" * 64,
        asked_at=T0, source=SCRIPT, note=SCRIPT,
    )  # fmt: skip
    return of


SHOWN = {
    "registry": ("try", "reconcile", "pause"),
    "delivery": ("requeue", "done", "drop"),
    "reconciliation": ("repair",),
    "difference": ("repair",),
    "claim": ("confirm", "decline"),
    "membership": ("correct", "unlink"),
    "person": ("merge",),
    "creditentry": (),
    "participation": (),
    "organization": (),
}


@pytest.mark.parametrize("model", list(SHOWN))
def test_a_script_is_shown_as_it_is_written(guild: models.Organization, model: str) -> None:
    client = superuser()
    of: Any = {"reconciliation": Reconciliation, "difference": Difference}.get(model)
    (row, *_) = (of or getattr(models, _named(model))).objects.all()
    steps = [page(model, row.pk, f"step/{step}") for step in SHOWN[model]]
    for address in (page(model), page(model, row.pk), *steps):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "<script>alert" not in text_of(answer), address


def _named(model: str) -> str:
    return next(name for name in dir(models) if name.lower() == model)


def test_nor_does_the_word_of_what_was_done_run(guild: models.Organization) -> None:
    told = text_of(take(superuser(), "claim", models.Claim.objects.get().pk, "confirm"))
    assert "<script>alert" not in told
    told = text_of(take(superuser("again"), "registry", models.Registry.objects.get().pk, "try"))
    assert "<script>alert" not in told


def test_a_learner_reads_it_as_it_is_written(guild: models.Organization) -> None:
    user = factories.user("ann")
    client = Client()
    client.force_login(user)
    address = reverse("cec_plugin:number", args=[guild.pk])
    for typed in (SCRIPT, SCRIPT * 9):
        told = text_of(client.post(address, {"number": typed}, follow=True))
        assert "&lt;script&gt;alert" in told
        assert "<script>alert" not in told


def test_the_differences_as_a_file_hold_no_formula(guild: models.Organization) -> None:
    report = Reconciliation.objects.get()
    answer = superuser().get(page("reconciliation", report.pk, "download"))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (line,) = csv.DictReader(StringIO(text, newline=""))
    assert line["repair reason"] == f"'{FORMULA}"
    assert not any(cell.startswith(("=", "+", "@", "-")) for cell in line.values())


def test_a_number_that_is_a_formula_is_none_in_an_export(guild: models.Organization) -> None:
    models.Membership.objects.update(number=FORMULA)
    client = superuser()
    chosen = {"action": "export_new", "_selected_action": [str(guild.pk)]}
    answer = client.post(page("organization"), chosen)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (line,) = csv.DictReader(StringIO(text, newline=""))
    assert line["member number"] == f"'{FORMULA}"


@pytest.mark.parametrize(
    ("model", "step"), [(model, step) for model, steps in SHOWN.items() for step in steps]
)
def test_no_other_site_can_have_a_step_taken(
    guild: models.Organization, model: str, step: str
) -> None:
    of: Any = {"reconciliation": Reconciliation, "difference": Difference}.get(model)
    (row, *_) = (of or getattr(models, _named(model))).objects.all()
    client = Client(enforce_csrf_checks=True)
    client.cookies = superuser().cookies
    assert client.post(page(model, row.pk, f"step/{step}")).status_code == 403
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("what", ["import", "suggested"])
def test_nor_give_a_file(guild: models.Organization, what: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = superuser().cookies
    assert client.post(page("membership", what=what), {"carried": "x"}).status_code == 403


HUGE = 10**30


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("reconciliation", "download"),
        ("export", "download"),
        ("rosterfile", "download"),
        ("rosterfile", "receipts"),
        ("registry", "step/pause"),
        ("delivery", "step/first"),
        ("claim", "step/confirm"),
        ("membership", "step/unlink"),
        ("person", "step/merge"),
    ],
)
def test_a_record_that_no_database_can_hold_is_not_found(model: str, what: str) -> None:
    client = superuser()
    assert client.get(page(model, HUGE, what)).status_code == 404
    assert client.post(page(model, HUGE, what)).status_code == 404


def test_nor_is_it_on_the_pages_of_learners() -> None:
    client = Client()
    client.force_login(factories.user("ann"))
    for name, arguments, post in (
        ("number", [HUGE], True),
        ("withdraw", [HUGE], True),
        ("relate", [HUGE], True),
        ("request", [HUGE, HUGE], False),
    ):
        address = reverse(f"cec_plugin:{name}", args=arguments)
        answer = client.post(address) if post else client.get(address)
        assert answer.status_code == 404, name


@pytest.mark.parametrize(
    ("model", "step"), [(model, step) for model, steps in SHOWN.items() for step in steps]
)
def test_whoever_may_only_look_takes_no_step_and_a_learner_does_not_even_look(
    guild: models.Organization, model: str, step: str
) -> None:
    of: Any = {"reconciliation": Reconciliation, "difference": Difference}.get(model)
    (row, *_) = (of or getattr(models, _named(model))).objects.all()
    address = page(model, row.pk, f"step/{step}")
    looking = administrator(f"view_{model}", name="looking")
    learner = Client()
    learner.force_login(factories.user("ann"))
    for client, status in ((looking, 403), (learner, 302), (Client(), 302)):
        assert client.get(address).status_code == status
        assert client.post(address).status_code == status
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("membership", "import"),
        ("membership", "suggested"),
        ("reconciliation", "download"),
        ("rosterfile", "download"),
        ("rosterfile", "receipts"),
    ],
)
def test_nor_a_file(guild: models.Organization, model: str, what: str) -> None:
    pk = Reconciliation.objects.get().pk if model == "reconciliation" else None
    if model == "rosterfile":
        pk = models.RosterFile.objects.create(
            registry=models.Registry.objects.get(), number=1, closed_at=T0, closed_by="x"
        ).pk
    other = "view_registry" if model != "membership" else "view_membership"
    may = administrator(other, name="looking")
    learner = Client()
    learner.force_login(factories.user("ann"))
    for client, status in ((may, 403), (learner, 302), (Client(), 302)):
        assert client.get(page(model, pk, what)).status_code == status
        assert client.post(page(model, pk, what)).status_code == status
