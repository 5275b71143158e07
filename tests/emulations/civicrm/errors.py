"""What goes wrong, told in full or not at all: that hangs on whether the role may see it."""

import random
import string
from typing import Any


class ApiError(Exception):
    """A call that failed, in CiviCRM's words."""

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.message, self.status = message, status

    def body(self, *, told: bool) -> dict[str, Any]:
        """Return the answer; a role that is not ``told`` gets a number to ask an operator with."""
        number = _number()
        if told:
            return {
                "error_id": number,
                "error_code": 0,
                "error_message": self.message,
                "status": self.status,
            }
        return {
            "error_code": "1",
            "error_message": (
                f"Sorry an error occurred and your request was not completed. (Error ID: {number})"
            ),
            "status": self.status,
        }


def _number() -> str:
    signs = string.ascii_letters + string.digits
    return "-".join("".join(random.choices(signs, k=4)) for _ in range(3))
