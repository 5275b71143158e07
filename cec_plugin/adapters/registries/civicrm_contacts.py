"""The people of a CiviCRM: which contact a member number is, and which one we are ourselves."""

from collections.abc import Iterable, Sequence

from cec_plugin.adapters.registries.civicrm_api import Api4, Row
from cec_plugin.adapters.registries.civicrm_options import CivicrmOptions
from cec_plugin.domain.delivery import Outcome, Result

OURSELVES = "user_contact_id"
"""What CiviCRM takes for the id of the contact whose API key it was given."""


class Contacts:
    """Looks contacts up. Those in the trash are nobody."""

    def __init__(self, api: Api4, options: CivicrmOptions) -> None:
        """Ask through ``api``."""
        self._api, self._options = api, options

    def ourselves(self) -> int | Outcome:
        """Return our own contact's id: the one thing that nobody is shown without credentials."""
        rows = self._api.read(
            "Contact", {"select": ["id"], "where": [["id", "=", OURSELVES]], "limit": 2}
        )
        if isinstance(rows, Outcome):
            return rows
        ids = [contact_id for row in rows if (contact_id := _id(row)) is not None]
        if len(ids) != 1:
            return Outcome(
                result=Result.CONFIGURATION,
                status=200,
                reason="HTTP 200: it does not know who we are, and so shows us nothing",
            )
        return ids[0]

    def with_numbers(self, numbers: Sequence[str]) -> dict[str, list[int]] | Outcome:
        """Return the ids of the contacts that have exactly these numbers, by number.

        Compared here: its database takes letters of either case for the same.
        """
        field = self._options.number_field
        rows = self._api.read(
            "Contact",
            {
                "select": ["id", field, "is_deleted"],
                "where": [[field, "IN", list(numbers)]],
                "limit": 0,
            },
            unsaid=numbers,
        )
        if isinstance(rows, Outcome):
            return rows
        found: dict[str, list[int]] = {number: [] for number in numbers}
        for row in rows:
            number, contact_id = str(row.get(field)), _id(row)
            if number in found and contact_id is not None and not row.get("is_deleted"):
                found[number].append(contact_id)
        if not any(found.values()):
            ourselves = self.ourselves()
            if isinstance(ourselves, Outcome):
                return ourselves
        return found

    def numbers(self, contact_ids: Iterable[int]) -> dict[int, str] | Outcome:
        """Return the numbers of contacts, by id; one without a number is left out."""
        wanted = sorted(set(contact_ids))
        if not wanted:
            return {}
        field = self._options.number_field
        rows = self._api.read(
            "Contact", {"select": ["id", field], "where": [["id", "IN", wanted]], "limit": 0}
        )
        if isinstance(rows, Outcome):
            return rows
        return {
            contact_id: str(row[field])
            for row in rows
            if (contact_id := _id(row)) is not None and row.get(field)
        }

    def is_current(self, contact_id: int) -> bool | Outcome:
        """Say whether a contact has a membership that is current."""
        rows = self._api.read(
            "Membership",
            {
                "select": ["status_id.is_current_member"],
                "where": [["contact_id", "=", contact_id]],
                "limit": 0,
            },
        )
        if isinstance(rows, Outcome):
            return rows
        return any(row.get("status_id.is_current_member") is True for row in rows)


def _id(row: Row) -> int | None:
    value = row.get("id")
    return value if isinstance(value, int) else None
