"""The rows of one CiviCRM, in memory: two members, the account that syncs, and its administrator."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.emulations.civicrm.errors import ApiError
from tests.emulations.civicrm.schema import (
    CURRENT_MEMBERSHIPS,
    CUSTOM,
    FIELDS,
    OPTIONS,
    Row,
    contact,
)

REFERENCE = "CE_Credit.External_Ref"


class Data:
    """What there is, and what a site made of it: its ``fields`` and its option lists.

    ``unique`` is an index on the reference; ``losing`` keeps no custom field of what is written;
    ``gone`` are contacts that are erased while a call runs, after it looked them up; ``clock``
    dates what is written, to the second.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.fields = {entity: dict(fields) for entity, fields in FIELDS.items()}
        self.options = {place: dict(options) for place, options in OPTIONS.items()}
        self.unique = self.losing = False
        self.gone: set[int] = set()
        self.clock: Callable[[], datetime] = datetime.now
        people = [
            contact(2, "Standalone", "Admin"),
            contact(3, "Sync", "Account", "svc-lms"),
            {
                **contact(4, "Ada", "Lovelace", "M-1001"),
                "email_primary.email": "ada.lovelace@example.org",
            },
            contact(5, "Grace", "Hopper", "M-1002"),
        ]
        self.contacts: dict[int, Row] = {row["id"]: row for row in people}
        self.memberships: dict[int, Row] = {
            1: {"id": 1, "contact_id": 4, "status_id": 1, "end_date": "2027-11-22"}
        }
        self.activities: dict[int, Row] = {}
        self._next_id = 73

    def rows(self, entity: str) -> list[Row]:
        """Return the rows of an entity, by id."""
        tables = {
            "Contact": self.contacts,
            "Membership": self.memberships,
            "Activity": self.activities,
        }
        with self.lock:
            return [dict(row) for _, row in sorted(tables[entity].items())]

    def joined(self, entity: str, row: Row, path: str) -> Any:
        """Return what stands at a path in a row, over joins and option lists.

        Raises:
            KeyError: there is no such path.
        """
        if path in row:
            return row[path]
        column, _, suffix = path.rpartition(":")
        if suffix == "name" and (entity, column) in self.options:
            return self.options[entity, column].get(row[column])
        column, _, rest = path.partition(".")
        if (entity, column) == ("Membership", "contact_id"):
            return self.joined("Contact", self.contacts[row[column]], rest)
        if (entity, path) == ("Membership", "status_id.is_current_member"):
            return row["status_id"] in CURRENT_MEMBERSHIPS
        raise KeyError(path)

    def write(self, values: Row, activity_id: int | None = None) -> int:
        """Insert an activity, or change one; return its id.

        Raises:
            ApiError: a value is of the wrong type, or points to nobody.
        """
        credits_ = values.get("CE_Credit.Credits")
        if credits_ is not None and not _is_number(credits_):
            raise ApiError(f"One of the parameters  (value: {credits_}) is not of the type Float")
        with self.lock:
            there = self.contacts.keys() - self.gone
            for column in ("source_contact_id", "target_contact_id"):
                pointed = values.get(column, [])
                if not there >= set(pointed if isinstance(pointed, list) else [pointed]):
                    raise ApiError("DB Error: constraint violation")
            now = f"{self.clock():%Y-%m-%d %H:%M:%S}"
            if activity_id is None:
                activity_id, self._next_id = self._next_id, self._next_id + 1
                self.activities[activity_id] = {
                    "id": activity_id,
                    "subject": None,
                    "activity_date_time": now,
                    "status_id": 2,
                    "priority_id": 2,
                    "source_contact_id": None,
                    "target_contact_id": [],
                    "is_deleted": False,
                    "created_date": now,
                    **dict.fromkeys(CUSTOM),
                }
            if self.losing or self._refused(values.get(REFERENCE), activity_id):
                # The row of the custom fields is refused, the activity's own stays: measured.
                values = {name: value for name, value in values.items() if name not in CUSTOM}
            if "CE_Credit.Credits" in values:
                values = {**values, "CE_Credit.Credits": _number(values["CE_Credit.Credits"])}
            self.activities[activity_id].update({**values, "modified_date": now})
            return activity_id

    def _refused(self, reference: Any, activity_id: int) -> bool:
        return (
            self.unique
            and reference is not None
            and any(
                row[REFERENCE] == reference and row["id"] != activity_id
                for row in self.activities.values()
            )
        )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _number(value: Any) -> float | int | None:
    if value is None:
        return None
    number = float(value)
    return int(number) if number.is_integer() else number
