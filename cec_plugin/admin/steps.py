"""Steps: what can be done with one record beyond editing it, confirmed first and logged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cec_plugin.admin.reading import StyledAdmin, unreported
from cec_plugin.exceptions import CecError, FaultsError
from cec_plugin.wording.reasons import in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a step, in words; ``go`` is the address to show next, if not the record's."""

    text: str
    ok: bool = True
    go: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do with a record.

    ``permission`` names the admin's method ``has_…_permission``. ``says`` tells what will happen,
    a sentence each, and ``offered`` whether the record is in a state for it. ``form`` asks for
    what the step needs; its cleaned fields are given to ``run`` by name. ``run`` may raise
    ``CecError``: its words are shown.
    """

    name: str
    label: Promise
    permission: str
    says: Callable[[Any], list[str]]
    offered: Callable[[Any], bool]
    run: Callable[..., Done]
    form: type[forms.Form] | None = None


class SteppedAdmin(StyledAdmin):
    """An admin whose records have steps, as buttons above the record."""

    steps: ClassVar[tuple[Step, ...]] = ()
    change_form_template = "cec_plugin/admin/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """Put the steps' addresses before the record's own."""
        # Each service opens its own transaction, and none may span a call to a registry.
        view = self.admin_site.admin_view(self.step_view)
        view = unreported(transaction.non_atomic_requests(view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_step"
        return [path("<path:object_id>/step/<slug:name>/", view, name=name), *super().get_urls()]

    def step_url(self, obj: Any, name: str) -> str:
        """Return the address of a step."""
        view = f"admin:{self.opts.app_label}_{self.opts.model_name}_step"
        return reverse(view, args=[obj.pk, name], current_app=self.admin_site.name)

    def may(self, request: HttpRequest, step: Step) -> bool:
        """Say whether the user may take the step."""
        return bool(getattr(self, f"has_{step.permission}_permission")(request))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the record with the steps that the user may take now."""
        obj = self.get_object(request, unquote(object_id))
        buttons = [
            {"label": step.label, "url": self.step_url(obj, step.name)}
            for step in self.steps
            if obj is not None and step.offered(obj) and self.may(request, step)
        ]
        context = {**(extra_context or {}), "cec_steps": buttons}
        return super().change_view(request, object_id, form_url, context)

    def step_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Say what the step will do; do it when that is confirmed."""
        step = next((one for one in self.steps if one.name == name), None)
        obj = self.get_object(request, unquote(object_id))
        if step is None or obj is None:
            raise Http404
        if not (self.has_view_permission(request, obj) and self.may(request, step)):
            raise PermissionDenied
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        back = reverse(page, args=[obj.pk], current_app=self.admin_site.name)
        if not step.offered(obj):
            messages.warning(request, _("This cannot be done any more."))
            return HttpResponseRedirect(back)
        typed = request.POST if request.method == "POST" else None
        form = step.form(typed) if step.form else None
        if typed is not None and (form is None or form.is_valid()):
            cleaned = form.cleaned_data if form else {}
            return HttpResponseRedirect(self._take(request, step, obj, cleaned) or back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": step.label,
            "object": obj,
            "says": step.says(obj),
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "cec_plugin/admin/confirm.html", context)

    def _take(self, request: HttpRequest, step: Step, obj: Any, cleaned: dict[str, Any]) -> str:
        try:
            done = step.run(request, obj, **cleaned)
        except FaultsError as error:
            for fault in error.faults:
                messages.error(request, fault)
            return ""
        except CecError as error:
            messages.error(request, in_words(error))
            return ""
        self.log_change(request, obj, f"{step.label}: {done.text}")
        messages.add_message(request, messages.SUCCESS if done.ok else messages.ERROR, done.text)
        return done.go
