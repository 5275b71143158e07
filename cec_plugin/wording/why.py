"""Why this figure, or why none: the steps of a decision as sentences."""

from collections.abc import Iterator
from datetime import date
from typing import Protocol

from django.utils.translation import gettext as _

from cec_plugin.domain.basis import Step
from cec_plugin.domain.selectors import Selector
from cec_plugin.domain.tables import BonusKind
from cec_plugin.models.ledger import EntryKind
from cec_plugin.models.outbox import HoldCode
from cec_plugin.selectors.in_force import InForce
from cec_plugin.selectors.roles import RoleName
from cec_plugin.selectors.transcript import Credit, Receipt, Shown
from cec_plugin.wording import reckoning, words


class About(Protocol):
    """What a decision was about: a credit, or something that earned none."""

    @property
    def organization(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def role(self) -> RoleName | None: ...
    @property
    def earned_on(self) -> date: ...
    @property
    def in_force(self) -> InForce | None: ...


def steps(credit: Credit) -> Iterator[str]:
    """Yield what led to a credit, from the finishing to the figure."""
    is_reversal = credit.kind is EntryKind.REVERSAL
    for step in credit.basis:
        yield explained(step, credit)
        if step["step"] == "finished" and credit.told:
            yield _told(credit)
    if is_reversal and credit.told:
        yield _told(credit)
    yield _("On %(time)s we recorded it.") % {"time": words.instant(credit.recorded_at)}
    if credit.reversed_at and not is_reversal:
        yield _("On %(time)s it was taken back: %(reason)s.") % {
            "time": words.instant(credit.reversed_at),
            "reason": words.reversal(credit.reason, credit.told.via if credit.told else None),
        }


def _told(credit: Credit) -> str:
    told = credit.told
    assert told is not None  # noqa: S101 - the caller looked
    said = (
        words.reversal(credit.reason, told.via)
        if credit.kind is EntryKind.REVERSAL
        else words.evidence(told.via)
    )
    return _("On %(time)s we heard it from %(source)s: %(said)s.") % {
        "source": words.source(told.source),
        "time": words.instant(told.received_at),
        "said": said,
    }


def finished(on: date, source: str) -> str:
    """Say when something was finished, and where the date comes from (a code)."""
    return _("Finished on %(date)s (%(source)s).") % {
        "date": words.day(on),
        "source": words.earned_from(source),
    }


def explained(step: Step, of: About) -> str:
    """Say what a step of a decision did."""
    match step:
        case {"step": "finished", "from": source}:
            return finished(of.earned_on, str(source))
        case {"step": "rule"} if of.in_force:
            return _rule(step, of, of.in_force)
        case {"step": "bonus", "kind": BonusKind.PER_HOUR}:
            return _(
                "For the role “%(role)s”: %(amount)s for each hour of service, times %(hours)s."
            ) % {
                "role": words.role(of.role) if of.role else step["role"],
                "amount": _amount(step, of),
                "hours": words.amount(int(step.get("service_hundredths", 0)), "hours"),
            }
        case {"step": "reverses"}:
            return _("%(amount)s: an earlier credit is taken back.") % {
                "amount": words.amount(int(step.get("hundredths", 0)), of.unit)
            }
        case {"step": "bonus", "kind": BonusKind.MULTIPLE}:
            return _("For the role “%(role)s”: %(factor)s times the learner's %(amount)s.") % {
                "role": words.role(of.role) if of.role else step["role"],
                "factor": words.figure(int(step["hundredths"])),
                "amount": words.amount(int(step.get("learner_hundredths", 0)), "hours"),
            }
        case {"step": "by_hand"}:
            return _("Set by hand on %(date)s to %(amount)s.") % {
                "date": words.day(date.fromisoformat(str(step["on"]))),
                "amount": words.amount(int(step["hundredths"]), of.unit),
            }
        case {"step": "bonus"}:
            return _("For the role “%(role)s”: %(amount)s.") % {
                "role": words.role(of.role) if of.role else step["role"],
                "amount": _amount(step, of),
            }
        case _:
            return reckoning.step(step, of.unit) or _(
                "A step that this page cannot explain (%(code)s)."
            ) % {"code": step["step"]}


def _amount(step: Step, of: About) -> str:
    """Write a rule's or bonus's figure, in hours where the unit is reckoned from them later."""
    in_hours = of.in_force is not None and of.in_force.in_hours
    return words.amount(int(step.get("hundredths", 0)), "hours" if in_hours else of.unit)


def _rule(step: Step, of: About, by: InForce) -> str:
    said = _(
        "Rule “%(rule)s” of %(organization)s's credit table, version %(version)s, "
        "in force from %(from)s, which names %(names)s."
    ) % {
        "rule": by.title or by.rule,
        "version": by.version,
        "from": words.day(by.effective_from),
        "organization": of.organization,
        "names": _names(str(step["selector"]), str(step["pattern"])),
    }
    if "hundredths" in step:
        said += " " + _("It gives a learner %(amount)s.") % {"amount": _amount(step, of)}
    if step.get("approved_as"):
        said += " " + _("Approved as %(code)s.") % {"code": step["approved_as"]}
    if step.get("tags"):
        said += " " + _("It shows the competencies or categories %(tags)s.") % {
            "tags": step["tags"]
        }
    return said


def _names(selector: str, pattern: str) -> str:
    match selector:
        case Selector.RUN:
            return _("exactly this activity")
        case Selector.COURSE:
            return _("every run of this course")
        case Selector.ORGANIZATION:
            return _("every course offered by %(pattern)s") % {"pattern": pattern}
        case _:
            return _("every activity whose key fits %(pattern)s") % {"pattern": pattern}


def receipt(one: Receipt, credit: Credit) -> str:
    """Say what became of telling one registry."""
    told = {"registry": one.registry, "organization": credit.organization}
    if one.at is not None:
        told["time"] = words.instant(one.at)
        if credit.kind is EntryKind.REVERSAL:
            return _("On %(time)s %(registry)s confirmed that it is taken back.") % told
        return _("On %(time)s %(registry)s confirmed it.") % told
    match one.state, one.waits_for:
        case Shown.NEEDS_YOU, HoldCode.NO_MEMBER_NUMBER:
            return _("%(registry)s needs your member number at %(organization)s.") % told
        case Shown.NEEDS_YOU, _:
            return _("%(registry)s does not know your member number. It is asked again later.") % (
                told
            )
        case Shown.BEING_LOOKED_INTO, _:
            return _(
                "%(registry)s has not taken it yet. An administrator looks into it; "
                "there is nothing you need to do."
            ) % (told)
        case _:
            return _("It is on its way to %(registry)s.") % told


def no_receipt() -> str:
    """Say that no registry hears of a credit."""
    return _("It stands in this site's records; no outside records are told of it.")
