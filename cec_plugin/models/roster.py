"""Roster files for bodies that take files, and which deliveries are in them.

No file is kept, and no member number: what a file says is read anew from the ledger, and the
digest of what was handed over proves that it reads the same.
"""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.fields import digest_field
from cec_plugin.models.outbox import Delivery, Registry


class RosterFile(models.Model):
    """A file for one registry, numbered from 1; once it is closed its lines stay as they are.

    ``options`` are the registry's when it was closed and ``unit`` the organization's, so that it
    is written in the same way again. ``fetched_at`` is when somebody first had it. A file that was
    never handed over can be withdrawn: its lines go into the next one.

    .. no_pii:
    """

    registry = models.ForeignKey(
        Registry, models.PROTECT, related_name="roster_files", verbose_name=_("registry")
    )
    number = models.PositiveIntegerField(_("number"))
    closed_at = models.DateTimeField(_("closed at"))
    closed_by = models.CharField(_("closed by"), max_length=150)
    unit = models.CharField(_("unit"), max_length=20)
    options = models.JSONField(_("options"), default=dict)
    content_digest = digest_field(blank=True, default="")
    fetched_at = models.DateTimeField(_("first fetched at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_by = models.CharField(_("withdrawn by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("roster file")
        verbose_name_plural = _("roster files")
        permissions = [
            ("download_rosterfile", "Can download a roster file"),
            ("receive_rosterfile", "Can import the receipts of a roster file"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["registry", "number"], name="cec_roster_number"),
        ]

    def __str__(self) -> str:
        return gettext("roster file %(number)d") % {"number": self.number}


class LineAnswer(models.TextChoices):
    """What became of a line."""

    NONE = "", _("waits for its receipt")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn with its file")


class RosterLine(models.Model):
    """One delivery in a file, with what could read otherwise later.

    ``number_key`` is the digest of the member number that stands in it, empty where none does. A
    delivery has at most one line that waits; one that was rejected and sent again has another line
    in a later file. ``reason`` is in the body's own words, redacted.

    .. no_pii:
    """

    file = models.ForeignKey(RosterFile, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField(_("line"))
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, related_name="roster_lines", verbose_name=_("delivery")
    )
    number_key = digest_field(blank=True)
    title = models.CharField(_("title"), max_length=255, blank=True)
    earned_on = models.DateField(_("earned on"))
    reversed_on = models.DateField(_("taken back on"), null=True, blank=True)
    answer = models.CharField(
        _("answer"), max_length=20, choices=LineAnswer.choices, default=LineAnswer.NONE, blank=True
    )
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.CharField(_("receipt imported by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("line of a roster file")
        verbose_name_plural = _("lines of roster files")
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="cec_roster_position"),
            models.UniqueConstraint(fields=["file", "delivery"], name="cec_roster_delivery"),
        ]

    def __str__(self) -> str:
        return f"line {self.position}"
