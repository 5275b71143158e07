"""Withdraw a roster file that was never handed over: its lines go into the next one."""

from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.models.roster import LineAnswer
from cec_plugin.services.retry import in_transaction

WAITS = "waits for the next roster file"


def withdraw_roster(file_id: int, *, by: str, now: datetime) -> int:
    """Let the lines of a file wait for the next one; return how many they are.

    None of them where any was answered already: then the body has the file, whatever is said of
    it. ``by`` is a user name, and their word that nobody has the file is taken for it. Opens a
    transaction of its own.
    """

    def work() -> int:
        # A write first: receipts that are imported meanwhile come before it or after it.
        withdrawn = models.RosterFile.objects.filter(pk=file_id, withdrawn_at__isnull=True)
        if not withdrawn.update(withdrawn_at=now, withdrawn_by=by):
            return 0
        lines = models.RosterLine.objects.filter(file_id=file_id)
        if lines.exclude(answer=LineAnswer.NONE).exists():
            models.RosterFile.objects.filter(pk=file_id).update(withdrawn_at=None, withdrawn_by="")
            return 0
        ids = list(lines.values_list("delivery_id", flat=True))
        models.Delivery.objects.filter(pk__in=ids, state=State.HELD.value).update(reason=WAITS)
        return lines.update(answer=LineAnswer.WITHDRAWN, answered_at=now, answered_by=by)

    return in_transaction(work)
