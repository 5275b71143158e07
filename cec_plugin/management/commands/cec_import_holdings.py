"""Import who holds which designation from a CSV file."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cec_plugin.adapters.platform import get_platform
from cec_plugin.domain.holdings import LONGEST, read_holdings
from cec_plugin.selectors.holdings import Outcome, Reported
from cec_plugin.services.import_holdings import import_holdings, preview


class Command(BaseCommand):
    """Preview an import, or make it; the report names rows, and nobody."""

    help = (
        "Shows what an import of holdings would do, row by row; with --apply it does it. Columns: "
        + ", ".join(LONGEST)
        + "."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, and how to import it."""
        parser.add_argument("file", help="a CSV file with a header, UTF-8")
        parser.add_argument("--apply", action="store_true", help="write the good rows")
        parser.add_argument(
            "--all-or-nothing", action="store_true", help="write nothing if any row is bad"
        )
        parser.add_argument(
            "--by", default="cec_import_holdings", help="who answers for the file: a user name"
        )

    def handle(self, *, file: str, apply: bool, all_or_nothing: bool, by: str, **_: Any) -> None:
        """Read the file, and print the report; exit with 1 where a row is bad."""
        try:
            sheet = read_holdings(Path(file).read_bytes())
        except (OSError, ValueError) as error:
            raise CommandError(f"there is no readable file {file!r}") from error
        if apply:
            done = import_holdings(
                sheet,
                platform=get_platform(),
                by=by,
                now=datetime.now(UTC),
                all_or_nothing=all_or_nothing,
            )
        else:
            done = preview(sheet, platform=get_platform())
        for one in done.report:
            self.stdout.write(_line(one))
        outcomes = {one.row: one.outcome for one in done.report}
        counts = Counter(outcomes.values())
        told = [f"{one.value} {counts[one]}" for one in Outcome if counts[one]]
        self.stdout.write(f"{', '.join(told) or 'no rows'}.")
        if not done.applied:
            self.stdout.write("Nothing was written" + ("." if apply else ": add --apply to write."))
        if done.bad:
            raise CommandError(f"rows that are not on this site as the file says: {done.bad}")


def _line(one: Reported) -> str:
    told = f"row {one.row}: {one.outcome.value}"
    if one.field:
        told += f", {one.field}"
    return f"{told}: {one.reason}" if one.reason else told
