"""A certification's progress in words: what counts, what was trimmed, what is missing, by when."""

from collections.abc import Iterator
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cec_plugin.domain import progress as domain
from cec_plugin.domain.basis import Step
from cec_plugin.domain.progress import TARGET, Check, Progress
from cec_plugin.wording import words


def cycle(one: Progress) -> str:
    """Name a cycle by its days."""
    if one.cycle.ends_on is None:
        return _("no cycle")
    return _("%(begins)s to %(ends)s") % {
        "begins": date_format(one.cycle.starts_on),
        "ends": date_format(one.cycle.ends_on),
    }


def standing(one: Progress) -> str:
    """Say where a cycle is."""
    match one.standing:
        case domain.Standing.MET:
            return _("everything is there")
        case domain.Standing.OPEN:
            return _("something is missing")
        case domain.Standing.GRACE:
            return _("in its days of grace")
        case domain.Standing.LATE:
            return _("late")
        case domain.Standing.NO_FIGURE:
            return _("no figure is set")


def checks(one: Progress, unit: str, spreads: frozenset[str]) -> Iterator[str]:
    """Say of each thing that is asked for how much of it there is; ``spreads`` count tags."""
    for check in one.checks:
        name = _("in all") if check.code == TARGET else check.code
        if check.needed is None:
            yield _("%(name)s: %(have)s; no figure is set.") % {
                "name": name,
                "have": _amount(check.have, check, unit, spreads),
            }
            continue
        told = {
            "name": name,
            "have": _amount(check.have, check, unit, spreads),
            "needed": _amount(check.needed, check, unit, spreads),
            "missing": _amount(check.missing, check, unit, spreads),
        }
        if check.missing:
            yield _("%(name)s: %(have)s of %(needed)s; %(missing)s is missing.") % told
        else:
            yield _("%(name)s: %(have)s of %(needed)s.") % told


def _amount(have: int, check: Check, unit: str, spreads: frozenset[str]) -> str:
    return str(have) if check.code in spreads else words.amount(have, unit)


def steps(one: Progress, unit: str) -> Iterator[str]:
    """Say how a cycle's figure came about."""
    for step in domain.steps(one):
        yield _step(step, unit)


def _step(step: Step, unit: str) -> str:
    match step:
        case {"step": "cycle", "from": str(begins), "until": str(ends)}:
            if not ends:
                return _("Everything that was ever earned counts.")
            return _("What was earned from %(begins)s to %(ends)s counts.") % {
                "begins": date_format(date.fromisoformat(begins)),
                "ends": date_format(date.fromisoformat(ends)),
            }
        case {"step": "carried", "hundredths": int(hundredths)}:
            return _("Carried over from the cycle before: %(amount)s.") % {
                "amount": words.amount(hundredths, unit)
            }
        case {"step": "credit", "entry": entry, "hundredths": int(hundredths)}:
            return _("Credit %(entry)s: %(amount)s.") % {
                "entry": entry,
                "amount": words.amount(hundredths, unit),
            }
        case {"step": "trimmed", "entry": entry, "hundredths": int(hundredths)}:
            return _("Of credit %(entry)s, %(amount)s: the most of “%(maximum)s” is reached.") % {
                "entry": entry,
                "amount": words.amount(hundredths, unit),
                "maximum": step["maximum"],
            }
        case _:
            return _("A step that this page cannot explain (%(code)s).") % {"code": step["step"]}
