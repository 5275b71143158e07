"""Carry what was previewed to the page that does it: signed, in the form, and stored nowhere."""

from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

LONGEST_S = 3600
"""How long after its preview something can be done."""

LARGEST_BYTES = 1_000_000


class CarriedFile(forms.FileField):
    """A file that its preview carries on to what it is for; its value is its content."""

    def clean(self, data: Any, initial: Any = None) -> bytes:
        """Read the file.

        Raises:
            ValidationError: it is too large to be carried.
        """
        given = super().clean(data, initial)
        if given.size > LARGEST_BYTES:
            raise ValidationError(
                _("The file is larger than %(most)d bytes: split it."),
                params={"most": LARGEST_BYTES},
                code="too_large",
            )
        return bytes(given.read())


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
