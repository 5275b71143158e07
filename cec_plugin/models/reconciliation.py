"""Reconciliations: what a registry was found to say otherwise than we, and what came of it."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.reconciliation import Kind, Stance
from cec_plugin.models.outbox import Delivery, Registry


class Reconciliation(models.Model):
    """One reading of a registry, held against what we say.

    ``seen_at`` is its last sign of life while it runs. ``asked_until`` is the last delivery that
    was asked about at a registry that cannot list. ``counts`` says how many differences of each
    kind; ``unnamed`` counts records without any reference, ``unlisted`` what looks wrong beyond
    what was looked into. A failed one says nothing of differences.

    .. no_pii:
    """

    class Outcome(models.TextChoices):
        OPEN = "", _("not ended")
        AGREES = "agrees", _("no difference")
        DIFFERS = "differs", _("differences")
        FAILED = "failed", _("could not be read to the end")
        UNABLE = "unable", _("cannot be reconciled")

    class Way(models.TextChoices):
        LISTED = "listed", _("all that it lists")
        ASKED = "asked", _("some credits, one by one")

    registry = models.ForeignKey(
        Registry, models.CASCADE, related_name="reconciliations", verbose_name=_("registry")
    )
    asked_by = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField(_("asked at"))
    began_at = models.DateTimeField(_("began at"), null=True)
    seen_at = models.DateTimeField(_("last seen at work at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    outcome = models.CharField(
        _("outcome"), max_length=20, choices=Outcome.choices, default=Outcome.OPEN, blank=True
    )
    reason = models.CharField(_("because"), max_length=255, blank=True)
    way = models.CharField(_("read"), max_length=20, choices=Way.choices, blank=True)
    listed = models.PositiveIntegerField(_("records read"), default=0)
    unnamed = models.PositiveIntegerField(_("records without a reference"), default=0)
    unlisted = models.PositiveIntegerField(_("differences beyond those listed"), default=0)
    counts = models.JSONField(_("differences by kind"), default=dict)
    asked_until = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-id"]

    def __str__(self) -> str:
        return gettext("reconciliation %(id)s of %(registry)s") % {
            "id": self.pk,
            "registry": self.registry,
        }


class Difference(models.Model):
    """One reference of which a registry says something else than we.

    Amounts are in hundredths. Whose record it is is never written down: ``another_member`` says
    that the digests of the two numbers differ. A repair is asked for, and then made or refused;
    ``repair_reason`` is a code of ours or a registry's own words, redacted.

    .. no_pii:
    """

    class Repair(models.TextChoices):
        OPEN = "", _("not repaired")
        UNDER_WAY = "under_way", _("on its way to the registry")
        GONE = "gone", _("no difference any more")
        REFUSED = "refused", _("needs a person")
        FAILED = "failed", _("the registry could not be asked")

    reconciliation = models.ForeignKey(
        Reconciliation, models.CASCADE, related_name="differences", verbose_name=_("reconciliation")
    )
    kind = models.CharField(
        _("kind"), max_length=20, choices=[(kind.value, kind.value) for kind in Kind]
    )
    reference = models.CharField(_("reference"), max_length=255, blank=True)
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, null=True, related_name="differences", verbose_name=_("delivery")
    )
    remote_ids = models.JSONField(_("registry's ids"), default=list)
    ours_stance = models.CharField(
        _("we say"), max_length=20, blank=True, choices=[(one.value, one.value) for one in Stance]
    )
    ours_hundredths = models.IntegerField(_("amount here"), null=True)
    theirs_hundredths = models.IntegerField(_("amount there"), null=True)
    another_member = models.BooleanField(_("another member's"), default=False)

    repair_asked_by = models.CharField(_("repair asked by"), max_length=150, blank=True)
    repair_asked_at = models.DateTimeField(_("repair asked at"), null=True)
    repair = models.CharField(
        _("repair"), max_length=20, choices=Repair.choices, default=Repair.OPEN, blank=True
    )
    repair_reason = models.CharField(_("because"), max_length=255, blank=True)
    repaired_by = models.CharField(_("repaired by"), max_length=150, blank=True)
    repaired_at = models.DateTimeField(_("repaired at"), null=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["id"]
        permissions = [("repair_difference", "Can repair a difference")]

    def __str__(self) -> str:
        return self.reference or gettext("difference %(id)s") % {"id": self.pk}
