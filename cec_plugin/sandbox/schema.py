"""The tables of the registry, and the way of a file from an earlier version to them."""

import sqlite3

CREDITS = """
CREATE TABLE IF NOT EXISTS credits (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    reference     TEXT,  -- NULL where it was lost; the store sees to it that it is unique
    member_number TEXT NOT NULL,
    activity_code TEXT NOT NULL,
    title         TEXT NOT NULL,
    credit_type   TEXT NOT NULL,
    hundredths    INTEGER NOT NULL CHECK (hundredths > 0),
    unit          TEXT NOT NULL,
    earned_on     TEXT NOT NULL
)
"""
CHANGES = """
CREATE TABLE IF NOT EXISTS changes (  -- all that happened to credits; the last of each holds
    cursor    INTEGER PRIMARY KEY AUTOINCREMENT,
    credit_id INTEGER NOT NULL REFERENCES credits (id),
    at        REAL NOT NULL,  -- seconds since 1970
    approval  TEXT NOT NULL,
    reversed  INTEGER NOT NULL
)
"""
TABLES = (
    """
    CREATE TABLE IF NOT EXISTS members (
        number   TEXT PRIMARY KEY,
        name     TEXT NOT NULL,
        standing TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    CREDITS,
    "CREATE INDEX IF NOT EXISTS credits_of_member ON credits (member_number)",
    "CREATE INDEX IF NOT EXISTS credits_under_reference ON credits (reference)",
    """
    CREATE TABLE IF NOT EXISTS reversals (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        credit_id   INTEGER NOT NULL UNIQUE REFERENCES credits (id),
        reference   TEXT NOT NULL UNIQUE,
        reversed_on TEXT NOT NULL,
        reason      TEXT NOT NULL
    )
    """,
    CHANGES,
    "CREATE INDEX IF NOT EXISTS changes_of_credit ON changes (credit_id, cursor)",
    """
    CREATE TABLE IF NOT EXISTS waiting (  -- taken, confirmed by a receipt, not there yet
        id        INTEGER PRIMARY KEY AUTOINCREMENT,
        receipt   TEXT NOT NULL UNIQUE,
        due_at    REAL NOT NULL,  -- seconds since 1970
        reference TEXT NOT NULL,
        claim     TEXT NOT NULL,  -- JSON, as is how it will be kept
        keeping   TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS waiting_by_time ON waiting (due_at)",
    "CREATE INDEX IF NOT EXISTS waiting_under_reference ON waiting (reference)",
)


def make_tables(connection: sqlite3.Connection) -> None:
    """Make what is missing, and take over what an earlier version left."""
    connection.execute("BEGIN IMMEDIATE")
    if _is_earlier(connection):
        _take_over(connection)
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("COMMIT")


def _is_earlier(connection: sqlite3.Connection) -> bool:
    """Say whether credits still hold their cursor themselves, and their reference unique."""
    columns = connection.execute("SELECT name FROM pragma_table_info('credits')")
    return "cursor" in {name for (name,) in columns}


def _take_over(connection: sqlite3.Connection) -> None:
    kept = (
        "id, reference, member_number, activity_code, title, credit_type, hundredths, unit,"
        " earned_on"
    )
    connection.execute(CHANGES)
    connection.execute(
        "INSERT INTO changes (cursor, credit_id, at, approval, reversed)"
        " SELECT c.cursor, c.id, 0, '', r.id IS NOT NULL"
        " FROM credits c LEFT JOIN reversals r ON r.credit_id = c.id"
    )
    connection.execute("CREATE TEMP TABLE earlier AS SELECT * FROM credits")
    connection.execute("DROP TABLE credits")
    connection.execute(CREDITS)
    connection.execute(f"INSERT INTO credits ({kept}) SELECT {kept} FROM earlier")  # noqa: S608
    connection.execute("DROP TABLE earlier")
