"""Whether a learning record store takes us for whom we are, proven without writing anything."""

from collections.abc import Mapping

from cec_plugin.adapters.http import Caller
from cec_plugin.adapters.registries.answers import dig, failure
from cec_plugin.adapters.registries.xapi_options import XapiOptions
from cec_plugin.adapters.registries.xapi_resource import Statements
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Health

ENTITY = "statements"

STOPPED = (Result.CONFIGURATION, Result.RETRYABLE, Result.AMBIGUOUS)
"""What says that we did not get as far as to be told that a list of none is no list."""


def prove(statements: Statements, options: XapiOptions, *, anonymous: Caller, user: str) -> Health:
    """Ask who we are, read a statement, and try to write none.

    ``anonymous`` calls without credentials, and ``user`` is whose ours are.
    """
    if options.whoami_path:
        caller = _asked(statements, options, user)
    else:
        caller = _told_apart(statements, anonymous, user)
    if isinstance(caller, Outcome):
        return Health(ok=False, caller="", detail=caller.reason, entities={ENTITY: False})
    barred = _barred(statements)
    return Health(ok=not barred, caller=caller, detail=barred, entities={ENTITY: not barred})


def _asked(statements: Statements, options: XapiOptions, user: str) -> str | Outcome:
    """Return whose credentials ours are, as the store says it."""
    answer = statements.ask("GET", options.whoami_path)
    if isinstance(answer, Outcome):
        return answer
    if not isinstance(dig(answer.body, "agent"), Mapping):
        return Outcome(result=Result.CONFIGURATION, reason="it does not say who we are")
    return str(dig(answer.body, "agent.account.name") or dig(answer.body, "agent.name") or user)


def _told_apart(statements: Statements, anonymous: Caller, user: str) -> str | Outcome:
    """Return whose credentials ours are, once a caller without any is seen to be refused."""
    refused = failure(anonymous.call("GET", statements.path(limit="1")), write=False)
    if refused is None:
        return Outcome(
            result=Result.CONFIGURATION,
            reason="it answers without credentials: nothing proves ours",
        )
    return user if refused.result is Result.CONFIGURATION else refused


def _barred(statements: Statements) -> str:
    """Say why statements cannot be read, or not be written; nothing where they can."""
    read = statements.listed(statements.path(limit="1"))
    if isinstance(read, Outcome):
        return f"statements cannot be read: {read.reason}"
    # Who may write is asked before what: then a list of none is refused, or taken for what it is.
    written = statements.write([])
    if isinstance(written, Outcome) and written.result in STOPPED:
        return f"statements cannot be written: {written.reason}"
    return ""
