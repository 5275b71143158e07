"""A guild whose credits go to a body that takes files, with people who earned some."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.services.settle_receipts import Received
from tests import factories
from tests.events import ETHICS

REVERSALS: Mapping[str, Any] = {
    "reversal_kind": "delete",
    "columns": [
        {"name": name, "holds": holds}
        for name, holds in (
            ("ref", "reference"),
            ("kind", "kind"),
            ("licence", "member_number"),
            ("hours", "amount"),
            ("date", "earned_on"),
            ("takes back", "award_reference"),
            ("their id", "remote_id"),
        )
    ],
}


def earned() -> datetime:
    """Return a day lately: a body's window is open for it."""
    return datetime.now(UTC) - timedelta(days=20)


def board(*, people: int = 2, **options: Any) -> models.Registry:
    """Make the body, and let so many people earn ten hours and be known by their numbers."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    registry = models.Registry.objects.create(
        organization=guild, name="State board", adapter="roster", paused=False, options=options
    )
    for number in range(people):
        earn(registry, number)
    return registry


def subject(number: int) -> str:
    return f"9{number:05d}"


def earn(registry: models.Registry, number: int, *, at: datetime | None = None) -> None:
    factories.finish(subject(number), ETHICS, at or earned())
    factories.settle(subject(number), now=datetime.now(UTC))
    factories.link(subject(number), registry.organization, f"L-{number}", now=datetime.now(UTC))


def withdraw(number: int) -> None:
    factories.withdraw(subject(number), ETHICS, datetime.now(UTC))
    factories.settle(subject(number), now=datetime.now(UTC))


def award_of(number: int) -> models.Delivery:
    person = factories.person_of(subject(number))
    return models.Delivery.objects.get(
        entry__account__person_id=person, entry__kind="award", errand="tell", round=0
    )


def closed(registry: models.Registry) -> models.RosterFile:
    file = rosters.close(registry, by="clerk").file
    assert file is not None
    return file


def lines_of(file: models.RosterFile) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(rosters.write(file).content.decode(), newline="")))


def receive(
    registry: models.Registry, *rows: str, file: models.RosterFile | None = None
) -> Received:
    return rosters.receive(registry, receipts(*rows), by="clerk", file=file)


def receipts(*rows: str) -> bytes:
    return ("reference,status,reason,id\n" + "\n".join(rows) + "\n").encode()


def told(done: Received) -> list[tuple[int, str, str]]:
    return [(one.row, one.outcome, one.why) for one in done.report]


def states() -> list[tuple[str, str, str]]:
    rows = models.Delivery.objects.order_by("id")
    return list(rows.values_list("state", "hold_code", "presence"))
