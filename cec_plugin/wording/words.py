"""The words for codes and figures, the same on every page, in the reader's language.

Call these while a page is made, when the reader's language is active.
"""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

from cec_plugin.domain.conditions import parse_grade
from cec_plugin.domain.credits import format_hundredths
from cec_plugin.domain.notices import Via
from cec_plugin.domain.posting import ReversalReason
from cec_plugin.selectors.receipts import Shown
from cec_plugin.selectors.roles import RoleName

NO_BREAK = "\u00a0"
MINUS = "\u2212"

STATES = {
    Shown.RECORDED: gettext_lazy("recorded"),
    Shown.BEING_SENT: gettext_lazy("being sent"),
    Shown.IN_RECORDS: gettext_lazy("in your association's records"),
    Shown.NEEDS_YOU: gettext_lazy("needs you"),
    Shown.WITH_ASSOCIATION: gettext_lazy("with your association"),
    Shown.BEING_LOOKED_INTO: gettext_lazy("being looked into"),
}
ROLES = {
    "learner": gettext_lazy("learner"),
    "presenter": gettext_lazy("presenter"),
    "facilitator": gettext_lazy("facilitator"),
    "volunteer": gettext_lazy("volunteer"),
    "developer": gettext_lazy("developer"),
    "overseer": gettext_lazy("overseer"),
}
CREDIT_TYPES = {"cec": gettext_lazy("continuing education credits")}
SOURCES = {
    "openedx-event": gettext_lazy("the learning site"),
    "comparison": gettext_lazy("a comparison with the learning site"),
    "team-list": gettext_lazy("the learning site's list of the course's team"),
    "entry": gettext_lazy("an administrator"),
}


def state(shown: Shown) -> str:
    """Say where a credit stands."""
    return str(STATES[shown])


def role(name: RoleName) -> str:
    """Name a role: by the label the site gave it, translated where it is one of our own words."""
    ours = ROLES.get(name.code)
    if ours is not None and name.label.casefold() in ("", name.code):
        return str(ours)
    return name.label or name.code


def credit_type(code: str) -> str:
    """Name a credit type; one that a site made up goes by its code."""
    return str(CREDIT_TYPES.get(code, code))


def source(code: str) -> str:
    """Name who told us."""
    return str(SOURCES.get(code, code))


def figure(hundredths: int) -> str:
    """Write a figure the reader's way, with a true minus sign."""
    point = str(get_format("DECIMAL_SEPARATOR"))
    return format_hundredths(hundredths).replace(".", point).replace("-", MINUS)


def amount(hundredths: int, unit: str) -> str:
    """Write a figure with its unit, held together by a space that does not break."""
    return f"{figure(hundredths)}{NO_BREAK}{unit_word(hundredths, unit)}"


def unit_word(hundredths: int, unit: str) -> str:
    """Return the unit's word for this many; a unit that a site made up stays as it is."""
    whole, rest = divmod(abs(hundredths), 100)
    one = whole if not rest else whole + 1  # 0.5 credits, 1 credit
    match unit:
        case "credits":
            return ngettext("credit", "credits", one)
        case "points":
            return ngettext("point", "points", one)
        case "ceu":
            return ngettext("CEU", "CEUs", one)
        case "hours":
            pass
        case _:
            return unit
    if rest and whole < 2:  # English says 1.5 hours, French 1,5 heure
        return pgettext("a figure below two that is not whole", "hours")
    return ngettext("hour", "hours", whole)


def day(on: date) -> str:
    """Write a day out; the first of a month is an ordinal in French."""
    return _first(date_format(on, "DATE_FORMAT"))


def instant(at: datetime) -> str:
    """Write a time out, where the reader is."""
    return _first(date_format(timezone.localtime(at), "DATETIME_FORMAT"))


def _first(written: str) -> str:
    if (get_language() or "").startswith("fr") and written.startswith("1 "):
        return written.replace("1 ", "1er ", 1)
    return written


def grade(text: str) -> str:
    """Write a grade as per cent; text that is no grade stays as it is."""
    parsed = parse_grade(text)
    return text if parsed is None else _("%(figure)s per cent") % {"figure": figure(parsed)}


def earned_from(code: str) -> str:
    """Say where the date of finishing comes from."""
    match code:
        case "certificate_created":
            return _("the date of your certificate")
        case "grade_passed":
            return _("the date of your passing grade")
        case "source":
            return _("the date given with it")
        case "program":
            return _("the date of the last of its courses")
        case "run_end":
            return _("the end of the run")
        case "by_hand":
            return _("the date that was entered")
        case _:
            return _("the date we were told of it")


def evidence(via: Via) -> str:
    """Say by what something is finished."""
    match via:
        case Via.CERTIFICATE:
            return _("certificate issued")
        case Via.PASSING:
            return _("passing grade")
        case Via.ENTRY:
            return _("entered by hand")
        case Via.TEAM:
            return _("a place in the course's team")


def reversal(reason: ReversalReason | None, via: Via | None) -> str:
    """Say why a credit was taken back; ``via`` is what was withdrawn, where that is known."""
    match reason, via:
        case ReversalReason.WITHDRAWN, Via.PASSING:
            return _("no longer a passing grade")
        case ReversalReason.WITHDRAWN, Via.ENTRY:
            return _("entry withdrawn")
        case ReversalReason.WITHDRAWN, Via.TEAM:
            return _("no longer in the course's team")
        case ReversalReason.WITHDRAWN, _:
            return _("certificate revoked")
        case ReversalReason.BY_HAND, _:
            return _("corrected or taken back by hand")
        case ReversalReason.MERGED, _:
            return _("credited under another account now")
        case ReversalReason.CHANGED, _:
            return _("replaced by a new credit")
        case ReversalReason.NOT_CREDITED, _:
            return _("no longer in the credit table")
        case _:
            return _("taken back")
