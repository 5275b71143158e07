"""What the page of a registry has more where the registry takes files."""

from datetime import UTC, datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.admin.steps import Done, Step
from cec_plugin.selectors.rosters import roster_waiting


def takes_files(registry: models.Registry) -> bool:
    """Say whether files are carried to it."""
    return registry.adapter == models.Registry.Adapter.ROSTER


def what_waits(registry: models.Registry) -> str:
    """Say how much waits for the next file, and which files wait for their receipts."""
    if not takes_files(registry):
        return ""
    now = datetime.now(UTC)
    found = roster_waiting(registry, now=now)
    told = [_told_unfiled(found.unfiled, found.oldest_s, now)] if found.unfiled else []
    told += [
        ngettext(
            "roster file %(number)d: %(lines)d line has waited %(age)s for its receipt",
            "roster file %(number)d: %(lines)d lines have waited %(age)s for their receipts",
            one.lines,
        )
        % {"number": one.number, "lines": one.lines, "age": timesince(one.closed_at, now)}
        for one in found.files
    ]
    return format_html_join("", "<br>{}", ((one,) for one in told))


def _told_unfiled(count: int, oldest_s: int | None, now: datetime) -> str:
    told = ngettext(
        "%(count)d credit waits for the next roster file, for %(age)s",
        "%(count)d credits wait for the next roster file, for up to %(age)s",
        count,
    )
    return told % {"count": count, "age": timesince(now - timedelta(seconds=oldest_s or 0), now)}


def _close(request: HttpRequest, registry: models.Registry) -> Done:
    closed = rosters.close(registry, by=request.user.get_username())
    aside = (
        ngettext(
            "%(count)d that waited went into no file: see why among the deliveries.",
            "%(count)d that waited went into no file: see why among the deliveries.",
            closed.aside,
        )
        % {"count": closed.aside}
        if closed.aside
        else ""
    )
    if closed.file is None:
        nothing = _("There is nothing to put into a file.")  # not within the f: it is not found
        return Done(text=f"{nothing} {aside}".strip(), ok=False)
    told = ngettext(
        "Roster file %(number)d is closed, with %(count)d line. Download it below.",
        "Roster file %(number)d is closed, with %(count)d lines. Download it below.",
        closed.lines,
    ) % {"number": closed.file.number, "count": closed.lines}
    page = reverse("admin:cec_plugin_rosterfile_change", args=[closed.file.pk])
    return Done(text=f"{told} {aside}".strip(), go=page)


def _before_closing(registry: models.Registry) -> list[str]:
    waits = roster_waiting(registry, now=datetime.now(UTC)).unfiled
    told = [
        _("Waiting for the next file: %(count)d, and what is due just now.") % {"count": waits},
        _("What is in a closed file stays in it. You download it, and bring it to the body."),
        _("Each line waits for its receipt; only that settles it."),
    ]
    if soon := rosters.soon_too_late(registry):
        told.append(
            ngettext(
                "%(count)d credit is not there, and soon will be taken no more.",
                "%(count)d credits are not there, and soon will be taken no more.",
                soon,
            )
            % {"count": soon}
        )
    return told


CLOSE = Step(
    name="close",
    label=gettext_lazy("Close a roster file"),
    permission="close",
    says=_before_closing,
    offered=takes_files,
    run=_close,
)
