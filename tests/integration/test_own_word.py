"""The learner's own word: asked for on their page, in full, once, and taken from nobody else."""

import re
from functools import partial
from html import unescape
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from cec_plugin import models
from cec_plugin.services.sweep import settle_due
from cec_plugin.web.own_word import SALT
from tests import factories as make
from tests.factories import NOW
from tests.integration.test_my_credits import MAY, html_of, page_of
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)

SENTENCE = "I declare that “Ethics” relates to the work that I do or pursue."
PHRASE = (
    "Je déclare que l'activité «\u00a0Ethics\u00a0» est liée au travail que je fais ou recherche."
)
SITE = make.titled(ethics="Ethics", resumes="Resumes")


@pytest.fixture(autouse=True)
def small_platform(settings: Any) -> None:
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"


def _asks(code: str, name: str, *activities: str, hours: str = "10") -> models.Organization:
    """Make an organization that credits these to whoever gives their word."""
    of = make.organization(code, name)
    schedule = make.table(of, [make.rule(one, hours) for one in activities], active=False)
    schedule.rules.update(related=True)
    make.activate(schedule.pk, by="tester", now=NOW)
    return of


def _learner(name: str = "ann", *activities: str) -> Any:
    learner = make.user(name)
    for activity in activities or ("ethics",):
        make.finish(str(learner.pk), activity, MAY)
    make.settle(str(learner.pk), platform=SITE)
    return learner


def _forms(learner: Any, *, language: str = "en") -> list[tuple[str, str]]:
    """Return the address and the signed sentence of each form on the page."""
    return re.findall(
        r'<form class="cec-word"[^>]* action="([^"]+)">.*?name="word" value="([^"]+)"',
        html_of(learner, language=language),
        re.DOTALL,
    )


