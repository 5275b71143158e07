"""Member numbers that nobody has confirmed yet."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.catalogue import Organization
from cec_plugin.models.fields import check, digest_field
from cec_plugin.models.people import Person


class Claim(models.Model):
    """A number that is said to be a person's: by themselves, or by single sign-on when it is taken.

    ``waits`` is true while it waits and null afterwards, so that a database without conditional
    constraints keeps to one waiting claim too. ``found`` is what the organization's registry said
    of the number: that it is there does not say whose it is. ``looks`` counts the days on which it
    was not there, ``next_look_at`` is None where nobody looks by themselves any more.

    .. pii: The number that somebody says is theirs at an association.
    .. pii_types: id
    .. pii_retirement: consumer_api
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits")
        CONFIRMED = "confirmed", _("confirmed")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Found(models.TextChoices):
        UNASKED = "", _("not asked yet")
        THERE = "there", _("the registry knows the number")
        LAPSED = "lapsed", _("the registry knows the number, of a lapsed member")
        ABSENT = "absent", _("the registry does not know the number")
        UNABLE = "unable", _("no registry can be asked")

    OWN = "own"

    person = models.ForeignKey(
        Person, models.PROTECT, related_name="claims", verbose_name=_("person")
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="claims", verbose_name=_("organization")
    )
    number = models.CharField(_("member number"), max_length=100)
    number_key = digest_field()
    source = models.CharField(_("said by"), max_length=100, default=OWN)
    state = models.CharField(
        _("state"), max_length=20, choices=State.choices, default=State.WAITING
    )
    waits = models.BooleanField(null=True, default=True, editable=False)
    found = models.CharField(
        _("found"), max_length=20, choices=Found.choices, default=Found.UNASKED, blank=True
    )
    asked_at = models.DateTimeField(_("asked at"))
    checked_at = models.DateTimeField(_("looked up at"), null=True, blank=True)
    looks = models.PositiveIntegerField(_("looks for the number"), default=0)
    next_look_at = models.DateTimeField(_("is looked up again at"), null=True, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("claim of a member number")
        verbose_name_plural = _("claims of member numbers")
        permissions = [("decide_claim", "Can decide on claims of member numbers")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organization", "waits"], name="cec_claim_waiting"
            ),
            check(
                condition=models.Q(state="waiting", waits__isnull=False, waits=True)
                | models.Q(waits__isnull=True, state__in=["confirmed", "declined", "withdrawn"]),
                name="cec_claim_waits",
            ),
        ]
        indexes = [
            models.Index(fields=["waits", "next_look_at", "id"], name="cec_claim_due"),
            models.Index(fields=["person", "asked_at"], name="cec_claim_asked"),
        ]

    def __str__(self) -> str:
        return gettext("claim %(id)s") % {"id": self.pk}
