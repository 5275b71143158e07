"""The ledger that never forgets, its accounts, and what was refused."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.models.append_only import AppendOnlyModel
from cec_plugin.models.catalogue import Activity, Organization
from cec_plugin.models.fields import check, digest_field
from cec_plugin.models.notices import Participation
from cec_plugin.models.people import Person
from cec_plugin.models.schedules import Schedule


class Account(models.Model):
    """One person's credits at one organization; its row is the lock under which they change.

    .. no_pii:
    """

    person = models.ForeignKey(
        Person, models.PROTECT, related_name="accounts", verbose_name=_("person")
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="accounts", verbose_name=_("organization")
    )
    revision = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("credit account")
        verbose_name_plural = _("credit accounts")
        constraints = [
            models.UniqueConstraint(fields=["person", "organization"], name="cec_account"),
        ]

    def __str__(self) -> str:
        return gettext("account %(id)s") % {"id": self.pk}


class EntryKind(models.TextChoices):
    """What a line of the ledger is."""

    AWARD = "award", _("award")
    REVERSAL = "reversal", _("reversal")
    ADJUSTMENT = "adjustment", _("adjustment")


class CreditEntry(AppendOnlyModel):
    """One line of the ledger, in signed hundredths of the organization's unit; written once.

    Every entry comes of a participation or, decided by hand, of an adjustment. ``earned_at`` is
    the source's date of finishing, ``recorded_at`` ours. ``stint`` says which
    time the participation stood (from 1), ``generation`` how many awards of the same parts came
    before. ``basis`` holds the steps of the decision.

    .. no_pii:
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="entries")
    participation = models.ForeignKey(
        Participation, models.PROTECT, null=True, related_name="entries"
    )
    adjustment = models.ForeignKey(
        "cec_plugin.Adjustment", models.PROTECT, null=True, related_name="entries"
    )
    kind = models.CharField(_("kind"), max_length=20, choices=EntryKind.choices)
    credit_type = models.CharField(_("credit type"), max_length=50)
    hundredths = models.IntegerField(_("credit (hundredths)"))
    earned_at = models.DateTimeField(_("finished at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    schedule = models.ForeignKey(
        Schedule, models.PROTECT, null=True, related_name="entries", verbose_name=_("credit table")
    )
    line = models.CharField(_("rule"), max_length=50, blank=True)
    stint = models.PositiveIntegerField(default=1)
    generation = models.PositiveIntegerField(default=0)
    natural_key = digest_field(unique=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    basis = models.JSONField(_("basis"), default=list)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [
            check(
                condition=Q(kind=EntryKind.AWARD, hundredths__gt=0, reverses__isnull=True)
                | Q(kind=EntryKind.REVERSAL, hundredths__lt=0, reverses__isnull=False)
                | (Q(kind=EntryKind.ADJUSTMENT, reverses__isnull=True) & ~Q(hundredths=0)),
                name="cec_entry_kind_and_sign",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "earned_at"], name="cec_entry_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def activity(self) -> Activity | None:
        """Return what it is for; an opening balance is for nothing in particular."""
        if self.participation is not None:
            return self.participation.activity
        return None if self.adjustment is None else self.adjustment.activity


class Refusal(models.Model):
    """Why something finished has no credit at an organization, as of the last settling.

    .. no_pii:
    """

    participation = models.ForeignKey(
        Participation, models.PROTECT, related_name="refusals", verbose_name=_("finished activity")
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="refusals", verbose_name=_("organization")
    )
    code = models.CharField(
        _("reason"), max_length=40, choices=[(code.value, code.value) for code in RefusalCode]
    )
    details = models.JSONField(_("details"), default=dict)
    decided_at = models.DateTimeField(_("decided at"))

    class Meta:
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        constraints = [
            models.UniqueConstraint(fields=["participation", "organization"], name="cec_refusal"),
        ]

    def __str__(self) -> str:
        return self.code


class Approval(models.Model):
    """What an organization decided on something finished, where that waits for it.

    ``hours_hundredths`` are the hours of service by which it decided, where nobody entered any.

    .. no_pii:
    """

    participation = models.ForeignKey(
        Participation, models.PROTECT, related_name="approvals", verbose_name=_("finished activity")
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="approvals", verbose_name=_("organization")
    )
    approved = models.BooleanField(_("approved"))
    code = models.CharField(_("approval code and number"), max_length=100, blank=True)
    note = models.CharField(_("note"), max_length=255, blank=True)
    hours_hundredths = models.PositiveIntegerField(
        _("hours of service (hundredths)"), null=True, blank=True
    )
    decided_by = models.CharField(_("decided by"), max_length=150)
    decided_at = models.DateTimeField(_("decided at"))

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        permissions = [("decide_approval", "Can approve or decline for an organization")]
        constraints = [
            models.UniqueConstraint(fields=["participation", "organization"], name="cec_approval"),
        ]

    def __str__(self) -> str:
        return f"approval {self.pk}"
