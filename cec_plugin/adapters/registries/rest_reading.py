"""Find our records in whatever a REST registry answers, and compare them with what we sent."""

from typing import Any

from cec_plugin.adapters.registries.answers import dig, id_in
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.ports import Held, Known, Posting
from cec_plugin.exceptions import InvalidFigureError


def rows_in(body: Any, path: str) -> list[dict[str, Any]]:
    """Return the records at a path in an answer, whether it is a list of them or a single one."""
    found = dig(body, path) if path else body
    if isinstance(found, dict):
        return [found]
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def holds_something(body: Any) -> bool:
    """Say whether an answer holds any record: where it has lists, one of them must."""
    if not isinstance(body, dict):
        return bool(body)
    lists = [value for value in body.values() if isinstance(value, list)]
    return any(lists) if lists else bool(body)


def is_posted(held: Held, posting: Posting) -> bool:
    """Say whether a registry's record is what was posted, as far as it tells."""
    return (
        held.hundredths in (None, posting.hundredths)
        and held.member_number in ("", posting.member_number)
        and not held.reversed
    )


class RestReading:
    """Reads records by the names that the registry uses."""

    def __init__(self, options: RestOptions) -> None:
        """Read by these names."""
        self._options = options
        self._id = options.name_of("id")
        self._reference = options.name_of("reference")
        self._amount = options.name_of("amount")
        self._number = options.name_of("member_number")

    def held(self, row: Any) -> Held:
        """Read a record."""
        options = self._options
        return Held(
            remote_id=id_in(row, self._id) if self._id else "",
            hundredths=self._hundredths(dig(row, self._amount)),
            reversed=_is(dig(row, options.state_field), options.reversed_value),
            member_number=str(dig(row, self._number) or ""),
            reference=str(dig(row, self._reference) or ""),
            approved=self._approved(row),
        )

    def ours(self, body: Any, path: str, reference: str) -> list[Held]:
        """Return what the records in an answer hold that stand under a reference."""
        return [self.held(row) for row in self.rows_under(body, path, reference)]

    def rows_under(self, body: Any, path: str, reference: str) -> list[dict[str, Any]]:
        """Return the records in an answer that stand under a reference: filters are ignored."""
        return [
            row for row in rows_in(body, path) if str(dig(row, self._reference) or "") == reference
        ]

    def acknowledged(self, body: Any) -> str:
        """Return the id that the answer to a write names, empty where it names none."""
        rows = rows_in(body, self._options.record_field)
        return id_in(rows[0], self._id) if rows and self._id else ""

    def tells_references(self, body: Any) -> bool:
        """Say whether the answer to a write has a place for a reference, whatever is in it."""
        return any(self._has_reference(row) for row in rows_in(body, self._options.record_field))

    def known(self, body: Any, number: str) -> list[Known]:
        """Return the members in an answer who have exactly this number."""
        options = self._options
        return [
            Known(number=number, active=self._active(row))
            for row in rows_in(body, options.member_items)
            if str(dig(row, options.member_key) or "") == number
        ]

    def hides_numbers(self, body: Any) -> bool:
        """Say whether an answer lists members of whom none can be told by their number."""
        options = self._options
        rows = rows_in(body, options.member_items) if options.member_items else []
        return bool(rows) and not any(dig(row, options.member_key) for row in rows)

    def _has_reference(self, row: dict[str, Any]) -> bool:
        *outer, last = self._reference.split(".")
        inner = dig(row, ".".join(outer)) if outer else row
        return isinstance(inner, dict) and last in inner

    def _active(self, row: dict[str, Any]) -> bool | None:
        standing = dig(row, self._options.standing_field) if self._options.standing_field else None
        return None if standing is None else _text(standing) in self._options.active_values

    def _approved(self, row: Any) -> bool | None:
        if not self._options.approval_field:
            return None
        said = _text(dig(row, self._options.approval_field))
        if said in self._options.approved_values:
            return True
        return False if said in self._options.declined_values else None

    def _hundredths(self, amount: Any) -> int | None:
        try:
            return None if amount is None else parse_hundredths(str(amount))
        except InvalidFigureError:
            return 0  # an amount nobody can read is not the one that was sent


def _is(value: Any, expected: str) -> bool:
    return value is not None and _text(value) == expected


def _text(value: Any) -> str:
    """Return a value as options write it: a truth as ``true``."""
    return str(value).lower() if isinstance(value, bool) else str(value)
