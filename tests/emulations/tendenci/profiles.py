"""The stock interface's list of people: whatever is asked for, it shows everybody.

No filter is declared there, so ``?member_number=…`` is ignored; nor does a record have the number.
"""

from typing import Any

PATH = "/api_tasty/v1/profile/"
SHOWN = (2, 4, 1, 3)
"""The people, in the order in which they were recorded."""

ADMIN = {
    "date_joined": "2026-11-23T10:52:45.553140",
    "email": "admin@example.org",
    "first_name": "Reg",
    "id": 1,
    "is_active": True,
    "is_staff": True,
    "is_superuser": True,
    "last_login": "2026-11-23T10:55:01.784547",
    "last_name": "Admin",
    "resource_uri": "/api_tasty/v1/user/1/",
    "username": "admin",
}


def everybody() -> dict[str, Any]:
    """Return the list."""
    return {
        "meta": {
            "limit": 20,
            "next": None,
            "offset": 0,
            "previous": None,
            "total_count": len(SHOWN),
        },
        "objects": [
            {
                "creator": ADMIN,
                "entity": None,
                "owner": ADMIN,
                "resource_uri": f"{PATH}{number}/",
                "user": f"/api_tasty/v1/user/{number}/",
            }
            for number in SHOWN
        ],
    }
