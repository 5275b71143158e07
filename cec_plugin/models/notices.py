"""What the sources told us, what it folds into, and service that somebody entered."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.notices import Kind, Via
from cec_plugin.models.catalogue import Activity, Role
from cec_plugin.models.fields import digest_field, validate_day
from cec_plugin.models.people import Identity, Person


class Notice(models.Model):
    """One thing a source told us, as it told it.

    Written inside the platform's own transaction: so it has no unique key and no foreign key,
    nothing on which an INSERT could wait. Only ``settled_at`` is ever set afterwards.

    .. pii: The id of an account on a learning platform.
    .. pii_types: id
    .. pii_retirement: retained
    """

    source = models.CharField(_("source"), max_length=50)
    site = models.CharField(_("site"), max_length=100)
    subject = models.CharField(_("account"), max_length=100)
    activity = models.CharField(_("activity"), max_length=255)
    role = models.CharField(_("role"), max_length=50)
    occurrence = models.CharField(_("occurrence"), max_length=64, blank=True)
    kind = models.CharField(_("says"), max_length=20, choices=[(k.value, k.value) for k in Kind])
    via = models.CharField(_("by"), max_length=20, choices=[(v.value, v.value) for v in Via])
    occurred_at = models.DateTimeField(_("source time"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    mode = models.CharField(_("mode"), max_length=50, blank=True)
    service_hundredths = models.IntegerField(_("hours of service (hundredths)"), null=True)
    evidence = models.JSONField(_("evidence"), default=dict)
    received_at = models.DateTimeField(_("received at"))
    settled_at = models.DateTimeField(_("settled at"), null=True)
    participation_key = digest_field()
    identity_key = digest_field()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(fields=["participation_key", "occurred_at"], name="cec_notice_part"),
            models.Index(fields=["identity_key", "settled_at"], name="cec_notice_identity"),
            models.Index(fields=["settled_at", "id"], name="cec_notice_unsettled"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.via}: {self.activity}"


class Participation(models.Model):
    """What the notices fold into: one person, one activity, one role, one occurrence.

    ``stints`` lists [began, ended or null] in ISO 8601, UTC. ``earned_from`` is the code of
    where ``earned_at`` comes from. ``settle_at`` is when it must be settled again.

    .. no_pii:
    """

    key = digest_field(unique=True)
    identity = models.ForeignKey(
        Identity, models.PROTECT, related_name="participations", verbose_name=_("account")
    )
    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="participations", verbose_name=_("activity")
    )
    role = models.CharField(_("role"), max_length=50)
    occurrence = models.CharField(_("occurrence"), max_length=64, blank=True)
    stands = models.BooleanField(_("stands"))
    stints = models.JSONField(_("stood"), default=list)
    earned_at = models.DateTimeField(_("finished at"), null=True)
    earned_from = models.CharField(_("date from"), max_length=50, blank=True)
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    mode = models.CharField(_("mode"), max_length=50, blank=True)
    via = models.CharField(_("by"), max_length=20, blank=True)
    registered = models.BooleanField(_("registered then"), null=True)
    service_hundredths = models.IntegerField(_("hours of service (hundredths)"), null=True)
    has_refusals = models.BooleanField(default=False)
    settle_at = models.DateTimeField(_("settle again at"), null=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("finished activity")
        verbose_name_plural = _("finished activities")
        indexes = [
            models.Index(fields=["settle_at", "id"], name="cec_part_settle"),
            models.Index(fields=["changed_at", "id"], name="cec_part_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.activity_id}"


class Service(models.Model):
    """Service in a role that an administrator entered; it becomes a notice like any other.

    .. no_pii:
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, verbose_name=_("person"))
    identity = models.ForeignKey(Identity, models.PROTECT, verbose_name=_("account"))
    activity = models.ForeignKey(Activity, models.PROTECT, verbose_name=_("activity"))
    role = models.ForeignKey(Role, models.PROTECT, verbose_name=_("role"))
    hours_hundredths = models.PositiveIntegerField(_("hours (hundredths)"), null=True, blank=True)
    served_on = models.DateField(_("date"), validators=[validate_day])
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, editable=False)
    entered_by = models.CharField(_("entered by"), max_length=150, blank=True, editable=False)
    entered_at = models.DateTimeField(_("entered at"), auto_now_add=True)

    class Meta:
        verbose_name = _("service in a role")
        verbose_name_plural = _("service in roles")

    def __str__(self) -> str:
        return f"{self.role} of {self.activity}"
