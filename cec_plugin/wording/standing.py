"""A certification's progress in words: what counts, what was trimmed, what is missing, by when."""

from collections.abc import Iterator, Mapping
from datetime import date

from django.utils.translation import gettext as _

from cec_plugin import models
from cec_plugin.domain import progress as domain
from cec_plugin.domain import retelling
from cec_plugin.domain.basis import Step
from cec_plugin.domain.progress import TARGET, Progress
from cec_plugin.wording import words
from cec_plugin.wording.asked import Asked

NOTHING: Mapping[str, Asked] = {}
NO_TITLES: Mapping[int, str] = {}


def cycle(one: Progress) -> str:
    """Name a cycle by its days."""
    if one.cycle.ends_on is None:
        return _("no cycle")
    return _("%(begins)s to %(ends)s") % {
        "begins": words.day(one.cycle.starts_on),
        "ends": words.day(one.cycle.ends_on),
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


def how_far(one: Progress, unit: str) -> str:
    """Say how much there is of how much, or how much there is where no figure is set."""
    target = one.checks[0]
    if target.needed is not None:
        return _("%(have)s of %(needed)s") % {
            "have": words.figure(target.have),
            "needed": words.amount(target.needed, unit),
        }
    if one.cycle.ends_on is None:
        return _("%(amount)s in the dossier") % {"amount": words.amount(target.have, unit)}
    return words.amount(target.have, unit)


def missing(
    one: Progress,
    unit: str,
    spreads: frozenset[str],
    names: Mapping[str, Asked],
    by: date | None,
) -> Iterator[str]:
    """Say what is missing of each thing that is asked for, and by when; ``by`` is the cycle's."""
    for check in one.checks:
        if not check.missing:
            continue
        asks = names.get(check.code)
        last = by and ((asks and asks.by) or by)
        told = {
            "missing": amount(check.missing, check.code, unit, spreads),
            "name": asks.name if asks else check.code,
            "have": amount(check.have, check.code, unit, spreads),
            "needed": amount(check.needed or 0, check.code, unit, spreads),
            "date": words.day(last) if last else "",
        }
        if check.code == TARGET:
            yield (_("%(missing)s to go by %(date)s.") if last else _("%(missing)s to go.")) % told
        elif last:
            yield _("%(name)s: %(have)s of %(needed)s, %(missing)s to go by %(date)s.") % told
        else:
            yield _("%(name)s: %(have)s of %(needed)s, %(missing)s to go.") % told


def ended(one: Progress, on: date) -> str:
    """Say where a cycle is that ended without a decision."""
    told = {"cycle": cycle(one)}
    grace = one.cycle.grace_until
    if one.standing is domain.Standing.MET:
        return _("%(cycle)s has ended with everything there; nobody has decided on it yet.") % told
    if grace is not None and on <= grace and one.standing is domain.Standing.GRACE:
        return _("%(cycle)s has ended; it may still be renewed until %(date)s.") % {
            **told,
            "date": words.day(grace),
        }
    if one.standing is domain.Standing.LATE:
        return _("%(cycle)s has ended, and something is missing: it is late.") % told
    return _("%(cycle)s has ended; nobody has decided on it yet.") % told


def checks(
    one: Progress,
    unit: str,
    spreads: frozenset[str],
    names: Mapping[str, Asked] = NOTHING,
) -> Iterator[str]:
    """Say of each thing that is asked for how much of it there is; ``spreads`` count tags."""
    for check in one.checks:
        asks = names.get(check.code)
        name = asks.name if asks else asked(check.code)
        if check.needed is None:
            yield _("%(name)s: %(have)s; no figure is set.") % {
                "name": name,
                "have": amount(check.have, check.code, unit, spreads),
            }
            continue
        told = {
            "name": name,
            "have": amount(check.have, check.code, unit, spreads),
            "needed": amount(check.needed, check.code, unit, spreads),
            "missing": amount(check.missing, check.code, unit, spreads),
        }
        if check.missing:
            yield _("%(name)s: %(have)s of %(needed)s; missing: %(missing)s.") % told
        else:
            yield _("%(name)s: %(have)s of %(needed)s.") % told


def asked(code: str) -> str:
    """Name what is asked for, by the code of its check."""
    return _("in all") if code == TARGET else code


def amount(have: int, code: str, unit: str, spreads: frozenset[str]) -> str:
    """Write how much there is of what is asked for; a spread counts tags."""
    return str(have) if code in spreads else words.amount(have, unit)


def carried(one: Progress, unit: str) -> str:
    """Say what was carried over, empty where nothing was."""
    if not one.carried_in:
        return ""
    return _("Carried over from the cycle before: %(amount)s.") % {
        "amount": words.amount(one.carried_in, unit)
    }


def steps(
    one: Progress,
    unit: str,
    titles: Mapping[int, str] = NO_TITLES,
    names: Mapping[str, Asked] = NOTHING,
) -> Iterator[str]:
    """Say how a cycle's figure came about.

    ``titles`` name credits by the id of their entry, ``names`` what is asked for by its code.
    """
    known = _Known(one, titles, names)
    for step in retelling.steps(one):
        yield _step(step, unit, known)
    yield _("In all: %(amount)s.") % {"amount": words.amount(one.counted + one.carried_in, unit)}


class _Known:
    """What the codes of a step stand for."""

    def __init__(
        self, one: Progress, titles: Mapping[int, str], names: Mapping[str, Asked]
    ) -> None:
        self._titles, self._names = titles, names
        self._days = {credit.entry: credit.earned_on for credit in one.credits}

    def credit(self, entry: object) -> str:
        """Name a credit by its title and day, or by its number where it has no title here."""
        title = self._titles.get(entry) if isinstance(entry, int) else None
        if title is None or not isinstance(entry, int) or entry not in self._days:
            return _("Credit %(entry)s") % {"entry": entry}
        return _("%(title)s, %(date)s") % {"title": title, "date": words.day(self._days[entry])}

    def maximum(self, code: object) -> str:
        """Name a maximum."""
        asks = self._names.get(str(code))
        return asks.name if asks else str(code)


def _step(step: Step, unit: str, known: _Known) -> str:
    match step:
        case {"step": "cycle", "from": str(begins), "until": str(ends)}:
            if not ends:
                return _("Everything that was ever earned counts.")
            return _("What was earned from %(begins)s to %(ends)s counts.") % {
                "begins": words.day(date.fromisoformat(begins)),
                "ends": words.day(date.fromisoformat(ends)),
            }
        case {"step": "carried", "hundredths": int(hundredths)}:
            return _("Carried over from the cycle before: %(amount)s.") % {
                "amount": words.amount(hundredths, unit)
            }
        case {
            "step": "credit",
            "entry": entry,
            "hundredths": int(hundredths),
            "accepted_from": giver,
        }:
            return _("%(credit)s, accepted from %(giver)s: %(amount)s.") % {
                "credit": known.credit(entry),
                "giver": giver,
                "amount": words.amount(hundredths, unit),
            }
        case {"step": "credit", "entry": entry, "hundredths": int(hundredths)}:
            return _("%(credit)s: %(amount)s.") % {
                "credit": known.credit(entry),
                "amount": words.amount(hundredths, unit),
            }
        case {"step": "trimmed", "entry": entry, "hundredths": int(hundredths)}:
            return _("Not counted of “%(credit)s”: %(amount)s (%(maximum)s).") % {
                "credit": known.credit(entry),
                "amount": words.amount(abs(hundredths), unit),
                "maximum": known.maximum(step["maximum"]),
            }
        case _:
            return _("A step that this page cannot explain (%(code)s).") % {"code": step["step"]}


def status(one: models.HoldingStatus) -> str:
    """Say which status a holding has, since when."""
    return _("%(status)s since %(date)s") % {
        "status": one.get_status_display(),
        "date": words.day(one.since),
    }


def decision(one: models.Renewal, on: date) -> str:
    """Say what was decided on a cycle, and on which day."""
    return _("%(decision)s on %(date)s") % {
        "decision": one.get_decision_display(),
        "date": words.day(on),
    }


def differs() -> str:
    """Say that a decision's figures would be others today."""
    return _("Later facts would change its figures; the decision stands.")
