"""The pages, each of which shows a person what is theirs and nothing else."""

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from cec_plugin import models
from cec_plugin.adapters.platform import name_of
from cec_plugin.conf import get_settings
from cec_plugin.domain.keys import identity_key
from cec_plugin.selectors.estimates import estimate
from cec_plugin.selectors.transcript import transcript
from cec_plugin.selectors.waiting import awaits_settling
from cec_plugin.web.application import application
from cec_plugin.web.earning import would_earn
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


def _key(request: HttpRequest) -> str:
    return identity_key(site=get_settings().site, subject=str(request.user.pk))


def _identity(request: HttpRequest) -> models.Identity | None:
    return models.Identity.objects.filter(key=_key(request)).first()


def _page(person_id: int, now: datetime) -> Page:
    found = transcript(person_id, now=now)
    return page(found, cards(person_id, of=found, now=now))
