"""Credit that officers award, correct or take back by hand."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.catalogue import Activity
from cec_plugin.models.fields import check, validate_day, validate_figure
from cec_plugin.models.ledger import Account, CreditEntry
from cec_plugin.models.notices import Participation


class Adjustment(models.Model):
    """A decision by hand on one account, with its reason; a large one waits for a second person.

    ``hundredths`` is what the credit comes to by it (zero where it is taken back). An award has an
    ``earned_on`` and no ``entry``; every other kind has the ``entry`` it is about, and that
    entry's ``activity``, and its ``participation`` where it came from one: the credit of that is
    then fixed, whatever the table says, until a release. ``decided_by`` is whoever asked where no
    second person is needed.

    .. no_pii:
    """

    class Kind(models.TextChoices):
        AWARD = "award", _("award")
        CORRECTION = "correction", _("correction")
        REVERSAL = "reversal", _("reversal")
        RELEASE = "release", _("left to the table again")

    class Outcome(models.TextChoices):
        WAITING = "", _("waits for a second person")
        APPLIED = "applied", _("applied")
        DECLINED = "declined", _("declined")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="adjustments")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    entry = models.ForeignKey(
        CreditEntry, models.PROTECT, null=True, related_name="adjustments", verbose_name=_("credit")
    )
    participation = models.ForeignKey(
        Participation, models.PROTECT, null=True, related_name="adjustments"
    )
    activity = models.ForeignKey(
        Activity, models.PROTECT, null=True, blank=True, verbose_name=_("activity")
    )
    credit_type = models.CharField(_("credit type"), max_length=50, default="cec")
    hundredths = models.PositiveIntegerField(_("credit"), validators=[validate_figure])
    earned_on = models.DateField(_("finished on"), null=True, validators=[validate_day])
    reason = models.CharField(_("reason"), max_length=255)
    asked_by = models.CharField(_("asked by"), max_length=150)
    asked_subject = models.CharField(max_length=100)
    asked_at = models.DateTimeField(_("asked at"))
    outcome = models.CharField(
        _("outcome"), max_length=20, choices=Outcome.choices, default=Outcome.WAITING, blank=True
    )
    decided_by = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("credit by hand")
        verbose_name_plural = _("credits by hand")
        permissions = [("decide_adjustment", "Can decide as the second person")]
        constraints = [
            check(
                condition=models.Q(kind="award", entry__isnull=True, earned_on__isnull=False)
                | (~models.Q(kind="award") & models.Q(entry__isnull=False)),
                name="cec_adjustment_of",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
