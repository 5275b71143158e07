"""Start the database that the run asks for, and keep to the tests that are meant for it."""

import os
import platform
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import TransactionTestCase
from django.utils import translation

from tests import databases, tenants
from tests.databases import Database, chosen, database_settings
from tests.servers.process import ServerError, private_server
from tests.tenants import tenant_named

if TYPE_CHECKING:
    from tests.servers.ralph import RalphServer
    from tests.servers.redis_server import RedisServer

DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}
ON_EVERY_DATABASE = {"concurrency", "migration", "query_plan"}
ON_MARIADB = ON_EVERY_DATABASE | {"database", "mariadb"}
WHOLE_PROCESSES = {"journey", "browser"}
RULES = {
    Database.SQLITE: "deselected: tests marked mariadb, for what only MariaDB does",
    Database.MARIADB: (
        "deselected: tests that touch no database and are not marked concurrency, migration, "
        "query_plan or mariadb; they run on SQLite"
    ),
    Database.POSTGRESQL: (
        "deselected: tests not marked concurrency, migration or query_plan; "
        "they run on SQLite and MariaDB"
    ),
}
NO_TENANT = f"deselected: tests marked tenant; no {tenants.URL} names a registry to test against"
SCOPE = "CEC_TEST_SCOPE"
"""The variable by which the environments of ``make test`` share the work; all runs without it."""

SCOPES = {
    "": "",
    "no_database": (
        "; also those that touch a database and are not marked migration: they run on MariaDB "
        "here, and on SQLite with the newest Django"
    ),
    "database": (
        "; also those that touch no database, and whole processes and pages that do: they run with "
        "the platform's own versions"
    ),
    "every_database": (
        "; also those not marked concurrency, migration, query_plan or mariadb: they run with the "
        "platform's own versions"
    ),
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the database server once, in the process that the workers are started from."""
    if hasattr(config, "workerinput") or config.option.help or config.option.collectonly:
        return
    stack = ExitStack()
    config.add_cleanup(stack.close)
    try:
        told = stack.enter_context(_database(chosen(os.environ)))
    except ServerError as error:
        raise pytest.UsageError(str(error)) from error
    for name, value in told.items():
        before = os.environ.get(name)
        stack.callback(_put_back, name, before)
        os.environ[name] = value
    _tell_django()


@contextmanager
def _database(database: Database) -> Iterator[dict[str, str]]:
    """Provide the database, and yield the variables by which workers find it."""
    if database is Database.SQLITE:
        with private_server("sqlite", stop_signal=15) as nobody:  # the folder, guarded
            yield {databases.FOLDER: str(nobody.folder), databases.VERSION: sqlite3.sqlite_version}
        return
    # A run on SQLite needs no drivers.
    if database is Database.MARIADB:
        from tests.servers.mariadb import running_mariadb as running  # noqa: PLC0415
    else:
        from tests.servers.postgresql import running_postgresql as running  # noqa: PLC0415
    with running() as server:
        yield {
            databases.HOST: server.host,
            databases.PORT: str(server.port),
            databases.USER: server.user,
            databases.PASSWORD: server.password,
            databases.VERSION: server.version,
        }


def _put_back(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _tell_django() -> None:
    """Bring the address into the settings, which pytest-django read before the server ran."""
    known = settings.DATABASES["default"]
    fresh = database_settings(os.environ)
    known.setdefault("TEST", {}).update(fresh.pop("TEST", {}))
    known.update(fresh)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what the run is made of, and what it leaves out."""
    database = chosen(os.environ)
    packages = {"Django": "django", "Celery": "celery", "DRF": "djangorestframework"}
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {version(package)}" for name, package in packages.items()]
    number = os.environ.get(databases.VERSION, "not started")
    return [
        ", ".join(versions),
        f"database: {database} {number}; {RULES[database]}{SCOPES[os.environ.get(SCOPE, '')]}",
        f"tenant: {tenant_named(os.environ) or NO_TENANT}",
    ]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Mark what touches the database; deselect what is not meant for this one."""
    for item in items:
        if _touches_the_database(item):
            item.add_marker(pytest.mark.database)
    database, tenant = chosen(os.environ), tenant_named(os.environ)
    kept = [
        item
        for item in items
        if (tenant if item.get_closest_marker("tenant") else _belongs(item, database))
    ]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    yield  # pytest-django has an order of its own
    # They take longest: begun last, one worker would end long after the others.
    items.sort(key=lambda item: item.get_closest_marker("journey") is None)


def _touches_the_database(item: pytest.Item) -> bool:
    cls = getattr(item, "cls", None)
    return (
        item.get_closest_marker("django_db") is not None
        or not DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        or (cls is not None and issubclass(cls, TransactionTestCase))
    )


def _belongs(item: pytest.Item, database: Database) -> bool:
    return belongs({mark.name for mark in item.iter_markers()}, database, os.environ.get(SCOPE, ""))


def belongs(marks: set[str], database: Database, scope: str) -> bool:
    """Say whether a test with these marks runs on this database in this scope."""
    everywhere = not marks.isdisjoint(ON_EVERY_DATABASE)
    match scope:
        case "no_database":
            within = "migration" in marks or marks.isdisjoint({"database", *WHOLE_PROCESSES})
        case "database":
            within = everywhere or ("database" in marks) is marks.isdisjoint(WHOLE_PROCESSES)
        case "every_database":
            special = not marks.isdisjoint(ON_EVERY_DATABASE | {"mariadb"})
            within = special and marks.isdisjoint(WHOLE_PROCESSES)
        case "":
            within = True
        case _:
            raise pytest.UsageError(
                f"{SCOPE}: {scope!r} is none of {', '.join(filter(None, SCOPES))}"
            )
    if not within:
        return False
    if database is Database.SQLITE:
        return "mariadb" not in marks
    wanted = ON_MARIADB if database is Database.MARIADB else ON_EVERY_DATABASE
    return not marks.isdisjoint(wanted)


@pytest.fixture(scope="session")
def redis_server() -> Iterator["RedisServer"]:
    """Run a Redis for this worker. A test that stops it starts it again: see ``empty_redis``."""
    from tests.servers.redis_server import running_redis  # noqa: PLC0415 - started when asked for

    with running_redis() as server:
        yield server


@pytest.fixture
def empty_redis(redis_server: "RedisServer") -> Iterator["RedisServer"]:
    """Give the worker's Redis running and empty, whatever the test before did to it."""
    if not redis_server.running:
        redis_server.start()
    with redis_server.connect() as client:
        client.flushall()
    yield redis_server
    if not redis_server.running:
        redis_server.start()


@pytest.fixture(scope="session")
def ralph() -> Iterator["RalphServer"]:
    """Run a learning record store for this worker. Tests keep apart by their references."""
    from tests.servers.ralph import running_ralph  # noqa: PLC0415 - started when asked for

    with running_ralph() as server:
        yield server


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the top folder of the project."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _nobodys_quiet() -> Iterator[None]:
    """Let no test wait because a registry with the same id asked for quiet in a test before it."""
    yield
    from cec_plugin.adapters.registries.build import _limit  # noqa: PLC0415 - needs the apps

    _limit.cache_clear()


@pytest.fixture(autouse=True)
def _nobodys_language() -> Iterator[None]:
    """Let no test read in the language of whoever asked for a page in a test before it."""
    yield
    translation.deactivate()
