"""The courses and people of the campus, the credit table, and the sandbox registry."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

from django.contrib.auth import get_user_model

from cec_plugin import models
from cec_plugin.demo.models import Course, Enrolment
from cec_plugin.domain.packs import read_pack
from cec_plugin.services.activate import activate
from cec_plugin.services.link import link
from cec_plugin.services.load_pack import load_pack
from cec_plugin.services.pause import resume
from cec_plugin.services.prepare import identity

COURSES = {
    "course-v1:CPC+Ethics+2026": "Ethics for Career Practitioners",
    "course-v1:CPC+Theory+2026": "Theory of Career Development",
    "course-v1:CPC+5W-Facilitation+2026": "Facilitating Career Groups",
    "course-v1:CPC+5W-Resumes+2026": "Resumes and Personal Branding",
    "course-v1:CPC+WEB-LMI+2026": "Webinar: Labour Market Information",
    "course-v1:CPC+Mentoring+2026": "Mentoring New Practitioners",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody on the campus; ``number`` is empty where no member number is known yet."""

    username: str
    first_name: str
    last_name: str
    number: str


PERSONAS = (
    Persona(username="amina", first_name="Amina", last_name="Diallo", number="CPC-1001"),
    Persona(username="bruno", first_name="Bruno", last_name="Tremblay", number=""),
    Persona(username="chloe", first_name="Chloé", last_name="Nguyen", number="CPC-1003"),
    Persona(username="david", first_name="David", last_name="Okafor", number="CPC-1004"),
    Persona(username="elena", first_name="Elena", last_name="Popescu", number="CPC-1005"),
    Persona(username="farid", first_name="Farid", last_name="Haddad", number="CPC-1006"),
)
MEMBERS = {
    persona.number or "CPC-1002": f"{persona.first_name} {persona.last_name}"
    for persona in PERSONAS
}
PASSWORD = "demo"  # noqa: S105 - it is printed for everybody to use
# Not CPC's figures: CPC publishes none for roles. The demo adopts these, visibly.
ADOPTED = {"facilitator": ("flat", 2000), "presenter": ("per_hour", 100)}


def seed(registry_url: str) -> models.Registry:
    """Make the campus; ``registry_url`` is where the sandbox registry listens."""
    now = datetime.now(UTC)
    for key, title in COURSES.items():
        Course.objects.create(key=key, title=title)
    users = get_user_model().objects
    users.create_superuser("admin", "", PASSWORD)
    text = resources.files("cec_plugin.packs").joinpath("cpc.toml").read_text(encoding="utf-8")
    schedule = load_pack(read_pack(text, name="cpc")).schedule
    for bonus in schedule.bonuses.select_related("role"):
        if bonus.role.code in ADOPTED:
            bonus.kind, bonus.hundredths = ADOPTED[bonus.role.code]
            bonus.source = "adopted for this demo; CPC publishes no figure"
            bonus.save()
    activate(schedule.pk, by="admin", now=now)
    registry = models.Registry.objects.create(
        organization=schedule.organization,
        name="CPC member records (sandbox)",
        base_url=registry_url,
        secret="sandbox",  # noqa: S106 - the name of it
        calls_per_minute=6000,
    )
    resume(registry.pk)
    for persona in PERSONAS:
        user = users.create_user(
            persona.username,
            f"{persona.username}@campus.example",
            PASSWORD,
            first_name=persona.first_name,
            last_name=persona.last_name,
        )
        for course in Course.objects.all():
            Enrolment.objects.create(user=user, course=course)
        if persona.number:
            link(
                person_id=identity(site="campus", subject=str(user.pk)).person_id,
                organization_id=schedule.organization_id,
                number=persona.number,
                verified_by="the demo",
                now=now,
            )
    return registry
