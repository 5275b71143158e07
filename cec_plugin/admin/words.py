"""The words for the codes that the records keep."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.delivery import Errand, Presence, Result, State
from cec_plugin.domain.notices import Kind, Via
from cec_plugin.domain.reconciliation import Kind as Differing
from cec_plugin.domain.reconciliation import Stance, Unrepaired

WORDS: dict[type, dict[str, Promise]] = {
    State: {
        State.PENDING: _("being sent"),
        State.HELD: _("waits"),
        State.DELIVERED: _("in the association's records"),
        State.PARKED: _("being looked into"),
        State.VOID: _("taken back before it was sent"),
    },
    Errand: {
        Errand.TELL: _("tell of it"),
        Errand.RETRACT: _("take it back"),
    },
    Presence: {
        Presence.ABSENT: _("not there"),
        Presence.UNKNOWN: _("not known"),
        Presence.PRESENT: _("there"),
    },
    Result: {
        Result.DELIVERED: _("delivered"),
        Result.RETRYABLE: _("not written, will be tried again"),
        Result.AMBIGUOUS: _("may have been written"),
        Result.CONFIGURATION: _("our access or address is wrong"),
        Result.REFUSED: _("refused"),
        Result.MEMBER: _("member not known"),
        Result.UNREADABLE: _("answer cannot be read"),
        Result.CONFLICT: _("something else stands under the reference"),
        Result.TAKEN: _("taken, the receipt is still to come"),
        Result.UNABLE: _("the registry has no way to do this"),
    },
    RefusalCode: {
        RefusalCode.NO_TABLE: _("no credit table was in force"),
        RefusalCode.NO_RULE: _("no rule names the activity"),
        RefusalCode.NO_FIGURE: _("no figure is set yet"),
        RefusalCode.ROLE_NOT_CREDITED: _("the role is not credited"),
        RefusalCode.NO_HOURS: _("the hours of service are not known"),
        RefusalCode.ZERO: _("the figure is zero"),
        RefusalCode.RUN_NOT_ENDED: _("counts when the run has ended"),
        RefusalCode.MODE: _("not in this enrolment mode"),
        RefusalCode.GRADE: _("the grade is too low, or not known"),
        RefusalCode.EVIDENCE: _("not finished by what counts"),
        RefusalCode.NOT_REGISTERED: _("not registered, or not as a learner"),
        RefusalCode.NEEDS_WORD: _("the learner has not said that it relates to their work"),
        RefusalCode.OUTSIDE_DATES: _("not finished between the days that count"),
        RefusalCode.REPEATED: _("credited before"),
        RefusalCode.NOT_STACKING: _("the learner's own credit stands"),
        RefusalCode.INCLUDED: _("its courses earned all of it"),
        RefusalCode.CAPPED: _("the most that is given was given"),
        RefusalCode.NOT_MEMBER: _("not a member on that day"),
        RefusalCode.ESTIMATE: _("the organization decides elsewhere"),
        RefusalCode.AWAITS_APPROVAL: _("waits for the organization's approval"),
        RefusalCode.DECLINED: _("the organization declined it"),
        RefusalCode.ENTERED: _("the same service was entered by hand"),
        RefusalCode.BY_HAND: _("set to nothing by hand"),
    },
    Kind: {
        Kind.EARNED: _("finished"),
        Kind.WITHDRAWN: _("withdrawn"),
    },
    Differing: {
        Differing.MISSING: _("missing there"),
        Differing.REVERSED_THERE: _("reversed there, stands here"),
        Differing.STANDING_THERE: _("stands there, reversed here"),
        Differing.DIFFERENT: _("another amount or member there"),
        Differing.DUPLICATE: _("there more than once"),
        Differing.EXTRA: _("there, and not sent by us"),
        Differing.LOST: _("there without our reference"),
    },
    Stance: {
        Stance.STANDS: _("it stands"),
        Stance.TAKEN_BACK: _("it was taken back"),
        Stance.UNSENT: _("it was not sent"),
        Stance.UNSURE: _("it may be there"),
        Stance.IN_FLIGHT: _("it is on its way"),
    },
    Unrepaired: {
        Unrepaired.PERSON: _("which record is right is for a person to say, in the registry"),
        Unrepaired.CANNOT_FIND: _("the registry finds nothing by reference"),
        Unrepaired.CANNOT_REVERSE: _("the registry takes nothing back"),
        Unrepaired.OTHERWISE_NOW: _("it differs otherwise by now: reconcile again"),
    },
    Via: {
        Via.CERTIFICATE: _("certificate"),
        Via.PASSING: _("passing grade"),
        Via.ENTRY: _("entered by hand"),
        Via.TEAM: _("in the course's team"),
    },
}


def word(of: type, code: str) -> str:
    """Return the word for a code; the code itself where nobody gave it one."""
    return str(WORDS[of].get(code, code))
