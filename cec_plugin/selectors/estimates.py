"""What somebody needs to apply to an organization that decides on credit itself."""

from dataclasses import dataclass, field

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.selectors.in_force import in_force_for
from cec_plugin.selectors.refusals import NotCredited, line_of, refusal, refusal_rows
from cec_plugin.selectors.roles import RoleNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What was finished and by what; ``of`` is the figure with its steps.

    ``via`` may be empty, and so may the person's ``member_number`` at the organization.
    """

    of: NotCredited
    member_number: str = field(repr=False)
    activity: models.Activity
    grade: str
    mode: str
    via: str
    service_hundredths: int | None


def estimate(person_id: int, *, participation_id: int, organization_id: int) -> Estimate | None:
    """Return the estimate of one organization for what this person finished: four queries.

    None where there is none, or where it is somebody else's.
    """
    row = next(
        (
            row
            for row in refusal_rows(person_id)
            if row.code == RefusalCode.ESTIMATE
            and (row.participation_id, row.organization_id) == (participation_id, organization_id)
        ),
        None,
    )
    if row is None:
        return None
    of = refusal(row, roles=RoleNames(), in_force=in_force_for([line_of(row)]))
    one = row.participation
    numbers = models.Membership.objects.filter(
        person_id=person_id, organization_id=organization_id
    ).values_list("number", flat=True)
    return Estimate(
        of=of,
        member_number=numbers.first() or "",
        activity=one.activity,
        grade=one.grade,
        mode=one.mode,
        via=one.via,
        service_hundredths=one.service_hundredths,
    )
