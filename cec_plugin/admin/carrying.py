"""Carry what was previewed to the page that does it: signed, in the form, and stored nowhere."""

from typing import Any

from django.core import signing
from django.http import HttpRequest

LONGEST_S = 3600
"""How long after its preview something can be done."""


def packed(request: HttpRequest, errand: str, what: object) -> str:
    """Return text that brings it back to the same user, for the same errand."""
    return signing.dumps(what, salt=_salt(request, errand), compress=True)


def unpacked(request: HttpRequest, errand: str, text: str) -> Any:
    """Return what was packed; None where it is somebody else's, too old, or was touched."""
    try:
        return signing.loads(text, salt=_salt(request, errand), max_age=LONGEST_S)
    except (signing.BadSignature, ValueError):
        return None


def _salt(request: HttpRequest, errand: str) -> str:
    user: Any = request.user
    return f"cec_plugin.{errand}.{user.pk}"
