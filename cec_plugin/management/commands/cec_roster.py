"""Close a roster file and write it, or settle by the receipts that came for one."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.exceptions import CecError
from cec_plugin.selectors.roster_receipts import Reported, counts


class Command(BaseCommand):
    """Close, write again, or settle; what it prints names rows and references, and nobody."""

    help = (
        "Closes the next roster file of a registry and writes it; with --receipts settles by a "
        "file of receipts. Exit code 1: something needs a person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the registry, and what to do."""
        parser.add_argument("registry", help="its name")
        parser.add_argument("--out", metavar="FILE", help="where to write; never over a file")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--again", action="store_true", help="write the file --number again")
        what.add_argument("--receipts", metavar="FILE", help="settle by these receipts")
        parser.add_argument(
            "--number", type=int, help="the roster file that is meant (receipts: for it alone)"
        )
        parser.add_argument(
            "--preview", action="store_true", help="with --receipts: only say what they settle"
        )
        parser.add_argument("--by", default="cec_roster", help="who answers for it: a user name")

    def handle(self, *, registry: str, **options: Any) -> None:
        """Do what was asked.

        Raises:
            CommandError: there is no such registry or file, or something needs a person.
        """
        row = models.Registry.objects.filter(
            name=registry, adapter=models.Registry.Adapter.ROSTER
        ).first()
        if row is None:
            raise CommandError(f"there is no registry {registry!r} that takes files", returncode=2)
        file = self._file(row, options["number"])
        try:
            if options["receipts"]:
                self._receive(row, file, options)
            elif options["again"]:
                if file is None:
                    raise CommandError("say which file: --number", returncode=2)
                self._write(file, options["out"])
            else:
                self._close(row, options)
        except CecError as error:
            raise CommandError(str(error)) from error

    def _file(self, row: models.Registry, number: int | None) -> models.RosterFile | None:
        if number is None:
            return None
        file = row.roster_files.filter(number=number).first()
        if file is None:
            raise CommandError(f"there is no roster file {number}", returncode=2)
        return file

    def _close(self, row: models.Registry, options: dict[str, Any]) -> None:
        if options["out"] and Path(options["out"]).exists():
            raise CommandError("there is a file of that name already: nothing was closed")
        closed = rosters.close(row, by=options["by"])
        if closed.aside:
            self.stdout.write(f"in no file, see why among the deliveries: {closed.aside}")
        if closed.file is None:
            self.stdout.write("There is nothing to put into a file.")
        else:
            self.stdout.write(f"roster file {closed.file.number} is closed, lines: {closed.lines}")
            self._write(closed.file, options["out"])
        if closed.left:
            self.stdout.write(f"left for the next file: {closed.left}")
        if soon := rosters.soon_too_late(row):
            self.stdout.write(f"in no file, and soon taken no more: {soon}")

    def _write(self, file: models.RosterFile, out: str | None) -> None:
        made = rosters.write(file)
        path = Path(out or made.name)
        try:
            # It holds member numbers: nobody else on this machine reads it.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as written:
                written.write(made.content)
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written ({error.strerror}); roster file {file.number} is "
                f"closed: write it elsewhere with --again --number {file.number}"
            ) from error
        self.stdout.write(f"written to {path}")

    def _receive(
        self, row: models.Registry, file: models.RosterFile | None, options: dict[str, Any]
    ) -> None:
        try:
            content = Path(options["receipts"]).read_bytes()
        except (OSError, ValueError) as error:
            raise CommandError(f"there is no readable file {options['receipts']!r}") from error
        if options["preview"]:
            done = rosters.preview(row, content, file=file)
        else:
            done = rosters.receive(row, content, file=file, by=options["by"])
        for one in done.report:
            self.stdout.write(_line(one))
        told = [f"{one.value} {count}" for one, count in counts(done.report).items()]
        self.stdout.write(f"{', '.join(told) or 'no rows'}.")
        if not done.applied:
            self.stdout.write("Nothing was written.")
        if done.bad:
            raise CommandError(f"rows that settle nothing and need a look: {done.bad}")


def _line(one: Reported) -> str:
    told = f"row {one.row}: {one.outcome.value}"
    if one.field:
        told += f", {one.field}"
    return f"{told}: {one.why}" if one.why else told