def _client(user: Any, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def test_the_word_is_asked_for_in_full_and_kept_as_it_was_read() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    page = page_of(learner)
    assert "1 activity needs your word that it relates to your work." in page
    assert f"{SENTENCE} Give my word" in page
    ((address, signed),) = _forms(learner)
    answer = _client(learner).post(address, {"word": signed}, follow=True)
    assert answer.redirect_chain == [("/cec/", 302)]
    kept = models.Relation.objects.get()
    assert (kept.wording, kept.language) == (SENTENCE, "en")
    assert kept.person_id == make.person_of(str(learner.pk))
    assert "Thank you for your word." in answer.content.decode()


def test_until_it_is_settled_the_page_says_thank_you_and_then_shows_the_credit() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    ((address, signed),) = _forms(learner)
    _client(learner).post(address, {"word": signed})
    html = html_of(learner)
    assert 'id="cec-heard"' in html, "the script asks again, and shows the new credit by itself"
    assert "my_credits.js" in html
    page = page_of(learner)
    assert "You gave your word on" in page
    assert "needs your word" not in page
    assert _forms(learner) == []
    settle_due(platform=SITE, now=models.Relation.objects.get().given_at)
    page = page_of(learner)
    assert "10 hours continuing education credits" in page
    assert "your word" not in page


def test_the_reader_of_french_agrees_in_french() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    page = page_of(learner, language="fr")
    assert PHRASE in page
    assert "Faire cette déclaration" in page
    ((address, signed),) = _forms(learner, language="fr")
    _client(learner).post(address, {"word": signed}, headers={"accept-language": "en"})
    kept = models.Relation.objects.get()
    assert (kept.wording, kept.language) == (PHRASE, "fr"), "what was read, not what is active now"


def test_a_title_that_changes_meanwhile_changes_nothing_of_what_was_read() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    ((address, signed),) = _forms(learner)
    models.Activity.objects.update(title="Gambling")
    _client(learner).post(address, {"word": signed})
    assert models.Relation.objects.get().wording == SENTENCE


def test_several_organizations_ask_once_and_each_activity_is_asked_about() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    _asks("lake", "Lakeshore", "ethics", "resumes", hours="4")
    learner = _learner("ann", "ethics", "resumes")
    page = page_of(learner)
    assert page.count("asks for your word that it relates") > 2
    assert page.count(SENTENCE) == 1
    assert "2 activities need your word" in page
    forms = _forms(learner)
    assert len(forms) == 2
    for address, signed in forms:
        _client(learner).post(address, {"word": signed})
    make.settle(str(learner.pk), platform=SITE)
    assert sorted(models.CreditEntry.objects.values_list("hundredths", flat=True)) == [
        400,
        400,
        1000,
    ]


def test_it_is_in_sight_where_another_organization_gave_credit() -> None:
    make.table(make.organization(), [make.rule("ethics")])
    _asks("lake", "Lakeshore", "ethics")
    learner = _learner()
    html = html_of(learner)
    assert '<details class="cec-elsewhere" open>' in html
    ((address, signed),) = _forms(learner)
    _client(learner).post(address, {"word": signed})
    make.settle(str(learner.pk), platform=SITE)
    assert models.CreditEntry.objects.count() == 2


def test_a_double_click_gives_it_once() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    ((address, signed),) = _forms(learner)
    client = _client(learner)
    for _ in range(2):
        assert client.post(address, {"word": signed})["Location"] == "/cec/"
    given_at = models.Relation.objects.get().given_at
    make.settle(str(learner.pk), platform=SITE)
    assert client.post(address, {"word": signed})["Location"] == "/cec/", "settled meanwhile"
    assert models.Relation.objects.get().given_at == given_at
    assert make.settle(str(learner.pk), platform=SITE) == 0


@pytest.mark.concurrency
def test_clicks_at_once_in_the_midst_of_settling_give_it_once_and_lose_nothing() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    ((address, signed),) = _forms(learner)

    def click(client: Client) -> int:
        return client.post(address, {"word": signed}).status_code

    def settle() -> int:
        return make.settle(str(learner.pk), platform=SITE)

    clicks = [partial(click, _client(learner)) for _ in range(3)]
    answers = together([*clicks, settle])
    assert answers[:3] == [302, 302, 302]
    settle_due(platform=SITE, now=models.Relation.objects.get().given_at)
    assert [one.hundredths for one in models.CreditEntry.objects.all()] == [1000]
    assert not models.Refusal.objects.exists()


def test_nobody_gives_their_word_for_somebody_else() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner, other = _learner("ann"), _learner("bob")
    ((address, signed),) = _forms(learner)
    ((_, theirs),) = _forms(other)
    for word in (signed, theirs):
        assert _client(other).post(address, {"word": word}).status_code == 404
    assert _client(make.user("cyd")).post(address, {"word": signed}).status_code == 404
    assert not models.Relation.objects.exists()


def test_a_word_that_nobody_asks_for_is_not_taken() -> None:
    make.table(make.organization(), [make.rule("ethics")])
    learner = _learner()
    one = models.Participation.objects.get()
    signed = signing.dumps((one.pk, "en", SENTENCE), salt=SALT)
    client = _client(learner)
    for number in (one.pk, one.pk + 1, 2**63, 10**30):
        answer = client.post(f"/cec/relate/{number}/", {"word": signed})
        assert answer.status_code == 404
    assert not models.Relation.objects.exists()


@pytest.mark.parametrize("word", ["", "I declare nothing.", "WyJ4Il0:1u:x", "elsewhere", "short"])
def test_a_sentence_that_the_page_did_not_show_is_not_kept(word: str) -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    ((address, _),) = _forms(learner)
    forged = {
        "elsewhere": signing.dumps((0, "en", SENTENCE), salt=SALT),
        "short": signing.dumps(("en", SENTENCE), salt=SALT),
    }
    answer = _client(learner).post(address, {"word": forged.get(word, word)})
    assert answer["Location"] == "/cec/"
    assert not models.Relation.objects.exists()
    assert len(_forms(learner)) == 1, "it is asked for again"


def test_only_a_post_from_the_page_itself_is_heard() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    ((address, signed),) = _forms(learner)
    assert _client(learner).get(address, {"word": signed}).status_code == 405
    strict = _client(learner, enforce_csrf_checks=True)
    assert strict.post(address, {"word": signed}).status_code == 403
    assert not models.Relation.objects.exists()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', _page(strict))
    assert token is not None
    strict.post(address, {"word": signed, "csrfmiddlewaretoken": token[1]})
    assert models.Relation.objects.exists()


def test_whoever_is_signed_out_meanwhile_comes_back_to_the_page() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = _learner()
    ((address, signed),) = _forms(learner)
    answer = Client().post(address, {"word": signed})
    assert answer["Location"] == "/login/?next=/cec/"
    assert not models.Relation.objects.exists()


def test_a_hostile_title_is_text_and_is_kept_as_text() -> None:
    _asks("guild", "Guild of Coaches", "ethics")
    learner = make.user("ann")
    make.finish(str(learner.pk), "ethics", MAY)
    hostile = "<script>alert(1)</script>\"' %(title)s {{ x }}"
    make.settle(str(learner.pk), platform=make.titled(ethics=hostile))
    assert "<script>alert" not in html_of(learner)
    ((address, signed),) = _forms(learner)
    _client(learner).post(address, {"word": unescape(signed)})
    assert f"“{hostile}”" in models.Relation.objects.get().wording


def _page(client: Client) -> str:
    return client.get("/cec/").content.decode()
