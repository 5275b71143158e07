"""Certifications: what they ask for, who holds one since when, and the decision on each cycle."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain import holdings as domain
from cec_plugin.domain.cycles import CycleKind
from cec_plugin.domain.designations import CarryOver
from cec_plugin.models.append_only import AppendOnlyModel
from cec_plugin.models.catalogue import CODE, Activity, Organization
from cec_plugin.models.fields import digest_field, validate_day, validate_figure
from cec_plugin.models.people import Person
from cec_plugin.models.suggestions import Suggested


class Tag(models.Model):
    """A competency or category by which an organization sorts activities.

    .. no_pii:
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="tags", verbose_name=_("organization")
    )
    code = models.CharField(_("code"), max_length=50, validators=[CODE])
    label = models.CharField(_("label"), max_length=100)
    activities = models.ManyToManyField(
        Activity, related_name="tags", blank=True, verbose_name=_("activities")
    )

    class Meta:
        verbose_name = _("competency or category")
        verbose_name_plural = _("competencies and categories")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="cec_tag"),
        ]

    def __str__(self) -> str:
        return self.label


class Designation(Suggested):
    """What an organization asks of whoever holds a designation, in hundredths of its unit.

    ``target_hundredths`` is None where no figure is published or set. ``accepts`` are other
    organizations, of the same unit, whose credits count too.

    .. no_pii:
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="designations", verbose_name=_("organization")
    )
    code = models.CharField(_("code"), max_length=50, validators=[CODE])
    name = models.CharField(_("name"), max_length=200)
    cycle = models.CharField(
        _("cycle"),
        max_length=20,
        choices=[
            (CycleKind.ANNIVERSARY.value, _("from the day it was conferred")),
            (CycleKind.CALENDAR.value, _("calendar years")),
            (CycleKind.FIXED.value, _("the same for everybody")),
            (CycleKind.ROLLING.value, _("the months before any day")),
            (CycleKind.NONE.value, _("none: a target that is reached once")),
        ],
        default=CycleKind.ANNIVERSARY.value,
    )
    months = models.PositiveIntegerField(_("months of a cycle"), default=12)
    anchor = models.DateField(
        _("a fixed cycle begins on"), null=True, blank=True, validators=[validate_day]
    )
    grace_days = models.PositiveIntegerField(_("days of grace"), default=0)
    target_hundredths = models.IntegerField(
        _("target"), null=True, blank=True, validators=[validate_figure]
    )
    carry_over = models.CharField(
        _("carry-over"),
        max_length=20,
        choices=[
            (CarryOver.NONE.value, _("none")),
            (CarryOver.ALL.value, _("all of a surplus")),
            (CarryOver.CAPPED.value, _("a surplus up to a cap")),
            (CarryOver.LAST_YEAR.value, _("the last year's part of a surplus")),
            (CarryOver.DEFICIT.value, _("surplus or deficit, for one cycle")),
        ],
        default=CarryOver.NONE.value,
    )
    carry_cap_hundredths = models.IntegerField(
        _("carried over at most"), null=True, blank=True, validators=[validate_figure]
    )
    accepts = models.ManyToManyField(
        Organization,
        related_name="accepted_by",
        blank=True,
        verbose_name=_("accepts the credits of"),
        help_text=_(
            "As they are, beside its own organization's: where several gave credit for the same, "
            "it counts once, by its own organization first."
        ),
    )
    source = models.TextField(_("source"), blank=True)

    class Meta:
        verbose_name = _("designation")
        verbose_name_plural = _("designations")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="cec_designation"),
        ]

    def __str__(self) -> str:
        return self.name


class Requirement(Suggested):
    """One thing that a designation asks for beside its target.

    ``tags`` are tag codes or credit types; ``needed`` belongs to a spread (so much with each of
    at least ``needed`` of the tags), ``each_months`` to a minimum, ``per_activity`` to a maximum.

    .. no_pii:
    """

    class Kind(models.TextChoices):
        MINIMUM = "minimum", _("at least")
        MAXIMUM = "maximum", _("at most")
        SPREAD = "spread", _("at least with each of some of")

    designation = models.ForeignKey(
        Designation, models.CASCADE, related_name="requirements", verbose_name=_("designation")
    )
    kind = models.CharField(_("asks for"), max_length=20, choices=Kind.choices)
    code = models.CharField(_("code"), max_length=50, validators=[CODE])
    hundredths = models.IntegerField(
        _("credit"), null=True, blank=True, validators=[validate_figure]
    )
    tags = models.JSONField(_("competencies, categories or credit types"), default=list, blank=True)
    needed = models.PositiveIntegerField(_("of how many"), null=True, blank=True)
    each_months = models.PositiveIntegerField(_("in every so many months"), null=True, blank=True)
    per_activity = models.BooleanField(_("each activity by itself"), default=False)
    source = models.CharField(_("source"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("requirement")
        verbose_name_plural = _("requirements")
        constraints = [
            models.UniqueConstraint(fields=["designation", "code"], name="cec_requirement"),
        ]

    def __str__(self) -> str:
        return self.code


class Holding(models.Model):
    """Who holds a designation, under which number, since when.

    .. pii: The number of a certificate of competence.
    .. pii_types: id
    .. pii_retirement: consumer_api
    """

    class Origin(models.TextChoices):
        ENTERED = "entered", _("entered")
        IMPORTED = "imported", _("imported")

    person = models.ForeignKey(
        Person, models.PROTECT, related_name="holdings", verbose_name=_("person")
    )
    designation = models.ForeignKey(
        Designation, models.PROTECT, related_name="holdings", verbose_name=_("designation")
    )
    number = models.CharField(_("number"), max_length=100, blank=True)
    conferred_on = models.DateField(_("conferred on"), validators=[validate_day])
    origin = models.CharField(
        _("origin"), max_length=20, choices=Origin.choices, default=Origin.ENTERED
    )

    class Meta:
        verbose_name = _("holding")
        verbose_name_plural = _("holdings")
        constraints = [
            models.UniqueConstraint(fields=["person", "designation"], name="cec_holding"),
        ]

    def __str__(self) -> str:
        return f"holding {self.pk}"


class HoldingStatus(AppendOnlyModel):
    """From when on a holding is active, suspended, lapsed or reinstated; written once.

    .. no_pii:
    """

    class Status(models.TextChoices):
        ACTIVE = domain.Status.ACTIVE.value, _("active")
        SUSPENDED = domain.Status.SUSPENDED.value, _("suspended")
        LAPSED = domain.Status.LAPSED.value, _("lapsed")
        REINSTATED = domain.Status.REINSTATED.value, _("reinstated")

    holding = models.ForeignKey(
        Holding, models.PROTECT, related_name="statuses", verbose_name=_("holding")
    )
    status = models.CharField(_("status"), max_length=20, choices=Status.choices)
    since = models.DateField(_("since"), validators=[validate_day])
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    recorded_by = models.CharField(_("recorded by"), max_length=150)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        verbose_name = _("status of a holding")
        verbose_name_plural = _("statuses of holdings")

    def __str__(self) -> str:
        return f"{self.status} since {self.since}"


class HoldingLeave(models.Model):
    """A leave, first and last day included, for which the target shrinks.

    .. no_pii:
    """

    holding = models.ForeignKey(
        Holding, models.PROTECT, related_name="leaves", verbose_name=_("holding")
    )
    starts_on = models.DateField(_("first day"), validators=[validate_day])
    ends_on = models.DateField(_("last day"), validators=[validate_day])

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leaves")

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on}"


class Renewal(AppendOnlyModel):
    """The one decision on a cycle, with the figures on which it was made; written once.

    ``figures`` are the checks as they stood, [code, needed or null, have] in hundredths, and
    ``digest`` names everything that they were reckoned from.

    .. no_pii:
    """

    class Decision(models.TextChoices):
        RENEWED = "renewed", _("renewed")
        EXTENDED = "extended", _("extended")
        LEAVE = "leave", _("on leave")
        LAPSED = "lapsed", _("lapsed")

    holding = models.ForeignKey(
        Holding, models.PROTECT, related_name="renewals", verbose_name=_("holding")
    )
    starts_on = models.DateField(_("cycle from"))
    ends_on = models.DateField(_("cycle until"))
    decision = models.CharField(_("decision"), max_length=20, choices=Decision.choices)
    decided_by = models.CharField(_("decided by"), max_length=150)
    decided_at = models.DateTimeField(_("decided at"))
    figures = models.JSONField(_("figures"), default=list)
    digest = digest_field()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        verbose_name = _("renewal")
        verbose_name_plural = _("renewals")
        permissions = [("decide_renewal", "Can decide on renewals")]
        constraints = [
            models.UniqueConstraint(fields=["holding", "starts_on"], name="cec_renewal"),
        ]

    def __str__(self) -> str:
        return f"{self.decision}: {self.starts_on} to {self.ends_on}"
