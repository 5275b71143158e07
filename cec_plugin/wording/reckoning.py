"""The steps between a rule's figure and a credit's: conditions, units, caps, approval, in words."""

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _

from cec_plugin.domain.basis import Step
from cec_plugin.domain.notices import Via
from cec_plugin.domain.terms import Per, Rounding
from cec_plugin.wording import words


def step(one: Step, unit: str) -> str | None:
    """Say what a step did to the figure, or why it was let pass; None for any other step."""
    match one:
        case {"step": "met"}:
            return _("Its conditions are met: %(met)s.") % {"met": ", ".join(_met(one))}
        case {"step": "measure"}:
            return _measure(one, unit)
        case {"step": "included", "hundredths": int(hundredths)}:
            return _("%(amount)s: what the program's courses earned is part of its figure.") % {
                "amount": words.amount(hundredths, unit)
            }
        case {"step": "cap", "hundredths": int(trimmed), "limit": int(limit), "used": int(used)}:
            return _(
                "%(amount)s: at most %(limit)s %(per)s (“%(cap)s”), of which %(used)s was given."
            ) % {
                "amount": words.amount(trimmed, unit),
                "limit": words.amount(limit, unit),
                "used": words.amount(used, unit),
                "per": per(Per(str(one["per"]))),
                "cap": one["cap"],
            }
        case {"step": "approved"}:
            return _approved(one)
        case _:
            return None


def per(over: Per) -> str:
    """Say over what a cap adds up."""
    return _("for each activity") if over is Per.ACTIVITY else _("in each period")


def _met(one: Step) -> Iterator[str]:
    for name, value in one.items():
        match name:
            case "on":
                yield _("finished on %(date)s") % {
                    "date": words.day(date.fromisoformat(str(value)))
                }
            case "mode":
                yield _("enrolled as “%(mode)s”") % {"mode": value}
            case "grade":
                yield _("grade %(grade)s") % {"grade": words.grade(str(value))}
            case "via":
                yield words.evidence(Via(str(value)))
            case "registered":
                yield _("registered for it")
            case "related":
                yield _("related to your work, by your own word")


def _measure(one: Step, unit: str) -> str:
    rounded = {
        Rounding.DOWN: _("rounded down"),
        Rounding.HALF_UP: _("rounded to the nearest"),
        Rounding.UP: _("rounded up"),
    }[Rounding(str(one["rounding"]))]
    return _("Reckoned as %(units)s for %(hours)s, %(rounded)s to a multiple of %(increment)s.") % {
        "units": words.amount(int(one["units"]) * 100, unit),
        "hours": words.amount(int(one["per_hours"]) * 100, "hours"),
        "rounded": rounded,
        "increment": words.figure(int(one["increment"])),
    }


def _approved(one: Step) -> str:
    told = {"date": words.day(date.fromisoformat(str(one["on"]))), "code": one["code"]}
    if one["code"]:
        return _("The organization approved it on %(date)s, as %(code)s.") % told
    return _("The organization approved it on %(date)s.") % told
