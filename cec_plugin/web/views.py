"""The pages, each of which shows a person what is theirs and nothing else."""

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.keys import identity_key
from cec_plugin.selectors.transcript import transcript
from cec_plugin.selectors.waiting import awaits_settling
from cec_plugin.web.earning import would_earn
from cec_plugin.web.rows import EMPTY, page


@require_safe
@cache_control(private=True, no_store=True)
@login_required
def my_credits(request: HttpRequest) -> HttpResponse:
    """Show the credits of whoever asks: the request says who, no parameter does."""
    now = datetime.now(UTC)
    subject = str(request.user.pk)
    key = identity_key(site=get_settings().site, subject=subject)
    identity = models.Identity.objects.filter(key=key).first()
    shown = page(transcript(identity.person_id, now=now)) if identity else EMPTY
    heard = awaits_settling(key)
    earning = () if shown.years or heard else would_earn(subject, now=now)
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
