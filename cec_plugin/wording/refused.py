"""Why an organization gives no credit for something finished, in words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.conditions import Repeat
from cec_plugin.domain.tables import LEARNER
from cec_plugin.domain.terms import Per
from cec_plugin.selectors.refusals import NotCredited
from cec_plugin.wording import reckoning, unmet, why, words

NOT_KEPT = "…"
"""What stands for a figure that a decision of long ago did not keep."""


def refusal(one: NotCredited) -> str:
    """Say why an organization gives no credit, with the figures of the decision."""
    if one.code is None:
        return _("No organization has a credit table yet.")
    return _said(one, one.code) % _told(one)


def steps(one: NotCredited) -> Iterator[str]:
    """Yield what led to it, from the finishing to the reason."""
    yield from led_to(one)
    yield refusal(one)


def led_to(one: NotCredited) -> Iterator[str]:
    """Yield the steps before the reason."""
    if not one.basis:
        yield why.finished(one.earned_on, one.earned_from)
    for step in one.basis:
        yield why.explained(step, one)
    source = refusal_source(one)
    if source and not any(step["step"] == "rule" for step in one.basis):
        yield source


def refusal_source(one: NotCredited) -> str:
    """Say which line of which credit table refused, empty where no table spoke."""
    version, rule = one.details.get("version"), one.details.get("rule")
    if version and rule:
        return _("Credit table version %(version)s, rule “%(rule)s”.") % {
            "version": version,
            "rule": rule,
        }
    if version:
        return _("Credit table version %(version)s.") % {"version": version}
    return ""


def _told(one: NotCredited) -> Mapping[str, str]:
    """Return the names, figures (in the organization's unit) and dates of the decision."""
    told: defaultdict[str, str] = defaultdict(lambda: NOT_KEPT, unmet.figures(one.details))
    told["organization"] = one.organization
    told["role"] = words.role(one.role)
    told["cap"] = one.details.get("cap", NOT_KEPT)
    told["version"] = one.details.get("version", NOT_KEPT)
    for name in ("hundredths", "limit", "used", "figure", "included"):
        if one.details.get(name):
            told[name] = words.amount(int(one.details[name]), one.unit)
    told["on"] = words.day(date.fromisoformat(one.details.get("on") or str(one.earned_on)))
    if one.details.get("until"):
        ends_on = timezone.localdate(datetime.fromisoformat(one.details["until"]))
        told["until"] = words.day(ends_on)
    if one.details.get("per"):
        told["per"] = reckoning.per(Per(one.details["per"]))
    return told


def _said(one: NotCredited, code: RefusalCode) -> str:
    match code:
        case RefusalCode.NO_TABLE:
            return _("%(organization)s had no credit table in force on %(on)s.")
        case RefusalCode.NO_RULE:
            return _("The credit table of %(organization)s does not name this activity.")
        case RefusalCode.NO_FIGURE if one.role.code != LEARNER:
            return _("%(organization)s has not set a figure for the role “%(role)s” yet.")
        case RefusalCode.NO_FIGURE:
            return _("%(organization)s has not set a figure for this activity yet.")
        case RefusalCode.ROLE_NOT_CREDITED:
            return _("%(organization)s gives no credit for the role “%(role)s” in this activity.")
        case RefusalCode.NO_HOURS:
            return _(
                "%(organization)s reckons the role “%(role)s” by the hour of service, "
                "and nobody has entered your hours yet."
            )
        case RefusalCode.ZERO:
            return _("The credit table of %(organization)s gives 0 for it.")
        case RefusalCode.RUN_NOT_ENDED if one.details.get("until"):
            return _("%(organization)s counts it when the course has ended, on %(until)s.")
        case RefusalCode.RUN_NOT_ENDED:
            return _("%(organization)s counts it when the course has ended.")
        case _:
            return _limit(one, code) or _answer(code) or unmet.condition(code, one.details)


def _limit(one: NotCredited, code: RefusalCode) -> str:
    match code:
        case RefusalCode.REPEATED if one.details.get("repeat") == Repeat.ONCE_A_PERIOD:
            return _(
                "%(organization)s credited this activity before, and does so once in each period."
            )
        case RefusalCode.REPEATED:
            return _("%(organization)s credited this activity before, and does so once.")
        case RefusalCode.NOT_STACKING:
            return _(
                "%(organization)s gives either the learner's credit or that of the role "
                "“%(role)s”, and you have the learner's."
            )
        case RefusalCode.INCLUDED:
            return _(
                "0: the program is worth %(figure)s at %(organization)s, and its courses have "
                "earned you %(included)s already."
            )
        case RefusalCode.CAPPED if one.details.get("per"):
            return _(
                "%(organization)s gives at most %(limit)s %(per)s (“%(cap)s”), "
                "and you have had %(used)s."
            )
        case RefusalCode.CAPPED:
            return _("%(organization)s gives at most %(limit)s here, and you have had %(used)s.")
        case _:
            return ""


def _answer(code: RefusalCode) -> str:
    match code:
        case RefusalCode.BY_HAND:
            return _("An officer of %(organization)s set it to nothing on %(on)s.")
        case RefusalCode.ENTERED:
            return _(
                "Your service as “%(role)s” was entered by hand as well: %(organization)s credits "
                "that entry, and not the place in the course's team."
            )
        case RefusalCode.NOT_MEMBER:
            return _(
                "%(organization)s gives credit to its members; on %(on)s you were none. "
                "It would be %(hundredths)s."
            )
        case RefusalCode.ESTIMATE:
            return _(
                "Not approved by %(organization)s, which decides itself: by its published rules "
                "it would be %(hundredths)s."
            )
        case RefusalCode.AWAITS_APPROVAL:
            return _("With %(organization)s, which approves it first: %(hundredths)s.")
        case RefusalCode.DECLINED:
            return _("%(organization)s declined it on %(on)s.")
        case _:
            return ""
