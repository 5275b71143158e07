"""The pages, each of which shows a person what is theirs, or takes their word on it."""

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cec_plugin import models
from cec_plugin.adapters.accounts import name_of
from cec_plugin.conf import get_settings
from cec_plugin.domain.keys import identity_key
from cec_plugin.selectors.claims import is_member, newest_claims, where_to_claim
from cec_plugin.selectors.estimates import estimate
from cec_plugin.selectors.own_words import is_asked
from cec_plugin.selectors.transcript import transcript
from cec_plugin.selectors.waiting import awaits_settling
from cec_plugin.services import prepare
from cec_plugin.services.claim_number import Heard, claim_number, withdraw
from cec_plugin.services.relate import relate
from cec_plugin.web.application import application
from cec_plugin.web.calls import needs_number
from cec_plugin.web.earning import would_earn
from cec_plugin.web.number import number_page
from cec_plugin.web.own_word import own_words, read
from cec_plugin.web.rows import EMPTY, Page, page
from cec_plugin.web.standing_cards import cards


@require_safe
@cache_control(private=True, no_store=True)
@login_required
def my_credits(request: HttpRequest) -> HttpResponse:
    """Show the credits of whoever asks: the request says who, no parameter does."""
    now = datetime.now(UTC)
    identity = _identity(request)
    shown = _page(identity.person_id, now) if identity else EMPTY
    heard = awaits_settling(_key(request))
    earning = () if shown.years or heard else would_earn(str(request.user.pk), now=now)
    return render(
        request,
        "cec_plugin/my_credits.html",
        {
            "base_template": get_settings().base_template,
            "page": shown,
            "earning": earning,
            "heard": heard,
            "as_of": now,
        },
    )


@require_safe
@cache_control(private=True, no_store=True)
@login_required
def request_page(request: HttpRequest, participation_id: int, organization_id: int) -> HttpResponse:
    """Show what an organization asks of whoever applies to it, for one's own activity only.

    Raises:
        Http404: there is no such estimate, or it is somebody else's.
    """
    identity = _identity(request)
    found = identity and estimate(
        identity.person_id, participation_id=participation_id, organization_id=organization_id
    )
    if not found:
        raise Http404
    return render(
        request,
        "cec_plugin/request.html",
        {
            "base_template": get_settings().base_template,
            "page": application(found, name=name_of(request.user)),
            "as_of": datetime.now(UTC),
        },
    )


@require_POST
@cache_control(private=True, no_store=True)
def give_word(request: HttpRequest, participation_id: int) -> HttpResponse:
    """Keep the learner's own word on what they finished; a second time changes nothing.

    Whoever signs in on the way comes to the page, not here, and can read the sentence again. So
    does whoever sends a sentence that the page did not show: it is asked for once more.

    Raises:
        Http404: no organization asks for it, or it is somebody else's.
    """
    back = reverse("cec_plugin:my_credits")
    if not request.user.is_authenticated:
        return redirect_to_login(back)
    identity = _identity(request)
    if identity is None or not is_asked(identity.person_id, participation_id):
        raise Http404
    said = read(request.POST.get("word", ""), participation_id)
    if said is not None:
        relate(
            participation_id=participation_id,
            person_id=identity.person_id,
            wording=said.wording,
            language=said.language,
            now=datetime.now(UTC),
        )
    return redirect(back)


@sensitive_post_parameters("number")
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@login_required
def number(request: HttpRequest, organization_id: int) -> HttpResponse:
    """Show how one's own member number at an organization stands, and take the claim of one.

    Raises:
        Http404: there is no such organization, or none that needs a number.
    """
    of = where_to_claim(organization_id)
    if of is None:
        raise Http404
    identity = _identity(request)
    heard, typed = None, ""
    if request.method == "POST":
        typed = request.POST.get("number", "")
        identity = prepare.identity(site=get_settings().site, subject=str(request.user.pk))
        heard = claim_number(
            person_id=identity.person_id,
            organization_id=of.pk,
            number=typed,
            now=datetime.now(UTC),
        )
        if heard is Heard.WAITS:
            return redirect("cec_plugin:number", organization_id=of.pk)
    if identity is not None and is_member(identity.person_id, of.pk):
        return redirect("cec_plugin:my_credits")
    claims = newest_claims(identity.person_id, [of.pk]) if identity else {}
    return render(
        request,
        "cec_plugin/number.html",
        {
            "base_template": get_settings().base_template,
            "page": number_page(of, claims.get(of.pk), typed=typed, heard=heard),
        },
    )


@require_POST
@cache_control(private=True, no_store=True)
def withdraw_number(request: HttpRequest, organization_id: int) -> HttpResponse:
    """Take one's own claim at an organization back; where none waits, nothing changes.

    Raises:
        Http404: there is no such organization, or none that needs a number.
    """
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("cec_plugin:number", args=[organization_id]))
    of = where_to_claim(organization_id)
    if of is None:
        raise Http404
    if (identity := _identity(request)) is not None:
        withdraw(person_id=identity.person_id, organization_id=of.pk, now=datetime.now(UTC))
    return redirect("cec_plugin:number", organization_id=of.pk)


def _key(request: HttpRequest) -> str:
    return identity_key(site=get_settings().site, subject=str(request.user.pk))


def _identity(request: HttpRequest) -> models.Identity | None:
    return models.Identity.objects.filter(key=_key(request)).first()


def _page(person_id: int, now: datetime) -> Page:
    found = transcript(person_id, now=now)
    return page(
        found,
        cards(person_id, of=found, now=now),
        own_words(person_id, found.not_credited),
        newest_claims(person_id, needs_number(found.credits)),
    )
