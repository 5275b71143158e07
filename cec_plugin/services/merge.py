"""Make two accounts of one person one, so that no credit is lost or doubled by it.

What the merged person had moves to the person kept. Nothing is re-keyed, since whatever was
finished is named by the account at its source: settling then takes the credit back where it stood
and awards it as if everything had always been one person's. Whoever was moved is marked to be
settled in the same transaction, so nothing that cuts it off leaves it half done.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.exceptions import CecError
from cec_plugin.models.adjustments import Adjustment
from cec_plugin.selectors.merging import is_merged_away
from cec_plugin.services import prepare
from cec_plugin.services.authorize import authorize_all
from cec_plugin.services.carry import carry, come_of, standing_by_hand
from cec_plugin.services.link import release
from cec_plugin.services.relink import relink
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import resettle_on_commit

MOVES: dict[str, tuple[QuerySet[Any], str]] = {
    "identities": (models.Identity.objects.all(), "key"),
    "memberships": (models.Membership.objects.all(), "organization_id"),
    "claims": (models.Claim.objects.filter(waits=True), "organization_id"),
    "holdings": (models.Holding.objects.all(), "designation_id"),
    "relations": (models.Relation.objects.all(), "activity_id"),
    "exemptions": (models.Exemption.objects.all(), "part_id"),
}
"""What moves, each with what a person has at most one for: of two the kept person's goes on."""


class MergeError(CecError):
    """The two cannot be merged, or the merge cannot be undone, as things are."""


def merge(*, keep_id: int, merged_id: int, by: Actor, now: datetime) -> models.Merge:
    """Merge a person into another. Opens a transaction of its own, under all their account locks.

    Raises:
        MergeError: both have a number in one organization, credit by hand waits for a decision,
            or one of them was merged away; the message says what to do.
        NotAnsweringError, OwnCreditError: see ``authorize_all``.
    """
    if keep_id == merged_id:
        raise MergeError("both accounts are one person's already")
    authorize_all(
        by, organization_ids=concerned(keep_id, merged_id), person_ids=[keep_id, merged_id]
    )
    accounts = _accounts(keep_id, merged_id)

    def work() -> models.Merge:
        _lock(accounts)
        _ensure_mergeable(keep_id, merged_id)
        moved = {kind: _move(kind, merged_id, keep_id) for kind in MOVES}
        _follow_identities(moved["identities"], keep_id)
        for membership in models.Membership.objects.filter(pk__in=moved["memberships"]):
            release(keep_id, membership.organization_id, now=now)
        moved["adjustments"] = carry(
            standing_by_hand(merged_id),
            person_id=keep_id,
            reason="two accounts of one person were merged",
            by=by,
            now=now,
        )
        _mark([keep_id], now)
        return models.Merge.objects.create(
            kept_id=keep_id, merged_id=merged_id, moved=moved, merged_by=by.name, merged_at=now
        )

    return in_transaction(work)


def unmerge(merge_id: int, *, by: Actor, now: datetime) -> models.Merge:
    """Undo a merge: what moved goes back, with whatever was heard of it since.

    What was sent under a number that is not theirs is taken back there and told again. Opens a
    transaction of its own, under all their account locks.

    Raises:
        MergeError: it was undone, or the kept person was merged away since.
        NotAnsweringError, OwnCreditError: see ``authorize_all``.
    """
    one = models.Merge.objects.get(pk=merge_id)
    kept_id, merged_id = one.kept_id, one.merged_id
    authorize_all(
        by, organization_ids=concerned(kept_id, merged_id), person_ids=[kept_id, merged_id]
    )
    accounts = _accounts(kept_id, merged_id)

    def work() -> models.Merge:
        _lock(accounts)
        undone = models.Merge.objects.filter(pk=merge_id, undone_at__isnull=True).update(
            undone_by=by.name, undone_at=now
        )
        if not undone:
            raise MergeError("this merge was undone already")
        if is_merged_away(kept_id):
            raise MergeError(f"person {kept_id} was merged into another since: undo that first")
        moved = one.moved
        back = {kind: _move(kind, kept_id, merged_id, only=moved.get(kind, [])) for kind in MOVES}
        _follow_identities(back["identities"], merged_id)
        for membership in models.Membership.objects.filter(pk__in=back["memberships"]):
            release(merged_id, membership.organization_id, now=now)
            relink(
                person_id=kept_id,
                organization_id=membership.organization_id,
                before=membership.number_key,
                number_key="",
                now=now,
            )
        carry(
            come_of(moved["adjustments"]),
            person_id=merged_id,
            reason="a merge of two accounts was undone",
            by=by,
            now=now,
        )
        _mark([kept_id, merged_id], now)
        one.refresh_from_db()
        return one

    return in_transaction(work)


def concerned(*person_ids: int) -> set[int]:
    """Return the ids of the organizations where one of these people has credit or a number."""
    credited = models.CreditEntry.objects.filter(account__person_id__in=person_ids)
    numbered = models.Membership.objects.filter(person_id__in=person_ids)
    return {
        *credited.values_list("account__organization_id", flat=True),
        *numbered.values_list("organization_id", flat=True),
    }


def _accounts(*person_ids: int) -> list[int]:
    """Return the ids of all accounts of these people, in the order in which they are locked."""
    for person_id in person_ids:
        prepare.accounts(person_id)
    rows = models.Account.objects.filter(person_id__in=person_ids)
    return list(rows.order_by("organization_id", "pk").values_list("pk", flat=True))


def _lock(account_ids: Iterable[int]) -> None:
    for pk in account_ids:
        models.Account.objects.filter(pk=pk).update(revision=F("revision") + 1)


def _ensure_mergeable(keep_id: int, merged_id: int) -> None:
    for person_id in (keep_id, merged_id):
        if is_merged_away(person_id):
            raise MergeError(f"person {person_id} was merged into another already")
    if not models.Identity.objects.filter(person_id=merged_id).exists():
        raise MergeError(f"person {merged_id} has no account: there is nothing to merge")
    kept = models.Membership.objects.filter(person_id=keep_id)
    both = models.Membership.objects.filter(
        person_id=merged_id, organization_id__in=kept.values("organization_id")
    ).select_related("organization")
    if both:
        names = ", ".join(str(one.organization) for one in both)
        raise MergeError(
            f"each of the two has a member number of their own at {names}: "
            "unlink the one that is wrong, then merge"
        )
    waiting = Adjustment.objects.filter(
        account__person_id=merged_id, outcome=Adjustment.Outcome.WAITING
    )
    if waiting.exists():
        raise MergeError(
            "credit by hand waits for a second person there: approve or decline it, then merge"
        )


def _move(kind: str, from_id: int, to_id: int, *, only: list[int] | None = None) -> list[int]:
    """Move what the other person has none of yet; return the ids of what moved."""
    movable, key = MOVES[kind]
    rows = movable.filter(person_id=from_id)
    if only is not None:
        rows = rows.filter(pk__in=only)
    there = set(movable.filter(person_id=to_id).values_list(key, flat=True))
    ids = [pk for pk, value in rows.order_by("pk").values_list("pk", key) if value not in there]
    movable.filter(pk__in=ids).update(person_id=to_id)
    return ids


def _follow_identities(identity_ids: list[int], person_id: int) -> None:
    models.Service.objects.filter(identity_id__in=identity_ids).update(person_id=person_id)


def _mark(person_ids: list[int], now: datetime) -> None:
    concerned = models.Participation.objects.filter(identity__person_id__in=person_ids)
    concerned.update(settle_at=now)
    resettle_on_commit()
