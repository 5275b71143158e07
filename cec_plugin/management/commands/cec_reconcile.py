"""Reconcile registries from a shell: counts, a CSV file, an exit code."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cec_plugin import models
from cec_plugin.adapters.registries.by_id import registry_of
from cec_plugin.domain.delivery import Errand, State
from cec_plugin.domain.ports import Registry
from cec_plugin.domain.spreadsheets import rows_as_csv
from cec_plugin.management.progress import Progress
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.selectors.reconciliations import COLUMNS, difference_lines
from cec_plugin.services.reconcile import Reader, reconcile
from cec_plugin.services.repair import repair_all

BY = "shell"
DIFFERENCES, FAILED = 1, 2


class Command(BaseCommand):
    """Read what registries hold, and tell in what it differs from what we say."""

    help = (
        "Reconciles registries with the outbox; changes nothing but with --repair. Exit code 0: "
        "no difference was found, 1: differences were, 2: a registry could not be reconciled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the registries by name, and where to write the differences."""
        parser.add_argument("registries", nargs="*", help="names of registries; none: all of them")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="look at each difference again, and tell or take back what can be put right so",
        )
        parser.add_argument("--csv", metavar="FILE", help="write every difference to this file")

    def handle(self, *, registries: list[str], csv: str | None, repair: bool, **_: Any) -> None:
        """Reconcile each; exit with the worst that came of any."""
        reports = [self._reconcile(row, repair=repair) for row in _wanted(registries)]
        if csv:
            text = "".join(rows_as_csv(("registry", *COLUMNS), _lines(reports)))
            Path(csv).write_text(text, encoding="utf-8", newline="")
        failed = [one for one in reports if one.outcome in NOT_RECONCILED]
        if failed:
            names = ", ".join(str(one.registry) for one in failed)
            raise CommandError(f"could not be reconciled: {names}", returncode=FAILED)
        if any(one.outcome == Reconciliation.Outcome.DIFFERS for one in reports):
            raise CommandError("there are differences", returncode=DIFFERENCES)

    def registry(self, registry_id: int) -> Registry:
        """Return the adapter of a registry by the id of its row."""
        return registry_of(registry_id)

    def _reconcile(self, row: models.Registry, *, repair: bool) -> Reconciliation:
        progress = Progress(self.stdout, label=row.name, expected=_told(row))
        reader = Reader(registries=self.registry, clock=_clock, follow=progress)
        report = reconcile(row.pk, by=BY, reader=reader)
        progress.clear()
        self.stdout.write(f"{row.name}: {_words(report)}")
        if repair and report.outcome == Reconciliation.Outcome.DIFFERS:
            came_to = repair_all(report.pk, reader, by=BY)
            told = ", ".join(f"{what} {count}" for what, count in sorted(came_to.items()))
            self.stdout.write(f"{row.name}: repairs: {told}")
        return report


NOT_RECONCILED = (Reconciliation.Outcome.FAILED, Reconciliation.Outcome.UNABLE)


def _wanted(names: Sequence[str]) -> list[models.Registry]:
    rows = models.Registry.objects.order_by("name")
    if not names:
        return list(rows)
    found = {row.name: row for row in rows.filter(name__in=names)}
    if unknown := [name for name in names if name not in found]:
        raise CommandError(f"there is no registry {unknown[0]!r}", returncode=FAILED)
    return [found[name] for name in dict.fromkeys(names)]


def _told(row: models.Registry) -> int:
    told = row.deliveries.filter(errand=Errand.TELL.value, state=State.DELIVERED.value)
    return int(told.count())


def _words(report: Reconciliation) -> str:
    if report.outcome in NOT_RECONCILED:
        return f"{report.outcome}, {report.reason}"
    told = [f"{kind} {count}" for kind, count in report.counts.items()] or ["no difference"]
    if report.unlisted:
        told.append(f"and {report.unlisted} more that look wrong")
    what = "records read" if report.way == Reconciliation.Way.LISTED else "credits asked about"
    told.append(f"{what} {report.listed}")
    if report.unnamed:
        told.append(f"without a reference {report.unnamed}")
    return ", ".join(told)


def _lines(reports: Sequence[Reconciliation]) -> Iterator[tuple[str, ...]]:
    for report in reports:
        for line in difference_lines(report.pk):
            yield (report.registry.name, *line)


def _clock() -> datetime:
    return datetime.now(UTC)
