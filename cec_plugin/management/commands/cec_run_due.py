"""Run the periodic jobs that are due: for cron, where the site has no scheduler."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cec_plugin.adapters.platform import get_platform
from cec_plugin.adapters.registries.by_id import registry_of
from cec_plugin.services import jobs
from cec_plugin.services.unforeseen import place_of


class Command(BaseCommand):
    """Run what is due, and say what came of it."""

    help = "Runs the periodic jobs that are due. Call it from cron every minute."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names of jobs to run whether due or not."""
        names = [job.name for job in jobs.JOBS]
        parser.add_argument(
            "--now", nargs="*", choices=names, default=[], help="run these, due or not"
        )

    def handle(self, *, now: list[str], **_: Any) -> None:
        """Run the jobs; one that fails does not keep the others from running."""
        wanted = [job for job in jobs.JOBS if job.name in now] or jobs.due(_clock())
        failed = []
        for job in wanted:
            try:
                row = jobs.run(job, _outside())
            except Exception as error:  # noqa: BLE001 - it is told at the end, by its place
                # Cron mails it, and the words of an error may name somebody.
                failed.append(f"{job.name}: {place_of(error)}")
            else:
                figures = ", ".join(f"{name} {count}" for name, count in row.result.items())
                self.stdout.write(f"{job.name}: {figures}")
        if failed:
            raise CommandError("; ".join(failed))


def _outside() -> jobs.Outside:
    return jobs.Outside(platform=get_platform(), registries=registry_of, clock=_clock)


def _clock() -> datetime:
    return datetime.now(UTC)
