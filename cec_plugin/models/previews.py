"""Previews: what a draft credit table would do to every account, and how far it was applied."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.ledger import Account
from cec_plugin.models.schedules import Schedule


class Preview(models.Model):
    """What a draft would do, as of when it was asked.

    ``digest`` names the draft's content then. ``next_account_id`` is the last account that was
    looked at; ``made_at`` is None until all were. ``applied_by`` is who asked for it to be
    applied, ``applied_at`` when that was done.

    .. no_pii:
    """

    schedule = models.ForeignKey(
        Schedule, models.CASCADE, related_name="previews", verbose_name=_("credit table")
    )
    digest = models.CharField(max_length=64, editable=False)
    asked_by = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField(_("asked at"))
    made_at = models.DateTimeField(_("complete at"), null=True)
    next_account_id = models.BigIntegerField(default=0)
    applied_by = models.CharField(_("applied by"), max_length=150, blank=True)
    applied_at = models.DateTimeField(_("applied at"), null=True)

    class Meta:
        verbose_name = _("preview")
        verbose_name_plural = _("previews")
        ordering = ["-id"]
        permissions = [("apply_preview", "Can apply a preview")]

    def __str__(self) -> str:
        return f"preview {self.pk} of {self.schedule}"


class PreviewedAccount(models.Model):
    """What a draft would do to one account, in hundredths.

    ``revision`` is the account's when it was looked at. ``changes`` lists [participation id,
    signed hundredths, code]: the entries that would be posted, in order; ``awards`` and
    ``reversals`` say how many of each. ``falls_under`` lists [holding id, code of what is asked
    for, before, after, needed, first day of the cycle] for what would be missing and is not now,
    and ``closed`` the ids of the decisions whose figures would be others.

    .. no_pii:
    """

    class Outcome(models.TextChoices):
        OPEN = "", _("not applied")
        APPLIED = "applied", _("applied")
        SKIPPED = "skipped", _("changed meanwhile: preview it again")

    preview = models.ForeignKey(Preview, models.CASCADE, related_name="accounts")
    account = models.ForeignKey(Account, models.CASCADE, related_name="previews")
    revision = models.PositiveBigIntegerField()
    before_hundredths = models.IntegerField(_("before (hundredths)"))
    after_hundredths = models.IntegerField(_("after (hundredths)"))
    changes = models.JSONField(_("changes"), default=list)
    awards = models.PositiveIntegerField(_("awards"), default=0)
    reversals = models.PositiveIntegerField(_("reversals"), default=0)
    falls_under = models.JSONField(_("falls under"), default=list)
    closed = models.JSONField(_("closed cycles"), default=list)
    outcome = models.CharField(
        _("outcome"), max_length=20, choices=Outcome.choices, default=Outcome.OPEN, blank=True
    )

    class Meta:
        verbose_name = _("previewed account")
        verbose_name_plural = _("previewed accounts")
        constraints = [
            models.UniqueConstraint(fields=["preview", "account"], name="cec_previewed_account"),
        ]

    def __str__(self) -> str:
        return f"account {self.account_id}"
