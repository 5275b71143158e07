"""How one CiviCRM differs from another: the names of its activity type, fields and statuses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cec_plugin.adapters.registries.options import checked, of
from cec_plugin.exceptions import ConfigurationError

HEADERS = ("X-Civi-Auth", "Authorization")
FIELD_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)?", re.ASCII)
LEFT_OUT = ("credit_type_field", "activity_field", "reason_field", "unit_field", "role_field")
"""What is not sent where its name is empty; all other names are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CivicrmOptions:
    """Names and texts, as far as they are not the defaults.

    A field is a custom one (``Group.Field``) or a column of its own. ``number_field`` stands on
    the contact, all others on the activity. ``credit_types`` maps our credit types to the
    registry's. ``source_contact_id`` is who is shown to have added a credit: 0 is the contact of
    our API key. ``memberships`` asks whether a member is in good standing, which takes the
    permission to see memberships. ``date_format`` is that of ``strftime``.
    """

    api_path: str = "/civicrm/ajax/api4"
    header: str = "X-Civi-Auth"
    number_field: str = "external_identifier"
    activity_type: str = "Continuing Education Credit"
    standing_status: str = "Completed"
    reversed_status: str = "Cancelled"
    reference_field: str = "CE_Credit.External_Ref"
    amount_field: str = "CE_Credit.Credits"
    credit_type_field: str = "CE_Credit.Credit_Type"
    activity_field: str = "CE_Credit.Course_Key"
    reason_field: str = "CE_Credit.Revoked_Reason"
    unit_field: str = ""
    role_field: str = ""
    credit_types: Mapping[str, str] = field(default_factory=dict)
    source_contact_id: int = 0
    date_format: str = "%Y-%m-%d %H:%M:%S"
    memberships: bool = False

    @classmethod
    def from_json(cls, given: object) -> "CivicrmOptions":
        """Read the options of a registry's row.

        Raises:
            ConfigurationError: an option is unknown or of the wrong type; it is named.
        """
        options = cls(**checked(given, of(cls, _wrong_with)))
        if options.standing_status == options.reversed_status:
            raise ConfigurationError("options, 'reversed_status': it is that of a standing credit")
        named = options.activity_fields
        if twice := next((name for name in named if named.count(name) > 1), ""):
            raise ConfigurationError(f"options: {twice!r} is named twice")
        return options

    @property
    def activity_fields(self) -> list[str]:
        """Return the fields of an activity that a credit needs."""
        return [
            name
            for name in (
                self.reference_field,
                self.amount_field,
                self.credit_type_field,
                self.activity_field,
                self.reason_field,
                self.unit_field,
                self.role_field,
            )
            if name
        ]


def _wrong_with(name: str, value: Any) -> str:
    """Say what is wrong with the value of an option, nothing if it can be used."""
    others = {"credit_types": dict, "source_contact_id": int, "memberships": bool}
    wanted: Any = others.get(name, str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return f"it must be a {wanted.__name__}"
    if name == "credit_types" and not all(isinstance(one, str) for one in value.values()):
        return "what it holds must be texts"
    if name == "source_contact_id" and value < 0:
        return "no contact has this id"
    if wanted is not str or (not value and name in LEFT_OUT):
        return ""
    if not value:
        return "it must not be empty"
    # Without the slash the path would lengthen the host's name, and our secret would go there.
    if name == "api_path" and (not value.startswith("/") or value.endswith("/")):
        return "it must begin with a slash and end without one"
    if name == "header" and value not in HEADERS:
        return f"it is one of {', '.join(HEADERS)}"
    if name.endswith("_field") and not FIELD_NAME.fullmatch(value):
        return "no field can have this name"
    if name == "date_format" and not all(part in value for part in ("%Y", "%m", "%d")):
        return "it must hold %Y, %m and %d"
    return ""
