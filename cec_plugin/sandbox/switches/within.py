"""Switches that have the registry itself do something wrongly: each asks the routes for a quirk."""

from cec_plugin.sandbox.faults import On, Switch
from cec_plugin.sandbox.switches.fault import Fault
from cec_plugin.sandbox.wire import Call, Quirk

A_DAY_S = 24 * 60 * 60


def _sends_credits(call: Call, _switch: Switch) -> bool:
    match call.method, call.segments:
        case ("PUT", ("credits", _)) | ("POST", ("credits", "batch")):
            return True
    return False


def _sends_a_batch(call: Call, _switch: Switch) -> bool:
    return call.method == "POST" and call.segments == ("credits", "batch")


def _has_filters(call: Call, _switch: Switch) -> bool:
    return call.segments in {("members",), ("credits",)}


def _reads_credits(call: Call, _switch: Switch) -> bool:
    return call.segments[:1] == ("credits",)


def _token_is_used_up(call: Call, switch: Switch) -> bool:
    return call.token_calls > (switch.value or 0)


TOKENS = (
    Fault(
        name="token_expires",
        quirk=Quirk.END_TOKEN,
        does="401 once a token came with so many calls, until a new one is fetched",
        seen_in="Salesforce and MemberClicks: a token ends in the middle of a run.",
        value=10,
        unit="calls",
        applies=_token_is_used_up,
    ),
)

READS = (
    Fault(
        name="filters_ignored",
        quirk=Quirk.IGNORE_FILTERS,
        does="lists everybody and everything, whatever was asked for",
        seen_in="Tendenci: ?member_number=… returned everybody.",
        on=On.READ,
        applies=_has_filters,
    ),
    Fault(
        name="reads_lag",
        quirk=Quirk.LAG,
        does="shows credits as they were some time ago",
        seen_in="Tendenci: cached totals lag one save behind.",
        on=On.READ,
        value=5,
        unit="s ago",
        applies=_reads_credits,
    ),
)

WRITES = (
    Fault(
        name="opaque_data_errors",
        quirk=Quirk.HIDE_DATA_ERRORS,
        does="500 and a web page where the data is at fault, nothing of the call written",
        seen_in="CiviCRM: a data error is a 500, without text for most roles.",
        on=On.WRITE,
    ),
    Fault(
        name="all_or_nothing",
        quirk=Quirk.ALL_OR_NOTHING,
        does="422 for a whole batch with one bad record, without saying which",
        seen_in="CiviCRM: one bad record rolls back the whole call.",
        on=On.WRITE,
        applies=_sends_a_batch,
    ),
    Fault(
        name="errors_in_200",
        quirk=Quirk.ERRORS_IN_200,
        does="200 where the data is at fault, with the error inside",
        seen_in="Salesforce and Tendenci: success is told record by record.",
        on=On.WRITE,
    ),
    Fault(
        name="references_not_unique",
        quirk=Quirk.DOUBLE,
        does="adds a row for every credit sent, whatever stands under its reference",
        seen_in="CiviCRM: four equal calls made four rows, all of them answered 200.",
        on=On.WRITE,
        applies=_sends_credits,
    ),
    Fault(
        name="lost_reference",
        quirk=Quirk.LOSE_REFERENCE,
        does="keeps each row without our reference, and says 200",
        seen_in="CiviCRM: a unique index left extra rows, all of them answered 200.",
        on=On.WRITE,
        applies=_sends_credits,
    ),
    Fault(
        name="receipts_later",
        quirk=Quirk.RECEIPTS_LATER,
        does="202 and a receipt, and the row appears only later",
        seen_in="CE Broker: files are taken, receipts for each record come later.",
        on=On.WRITE,
        value=A_DAY_S,
        unit="s until it appears",
        applies=_sends_credits,
    ),
    Fault(
        name="approves_later",
        quirk=Quirk.APPROVE_LATER,
        does="keeps each new row waiting until the registry approves or declines it",
        seen_in="Associations whose staff look at each credit before it counts.",
        on=On.WRITE,
        applies=_sends_credits,
    ),
)

WITHIN = (*TOKENS, *READS, *WRITES)
