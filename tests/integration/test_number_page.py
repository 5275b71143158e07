"""The page of one's own member number: claimed without a script, seen and taken back by oneself."""

import re
from typing import Any

import pytest
from django.test import Client

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.services import decide_claim
from cec_plugin.services.claim_number import MOST_A_DAY
from tests import factories as make
from tests.factories import NOW
from tests.integration.admin_visits import act, administrator, page, submit, take, text_of
from tests.integration.test_my_credits import MAY, page_of

pytestmark = pytest.mark.django_db

DESK = Actor(name="desk", subject="900", everywhere=True)


@pytest.fixture(autouse=True)
def guild(settings: Any) -> models.Organization:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"
    guild = make.organization()
    make.table(guild, [make.rule("ethics")])
    make.registry(guild)
    return guild


@pytest.fixture
def ann() -> Any:
    user = make.user("ann")
    make.finish(str(user.pk), "ethics", MAY)
    make.settle(str(user.pk), platform=make.titled(ethics="Ethics"))
    return user


def _client(user: Any, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def _address(of: models.Organization) -> str:
    return f"/cec/number/{of.pk}/"


def test_a_credit_that_needs_the_number_leads_to_it_and_back(
    guild: models.Organization, ann: Any
) -> None:
    client = _client(ann)
    assert f'href="{_address(guild)}"' in text_of(client.get("/cec/"))
    assert "Your member number" in page_of(ann, _address(guild))
    answer = client.post(_address(guild), {"number": " M-1 "}, follow=True)
    assert answer.redirect_chain == [(_address(guild), 302)]
    assert "Your number: <strong>M-1</strong>" in text_of(answer)
    assert "are being asked whether they have it" in text_of(answer)
    assert "1 credit waits until your member number at Guild of Coaches is confirmed." in page_of(
        ann
    )


def test_what_the_registry_said_is_said_on(guild: models.Organization, ann: Any) -> None:
    _client(ann).post(_address(guild), {"number": "M-1"})
    for found, again, words in (
        ("there", None, "Somebody who answers for Guild of Coaches confirms"),
        ("absent", NOW, "did not have it. We ask again every day"),
        ("absent", None, "did not have it. Check the number"),
        ("unable", None, "Somebody who answers for Guild of Coaches confirms"),
    ):
        models.Claim.objects.update(found=found, checked_at=NOW, next_look_at=again)
        assert words in page_of(ann, _address(guild))


def test_it_is_taken_back_by_a_button(guild: models.Organization, ann: Any) -> None:
    client = _client(ann)
    client.post(_address(guild), {"number": "M-1"})
    answer = client.post(_address(guild) + "withdraw/", follow=True)
    assert "This number is mine" in text_of(answer)
    assert models.Claim.objects.get().state == "withdrawn"
    assert "needs your member number" in page_of(ann)
    client.post(_address(guild) + "withdraw/")
    assert models.Claim.objects.get().state == "withdrawn"


def test_why_it_was_declined_is_read_and_another_number_given(
    guild: models.Organization, ann: Any
) -> None:
    client = _client(ann)
    client.post(_address(guild), {"number": "M-1"})
    decide_claim.decline(models.Claim.objects.get().pk, by=DESK, note="<b>no</b>", now=NOW)
    html = text_of(client.get(_address(guild)))
    assert "The number M-1 was declined on" in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    client.post(_address(guild), {"number": "M-2"})
    assert models.Claim.objects.filter(waits=True).get().number == "M-2"


def test_a_number_that_came_with_the_sign_in_and_one_declined_without_a_word_are_said(
    guild: models.Organization, ann: Any
) -> None:
    _client(ann).post(_address(guild), {"number": "M-1"})
    models.Claim.objects.update(source="sso:tpa-saml", next_look_at=None)
    assert "with your sign-in. Somebody who answers for Guild of Coaches" in page_of(
        ann, _address(guild)
    )
    decide_claim.decline(models.Claim.objects.get().pk, by=DESK, note="", now=NOW)
    assert "The number M-1 was declined on" in page_of(ann, _address(guild))


def test_what_is_not_taken_is_said_beside_the_field(guild: models.Organization, ann: Any) -> None:
    client = _client(ann)
    html = text_of(client.post(_address(guild), {"number": "9" * 101}))
    assert 'aria-describedby="cec-number-help cec-number-error"' in html
    assert "This is no member number" in html
    for number in range(MOST_A_DAY):
        client.post(_address(guild), {"number": f"M-{number}"})
        client.post(_address(guild) + "withdraw/")
    html = text_of(client.post(_address(guild), {"number": '"><script>'}))
    assert f"You gave {MOST_A_DAY} numbers within a day." in html
    assert "&quot;&gt;&lt;script&gt;" in html


def test_nobody_sees_or_takes_back_the_claim_of_somebody_else(
    guild: models.Organization, ann: Any
) -> None:
    _client(ann).post(_address(guild), {"number": "M-1"})
    bob = make.user("bob")
    assert "M-1" not in page_of(bob, _address(guild))
    _client(bob).post(_address(guild) + "withdraw/")
    assert models.Claim.objects.get().state == "waiting"
    assert not models.Identity.objects.filter(subject=str(bob.pk)).exists()


def test_whoever_finished_nothing_yet_can_say_their_number(guild: models.Organization) -> None:
    bob = make.user("bob")
    _client(bob).post(_address(guild), {"number": "M-1"})
    assert models.Claim.objects.get().person_id == make.person_of(str(bob.pk))


def test_whoever_is_linked_comes_to_their_credits(guild: models.Organization, ann: Any) -> None:
    make.link(str(ann.pk), guild, "M-1")
    assert _client(ann).get(_address(guild))["Location"] == "/cec/"
    assert _client(ann).post(_address(guild), {"number": "M-2"})["Location"] == "/cec/"
    assert not models.Claim.objects.exists()


def test_an_organization_that_needs_no_numbers_takes_none(ann: Any) -> None:
    club = make.organization("club", "Club")
    for pk in (club.pk, club.pk + 1, 2**63, 10**30):
        assert _client(ann).get(f"/cec/number/{pk}/").status_code == 404
        assert _client(ann).post(f"/cec/number/{pk}/", {"number": "M-1"}).status_code == 404
        assert _client(ann).post(f"/cec/number/{pk}/withdraw/").status_code == 404


def test_only_who_is_signed_in_and_comes_from_the_page_is_heard(
    guild: models.Organization, ann: Any
) -> None:
    for address in (_address(guild), _address(guild) + "withdraw/"):
        answer = Client().post(address, {"number": "M-1"})
        assert answer["Location"] == f"/login/?next={_address(guild)}"
    strict = _client(ann, enforce_csrf_checks=True)
    assert strict.post(_address(guild), {"number": "M-1"}).status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="([^"]+)"', text_of(strict.get(_address(guild)))
    )
    assert token is not None
    strict.post(_address(guild), {"number": "M-1", "csrfmiddlewaretoken": token[1]})
    assert models.Claim.objects.exists()


