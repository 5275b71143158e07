"""Form fields for what people type: an amount of credit, an account by one of its names."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cec_plugin.adapters.platform import get_platform
from cec_plugin.domain.credits import format_hundredths, parse_hundredths
from cec_plugin.domain.platform import AccountFacts
from cec_plugin.exceptions import InvalidFigureError


class FigureField(forms.CharField):
    """An amount typed as people write it (``66.67``, ``0,5``); its value is in hundredths."""

    widget = forms.TextInput(attrs={"size": 8, "inputmode": "decimal"})

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        """Return the hundredths, None where nothing was typed.

        Raises:
            ValidationError: it is no amount; says why.
        """
        if isinstance(value, int):
            return value
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_hundredths(text)
        except InvalidFigureError as error:
            raise ValidationError(str(error), code="figure") from error

    def run_validators(self, value: Any) -> None:
        """Leave it at that: the parser has said all there is to say."""

    def prepare_value(self, value: Any) -> Any:
        """Show hundredths as a figure, and what somebody typed as it was typed."""
        return format_hundredths(value) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the amounts, however they are written."""
        try:
            return bool(initial != self.to_python(data))
        except ValidationError:
            return True


class CodesField(forms.CharField):
    """Codes typed with commas between them; its value is the list of them, each once."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the codes, sorted."""
        if isinstance(value, list):
            return value
        text = super().to_python(value) or ""
        return sorted({code.strip() for code in text.split(",")} - {""})

    def run_validators(self, value: Any) -> None:
        """Leave it at that: whether there are such codes is asked when the table is activated."""

    def prepare_value(self, value: Any) -> Any:
        """Show the codes, and what somebody typed as it was typed."""
        return ", ".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the codes, however they are written."""
        return sorted(initial or []) != self.to_python(data)


class AccountField(forms.CharField):
    """An account on the platform, by user name, e-mail or id; its value is ``AccountFacts``."""

    def __init__(self, **options: Any) -> None:
        """Ask for an account of this site."""
        options.setdefault("label", _("account"))
        options.setdefault("help_text", _("User name, e-mail address or account id."))
        super().__init__(**options)

    def clean(self, value: Any) -> AccountFacts:
        """Return the account.

        Raises:
            ValidationError: there is none, or the text names several.
        """
        text = super().clean(value)
        account = get_platform().find_account(text)
        if account is None:
            raise ValidationError(
                _("There is no account with this user name, e-mail address or id."),
                code="unknown_account",
            )
        return account
