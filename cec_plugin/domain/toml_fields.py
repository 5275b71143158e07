"""Read fields out of TOML and gather what is wrong with them, each with the line it stands on."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from cec_plugin.domain.allocation import FIRST_YEAR, LAST_YEAR
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.exceptions import InvalidFigureError

Choice = TypeVar("Choice", bound=StrEnum)
LARGEST = 10_000
"""The greatest whole number that anything in a pack is."""

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


class TomlFields:
    """Takes typed fields out of a document; what is wrong is added to ``faults``."""

    def __init__(
        self, text: str, content: dict[str, Any], sections: Mapping[str, set[str]]
    ) -> None:
        """Read ``content``, parsed from ``text``; ``sections`` names the fields of each section."""
        self._lines = text.splitlines()
        self._content = content
        self._sections = sections
        self.faults: list[str] = []
        for section in content:
            if section not in sections:
                self.fault(section, 0, "", "there is no such section")

    def figure(
        self, section: str, position: int, row: dict[str, Any], key: str = "hours"
    ) -> int | None:
        """Return a figure in hundredths, None where there is none."""
        if key not in row:
            return None
        try:
            return parse_hundredths(row[key])
        except InvalidFigureError as error:
            self.fault(section, position, key, str(error))
            return None

    def whole(
        self, section: str, position: int, row: dict[str, Any], key: str, default: int | None
    ) -> int | None:
        """Return a whole number."""
        value = row.get(key, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            self.fault(section, position, key, "it must be a whole number")
            return default
        if value is not None and not 0 <= value <= LARGEST:
            self.fault(section, position, key, f"it must be between 0 and {LARGEST}")
            return default
        return value

    def flag(self, section: str, position: int, row: dict[str, Any], key: str) -> bool:
        """Return true or false; false where nothing is said."""
        value = row.get(key, False)
        if not isinstance(value, bool):
            self.fault(section, position, key, "it must be true or false")
            return False
        return value

    def choice(  # noqa: PLR0917 - where it stands, and what it may be
        self,
        section: str,
        position: int,
        row: dict[str, Any],
        key: str,
        default: Choice,
        among: Sequence[Choice] = (),
    ) -> Choice:
        """Return one of the values of an enumeration, or of those ``among`` names."""
        kind = type(default)
        offered = among or list(kind)
        value = row.get(key, default.value)
        if value not in offered:
            self.fault(section, position, key, "it is one of " + ", ".join(offered))
            return default
        return kind(value)

    def texts(self, section: str, position: int, row: dict[str, Any], key: str) -> list[str]:
        """Return a list of texts; none where nothing is said."""
        value = row.get(key, [])
        if not isinstance(value, list) or not all(
            isinstance(one, str) and one.strip() for one in value
        ):
            self.fault(section, position, key, 'it must be a list of texts, such as ["a", "b"]')
            return []
        return [self._sound(section, position, key, one) for one in value]

    def optional_date(
        self, section: str, position: int, row: dict[str, Any], key: str
    ) -> date | None:
        """Return a date that may be missing."""
        if key not in row:
            return None
        return self._date(section, position, row, key)

    def section(self, section: str) -> dict[str, Any]:
        """Return the section ``[name]``."""
        rows = self._content.get(section)
        if not isinstance(rows, dict):
            self.fault(section, 0, "", f"the section [{section}] is missing")
            return {}
        self._known(section, 0, rows)
        return rows

    def rows(self, section: str) -> list[dict[str, Any]]:
        """Return the rows of the section ``[[name]]``."""
        rows = self._content.get(section, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.fault(section, 0, "", f"it must be written as [[{section}]]")
            return []
        for position, row in enumerate(rows):
            self._known(section, position, row)
        return rows

    def _known(self, section: str, position: int, row: dict[str, Any]) -> None:
        for key in sorted(set(row) - self._sections[section]):
            self.fault(section, position, key, "there is no such field")

    def text(self, section: str, position: int, row: dict[str, Any], key: str) -> str:
        """Return a text that must be there, without spaces around it."""
        value = row.get(key, "")
        if not isinstance(value, str) or not value.strip():
            self.fault(section, position, key, "a text is missing here")
            return ""
        return self._sound(section, position, key, value)

    def optional(
        self, section: str, position: int, row: dict[str, Any], key: str, default: str = ""
    ) -> str:
        """Return a text that may be missing."""
        value = row.get(key, default)
        if not isinstance(value, str):
            self.fault(section, position, key, "it must be a text, between quotation marks")
            return default
        return self._sound(section, position, key, value)

    def _sound(self, section: str, position: int, key: str, text: str) -> str:
        """Return the text without spaces around it; a database that is strict keeps no NUL."""
        if "\x00" in text:
            self.fault(section, position, key, "it holds a NUL, which is no sign of a text")
        return text.strip()

    def code(self, section: str, position: int, row: dict[str, Any], key: str) -> str:
        """Return a code that must be there."""
        code = self.text(section, position, row, key)
        if code and not CODE.fullmatch(code):
            self.fault(
                section, position, key,
                f"{code!r} is no code: small letters, digits, - and _, at most 50",
            )  # fmt: skip
        return code

    def _date(self, section: str, position: int, row: dict[str, Any], key: str) -> date:
        value = row.get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            self.fault(section, position, key, "a date is missing here, such as 2026-01-31")
            return date.min
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fault(
                section, position, key,
                f"the year must be between {FIRST_YEAR} and {LAST_YEAR}",
            )  # fmt: skip
        return value

    def date(self, section: str, row: dict[str, Any], key: str) -> date:
        """Return a date that must be there."""
        return self._date(section, 0, row, key)

    def fault(self, section: str, position: int, key: str, reason: str) -> None:
        """Write down a fault of a field, with its line."""
        self.faults.append(f"{self._where(section, position, key)}: {reason}")

    def _where(self, section: str, position: int, key: str) -> str:
        """Return the line and the field. TOML's reader keeps no lines, so they are looked up."""
        header = re.compile(rf"\s*\[\[?\s*{re.escape(section)}\s*\]\]?")
        starts = [at for at, line in enumerate(self._lines, 1) if header.match(line)]
        if not starts:  # written inline, before the first section
            named = re.compile(rf"\s*{re.escape(section)}\s*=")
            starts = [at for at, line in enumerate(self._lines, 1) if named.match(line)][:1]
        if position >= len(starts):
            return f"[{section}] {key}".rstrip()
        line = starts[position]
        field = re.compile(rf"\s*{re.escape(key)}\s*=") if key else None
        for at in range(line + 1, len(self._lines) + 1):
            if self._lines[at - 1].lstrip().startswith("["):
                break
            if field is not None and field.match(self._lines[at - 1]):
                line = at
                break
        return f"line {line}, {section} {key}".rstrip()
