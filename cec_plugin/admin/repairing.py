"""What the pages say and do about repairs: what is left, what a repair does, and asking for it."""

from datetime import UTC, datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cec_plugin.admin.reading import Admin
from cec_plugin.admin.steps import Done
from cec_plugin.domain.reconciliation import BY_REVERSING, REPAIRABLE, Kind
from cec_plugin.models.reconciliation import Difference
from cec_plugin.selectors.reconciliations import SETTLED
from cec_plugin.services.repair import ask_repair


class RepairingAdmin(Admin):
    """An admin from which repairs are asked for, by a permission of its own."""

    def has_repair_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.repair_difference")


def left_to_repair(rows: "QuerySet[Difference]") -> "QuerySet[Difference]":
    """Return what a repair can do something about, and nobody has asked for yet."""
    kinds = [kind.value for kind in REPAIRABLE]
    waiting = rows.filter(kind__in=kinds, repair_asked_at__isnull=True)
    return waiting.exclude(repair__in=SETTLED)


def words_of_asking(count: int) -> str:
    """Say how many repairs were asked for."""
    told = ngettext(
        "%(count)d difference is looked at again and put right.",
        "%(count)d differences are looked at again and put right.",
        count,
    )
    return told % {"count": count}


def _meaning(kind: Kind) -> str:
    """Say what a repair does about a kind of difference."""
    match kind:
        case Kind.MISSING:
            return _("What is missing there is looked up and sent again.")
        case Kind.REVERSED_THERE:
            return _("What was reversed there is told again under a new reference.")
        case Kind.STANDING_THERE:
            return _("What stands there and was reversed here is taken back again.")
        case _other:
            return _("What differs there is taken back, and then told under a new reference.")


def before_repairing(kinds: set[str]) -> list[str]:
    """Say what will happen to differences of these kinds, a sentence each."""
    says = [_("The registry is asked about each first; what is in order by now is left alone.")]
    says += [_meaning(kind) for kind in REPAIRABLE if kind.value in kinds]
    if kinds & {kind.value for kind in BY_REVERSING}:
        says.append(_("A registry that takes nothing back is left as it is: that takes a person."))
    if kinds - {kind.value for kind in REPAIRABLE}:
        says.append(_("Records that are doubled, foreign or without our reference are left alone."))
    return says


def ask_for(request: HttpRequest, rows: "QuerySet[Difference]") -> Done:
    """Ask for what is left of these to be repaired."""
    by = request.user.get_username()
    count = ask_repair(left_to_repair(rows), by=by, now=datetime.now(UTC))
    return Done(text=words_of_asking(count), ok=bool(count))
