"""Who signs on with their association is linked to their number there, and nobody is overruled."""

import logging
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.delivery import State
from cec_plugin.domain.keys import identity_key
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.services import decide_claim
from cec_plugin.services.claim_number import claim_number
from cec_plugin.services.link_from_sso import LinkedFromSso, link_from_sso
from cec_plugin.services.look_up_claims import end_overtaken
from cec_plugin.tasks.settling import settle
from tests import factories
from tests.factories import NOW, SmallPlatform
from tests.threads import together

pytestmark = pytest.mark.django_db

MAY = datetime(2026, 5, 4, tzinfo=UTC)
NONE = LinkedFromSso(linked=0, taken=0, unclear=0)


@pytest.fixture
def guild(settings: Any) -> models.Organization:
    settings.CEC_SSO_NUMBERS = {
        "guild": {"provider": "tpa-saml", "field": "uid", "pattern": "guild:(.+)"}
    }
    guild = factories.organization()
    factories.table(guild, [factories.rule("ethics")])
    factories.registry(guild)
    for subject in ("7", "8"):
        factories.finish(subject, "ethics", MAY)
        factories.settle(subject)
    return guild


def _run(**signed_on: list[str]) -> LinkedFromSso:
    said = {subject.removeprefix("of_"): texts for subject, texts in signed_on.items()}
    return link_from_sso(platform=SmallPlatform(signed_on=said), now=NOW)


def _numbers() -> dict[int, str]:
    return dict(models.Membership.objects.values_list("person_id", "number"))


def test_who_signs_on_with_the_organization_is_linked_and_their_credits_go_out(
    guild: models.Organization,
) -> None:
    assert _run(of_7=["guild:M-1"], of_8=["elsewhere:M-2"]) == LinkedFromSso(
        linked=1, taken=0, unclear=0
    )
    linked = models.Membership.objects.get()
    assert (linked.number, linked.verified_by) == ("M-1", "sso:tpa-saml")
    assert linked.person_id == factories.person_of("7")
    sent = models.Delivery.objects.get(entry__account__person_id=linked.person_id)
    assert sent.state == State.PENDING
    assert _run(of_7=["guild:M-1"]) == NONE


def test_whoever_has_a_number_keeps_it(guild: models.Organization) -> None:
    factories.link("7", guild, "M-9")
    assert _run(of_7=["guild:M-1"]) == NONE
    assert set(_numbers().values()) == {"M-9"}


def test_nobody_whom_the_plugin_does_not_know_is_linked(guild: models.Organization) -> None:
    assert _run(of_9=["guild:M-1"]) == NONE
    assert models.Person.objects.count() == 2


def test_a_number_that_is_taken_is_listed_once_for_an_officer(guild: models.Organization) -> None:
    other = factories.link("8", guild, "M-1")
    assert _run(of_7=["guild:M-1"]).taken == 1
    assert _run(of_7=["guild:M-1"]).taken == 1
    claim = models.Claim.objects.get()
    assert (claim.number, claim.source, claim.state) == ("M-1", "sso:tpa-saml", "waiting")
    assert claim.next_look_at is None
    desk = Actor(name="desk", subject="900", everywhere=True)
    decide_claim.decline(claim.pk, by=desk, note="a twin", now=NOW)
    _run(of_7=["guild:M-1"])
    assert models.Claim.objects.count() == 1, "what was declined is not listed again"
    models.Membership.objects.filter(pk=other.pk).delete()
    assert _run(of_7=["guild:M-1"]).linked == 1


def test_two_who_bring_one_number_are_one_link_and_one_claim(guild: models.Organization) -> None:
    assert _run(of_7=["guild:M-1"], of_8=["guild:M-1"]) == LinkedFromSso(
        linked=1, taken=1, unclear=0
    )
    assert len(_numbers()) == 1
    assert models.Claim.objects.get().person_id not in _numbers()


def test_who_brings_several_numbers_is_left_for_somebody_to_link(
    guild: models.Organization,
) -> None:
    assert _run(of_7=["guild:M-1", "guild:M-2"]).unclear == 1
    assert _run(of_7=["guild:M-1", "guild: M-1"]).linked == 1, "the same number twice is one"


def test_a_learners_own_claim_ends_once_they_are_linked(guild: models.Organization) -> None:
    for subject, number in (("7", "M-1"), ("8", "M-3")):
        claim_number(
            person_id=factories.person_of(subject),
            organization_id=guild.pk,
            number=number,
            now=NOW,
        )
    assert end_overtaken(now=NOW) == 0
    _run(of_7=["guild:M-1"], of_8=["guild:M-2"])
    assert end_overtaken(now=NOW) == 2
    states = dict(models.Claim.objects.values_list("number", "state"))
    assert states == {"M-1": "confirmed", "M-3": "withdrawn"}


def test_who_is_settled_for_the_first_time_is_linked_then(
    guild: models.Organization, settings: Any
) -> None:
    settings.CEC_PLATFORM = f"{__name__}.SignedOn"
    factories.finish("9", "ethics", MAY)
    settle([identity_key(site="tests", subject="9")])
    assert _numbers() == {factories.person_of("9"): "M-9"}
    assert models.Delivery.objects.get(state=State.PENDING.value).entry.account.person_id in (
        _numbers()
    )


class SignedOn(SmallPlatform):
    """Everybody signs on with the guild."""

    def sso_numbers(self, subjects: Any, *, provider: str, field: str) -> Any:
        assert (provider, field) == ("tpa-saml", "uid")
        return ((subject, f"guild:M-{subject}") for subject in subjects)


def test_without_the_setting_nobody_is_asked(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert _run(of_7=["guild:M-1"]) == NONE


def test_an_organization_that_is_not_here_is_said_and_the_others_are_linked(
    guild: models.Organization, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = {"provider": "tpa-saml", "field": "uid", "pattern": "guild:(.+)"}
    settings.CEC_SSO_NUMBERS = {"gone": source, "guild": source}
    with caplog.at_level(logging.WARNING):
        assert _run(of_7=["guild:M-1"]).linked == 1
    assert "'gone'" in caplog.text
    assert "M-1" not in caplog.text


def test_a_setting_that_says_no_source_is_refused_by_its_organization(settings: Any) -> None:
    settings.CEC_SSO_NUMBERS = {"guild": {"provider": "tpa-saml"}}
    with pytest.raises(ConfigurationError, match="'guild': provider and field are needed"):
        get_settings()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_runs_at_once_link_once_and_list_once(guild: models.Organization) -> None:
    factories.link("8", guild, "M-2")
    factories.finish("9", "ethics", MAY)
    factories.settle("9")
    together([partial(_run, of_7=["guild:M-1"], of_9=["guild:M-2"]) for _ in range(3)])
    assert sorted(_numbers().values()) == ["M-1", "M-2"]
    assert models.Claim.objects.get().number == "M-2"
