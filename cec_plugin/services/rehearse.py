"""Ask what a draft would do to everybody's credits, without doing any of it.

People are looked at by ranges of account ids, so memory is the same for a hundred as for a
hundred thousand; a range that was looked at is stored, so an interrupted preview goes on.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Sum

from cec_plugin import models
from cec_plugin.domain.allocation import Line
from cec_plugin.domain.held import TO_COME, Change, Held
from cec_plugin.domain.posting import Award, Posted, Reversal, difference, here, remainder
from cec_plugin.domain.programs import Program
from cec_plugin.domain.weigh import allocate
from cec_plugin.exceptions import FaultsError
from cec_plugin.models.ledger import EntryKind
from cec_plugin.selectors.consequences import NOTHING, Consequences, consequences
from cec_plugin.selectors.finished import as_finished
from cec_plugin.selectors.known import KnownPeople
from cec_plugin.selectors.programs import programs
from cec_plugin.selectors.tables import DraftTables, content_digest
from cec_plugin.services import prepare
from cec_plugin.services.activate import faults_of
from cec_plugin.services.finish import ProgramsOf
from cec_plugin.services.post import awards_of
from cec_plugin.services.retry import in_transaction

RANGE = 200
"""How many accounts are looked at together."""


def begin(schedule_id: int, *, by: str, now: datetime) -> models.Preview:
    """Ask for a preview of a draft, or of a table that is active; the job ``previews`` makes it.

    ``by`` is a user name.

    Raises:
        FaultsError: the draft contradicts itself; every fault is listed.
    """
    schedule = models.Schedule.objects.select_related("organization").get(pk=schedule_id)
    if found := faults_of(schedule):
        raise FaultsError(f"credit table {schedule}", found)
    return models.Preview.objects.create(
        schedule=schedule, digest=content_digest(schedule), asked_by=by, asked_at=now
    )


def rehearse(preview: models.Preview, *, now: datetime) -> None:
    """Look at every account of the organization that the preview has not come to yet.

    Opens a transaction of its own for each range. Nothing is written but the preview, and an
    account for whoever has none yet at an organization that is new. A draft that was edited
    meanwhile is begun again with what it says now.
    """
    digest = content_digest(preview.schedule)
    if digest != preview.digest:
        preview.accounts.all().delete()
        preview.digest, preview.next_account_id = digest, 0
        preview.save(update_fields=["digest", "next_account_id"])
    if preview.next_account_id == 0:
        prepare.accounts_at(preview.schedule.organization_id)
    rehearsal = _Rehearsal(preview, now)
    while in_transaction(rehearsal.next_range):
        pass
    preview.made_at = now
    preview.save(update_fields=["made_at"])


class _Rehearsal:
    """One preview under way."""

    def __init__(self, preview: models.Preview, now: datetime) -> None:
        self._preview = preview
        self._now = now
        self._tables = DraftTables(preview.schedule)
        self._programs: Mapping[int, Program] = programs()

    def next_range(self) -> bool:
        """Look at the next accounts; return False where there are none left."""
        # A write first: SQLite gives up a transaction that reads before it writes; and of two who
        # make the same preview, each goes on where the other stopped.
        mine = models.Preview.objects.filter(pk=self._preview.pk)
        mine.update(made_at=None)
        begin_after = mine.values_list("next_account_id", flat=True).get()
        accounts = list(
            models.Account.objects.filter(
                organization_id=self._preview.schedule.organization_id, pk__gt=begin_after
            ).order_by("pk")[:RANGE]
        )
        if not accounts:
            return False
        models.PreviewedAccount.objects.bulk_create(self._look(accounts))
        mine.update(next_account_id=accounts[-1].pk)
        return True

    def _look(self, accounts: Sequence[models.Account]) -> list[models.PreviewedAccount]:
        people = [account.person_id for account in accounts]
        held: dict[int, list[models.Participation]] = defaultdict(list)
        rows = models.Participation.objects.filter(identity__person_id__in=people)
        for one in rows.select_related("activity", "identity").order_by("pk"):
            held[one.identity.person_id].append(one)
        known = KnownPeople(people, self._tables.asks())
        organization_id = self._preview.schedule.organization_id
        awards = awards_of(people, organization_id=organization_id)
        counted = _counted(people)
        balances = dict(
            models.CreditEntry.objects.filter(account__in=accounts)
            .order_by()
            .values_list("account_id")
            .annotate(Sum("hundredths"))
        )
        changes = {
            account: self._changes(
                account,
                held.get(account.person_id, []),
                known,
                awards.get((account.person_id, organization_id), []),
                counted,
            )
            for account in accounts
        }
        meant = consequences(
            self._tables.organization.id,
            {
                account.person_id: self._change(mine, held[account.person_id])
                for account, mine in changes.items()
                if mine
            },
            now=self._now,
        )
        return [
            self._told(
                account,
                mine,
                {one.key: one.pk for one in held.get(account.person_id, [])},
                int(balances.get(account.pk) or 0),
                meant.get(account.person_id, NOTHING),
            )
            for account, mine in changes.items()
        ]

    def _changes(
        self,
        account: models.Account,
        participations: Sequence[models.Participation],
        known: KnownPeople,
        awards: Sequence[Posted],
        counted: Collection[str],
    ) -> list[Award | Reversal]:
        of = ProgramsOf(participations, self._programs)
        finished = [
            seen
            for one in participations
            if (
                seen := as_finished(
                    one,
                    self._now,
                    counted=one.key in counted,
                    related=known.related(account.person_id, one.activity_id),
                    of_parts=of.parts(one),
                )
            )
        ]
        person = known.at(account.person_id, account.organization_id)
        decided = allocate(finished, self._tables.organization, self._tables.table, person)
        lines = {one.participation: one for one in decided if isinstance(one, Line)}
        changes = difference(finished, lines, awards, person.fixed)
        return here(changes)

    def _change(
        self, changes: Sequence[Award | Reversal], participations: Sequence[models.Participation]
    ) -> Change:
        """Return what the changes come to in the ledger."""
        of = {one.key: one for one in participations}
        gone, lines = remainder(changes)
        return Change(
            gone=gone,
            come=tuple(
                Held(
                    entry=TO_COME + number,
                    organization=self._tables.organization.code,
                    participation=of[line.participation].pk,
                    activity_id=of[line.participation].activity_id,
                    activity=of[line.participation].activity.key,
                    credit_type=line.credit_type,
                    hundredths=line.hundredths,
                    earned_at=line.earned_at,
                    tags=line.tags,
                )
                for number, line in enumerate(lines)
            ),
        )

    def _told(
        self,
        account: models.Account,
        changes: Sequence[Award | Reversal],
        ids: Mapping[str, int],
        balance: int,
        meant: Consequences,
    ) -> models.PreviewedAccount:
        told = [_entry(change, ids) for change in changes]
        return models.PreviewedAccount(
            preview=self._preview,
            account=account,
            revision=account.revision,
            before_hundredths=balance,
            after_hundredths=balance + sum(hundredths for _, hundredths, _ in told),
            changes=told,
            awards=sum(isinstance(change, Award) for change in changes),
            reversals=sum(isinstance(change, Reversal) for change in changes),
            falls_under=[
                [
                    holding_id,
                    fall.code,
                    fall.before,
                    fall.after,
                    fall.needed,
                    fall.cycle.isoformat(),
                ]
                for holding_id, fall in meant.falls
            ],
            closed=meant.closed,
        )


def _counted(person_ids: Collection[int]) -> frozenset[str]:
    """Return what has credit anywhere: as in settling, it goes on counting everywhere."""
    standing = models.CreditEntry.objects.filter(
        participation__identity__person__in=person_ids,
        kind=EntryKind.AWARD,
        reversed_by__isnull=True,
    )
    return frozenset(standing.values_list("participation__key", flat=True))


def _entry(change: Award | Reversal, ids: Mapping[str, int]) -> tuple[int, int, str]:
    """Return the participation, the signed hundredths and the code of one change."""
    if isinstance(change, Award):
        return ids[change.line.participation], change.line.hundredths, change.line.rule
    of = change.of
    key, hundredths = (
        (of.participation, of.hundredths)
        if isinstance(of, Posted)
        else (of.line.participation, of.line.hundredths)
    )
    return ids[key], -hundredths, change.reason.value
