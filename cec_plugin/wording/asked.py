"""What a designation asks for beside its target, by name: what its rows say, for people."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from cec_plugin import models
from cec_plugin.domain.cycles import Cycle, windows
from cec_plugin.models.certifications import Requirement
from cec_plugin.wording import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that is asked for; ``by`` is its last day where that is not the cycle's."""

    name: str
    by: date | None = None


def asked(
    rows: Iterable[models.Requirement], *, tags: Mapping[str, str], unit: str, cycle: Cycle
) -> dict[str, Asked]:
    """Return what a cycle asks for, by the code of its check or maximum.

    ``tags`` are the labels of the organization's tags by code; others are credit types.
    """
    return {code: one for row in rows for code, one in _asked(row, tags, unit, cycle)}


def _asked(
    row: models.Requirement, tags: Mapping[str, str], unit: str, cycle: Cycle
) -> Iterator[tuple[str, Asked]]:
    name = _name(row, tags, unit)
    if row.kind != Requirement.Kind.MINIMUM or row.each_months is None:
        yield row.code, Asked(name=name)
        return
    for number, window in enumerate(windows(cycle, row.each_months), start=1):
        days = {
            "begins": words.day(window.starts_on),
            "ends": words.day(window.ends_on or date.max),
        }
        within = _("%(begins)s to %(ends)s") % days
        yield f"{row.code}/{number}", Asked(name=f"{name}, {within}", by=window.ends_on)


def _name(row: models.Requirement, tags: Mapping[str, str], unit: str) -> str:
    of = ", ".join(tags.get(code) or words.credit_type(code) for code in row.tags)
    figure = words.amount(row.hundredths or 0, unit)
    match row.kind:
        case Requirement.Kind.SPREAD:
            return _("%(tags)s (at least %(amount)s in each)") % {"amount": figure, "tags": of}
        case Requirement.Kind.MAXIMUM if row.per_activity:
            return _("at most %(amount)s of %(tags)s for each activity") % {
                "amount": figure,
                "tags": of or _("everything"),
            }
        case Requirement.Kind.MAXIMUM:
            return _("at most %(amount)s of %(tags)s") % {
                "amount": figure,
                "tags": of or _("everything"),
            }
        case _:
            return of or _("everything")
