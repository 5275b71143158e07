"""The story: what happens on the campus, told as it happens, all the way into the registry."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from cec_plugin import models
from cec_plugin.adapters.platform import get_platform
from cec_plugin.demo import campus
from cec_plugin.demo.models import Course
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.credits import format_hundredths
from cec_plugin.domain.delivery import State
from cec_plugin.services.activate import activate
from cec_plugin.services.decide import decide
from cec_plugin.services.draft import draft_from
from cec_plugin.services.link import link
from cec_plugin.services.prepare import activity, identity
from cec_plugin.services.serve import enter

PATIENCE_S = 60.0
Tell = Callable[[str], None]


class StalledError(Exception):
    """Something that should have happened by now did not."""


class Story:
    """Plays the story against the running worker and registry."""

    def __init__(self, tell: Tell) -> None:
        """``tell`` is given each line as it happens."""
        self._tell = tell

    def play(self) -> None:
        """Play every scene in turn.

        Raises:
            StalledError: what a scene waits for did not come within a minute.
        """
        self._a_learner_finishes()
        self._one_has_no_member_number()
        self._one_is_revoked_and_earned_again()
        self._service_is_entered()
        self._a_team_is_proposed()
        self._a_course_is_mapped_late()

    def _a_learner_finishes(self) -> None:
        self._tell("Amina finishes Ethics. The event comes ten times; her credit comes once.")
        certificate = campus.finish(_user("amina"), _course("Ethics"))
        for _ in range(9):
            campus.announce(certificate)
        self._until_delivered("amina", 1)

    def _one_has_no_member_number(self) -> None:
        self._tell("Bruno finishes a five-week course. Nobody knows his member number yet.")
        campus.finish(_user("bruno"), _course("5W-Facilitation"))
        self._until("bruno", "needs you: a member number", lambda: self._held("bruno"))
        self._tell("His number is linked, and what waited goes out by itself.")
        link(
            person_id=_identity("bruno").person_id,
            organization_id=models.Organization.objects.get(code="cpc").pk,
            number="CPC-1002",
            verified_by="admin",
            now=datetime.now(UTC),
        )
        self._until_delivered("bruno", 1)

    def _one_is_revoked_and_earned_again(self) -> None:
        chloe, webinar = _user("chloe"), _course("WEB-LMI")
        self._tell("Chloé finishes a webinar, loses the certificate, and earns it again.")
        campus.finish(chloe, webinar)
        self._until_delivered("chloe", 1)
        campus.revoke(chloe, webinar)
        self._until_delivered("chloe", 2)
        campus.finish(chloe, webinar, grade="0.95")
        self._until_delivered("chloe", 3)

    def _service_is_entered(self) -> None:
        self._tell("David led Theory. An administrator enters it; the demo's bonus is 20 hours.")
        now = datetime.now(UTC)
        identified = _identity("david")
        enter(
            models.Service(
                person=identified.person,
                identity=identified,
                activity=activity(
                    site="campus",
                    key=_course("Theory").key,
                    platform=get_platform(),
                    now=now,
                ),
                role=models.Role.objects.get(code="facilitator"),
                hours_hundredths=2400,
                served_on=date(2026, 10, 30),
            ),
            by="admin",
            now=now,
        )
        self._until_delivered("david", 1)

    def _a_team_is_proposed(self) -> None:
        self._tell(
            "Farid was in the team of Resumes until its run ended. That is proposed, no more."
        )
        now, resumes = datetime.now(UTC), _course("5W-Resumes")
        campus.end_run(resumes, at=now - timedelta(days=1))
        campus.join_team(_user("farid"), resumes, role="instructor", at=now - timedelta(weeks=5))
        self._until("farid", "with your association", lambda: _proposals("farid").exists())
        self._tell("An officer approves it for the association.")
        admin, waiting = _user("admin"), _proposals("farid").get()
        decide(
            participation_id=waiting.participation_id,
            organization_id=waiting.organization_id,
            approved=True,
            by=Actor(name=admin.get_username(), subject=str(admin.pk), everywhere=True),
            now=datetime.now(UTC),
        )
        self._until_delivered("farid", 1)

    def _a_course_is_mapped_late(self) -> None:
        self._tell("Elena finishes Mentoring. No rule names it: finished, not credited.")
        campus.finish(_user("elena"), _course("Mentoring"))
        self._until("elena", "not credited: no rule", lambda: self._refused("elena"))
        self._tell("The course is mapped now, and a new version of the table is activated.")
        draft = draft_from(models.Schedule.objects.latest("version").pk)
        models.Rule.objects.create(
            schedule=draft,
            code="mentoring",
            title="Mentoring",
            selector="course",
            pattern="course-v1:CPC+Mentoring",
            hundredths=5000,
            source="adopted for this demo",
        )
        activate(draft.pk, by="admin", now=datetime.now(UTC))
        self._until_delivered("elena", 1)

    def _until_delivered(self, username: str, count: int) -> None:
        def delivered() -> bool:
            sent = _deliveries(username).filter(state=State.DELIVERED.value)
            return sent.count() >= count

        self._until(username, "in the association's records", delivered)

    def _until(self, username: str, what: str, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            if time.monotonic() > deadline:
                raise StalledError(f"{username}: still not {what!r} after {PATIENCE_S:.0f} s")
            time.sleep(0.1)
        self._tell(f"    {username}: balance {_balance(username)} h, {what}")

    @staticmethod
    def _held(username: str) -> bool:
        return _deliveries(username).filter(state=State.HELD.value).exists()

    @staticmethod
    def _refused(username: str) -> bool:
        refusals = models.Refusal.objects.filter(participation__identity=_identity(username))
        return refusals.exists()


def _user(username: str) -> Any:
    return get_user_model().objects.get(username=username)


def _course(part: str) -> Course:
    return Course.objects.get(key__contains=f"+{part}+")


def _identity(username: str) -> models.Identity:
    return identity(site="campus", subject=str(_user(username).pk))


def _proposals(username: str) -> "QuerySet[models.Refusal]":
    return models.Refusal.objects.filter(
        participation__identity=_identity(username), code=RefusalCode.AWAITS_APPROVAL
    )


def _deliveries(username: str) -> "QuerySet[models.Delivery]":
    return models.Delivery.objects.filter(
        entry__account__person__identities__subject=str(_user(username).pk)
    )


def _balance(username: str) -> str:
    entries = models.CreditEntry.objects.filter(
        account__person__identities__subject=str(_user(username).pk)
    )
    return format_hundredths(sum(entries.values_list("hundredths", flat=True)))
