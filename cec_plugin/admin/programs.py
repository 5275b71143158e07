"""Programs: what makes them up, and who need not finish which part."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from cec_plugin import models
from cec_plugin.admin.reading import Admin, Inline
from cec_plugin.exceptions import FaultsError
from cec_plugin.services import program
from cec_plugin.services.mark import mark


class PartCourseInline(Inline):
    """The courses that fulfil a part."""

    model = models.PartCourse
    extra = 1


class ProgramPartInline(Inline):
    """The parts of a program; their courses are named on a part's own page."""

    model = models.ProgramPart
    extra = 1
    show_change_link = True


class _Settling(Admin):
    """What decides who has finished a program: when it is saved, those it concerns are settled."""

    def activity_id(self, obj: Any) -> int:
        """Return the id of the program's activity."""
        raise NotImplementedError

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Save the parts, tell what is wrong with the program, and settle by what it says."""
        super().save_related(request, form, formsets, change)
        activity_id = self.activity_id(form.instance)
        try:
            program.check(activity_id)
        except FaultsError as error:
            for fault in error.faults:
                messages.warning(request, fault)

        def resettle() -> None:
            program.resettle(activity_id, now=datetime.now(UTC))

        transaction.on_commit(resettle)


@admin.register(models.Program)
class ProgramAdmin(_Settling):
    """Our own list of programs: the platform tells of none."""

    list_display = ("__str__", "needed", "source")
    list_select_related = ("activity",)
    search_fields = ("activity__key", "activity__title")
    fields = ("activity", "needed", "source")
    raw_id_fields = ("activity",)
    inlines = (ProgramPartInline,)

    def activity_id(self, obj: Any) -> int:
        """Return the id of the program's activity."""
        return int(obj.activity_id)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep which program it is."""
        return ("activity",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: who finished it has credit for it."""
        return False


@admin.register(models.ProgramPart)
class ProgramPartAdmin(_Settling):
    """A part of a program, with the courses that fulfil it."""

    list_display = ("__str__", "program")
    list_filter = ("program",)
    fields = ("program", "code", "title")
    inlines = (PartCourseInline,)

    def activity_id(self, obj: Any) -> int:
        """Return the id of the program's activity."""
        return int(obj.program.activity_id)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse a part that somebody is exempt from."""
        if obj is not None and obj.exemptions.exists():
            return False
        return super().has_delete_permission(request, obj)


@admin.register(models.Exemption)
class ExemptionAdmin(Admin):
    """Who need not finish a part of a program, and why."""

    list_display = ("person", "part", "reason", "given_by", "given_at")
    list_select_related = ("person", "part")
    fields = ("part", "person", "reason")
    raw_id_fields = ("person",)
    search_fields = ("=person__id",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Say who gave it and when, and settle the person by it."""
        now = datetime.now(UTC)
        obj.given_by, obj.given_at = request.user.get_username(), obj.given_at or now
        super().save_model(request, obj, form, change)
        transaction.on_commit(_settle(obj.person_id, now))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Take it back, and settle the person by that."""
        person_id = obj.person_id
        super().delete_model(request, obj)
        transaction.on_commit(_settle(person_id, datetime.now(UTC)))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Take the chosen ones back, each as by itself."""
        for exemption in queryset:
            self.delete_model(request, exemption)


def _settle(person_id: int, now: datetime) -> Any:
    def settle() -> None:
        mark(Q(identity__person_id=person_id), now=now)

    return settle
