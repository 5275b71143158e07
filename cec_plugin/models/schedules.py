"""Credit tables: versions, their rules and role bonuses; an active version is only read."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.conditions import Repeat
from cec_plugin.domain.selectors import Selector
from cec_plugin.domain.tables import BonusKind, OfProgram
from cec_plugin.domain.terms import AwardsTo, Decides, Per, PeriodOf, Rounding
from cec_plugin.exceptions import LockedVersionError
from cec_plugin.models.catalogue import CODE, Organization, Role
from cec_plugin.models.fields import check, digest_field, validate_day, validate_figure
from cec_plugin.models.suggestions import Suggested


class _ScheduleQuerySet(models.QuerySet["Schedule"]):
    """Credit tables; of an active one nothing changes but when people were marked for it."""

    def update(self, **kwargs: Any) -> int:
        if set(kwargs) - {"resettled_at"}:
            _refuse_active(self.values_list("pk", flat=True))
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        _refuse_active(self.values_list("pk", flat=True))
        return super().delete()


_ScheduleManager = models.Manager.from_queryset(_ScheduleQuerySet)


def lock_drafts(schedule_ids: Iterable[int]) -> None:
    """Take the locks of these credit tables until the transaction ends.

    Raises:
        LockedVersionError: one of them is active.
    """
    ids = list(schedule_ids)
    drafts = Schedule.objects.filter(pk__in=ids, activated_at__isnull=True)
    # Past our own guard, which reads first: SQLite gives up a transaction that reads before it
    # writes while somebody else is writing.
    models.QuerySet.update(drafts, title=F("title"))
    _refuse_active(ids)


def _refuse_active(schedule_ids: Iterable[int]) -> None:
    active = Schedule.objects.filter(pk__in=schedule_ids, activated_at__isnull=False).first()
    if active is not None:
        raise LockedVersionError(
            f"credit table {active.organization} v{active.version} is active and is never edited: "
            "make a new draft"
        )


class Schedule(models.Model):
    """One version of an organization's credit table; an active version is never edited.

    ``activated_at`` is None for a draft. ``digest`` names the content that was activated, and
    ``resettled_at`` says when the people it concerns were marked to be settled again.

    .. no_pii:
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="schedules", verbose_name=_("organization")
    )
    version = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=200, blank=True)
    effective_from = models.DateField(
        _("in force from"),
        validators=[validate_day],
        help_text=_("May lie in the past. A later version takes over from its own date."),
    )
    activated_at = models.DateTimeField(_("activated at"), null=True, blank=True, editable=False)
    activated_by = models.CharField(_("activated by"), max_length=150, blank=True, editable=False)
    resettled_at = models.DateTimeField(null=True, blank=True, editable=False)
    digest = digest_field(blank=True)
    source = models.TextField(_("source"), blank=True)
    decides = models.CharField(
        _("decides"),
        max_length=20,
        choices=[
            (Decides.HERE.value, _("here: what the table gives is credit")),
            (Decides.ESTIMATE.value, _("elsewhere: what the table gives is an estimate")),
        ],
        default=Decides.HERE.value,
    )
    awards_to = models.CharField(
        _("awards to"),
        max_length=20,
        choices=[
            (AwardsTo.EVERYBODY.value, _("everybody")),
            (AwardsTo.MEMBERS.value, _("its members")),
        ],
        default=AwardsTo.EVERYBODY.value,
    )
    units = models.PositiveIntegerField(_("units"), default=1)
    per_hours = models.PositiveIntegerField(
        _("for hours"), default=1, help_text=_("1 CEU for 10 hours; 5 credits for 1 hour.")
    )
    increment_hundredths = models.PositiveIntegerField(
        _("increment (hundredths)"), default=1, help_text=_("50 for halves, 20 for fifths.")
    )
    rounding = models.CharField(
        _("rounded"),
        max_length=20,
        choices=[
            (Rounding.DOWN.value, _("down")),
            (Rounding.HALF_UP.value, _("to the nearest, halves up")),
            (Rounding.UP.value, _("up")),
        ],
        default=Rounding.HALF_UP.value,
    )
    smallest_hundredths = models.PositiveIntegerField(
        _("nothing below (hundredths)"), default=0, help_text=_("100: only from a full one on.")
    )
    period_months = models.PositiveIntegerField(_("period (months)"), null=True, blank=True)
    period_anchor = models.DateField(
        _("a period begins on"), null=True, blank=True, validators=[validate_day]
    )
    period_of = models.CharField(
        _("periods run"),
        max_length=20,
        choices=[
            (PeriodOf.TABLE.value, _("the same for everybody")),
            (PeriodOf.PERSON.value, _("from the day a person's certification was conferred")),
        ],
        default=PeriodOf.TABLE.value,
    )

    objects = _ScheduleManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("credit table")
        verbose_name_plural = _("credit tables")
        permissions = [("activate_schedule", "Can activate a credit table")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "version"], name="cec_schedule_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} v{self.version}"

    @property
    def is_active(self) -> bool:
        """Say whether the version was activated."""
        return self.activated_at is not None

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save a draft; refuse to change what an active version says."""
        if self.pk and set(kwargs.get("update_fields") or ["all"]) != {"resettled_at"}:
            _refuse_active([self.pk])
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete a draft; refuse an active version."""
        _refuse_active([self.pk])
        return super().delete(*args, **kwargs)


