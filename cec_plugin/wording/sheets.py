"""What an import says of a row, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.members import DAYS_TURNED
from cec_plugin.domain.sheets import Fault, Why
from cec_plugin.selectors.addresses import Match
from cec_plugin.selectors.members import Outcome

WHYS: dict[str, Promise] = {
    Why.NOT_TEXT: _("the file is not UTF-8 text: save it as CSV UTF-8"),
    Why.NOT_CSV: _("it cannot be read as CSV"),
    Why.TOO_MANY_ROWS: _("it has more than %(most)d rows: split it"),
    Why.NO_SUCH_COLUMN: _("column %(at)d is none of %(columns)s"),
    Why.COLUMN_TWICE: _("the column is there twice"),
    Why.COLUMN_MISSING: _("the column is missing"),
    Why.NEITHER_COLUMN: _("a column is missing: %(columns)s"),
    Why.TOO_MANY_CELLS: _("it has more cells than the header"),
    Why.MISSING: _("it is missing"),
    Why.TOO_LONG: _("it is longer than %(most)d signs"),
    Why.CONTROL_SIGNS: _("it holds control signs, such as a line break"),
    Why.NO_DATE: _("it is no date such as 2026-01-31"),
    Why.YEAR: _("the year must be between %(first)d and %(last)d"),
    DAYS_TURNED: _("it lies before member_from"),
}

OUTCOMES: dict[Outcome, Promise] = {
    Outcome.NEW: _("the account and the number are linked"),
    Outcome.NEW_DAYS: _("linked already; the days of membership are new"),
    Outcome.NEW_NUMBER: _("the number takes the place of another"),
    Outcome.UNCHANGED: _("linked already"),
    Outcome.OTHER_NUMBER: _("the account is linked to another number here: somebody must decide"),
    Outcome.TAKEN: _("the number is linked to somebody else here"),
    Outcome.TWICE: _("another row says otherwise of the same account or number"),
    Outcome.DAYS_TURNED: _("the last day of membership would lie before the first"),
    Outcome.UNKNOWN: _("there is no such account"),
    Outcome.FAULT: _("the row is not as it must be"),
    Outcome.LATE: _("somebody else linked the account or the number just now: look again"),
}

MATCHES: dict[Match, Promise] = {
    Match.SUGGESTED: _("a link is suggested"),
    Match.UNCHANGED: _("linked already"),
    Match.NOBODY: _("no account has this address, or none that was confirmed"),
    Match.SEVERAL: _("several accounts have this address"),
    Match.OTHER_NUMBER: _("the account is linked to another number here: somebody must decide"),
    Match.TAKEN: _("the number is linked to somebody else here"),
    Match.TWICE: _("another row has the same number or address"),
    Match.FAULT: _("the row is not as it must be"),
}


def fault(one: Fault) -> str:
    """Say what is wrong with a field."""
    text = str(WHYS.get(one.why, one.why))
    return text % one.told if one.told else text


def outcome(one: Outcome) -> str:
    """Say what a row comes to."""
    return str(OUTCOMES[one])


def match(one: Match) -> str:
    """Say what a row of a list of addresses comes to."""
    return str(MATCHES[one])
