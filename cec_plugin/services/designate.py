"""Look a designation through before it is kept: one that contradicts itself is not."""

from cec_plugin import models
from cec_plugin.domain.designations import faults
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors.progress import designation


def check(designation_id: int) -> None:
    """Refuse a designation that contradicts itself. Call it in the transaction that saves it.

    Raises:
        FaultsError: every fault of it.
    """
    row = models.Designation.objects.select_related("organization").get(pk=designation_id)
    types = models.Rule.objects.filter(schedule__organization_id=row.organization_id)
    found = faults(
        designation(row, credit_types=frozenset(types.values_list("credit_type", flat=True)))
    )
    if found:
        raise FaultsError(f"designation {row.code!r}", found)
