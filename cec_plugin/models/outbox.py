"""The duty to tell a registry: registries, deliveries, and each attempt."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.delivery import Errand, Presence, Result, State
from cec_plugin.domain.keys import REFERENCE_LENGTH
from cec_plugin.models.catalogue import Organization
from cec_plugin.models.fields import digest_field
from cec_plugin.models.ledger import CreditEntry


class Registry(models.Model):
    """An organization's outside system of record. A new one starts paused.

    Secrets are named here and stand in the settings (``CEC_SECRETS``), never in the database.
    ``paused`` ends at somebody's word; where the registry did not let us in (``pause_kind``) also
    when it does again, which is asked now and then. ``quiet_until`` is the circuit: after
    ``troubles`` failed calls in a row (the last for the delivery ``trouble_of``) nothing is sent
    before it, and then one call tries.
    ``reached_at`` is the last time it took what was sent.

    .. no_pii:
    """

    class Adapter(models.TextChoices):
        REST = "rest", _("generic REST")
        CIVICRM = "civicrm", _("CiviCRM (APIv4)")
        XAPI = "xapi", _("xAPI (learning record store)")
        ROSTER = "roster", _("roster files")

    class Auth(models.TextChoices):
        HEADER = "header", _("key in a header")
        BASIC = "basic", _("user name and password")
        OAUTH2 = "oauth2", _("OAuth2 client credentials")
        HMAC = "hmac", _("signature over the body (HMAC)")

    class Pause(models.TextChoices):
        NEW = "new", _("it is new")
        PERSON = "person", _("somebody paused it")
        ACCESS = "access", _("it does not let us in")

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="registries", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=100, unique=True)
    adapter = models.CharField(
        _("adapter"), max_length=20, choices=Adapter.choices, default=Adapter.REST
    )
    base_url = models.URLField(
        _("base address"),
        max_length=500,
        blank=True,
        help_text=_("Empty for roster files: somebody carries them there."),
    )
    auth = models.CharField(
        _("authentication"), max_length=20, choices=Auth.choices, default=Auth.HEADER
    )
    secret = models.CharField(
        _("secret"),
        max_length=100,
        blank=True,
        help_text=_(
            "The name of the secret in the setting CEC_SECRETS, not the secret itself. Empty for "
            "roster files."
        ),
    )
    options = models.JSONField(
        _("options"),
        default=dict,
        blank=True,
        help_text=_("Paths and field mapping, where they differ from the defaults."),
    )
    timeout_s = models.PositiveIntegerField(
        _("time for one call (seconds)"), default=10, validators=[MinValueValidator(1)]
    )
    calls_per_minute = models.PositiveIntegerField(
        _("calls a minute, all workers together"),
        default=600,
        validators=[MinValueValidator(1)],
    )
    ours_alone = models.BooleanField(
        _("holds only what we send"),
        default=False,
        help_text=_("A record there without any reference is then a difference, not somebody's."),
    )
    paused = models.BooleanField(_("paused"), default=True, editable=False)
    pause_kind = models.CharField(
        _("kind of pause"), max_length=20, choices=Pause.choices, default=Pause.NEW, editable=False
    )
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True, editable=False)
    paused_reason = models.CharField(
        _("paused because"), max_length=255, blank=True, editable=False
    )

    troubles = models.PositiveIntegerField(_("calls failed in a row"), default=0, editable=False)
    trouble_of = models.BigIntegerField(null=True, blank=True, editable=False)
    quiet_since = models.DateTimeField(_("quiet since"), null=True, blank=True, editable=False)
    quiet_until = models.DateTimeField(_("quiet until"), null=True, blank=True, editable=False)
    quiet_reason = models.CharField(_("quiet because"), max_length=255, blank=True, editable=False)
    reached_at = models.DateTimeField(_("last reached at"), null=True, blank=True, editable=False)
    caught_up_at = models.DateTimeField(
        _("told of what was recorded before it at"), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("registry")
        verbose_name_plural = _("registries")
        permissions = [("operate_registry", "Can pause, resume and try a registry")]

    def __str__(self) -> str:
        return self.name


class HoldCode(models.TextChoices):
    """For what a held delivery waits."""

    NO_MEMBER_NUMBER = "no_member_number", _("no member number")
    MEMBER_UNKNOWN = "member_unknown", _("the registry does not know the member")
    PREDECESSOR = "predecessor", _("the delivery before it")
    RECEIPT = "receipt", _("the registry's receipt")


class Delivery(models.Model):
    """The duty to tell one registry of one ledger entry.

    ``lease`` is the fencing number: each claim adds one, and it never goes back. ``failures``
    counts towards giving up, ``looks`` the days on which the member was unknown.
    ``errand`` says whether it tells of the entry or takes back what was told; ``award_reference``
    is then what it takes back. An award that was told under a wrong member number is taken back
    and told again: ``round`` counts that from 0. ``number_key`` is the digest of the member number
    under which it was last sent, empty while it was not.
    ``after`` is the delivery that the registry must hear first. ``approved`` is what the registry
    decided on it later, None where it decides nothing or has not yet.

    .. no_pii:
    """

    entry = models.ForeignKey(CreditEntry, models.PROTECT, related_name="deliveries")
    registry = models.ForeignKey(
        Registry, models.PROTECT, related_name="deliveries", verbose_name=_("registry")
    )
    reference = models.CharField(_("reference"), max_length=REFERENCE_LENGTH)
    award_reference = models.CharField(_("takes back"), max_length=REFERENCE_LENGTH, blank=True)
    errand = models.CharField(
        _("errand"),
        max_length=20,
        choices=[(e.value, e.value) for e in Errand],
        default=Errand.TELL.value,
    )
    round = models.PositiveIntegerField(_("told anew"), default=0)
    number_key = digest_field(blank=True, default="")
    state = models.CharField(_("state"), max_length=20, choices=[(s.value, s.value) for s in State])
    presence = models.CharField(
        _("in the registry"),
        max_length=20,
        choices=[(p.value, p.value) for p in Presence],
        default=Presence.ABSENT.value,
    )
    hold_code = models.CharField(
        _("waits for"), max_length=30, choices=HoldCode.choices, blank=True
    )
    due_at = models.DateTimeField(_("due at"), null=True)
    lease = models.PositiveIntegerField(_("attempts"), default=0)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    looks = models.PositiveIntegerField(_("looks for the member"), default=0)
    remote_id = models.CharField(_("registry's id"), max_length=100, blank=True)
    approved = models.BooleanField(_("approved there"), null=True)
    reason = models.CharField(_("last answer"), max_length=255, blank=True)
    after = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="successors", verbose_name=_("comes after")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("requeue_delivery", "Can requeue a delivery")]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "registry", "errand", "round"], name="cec_delivery_errand"
            ),
            models.UniqueConstraint(
                fields=["registry", "reference"], name="cec_delivery_reference"
            ),
        ]
        indexes = [
            models.Index(fields=["registry", "state", "due_at", "id"], name="cec_delivery_due"),
        ]

    def __str__(self) -> str:
        return self.reference


class Attempt(models.Model):
    """One attempt to deliver: what was answered, redacted, and how long it took.

    .. no_pii:
    """

    delivery = models.ForeignKey(
        Delivery, models.PROTECT, related_name="attempts", verbose_name=_("delivery")
    )
    lease = models.PositiveIntegerField(_("attempt"))
    at = models.DateTimeField(_("at"))
    result = models.CharField(
        _("result"), max_length=20, choices=[(r.value, r.value) for r in Result]
    )
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    reason = models.CharField(_("answer"), max_length=255, blank=True)
    fenced = models.BooleanField(
        _("too late"), default=False, help_text=_("Another worker had taken the delivery over.")
    )

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return gettext("attempt %(number)d") % {"number": self.lease}
