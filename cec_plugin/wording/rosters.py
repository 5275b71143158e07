"""What becomes of a row of receipts, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.roster_receipts import Unfit
from cec_plugin.selectors.roster_receipts import Outcome, Reported, Why

OUTCOMES: dict[Outcome, Promise] = {
    Outcome.ACCEPTED: _("accepted: it is in the association's records"),
    Outcome.REJECTED: _("rejected: somebody has to look into it"),
    Outcome.PENDING: _("not decided yet: it goes on waiting"),
    Outcome.UNCHANGED: _("settled already"),
    Outcome.CONFLICT: _("contradicts what was settled: left as it is"),
    Outcome.UNKNOWN: _("the reference is not known"),
    Outcome.FAULT: _("the row is not as it must be"),
}

WHYS: dict[str, Promise] = {
    Why.NEVER_FILED: _("no roster file has this reference"),
    Why.NOT_IN_THIS: _("this roster file does not have this reference"),
    Why.SEVERAL_FILES: _(
        "it was in several roster files: import the receipts on the page of the right one"
    ),
    Why.TWICE: _("another row says otherwise of the same reference"),
    Why.SAID_ACCEPTED: _("an earlier receipt said that it was accepted"),
    Why.SAID_REJECTED: _("an earlier receipt said that it was rejected"),
    Why.OTHER_ID: _("it was accepted under another id before"),
    Why.SETTLED_THERE: _("somebody settled it by hand: it is in the registry"),
    Why.DROPPED: _("somebody dropped it by hand"),
    Unfit.NOT_TEXT: _("the file is not text in the encoding that is set for it"),
    Unfit.NOT_CSV: _("it cannot be read as CSV"),
    Unfit.TOO_MANY_ROWS: _("it has too many rows: split it"),
    Unfit.COLUMN_MISSING: _("the column is missing"),
    Unfit.COLUMN_TWICE: _("the column is there twice"),
    Unfit.MISSING: _("it is missing"),
    Unfit.TOO_LONG: _("it is too long"),
    Unfit.CONTROL_SIGNS: _("it holds control signs, such as a line break"),
    Unfit.NO_ANSWER: _("it is none of the words that are set for an answer"),
}


def outcome(one: Outcome) -> str:
    """Say what a row comes to."""
    return str(OUTCOMES[one])


def why(one: Reported) -> str:
    """Say why a row settles nothing, or else what it comes to."""
    return str(WHYS[one.why]) if one.why else outcome(one.outcome)
