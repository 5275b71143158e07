"""Load a starter table as a draft."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cec_plugin import models
from cec_plugin.domain.packs import read_pack
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors.differences import differences
from cec_plugin.services.load_pack import Loaded, load_pack


class Command(BaseCommand):
    """Load a pack by its name, or from a file of your own."""

    help = "Loads a pack as a draft and shows what differs; a second time changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the pack's name or path."""
        parser.add_argument("pack", help="a name, such as cpc, or the path of a TOML file")

    def handle(self, *, pack: str, **_: Any) -> None:
        """Load the pack."""
        try:
            loaded = load_pack(read_pack(_text(pack), name=pack))
        except FaultsError as error:
            raise CommandError(str(error)) from error
        if loaded.new:
            said = f"{loaded.schedule} is loaded as a draft: look it through and activate it."
        else:
            said = f"{loaded.schedule} has the same rules already: nothing was changed."
        self.stdout.write(said)
        for line in _differences(loaded) if loaded.new else ():
            self.stdout.write(line)


def _differences(loaded: Loaded) -> Iterator[str]:
    """Say what the draft says otherwise than the version before it."""
    before = (
        models.Schedule.objects.filter(
            organization_id=loaded.schedule.organization_id, version__lt=loaded.schedule.version
        )
        .order_by("-version")
        .first()
    )
    if before is None:
        return
    for one in differences(before, loaded.schedule):
        said = f"  {one.what}: {one.change}"
        yield f"{said} ({', '.join(one.fields)})" if one.fields else said


def _text(pack: str) -> str:
    shipped = resources.files("cec_plugin.packs").joinpath(f"{pack}.toml")
    if pack.isidentifier() and shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    try:
        # Some editors begin a file with a byte order mark, which TOML does not know.
        return Path(pack).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise CommandError(f"there is no pack and no readable file {pack!r}: {error}") from error
