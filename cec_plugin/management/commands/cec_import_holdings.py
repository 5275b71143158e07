"""Import who holds which designation from a CSV file."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cec_plugin.adapters.platform import get_platform
from cec_plugin.domain.holdings import LONGEST, read_holdings
from cec_plugin.management.importing import read_file, report
from cec_plugin.selectors.holdings import Outcome
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
        sheet = read_file(file, read_holdings)
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
        report(
            self.stdout,
            [(one, one.reason) for one in done.report],
            outcomes=Outcome,
            bad=done.bad,
            to_be_applied=apply,
            applied=done.applied,
        )
