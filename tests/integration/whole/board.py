"""A body that takes files: somebody carries them there, and its receipts back."""

import csv
from collections.abc import Mapping
from datetime import date
from io import StringIO
from typing import Any

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.selectors.roster_rows import waiting
from tests.integration.rosters import REVERSALS
from tests.integration.whole.place import MEMBERS, Place, Record

HEADER = "reference,status,reason,id\n"


class Board(Place):
    """A board whose clerk enters each line of a file by hand, and looks for its reference first."""

    def __init__(self, **options: Any) -> None:
        given = {**REVERSALS, "reversal_by_reference": True, **options}
        self.row = {"adapter": "roster", "options": given}
        self.files: list[bytes] = []
        self._records: dict[str, Record] = {}
        self._receipts: list[tuple[models.RosterFile, str]] = []
        self._loses = False

    def records(self) -> list[Record]:
        return list(self._records.values())

    def lose_the_next_answer(self) -> None:
        """Let the next file be taken, and its receipts come only when somebody asks again."""
        self._loses = True

    def carry(self, row: models.Registry) -> bool:
        """Bring back the receipts that are ready, then hand over the next file."""
        if row.paused:
            return False
        if self._loses and self._receipts:
            self._loses = False
            return True  # somebody asks for them again
        ready, self._receipts = self._receipts, []
        for file, receipts in ready:
            rosters.receive(row, receipts.encode(), by="clerk", file=file)
        closed = rosters.close(row, by="clerk").file if waiting(row.pk).exists() else None
        if closed is not None:
            content = rosters.write(closed).content
            self.files.append(content)
            self._receipts.append((closed, self._take(content)))
        return bool(ready) or closed is not None

    def _take(self, content: bytes) -> str:
        lines = csv.DictReader(StringIO(content.decode(), newline=""))
        return HEADER + "".join(f"{line['ref']},{self._enter(line)}\n" for line in lines)

    def _enter(self, line: Mapping[str, str]) -> str:
        if line["kind"] == "delete":
            return self._delete(line)
        if line["licence"] not in MEMBERS:
            return "rejected,no such licence,"
        if line["ref"] in self._records:
            return "rejected,it is here already,"
        self._records[line["ref"]] = Record(
            member=line["licence"],
            hundredths=parse_hundredths(line["hours"]),
            on=date.fromisoformat(line["date"]),
            reference=line["ref"],
        )
        return f"accepted,,B-{len(self._records)}"

    def _delete(self, line: Mapping[str, str]) -> str:
        record = self._records.get(line["takes back"])
        if record is None or not record.stands:
            return "rejected,there is no such credit,"
        self._records[record.reference] = Record(
            member=record.member,
            hundredths=record.hundredths,
            on=record.on,
            reference=record.reference,
            stands=False,
        )
        return "accepted,,"
