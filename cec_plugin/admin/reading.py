"""What every page shares: history that is only read, amounts as figures, links, small tables."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from cec_plugin.domain.credits import format_hundredths

if TYPE_CHECKING:  # the classes take no parameters at run time
    Admin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:
    Admin = admin.ModelAdmin
    Inline = admin.TabularInline

unreported: Any = sensitive_post_parameters()
"""Keeps what was typed out of the report of an error: it may be somebody's number, or name them."""

NOTHING = "–"  # noqa: RUF001 - a dash, not a minus
"""What stands where there is nothing."""

NEWEST = 200
"""How many rows of a kind a page about somebody shows."""


class StyledAdmin(Admin):
    """An admin whose pages cut nothing off on a narrow screen."""

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["cec_plugin/admin.css"]}


class ReadOnlyAdmin(StyledAdmin):
    """Records that nobody adds, changes or deletes by hand."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


class ReadOnlyInline(Inline):
    """Parts of a record that nobody adds, changes or deletes by hand."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


def figure(hundredths: int | None) -> str:
    """Return an amount as people write it; a dash where there is none."""
    return NOTHING if hundredths is None else format_hundredths(hundredths)


def link(obj: Model | None, text: object = "") -> str:
    """Return a link to the record's own page; a dash where there is no record."""
    if obj is None:
        return NOTHING
    meta = obj._meta  # noqa: SLF001 - Django's documented way
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', url, text or obj)


def sheet(headings: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a small table; a word instead where it would be empty."""
    lines = [
        (format_html_join("", "<td>{}</td>", ((display_for_value(c, NOTHING),) for c in cells)),)
        for cells in rows
    ]
    if not lines:
        return _("none")
    return format_html(
        '<div class="cec-sheet"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        format_html_join("", "<th>{}</th>", ((heading,) for heading in headings)),
        format_html_join("", "<tr>{}</tr>", lines),
    )


def newest(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Return the newest rows of a kind, newest first."""
    return rows.order_by("-pk")[:NEWEST]


def may_view(request: HttpRequest, model: str) -> bool:
    """Say whether the user may see records of a model, named in small letters."""
    return request.user.has_perm(f"cec_plugin.view_{model}") or request.user.has_perm(
        f"cec_plugin.change_{model}"
    )
