"""Suggestions beside empty figures, and the step that adopts them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.reading import NOTHING, figure
from cec_plugin.admin.steps import Done, Step
from cec_plugin.selectors.suggestions import Open


class SuggestionShown:
    """A page or an inline that shows a row's suggestion: list ``suggestion`` among its fields."""

    @admin.display(description=gettext_lazy("suggestion"))
    def suggestion(self, obj: Any) -> str:
        """Return the figure that is suggested, and what it is modelled on."""
        if obj is None or obj.suggested_hundredths is None:
            return NOTHING
        return format_html(
            # A table would squeeze the reason into a column of single words.
            '<div style="min-width: 16em">{} ({})</div>',
            figure(obj.suggested_hundredths),
            obj.suggested_because,
        )


def adopting(
    found: Callable[[int], Sequence[Open]],
    adopt: Callable[..., Sequence[Open]],
    *,
    offered: Callable[[Any], bool] = lambda _: True,
) -> Step:
    """Return the step that adopts what ``found`` lists for a record, through ``adopt``."""

    def says(obj: Any) -> list[str]:
        return [
            *(
                _("%(what)s: %(figure)s (%(why)s)")
                % {"what": _named(one), "figure": figure(one.hundredths), "why": one.because}
                for one in found(obj.pk)
            ),
            _("None of these figures is the organization's own: each is marked as a suggestion."),
        ]

    def run(request: HttpRequest, obj: Any) -> Done:
        adopted = adopt(obj.pk, by=request.user.get_username(), now=datetime.now(UTC))
        return Done(text=_("Figures adopted: %(count)d.") % {"count": len(adopted)})

    return Step(
        name="adopt",
        label=gettext_lazy("Adopt the suggestions"),
        permission="adopt",
        says=says,
        offered=lambda obj: offered(obj) and bool(found(obj.pk)),
        run=run,
    )


def _named(one: Open) -> str:
    row = one.row
    if isinstance(row, models.RoleBonus):
        told = {"role": row.role, "kind": row.get_kind_display()}
        if row.rule is None:
            return _("%(role)s, %(kind)s") % told
        return _("%(role)s under “%(rule)s”, %(kind)s") % {**told, "rule": row.rule}
    if isinstance(row, models.Designation):
        return _("target")
    return str(row)
