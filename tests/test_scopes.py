"""The environments of ``make test`` share the work, and together leave nobody out."""

from itertools import chain, combinations

import pytest

from tests.conftest import ON_EVERY_DATABASE, WHOLE_PROCESSES, belongs
from tests.databases import Database

RUNS = [
    (Database.SQLITE, "no_database"),
    (Database.MARIADB, ""),
    (Database.SQLITE, "database"),
    (Database.MARIADB, "every_database"),
    (Database.POSTGRESQL, ""),
]
"""As tox.ini has them."""

MARKS = sorted({"database", "mariadb", *ON_EVERY_DATABASE, *WHOLE_PROCESSES})


@pytest.mark.parametrize(
    "marks",
    list(chain.from_iterable(combinations(MARKS, size) for size in range(len(MARKS) + 1))),
    ids=" ".join,
)
def test_whatever_its_marks_a_test_runs_somewhere(marks: tuple[str, ...]) -> None:
    assert any(belongs(set(marks), database, scope) for database, scope in RUNS)


def test_what_touches_a_database_runs_on_two_with_both_versions_of_django() -> None:
    runs = [one for one in RUNS if belongs({"database"}, *one)]
    assert runs == [(Database.MARIADB, ""), (Database.SQLITE, "database")]


@pytest.mark.parametrize("mark", sorted(WHOLE_PROCESSES))
def test_whole_processes_run_once_on_the_database_of_production_if_they_touch_one(
    mark: str,
) -> None:
    for marks in ({"database", mark}, {"database", "mariadb", mark}):
        assert [one for one in RUNS if belongs(marks, *one)] == [(Database.MARIADB, "")]
    assert [one for one in RUNS if belongs({mark}, *one)] == [(Database.SQLITE, "database")]


def test_without_a_scope_everything_runs() -> None:
    assert belongs(set(), Database.SQLITE, "")
    assert belongs({"journey"}, Database.SQLITE, "")


def test_a_scope_that_nobody_knows_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match="no_databse"):
        belongs(set(), Database.SQLITE, "no_databse")
