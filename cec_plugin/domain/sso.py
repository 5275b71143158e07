"""Where a single sign-on says somebody's member number, and the number in what it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cec_plugin.domain.members import NUMBER_LENGTH

PARTS = frozenset({"provider", "field", "pattern"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSource:
    """The backend of the sign-on, the field that has the number, and the number's place in it.

    ``field`` is ``uid`` or a key of what the backend keeps beside it. ``pattern`` fits the whole
    text and has one group, the number; None where the whole text is the number.
    """

    provider: str
    field: str
    pattern: re.Pattern[str] | None

    def number(self, text: str) -> str:
        """Return the number in a text, empty where there is none that can be one."""
        if self.pattern is not None:
            found = self.pattern.fullmatch(text)
            text = (found[1] or "") if found else ""
        text = text.strip()
        return text if len(text) <= NUMBER_LENGTH and text.isprintable() else ""


def number_source(given: Mapping[str, str]) -> NumberSource:
    """Read a source out of a setting.

    Raises:
        ValueError: a part is missing, unknown or no text, or the pattern has not one group.
    """
    if unknown := sorted(set(given) - PARTS):
        raise ValueError(f"unknown: {', '.join(unknown)}")
    if not all(isinstance(text, str) for text in given.values()):
        raise ValueError("every part is a text")
    if not given.get("provider") or not given.get("field"):
        raise ValueError("provider and field are needed")
    pattern = None
    if given.get("pattern"):
        try:
            pattern = re.compile(given["pattern"])
        except re.error as error:
            raise ValueError(f"pattern: {error}") from error
        if pattern.groups != 1:
            raise ValueError("pattern: it must have one group, the number")
    return NumberSource(provider=given["provider"], field=given["field"], pattern=pattern)
