"""Post to the ledger what is missing from it. Runs under the account's lock."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from cec_plugin import models
from cec_plugin.domain import basis, keys
from cec_plugin.domain.allocation import Finished, Line, Organization
from cec_plugin.domain.posting import Award, Posted, Reversal, difference
from cec_plugin.models.ledger import EntryKind


def awards_of(
    person_ids: Collection[int], *, organization_id: int | None = None
) -> dict[tuple[int, int], list[Posted]]:
    """Return the awards that settling made for what these people finished, in order of posting.

    By person and organization, on whichever account; with an ``organization_id`` of that alone.
    """
    rows = models.CreditEntry.objects.filter(
        participation__identity__person_id__in=list(person_ids), kind=EntryKind.AWARD
    )
    if organization_id is not None:
        rows = rows.filter(account__organization_id=organization_id)
    found: dict[tuple[int, int], list[Posted]] = defaultdict(list)
    told = rows.values_list(
        "id",
        "participation__identity__person_id",
        "account__person_id",
        "account_id",
        "account__organization_id",
        "participation__key",
        "credit_type",
        "line",
        "hundredths",
        "earned_at",
        "stint",
        "generation",
        "reversed_by__id",
    )
    # Sorted here, by id: asked to do it, a planner walks the whole ledger for it.
    for pk, person_id, on, account_id, at, *parts in sorted(told):
        key, credit_type, line, hundredths, earned_at, stint, generation, reversal = parts
        found[person_id, at].append(
            Posted(
                id=pk,
                participation=key,
                credit_type=credit_type,
                line=line,
                hundredths=hundredths,
                earned_at=earned_at,
                stint=stint,
                generation=generation,
                reversed=reversal is not None,
                elsewhere=None if on == person_id else account_id,
            )
        )
    return found


def post(
    *,
    account_id: int,
    organization: Organization,
    finished: Sequence[Finished],
    lines: Mapping[str, Line],
    posted: Iterable[Posted],
    by_hand: Collection[str],
    participation_ids: Mapping[str, int],
    now: datetime,
) -> list[models.CreditEntry]:
    """Post the difference at one organization and return the new entries in order.

    ``by_hand`` names the participations whose credit an officer set.
    """
    entries: list[models.CreditEntry] = []
    just_posted: dict[tuple[str, int], models.CreditEntry] = {}
    for change in difference(finished, lines, posted, by_hand):
        if isinstance(change, Award):
            entry = _award(change, account_id, organization, participation_ids, now)
            just_posted[change.line.participation, change.stint] = entry
        else:
            entry = _reversal(change, organization, just_posted, now)
        entry.save()
        entries.append(entry)
    return entries


def _award(
    award: Award,
    account_id: int,
    organization: Organization,
    participation_ids: Mapping[str, int],
    now: datetime,
) -> models.CreditEntry:
    line = award.line
    return models.CreditEntry(
        account_id=account_id,
        participation_id=participation_ids[line.participation],
        kind=EntryKind.AWARD,
        credit_type=line.credit_type,
        hundredths=line.hundredths,
        earned_at=line.earned_at,
        recorded_at=now,
        schedule_id=line.version,
        line=line.rule,
        stint=award.stint,
        generation=award.generation,
        natural_key=keys.natural_key(
            kind=EntryKind.AWARD,
            organization=organization.code,
            participation=line.participation,
            credit_type=line.credit_type,
            line=line.rule,
            generation=award.generation,
        ),
        basis=list(line.basis),
    )


def _reversal(
    reversal: Reversal,
    organization: Organization,
    just_posted: Mapping[tuple[str, int], models.CreditEntry],
    now: datetime,
) -> models.CreditEntry:
    if isinstance(reversal.of, Award):
        award = just_posted[reversal.of.line.participation, reversal.of.stint]
    else:
        award = models.CreditEntry.objects.select_related("participation").get(pk=reversal.of.id)
    assert award.participation is not None  # noqa: S101 - settling reverses what it awarded
    return models.CreditEntry(
        account_id=award.account_id,
        participation_id=award.participation_id,
        kind=EntryKind.REVERSAL,
        credit_type=award.credit_type,
        hundredths=-award.hundredths,
        earned_at=award.earned_at,
        recorded_at=now,
        schedule_id=award.schedule_id,
        line=award.line,
        stint=award.stint,
        generation=award.generation,
        natural_key=keys.natural_key(
            kind=EntryKind.REVERSAL,
            organization=organization.code,
            participation=award.participation.key,
            credit_type=award.credit_type,
            line=award.line,
            generation=award.generation,
        ),
        reverses=award,
        basis=[basis.reversal_step(hundredths=award.hundredths, reason=reversal.reason.value)],
    )
