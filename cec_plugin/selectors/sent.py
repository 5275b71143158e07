"""What the registries were told of a person's credits, and under which member number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cec_plugin import models
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.models.ledger import EntryKind

ANOTHER_NUMBER = "another_number"
"""The code of why something is taken back that was told under a number that is not the member's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All that one registry was or will be told of one credit that stands, oldest first."""

    deliveries: tuple[models.Delivery, ...]

    @property
    def last(self) -> models.Delivery | None:
        """Return the telling that counts: the last that is not void."""
        tells = [one for one in self.deliveries if one.errand == Errand.TELL]
        return next((one for one in reversed(tells) if one.state != State.VOID), None)

    @property
    def rounds(self) -> int:
        """Return how many times it was told, or was to be."""
        return 1 + max(one.round for one in self.deliveries)

    def was_sent(self) -> bool:
        """Say whether the registry has it, or may have it."""
        return self.last is not None and self.last.presence != Presence.ABSENT

    def is_elsewhere(self, number_key: str, *, before: str) -> bool:
        """Say whether it was sent under another number than this.

        ``before`` is the number until now, for what was sent before we noted any. All of them are
        digests.
        """
        if self.last is None or not self.was_sent():
            return False
        return (self.last.number_key or before) not in ("", number_key)


def chains(deliveries: Iterable[models.Delivery]) -> list[Chain]:
    """Sort deliveries, given by id, by credit and registry."""
    found: dict[tuple[int, int], list[models.Delivery]] = defaultdict(list)
    for one in deliveries:
        found[one.entry_id, one.registry_id].append(one)
    return [Chain(deliveries=tuple(mine)) for mine in found.values()]


def of_standing(person_id: int, organization_id: int) -> list[int]:
    """Return the ids of all deliveries of a person's credits that stand at an organization."""
    rows = models.Delivery.objects.filter(
        entry__account__person_id=person_id,
        entry__account__organization_id=organization_id,
        entry__reverses__isnull=True,
        entry__reversed_by__isnull=True,
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def sent_credits(person_id: int, organization_id: int) -> int:
    """Return how many of a person's credits the registries of an organization (may) have."""
    rows = models.Delivery.objects.filter(pk__in=of_standing(person_id, organization_id))
    return sum(one.was_sent() for one in chains(rows.order_by("pk")))


def why_taken_back(entry: models.CreditEntry) -> str:
    """Return the code of why it is taken back: what still stands was told under a wrong number."""
    if entry.kind != EntryKind.REVERSAL:
        return ANOTHER_NUMBER
    reasons = [step.get("reason", "") for step in entry.basis]
    return str(reasons[0]) if reasons else ""
