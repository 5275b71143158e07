"""What keeps credits from flowing, in words."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cec_plugin.domain.delivery import State
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.selectors.health import LATE_AFTER, Health, RegistryHealth
from cec_plugin.selectors.reconciliations import LastReconciliation
from cec_plugin.selectors.rosters import RosterWaiting
from cec_plugin.wording.reasons import in_words


def problems(found: Health) -> Iterator[str]:
    """Say what somebody has to look into, in the reader's language."""
    for one in found.registries:
        yield from _of_registry(one)
    for roster in found.rosters:
        yield from _of_roster(roster)
    waiting = found.unsettled
    if not waiting.expected and (waiting.oldest_s or 0) > LATE_AFTER.total_seconds():
        yield _("A notice has not been settled for %(seconds)d s.") % {"seconds": waiting.oldest_s}
    for job in found.jobs:
        if job.ended_at is None:
            yield _("The job %(name)s has never ended well.") % {"name": job.name}
        elif job.overdue:
            told = _("The job %(name)s is overdue: it last ended well at %(at)s.")
            yield told % {"name": job.name, "at": job.ended_at.isoformat(timespec="seconds")}


def _of_reconciliation(registry: str, last: LastReconciliation) -> Iterator[str]:
    if last.outcome == Reconciliation.Outcome.FAILED:
        told = _("%(registry)s could not be reconciled: %(why)s")
        yield told % {"registry": registry, "why": in_words(last.reason)}
    if left := last.open + last.unlisted:
        told = ngettext(
            "%(registry)s: %(count)d difference was found and is not repaired.",
            "%(registry)s: %(count)d differences were found and are not repaired.",
            left,
        )
        yield told % {"registry": registry, "count": left}


def _of_registry(one: RegistryHealth) -> Iterator[str]:
    due = one.counts.get(State.PENDING, 0)
    if one.paused and due:
        told = ngettext(
            "%(registry)s is paused with %(count)d delivery waiting.",
            "%(registry)s is paused with %(count)d deliveries waiting.",
            due,
        )
        yield told % {"registry": one.name, "count": due}
    if one.quiet_since and due:
        told = ngettext(
            "%(registry)s does not answer as it should since %(since)s (%(why)s): "
            "%(count)d delivery waits for it.",
            "%(registry)s does not answer as it should since %(since)s (%(why)s): "
            "%(count)d deliveries wait for it.",
            due,
        )
        yield told % {
            "registry": one.name,
            "since": one.quiet_since.isoformat(timespec="seconds"),
            "why": in_words(one.quiet_reason),
            "count": due,
        }
    if parked := one.counts.get(State.PARKED, 0):
        told = ngettext(
            "%(registry)s: %(count)d delivery is parked and waits for an administrator.",
            "%(registry)s: %(count)d deliveries are parked and wait for an administrator.",
            parked,
        )
        yield told % {"registry": one.name, "count": parked}
    if one.late:
        told = ngettext(
            "%(registry)s: %(count)d delivery has been due for more than an hour.",
            "%(registry)s: %(count)d deliveries have been due for more than an hour.",
            one.late,
        )
        yield told % {"registry": one.name, "count": one.late}
    if one.reconciled is not None:
        yield from _of_reconciliation(one.name, one.reconciled)


def _of_roster(one: RosterWaiting) -> Iterator[str]:
    if one.is_late:
        told = ngettext(
            "%(registry)s: %(count)d credit has waited for a roster file for %(days)d days.",
            "%(registry)s: %(count)d credits wait for a roster file, for up to %(days)d days.",
            one.unfiled,
        )
        days = (one.oldest_s or 0) // 86400
        yield told % {"registry": one.registry, "count": one.unfiled, "days": days}
    for file in one.files:
        if file.is_late:
            told = ngettext(
                "%(registry)s: %(count)d line of roster file %(number)d has waited %(days)d days "
                "for its receipt.",
                "%(registry)s: %(count)d lines of roster file %(number)d have waited %(days)d days "
                "for their receipts.",
                file.lines,
            )
            yield told % {
                "registry": one.registry,
                "count": file.lines,
                "number": file.number,
                "days": file.waits_s // 86400,
            }
