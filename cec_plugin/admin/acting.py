"""Who acts on a page, for which organizations, and with whose records."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cec_plugin.admin.reading import Admin
from cec_plugin.domain.actors import Actor
from cec_plugin.selectors.officers import answers_for

EVERYWHERE = "cec_plugin.answer_everywhere"
"""The permission of whoever answers for every organization; a superuser has it."""


def actor(request: HttpRequest) -> Actor:
    """Return the user of a request as services know them."""
    user: Any = request.user
    return Actor(
        name=user.get_username(), subject=str(user.pk), everywhere=user.has_perm(EVERYWHERE)
    )


def answers_everywhere(request: HttpRequest) -> bool:
    """Say whether whoever asks answers for every organization."""
    return answers_for(actor(request)) is None


def answers(request: HttpRequest, organization_id: int) -> bool:
    """Say whether whoever asks answers for an organization."""
    mine = answers_for(actor(request))
    return mine is None or organization_id in mine


class OfOrganizations(Admin):
    """Records of organizations: an officer sees and changes those of their own.

    ``organization_path`` is how a record's organization is looked up, ``offered`` how that of what
    its forms let choose is, by field; empty where it is chosen itself. A superuser answers for all
    of them (as does whoever has that permission), whoever answers for none sees nothing here.
    """

    organization_path: ClassVar[str] = "organization"
    offered: ClassVar[Mapping[str, str]] = {"organization": ""}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Keep to the officer's organizations."""
        rows = super().get_queryset(request)
        mine = answers_for(actor(request))
        return rows if mine is None else rows.filter(**{f"{self.organization_path}__in": mine})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what is of the officer's organizations alone."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        mine = answers_for(actor(request))
        if db_field.name in self.offered and field is not None and mine is not None:
            path = self.offered[db_field.name] or "pk"
            field.queryset = field.queryset.filter(**{f"{path}__in": mine})
        return field


class OwnRegistries(admin.RelatedFieldListFilter):
    """Filters by registry, offering those of the officer's organizations."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Name no registry of another organization."""
        mine = answers_for(actor(request))
        if mine is None:
            return super().field_choices(field, request, model_admin)
        return field.get_choices(
            include_blank=False, limit_choices_to={"organization__in": mine}, ordering=("name",)
        )


class InParts(Admin):
    """Records of no organization, with parts that are of some: an officer sees those of their own.

    What shows a part reads it with ``seen``.
    """

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Remember with the record for whom its reader answers."""
        obj: Any = super().get_object(request, object_id, from_field)
        if obj is not None:
            obj.seen_by = answers_for(actor(request))
        return obj


def seen(rows: "QuerySet[Any]", by_reader_of: Any, path: str) -> "QuerySet[Any]":
    """Keep to the organizations of a record's reader; ``path`` is how a row's own is looked up."""
    mine = by_reader_of.seen_by
    return rows if mine is None else rows.filter(**{f"{path}__in": mine})
