"""Credits as the activities of a CiviCRM: how they are read, written and taken back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cec_plugin.adapters.registries.answers import id_in
from cec_plugin.adapters.registries.civicrm_api import Api4, Row
from cec_plugin.adapters.registries.civicrm_contacts import OURSELVES
from cec_plugin.adapters.registries.civicrm_options import CivicrmOptions
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Posting
from cec_plugin.exceptions import InvalidFigureError

SUBJECT_LENGTH = 255
"""The column's: a longer one is an error of the database, and says no more than that."""

EVEN_IN_THE_TRASH: list[Any] = ["is_deleted", "IN", [0, 1]]
"""Unless it is named, activities in the trash are left out, and would be written once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """An activity that is a credit. One in the trash counts as reversed."""

    remote_id: str
    reference: str
    hundredths: int | None
    reversed: bool
    contact_ids: tuple[int, ...]
    modified: str

    def is_of(self, posting: Posting, contact_id: int) -> bool:
        """Say whether it is what was posted, for this contact and nobody else."""
        return (
            self.hundredths == posting.hundredths
            and self.contact_ids == (contact_id,)
            and not self.reversed
        )


class Credits:
    """Reads and writes the activities that are credits."""

    def __init__(self, api: Api4, options: CivicrmOptions) -> None:
        """Speak through ``api``."""
        self._api, self._options = api, options

    def under(self, references: Sequence[str]) -> dict[str, list[Credit]] | Outcome:
        """Return what stands under each of these references, whatever type it has by now."""
        where = [[self._options.reference_field, "IN", list(references)], EVEN_IN_THE_TRASH]
        rows = self._read(where, limit=0)
        if isinstance(rows, Outcome):
            return rows
        found: dict[str, list[Credit]] = {reference: [] for reference in references}
        for credit in rows:
            if credit.reference not in found:
                return Outcome(
                    result=Result.CONFLICT,
                    status=200,
                    remote_id=credit.remote_id,
                    reason="it shows records under another reference than it was asked for",
                )
            found[credit.reference].append(credit)
        return found

    def listed(self, after: list[Any], limit: int) -> list[Credit] | Outcome:
        """Return credits by the time of their last change, ours and others'."""
        where = [
            ["activity_type_id:name", "=", self._options.activity_type],
            EVEN_IN_THE_TRASH,
            *after,
        ]
        return self._read(where, limit=limit, order={"modified_date": "ASC", "id": "ASC"})

    def save(self, credits_: Sequence[tuple[Posting, int]]) -> list[Row] | Outcome:
        """Write credits for these contacts; answer with an id for each, by position.

        ``match`` updates what came under the same reference since we looked. That is not atomic,
        and proves nothing.
        """
        records = [self._record(posting, contact_id) for posting, contact_id in credits_]
        unsaid = [posting.member_number for posting, _ in credits_]
        params = {"records": records, "match": [self._options.reference_field]}
        return self._api.write("Activity", "save", params, unsaid=unsaid)

    def cancel(self, reference: str, reason: str) -> list[Row] | Outcome:
        """Give what stands under a reference the status of a credit taken back."""
        values = {"status_id:name": self._options.reversed_status}
        if self._options.reason_field:
            values[self._options.reason_field] = reason
        where = [[self._options.reference_field, "=", reference]]
        return self._api.write("Activity", "update", {"where": where, "values": values})

    def _read(
        self, where: list[Any], *, limit: int, order: Row | None = None
    ) -> list[Credit] | Outcome:
        options = self._options
        params: dict[str, Any] = {
            "select": [
                "id",
                "status_id:name",
                "is_deleted",
                "target_contact_id",
                options.reference_field,
                options.amount_field,
                "modified_date",
            ],
            "where": where,
            "limit": limit,
        }
        rows = self._api.read("Activity", params if order is None else {**params, "orderBy": order})
        return rows if isinstance(rows, Outcome) else [self._credit(row) for row in rows]

    def _credit(self, row: Row) -> Credit:
        options = self._options
        targets = row.get("target_contact_id")
        return Credit(
            remote_id=id_in(row, "id"),
            reference=str(row.get(options.reference_field) or ""),
            hundredths=_hundredths(row.get(options.amount_field)),
            reversed=row.get("status_id:name") == options.reversed_status
            or bool(row.get("is_deleted")),
            contact_ids=tuple(one for one in targets if isinstance(one, int))
            if isinstance(targets, list)
            else (),
            modified=str(row.get("modified_date") or ""),
        )

    def _record(self, posting: Posting, contact_id: int) -> dict[str, Any]:
        options = self._options
        named = {
            options.credit_type_field: options.credit_types.get(
                posting.credit_type, posting.credit_type
            ),
            options.activity_field: posting.activity,
            options.unit_field: posting.unit,
            options.role_field: posting.role,
            options.amount_field: _amount(posting.hundredths),
            options.reference_field: posting.reference,
        }
        return {
            "activity_type_id:name": options.activity_type,
            "target_contact_id": [contact_id],
            "source_contact_id": options.source_contact_id or OURSELVES,
            "subject": posting.title[:SUBJECT_LENGTH],
            "activity_date_time": posting.earned_on.strftime(options.date_format),
            "status_id:name": options.standing_status,
            **{name: value for name, value in named.items() if name},
        }


def _amount(hundredths: int) -> float | int:
    """Return an amount as the number that JSON writes with its own two decimals."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def _hundredths(amount: Any) -> int | None:
    """Return an amount in hundredths: None where there is none, 0 where nobody can read it."""
    if amount is None:
        return None
    if isinstance(amount, float) and not math.isfinite(amount):
        return 0
    try:
        return parse_hundredths(str(amount))
    except InvalidFigureError:
        return 0  # it is not the one that was sent
