"""What a CiviCRM's records prove of a credit: before it is sent, and after."""

from collections.abc import Sequence
from dataclasses import replace

from cec_plugin.adapters.registries.civicrm_credits import Credit
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Posting

OTHER = "the registry has another amount or member under our reference"
SEVERAL = "the registry has several records under our reference"


def before(posting: Posting, contact_ids: Sequence[int], there: Sequence[Credit]) -> Outcome | None:
    """Return what is to be said of a credit without sending it, None where it is due."""
    if len(there) > 1:
        return Outcome(result=Result.CONFLICT, status=200, reason=SEVERAL)
    if not contact_ids:
        return Outcome(
            result=Result.MEMBER,
            status=200,
            reason="no contact has this number",
            found_nothing=not there,
        )
    if len(contact_ids) > 1:
        return Outcome(
            result=Result.MEMBER,
            status=200,
            reason="several contacts have this number",
            found_nothing=not there,
        )
    if not there:
        return None
    remote_id = there[0].remote_id
    if there[0].is_of(posting, contact_ids[0]):
        return Outcome(
            result=Result.DELIVERED, status=200, remote_id=remote_id, reason="found in place"
        )
    # Sent again it would be overwritten, and one that was taken back would stand again.
    reason = "the registry has it as reversed" if there[0].reversed else OTHER
    return Outcome(result=Result.CONFLICT, status=200, remote_id=remote_id, reason=reason)


def proof(posting: Posting, contact_id: int, back: Sequence[Credit], acknowledged: str) -> Outcome:
    """Say what a read after the write proves."""
    result, reason, remote_id = Result.CONFLICT, "", acknowledged
    if not back and acknowledged:
        reason = "the registry took it and does not show it under our reference"
    elif not back:
        result, reason = Result.AMBIGUOUS, "answered, but not found under our reference"
    elif len(back) > 1:
        reason = SEVERAL
    elif not back[0].is_of(posting, contact_id):
        reason, remote_id = OTHER, back[0].remote_id
    elif acknowledged and back[0].remote_id != acknowledged:
        # A unique index keeps our reference off the second record, and not the record.
        reason = "the registry wrote a second record, without our reference"
    else:
        result, remote_id = Result.DELIVERED, back[0].remote_id
    return Outcome(result=result, status=200, remote_id=remote_id, reason=reason)


def unproven(failed: Outcome, acknowledged: str) -> Outcome:
    """Say what it means that a write was acknowledged and could not be read back."""
    if failed.result is Result.CONFIGURATION:
        return replace(failed, maybe_written=True, remote_id=acknowledged)
    return Outcome(
        result=Result.AMBIGUOUS,
        status=200,
        remote_id=acknowledged,
        reason=f"answered, but not read back: {failed.reason}",
    )