class _OfDraftQuerySet(models.QuerySet[Any]):
    """Parts of credit tables; those of an active one are only read."""

    def update(self, **kwargs: Any) -> int:
        _refuse_active(self.values_list("schedule", flat=True))
        if "schedule" in kwargs or "schedule_id" in kwargs:
            target: Any = kwargs.get("schedule", kwargs.get("schedule_id"))
            _refuse_active([getattr(target, "pk", target)])
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        _refuse_active(self.values_list("schedule", flat=True))
        return super().delete()

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        _refuse_active({one.schedule_id for one in objs})
        return super().bulk_create(objs, *args, **kwargs)


_OfDraftManager = models.Manager.from_queryset(_OfDraftQuerySet)


class _OfDraft(models.Model):
    """A part of a credit table, editable only while that is a draft."""

    schedule_id: int
    objects = _OfDraftManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # The row's lock is held until the part is written: an activation waits, or was first.
        with transaction.atomic():
            lock_drafts([self.schedule_id])
            before = type(self).objects.filter(pk=self.pk).values_list("schedule", flat=True)
            _refuse_active(before)
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _refuse_active([self.schedule_id])
        return super().delete(*args, **kwargs)


class Rule(Suggested, _OfDraft):
    """One line of a credit table: which activities, and what they are worth.

    .. no_pii:
    """

    schedule = models.ForeignKey(
        Schedule, models.CASCADE, related_name="rules", verbose_name=_("credit table")
    )
    code = models.CharField(_("code"), max_length=50, validators=[CODE])
    title = models.CharField(_("title"), max_length=200, blank=True)
    selector = models.CharField(
        _("names its activities by"),
        max_length=20,
        choices=[
            (Selector.RUN.value, _("exact course run")),
            (Selector.COURSE.value, _("course without the run")),
            (Selector.ORGANIZATION.value, _("organization")),
            (Selector.GLOB.value, _("pattern")),
        ],
    )
    pattern = models.CharField(_("which"), max_length=255)
    credit_type = models.CharField(_("credit type"), max_length=50, default="cec")
    hundredths = models.IntegerField(
        _("learner's credit"), null=True, blank=True, validators=[validate_figure]
    )
    source = models.CharField(_("source"), max_length=255, blank=True)
    modes = models.JSONField(
        _("enrolment modes"), default=list, blank=True, help_text=_("None listed: every mode.")
    )
    minimum_grade = models.PositiveIntegerField(
        _("minimum grade (hundredths of a per cent)"), null=True, blank=True
    )
    evidence = models.JSONField(
        _("finished by"), default=list, blank=True, help_text=_("None listed: by anything.")
    )
    registered = models.BooleanField(
        _("only for the registered"),
        default=False,
        help_text=_("Enrolled when it was finished; not staff, beta testers, test accounts."),
    )
    related = models.BooleanField(_("only on the learner's word that it relates"), default=False)
    counts_from = models.DateField(_("counts from"), null=True, blank=True)
    counts_until = models.DateField(_("counts until"), null=True, blank=True)
    repeat = models.CharField(
        _("the same activity"),
        max_length=20,
        choices=[
            (Repeat.ALWAYS.value, _("each time")),
            (Repeat.ONCE_A_PERIOD.value, _("once in each period")),
            (Repeat.ONCE.value, _("once")),
        ],
        default=Repeat.ALWAYS.value,
    )
    approval = models.BooleanField(_("after the organization's approval"), default=False)
    approved_as = models.CharField(_("approval code and number"), max_length=100, blank=True)
    tags = models.JSONField(
        _("competencies and categories"),
        default=list,
        blank=True,
        help_text=_("Shown by every credit given under this rule, whichever run it is for."),
    )
    of_program = models.CharField(
        _("a program's figure"),
        max_length=20,
        choices=[
            (OfProgram.INCLUSIVE.value, _("includes what its courses earned")),
            (OfProgram.ADDITIONAL.value, _("comes on top of its courses")),
        ],
        default=OfProgram.INCLUSIVE.value,
    )

    class Meta(_OfDraft.Meta):
        abstract = False
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        constraints = [
            models.UniqueConstraint(fields=["schedule", "code"], name="cec_rule_code"),
            check(
                condition=models.Q(hundredths__isnull=True) | models.Q(hundredths__gte=0),
                name="cec_rule_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.code


class RoleBonus(Suggested, _OfDraft):
    """What a role earns: under one rule, or (without a rule) under every rule of the table.

    ``hundredths`` is empty while the organization has set no figure; zero is a figure.

    .. no_pii:
    """

    schedule = models.ForeignKey(
        Schedule, models.CASCADE, related_name="bonuses", verbose_name=_("credit table")
    )
    rule = models.ForeignKey(
        Rule, models.CASCADE, null=True, blank=True, related_name="bonuses", verbose_name=_("rule")
    )
    role = models.ForeignKey(Role, models.PROTECT, verbose_name=_("role"))
    kind = models.CharField(
        _("reckoned"),
        max_length=20,
        choices=[
            (BonusKind.FLAT.value, _("a fixed amount")),
            (BonusKind.PER_HOUR.value, _("per hour of service")),
            (BonusKind.MULTIPLE.value, _("times the learner's credit")),
        ],
        default=BonusKind.FLAT.value,
    )
    hundredths = models.IntegerField(
        _("credit"), null=True, blank=True, validators=[validate_figure]
    )
    first_time_only = models.BooleanField(_("first time only"), default=False)
    stacks = models.BooleanField(_("beside the learner's own credit"), default=True)
    source = models.CharField(_("source"), max_length=255, blank=True)

    class Meta(_OfDraft.Meta):
        abstract = False
        verbose_name = _("role bonus")
        verbose_name_plural = _("role bonuses")
        constraints = [
            check(
                condition=models.Q(hundredths__isnull=True) | models.Q(hundredths__gte=0),
                name="cec_bonus_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}"


class Cap(_OfDraft):
    """The most that some roles earn together, in hundredths of the organization's unit.

    ``roles`` lists role codes; an empty list means all of them.

    .. no_pii:
    """

    schedule = models.ForeignKey(
        Schedule, models.CASCADE, related_name="caps", verbose_name=_("credit table")
    )
    code = models.CharField(_("code"), max_length=50, validators=[CODE])
    roles = models.JSONField(_("roles"), default=list, blank=True)
    per = models.CharField(
        _("for each"),
        max_length=20,
        choices=[(Per.ACTIVITY.value, _("activity")), (Per.PERIOD.value, _("period"))],
    )
    hundredths = models.PositiveIntegerField(_("at most"), validators=[validate_figure])
    source = models.CharField(_("source"), max_length=255, blank=True)

    class Meta(_OfDraft.Meta):
        abstract = False
        verbose_name = _("cap")
        verbose_name_plural = _("caps")
        constraints = [
            models.UniqueConstraint(fields=["schedule", "code"], name="cec_cap_code"),
        ]

    def __str__(self) -> str:
        return self.code
