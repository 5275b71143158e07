"""People, their accounts on the sites, and their memberships."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cec_plugin import models
from cec_plugin.adapters.platform import get_platform
from cec_plugin.admin.acting import InParts, actor, seen
from cec_plugin.admin.merging import ON_A_PERSON, MergingAdmin
from cec_plugin.admin.reading import NOTHING, ReadOnlyAdmin, figure, link, may_view, newest, sheet
from cec_plugin.admin.words import word
from cec_plugin.conf import get_settings
from cec_plugin.domain import keys
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.delivery import State
from cec_plugin.selectors.officers import answers_for
from cec_plugin.wording.reasons import in_words

SECTIONS = {
    "identities": "identity",
    "merges": "merge",
    "memberships": "membership",
    "participations": "participation",
    "refusals": "refusal",
    "credits": "creditentry",
    "deliveries": "delivery",
}
"""What a person's page shows, each with the model whose permission it needs."""


def user_names(identities: Iterable[models.Identity]) -> dict[int, str]:
    """Return the platform's names of these accounts by the identity's id: one question for all."""
    here = [one for one in identities if one.site == get_settings().site]
    found = get_platform().accounts([one.subject for one in here]) if here else {}
    return {
        one.pk: " · ".join(part for part in (facts.username, facts.name) if part)
        for one in here
        if (facts := found.get(one.subject)) is not None
    }


@admin.register(models.Person)
class PersonAdmin(InParts, MergingAdmin, ReadOnlyAdmin):
    """Everything that its reader may know of a person, on one page."""

    steps = ON_A_PERSON
    list_display = ("__str__", "names", "created_at")
    search_fields: ClassVar[tuple[str, ...]] = ("=id",)
    search_help_text = _("User name, e-mail address, account id or member number, in full.")
    fields: ClassVar[tuple[str, ...]] = ("created_at", *SECTIONS)
    readonly_fields: ClassVar[tuple[str, ...]] = tuple(SECTIONS)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show what the user may see also elsewhere."""
        shown = [name for name, model in SECTIONS.items() if may_view(request, model)]
        return ["created_at", *shown]

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Find a person by an account of this site or by a member number at one's organizations."""
        if not (term := search_term.strip()):
            return queryset, False
        wanted = Q(memberships__number_key=keys.digest("number", term))
        if (mine := answers_for(actor(request))) is not None:
            wanted &= Q(memberships__organization__in=mine)
        if (account := get_platform().find_account(term)) is not None:
            key = keys.identity_key(site=get_settings().site, subject=account.subject)
            wanted |= Q(identities__key=key)
        return queryset.filter(wanted), True

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Ask the platform once for the names of everybody on the page."""
        page = super().get_changelist_instance(request)
        people = list(page.result_list)
        identities = list(models.Identity.objects.filter(person__in=people))
        found = user_names(identities)
        for person in people:
            person.names = ", ".join(
                found.get(one.pk, str(one)) for one in identities if one.person_id == person.pk
            )
        page.result_list = people
        return page

    @admin.display(description=_("accounts"))
    def names(self, person: Any) -> str:
        """Return the names found for the page."""
        return str(person.names)

    @admin.display(description=_("accounts"))
    def identities(self, person: models.Person) -> str:
        """List the accounts with the platform's own user names."""
        rows = list(newest(person.identities.all()))
        found = user_names(rows)
        return sheet(
            [_("site"), _("account"), _("user name")],
            ([one.site, link(one, one.subject), found.get(one.pk, NOTHING)] for one in rows),
        )

    @admin.display(description=_("merges"))
    def merges(self, person: models.Person) -> str:
        """List the merges of which the person is a part."""
        rows = models.Merge.objects.filter(Q(kept=person) | Q(merged=person))
        return sheet(
            [_("merge"), _("kept"), _("merged into it"), _("merged at"), _("undone at")],
            (
                [link(one), link(one.kept), link(one.merged), one.merged_at, one.undone_at]
                for one in newest(rows.select_related("kept", "merged"))
            ),
        )

    @admin.display(description=_("memberships"))
    def memberships(self, person: models.Person) -> str:
        """List the memberships."""
        rows = person.memberships.select_related("organization")
        return sheet(
            [_("organization"), _("member number"), _("verified by")],
            (
                [one.organization, link(one, one.number), one.verified_by]
                for one in newest(seen(rows, person, "organization"))
            ),
        )

    @admin.display(description=_("finished activities"))
    def participations(self, person: models.Person) -> str:
        """List what the person finished."""
        rows = models.Participation.objects.filter(identity__person=person)
        return sheet(
            [_("finished at"), _("activity"), _("role"), _("stands")],
            (
                [one.earned_at or NOTHING, link(one, one.activity), one.role, yes(one.stands)]
                for one in newest(rows.select_related("activity"))
            ),
        )

    @admin.display(description=_("finished, not credited"))
    def refusals(self, person: models.Person) -> str:
        """List what earned no credit, and why."""
        rows = models.Refusal.objects.filter(participation__identity__person=person)
        rows = seen(rows, person, "organization")
        return sheet(
            [_("activity"), _("organization"), _("reason")],
            (
                [
                    link(one.participation, one.participation.activity),
                    one.organization,
                    link(one, word(RefusalCode, one.code)),
                ]
                for one in newest(rows.select_related("participation__activity", "organization"))
            ),
        )

    @admin.display(description=_("credits"))
    def credits(self, person: models.Person) -> str:
        """List the lines of the ledger."""
        theirs = models.CreditEntry.objects.filter(account__person=person)
        rows = seen(theirs, person, "account__organization")
        return sheet(
            [_("recorded at"), _("credit"), _("amount"), _("organization"), _("activity")],
            (
                [
                    one.recorded_at,
                    link(one, one.get_kind_display()),
                    figure(one.hundredths),
                    one.account.organization,
                    one.participation.activity if one.participation else NOTHING,
                ]
                for one in newest(
                    rows.select_related("account__organization", "participation__activity")
                )
            ),
        )

    @admin.display(description=_("deliveries"))
    def deliveries(self, person: models.Person) -> str:
        """List what the registries were or will be told."""
        rows = models.Delivery.objects.filter(entry__account__person=person)
        rows = seen(rows, person, "registry__organization")
        return sheet(
            [_("reference"), _("registry"), _("state"), _("last answer")],
            (
                [link(one), one.registry, word(State, one.state), in_words(one.reason) or NOTHING]
                for one in newest(rows.select_related("registry"))
            ),
        )


def yes(holds: bool) -> str:  # noqa: FBT001 - a truth put into words
    """Return yes or no in the reader's language."""
    return str(_("yes") if holds else _("no"))


@admin.register(models.Identity)
class IdentityAdmin(ReadOnlyAdmin):
    """How a site knows a person."""

    list_display = ("subject", "site", "person", "created_at")
    list_select_related = ("person",)
    search_fields = ("=subject",)
    fields = ("site", "subject", "user_name", "person", "created_at")
    readonly_fields = ("user_name",)

    @admin.display(description=_("user name"))
    def user_name(self, identity: models.Identity) -> str:
        """Return the platform's own name of the account."""
        return user_names([identity]).get(identity.pk, NOTHING)
