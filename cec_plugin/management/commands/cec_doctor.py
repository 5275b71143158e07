"""Say what is wrong with an installation, before anybody misses a credit."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.checks import CheckMessage, run_checks
from django.core.management.base import BaseCommand, CommandError

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.adapters.rosters import soon_too_late
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.selectors.health import health
from cec_plugin.services.jobs import JOBS
from cec_plugin.wording.flow import problems


class Command(BaseCommand):
    """Check the settings, try every registry, look at what waits. Writes nothing anywhere."""

    help = "Checks the settings, the registries and the periodic jobs. Exit code 1: a problem."

    def handle(self, **_: Any) -> None:
        """Print a line for everything looked at.

        Raises:
            CommandError: something is wrong.
        """
        wrong = 0
        for well, line in (*_settings(), *_registries(), *_flow()):
            self.stdout.write(f"{'ok      ' if well else 'PROBLEM '} {line}")
            wrong += not well
        if wrong:
            raise CommandError(f"{wrong} to look into", returncode=1)


def _settings() -> Iterator[tuple[bool, str]]:
    found = [
        one
        for one in run_checks(databases=["default"])
        if isinstance(one, CheckMessage) and str(one.id).startswith("cec_plugin.")
    ]
    for one in found:
        yield False, f"settings: {one.msg}"
    if not found:
        yield True, "settings: they can be read"


def _registries() -> Iterator[tuple[bool, str]]:
    rows = models.Registry.objects.order_by("name")
    if not rows:
        yield True, "registries: there is none, so nobody outside is told"
    for row in rows:
        try:
            registry = build(row)
        except ConfigurationError as error:
            yield False, str(error)
            continue
        found = registry.health()
        entities = ", ".join(
            f"{name} {'reached' if reached else 'NOT reached'}"
            for name, reached in sorted(found.entities.items())
        )
        if found.ok:
            yield True, f"{row.name}: it knows us as {found.caller}; {entities or 'no entities'}"
        else:
            yield False, f"{row.name}: {found.detail}" + (f" ({entities})" if entities else "")
        if row.adapter == row.Adapter.ROSTER and (soon := soon_too_late(row)):
            yield False, f"{row.name}: credits in no file that soon will be taken no more: {soon}"


def _flow() -> Iterator[tuple[bool, str]]:
    found = health(every={job.name: job.every for job in JOBS}, now=datetime.now(UTC))
    wrong = list(problems(found))
    for problem in wrong:
        yield False, problem
    if not wrong:
        yield True, "credits flow: nothing is late, parked or overdue"
