"""A private MariaDB: the database that most Open edX sites run on, or one close to it."""

import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import MySQLdb

from tests.servers.process import (
    LOOPBACK,
    ServerProcess,
    find_program,
    free_port,
    is_root,
    private_server,
)

PACKAGE = "mariadb-server"
PLACES = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin")
COLLATION = "utf8mb4_unicode_ci"


@dataclass(frozen=True, slots=True, kw_only=True)
class MariaDbServer:
    """A running MariaDB; ``stop``, ``start`` and ``restart`` keep its data and its port."""

    host: str
    port: int
    user: str
    password: str
    durable: bool
    process: ServerProcess

    @property
    def url(self) -> str:
        """The server's address without a database."""
        return f"mysql://{self.user}:{self.password}@{self.host}:{self.port}/"

    @property
    def version(self) -> str:
        """The server's own name for its version, as ``10.11.6-MariaDB``."""
        connection = self.connect()
        try:
            return str(connection.get_server_info())
        finally:
            connection.close()

    def connect(self, database: str = "") -> MySQLdb.Connection:
        """Open a connection of the driver's own."""
        return MySQLdb.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            connect_timeout=5,
        )

    def start(self) -> None:
        """Start the stopped server and wait until it answers."""
        self.process.start(
            self._command(),
            connect=lambda: self.connect().close(),
            refusals=(MySQLdb.OperationalError,),
        )

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop the server in order, or by another signal: SIGKILL is a crash."""
        self.process.stop(number)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def _command(self) -> list[str]:
        folder = self.process.folder
        return [
            find_program("mariadbd", package=PACKAGE, places=PLACES),
            "--no-defaults",
            *_as_root(),
            f"--datadir={folder / 'data'}",
            f"--tmpdir={folder}",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            f"--init-file={folder / 'init.sql'}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            f"--collation-server={COLLATION}",
            "--max-connections=200",
            *_durability(durable=self.durable),
        ]


def _as_root() -> list[str]:
    return ["--user=root"] if is_root() else []


def _durability(*, durable: bool) -> list[str]:
    """Return the options of production, or those that give durability away for a fast start."""
    if durable:
        return ["--innodb-flush-log-at-trx-commit=1"]
    return [
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0",
        "--innodb-log-file-size=16M",
        "--innodb-buffer-pool-dump-at-shutdown=0",
        "--innodb-buffer-pool-load-at-startup=0",
    ]


@contextmanager
def running_mariadb(*, durable: bool = False) -> Iterator[MariaDbServer]:
    """Run a MariaDB of our own on a free port of the loopback.

    Args:
        durable: flush at each commit, as production does; otherwise a crash may lose commits.

    Raises:
        ServerError: MariaDB is not installed or does not start.
    """
    install = find_program("mariadb-install-db", package=PACKAGE, places=PLACES)
    find_program("mariadbd", package=PACKAGE, places=PLACES)
    with private_server("mariadb", stop_signal=signal.SIGTERM) as process:
        server = MariaDbServer(
            host=LOOPBACK,
            port=free_port(),
            user="cec",
            password=secrets.token_hex(12),
            durable=durable,
            process=process,
        )
        process.run(
            [
                install,
                "--no-defaults",
                *_as_root(),
                f"--datadir={process.folder / 'data'}",
                # Not the one of all: a server that starts there removes others' temporary tables.
                f"--tmpdir={process.folder}",
                "--skip-test-db",
                "--skip-name-resolve",
                "--auth-root-authentication-method=socket",
                *_durability(durable=durable),
            ],
        )
        # Read at every start; the second time it finds its work done.
        account = f"'{server.user}'@'{server.host}'"
        (process.folder / "init.sql").write_text(
            f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{server.password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO {account} WITH GRANT OPTION;\n",
        )
        server.start()
        yield server
