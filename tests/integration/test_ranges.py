"""Very many rows are gone through a few at a time, each once, in the order of their ids."""

from itertools import chain

import pytest

from cec_plugin import models
from cec_plugin.selectors.ranges import in_ranges
from tests import factories

pytestmark = pytest.mark.django_db


def _codes(size: int) -> list[list[str]]:
    rows = models.Organization.objects.filter(code__startswith="g")
    return [[one.code for one in part] for part in in_ranges(rows, size=size)]


@pytest.mark.parametrize(
    ("size", "parts"),
    [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (50, [5])],
)
def test_each_row_is_in_one_part_and_no_part_has_more_than_its_size(
    size: int, parts: list[int]
) -> None:
    for number in range(5):
        factories.organization(f"g{number}")
    found = _codes(size)
    assert [len(one) for one in found] == parts
    assert list(chain.from_iterable(found)) == [f"g{number}" for number in range(5)]


def test_what_lies_between_counts_only_where_there_are_too_many_for_one_part() -> None:
    for number in range(9):
        factories.organization(f"{'g' if number in (0, 4, 8) else 'x'}{number}")
    assert _codes(3) == [["g0", "g4", "g8"]]
    assert [one for one in _codes(2) if one] == [["g0"], ["g4"], ["g8"]]


def test_nothing_is_no_part() -> None:
    assert _codes(2) == []
