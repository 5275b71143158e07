"""Import the member numbers of an organization from a CSV file."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cec_plugin import models
from cec_plugin.adapters.platform import get_platform
from cec_plugin.domain.members import MEMBER_COLUMNS, read_members
from cec_plugin.management.importing import read_file, report
from cec_plugin.selectors.members import Outcome
from cec_plugin.services.import_members import Into, import_members, preview


class Command(BaseCommand):
    """Preview an import, or make it; the report names rows, and nobody."""

    help = (
        "Shows what an import of member numbers would do, row by row; with --apply it does it. "
        "Columns: " + ", ".join(MEMBER_COLUMNS) + "."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, whose members they are, and how to import it."""
        parser.add_argument("file", help="a CSV file with a header, UTF-8")
        parser.add_argument("--organization", required=True, help="the code of the organization")
        parser.add_argument("--apply", action="store_true", help="link the good rows")
        parser.add_argument(
            "--all-or-nothing", action="store_true", help="link nobody if any row is bad"
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="let a number take the place of another that the same person has",
        )
        parser.add_argument(
            "--by", default="cec_import_members", help="who answers for the file: a user name"
        )

    def handle(
        self,
        *,
        file: str,
        organization: str,
        apply: bool,
        all_or_nothing: bool,
        replace: bool,
        by: str,
        **_: Any,
    ) -> None:
        """Read the file, and print the report; exit with 1 where a row is bad."""
        of = models.Organization.objects.filter(code=organization).first()
        if of is None:
            raise CommandError(f"there is no organization with the code {organization!r}")
        sheet = read_file(file, read_members)
        into = Into(organization_id=of.pk, replace=replace)
        if apply:
            done = import_members(
                sheet,
                into=into,
                platform=get_platform(),
                by=by,
                now=datetime.now(UTC),
                all_or_nothing=all_or_nothing,
            )
        else:
            done = preview(sheet, into=into, platform=get_platform())
        report(
            self.stdout,
            [(one, one.fault.reason if one.fault else "") for one in done.report],
            outcomes=Outcome,
            bad=done.bad,
            to_be_applied=apply,
            applied=done.applied,
        )
