"""Organizations, roles, and the activities that people finish."""

from datetime import datetime
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.notices import Via
from cec_plugin.models.fields import digest_field

CODE = RegexValidator(
    r"^[a-z0-9][a-z0-9_-]*\Z", _("Use small letters, digits, hyphens and underscores.")
)


UNITS = [
    ("hours", _("hours")),
    ("credits", _("credits")),
    ("points", _("points")),
    ("ceu", _("CEUs")),
]


def validate_time_zone(name: str) -> None:
    """Refuse what is not in the time zone database."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone.") % {"name": name})


class Organization(models.Model):
    """A body that allocates credits by its own rules.

    .. no_pii:
    """

    code = models.CharField(_("code"), max_length=50, unique=True, validators=[CODE])
    name = models.CharField(_("name"), max_length=200)
    unit = models.CharField(_("unit"), max_length=20, default="hours", choices=UNITS)
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("In which a credit's date falls on a day."),
    )
    claims_confirmed_by_lookup = models.BooleanField(
        _("a claimed member number is confirmed by the registry alone"),
        default=False,
        help_text=_(
            "Only where nobody can know the number of somebody else: that the registry knows a "
            "number does not say whose it is. Otherwise an officer confirms each claim."
        ),
    )

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """In what capacity somebody took part; an organization can label or add one.

    .. no_pii:
    """

    code = models.CharField(_("code"), max_length=50, unique=True, validators=[CODE])
    label = models.CharField(_("label"), max_length=100)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return self.label


class EarnedBy(models.TextChoices):
    """By what an activity is finished; empty follows the site's setting."""

    SITE = "", _("as the site")
    CERTIFICATE = Via.CERTIFICATE.value, _("certificate")
    PASSING = Via.PASSING.value, _("passing grade")


class Counts(models.TextChoices):
    """From when a finished activity counts; empty follows the site's setting."""

    SITE = "", _("as the site")
    AT_ONCE = "at_once", _("at once")
    RUN_END = "run_end", _("when the run has ended")


class Activity(models.Model):
    """A course run, program, webinar or session on one site.

    .. no_pii:
    """

    class Type(models.TextChoices):
        COURSE = "course", _("course")
        PROGRAM = "program", _("program")
        WEBINAR = "webinar", _("webinar")
        SESSION = "session", _("session")

    key_digest = digest_field(unique=True)
    site = models.CharField(_("site"), max_length=100)
    key = models.CharField(_("key"), max_length=255)
    type = models.CharField(_("type"), max_length=20, choices=Type.choices, default=Type.COURSE)
    title = models.CharField(_("title"), max_length=255, blank=True)
    course = models.CharField(_("course without the run"), max_length=255, blank=True)
    organization_key = models.CharField(_("offered by"), max_length=255, blank=True)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    concluded_at = models.DateTimeField(
        _("taken as ended at"),
        null=True,
        blank=True,
        help_text=_("Where the platform names no end of the run, or not the true one."),
    )
    earned_by = models.CharField(
        _("finished by"), max_length=20, choices=EarnedBy.choices, default=EarnedBy.SITE, blank=True
    )
    counts = models.CharField(
        _("counts"), max_length=20, choices=Counts.choices, default=Counts.SITE, blank=True
    )
    refreshed_at = models.DateTimeField(_("read from the platform at"), null=True, blank=True)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")

    def __str__(self) -> str:
        return self.title or self.key

    @property
    def run_ends_at(self) -> datetime | None:
        """Return when the run ends: as somebody decided, else as the platform says."""
        return self.concluded_at or self.ends_at
