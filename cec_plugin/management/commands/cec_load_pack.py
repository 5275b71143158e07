"""Load a starter table as a draft, and show what differs."""

from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from cec_plugin import models
from cec_plugin.domain.differences import Difference, Kind
from cec_plugin.domain.packs import Pack, read_pack
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors import suggestions
from cec_plugin.selectors.differences import differences, last_word, newest_draft
from cec_plugin.selectors.on_site import OnSite, on_site
from cec_plugin.services.load_pack import Loaded, load_pack

IN_TABLE = {Kind.NEW: "new", Kind.GONE: "gone"}
ON_SITE = {Kind.NEW: "only in the pack", Kind.GONE: "only here"}


class Command(BaseCommand):
    """Load a pack by its name, or from a file of your own."""

    help = "Loads a pack as a draft and shows what differs; a second time changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the pack's name or path."""
        parser.add_argument("pack", help="a name, such as cpc, or the path of a TOML file")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would be, and make nothing"
        )

    def handle(self, *, pack: str, dry_run: bool, **_: Any) -> None:
        """Load the pack."""
        try:
            read = read_pack(_text(pack), name=pack)
            site = on_site(read)
            lines = _rehearsed(read, site) if dry_run else _told(load_pack(read), site, "is")
        except FaultsError as error:
            raise CommandError(str(error)) from error
        for line in lines:
            self.stdout.write(line)


def _rehearsed(pack: Pack, site: OnSite) -> list[str]:
    """Load the pack, tell what came of it, and undo it."""
    with transaction.atomic():
        lines = _told(load_pack(pack), site, "would be")
        transaction.set_rollback(True)
    return [*lines, "Nothing was made: this was a dry run."]


def _told(loaded: Loaded, site: OnSite, is_: str) -> list[str]:
    schedule = loaded.schedule
    if loaded.new:
        lines = [f"{schedule} {is_} loaded as a draft: look it through and activate it."]
    else:
        lines = [f"{schedule} has the same rules already: nothing was changed."]
    active = last_word(schedule.organization_id)
    draft = newest_draft(schedule.organization_id, besides=schedule.pk)
    lines += _against(schedule, active, "which is active")
    lines += _against(schedule, draft, "the newest draft besides")
    if site.missing:
        lines.append(f"Listed with it: {', '.join(site.missing)}.")
    if site.kept:
        lines.append("Kept as they are here, though the pack says otherwise:")
        lines += _differences(site.kept, ON_SITE)
    if waiting := len(_waiting(schedule)):
        lines.append(f"Empty figures with a suggestion that you may adopt: {waiting}.")
    return lines


def _waiting(schedule: models.Schedule) -> list[suggestions.Open]:
    found = [] if schedule.is_active else suggestions.in_table(schedule.pk)
    for one in schedule.organization.designations.all():
        found += suggestions.in_designation(one.pk)
    return found


def _against(schedule: models.Schedule, other: models.Schedule | None, which: str) -> Iterator[str]:
    if other is None or other.pk == schedule.pk:
        return
    found = differences(other, schedule)
    if not found:
        yield f"Against v{other.version}, {which}: nothing differs."
        return
    yield f"Against v{other.version}, {which}:"
    yield from _differences(found, IN_TABLE)


def _differences(found: Iterable[Difference], words: dict[Kind, str]) -> Iterator[str]:
    for one in found:
        changes = "; ".join(
            f"{change.field} {change.before} → {change.after}" for change in one.changes
        )
        yield f"  {one.what}: {words.get(one.kind) or changes}"


def _text(pack: str) -> str:
    shipped = resources.files("cec_plugin.packs").joinpath(f"{pack}.toml")
    if pack.isidentifier() and shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    try:
        # Some editors begin a file with a byte order mark, which TOML does not know.
        return Path(pack).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise CommandError(f"there is no pack and no readable file {pack!r}: {error}") from error
