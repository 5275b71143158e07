"""Why an organization gives no credit for something finished, in words."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.tables import LEARNER
from cec_plugin.selectors.refusals import NotCredited
from cec_plugin.wording import words


def refusal(one: NotCredited) -> str:
    """Say why an organization gives no credit."""
    if one.code is None:
        return _("No organization has a credit table yet.")
    told = {
        "organization": one.organization,
        "role": words.role(one.role),
        **_figures(one),
    }
    if one.code is RefusalCode.RUN_NOT_ENDED:
        return _run_not_ended(one.organization, one.details.get("until", ""))
    if one.code is RefusalCode.NO_FIGURE and one.role.code != LEARNER:
        return _("%(organization)s has not set a figure for the role “%(role)s” yet.") % told
    return _said(one.code) % told


def _figures(one: NotCredited) -> dict[str, str]:
    """Return the figures of the decision, in the organization's unit, and its dates."""
    figures = {
        name: words.amount(int(one.details[name]), one.unit)
        for name in ("hundredths", "limit", "used", "figure", "included")
        if one.details.get(name)
    }
    if one.details.get("minimum"):
        figures["minimum"] = words.figure(int(one.details["minimum"]))
    dates = {
        name: words.day(date.fromisoformat(one.details[name]))
        for name in ("on", "begins", "ends")
        if one.details.get(name)
    }
    return {"begins": "…", "ends": "…", **figures, **dates}


def _said(code: RefusalCode) -> str:
    match code:
        case RefusalCode.NO_TABLE:
            return _("%(organization)s had no credit table in force on that day.")
        case RefusalCode.NO_RULE:
            return _("The credit table of %(organization)s does not name this activity.")
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
        case _:
            return _limit(code) or _condition(code)


def _limit(code: RefusalCode) -> str:
    match code:
        case RefusalCode.BY_HAND:
            return _("An officer of %(organization)s set it to nothing on %(on)s.")
        case RefusalCode.ENTERED:
            return _(
                "Your service as “%(role)s” was entered by hand as well: %(organization)s credits "
                "that entry, and not the place in the course's team."
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
        case RefusalCode.CAPPED:
            return _("%(organization)s gives at most %(limit)s here, and you have had %(used)s.")
        case RefusalCode.NOT_MEMBER:
            return _("%(organization)s gives credit to its members; on %(on)s you were none.")
        case RefusalCode.ESTIMATE:
            return _(
                "Not approved by %(organization)s, which decides itself: by its published rules "
                "it would be %(hundredths)s. Send them your certificate to ask for it."
            )
        case RefusalCode.AWAITS_APPROVAL:
            return _("With %(organization)s, which approves it first: %(hundredths)s.")
        case RefusalCode.DECLINED:
            return _("%(organization)s declined it on %(on)s.")
        case _:
            return ""


def _condition(code: RefusalCode) -> str:
    match code:
        case RefusalCode.MODE:
            return _("%(organization)s gives no credit for the way you were enrolled.")
        case RefusalCode.GRADE:
            return _("%(organization)s asks for a grade of %(minimum)s per cent or more.")
        case RefusalCode.EVIDENCE:
            return _("%(organization)s gives no credit for what you finished it by.")
        case RefusalCode.NOT_REGISTERED:
            return _("%(organization)s gives credit to registered learners only.")
        case RefusalCode.NEEDS_WORD:
            return _(
                "%(organization)s asks for your word that it relates to the work you do or pursue."
            )
        case _:  # RefusalCode.OUTSIDE_DATES
            return _("%(organization)s counts it when finished from %(begins)s to %(ends)s.")


def _run_not_ended(organization: str, until: str) -> str:
    if not until:
        return _("%(organization)s counts it when the course has ended.") % {
            "organization": organization
        }
    ends_on = timezone.localdate(datetime.fromisoformat(until))
    return _("%(organization)s counts it when the course has ended, on %(date)s.") % {
        "organization": organization,
        "date": words.day(ends_on),
    }


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
