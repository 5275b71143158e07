"""Deliveries by the million, on a MariaDB: rows like a pattern, which the server numbers itself."""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from cec_plugin import models

STEP = 100_000
"""How many rows one statement loads."""

REFERENCE = "CONCAT('cec-', MD5(seq))"
"""References of which no two are equal; the digest spreads them over the index as real ones are."""


def load(first: int, last: int, pattern: models.Delivery, numbered: Mapping[str, str]) -> None:
    """Insert rows like the pattern, numbered from ``first`` to ``last``.

    Args:
        first: the number of the first row.
        last: the number of the last.
        pattern: what the rows have in common; it is not saved itself.
        numbered: the columns in which they differ, and how: SQL in which ``seq`` is the number.
    """
    fields = {one.get_attname(): one for one in models.Delivery._meta.concrete_fields}
    values = [
        one.get_db_prep_save(getattr(pattern, column), connection)
        for column, one in fields.items()
        if column not in numbered
    ]
    table = models.Delivery._meta.db_table
    into = f"INSERT INTO {table} ({', '.join(map(connection.ops.quote_name, fields))})"
    select = ", ".join(numbered.get(column, "%s") for column in fields)
    run("SET SESSION foreign_key_checks = 0, unique_checks = 0")
    for start in range(first, last + 1, STEP):
        numbers = f"seq_{start}_to_{min(start + STEP - 1, last)}"
        run(f"{into} SELECT {select} FROM {numbers}", *values)
    run("SET SESSION foreign_key_checks = 1, unique_checks = 1")


def empty() -> None:
    """Leave no delivery and no attempt; row by row, as tests are cleaned up, it takes minutes."""
    run("SET SESSION foreign_key_checks = 0")
    for model in (models.Attempt, models.Delivery):
        run(f"TRUNCATE TABLE {model._meta.db_table}")
    run("SET SESSION foreign_key_checks = 1")


def run(sql: str, *values: Any) -> None:
    """Execute one statement on the connection of the tests."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
