"""Two accounts of one person: the step that merges them, and the merges, each with its undoing."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.admin.acting import actor
from cec_plugin.admin.figures import AccountField
from cec_plugin.admin.reading import ReadOnlyAdmin
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.conf import get_settings
from cec_plugin.domain import keys
from cec_plugin.domain.platform import AccountFacts
from cec_plugin.selectors.merging import is_merged_away, moving
from cec_plugin.services.merge import merge, unmerge

MERGE = "cec_plugin.merge_people"
"""The permission to merge two people, and to undo it."""


def _person_of(account: AccountFacts) -> int | None:
    key = keys.identity_key(site=get_settings().site, subject=account.subject)
    return models.Identity.objects.filter(key=key).values_list("person_id", flat=True).first()


class MergeForm(forms.Form):
    """Who is the same person; what that moves is said before it is done."""

    account = AccountField(label=gettext_lazy("the other account"))
    confirmed = forms.BooleanField(
        label=gettext_lazy("they are the same person: merge them"), required=False
    )

    def clean_account(self) -> int:
        """Return the other person's id.

        Raises:
            ValidationError: we know nothing of the account, so there is nothing to merge.
        """
        person_id = _person_of(self.cleaned_data["account"])
        if person_id is None:
            raise forms.ValidationError(
                _("Nothing was ever heard of this account: there is nothing to merge."),
                code="nobody",
            )
        return person_id

    def clean(self) -> dict[str, Any] | None:
        """Say what would move until that is confirmed."""
        cleaned = super().clean() or {}
        if "account" in cleaned and not cleaned.get("confirmed"):
            self.add_error("confirmed", _moves(cleaned["account"]))
        return cleaned


def _moves(person_id: int) -> str:
    """Say what would go over to the person kept."""
    found = moving(person_id)
    said = [
        ngettext("%(count)d account moves.", "%(count)d accounts move.", found.accounts)
        % {"count": found.accounts},
        ngettext("%(count)d member number moves.", "%(count)d member numbers move.", found.numbers)
        % {"count": found.numbers},
        ngettext("%(count)d credit moves.", "%(count)d credits move.", found.credits)
        % {"count": found.credits},
    ]
    if found.sent:
        told = ngettext(
            "%(count)d of them was sent, or may have been: it is taken back in the member records "
            "and told again.",
            "%(count)d of them were sent, or may have been: they are taken back in the member "
            "records and told again.",
            found.sent,
        )
        said.append(told % {"count": found.sent})
    return " ".join(said)


def _before_merging(person: models.Person) -> list[str]:
    return [
        _("Whatever the other account finished becomes %(person)s's, now and from now on.")
        % {"person": person},
        _("What it is worth is reckoned again, as if one person had finished all of it."),
        _("Of what both have once for themselves, a certification say, this person's counts."),
        _("A merge can be undone."),
    ]


def _can_be_merged(person: models.Person) -> bool:
    return not is_merged_away(person.pk)


def _merge(request: HttpRequest, person: models.Person, account: int, **_confirmed: bool) -> Done:
    made = merge(keep_id=person.pk, merged_id=account, by=actor(request), now=datetime.now(UTC))
    return Done(
        text=_("Merged. The credits move in a moment, and the member records hear of it."),
        go=reverse("admin:cec_plugin_merge_change", args=[made.pk]),
    )


ON_A_PERSON: tuple[Step, ...] = (
    Step(
        name="merge",
        label=gettext_lazy("Merge with…"),
        permission="merge",
        says=_before_merging,
        offered=_can_be_merged,
        run=_merge,
        form=MergeForm,
    ),
)


class MergingAdmin(SteppedAdmin):
    """An admin whose records have steps that merge people."""

    def has_merge_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm(MERGE)


def _before_undoing(one: models.Merge) -> list[str]:
    count = len(one.moved.get("identities", ()))
    back = ngettext(
        "%(count)d account goes back to %(person)s, with all that it finished meanwhile.",
        "%(count)d accounts go back to %(person)s, with all that they finished meanwhile.",
        count,
    )
    return [
        back % {"count": count, "person": one.merged},
        _("Member numbers and certifications that came with it go back too."),
        _(
            "What was sent under a number that is not theirs is taken back in the member records "
            "and told again."
        ),
    ]


def _undo(request: HttpRequest, one: models.Merge) -> Done:
    unmerge(one.pk, by=actor(request), now=datetime.now(UTC))
    return Done(text=_("Undone. The credits move in a moment, and the member records hear of it."))


@admin.register(models.Merge)
class MergeAdmin(MergingAdmin, ReadOnlyAdmin):
    """Who was merged into whom, by whom, and what moved."""

    list_display = ("__str__", "kept", "merged", "merged_by", "merged_at", "undone_at")
    list_filter = (("undone_at", admin.EmptyFieldListFilter),)
    list_select_related = ("kept", "merged")
    ordering = ("-id",)
    search_fields = ("=kept__id", "=merged__id")
    fields = ("kept", "merged", "moved", "merged_by", "merged_at", "undone_by", "undone_at")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="undo",
            label=gettext_lazy("Undo"),
            permission="merge",
            says=_before_undoing,
            offered=lambda one: one.undone_at is None,
            run=_undo,
        ),
    )
