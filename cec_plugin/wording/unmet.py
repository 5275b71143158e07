"""Which condition of a rule was not met: what is asked for beside what there was, in words."""

from collections.abc import Iterator, Mapping
from datetime import date

from django.utils.translation import gettext as _

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.conditions import parse_grade
from cec_plugin.domain.notices import Via
from cec_plugin.wording import words


def figures(details: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what was asked for and what there was, by name, ready for the sentence."""
    for name, value in details.items():
        match name:
            case "minimum" if value:
                yield name, words.figure(int(value))
            case "grade":
                yield name, words.grade(value)
            case "begins" | "ends" if value:
                yield name, words.day(date.fromisoformat(value))
            case "via" if value:
                yield name, words.evidence(Via(value))
            case "asked":
                yield name, ", ".join(_asked(value.split(", ")))
            case "mode":
                yield name, value


def _asked(codes: list[str]) -> Iterator[str]:
    evidence = {via.value: via for via in Via}
    for code in codes:
        yield words.evidence(evidence[code]) if code in evidence else f"“{code}”"


def condition(code: RefusalCode, details: Mapping[str, str]) -> str:
    """Return the sentence on a condition, its figures left open."""
    match code:
        case RefusalCode.MODE:
            return _mode(details)
        case RefusalCode.GRADE if parse_grade(details.get("grade", "")) is None:
            return _(
                "%(organization)s asks for a grade of %(minimum)s per cent or more; "
                "yours is not known."
            )
        case RefusalCode.GRADE:
            return _(
                "%(organization)s asks for a grade of %(minimum)s per cent or more; "
                "yours is %(grade)s."
            )
        case RefusalCode.EVIDENCE:
            return _evidence(details)
        case RefusalCode.NOT_REGISTERED if details.get("known") == "False":
            return _(
                "%(organization)s gives credit to registered learners only, "
                "and whether you were one on %(on)s is not known."
            )
        case RefusalCode.NOT_REGISTERED:
            return _(
                "%(organization)s gives credit to registered learners only, "
                "and on %(on)s you were none."
            )
        case RefusalCode.NEEDS_WORD:
            return _(
                "%(organization)s asks for your word that it relates to the work you do or pursue."
            )
        case _:  # RefusalCode.OUTSIDE_DATES
            return _dates(details)


def _mode(details: Mapping[str, str]) -> str:
    if not details.get("asked"):
        return _("%(organization)s gives no credit for the way you were enrolled.")
    if not details.get("mode"):
        return _(
            "%(organization)s gives credit to who is enrolled as %(asked)s; "
            "how you were enrolled is not known."
        )
    return _(
        "%(organization)s gives credit to who is enrolled as %(asked)s; "
        "you were enrolled as “%(mode)s”."
    )


def _evidence(details: Mapping[str, str]) -> str:
    if not details.get("asked"):
        return _("%(organization)s gives no credit for what you finished it by.")
    if not details.get("via"):
        return _("%(organization)s asks for: %(asked)s; by what you finished it is not known.")
    return _("%(organization)s asks for: %(asked)s; you finished it by: %(via)s.")


def _dates(details: Mapping[str, str]) -> str:
    if not details.get("ends"):
        return _("%(organization)s counts it when finished from %(begins)s on, not on %(on)s.")
    if not details.get("begins"):
        return _("%(organization)s counts it when finished until %(ends)s, not on %(on)s.")
    return _("%(organization)s counts it when finished from %(begins)s to %(ends)s, not on %(on)s.")
