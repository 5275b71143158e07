"""What somebody sends to an organization that decides on credit itself: a page to print."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from cec_plugin.domain.notices import Via
from cec_plugin.selectors.estimates import Estimate
from cec_plugin.web.refusal_rows import estimated
from cec_plugin.wording import refused, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of the page: what is asked, and the answer."""

    asked: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """All that the page says; ``steps`` are how the figure comes about."""

    organization: str
    title: str
    amount: str
    facts: tuple[Fact, ...]
    steps: tuple[str, ...]


def application(of: Estimate, *, name: str) -> Application:
    """Put into words what was finished, for an organization to decide on.

    ``name`` is the learner's, as their account says.
    """
    one = of.of
    facts = (
        (_("Name"), name),
        (_("Member number"), of.member_number),
        (_("Organization"), one.organization),
        (_("Activity"), one.title),
        (_("Key of the activity"), of.activity.key if of.activity.key != one.title else ""),
        (_("Offered by"), of.activity.organization_key),
        (_("Role"), words.role(one.role)),
        (_("Finished on"), _day(one.earned_on, one.earned_from)),
        (_("Hours of service"), _hours(of.service_hundredths)),
        (_("Evidence"), words.evidence(Via(of.via)) if of.via in list(Via) else ""),
        (_("Grade"), words.grade(of.grade)),
        (_("Enrolled as"), of.mode),
        (_("By the published rules"), estimated(one)),
    )
    return Application(
        organization=one.organization,
        title=one.title,
        amount=estimated(one),
        facts=tuple(Fact(asked=asked, answer=answer) for asked, answer in facts if answer),
        steps=tuple(refused.led_to(one)),
    )


def _day(on: date, source: str) -> str:
    return _("%(date)s (%(source)s)") % {
        "date": words.day(on),
        "source": words.earned_from(source),
    }


def _hours(service_hundredths: int | None) -> str:
    return "" if service_hundredths is None else words.amount(service_hundredths, "hours")
