"""The report of an error that Django mails to a site's administrators says nobody's number."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.views.debug import SafeExceptionReporterFilter

from cec_plugin import models
from tests import factories
from tests.integration.admin_visits import page, superuser

NUMBER = "QUILL/O-77"

pytestmark = pytest.mark.django_db


@pytest.fixture
def guild() -> models.Organization:
    of = factories.organization()
    factories.registry(of)
    factories.finish("900007", "ethics", factories.NOW)
    factories.settle("900007")
    factories.link("900007", of, "M-1")
    return of


def reported(answer: Any) -> str:
    """Return what a report of an error in this request would say was sent."""
    told = SafeExceptionReporterFilter().get_post_parameters(answer.wsgi_request)
    assert told, "nothing was sent"
    return str(dict(told))


def test_that_a_learner_claims(guild: models.Organization) -> None:
    client = Client()
    client.force_login(factories.user("ann"))
    answer = client.post(reverse("cec_plugin:number", args=[guild.pk]), {"number": NUMBER})
    assert NUMBER not in reported(answer)


def test_that_an_officer_types(guild: models.Organization) -> None:
    client = superuser()
    membership = models.Membership.objects.get()
    typed = {"number": NUMBER, "account": "octavia"}
    for address in (
        page("membership", membership.pk, "step/correct"),
        page("membership", what="add"),
    ):
        told = reported(client.post(address, typed))
        assert NUMBER not in told
        assert "octavia" not in told


@pytest.mark.parametrize("what", ["import", "suggested"])
def test_that_stands_in_a_file(guild: models.Organization, what: str) -> None:
    file = SimpleUploadedFile("members.csv", b"account,member_number\na,b\n")
    client = superuser()
    client.post(page("membership", what=what), {"organization": guild.pk, "file": file})
    answer = client.post(page("membership", what=what), {"carried": NUMBER})
    assert NUMBER not in reported(answer)


def test_that_stands_among_receipts(guild: models.Organization) -> None:
    registry = models.Registry.objects.get()
    file = models.RosterFile.objects.create(
        registry=registry, number=1, closed_at=factories.NOW, closed_by="x"
    )
    answer = superuser().post(page("rosterfile", file.pk, "receipts"), {"carried": NUMBER})
    assert NUMBER not in reported(answer)
