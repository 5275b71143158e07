"""Fields and constraints that hide where the databases and the Django versions differ."""

from datetime import date
from typing import Any

import django
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.domain.allocation import FIRST_YEAR, LAST_YEAR
from cec_plugin.domain.credits import format_hundredths, parse_hundredths
from cec_plugin.exceptions import InvalidFigureError


def check(*, condition: models.Q, name: str) -> models.CheckConstraint:
    """Make a CHECK constraint; Django 5.1 renamed the argument."""
    options: dict[str, Any] = {"condition" if django.VERSION >= (5, 1) else "check": condition}
    return models.CheckConstraint(**options, name=name)


def digest_field(**options: Any) -> "models.CharField[str, str]":
    """Make a field for a digest: 64 hexadecimal characters, so letter case cannot matter."""
    return models.CharField(max_length=64, editable=False, **options)


def validate_day(day: date) -> None:
    """Refuse a day so far away that it can only be a slip of the keyboard."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(
            _("The year must be between %(first)d and %(last)d.")
            % {"first": FIRST_YEAR, "last": LAST_YEAR}
        )


def validate_figure(hundredths: int) -> None:
    """Refuse what is no amount of credit."""
    try:
        parse_hundredths(format_hundredths(hundredths))
    except InvalidFigureError as error:
        raise ValidationError(str(error)) from error
