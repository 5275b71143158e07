"""A private PostgreSQL: the third database on which locks and migrations must hold."""

import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests.servers.process import (
    LOOPBACK,
    ServerProcess,
    find_program,
    free_port,
    private_server,
    unprivileged_user,
)

PACKAGE = "postgresql"
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSqlServer:
    """A running PostgreSQL; ``stop``, ``start`` and ``restart`` keep its data and its port."""

    host: str
    port: int
    user: str
    password: str
    durable: bool
    process: ServerProcess

    @property
    def url(self) -> str:
        """The server's address, with the database that is always there."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/postgres"

    @property
    def version(self) -> str:
        """The server's version, as ``15.6``."""
        with self.connect() as connection:
            return connection.info.parameter_status("server_version") or "?"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Open a connection of the driver's own."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )

    def start(self) -> None:
        """Start the stopped server and wait until it answers."""
        self.process.start(
            self._command(),
            connect=lambda: self.connect().close(),
            refusals=(psycopg.OperationalError,),
        )

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop the server, by default without waiting for its clients."""
        self.process.stop(number)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def _command(self) -> list[str]:
        folder = self.process.folder
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(folder),
            "max_connections": "200",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [
            find_program("postgres", package=PACKAGE, places=PLACES),
            "-D",
            str(folder / "data"),
        ]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command


@contextmanager
def running_postgresql(*, durable: bool = False) -> Iterator[PostgreSqlServer]:
    """Run a PostgreSQL of our own on a free port of the loopback.

    It refuses root, so as root it runs as ``postgres``, or as ``nobody`` where there is none.

    Args:
        durable: flush at each commit, as production does; otherwise a crash may lose everything.

    Raises:
        ServerError: PostgreSQL is not installed or does not start.
    """
    initdb = find_program("initdb", package=PACKAGE, places=PLACES)
    user = unprivileged_user("postgres")
    # SIGINT is PostgreSQL's "fast" shutdown: it rolls back and disconnects its clients.
    with private_server("postgresql", user=user, stop_signal=signal.SIGINT) as process:
        server = PostgreSqlServer(
            host=LOOPBACK,
            port=free_port(),
            user="cec",
            password=secrets.token_hex(12),
            durable=durable,
            process=process,
        )
        password_file = process.folder / "password"
        password_file.write_text(server.password)
        if user:
            shutil.chown(password_file, user=user)
        process.run(
            [
                initdb,
                f"--pgdata={process.folder / 'data'}",
                f"--username={server.user}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                *([] if durable else ["--no-sync"]),
            ],
        )
        password_file.unlink()
        server.start()
        yield server
