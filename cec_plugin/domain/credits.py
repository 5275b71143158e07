"""Amounts of credit: whole hundredths, exact, with a sign only in the ledger."""

from decimal import Decimal, InvalidOperation

from cec_plugin.exceptions import InvalidFigureError

MAX_HUNDREDTHS = 10_000_000
"""100,000.00: more than any body gives; what is above it is a slip of the keyboard."""

DECIMALS = 2
LONGEST = 50
"""How many signs a figure has at the most."""


def parse_hundredths(figure: str | int | Decimal) -> int:
    """Return a figure such as ``10``, ``"0.2"`` or ``"66.67"`` in hundredths.

    A float is refused as it cannot hold 0.1. A decimal comma is read as a point.

    Raises:
        InvalidFigureError: not a number, negative, with more than two decimals, or too large.
    """
    if isinstance(figure, bool) or not isinstance(figure, str | int | Decimal):
        raise InvalidFigureError(
            f"{figure!r} is not a figure: write it as a whole number or as text, such as '0.5'"
        )
    if isinstance(figure, str) and len(figure) > LONGEST:
        raise InvalidFigureError(f"a figure of {len(figure)} signs is none")
    try:
        amount = Decimal(figure.strip().replace(",", ".") if isinstance(figure, str) else figure)
    except InvalidOperation as error:
        raise InvalidFigureError(f"{figure!r} is not a number") from error
    if not amount.is_finite():
        raise InvalidFigureError(f"{figure!r} is not a number")
    if amount < 0:
        raise InvalidFigureError(f"{figure} is negative: credit is zero or more")
    if amount and amount.adjusted() >= len(str(MAX_HUNDREDTHS)):
        raise InvalidFigureError(f"{figure} is more than {format_hundredths(MAX_HUNDREDTHS)}")
    if isinstance(figure, str) and len(figure.strip().partition(",")[2]) > DECIMALS:
        # "1,000" may be a thousand or one: it is neither, then.
        raise InvalidFigureError(f"{figure} has more than two decimals")
    hundredths = _scaled(amount)
    if hundredths is None:
        raise InvalidFigureError(f"{figure} has more than two decimals")
    if hundredths > MAX_HUNDREDTHS:
        raise InvalidFigureError(f"{figure} is more than {format_hundredths(MAX_HUNDREDTHS)}")
    return hundredths


def _scaled(amount: Decimal) -> int | None:
    """Return the amount in hundredths, None where it has a third decimal.

    By its digits: decimal arithmetic rounds to the precision of its context.
    """
    digits, exponent = amount.as_tuple().digits, int(amount.as_tuple().exponent)
    while digits and digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    if not digits:
        return 0
    if exponent < -DECIMALS:
        return None
    whole: int = int("".join(map(str, digits))) * 10 ** (exponent + DECIMALS)
    return whole


def format_hundredths(hundredths: int) -> str:
    """Return the amount with at most two decimals and no trailing zeros: ``10``, ``-0.5``."""
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), 100)
    decimals = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{sign}{whole}{decimals}"


def fixed_hundredths(hundredths: int) -> str:
    """Return the amount with exactly two decimals, as registries take it: ``10.00``."""
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), 100)
    return f"{sign}{whole}.{rest:02d}"


def times(hundredths: int, factor_hundredths: int) -> int:
    """Multiply two amounts in hundredths, rounding half a hundredth up.

    Both are zero or more: this is a bonus per hour times the hours of service.
    """
    return (hundredths * factor_hundredths + 50) // 100
