"""The emulated CiviCRM, its rows read from its memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from cec_plugin.domain.credits import parse_hundredths
from tests.contract.civicrm_tenant import CANCELLED
from tests.emulations.civicrm.data import REFERENCE
from tests.emulations.civicrm.schema import Row, contact
from tests.emulations.civicrm.server import Emulation, running_civicrm
from tests.integration.whole.between import Between, standing_between
from tests.integration.whole.place import MARY, Called, Record

COMPLETED = 2
AMOUNT = "CE_Credit.Credits"
WRITES = ("create", "save", "update")


class Civicrm(Called):
    """A CiviCRM that shows nobody anything once it does not know us, and says 200 to it."""

    def __init__(self, emulation: Emulation, between: Between) -> None:
        self.emulation, self.between = emulation, between
        self.data = emulation.data
        self.data.contacts[6] = contact(6, "Mary", "Somerville", MARY)
        self.row = {"adapter": "civicrm", "base_url": between.url, "secret": "civicrm"}

    def records(self) -> list[Record]:
        return [self._record(row) for row in self.data.rows("Activity")]

    def shut_us_out(self) -> None:
        self.emulation.dropped = True

    def let_us_in(self) -> None:
        self.emulation.dropped = False

    def remove(self, reference: str) -> None:
        del self.data.activities[self._one(reference)["id"]]

    def double(self, reference: str) -> None:
        row = self._one(reference)
        self._write({name: row[name] for name in row if name not in ("id", "created_date")})

    def change(self, reference: str, *, hundredths: int) -> None:
        self._write({AMOUNT: hundredths / 100}, self._one(reference)["id"])

    def take_back(self, reference: str) -> None:
        self._write({"status_id": CANCELLED}, self._one(reference)["id"])

    def reopen(self, reference: str) -> None:
        self._write({"status_id": COMPLETED}, self._one(reference)["id"])

    def enter(self, reference: str, member: str) -> None:
        contact_id = next(
            row["id"] for row in self.data.rows("Contact") if row["external_identifier"] == member
        )
        credit = {"activity_type_id": 56, "target_contact_id": [contact_id], AMOUNT: 3}
        date_ = {"activity_date_time": "2026-04-01 00:00:00"}
        self._write({**credit, **date_, "source_contact_id": 2, REFERENCE: reference})

    def lose_the_reference_of(self, reference: str) -> None:
        """Let somebody empty the field in which it stood."""
        self._write({REFERENCE: None}, self._one(reference)["id"])

    def put_into_the_trash(self, reference: str) -> None:
        self._write({"is_deleted": True}, self._one(reference)["id"])

    def _write(self, values: dict[str, Any], activity_id: int | None = None) -> None:
        self.data.write(values, activity_id)

    def _one(self, reference: str) -> Row:
        (row,) = [row for row in self.data.rows("Activity") if row[REFERENCE] == reference]
        return row

    def _record(self, row: Row) -> Record:
        (contact_id,) = row["target_contact_id"]
        return Record(
            member=self.data.contacts[contact_id]["external_identifier"],
            hundredths=parse_hundredths(str(row[AMOUNT])),
            on=date.fromisoformat(row["activity_date_time"][:10]),
            reference=row[REFERENCE],
            stands=row["status_id"] != CANCELLED and not row["is_deleted"],
        )


@contextmanager
def a_civicrm() -> Iterator[Civicrm]:
    """Run one."""

    def is_write(_method: str, path: str) -> bool:
        return path.rpartition("/")[2] in WRITES

    with running_civicrm() as emulation, standing_between(emulation.url, is_write) as between:
        yield Civicrm(emulation, between)
