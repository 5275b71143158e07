"""Programs: what makes one up, and who need not finish which part of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.selectors import Selector
from cec_plugin.models.catalogue import CODE, Activity
from cec_plugin.models.people import Person


class Program(models.Model):
    """A program of several courses; whoever finished its parts has finished its activity.

    ``needed`` is how many of its parts that takes, None for all of them.

    .. no_pii:
    """

    activity = models.OneToOneField(
        Activity, models.PROTECT, related_name="program", verbose_name=_("activity")
    )
    needed = models.PositiveIntegerField(
        _("parts needed"), null=True, blank=True, help_text=_("Empty: all of them.")
    )
    source = models.CharField(_("source"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")

    def __str__(self) -> str:
        return str(self.activity)


class ProgramPart(models.Model):
    """A part of a program: any one of its courses fulfils it.

    .. no_pii:
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="parts")
    code = models.CharField(_("code"), max_length=50, validators=[CODE])
    title = models.CharField(_("title"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("part of a program")
        verbose_name_plural = _("parts of programs")
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="cec_program_part"),
        ]

    def __str__(self) -> str:
        return self.title or self.code


class PartCourse(models.Model):
    """A course that fulfils a part of a program; the others of the part are its equivalents.

    ``site`` is where it is given, empty for every site.

    .. no_pii:
    """

    part = models.ForeignKey(ProgramPart, models.CASCADE, related_name="courses")
    site = models.CharField(_("site"), max_length=100, blank=True)
    selector = models.CharField(
        _("names its activities by"),
        max_length=20,
        choices=[
            (Selector.RUN.value, _("exact course run")),
            (Selector.COURSE.value, _("course without the run")),
            (Selector.GLOB.value, _("pattern")),
        ],
        default=Selector.COURSE.value,
    )
    pattern = models.CharField(_("which"), max_length=255)

    class Meta:
        verbose_name = _("course of a part")
        verbose_name_plural = _("courses of parts")

    def __str__(self) -> str:
        return self.pattern


class Exemption(models.Model):
    """Somebody who need not finish a part of a program.

    .. no_pii:
    """

    part = models.ForeignKey(ProgramPart, models.PROTECT, related_name="exemptions")
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="exemptions", verbose_name=_("person")
    )
    reason = models.CharField(_("reason"), max_length=255)
    given_by = models.CharField(_("given by"), max_length=150, editable=False)
    given_at = models.DateTimeField(_("given at"))

    class Meta:
        verbose_name = _("exemption")
        verbose_name_plural = _("exemptions")
        constraints = [
            models.UniqueConstraint(fields=["part", "person"], name="cec_exemption"),
        ]

    def __str__(self) -> str:
        return f"exemption {self.pk}"
