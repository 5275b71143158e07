"""The add-on's transcripts, in memory: each is put under the caller's own reference.

The add-on is made with Django REST framework. What was not recorded of it follows that: how a list
goes on, and what is said of a field that is missing or is no number.
"""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

PATH = "/api/v1/transcripts/"
REQUIRED = ("member_number", "course_code", "credits", "date")
STATES = ("approved", "cancelled")
FILTERS = {"external_id": "external_id", "user__profile__member_number": "member_number"}

Row = dict[str, Any]
Answer = tuple[int, Any]


class Transcripts:
    """What stands there: at first one that was cancelled, of Ada.

    ``gap`` is where parallel writes meet before any of them has looked.
    """

    def __init__(self) -> None:
        self.members = {"M-1001", "M-1002"}
        self.page_size = 100
        self.gap: threading.Barrier | None = None
        self._lock = threading.Lock()
        self._rows: dict[str, Row] = {}
        self._write(
            1,
            "lms:98fa1d99753244f4a88ca2be5c54fa5a",
            {
                "member_number": "M-1001",
                "course_code": "ETH101",
                "credits": "1.50",
                "date": "2026-11-20",
                "status": "cancelled",
            },
        )
        self._next_id = 4

    def clear(self) -> None:
        """Leave nothing there, as in a registry that has just been set up."""
        with self._lock:
            self._rows.clear()

    def rows(self, **having: str) -> list[Row]:
        """Return what stands there, of which all this is true."""
        with self._lock:
            return [
                dict(row)
                for row in sorted(self._rows.values(), key=lambda row: int(row["id"]))
                if all(row[name] == value for name, value in having.items())
            ]

    def put(self, reference: str, values: Mapping[str, Any]) -> Answer:
        """Write what stands under a reference; what was cancelled stands again if it may."""
        if wrong := self._wrong(values):
            return 400, wrong
        if self.gap is not None:
            self.gap.wait()
        with self._lock:
            there = self._rows.get(reference)
            row_id = there["id"] if there else self._next_id
            self._next_id += not there
            return 200 if there else 201, dict(self._write(row_id, reference, values))

    def page(self, asked: Mapping[str, str], url: str) -> Answer:
        """Return a page; a filter that nobody knows is ignored."""
        having = {FILTERS[name]: value for name, value in asked.items() if name in FILTERS}
        rows = self.rows(**having)
        number = int(asked.get("page", "1"))
        begin, end = (number - 1) * self.page_size, number * self.page_size
        if number > 1 and begin >= len(rows):
            return 404, {"detail": "Invalid page."}

        def link(other: int) -> str:
            return f"{url}{PATH}?{urlencode({**asked, 'page': other})}"

        return 200, {
            "count": len(rows),
            "next": link(number + 1) if end < len(rows) else None,
            "previous": link(number - 1) if number > 1 else None,
            "results": rows[begin:end],
        }

    def _wrong(self, values: Mapping[str, Any]) -> dict[str, list[str]]:
        wrong = {name: ["This field is required."] for name in REQUIRED if name not in values}
        if values.get("status", STATES[0]) not in STATES:
            wrong["status"] = [f'"{values["status"]}" is not a valid choice.']
        if "credits" in values and not _is_number(values["credits"]):
            wrong["credits"] = ["A valid number is required."]
        if not wrong and values["member_number"] not in self.members:
            wrong["member_number"] = ["unknown member"]
        return wrong

    def _write(self, row_id: int, reference: str, values: Mapping[str, Any]) -> Row:
        row = self._rows[reference] = {
            "id": row_id,
            "external_id": reference,
            "member_number": values["member_number"],
            "course_code": values["course_code"],
            "credits": f"{Decimal(values['credits']):.2f}",
            "date": values["date"],
            "status": values.get("status", STATES[0]),
            "location_type": "online",
            "update_dt": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
        }
        return row


def _is_number(value: Any) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False
