"""What waits for an approval, what is an estimate, and the page to apply with: nothing credited."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.notices import Via
from cec_plugin.selectors.transcript import transcript
from cec_plugin.services.decide import decide
from tests import factories as make
from tests.certified import MAY, certified, estimating
from tests.factories import NOW
from tests.integration.test_my_credits import html_of, page_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def learner(settings: Any) -> Any:
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    return make.user("ann", first_name="Ann", last_name="Tremblay")


def _address(activity: str = "ethics", organization: str = "lake") -> str:
    return reverse(
        "cec_plugin:request",
        args=[
            models.Participation.objects.get(activity__key=activity, role="learner").pk,
            models.Organization.objects.get(code=organization).pk,
        ],
    )


def test_what_waits_for_approval_stands_among_the_credits_and_in_no_total(learner: Any) -> None:
    holding = certified(learner)
    page = page_of(learner)
    assert (
        "Resumes and Personal Branding learner 20\u00a0hours Guild of Coaches "
        "with your association in no total yet why"
    ) in page
    assert "75 hours continuing education credits" in page
    assert "With Guild of Coaches, which approves it first: 20\u00a0hours." in page
    assert "cec-state-with_association" in html_of(learner)
    found = transcript(holding.person_id, now=NOW)
    assert [one.title for one in found.waiting] == ["Resumes and Personal Branding"]
    assert "Resumes and Personal Branding" not in {
        one.title for one in found.not_credited if one.organization == "Guild of Coaches"
    }


def test_what_is_approved_is_a_credit_and_waits_no_more(learner: Any) -> None:
    holding = certified(learner)
    decide(
        participation_id=models.Participation.objects.get(activity__key="resumes").pk,
        organization_id=holding.designation.organization_id,
        approved=True,
        code="HR-17",
        by=Actor(name="registrar", subject="99", everywhere=True),
        now=NOW,
    )
    make.settle(str(learner.pk))
    page = page_of(learner)
    assert "with your association" not in page.split("Finished, not credited", maxsplit=1)[0]
    assert "95 hours continuing education credits" in page


def test_a_role_without_a_figure_stays_among_what_is_not_credited(learner: Any) -> None:
    certified(learner)
    _, not_credited = page_of(learner).split("Finished, not credited")
    assert "Guild of Coaches has not set a figure for the role “facilitator” yet." in not_credited


def test_an_estimate_is_no_credit_and_offers_to_prepare_a_request(learner: Any) -> None:
    lake = estimating()
    make.finish(str(learner.pk), "ethics", MAY)
    make.settle(str(learner.pk), platform=make.titled(ethics="Ethics"))
    page = page_of(learner)
    assert "Not approved by Lakeshore, which decides itself" in page
    assert "8\u00a0CEUs by estimate" in page
    assert "Prepare my request" in page
    assert f'href="{_address()}"' in html_of(learner)
    assert "Finished, not credited" not in page
    assert not models.CreditEntry.objects.exists()
    assert transcript(make.person_of(str(learner.pk)), now=NOW).credits == ()
    assert lake.unit == "ceu"


def test_the_request_says_all_that_an_association_asks_for(learner: Any) -> None:
    lake = estimating()
    make.finish(str(learner.pk), "ethics", MAY, via=Via.CERTIFICATE, grade="0.85", mode="verified")
    make.settle(str(learner.pk), platform=make.titled(ethics="Ethics"))
    make.link(str(learner.pk), lake, "L-17")
    before = models.CreditEntry.objects.count(), models.Notice.objects.count()
    page = page_of(learner, _address())
    for said in (
        "Request to Lakeshore",
        "Nothing is sent by itself.",
        "Name Ann Tremblay",
        "Member number L-17",
        "Organization Lakeshore",
        "Activity Ethics",
        "Role learner",
        "Finished on Aug. 4, 2026 (the date we were told of it)",
        "Evidence certificate issued",
        "Grade 85 per cent",
        "Enrolled as verified",
        "By the published rules 8\u00a0CEUs",
        (
            "Rule “Ethics courses” of Lakeshore's credit table, version 1, in force from "
            "Jan. 1, 2020, which names exactly this activity. It gives a learner 80\u00a0hours."
        ),
        "Reckoned as 1\u00a0CEU for 10\u00a0hours, rounded to the nearest to a multiple of 0.1.",
    ):
        assert said in page
    assert "<script" not in html_of(learner, _address())
    assert (models.CreditEntry.objects.count(), models.Notice.objects.count()) == before


def test_the_request_speaks_french(learner: Any) -> None:
    estimating()
    make.finish(str(learner.pk), "ethics", MAY)
    make.settle(str(learner.pk), platform=make.titled(ethics="Ethics"))
    page = page_of(learner, _address(), language="fr")
    assert "Rien n'est envoyé automatiquement." in page
    assert "Selon les règles publiées 8\u00a0UEC" in page


def test_nobody_prepares_a_request_for_somebody_else(learner: Any, client: Client) -> None:
    estimating()
    make.finish(str(learner.pk), "ethics", MAY)
    make.settle(str(learner.pk))
    address = _address()
    assert client.get(address)["Location"].startswith("/login/")
    other = make.user("bob")
    client.force_login(other)
    assert client.get(address).status_code == 404, "somebody whom we do not know"
    make.finish(str(other.pk), "ethics", MAY)
    make.settle(str(other.pk))
    assert client.get(address).status_code == 404, "somebody with an estimate of their own"
    assert client.post(address).status_code == 405


def test_there_is_a_request_only_where_there_is_an_estimate(learner: Any) -> None:
    certified(learner)
    client = Client()
    client.force_login(learner)
    assert client.get(_address()).status_code == 200
    assert client.get(_address("resumes", "guild")).status_code == 404
    assert client.get(_address("ethics", "guild")).status_code == 404
    make.withdraw(str(learner.pk), "ethics", MAY + timedelta(days=1))
    make.settle(str(learner.pk))
    assert client.get(_address()).status_code == 404, "it stands no more"


def test_a_name_comes_from_the_profile_where_the_platform_keeps_it_there(learner: Any) -> None:
    from cec_plugin.adapters.accounts import name_of  # noqa: PLC0415 - beside what it is about

    assert name_of(learner) == "Ann Tremblay"
    learner.first_name = learner.last_name = ""
    assert name_of(learner) == "ann"
    learner.profile = type("Profile", (), {"name": "Ann of the profile"})()
    assert name_of(learner) == "Ann of the profile"
