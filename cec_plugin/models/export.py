"""Which ledger entries were handed to an organization that has no registry, and in which export."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.append_only import AppendOnlyModel
from cec_plugin.models.catalogue import Organization
from cec_plugin.models.ledger import CreditEntry


class Export(AppendOnlyModel):
    """One export of an organization's ledger, numbered from 1; written once.

    The unique number lets one export at a time choose its entries: whoever comes second waits for
    it, then takes the next number.

    .. no_pii:
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="exports", verbose_name=_("organization")
    )
    number = models.PositiveIntegerField(_("number"))
    made_at = models.DateTimeField(_("made at"))
    made_by = models.CharField(_("made by"), max_length=150)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="cec_export_number"),
        ]

    def __str__(self) -> str:
        return gettext("export %(number)d") % {"number": self.number}


class ExportedEntry(AppendOnlyModel):
    """One entry in an export, with what could read otherwise later; written once.

    An entry is in one export at most. ``earned_on`` is the day where the organization is.

    .. pii: The number under which an association knows a member, as it was handed over.
    .. pii_types: id
    .. pii_retirement: retained
    """

    export = models.ForeignKey(
        Export, models.PROTECT, related_name="lines", verbose_name=_("export")
    )
    entry = models.OneToOneField(CreditEntry, models.PROTECT, related_name="exported")
    member_number = models.CharField(_("member number"), max_length=100)
    title = models.CharField(_("title"), max_length=255, blank=True)
    earned_on = models.DateField(_("earned on"))

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        verbose_name = _("exported credit")
        verbose_name_plural = _("exported credits")

    def __str__(self) -> str:
        return f"exported entry {self.entry_id}"
