"""Which database the tests run on: told by the environment, so that every process agrees."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

CHOICE = "CEC_TEST_DB"
"""The variable that chooses; SQLite without it."""

FOLDER = "CEC_TEST_FOLDER"
"""Where SQLite's test databases lie, one for each worker."""

NAME = "CEC_TEST_DB_NAME"
"""The database itself, for processes that a test starts; they make none of their own."""

HOST, PORT = "CEC_TEST_DB_HOST", "CEC_TEST_DB_PORT"
USER, PASSWORD = "CEC_TEST_DB_USER", "CEC_TEST_DB_PASSWORD"
VERSION = "CEC_TEST_DB_VERSION"
BROKER_URL = "CEC_TEST_BROKER_URL"
"""A Redis for Celery, for processes that a test starts; ``memory://`` without it."""


class Database(StrEnum):
    """The databases that the plugin promises to run on."""

    SQLITE = "sqlite"
    MARIADB = "mariadb"
    POSTGRESQL = "postgresql"


def chosen(environment: Mapping[str, str]) -> Database:
    """Return the database that the environment asks for.

    Raises:
        ValueError: it is none of those we know.
    """
    asked = environment.get(CHOICE) or Database.SQLITE
    try:
        return Database(asked)
    except ValueError as error:
        raise ValueError(f"{CHOICE} is {asked!r}; it can be {', '.join(Database)}") from error


def database_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return ``DATABASES["default"]``.

    Without a server's address or a folder it is good for commands that need no data, like
    ``makemigrations --check``.
    """
    database = chosen(environment)
    if database is Database.SQLITE:
        folder = environment.get(FOLDER)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": environment.get(NAME, ":memory:"),
            "OPTIONS": {"timeout": 20},
            # A file, so that threads and processes can share it.
            "TEST": {"NAME": f"{folder}/test.sqlite3" if folder else None},
        }
    server = {
        "NAME": environment.get(NAME, "cec"),
        "HOST": environment.get(HOST, ""),
        "PORT": environment.get(PORT, ""),
        "USER": environment.get(USER, ""),
        "PASSWORD": environment.get(PASSWORD, ""),
    }
    if database is Database.POSTGRESQL:
        return {"ENGINE": "django.db.backends.postgresql", **server}
    return {
        "ENGINE": "django.db.backends.mysql",
        **server,
        "OPTIONS": {"charset": "utf8mb4", "isolation_level": "read committed"},
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
    }
