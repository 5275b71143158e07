"""What a REST registry's answers come to where they are no failure, or no call was made."""

from cec_plugin.adapters.reading import Answer
from cec_plugin.domain.delivery import Outcome, Result


def unable(does: str) -> Outcome:
    """Say that the registry has no way to do this."""
    return Outcome(result=Result.UNABLE, reason=f"the registry {does}")


def taken(status: int, remote_id: str = "") -> Outcome:
    """Say that it took something and will confirm it."""
    return Outcome(
        result=Result.TAKEN,
        status=status,
        remote_id=remote_id,
        reason="taken, to be confirmed by a receipt",
    )


def conflict(reason: str, *, status: int, remote_id: str = "") -> Outcome:
    """Say that it holds something else than we think."""
    return Outcome(result=Result.CONFLICT, status=status, remote_id=remote_id, reason=reason)


def misread(reason: str, answer: Answer) -> Outcome:
    """Say that it does not answer what we ask: where we call, or who we are, is wrong."""
    return Outcome(result=Result.CONFIGURATION, status=answer.status, reason=reason)
