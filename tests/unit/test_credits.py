"""Amounts are whole hundredths: what is written is what is read, and nothing is rounded away."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cec_plugin.domain.credits import (
    MAX_HUNDREDTHS,
    fixed_hundredths,
    format_hundredths,
    parse_hundredths,
    times,
)
from cec_plugin.exceptions import InvalidFigureError

amounts = st.integers(min_value=0, max_value=MAX_HUNDREDTHS)


@pytest.mark.parametrize(
    ("figure", "hundredths"),
    [
        (10, 1000),
        (0, 0),
        ("0", 0),
        ("-0", 0),
        ("0.2", 20),
        ("66.67", 6667),
        (" 12.5\n", 1250),
        ("12,5", 1250),
        ("1.50", 150),
        (Decimal("0.1"), 10),
        (Decimal("2E+1"), 2000),
        ("100000", MAX_HUNDREDTHS),
    ],
)
def test_a_figure_is_read_exactly(figure: str | int | Decimal, hundredths: int) -> None:
    assert parse_hundredths(figure) == hundredths


@pytest.mark.parametrize("figure", [0.1, 1.0, True, False, None, [], b"1"])
def test_what_is_neither_text_nor_a_whole_number_nor_a_decimal_is_refused(figure: Any) -> None:
    with pytest.raises(InvalidFigureError, match="is not a figure: write it as a whole number"):
        parse_hundredths(figure)


@pytest.mark.parametrize(
    "figure", ["", " ", "ten", "1.2.3", "1,234.5", "1 000", "NaN", "sNaN", "Infinity", "-Infinity"]
)
def test_what_is_no_number_is_refused(figure: str) -> None:
    with pytest.raises(InvalidFigureError, match="is not a number"):
        parse_hundredths(figure)


@pytest.mark.parametrize("figure", [-1, "-0.01", "-5", Decimal(-3)])
def test_a_negative_figure_is_refused(figure: str | int | Decimal) -> None:
    with pytest.raises(InvalidFigureError, match="is negative"):
        parse_hundredths(figure)


@pytest.mark.parametrize("figure", ["100000.01", 100_001, "1e6", Decimal("1E+28")])
def test_a_slip_of_the_keyboard_is_refused(figure: str | int | Decimal) -> None:
    with pytest.raises(InvalidFigureError, match=r"is more than 100000$"):
        parse_hundredths(figure)


@pytest.mark.parametrize("figure", ["0.001", "0,125", "99999.999", Decimal("1.005")])
def test_a_third_decimal_is_refused_and_never_rounded(figure: str | Decimal) -> None:
    with pytest.raises(InvalidFigureError, match="has more than two decimals"):
        parse_hundredths(figure)


@pytest.mark.parametrize("figure", ["1." + "0" * 30 + "1", "0." + "9" * 40, "1e-2000000"])
def test_a_decimal_far_behind_the_point_is_refused_too(figure: str) -> None:
    with pytest.raises(InvalidFigureError):
        parse_hundredths(figure)


@pytest.mark.parametrize("figure", ["1e999999", Decimal("9E+999999")])
def test_a_figure_that_no_arithmetic_holds_is_refused_like_any_other(
    figure: str | Decimal,
) -> None:
    with pytest.raises(InvalidFigureError):
        parse_hundredths(figure)


@pytest.mark.parametrize("figure", ["1,000", "10,000"])
def test_a_thousand_with_its_comma_is_never_read_as_one(figure: str) -> None:
    with pytest.raises(InvalidFigureError):
        parse_hundredths(figure)


@given(amounts)
def test_what_is_written_is_read_back(hundredths: int) -> None:
    assert parse_hundredths(format_hundredths(hundredths)) == hundredths
    assert parse_hundredths(fixed_hundredths(hundredths)) == hundredths
    assert parse_hundredths(format_hundredths(hundredths).replace(".", ",")) == hundredths


@given(st.text(max_size=12))
@settings(max_examples=200)
def test_any_text_is_an_amount_or_an_invalid_figure(text: str) -> None:
    try:
        read: int | None = parse_hundredths(text)
    except InvalidFigureError:
        read = None
    assert read is None or 0 <= read <= MAX_HUNDREDTHS


@pytest.mark.parametrize(
    ("hundredths", "short", "fixed"),
    [
        (0, "0", "0.00"),
        (1000, "10", "10.00"),
        (-50, "-0.5", "-0.50"),
        (5, "0.05", "0.05"),
        (-5, "-0.05", "-0.05"),
        (6667, "66.67", "66.67"),
        (110, "1.1", "1.10"),
        (MAX_HUNDREDTHS, "100000", "100000.00"),
    ],
)
def test_an_amount_is_written_short_for_people_and_fixed_for_registries(
    hundredths: int, short: str, fixed: str
) -> None:
    assert format_hundredths(hundredths) == short
    assert fixed_hundredths(hundredths) == fixed


@given(st.integers(min_value=-MAX_HUNDREDTHS, max_value=MAX_HUNDREDTHS))
def test_both_ways_of_writing_are_the_amount_itself(hundredths: int) -> None:
    exact = Decimal(hundredths) / 100
    assert Decimal(format_hundredths(hundredths)) == exact
    assert Decimal(fixed_hundredths(hundredths)) == exact


@given(st.lists(amounts, max_size=30))
def test_a_sum_of_amounts_is_exact(parts: list[int]) -> None:
    read = sum(parse_hundredths(format_hundredths(part)) for part in parts)
    assert Decimal(read) / 100 == sum((Decimal(part) / 100 for part in parts), Decimal(0))


@pytest.mark.parametrize(
    ("rate", "service", "product"),
    [
        (200, 150, 300),
        (33, 50, 17),  # 16.5: half a hundredth goes up
        (33, 49, 16),  # 16.17
        (1, 50, 1),
        (1, 49, 0),
        (0, 1000, 0),
        (250, 0, 0),
    ],
)
def test_half_a_hundredth_is_rounded_up(rate: int, service: int, product: int) -> None:
    assert times(rate, service) == product


@given(amounts, amounts)
def test_a_product_is_never_more_than_half_a_hundredth_off(rate: int, service: int) -> None:
    assert -50 < 100 * times(rate, service) - rate * service <= 50


@given(amounts)
def test_one_hour_of_service_is_the_rate_itself(rate: int) -> None:
    assert times(rate, 100) == rate == times(100, rate)
