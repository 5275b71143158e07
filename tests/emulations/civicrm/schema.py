"""Which fields the entities have, and the option lists behind some of them."""

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]

CREDIT = "Continuing Education Credit"
CUSTOM = {
    "CE_Credit.External_Ref": "String",
    "CE_Credit.Credits": "Float",
    "CE_Credit.Credit_Type": "String",
    "CE_Credit.Course_Key": "String",
    "CE_Credit.Revoked_Reason": "String",
}
FIELDS: Mapping[str, Mapping[str, str]] = {
    "Contact": {
        "id": "Integer",
        "external_identifier": "String",
        "display_name": "String",
        "is_deleted": "Boolean",
        "Member.Number": "String",  # for a site that keeps the member's number itself
    },
    "Membership": {
        "id": "Integer",
        "contact_id": "Integer",
        "status_id": "Integer",
        "status_id.is_current_member": "Boolean",
        "end_date": "Timestamp",
    },
    "Activity": {
        "id": "Integer",
        "activity_type_id": "Integer",
        "subject": "String",
        "activity_date_time": "Timestamp",
        "status_id": "Integer",
        "priority_id": "Integer",
        "source_contact_id": "Integer",
        "target_contact_id": "Array",
        "is_deleted": "Boolean",
        "created_date": "Timestamp",
        "modified_date": "Timestamp",
        **CUSTOM,
    },
    "Entity": {"name": "String"},
}
OPTIONS: Mapping[tuple[str, str], Mapping[int, str]] = {
    ("Activity", "activity_type_id"): {1: "Meeting", 2: "Phone Call", 56: CREDIT},
    ("Activity", "status_id"): {1: "Scheduled", 2: "Completed", 3: "Cancelled"},
    ("Membership", "status_id"): {1: "New", 2: "Current", 4: "Expired"},
}
CURRENT_MEMBERSHIPS = (1, 2)
ENTITIES = ("ACL", "Activity", "Contact", "Entity", "Membership", "Setting", "System")
UNASKED = {"Contact": ("is_deleted",), "Activity": ("is_deleted",)}
"""Where nothing is said of these, rows that have them set are left out."""

MANDATORY = ("activity_type_id", "source_contact_id")


def contact(contact_id: int, first: str, last: str, number: str | None = None) -> Row:
    """Return a contact with every column that the real one shows when nothing is selected."""
    return {
        "id": contact_id,
        "contact_type": "Individual",
        "external_identifier": number,
        "display_name": f"{first} {last}",
        "contact_sub_type": None,
        "first_name": first,
        "middle_name": None,
        "last_name": last,
        **dict.fromkeys(
            ("do_not_email", "do_not_phone", "do_not_mail", "do_not_sms", "do_not_trade"), False
        ),
        "is_opt_out": False,
        "legal_identifier": None,
        "sort_name": f"{last}, {first}",
        "nick_name": None,
        "image_URL": None,
        "preferred_communication_method": None,
        "preferred_language": "en_US",
        "hash": f"{contact_id:032x}",
        **dict.fromkeys(("source", "prefix_id", "suffix_id", "formal_title"), None),
        "communication_style_id": 1,
        "email_greeting_id": 1,
        "email_greeting_custom": None,
        "email_greeting_display": f"Dear {first}",
        "postal_greeting_id": 1,
        "postal_greeting_custom": None,
        "postal_greeting_display": f"Dear {first}",
        "addressee_id": 1,
        "addressee_custom": None,
        "addressee_display": f"{first} {last}",
        **dict.fromkeys(("job_title", "gender_id", "birth_date"), None),
        "is_deceased": False,
        **dict.fromkeys(("deceased_date", "user_unique_id", "employer_id"), None),
        "is_deleted": False,
        "created_date": "2026-11-23 16:35:34",
        "modified_date": "2026-11-23 16:35:34",
        "preferred_mail_format": "Both",
    }
