"""The servers of one run: a MariaDB that loses nothing, a registry and a Redis, all our own."""

import os
import signal
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cec_plugin.sandbox.auth import Credentials
from cec_plugin.sandbox.control import Control
from tests import databases
from tests.servers.mariadb import MariaDbServer, running_mariadb
from tests.servers.process import LOOPBACK, free_port, private_server
from tests.servers.redis_server import running_redis

ROOT = Path(__file__).resolve().parents[1]
BUFFER_POOL_BYTES = 1 << 30
"""Room for the million deliveries and their indexes: a disk that reads is not what we measure."""

API_KEY = Credentials().api_key
DATABASE = "bench"
"""Where Django connects first."""

__all__ = [
    "RegistryServer",
    "point_django_at",
    "running_durable_mariadb",
    "running_redis",
    "running_registry",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryServer:
    """A sandbox registry that runs."""

    url: str
    api_key: str
    control: Control


@contextmanager
def running_durable_mariadb() -> Iterator[MariaDbServer]:
    """Run a MariaDB that flushes at each commit, with the databases that the benchmarks use."""
    with running_mariadb(durable=True) as server:
        connection = server.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(f"SET GLOBAL innodb_buffer_pool_size = {BUFFER_POOL_BYTES}")
            cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()
        yield server


def point_django_at(server: MariaDbServer) -> None:
    """Tell the test project's settings where the database is; call it before Django's set-up."""
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            databases.CHOICE: databases.Database.MARIADB,
            databases.NAME: DATABASE,
            databases.HOST: server.host,
            databases.PORT: str(server.port),
            databases.USER: server.user,
            databases.PASSWORD: server.password,
        }
    )


@contextmanager
def running_registry() -> Iterator[RegistryServer]:
    """Run the sandbox registry in a process of its own, so that it does not share our lock."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    control = Control(url)
    with private_server("registry", stop_signal=signal.SIGTERM) as process:
        process.start(
            [sys.executable, "-m", "cec_plugin.sandbox", "--host", LOOPBACK, "--port", str(port)],
            connect=control.clear_faults,
            refusals=(urllib.error.URLError, ConnectionError),
            env={"PYTHONPATH": str(ROOT)},
        )
        yield RegistryServer(url=url, api_key=API_KEY, control=control)