def test_an_officer_confirms_on_the_claims_page(guild: models.Organization, ann: Any) -> None:
    _client(ann).post(_address(guild), {"number": "M-1"})
    claim = models.Claim.objects.get()
    officer = administrator("view_claim", "decide_claim", of=guild)
    said = text_of(officer.get(page("claim", claim.pk, "step/confirm")))
    assert "ann, as number M-1 at Guild of Coaches." in said
    assert "does not say whose it is" in said
    assert "What waited for the number is being sent." in text_of(
        take(officer, "claim", claim.pk, "confirm")
    )
    assert models.Membership.objects.get().verified_by == "desk"


def test_an_officer_is_told_that_a_number_is_taken_and_declines(
    guild: models.Organization, ann: Any
) -> None:
    bob = make.user("bob")
    make.prepare.identity(site="tests", subject=str(bob.pk))
    make.link(str(bob.pk), guild, "M-1")
    _client(ann).post(_address(guild), {"number": "M-1"})
    claim = models.Claim.objects.get()
    officer = administrator("view_claim", "decide_claim", of=guild)
    address = page("claim", claim.pk, "step/decline")
    assert "The number is linked to somebody else here." in text_of(officer.get(address))
    assert "linked to somebody else" in text_of(take(officer, "claim", claim.pk, "confirm"))
    submit(officer, address, note="It is somebody else's.")
    claim.refresh_from_db()
    assert (claim.state, claim.note) == ("declined", "It is somebody else's.")


def test_many_are_confirmed_at_once_and_one_that_cannot_be_keeps_no_other(
    guild: models.Organization, ann: Any
) -> None:
    _client(ann).post(_address(guild), {"number": "M-1"})
    officer = administrator("view_claim", "decide_claim", of=guild)
    desk = make.user("chris")
    _client(desk).post(_address(guild), {"number": "M-1"})
    answer = act(
        officer, "claim", "confirm_chosen", models.Claim.objects.values_list("pk", flat=True)
    )
    assert "1 was confirmed." in text_of(answer)
    assert "linked to somebody else" in text_of(answer)
    assert models.Membership.objects.count() == 1


def test_claims_are_kept_to_the_officers_organizations_and_decided_by_permission(
    guild: models.Organization, ann: Any
) -> None:
    _client(ann).post(_address(guild), {"number": "M-1"})
    claim = models.Claim.objects.get()
    club = administrator("view_claim", "decide_claim", of=make.organization("club", "Club"))
    assert not club.get(page("claim")).context["cl"].result_list
    assert club.post(page("claim", claim.pk, "step/confirm")).status_code == 404
    reader = administrator("view_claim", name="reader", of=guild)
    assert reader.get(page("claim")).context["cl"].result_list
    assert reader.post(page("claim", claim.pk, "step/confirm")).status_code == 403
    assert not models.Membership.objects.exists()
