"""What people have: the lines of their ledgers that stand, read together for any number of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from cec_plugin import models
from cec_plugin.domain.held import Held
from cec_plugin.models.ledger import EntryKind

NONE: frozenset[str] = frozenset()


def held(
    person_ids: Collection[int], organizations: Mapping[int, str]
) -> dict[int, Sequence[Held]]:
    """Return what stands at these organizations (id to code), by person: two queries."""
    rows = list(
        models.CreditEntry.objects.filter(
            account__person__in=person_ids,
            account__organization__in=organizations,
            reversed_by__isnull=True,
        )
        .exclude(kind=EntryKind.REVERSAL)
        .values_list(
            "account__person_id",
            "account__organization_id",
            "schedule_id",
            "line",
            "id",
            "participation_id",
            "participation__activity_id",
            "participation__activity__key",
            "adjustment__activity_id",
            "adjustment__activity__key",
            "credit_type",
            "hundredths",
            "earned_at",
        )
    )
    tags = _rule_tags({(row[2], row[3]) for row in rows if row[2] is not None})
    found: dict[int, list[Held]] = defaultdict(list)
    for person, at, table, line, pk, of, *activities, credit_type, hundredths, earned in rows:
        finished_id, finished, by_hand_id, by_hand = activities
        found[person].append(
            Held(
                entry=pk,
                organization=organizations[at],
                participation=of,
                activity_id=finished_id or by_hand_id,
                activity=finished or by_hand or "",
                credit_type=credit_type,
                hundredths=hundredths,
                earned_at=earned,
                tags=tags.get((table, line), NONE),
            )
        )
    return dict(found)


def _rule_tags(lines: Collection[tuple[int, str]]) -> dict[tuple[int | None, str], frozenset[str]]:
    """Return the tags of rules, by credit table and code."""
    if not lines:
        return {}
    rows = models.Rule.objects.filter(
        schedule_id__in={table for table, _ in lines}, code__in={code for _, code in lines}
    )
    return {
        (table, code): frozenset(tags)
        for table, code, tags in rows.values_list("schedule_id", "code", "tags")
        if tags
    }


def hung_tags(
    organization_ids: Iterable[int], activity_ids: Collection[int]
) -> dict[int, dict[int, frozenset[str]]]:
    """Return the tags hung on activities, by organization and activity: one query."""
    found: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = models.Tag.objects.filter(
        organization__in=list(organization_ids), activities__in=activity_ids
    )
    for at, code, activity_id in rows.values_list("organization_id", "code", "activities__id"):
        found[at][activity_id].add(code)
    return {
        at: {activity_id: frozenset(codes) for activity_id, codes in hung.items()}
        for at, hung in found.items()
    }
