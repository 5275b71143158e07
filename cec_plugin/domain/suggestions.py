"""Suggestions of this project for figures that a body does not publish: shown, never reckoned."""

from dataclasses import dataclass
from typing import Any

from cec_plugin.domain.toml_fields import TomlFields

SUGGESTED, BECAUSE = "suggested", "suggested_because"
FIELDS = {SUGGESTED, BECAUSE}
"""What a row of a pack may say beside its empty figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A figure of ours in hundredths, and what it is modelled on."""

    hundredths: int
    because: str


def read_suggestion(
    fields: TomlFields, section: str, at: int, row: dict[str, Any], figure: str
) -> Suggestion | None:
    """Return what a row suggests; ``figure`` is the field that must be empty then."""
    hundredths = fields.figure(section, at, row, SUGGESTED)
    because = fields.optional(section, at, row, BECAUSE)
    if SUGGESTED in row and figure in row:
        fields.fault(section, at, SUGGESTED, f"there is a figure in {figure}: nothing to suggest")
    if SUGGESTED in row and not because:
        fields.fault(
            section, at, SUGGESTED, f"say in {BECAUSE} where the suggestion comes from"
        )  # fmt: skip
    if because and SUGGESTED not in row:
        fields.fault(section, at, BECAUSE, f"there is no figure in {SUGGESTED}")
    return None if hundredths is None else Suggestion(hundredths=hundredths, because=because)
