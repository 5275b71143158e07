"""Look a designation through before it is kept: one that contradicts itself is not."""

from cec_plugin import models
from cec_plugin.domain.designations import faults, faults_of_accepting
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors.designations import designation


def check(designation_id: int) -> None:
    """Refuse a designation that contradicts itself. Call it in the transaction that saves it.

    Credit types of its own organization and of those that it accepts count as tags.

    Raises:
        FaultsError: every fault of it.
    """
    row = models.Designation.objects.select_related("organization").get(pk=designation_id)
    accepted = list(row.accepts.exclude(pk=row.organization_id))
    types = models.Rule.objects.filter(
        schedule__organization__in=[row.organization_id, *(one.pk for one in accepted)]
    )
    found = faults(
        designation(row, credit_types=frozenset(types.values_list("credit_type", flat=True)))
    ) + faults_of_accepting(
        row.code, row.organization.unit, {one.code: one.unit for one in accepted}
    )
    if found:
        raise FaultsError(f"designation {row.code!r}", found)
