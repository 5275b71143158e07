"""Refuse whoever may not decide for an organization, or would decide on what is their own."""

from collections.abc import Collection

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.actors import Actor
from cec_plugin.exceptions import CecError
from cec_plugin.selectors.officers import answers_for


class NotAnsweringError(CecError):
    """They do not answer for the organization."""


class OwnCreditError(CecError):
    """Nobody decides on what is their own."""


def authorize(actor: Actor, *, organization_id: int, person_id: int) -> None:
    """Let an officer of the organization decide about somebody else. Only reads.

    What their user may do at all is for the face to ask; this asks where, and about whom.

    Raises:
        NotAnsweringError: the actor does not answer for the organization.
        OwnCreditError: the person is the actor.
    """
    authorize_all(actor, organization_ids=[organization_id], person_ids=[person_id])


def authorize_all(
    actor: Actor, *, organization_ids: Collection[int], person_ids: Collection[int]
) -> None:
    """Let an officer of all these organizations decide about others alone. Only reads.

    Raises:
        NotAnsweringError: the actor does not answer for one of the organizations.
        OwnCreditError: one of the people is the actor.
    """
    mine = answers_for(actor)
    if mine is not None and not mine.issuperset(organization_ids):
        raise NotAnsweringError(
            "you do not answer for this organization: ask one of its officers, or be named one"
        )
    own = models.Identity.objects.filter(
        person_id__in=person_ids, site=get_settings().site, subject=actor.subject
    )
    if own.exists():
        raise OwnCreditError("nobody decides on what is their own: ask somebody else to")
