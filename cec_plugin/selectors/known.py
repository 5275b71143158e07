"""What the organizations know of one person, as far as their credit tables ask for it."""

from collections import defaultdict
from datetime import date

from django.utils import timezone

from cec_plugin import models
from cec_plugin.domain.allocation import STRANGER, Approval, Person
from cec_plugin.selectors.tables import Asks


class KnownPerson:
    """One person's memberships, the organizations' decisions, and the person's own words."""

    def __init__(self, person_id: int, asks: Asks) -> None:
        """Read what is asked: at most three queries, none where no rule asks."""
        self.relations: frozenset[int] = frozenset()
        if asks.relation:
            rows = models.Relation.objects.filter(person_id=person_id)
            self.relations = frozenset(rows.values_list("activity_id", flat=True))
        members: dict[int, list[tuple[date | None, date | None]]] = defaultdict(list)
        if asks.membership:
            spans = models.Membership.objects.filter(person_id=person_id)
            for pk, begins, ends in spans.values_list(
                "organization_id", "valid_from", "valid_until"
            ):
                members[pk].append((begins, ends))
        approvals: dict[int, dict[str, Approval]] = defaultdict(dict)
        if asks.approval:
            decisions = models.Approval.objects.filter(
                participation__identity__person_id=person_id
            ).select_related("participation")
            for row in decisions:
                approvals[row.organization_id][row.participation.key] = Approval(
                    approved=row.approved, on=timezone.localdate(row.decided_at), code=row.code
                )
        self._at = {
            pk: Person(member=tuple(members.get(pk, ())), approvals=approvals.get(pk, {}))
            for pk in {*members, *approvals}
        }

    def at(self, organization_id: int) -> Person:
        """Return the person as one organization knows them."""
        return self._at.get(organization_id, STRANGER)
