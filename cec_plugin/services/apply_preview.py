"""Put a previewed draft in force, account by account, each as it was previewed or not at all."""

from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.platform import Platform
from cec_plugin.models.previews import PreviewedAccount
from cec_plugin.selectors.tables import content_digest
from cec_plugin.services import prepare
from cec_plugin.services.activate import StalePreviewError, activate
from cec_plugin.services.settle import settle_only_if

__all__ = ["StalePreviewError", "apply_preview", "ask", "settle_as_previewed"]


def ask(preview_id: int, *, by: str, now: datetime) -> models.Preview:
    """Put the previewed draft in force, and have the job ``previews`` settle the accounts.

    ``by`` is a user name. Opens a transaction of its own.

    Raises:
        StalePreviewError: the draft was edited since, or the preview is not complete.
        FaultsError: the draft contradicts itself.
    """
    preview = models.Preview.objects.select_related("schedule__organization").get(pk=preview_id)
    schedule = preview.schedule
    if preview.made_at is None:
        raise StalePreviewError("the preview is not complete: let it end first")
    if content_digest(schedule) != preview.digest:
        raise StalePreviewError("the draft was edited since it was previewed: preview it again")
    # In force first: should it be cut off in between, it is asked for again.
    if not schedule.is_active:
        activate(schedule.pk, by=by, now=now, resettle=False, previewed=preview.digest)
    preview.applied_by = by
    preview.save(update_fields=["applied_by"])
    return preview


def apply_preview(preview: models.Preview, *, platform: Platform, now: datetime) -> models.Preview:
    """Settle each previewed account under its lock, now that the draft is in force.

    An account that changed since it was previewed, or that came later, is skipped and listed:
    a new preview, of the table that is then active, shows what is left to do for it. Opens
    transactions of its own; interrupted, it goes on where it stopped when it is called again.
    """
    waiting = preview.accounts.filter(outcome=PreviewedAccount.Outcome.OPEN)
    for row in waiting.select_related("account").order_by("pk").iterator(chunk_size=500):
        if not settle_as_previewed(row, platform=platform, now=now):
            mine = models.PreviewedAccount.objects.filter(pk=row.pk)
            mine.update(outcome=PreviewedAccount.Outcome.SKIPPED)
    prepare.accounts_at(preview.schedule.organization_id)
    _list_newcomers(preview)
    preview.applied_at = now
    preview.save(update_fields=["applied_at"])
    return preview


def _list_newcomers(preview: models.Preview) -> None:
    """List the accounts that nobody previewed: they came later."""
    known = preview.accounts.values("account_id")
    newcomers = models.Account.objects.filter(
        organization_id=preview.schedule.organization_id
    ).exclude(pk__in=known)
    models.PreviewedAccount.objects.bulk_create(
        (
            models.PreviewedAccount(
                preview=preview,
                account=account,
                revision=account.revision,
                before_hundredths=0,
                after_hundredths=0,
                outcome=PreviewedAccount.Outcome.SKIPPED,
            )
            for account in newcomers.iterator(chunk_size=500)
        ),
        batch_size=500,
    )


def settle_as_previewed(row: models.PreviewedAccount, *, platform: Platform, now: datetime) -> bool:
    """Settle one account if nothing changed it since; say whether it was settled.

    That it was applied is written in the transaction that settles it.
    """

    def unchanged() -> bool:
        """Say whether the lock, which adds one to the revision, was the first since.

        Nor may settling find more than was previewed: what was heard takes no lock, and the end
        of a run comes by itself.
        """
        account = models.Account.objects.get(pk=row.account_id)
        return account.revision == row.revision + 1 and not _waits(account.person_id, now)

    def applied() -> None:
        models.PreviewedAccount.objects.filter(pk=row.pk).update(
            outcome=PreviewedAccount.Outcome.APPLIED
        )

    return settle_only_if(
        row.account.person_id, unchanged, then=applied, platform=platform, now=now
    )


def _waits(person_id: int, now: datetime) -> bool:
    """Say whether something of the person was heard and not settled, or is due."""
    mine = models.Identity.objects.filter(person_id=person_id).values("key")
    heard = models.Notice.objects.filter(identity_key__in=mine, settled_at__isnull=True)
    due = models.Participation.objects.filter(identity__person_id=person_id, settle_at__lte=now)
    return heard.exists() or due.exists()
